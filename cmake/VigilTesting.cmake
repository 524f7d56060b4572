# SPDX-License-Identifier: Apache-2.0
# Catch2 2.13 and 3.x, with a main of our own: libsystemc exports one too, and which would win depends on link order.
find_package(Catch2 REQUIRED)
include(Catch)

# vigil_test_target(<target>): one of our own that only tests. What is tested is optimised; optimising tests takes a third
# of compiling them, for nothing.
function(vigil_test_target target)
  vigil_own_target(${target})
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O0>)
endfunction()

add_library(vigil_test_main STATIC ${PROJECT_SOURCE_DIR}/tests/main.cpp)
vigil_test_target(vigil_test_main)
target_include_directories(vigil_test_main PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(vigil_test_main PUBLIC Catch2::Catch2 vigil_systemc)

# How to list the cases, one a line, and how to fail where there is none to run.
if(Catch2_VERSION VERSION_LESS 3)
  set(VIGIL_LIST_TESTS --list-test-names-only)
  set(VIGIL_FAIL_WITHOUT_TESTS -w NoTests)
else()
  set(VIGIL_LIST_TESTS --list-tests --verbosity quiet)
  set(VIGIL_FAIL_WITHOUT_TESTS "")
endif()

# When a test counts as hanging, in seconds; a sanitized program takes its time.
set(VIGIL_HANGS_AFTER 300)
if(VIGIL_SANITIZE)
  set(VIGIL_HANGS_AFTER 900)
endif()

# vigil_test(<name> [FORKED] SOURCES ... LINK ... PROPERTIES ...): a test program; every case is a CTest test of its own, with
# those properties, in a process of its own (SystemC elaborates once per process), named "<name>: <case>". One whose cases
# are short and FORKED is a single test under sanitizers, where a process is dear to start.
function(vigil_test name)
  cmake_parse_arguments(ARG "FORKED" "" "SOURCES;LINK;PROPERTIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  vigil_test_target(${name})
  target_link_libraries(${name} PRIVATE vigil_test_main ${ARG_LINK})
  if(ARG_FORKED AND VIGIL_SANITIZE)
    add_test(NAME "${name}: each case" COMMAND ${name} --forked)
    set_tests_properties("${name}: each case" PROPERTIES TIMEOUT ${VIGIL_HANGS_AFTER} ${ARG_PROPERTIES})
  else()
    catch_discover_tests(${name} TEST_PREFIX "${name}: " DISCOVERY_MODE PRE_TEST
      EXTRA_ARGS ${VIGIL_FAIL_WITHOUT_TESTS} PROPERTIES TIMEOUT ${VIGIL_HANGS_AFTER} ${ARG_PROPERTIES})
  endif()
  # A program in which a test is lost, or that passes without running one, must not pass.
  list(TRANSFORM ARG_SOURCES PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
  add_test(NAME "${name} lists and runs its tests"
    COMMAND ${CMAKE_COMMAND} -D "PROGRAM=$<TARGET_FILE:${name}>" -D "SOURCES=${ARG_SOURCES}"
      -D "LIST=${VIGIL_LIST_TESTS}" -D "STRICT=${VIGIL_FAIL_WITHOUT_TESTS}"
      -P "${PROJECT_SOURCE_DIR}/cmake/VigilCountTests.cmake")
endfunction()
