# SPDX-License-Identifier: Apache-2.0
# A script: clang-tidy finds no fault in the sources that changed; what is not among WarningsAsErrors it only tells.
#   cmake -D SOURCE=… -D BUILD=… -D VERSION=… -P clang_tidy.cmake
# A file takes clang-tidy 5 to 10 s, and 25 s in the bridge and the programs, which are left to whoever changes them. So
# only a few are looked at, first of those that differ from the first parent of the present commit, then, where these are
# not enough, of all others in their turn. Which turn it is the number of commits says, so that a commit always gets the
# same answer. Of a file that is compiled together with others the tool takes the command of one beside it.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/find_tool.cmake")
set(most 2)
find_tool(clang_tidy clang-tidy)
if(NOT clang_tidy)
  return()
endif()

# git(<variable> <argument>...): what git says, as a list of lines; empty where it cannot say it.
function(git variable)
  execute_process(COMMAND git -C "${SOURCE}" ${ARGN} OUTPUT_VARIABLE said ERROR_QUIET RESULT_VARIABLE status
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT status EQUAL 0)
    set(said "")
  endif()
  string(REPLACE "\n" ";" said "${said}")
  set(${variable} "${said}" PARENT_SCOPE)
endfunction()

# The sources below the bridge, beginning with the one whose turn it is.
set(sources "")
foreach(folder IN ITEMS runstate bus models)
  file(GLOB_RECURSE of_folder RELATIVE "${SOURCE}" "${SOURCE}/${folder}/*.cpp")
  list(APPEND sources ${of_folder})
endforeach()
git(commits rev-list --count HEAD)
if(NOT commits)
  message(STATUS "skipped: no git knows what changed")
  return()
endif()
list(LENGTH sources count)
math(EXPR turn "${commits} * ${most} % ${count}")
list(SUBLIST sources 0 ${turn} passed)
list(SUBLIST sources ${turn} -1 sources)
list(APPEND sources ${passed})

# A header is looked at with the source beside it.
git(changed diff --name-only --diff-filter=d HEAD^1 -- *.cpp *.h)
list(TRANSFORM changed REPLACE "\\.h$" ".cpp")
set(first "")
set(others "")
foreach(source IN LISTS sources)
  if(source IN_LIST changed)
    list(APPEND first ${source})
  else()
    list(APPEND others ${source})
  endif()
endforeach()
list(LENGTH first changed_count)
set(chosen ${first} ${others})
list(SUBLIST chosen 0 ${most} chosen)

list(JOIN chosen " " names)
message(STATUS "${changed_count} sources changed; looking at ${names}")
# The build may be GCC's, some of whose options clang does not know.
set(of_gcc --extra-arg=-Wno-unknown-warning-option --extra-arg=-Qunused-arguments)
execute_process(COMMAND "${clang_tidy}" -p "${BUILD}" --quiet ${of_gcc} ${chosen} WORKING_DIRECTORY "${SOURCE}"
  RESULT_VARIABLE status ERROR_VARIABLE errors)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "clang-tidy finds what the tree does without\n${errors}")
endif()
