# SPDX-License-Identifier: Apache-2.0
# A script: that the test program PROGRAM lists as many cases as its SOURCES define, and fails where a name selects none.
# LIST and STRICT are the options that do so (cmake/VigilTesting.cmake).
set(defined 0)
foreach(source IN LISTS SOURCES)
  file(STRINGS "${source}" cases REGEX "^TEST_CASE[(]")
  list(LENGTH cases count)
  math(EXPR defined "${defined} + ${count}")
endforeach()

execute_process(COMMAND "${PROGRAM}" ${LIST} OUTPUT_VARIABLE output ERROR_VARIABLE errors)
string(REGEX MATCHALL "[^\n]+" names "${output}")
list(LENGTH names listed)
if(defined EQUAL 0 OR NOT listed EQUAL defined)
  message(FATAL_ERROR "${PROGRAM} lists ${listed} tests; its sources define ${defined}\n${output}${errors}")
endif()

execute_process(COMMAND "${PROGRAM}" ${STRICT} "no case has this name" RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
if(status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} succeeds where it runs no test")
endif()
