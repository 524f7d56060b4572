# SPDX-License-Identifier: Apache-2.0
# One library per folder, all alike; a room may be one too.

# The include prefix: <build>/include/vigil/<folder> is a link to the source folder.
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/include/vigil")

if(VIGIL_SANITIZE)
  set(CMAKE_REQUIRED_LIBRARIES vigil_systemc)
  check_cxx_source_compiles("
    #include <sysc/kernel/sc_ver.h>
    static_assert(SC_VERSION_MAJOR == 2, \"\");
    extern \"C\" int sc_main(int, char*[]) { return 0; }" VIGIL_SYSTEMC_IS_2)
  unset(CMAKE_REQUIRED_LIBRARIES)
endif()

# Warnings and sanitizers, on our own targets only.
function(vigil_own_target target)
  target_compile_features(${target} PUBLIC cxx_std_17)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF UNITY_BUILD ${VIGIL_UNITY_BUILD} UNITY_BUILD_BATCH_SIZE 8)
  # SystemC 2.3 needs SC_HAS_PROCESS, which 3.0 calls obsolete.
  target_compile_definitions(${target} PRIVATE SC_ALLOW_DEPRECATED_IEEE_API)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  set_target_properties(${target} PROPERTIES COMPILE_WARNING_AS_ERROR ${VIGIL_WARNINGS_AS_ERRORS})
  if(VIGIL_UNITY_BUILD)
    # What a file has to itself does not hide the same name of the files beside it; within functions, GCC still looks.
    target_compile_options(${target} PRIVATE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local>)
    # A type that only its file knows is no fault of a class in the same file, which GCC takes for a header's.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
    # Where GCC begins to inline less, to keep what it compiles small: not before eight files would have reached it alone.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:--param=large-unit-insns=80000>)
  endif()
  if(VIGIL_SANITIZE)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # False alarms about the library's own code, once sanitizers have rewritten it (GCC 12, <regex>).
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    endif()
    target_compile_options(${target} PRIVATE -fsanitize=${VIGIL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${VIGIL_SANITIZE})
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE" AND TARGET vigil_sanitized_coroutines)
      target_link_libraries(${target} PRIVATE vigil_sanitized_coroutines)
    endif()
  endif()
endfunction()

if(VIGIL_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND VIGIL_SYSTEMC_IS_2)
  # What SystemC 2.3 does not tell the sanitizer; clang's runtime is inside the program and cannot be told this way.
  add_library(vigil_sanitized_coroutines OBJECT "${PROJECT_SOURCE_DIR}/tests/sanitized_coroutines.cpp")
  vigil_own_target(vigil_sanitized_coroutines)
  target_link_libraries(vigil_sanitized_coroutines PUBLIC ${CMAKE_DL_LIBS})
endif()

# vigil_library(<name> FOLDER <folder> SOURCES ... [LINK_PUBLIC ...] [LINK_PRIVATE ...])
# makes the target vigil_<name> with the alias vigil::<name>; headers are <vigil/<folder>/...>, and those in a folder
# "detail" are private.
function(vigil_library name)
  cmake_parse_arguments(ARG "" "FOLDER" "SOURCES;LINK_PUBLIC;LINK_PRIVATE" ${ARGN})
  set(target vigil_${name})
  if(NOT ARG_FOLDER MATCHES "/") # the link to a folder leads to its rooms too
    file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/include/vigil/${ARG_FOLDER}" SYMBOLIC)
  endif()
  add_library(${target} ${ARG_SOURCES})
  add_library(vigil::${name} ALIAS ${target})
  vigil_own_target(${target})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PUBLIC ${ARG_LINK_PUBLIC} PRIVATE ${ARG_LINK_PRIVATE})
  # Nobody replaces a function of a library by one of the same name: calls within it need not go through a table.
  target_compile_options(${target} PRIVATE -fno-semantic-interposition)
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    POSITION_INDEPENDENT_CODE ON
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    VIGIL_FOLDER ${ARG_FOLDER})
  set_property(GLOBAL APPEND PROPERTY VIGIL_LIBRARIES ${name})
endfunction()
