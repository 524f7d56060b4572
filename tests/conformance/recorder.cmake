# SPDX-License-Identifier: Apache-2.0
# A script: scenarios recorded anew come out as their recordings are, to the letter.
#   cmake -D CASE=vigil|qemu|silent -D RECORDER=… -D VIGIL_SIM=… -D SCENARIOS=… -D WORK=… -P recorder.cmake
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")

# record(<scenario> <argument>...): in WORK; sets `status`.
function(record scenario)
  configure_file("${SCENARIOS}/${scenario}.probe" "${WORK}" COPYONLY)
  execute_process(COMMAND "${RECORDER}" --record ${ARGN} "${WORK}/${scenario}.probe" RESULT_VARIABLE status
    ERROR_VARIABLE errors)
  set(status ${status} PARENT_SCOPE)
  set(errors "${errors}" PARENT_SCOPE)
endfunction()

function(expect_as_recorded scenario)
  record(${scenario} ${ARGN})
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${scenario}: ${errors}")
  endif()
  execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${WORK}/${scenario}.golden"
    "${SCENARIOS}/${scenario}.golden" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(CASE STREQUAL "silent")
  record(runstate-stop-cont --program true)
  if(status EQUAL 0 OR EXISTS "${WORK}/runstate-stop-cont.golden")
    message(FATAL_ERROR "there is a recording of a program that says nothing")
  endif()
  return()
endif()

if(CASE STREQUAL "vigil")
  # Register values, events with their data, an exit, strings as clients write them.
  foreach(scenario IN ITEMS i6300esb-two-stages-1khz acpi-shutdown qmp-raw-bytes)
    expect_as_recorded(${scenario} --program "${VIGIL_SIM}" --schema 7.2)
  endforeach()
  return()
endif()

execute_process(COMMAND qemu-system-x86_64 -version OUTPUT_VARIABLE version ERROR_QUIET RESULT_VARIABLE status)
if(NOT version MATCHES "version 7\\.2")
  message(STATUS "skipped: no qemu-system-x86_64 7.2 is installed")
  return()
endif()
# Debian's QEMU lacks the accelerator qtest. A halted machine answers as well where no time passes and nothing asks for the
# run state.
file(WRITE "${WORK}/halted-qemu" "#!/bin/sh
for word; do
    shift
    case $word in -accel | qtest) ;; *) set -- \"$@\" \"$word\" ;; esac
done
exec qemu-system-x86_64 -S \"$@\"
")
file(CHMOD "${WORK}/halted-qemu" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
foreach(scenario IN ITEMS i6300esb-config-widths q35-ecam)
  expect_as_recorded(${scenario} --program "${WORK}/halted-qemu")
endforeach()
