# SPDX-License-Identifier: Apache-2.0
# SystemC as one imported target, vigil_systemc: the target SystemC::systemc of the project around, else the CMake
# package SystemCLanguage (a SystemC of one's own), else systemc.pc and tlm.pc (all that Debian ships).
# The installed CMake package uses this very file.
include(CheckCXXSourceCompiles)

# vigil_find_systemc(<target> <origin>): the names of two variables, for the target and for where it comes from.
function(vigil_find_systemc target origin)
  set(${target} SystemC::systemc PARENT_SCOPE)
  if(TARGET SystemC::systemc)
    set(${origin} "the target SystemC::systemc of the project around" PARENT_SCOPE)
    return()
  endif()
  find_package(SystemCLanguage CONFIG QUIET GLOBAL)
  if(TARGET SystemC::systemc)
    set(${origin} "the CMake package in ${SystemCLanguage_DIR}" PARENT_SCOPE)
    return()
  endif()

  find_package(PkgConfig REQUIRED)
  pkg_check_modules(VIGIL_SYSTEMC REQUIRED IMPORTED_TARGET GLOBAL systemc tlm)
  set(${target} PkgConfig::VIGIL_SYSTEMC PARENT_SCOPE)
  set(${origin} "systemc.pc of ${VIGIL_SYSTEMC_systemc_PREFIX}" PARENT_SCOPE)
  # A prefix that was named must not be passed over in silence.
  file(TO_CMAKE_PATH "$ENV{CMAKE_PREFIX_PATH}" from_environment)
  find_path(named NAMES systemc.h PATHS ${CMAKE_PREFIX_PATH} ${from_environment} PATH_SUFFIXES include
    NO_DEFAULT_PATH NO_CACHE)
  file(REAL_PATH "${VIGIL_SYSTEMC_systemc_INCLUDEDIR}" found)
  if(named)
    file(REAL_PATH "${named}" named)
  endif()
  if(named AND NOT named STREQUAL found)
    message(FATAL_ERROR "CMAKE_PREFIX_PATH names the SystemC of ${named}, in which there is no usable CMake package "
      "SystemCLanguage, and pkg-config finds the one of ${found}; set SystemCLanguage_DIR to the folder of "
      "SystemCLanguageConfig.cmake, or PKG_CONFIG_PATH to that of systemc.pc")
  endif()
endfunction()

# SystemC encodes the C++ standard that it was built with in a symbol every user links against.
function(vigil_check_systemc target origin)
  get_target_property(aliased ${target} ALIASED_TARGET)
  if(aliased)
    set(target ${aliased})
  endif()
  get_target_property(is_imported ${target} IMPORTED)
  if(is_imported)
    unset(VIGIL_SYSTEMC_LINKS_WITH_CXX17 CACHE) # said of the one that was found last time
    set(CMAKE_REQUIRED_LIBRARIES ${target} Threads::Threads)
    set(CMAKE_REQUIRED_FLAGS "-std=c++17")
    check_cxx_source_compiles("
      #include <sysc/kernel/sc_ver.h>
      extern \"C\" int sc_main(int, char*[]) { return sc_core::sc_version() == nullptr; }" VIGIL_SYSTEMC_LINKS_WITH_CXX17)
    set(fits "${VIGIL_SYSTEMC_LINKS_WITH_CXX17}")
  else()
    # Still to be built: nothing to link with yet.
    get_target_property(standard ${target} CXX_STANDARD)
    set(fits ON)
    if(standard AND NOT standard EQUAL 17)
      set(fits OFF)
    endif()
  endif()
  if(NOT fits)
    message(FATAL_ERROR
      "Vigil needs a SystemC library built as C++17, and ${origin} does not link as such. "
      "SystemC refuses to mix standards (the symbol sc_api_version_..._cxx201703L). Debian's libsystemc-dev is "
      "built as C++17; rebuild your own SystemC with -std=c++17, and compile the program that uses Vigil as C++17 too.")
  endif()
endfunction()

if(NOT TARGET vigil_systemc)
  find_package(Threads REQUIRED GLOBAL)
  vigil_find_systemc(vigil_systemc_target vigil_systemc_origin)
  message(STATUS "SystemC is ${vigil_systemc_origin}")
  vigil_check_systemc(${vigil_systemc_target} "${vigil_systemc_origin}")
  add_library(vigil_systemc INTERFACE IMPORTED GLOBAL)
  target_link_libraries(vigil_systemc INTERFACE ${vigil_systemc_target} Threads::Threads)
endif()
