// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SESSION_MISSED_LINES_H
#define VIGIL_QMP_BRIDGE_SESSION_MISSED_LINES_H

#include <cstdint>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace vigil::qmp_bridge {

/// Counts what one client misses because it does not read, and tells the log of the beginning and the end.
class missed_lines {
public:
    /// `protocol` and `things` are words for the log: "qmp", "events".
    missed_lines(const char* protocol, const char* things) noexcept : protocol_(protocol), things_(things) {}

    /// One more is missed.
    void miss(const std::function<void(std::string_view)>& log) noexcept
    {
        ++all_;
        if (in_a_row_++ == 0) say(log, "a client does not read; dropping its ", {});
    }
    /// One fits again, or the client has gone.
    void end(const std::function<void(std::string_view)>& log) noexcept
    {
        const std::uint64_t missed = std::exchange(in_a_row_, 0);
        if (missed != 0) say(log, "dropped ", missed);
    }

    std::uint64_t all() const noexcept { return all_; }

private:
    void say(const std::function<void(std::string_view)>& log, const char* what,
             std::optional<std::uint64_t> count) const noexcept
    try {
        std::string line = std::string(protocol_) + ": " + what;
        if (count) line += std::to_string(*count) + " ";
        line += things_;
        if (count) line += " of a client that did not read";
        if (log) log(line);
    } catch (const std::bad_alloc&) { // a line of the log is lost
    }

    const char* protocol_;
    const char* things_;
    std::uint64_t in_a_row_ = 0; ///< since one last fitted
    std::uint64_t all_ = 0;
};

} // namespace vigil::qmp_bridge

#endif
