// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_PROGRAM_UNDER_TEST_H
#define VIGIL_TESTS_PROGRAM_UNDER_TEST_H

#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

/// A program that a test starts, and its sockets as a client sees them.
namespace vigil::tests {

/// How long a program may keep silent before it counts as hanging.
inline constexpr std::chrono::seconds k_reply_limit{20};

/// The program closed a connection.
struct lost : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The program kept silent for too long.
struct no_answer : std::runtime_error {
    no_answer() : std::runtime_error("no answer") {}
};

/// Without the white space at both ends.
std::string trimmed(std::string_view text);

/// One connection to the program; owns the descriptor.
class connection {
public:
    explicit connection(int fd) : fd_(fd) {}
    connection(connection&& other) noexcept;
    connection& operator=(connection&&) = delete;
    ~connection();

    void send(std::string_view bytes) const;
    /// Sends what the socket takes at once; returns how many bytes.
    std::size_t send_some(std::string_view bytes) const;
    /// The next line without its end and without white space around it.
    std::string read_line(std::chrono::seconds limit = k_reply_limit);
    /// The client's side says no more.
    void finish_sending() const;
    /// Whether the program has closed the connection; waits for it.
    bool closed_by_peer();

private:
    int fd_;
    std::string received_;
};

/// A folder of its own for the program's sockets and output, removed at the end.
class workspace {
public:
    workspace();
    workspace(const workspace&) = delete;
    workspace& operator=(const workspace&) = delete;
    ~workspace();

    /// Once all connections stand nobody needs the names any more.
    void remove() const;
    /// The end of what the program printed.
    std::string printed() const;

    std::filesystem::path path;
    int log = -1;
};

/// The program's process; killed at the end if it still runs.
class process {
public:
    /// The workspace's log takes its output.
    process(const std::vector<std::string>& command, const workspace& place);
    process(const process&) = delete;
    process& operator=(const process&) = delete;
    ~process();

    bool exited();
    /// Waits for it to end by itself: the exit status, or minus the signal; nothing where it does not end.
    std::optional<int> wait();
    void signal(int number) const;

    /// Connects to the unix socket `name` in the workspace, which may still have to appear.
    connection connect(const std::string& name);

    /// The processor's time that it has used so far.
    std::chrono::nanoseconds processor_time() const;

    /// Bytes of memory that are resident now.
    std::size_t resident_bytes() const;
    /// How many descriptors it has open now.
    std::size_t open_descriptors() const;

private:
    const workspace& place_;
    pid_t pid_ = -1;
    std::optional<int> status_;
};

} // namespace vigil::tests

#endif
