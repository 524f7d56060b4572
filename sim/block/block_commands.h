// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_BLOCK_BLOCK_COMMANDS_H
#define VIGIL_SIM_BLOCK_BLOCK_COMMANDS_H

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <vigil/qmp-bridge/host/file_content.h>
#include <vigil/qmp-bridge/qmp/commands/command_handler.h>
#include <vigil/runstate/files/file_place.h>

namespace vigil::sim {

/// Reads a file of the host as `qmp_bridge::qmp_server::read_file` does: without waiting for it, as it may be a pipe
/// that nobody writes to yet.
using host_file_reader = std::function<std::shared_ptr<void>(const runstate::file_place& place, std::size_t most,
                                                             std::function<void(qmp_bridge::file_content)> done)>;

/// QMP's commands about block nodes: blockdev-add, blockdev-del, query-named-block-nodes and query-block. No guest's
/// device stands on a node: it has a name, and nothing is ever read or written. They are there for clients that ask
/// whether there are any, and for QEMU's own test of out-of-band execution, which has blockdev-add wait for a named
/// pipe.
std::vector<qmp_bridge::own_command> block_commands(host_file_reader read_file);

} // namespace vigil::sim

#endif
