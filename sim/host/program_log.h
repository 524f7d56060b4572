// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_HOST_PROGRAM_LOG_H
#define VIGIL_SIM_HOST_PROGRAM_LOG_H

#include <chrono>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include <vigil/qmp-bridge/host/line_output.h>
#include <vigil/qmp-bridge/host/log_file.h>
#include <vigil/qmp-bridge/host/option_list.h>
#include <vigil/runstate/result.h>

namespace vigil::sim {

/// Standard error, for everything that the program writes there: nothing ever waits for who reads it.
qmp_bridge::line_output& standard_error();

/// Writes one line to standard error, with the program's name before it.
void complain(std::string_view text);

/// The same of what is wrong with something written at `where`: a configuration file's name and line, which the text
/// begins with, follow the program's name at once.
void complain_of(const runstate::refusal& refused, const qmp_bridge::option_place& where);

/// Whether `complain` puts the time before each line (QEMU: -msg timestamp=on).
void complain_with_time(bool yes) noexcept;

/// That time, as ISO 8601 has it, in UTC with microseconds.
std::string time_text(std::chrono::microseconds since_1970);

/// Writes a log without a system call per line: what a batch of requests logs goes out when the batch is done.
class batched_log {
public:
    batched_log() = default;
    ~batched_log();
    batched_log(const batched_log&) = delete;
    batched_log& operator=(const batched_log&) = delete;

    /// Writes there from now on, which must outlive it.
    void open(qmp_bridge::line_output& output) noexcept { output_ = &output; }

    /// Writes `lines` once `io` gets to it.
    void write(std::string_view lines, const boost::asio::any_io_executor& io);

private:
    void flush();

    qmp_bridge::line_output* output_ = nullptr;
    std::string pending_;
};

} // namespace vigil::sim

#endif
