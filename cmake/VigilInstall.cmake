# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` installs: per library its headers, an export set of its own (so that a user of vigil::models
# needs no Boost) and a .pc file, all of it relocatable; and the programs.
include(CMakePackageConfigHelpers)

set(vigil_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/vigil")
set(vigil_pkgconfig_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# vigil_write_pc(<name>): vigil-<name>.pc, derived from what the target links.
function(vigil_write_pc name)
  set(target vigil_${name})
  string(REPLACE "_" "-" pc_name "vigil-${name}")
  get_target_property(folder ${target} VIGIL_FOLDER)
  get_target_property(links ${target} INTERFACE_LINK_LIBRARIES)
  set(requires "")
  set(libs "-L\${libdir} -l${target}")
  set(requires_private "")
  set(libs_private "")
  set(cflags "")
  foreach(link IN LISTS links)
    # What only the implementation links concerns the user of a static library alone.
    set(suffix "")
    if(link MATCHES "^\\$<LINK_ONLY:(.*)>$")
      set(link "${CMAKE_MATCH_1}")
      if(BUILD_SHARED_LIBS)
        set(suffix "_private")
      endif()
    endif()
    if(link STREQUAL "vigil_systemc" AND vigil_systemc_target STREQUAL "PkgConfig::VIGIL_SYSTEMC")
      list(APPEND requires${suffix} systemc tlm)
      string(APPEND libs${suffix} " -pthread")
    elseif(link STREQUAL "vigil_systemc")
      # No systemc.pc of it is known; the library's place is.
      set(includes "$<TARGET_PROPERTY:${vigil_systemc_target},INTERFACE_INCLUDE_DIRECTORIES>")
      set(definitions "$<TARGET_PROPERTY:${vigil_systemc_target},INTERFACE_COMPILE_DEFINITIONS>")
      string(APPEND cflags " $<$<BOOL:${includes}>:-I$<JOIN:${includes}, -I>>")
      string(APPEND cflags " $<$<BOOL:${definitions}>:-D$<JOIN:${definitions}, -D>>")
      string(APPEND libs${suffix} " $<TARGET_LINKER_FILE:${vigil_systemc_target}> -pthread")
    elseif(link STREQUAL "Threads::Threads")
      string(APPEND libs${suffix} " -pthread")
    elseif(link MATCHES "^vigil::(.*)$")
      string(REPLACE "_" "-" required "vigil-${CMAKE_MATCH_1}")
      list(APPEND requires${suffix} ${required})
    elseif(link STREQUAL "Boost::headers")
      # On the default search path, or found by CMake's package only.
    elseif(link MATCHES "^Boost::(.*)$")
      string(APPEND libs${suffix} " -lboost_${CMAKE_MATCH_1}")
    else()
      message(FATAL_ERROR "${pc_name}.pc: say in cmake/VigilInstall.cmake how pkg-config spells ${link}")
    endif()
  endforeach()
  list(JOIN requires " " requires)
  list(JOIN requires_private " " requires_private)
  if(VIGIL_SANITIZE)
    string(APPEND libs " -fsanitize=${VIGIL_SANITIZE}")
  endif()

  if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    set(prefix "${CMAKE_INSTALL_PREFIX}")
    set(libdir "${CMAKE_INSTALL_FULL_LIBDIR}")
    set(includedir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
  else()
    file(RELATIVE_PATH up "/${vigil_pkgconfig_dir}" "/")
    string(REGEX REPLACE "/$" "" up "${up}")
    set(prefix "\${pcfiledir}/${up}")
    set(libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
    set(includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
  endif()
  set(pc "${PROJECT_BINARY_DIR}/pkgconfig/${pc_name}.pc")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/vigil.pc.in" "${pc}.in" @ONLY)
  file(GENERATE OUTPUT "${pc}" INPUT "${pc}.in")
  install(FILES "${pc}" DESTINATION "${vigil_pkgconfig_dir}")
endfunction()

get_property(vigil_libraries GLOBAL PROPERTY VIGIL_LIBRARIES)
foreach(name IN LISTS vigil_libraries)
  set(target vigil_${name})
  get_target_property(folder ${target} VIGIL_FOLDER)
  get_target_property(source_dir ${target} SOURCE_DIR)
  install(DIRECTORY "${source_dir}/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/vigil/${folder}"
    FILES_MATCHING PATTERN "*.h" PATTERN "detail" EXCLUDE)
  install(TARGETS ${target} EXPORT vigil-${name})
  install(EXPORT vigil-${name} NAMESPACE vigil:: FILE vigil-${name}.cmake DESTINATION "${vigil_package_dir}")
  vigil_write_pc(${name})
  if(BUILD_SHARED_LIBS)
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN")
  endif()
endforeach()

foreach(program IN ITEMS vigil-sim vigil-qmp vigil-run)
  if(TARGET ${program})
    install(TARGETS ${program})
    if(BUILD_SHARED_LIBS)
      file(RELATIVE_PATH libraries "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
      set_target_properties(${program} PROPERTIES INSTALL_RPATH "$ORIGIN/${libraries}")
    endif()
  endif()
endforeach()

if(VIGIL_BUILD_SIM)
  install(PROGRAMS sim/vigil-run-slurm sim/vigil-qemu-7.2 TYPE BIN)
endif()

set(VIGIL_BOOST_VERSION "${Boost_VERSION}") # of the build; empty without the bridge
configure_package_config_file(cmake/vigilConfig.cmake.in "${PROJECT_BINARY_DIR}/vigilConfig.cmake"
  INSTALL_DESTINATION "${vigil_package_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/vigilConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/vigilConfig.cmake"
  "${PROJECT_BINARY_DIR}/vigilConfigVersion.cmake"
  cmake/VigilDependencies.cmake
  cmake/VigilScenarioTests.cmake.in
  cmake/VigilScenarios.cmake
  DESTINATION "${vigil_package_dir}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
