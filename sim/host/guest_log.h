// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_HOST_GUEST_LOG_H
#define VIGIL_SIM_HOST_GUEST_LOG_H

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <vigil/qmp-bridge/host/line_output.h>

namespace vigil::sim {

/// Where the lines of -d go that -D names.
class guest_log {
public:
    /// Makes the file anew, for the operator's eyes only; the name's %d is the process id. Returns why it cannot be.
    std::optional<std::string> open(std::string path);
    bool is_open() const noexcept { return file_ != nullptr; }
    /// Writes one line, at once; never waits for who reads it.
    void write(std::string_view line);

private:
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, std::fclose};
    std::optional<qmp_bridge::line_output> output_; ///< to the file
};

} // namespace vigil::sim

#endif
