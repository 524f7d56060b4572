# SPDX-License-Identifier: Apache-2.0
# A script: every C++ file of the tree is as .clang-format has it.
#   cmake -D SOURCE=… -D VERSION=… -P clang_format.cmake
include("${CMAKE_CURRENT_LIST_DIR}/find_tool.cmake")
find_tool(clang_format clang-format)
if(NOT clang_format)
  return()
endif()

set(files "")
foreach(folder IN ITEMS runstate bus models qmp-bridge sim examples tests)
  file(GLOB_RECURSE of_folder "${SOURCE}/${folder}/*.h" "${SOURCE}/${folder}/*.cpp")
  list(APPEND files ${of_folder})
endforeach()
list(LENGTH files count)
if(count LESS 100)
  message(FATAL_ERROR "there are more files in ${SOURCE} than these ${count}")
endif()
execute_process(COMMAND "${clang_format}" --dry-run -Werror ${files} RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "these files want clang-format -i, version ${VERSION}")
endif()
message(STATUS "${count} files are formatted")
