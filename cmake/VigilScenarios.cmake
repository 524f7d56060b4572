# SPDX-License-Identifier: Apache-2.0
# vigil_add_scenarios(<target> FILES <file>… [OPTIONS <option of vigil-run>…])
#
# Makes a test for each scenario of the files, named "<target>: <scenario>", and a target that runs all of them at once.
# What scenarios there are is seen when ctest begins, so that a new one needs no new configuration. VIGIL_RUN names the
# runner; without it, the one that was installed with this package is taken.
set(VIGIL_SCENARIOS_DIR "${CMAKE_CURRENT_LIST_DIR}")

function(vigil_add_scenarios target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "FILES;OPTIONS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_FILES)
    message(FATAL_ERROR "vigil_add_scenarios(<target> FILES <file>… [OPTIONS <option>…]), not "
      "vigil_add_scenarios(${ARGV})")
  endif()
  find_program(VIGIL_RUN vigil-run HINTS "${VIGIL_SCENARIOS_DIR}/../../../bin" "${VIGIL_SCENARIOS_DIR}/../../../../bin")
  if(NOT VIGIL_RUN)
    message(FATAL_ERROR "vigil_add_scenarios: there is no vigil-run; install it, or set VIGIL_RUN")
  endif()
  set(files)
  foreach(file IN LISTS arg_FILES)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    if(NOT EXISTS "${file}")
      message(FATAL_ERROR "vigil_add_scenarios: there is no file ${file}")
    endif()
    list(APPEND files "${file}")
  endforeach()
  set(options ${arg_OPTIONS})
  list(TRANSFORM files REPLACE "(.+)" "[=[\\1]=]" OUTPUT_VARIABLE quoted_files)
  list(TRANSFORM options REPLACE "(.+)" "[=[\\1]=]" OUTPUT_VARIABLE quoted_options)
  list(JOIN quoted_files " " quoted_files)
  list(JOIN quoted_options " " quoted_options)
  set(tests "${CMAKE_CURRENT_BINARY_DIR}/${target}_scenarios.cmake")
  configure_file("${VIGIL_SCENARIOS_DIR}/VigilScenarioTests.cmake.in" "${tests}" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${tests}")
  add_custom_target(${target} COMMAND "${VIGIL_RUN}" ${options} ${files} USES_TERMINAL VERBATIM)
endfunction()
