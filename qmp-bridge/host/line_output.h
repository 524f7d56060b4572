// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_HOST_LINE_OUTPUT_H
#define VIGIL_QMP_BRIDGE_HOST_LINE_OUTPUT_H

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include <vigil/qmp-bridge/session/session.h>

namespace vigil::qmp_bridge {

/// Writes lines to a descriptor and never waits for who reads it: what is not taken at once is kept, and offered again
/// with every further line. Where too much is kept already, lines are dropped and counted.
///
/// The descriptor may be one that others share, as a shell shares its terminal with what it starts, so it is not made
/// non-blocking itself: that would hit all of them. A pipe and a terminal are opened anew, through /proc/self/fd, which
/// gives a description of their own to be made so; where that cannot be, what is written waits for `poll` and is no
/// longer than a pipe takes whole (PIPE_BUF). Sockets are sent to without waiting. Regular files are just written to.
/// A descriptor that comes to mean another file, by dup2(), is noticed.
class line_output {
public:
    struct options {
        std::size_t most_kept = 256U * 1024; ///< bytes that may wait when another line comes
        /// The line that tells how many lines are missing at its place, its end included; empty: none does.
        std::function<std::string(std::uint64_t lines)> tell_dropped = {};
    };

    /// How long a reader may hold up the end of the program.
    static constexpr std::chrono::milliseconds k_last_words{1000};

    line_output(int fd, options opts);
    /// Offers what is kept for the last time, for `k_last_words` at most. Leaves the descriptor open.
    ~line_output();
    line_output(const line_output&) = delete;
    line_output& operator=(const line_output&) = delete;

    /// Writes whole lines, each with its end.
    void write(std::string_view lines);

    /// Offers what is kept; returns whether nothing is left.
    bool flush();

    /// As `flush`, but waits for the reader, though no longer than `limit`.
    bool finish(std::chrono::milliseconds limit);

    /// Decides how the descriptor can be written to, and lets go of a file that it no longer means, so that who reads
    /// there sees the end. Done with every line by itself.
    void look();

    /// How many lines were dropped, all in all.
    std::uint64_t dropped() const noexcept { return dropped_; }
    /// Why it was last that lines could not be written (errno); 0 where the reader was just too slow.
    int error() const noexcept { return error_; }

    /// Called when something begins to be kept; may be empty.
    std::function<void()> on_kept;

private:
    enum class way : std::uint8_t { none, direct, own, polled, socket };

    /// Which file a descriptor stands for.
    struct identity {
        dev_t device = 0;
        ino_t inode = 0;
        mode_t mode = 0;
        bool operator==(const identity& o) const noexcept
        {
            return device == o.device && inode == o.inode && mode == o.mode;
        }
    };

    void open_anew();                           ///< for a pipe or terminal
    ssize_t offer(std::string_view bytes);      ///< what is taken of it; 0: nothing now; -1: an error, in errno
    bool wait_until_writable(int milliseconds); ///< false where that does not come
    void begin_line();                          ///< ends a line of which the rest was lost
    void keep(std::string_view lines);          ///< or drops
    void lose_kept();                           ///< drops what is kept
    void close_own() noexcept;

    int fd_;
    options options_;
    way way_ = way::none;
    identity written_to_;
    int own_ = -1; ///< the descriptor of our own description
    output_queue kept_;
    bool mid_line_ = false; ///< the last byte that was taken ended no line
    std::uint64_t dropped_in_a_row_ = 0;
    std::uint64_t told_ = 0; ///< of how many dropped lines the first line kept tells
    std::uint64_t dropped_ = 0;
    int error_ = 0;
};

} // namespace vigil::qmp_bridge

#endif
