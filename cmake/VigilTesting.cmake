# SPDX-License-Identifier: Apache-2.0
# Catch2 2.13 and 3.x, with a main of our own: libsystemc exports one too, and which would win depends on link order.
find_package(Catch2 REQUIRED)
include(Catch)

add_library(vigil_test_main STATIC ${PROJECT_SOURCE_DIR}/tests/main.cpp)
vigil_own_target(vigil_test_main)
target_include_directories(vigil_test_main PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(vigil_test_main PUBLIC Catch2::Catch2 vigil_systemc)

# vigil_test(<name> SOURCES ... LINK ...): a test program; every case is a CTest test of its own, in a process of its
# own (SystemC elaborates once per process), named "<name>: <case>".
function(vigil_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  vigil_own_target(${name})
  target_link_libraries(${name} PRIVATE vigil_test_main ${ARG_LINK})
  catch_discover_tests(${name} TEST_PREFIX "${name}: " DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 300)
  # A program in which no test was found must not pass.
  add_test(NAME "${name} lists tests" COMMAND ${name} --list-test-names-only)
  set_tests_properties("${name} lists tests" PROPERTIES PASS_REGULAR_EXPRESSION "[a-z0-9]+")
endfunction()
