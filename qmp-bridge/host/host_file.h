// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_HOST_HOST_FILE_H
#define VIGIL_QMP_BRIDGE_HOST_HOST_FILE_H

#include <cstddef>
#include <cstdio>
#include <string>

#include <vigil/runstate/result.h>

/// Files of the host that the command line names.
namespace vigil::qmp_bridge {

/// All that is in a file, or in a pipe until its end: `most` bytes at most. An error begins with the file's name.
runstate::result<std::string> read_whole_file(const std::string& path, std::size_t most);

/// Opens a file to be written from its beginning that is for nobody else's eyes. A regular one has mode 0600
/// afterwards, whatever the umask; a pipe (which waits for its reader) or a character device is written to as it is;
/// anything else is refused, and a symbolic link before all. /dev/stdout, /dev/stderr, /dev/fd/N and /proc/self/fd/N
/// are links, too, but mean the program's own descriptors, which are written to where they stand. An error begins with
/// the file's name.
runstate::result<std::FILE*> open_private_file(const std::string& path);

/// The same of a regular file alone, to which writing never waits; where `append`, what it has stays.
runstate::result<std::FILE*> open_private_regular_file(const std::string& path, bool append);

} // namespace vigil::qmp_bridge

#endif
