// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_PROGRAM_LOG_H
#define VIGIL_SIM_PROGRAM_LOG_H

#include <cstdio>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

namespace vigil::sim {

/// Writes one line to standard error, with the program's name before it.
void complain(std::string_view text);

/// The same of something in a configuration file, whose name and line `text` begins with.
void complain_of_file(std::string_view text);

/// Whether `complain` puts the time before each line (QEMU: -msg timestamp=on).
void complain_with_time(bool yes) noexcept;

/// Writes a log without a system call per line: what a batch of requests logs goes out when the batch is done.
class batched_log {
public:
    batched_log() = default;
    ~batched_log();
    batched_log(const batched_log&) = delete;
    batched_log& operator=(const batched_log&) = delete;

    /// Takes the file over.
    void open(std::FILE* file) noexcept { file_ = file; }
    bool is_open() const noexcept { return file_ != nullptr; }

    /// Writes `lines` once `io` gets to it.
    void write(std::string_view lines, boost::asio::io_context& io);

private:
    void flush();

    std::FILE* file_ = nullptr;
    std::string pending_;
};

} // namespace vigil::sim

#endif
