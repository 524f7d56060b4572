// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_BENCH_PROCESS_PROCESSES_H
#define VIGIL_TESTS_BENCH_PROCESS_PROCESSES_H

#include <functional>
#include <string>
#include <vector>

#include <sched.h>
#include <sys/types.h>

namespace vigil::bench {

using words = std::vector<std::string>;

inline const std::string k_query = "{\"execute\": \"query-status\"}\n";

/// A path of a socket that nobody has used yet, in a folder that is removed at the end.
std::string fresh_socket();
/// A firmware image that halts the processor at once, for a machine that runs and does nothing.
const std::string& halting_bios();
/// Whether QEMU is installed.
bool with_qemu();
inline const std::string k_qemu = "qemu-system-x86_64";

/// While one lives, this process and the children that it makes share one processor. Otherwise the kernel decides from
/// case to case whether a client and its server do, and waking an idle processor costs several round trips.
class one_processor {
public:
    one_processor();
    ~one_processor();
    one_processor(const one_processor&) = delete;
    one_processor& operator=(const one_processor&) = delete;

private:
    cpu_set_t before_{};
};

/// A child process, killed at the end.
class child {
public:
    explicit child(const words& command);
    explicit child(const std::function<void()>& body);
    ~child();
    child(const child&) = delete;
    child& operator=(const child&) = delete;

    pid_t pid() const noexcept { return pid_; }
    double cpu_seconds() const;
    double resident_kib() const;

private:
    pid_t pid_ = -1;
};

/// Runs a command in silence; returns its exit status, 127 where there is none.
int run_to_end(const words& command);
/// Runs a command and returns the numbers that it prints; the program ends where the command fails.
std::vector<double> numbers_from(const words& command);
/// The process that came last of those that descend from one.
pid_t youngest_descendant(pid_t of);
/// Memory that a process shares with no other and has written to.
double private_kib(pid_t of);

/// A blocking connection to a unix socket; waits until somebody listens there.
class peer {
public:
    explicit peer(const std::string& path);
    /// Of a connection that is there already.
    explicit peer(int connected) noexcept : fd_(connected) {}
    peer(peer&& other) noexcept;
    peer& operator=(peer&&) = delete;
    ~peer();

    void send(const std::string& bytes) const;
    /// Takes QMP's greeting, and negotiates.
    void negotiate();
    /// Reads that many lines.
    void lines(int count);
    /// Reads that many bytes.
    void bytes(std::size_t count);
    /// Reads until a line that contains `text` has come.
    void line_with(const char* text);

private:
    void receive();

    int fd_ = -1;
    std::string received_;
};

/// A socket that programs connect to.
class meeting_point {
public:
    meeting_point();
    ~meeting_point();
    meeting_point(const meeting_point&) = delete;
    meeting_point& operator=(const meeting_point&) = delete;

    const std::string& path() const noexcept { return path_; }
    /// Waits for the next one that comes.
    peer next() const;

private:
    std::string path_ = fresh_socket();
    int fd_ = -1;
};

/// What vigil-sim and QEMU have in common: a pc with an i6300esb.
words pc_with_watchdog(const std::string& program);

/// vigil-sim or QEMU, started by the same words.
class simulator {
public:
    /// With so many QMP sockets, which all listen before the first client is let in.
    explicit simulator(const std::string& program, const words& more, int monitors = 1);

    /// A client of the QMP socket `index`, past negotiation.
    peer qmp(int index = 0) const;
    peer qtest() const { return peer(qtest_); }
    const child& process() const { return process_; }

private:
    words command(const std::string& program, const words& more) const;

    words qmp_;
    std::string qtest_ = fresh_socket();
    child process_;
};

/// An echo server as one writes it with Asio (async_read_some, then write), or with blocking calls; serves one client.
void echo_with_asio(const std::string& path);
void echo_blocking(const std::string& path);
/// What is sent to the echo: as many bytes as a reply has.
inline const std::string k_echoed =
    "{\"return\": {\"status\": \"running\", \"singlestep\": false, \"running\": true}}\r\n";

} // namespace vigil::bench

#endif
