# SPDX-License-Identifier: Apache-2.0
# One test that configures and builds nothing:
#   cmake -D STEP=… -D SOURCE=… -D WORK=… -D CXX=… -D FLAGS=… -D SYSTEMC_LIBRARY=… -D SYSTEMC_INCLUDE=… -D PACKAGE=…
#     -P configure.cmake
# WORK is the test's own folder; PACKAGE an installed Vigil.
include("${CMAKE_CURRENT_LIST_DIR}/configured.cmake")
file(REMOVE_RECURSE "${WORK}")
set(libraries_alone -D VIGIL_BUILD_BRIDGE=OFF -D VIGIL_BUILD_TESTS=OFF)
set(platform "${SOURCE}/tests/package/platform")

# write_systemc(<prefix> <library>): a CMake package such as SystemC's own build installs.
function(write_systemc prefix library)
  file(WRITE "${prefix}/lib/cmake/SystemCLanguage/SystemCLanguageConfig.cmake" "
    add_library(SystemC::systemc ${library})
    set_target_properties(SystemC::systemc PROPERTIES INTERFACE_INCLUDE_DIRECTORIES \"${SYSTEMC_INCLUDE}\"
      IMPORTED_LOCATION \"${SYSTEMC_LIBRARY}\")\n")
endfunction()

if(STEP STREQUAL "options")
  expect_configure("needs VIGIL_BUILD_BRIDGE=ON: the programs" "${SOURCE}" ${libraries_alone} -D VIGIL_BUILD_SIM=ON)
  expect_configure("needs VIGIL_BUILD_BRIDGE=ON: most targets" "${SOURCE}" ${libraries_alone} -D VIGIL_BUILD_SIM=OFF
    -D VIGIL_BUILD_FUZZERS=ON)
  expect_configure("needs VIGIL_BUILD_SIM=ON" "${SOURCE}" ${libraries_alone} -D VIGIL_BUILD_FUZZERS=OFF
    -D VIGIL_BUILD_BENCH=ON)
  expect_configure("No Boost .* -DVIGIL_BUILD_BRIDGE=OFF" "${SOURCE}" -D VIGIL_BUILD_BRIDGE=ON -D VIGIL_BUILD_TESTS=OFF
    -D VIGIL_BUILD_BENCH=OFF -D CMAKE_DISABLE_FIND_PACKAGE_Boost=TRUE)

elseif(STEP STREQUAL "systemc_package")
  write_systemc("${WORK}/own" "SHARED IMPORTED")
  expect_configure("SystemC is the CMake package in ${WORK}/own/.* Build files have been written" "${SOURCE}"
    ${libraries_alone} -D CMAKE_PREFIX_PATH=${WORK}/own)
  file(READ "${WORK}/build/pkgconfig/vigil-runstate.pc" pc)
  if(NOT pc MATCHES "Libs: [^\n]* ${SYSTEMC_LIBRARY}" OR NOT pc MATCHES "Cflags: [^\n]* -I${SYSTEMC_INCLUDE}")
    message(FATAL_ERROR "vigil-runstate.pc does not lead to this SystemC:\n${pc}")
  endif()

elseif(STEP STREQUAL "systemc_target")
  write_systemc("${WORK}/own" "SHARED IMPORTED")
  expect_configure("SystemC is the target SystemC::systemc of the project around.* Build files have been written"
    "${platform}" -D VIGIL=${SOURCE} -D ROUTE=add_subdirectory -D SYSTEMC_TARGET=imported -D VIGIL_BUILD_BRIDGE=OFF
    -D SystemCLanguage_DIR=${WORK}/own/lib/cmake/SystemCLanguage)

elseif(STEP STREQUAL "systemc_unusable")
  # A SystemC of autoconf's build keeps systemc.pc where pkg-config does not look.
  file(WRITE "${WORK}/own/include/systemc.h" "")
  expect_configure("CMAKE_PREFIX_PATH names the SystemC of ${WORK}/own/include" "${SOURCE}"
    ${libraries_alone} -D CMAKE_PREFIX_PATH=${WORK}/own)

elseif(STEP STREQUAL "systemc_standard")
  # A library that lacks the symbol of C++17: none at all.
  write_systemc("${WORK}/own" "INTERFACE IMPORTED")
  expect_configure("CMake package in ${WORK}/own/[^ ]* does not link as such" "${SOURCE}"
    ${libraries_alone} -D CMAKE_PREFIX_PATH=${WORK}/own)
  file(REMOVE_RECURSE "${WORK}/build")
  expect_configure("the target SystemC::systemc of the project around does not link as such"
    "${platform}" -D VIGIL=${SOURCE} -D ROUTE=add_subdirectory -D SYSTEMC_TARGET=cxx14 -D VIGIL_BUILD_BRIDGE=OFF)

elseif(STEP STREQUAL "systemc_installed")
  write_systemc("${WORK}/own" "SHARED IMPORTED")
  expect_configure("SystemC is systemc.pc of .* Build files have been written" "${SOURCE}/tests/package/consumer"
    -D CMAKE_PREFIX_PATH=${PACKAGE})
  expect_configure("SystemC is the CMake package in ${WORK}/own/.* Build files have been written"
    "${SOURCE}/tests/package/consumer" -D vigil_DIR= -D SystemCLanguage_DIR=
    "-DCMAKE_PREFIX_PATH=${PACKAGE}\;${WORK}/own")

else()
  message(FATAL_ERROR "no such step: '${STEP}'")
endif()
