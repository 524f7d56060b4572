# SPDX-License-Identifier: Apache-2.0
# find_tool(<variable> <name>): the tool of the major version VERSION; empty, with a word that says why, where there is
# none.
function(find_tool variable name)
  set(${variable} "" PARENT_SCOPE)
  find_program(tool NAMES ${name}-${VERSION} ${name} NO_CACHE)
  if(NOT tool)
    message(STATUS "skipped: there is no ${name} here")
    return()
  endif()
  execute_process(COMMAND "${tool}" --version OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
  if(NOT said MATCHES "version ${VERSION}\\.")
    string(REGEX MATCH "version [0-9.]+" found "${said}")
    message(STATUS "skipped: the tree is written by version ${VERSION} of ${name}; here is ${found}")
    return()
  endif()
  set(${variable} "${tool}" PARENT_SCOPE)
endfunction()
