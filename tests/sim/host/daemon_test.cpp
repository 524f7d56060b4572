// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <variant>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vigil/sim/host/daemon.h>

namespace fs = std::filesystem;
using vigil::sim::daemon_start;

namespace {

// A channel from one process to another.
struct channel {
    channel() { REQUIRE(::pipe2(ends, O_CLOEXEC) == 0); }
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;
    ~channel()
    {
        ::close(ends[0]);
        ::close(ends[1]);
    }

    void say(const std::string& line) const
    {
        if (::write(ends[1], line.data(), line.size()) < 0) ::_exit(99);
    }
    // As much as was said in one go; waits for it.
    std::string hear() const
    {
        char buffer[1024];
        const ssize_t count = ::read(ends[0], buffer, sizeof buffer);
        return {buffer, static_cast<std::size_t>(count > 0 ? count : 0)};
    }

    int ends[2] = {-1, -1};
};

// Starts a process that becomes a daemon and does `life` as such; `life` must not return to the test.
pid_t start(const std::function<void(daemon_start)>& life)
{
    // Daemons become children of the test, where it can wait for them.
    REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    const pid_t caller = ::fork();
    REQUIRE(caller >= 0);
    if (caller == 0) {
        auto begun = daemon_start::begin();
        if (auto* self = std::get_if<daemon_start>(&begun)) life(std::move(*self));
        ::_exit(98);
    }
    return caller;
}

// How a process ended: its exit status, or minus the signal.
int end_of(pid_t process)
{
    int status = 0;
    REQUIRE(::waitpid(process, &status, 0) == process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string target_of(int descriptor)
{
    return fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor)).string();
}

} // namespace

TEST_CASE("daemon: the caller stays until it is ready, and then exits with status 0")
{
    const channel to_test;
    const channel to_daemon;
    const pid_t caller = start([&](daemon_start self) {
        to_test.say(std::to_string(::getpid()));
        to_daemon.hear();
        const auto error = self.ready();
        to_test.say(error ? *error : "ready");
        to_daemon.hear();
        ::_exit(7);
    });
    const pid_t process = std::stoi(to_test.hear());
    CHECK(process != caller);
    int status = 0;
    CHECK(::waitpid(caller, &status, WNOHANG) == 0);
    to_daemon.say("be ready");
    CHECK(end_of(caller) == 0);
    CHECK(to_test.hear() == "ready");
    to_daemon.say("end");
    CHECK(end_of(process) == 7);
}

TEST_CASE("daemon: it has no terminal and no way to one, nor its caller's folder, input and output")
{
    const channel to_test;
    const pid_t session_of_caller = ::getsid(0);
    const std::string error_of_caller = target_of(STDERR_FILENO);
    const pid_t caller = start([&](daemon_start self) {
        const bool leads = ::getsid(0) == ::getpid();
        const bool of_caller = ::getsid(0) == session_of_caller;
        const bool heard = target_of(STDERR_FILENO) == error_of_caller;
        if (const auto error = self.ready()) to_test.say(*error);
        const mode_t mask = ::umask(0);
        to_test.say((leads ? "leader " : "") + fs::current_path().string() + " " + target_of(STDIN_FILENO) + " " +
                    target_of(STDOUT_FILENO) + " " + target_of(STDERR_FILENO) + " " + std::to_string(mask) +
                    (heard ? " heard until then" : "") + (of_caller ? " same session" : ""));
        ::_exit(0);
    });
    CHECK(end_of(caller) == 0);
    CHECK(to_test.hear() == "/ /dev/null /dev/null /dev/null 23 heard until then");
    CHECK(::waitpid(-1, nullptr, 0) > 0); // the daemon
}

TEST_CASE("daemon: the caller exits with status 1 where it ends before it is ready")
{
    SECTION("by itself, whatever its status")
    {
        CHECK(end_of(start([](daemon_start) { ::_exit(0); })) == 1);
    }
    SECTION("by a signal")
    {
        CHECK(end_of(start([](daemon_start) { ::raise(SIGKILL); })) == 1);
    }
    SECTION("by letting go")
    {
        const channel to_daemon;
        CHECK(end_of(start([&](daemon_start self) {
                  {
                      const daemon_start gone(std::move(self));
                  }
                  to_daemon.hear();
                  ::_exit(0);
              })) == 1);
        to_daemon.say("end");
    }
    CHECK(::waitpid(-1, nullptr, 0) > 0);
}
