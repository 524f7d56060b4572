# SPDX-License-Identifier: Apache-2.0
# SystemC comes through pkg-config (Debian ships no CMake package for it) as one imported target, vigil_systemc.
# The installed CMake package uses this very file.

if(NOT TARGET vigil_systemc)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(VIGIL_SYSTEMC REQUIRED IMPORTED_TARGET GLOBAL systemc tlm)
  find_package(Threads REQUIRED)

  # SystemC encodes the C++ standard that it was built with in a symbol every user links against.
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LIBRARIES PkgConfig::VIGIL_SYSTEMC Threads::Threads)
  set(CMAKE_REQUIRED_FLAGS "-std=c++17")
  check_cxx_source_compiles("
    #include <systemc>
    int sc_main(int, char*[]) { return sc_core::sc_time_stamp().value() != 0; }" VIGIL_SYSTEMC_LINKS_WITH_CXX17)
  unset(CMAKE_REQUIRED_LIBRARIES)
  unset(CMAKE_REQUIRED_FLAGS)
  if(NOT VIGIL_SYSTEMC_LINKS_WITH_CXX17)
    message(FATAL_ERROR
      "Vigil needs a SystemC library built as C++17, and the one that pkg-config finds does not link as such. "
      "SystemC refuses to mix standards (the symbol sc_api_version_..._cxx201703L). Debian's libsystemc-dev is "
      "built as C++17; rebuild your own SystemC with -std=c++17, and compile the program that uses Vigil as C++17 too.")
  endif()

  add_library(vigil_systemc INTERFACE IMPORTED GLOBAL)
  target_link_libraries(vigil_systemc INTERFACE PkgConfig::VIGIL_SYSTEMC Threads::Threads)
endif()
