// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_HOST_LOG_FILE_H
#define VIGIL_QMP_BRIDGE_HOST_LOG_FILE_H

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include <vigil/qmp-bridge/host/line_output.h>
#include <vigil/runstate/result.h>

namespace vigil::qmp_bridge {

/// The line that stands for lines of `what` which nobody read in time.
std::string dropped_text(const std::string& what, std::uint64_t lines);

/// A log in a file of its own, for nobody else's eyes; nothing that is written to it waits for who reads it.
class log_file {
public:
    /// Makes the file anew (see `open_private_file`); an error begins with its name.
    std::optional<runstate::refusal> open(const std::string& path);
    bool is_open() const noexcept { return file_ != nullptr; }
    /// What it is written by; only where it is open.
    line_output& output() noexcept { return *output_; }

private:
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, std::fclose};
    std::optional<line_output> output_;
};

} // namespace vigil::qmp_bridge

#endif
