// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_FILE_READER_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_FILE_READER_H

#include <cstddef>
#include <functional>
#include <memory>

#include <vigil/qmp-bridge/host/file_content.h>
#include <vigil/qmp-bridge/serve/detail/pump.h>
#include <vigil/runstate/files/file_place.h>

namespace vigil::qmp_bridge {

/// Reads a file of at most so many bytes, or a named pipe to whose writers it listens until the last one has closed, in
/// the pump's event loop: `done` is called later, never from within the call, and once at most. The reading goes on for
/// as long as what is returned lives, which may end from within `done`. What a file may not be read as a whole for is
/// an error of the host's.
std::shared_ptr<void> read_file(pump& owner, const runstate::file_place& place, std::size_t most,
                                std::function<void(file_content)> done);

} // namespace vigil::qmp_bridge

#endif
