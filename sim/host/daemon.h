// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_HOST_DAEMON_H
#define VIGIL_SIM_HOST_DAEMON_H

#include <optional>
#include <string>
#include <variant>

namespace vigil::sim {

/// -daemonize: the program goes on in the background, and who started it gets the prompt back once it can be used.
///
/// What has to be told after `ready` (a path to be removed at the end, a folder for files named later) must be absolute
/// by then: the daemon leaves the folder that it was started in.
class daemon_start {
public:
    /// Forks; returns in the daemon only, which leads no session and has no terminal. The process that called stays
    /// until the daemon is ready and then exits with status 0, or with 1 where the daemon has ended before. Until then
    /// standard error is still the caller's. To be called before anything that a process does not share with the one
    /// that it forks: the simulation, event loops, locks on files. Returns why it was not possible, in the caller.
    static std::variant<daemon_start, std::string> begin();

    daemon_start(daemon_start&& other) noexcept;
    daemon_start& operator=(daemon_start&&) = delete;
    /// Where `ready` was not called, tells the caller that starting failed.
    ~daemon_start();

    /// Goes to the root folder, exchanges standard input, output and error for /dev/null, and lets the caller exit.
    /// Returns what was not possible, with the caller still waiting and standard error unchanged.
    std::optional<std::string> ready();

private:
    explicit daemon_start(int to_caller) : to_caller_(to_caller) {}

    int to_caller_; ///< the writing end of a pipe; -1 once it is not needed any more
};

} // namespace vigil::sim

#endif
