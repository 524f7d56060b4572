# SPDX-License-Identifier: Apache-2.0
# One step of the package test:
#   cmake -D STEP=add_subdirectory|FetchContent|install|find_package|pkg-config -D SOURCE=… -D BUILD=… -D WORK=… -D CXX=…
#     -D FLAGS=… -P package.cmake
# BUILD is a configured build of SOURCE, or of a platform that it is a part of; WORK is where the package goes, and the
# consumers are built.
include("${CMAKE_CURRENT_LIST_DIR}/configured.cmake")
set(consumer "${SOURCE}/tests/package/consumer")
set(platform "${SOURCE}/tests/package/platform")
set(prefix "${WORK}/moved")

# expect(<program> <what it must print, a regular expression>)
function(expect program expected)
  execute_process(COMMAND ${program} OUTPUT_VARIABLE output COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
  message(STATUS "${output}")
  if(NOT output MATCHES "${expected}")
    message(FATAL_ERROR "${program} printed '${output}', not '${expected}'")
  endif()
endfunction()
set(watchdog_prints "^WATCHDOG at [0-9]+ .s\nRESET at [0-9]+ .s\n$")
set(bridge_prints "^{\"QMP\": ")
set(vfio_session_prints "^34 12 78 56 $")

# Moves the files of SystemC that pkg-config knows to a folder, and lets it look nowhere else.
function(hide_packages folder)
  find_program(PKG_CONFIG NAMES pkgconf pkg-config REQUIRED)
  foreach(module IN ITEMS systemc tlm)
    execute_process(COMMAND "${PKG_CONFIG}" --variable=pcfiledir ${module} OUTPUT_VARIABLE pc_dir
      OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    file(COPY "${pc_dir}/${module}.pc" DESTINATION "${folder}")
  endforeach()
  set(ENV{PKG_CONFIG_PATH} "")
  set(ENV{PKG_CONFIG_LIBDIR} "${folder}")
endfunction()

if(STEP STREQUAL "add_subdirectory")
  # The devices need neither Boost nor libseccomp. Not optimised; kept for the next run.
  if(NOT SYSTEMC)
    hide_packages("${BUILD}/pkgconfig")
  endif()
  configure("${platform}" "${BUILD}" -D VIGIL=${SOURCE} -D ROUTE=${STEP} -D BUILD_SHARED_LIBS=ON -D VIGIL_INSTALL=ON
    -D VIGIL_UNITY_BUILD=ON -D VIGIL_BUILD_BRIDGE=OFF -D CMAKE_DISABLE_FIND_PACKAGE_Boost=TRUE)
  run("${CMAKE_COMMAND}" --build "${BUILD}")
  expect("${BUILD}/watchdog" "${watchdog_prints}")
  # What is installed of it has the devices, and says that it lacks the bridge.
  file(REMOVE_RECURSE "${WORK}/devices")
  run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/devices")
  expect_configure("this Vigil has no qmp_bridge" "${consumer}" -D CMAKE_PREFIX_PATH=${WORK}/devices)

elseif(STEP STREQUAL "FetchContent")
  configure("${platform}" "${BUILD}" -D VIGIL=${SOURCE} -D ROUTE=${STEP} -D VIGIL_BUILD_BRIDGE=ON
    -D VIGIL_UNITY_BUILD=ON
    -D CMAKE_DISABLE_FIND_PACKAGE_Boost=FALSE)
  run("${CMAKE_COMMAND}" --build "${BUILD}")
  expect("${BUILD}/examples/watchdog" "${watchdog_prints}")
  expect("${BUILD}/consumer/bridge" "${bridge_prints}")
  expect("${BUILD}/consumer/vfio_session" "${vfio_session_prints}")

elseif(STEP STREQUAL "install")
  # Whatever is installed must work at another place than the one it was installed to.
  file(REMOVE_RECURSE "${WORK}")
  run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/installed")
  file(RENAME "${WORK}/installed" "${prefix}")
  if(EXISTS "${prefix}/bin/vigil-sim")
    expect("${prefix}/bin/vigil-sim;-version" "[0-9]+\\.[0-9]+\\.[0-9]+")
  endif()

elseif(STEP STREQUAL "find_package")
  # The watchdog alone must not need Boost.
  configure("${SOURCE}/examples" "${WORK}/find_package" -D CMAKE_PREFIX_PATH=${prefix}
    -D CMAKE_DISABLE_FIND_PACKAGE_Boost=ON)
  run("${CMAKE_COMMAND}" --build "${WORK}/find_package")
  expect("${WORK}/find_package/watchdog" "${watchdog_prints}")
  if(EXISTS "${WORK}/find_package/qmp_platform")
    message(FATAL_ERROR "the bridge was found without Boost")
  endif()
  configure("${SOURCE}/examples" "${WORK}/find_package" -D CMAKE_PREFIX_PATH=${prefix}
    -D CMAKE_DISABLE_FIND_PACKAGE_Boost=OFF)
  run("${CMAKE_COMMAND}" --build "${WORK}/find_package" --target qmp_platform)

  configure("${consumer}" "${WORK}/find_package_bridge" -D CMAKE_PREFIX_PATH=${prefix})
  run("${CMAKE_COMMAND}" --build "${WORK}/find_package_bridge")
  expect("${WORK}/find_package_bridge/bridge" "${bridge_prints}")
  expect("${WORK}/find_package_bridge/vfio_session" "${vfio_session_prints}")

elseif(STEP STREQUAL "pkg-config")
  find_program(PKG_CONFIG NAMES pkgconf pkg-config REQUIRED)
  file(GLOB_RECURSE pc "${prefix}/vigil-models.pc")
  cmake_path(GET pc PARENT_PATH pc_dir)
  cmake_path(GET pc_dir PARENT_PATH lib_dir)
  set(ENV{PKG_CONFIG_PATH} "${pc_dir}")
  set(ENV{LD_LIBRARY_PATH} "${lib_dir}")
  separate_arguments(flags UNIX_COMMAND "${FLAGS}")
  set(programs watchdog vfio_session bridge)
  set(sources "${SOURCE}/examples/watchdog.cpp" "${consumer}/vfio_session.cpp" "${consumer}/bridge.cpp")
  set(modules vigil-models vigil-vfio-user vigil-qmp-bridge)
  foreach(program source module IN ZIP_LISTS programs sources modules)
    execute_process(COMMAND "${PKG_CONFIG}" --cflags --libs ${module} OUTPUT_VARIABLE module_flags
      OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
    if(NOT program STREQUAL "bridge" AND module_flags MATCHES "boost")
      message(FATAL_ERROR "${module} needs Boost: ${module_flags}")
    endif()
    separate_arguments(module_flags UNIX_COMMAND "${module_flags}")
    run("${CXX}" -std=c++17 ${flags} "${source}" -o "${WORK}/${program}" ${module_flags})
    expect("${WORK}/${program}" "${${program}_prints}")
  endforeach()

else()
  message(FATAL_ERROR "no such step: '${STEP}'")
endif()
