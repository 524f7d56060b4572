// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_HOST_PROGRAM_LOG_H
#define VIGIL_SIM_HOST_PROGRAM_LOG_H

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include <vigil/qmp-bridge/host/line_output.h>

namespace vigil::sim {

/// Standard error, for everything that the program writes there: nothing ever waits for who reads it.
qmp_bridge::line_output& standard_error();

/// Writes one line to standard error, with the program's name before it.
void complain(std::string_view text);

/// The same of something in a configuration file, whose name and line `text` begins with.
void complain_of_file(std::string_view text);

/// Whether `complain` puts the time before each line (QEMU: -msg timestamp=on).
void complain_with_time(bool yes) noexcept;

/// That time, as ISO 8601 has it, in UTC with microseconds.
std::string time_text(std::chrono::microseconds since_1970);

/// The line that stands for lines of `what` which nobody read in time.
std::string dropped_text(const std::string& what, std::uint64_t lines);

/// Writes a log without a system call per line: what a batch of requests logs goes out when the batch is done.
class batched_log {
public:
    batched_log() = default;
    ~batched_log();
    batched_log(const batched_log&) = delete;
    batched_log& operator=(const batched_log&) = delete;

    /// Takes the file over; `stderr` means `standard_error()`.
    void open(std::FILE* file);
    bool is_open() const noexcept { return output_ != nullptr; }
    /// What it writes to; only where it is open.
    qmp_bridge::line_output& output() noexcept { return *output_; }

    /// Writes `lines` once `io` gets to it.
    void write(std::string_view lines, boost::asio::io_context& io);

private:
    void flush();

    std::FILE* file_ = nullptr; ///< null: standard error
    std::optional<qmp_bridge::line_output> own_;
    qmp_bridge::line_output* output_ = nullptr;
    std::string pending_;
};

} // namespace vigil::sim

#endif
