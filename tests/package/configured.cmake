# SPDX-License-Identifier: Apache-2.0
# What the steps of both scripts do with CMake; they give SOURCE, WORK, CXX, FLAGS and, where there is one, SYSTEMC.
set(configure_arguments -G Ninja -D CMAKE_CXX_COMPILER=${CXX} -D "CMAKE_CXX_FLAGS=${FLAGS}" --no-warn-unused-cli)
if(SYSTEMC)
  list(APPEND configure_arguments -D SystemCLanguage_DIR=${SYSTEMC})
endif()

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# configure(<source> <build> <argument>...)
macro(configure source build)
  run("${CMAKE_COMMAND}" -S "${source}" -B "${build}" ${configure_arguments} ${ARGN})
endmacro()

# expect_configure(<what it must say, a regular expression> <source> <argument>...): in WORK/build; however it ends.
function(expect_configure expected source)
  execute_process(COMMAND "${CMAKE_COMMAND}" -S "${source}" -B "${WORK}/build" ${configure_arguments} ${ARGN}
    COMMAND_ECHO STDOUT OUTPUT_VARIABLE output ERROR_VARIABLE output)
  message(STATUS "${output}")
  string(REGEX REPLACE "[ \n]+" " " said "${output}") # CMake breaks the lines of an error
  if(NOT said MATCHES "${expected}")
    message(FATAL_ERROR "configuring ${source} did not say '${expected}'")
  endif()
endfunction()
