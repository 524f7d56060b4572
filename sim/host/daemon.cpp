// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/host/daemon.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vigil::sim {

namespace {

// Files that the daemon makes are nobody else's to write, nor for others to read.
constexpr mode_t k_mask = 027;

std::string failed(const char* what) { return std::string("-daemonize: cannot ") + what + ": " + std::strerror(errno); }

// Waits for the daemon's one byte, or for its end. Exits without a word to exit handlers, whose work is the daemon's.
[[noreturn]] void exit_with_daemon(pid_t its_parent, int from_daemon)
{
    while (::waitpid(its_parent, nullptr, 0) < 0 && errno == EINTR) {} // so that it leaves nobody behind but the daemon
    char word = 0;
    ssize_t count = 0;
    do {
        count = ::read(from_daemon, &word, 1);
    } while (count < 0 && errno == EINTR);
    ::_exit(count == 1 ? 0 : 1);
}

} // namespace

std::variant<daemon_start, std::string> daemon_start::begin()
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return failed("make a pipe");
    const pid_t child = ::fork();
    if (child < 0) {
        auto error = failed("fork");
        ::close(ends[0]);
        ::close(ends[1]);
        return error;
    }
    if (child > 0) {
        ::close(ends[1]);
        exit_with_daemon(child, ends[0]);
    }
    ::close(ends[0]);
    ::setsid();
    // The leader of a session could get a terminal by opening one, so it is not the leader that goes on.
    const pid_t grandchild = ::fork();
    if (grandchild != 0) ::_exit(grandchild > 0 ? 0 : 1);
    ::umask(k_mask);
    for (const int stop : {SIGTSTP, SIGTTOU, SIGTTIN}) std::signal(stop, SIG_IGN);
    return daemon_start(ends[1]);
}

daemon_start::daemon_start(daemon_start&& other) noexcept : to_caller_(std::exchange(other.to_caller_, -1)) {}

daemon_start::~daemon_start()
{
    if (to_caller_ >= 0) ::close(to_caller_);
}

std::optional<std::string> daemon_start::ready()
{
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return failed("open /dev/null");
    std::optional<std::string> error;
    if (::chdir("/") != 0) error = failed("go to /");
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (!error && ::dup2(null, standard) < 0) error = failed("leave standard input and output");
    }
    if (null > STDERR_FILENO) ::close(null);
    if (error) return error;
    const char word = 0;
    while (::write(to_caller_, &word, 1) < 0 && errno == EINTR) {}
    ::close(std::exchange(to_caller_, -1));
    return std::nullopt;
}

} // namespace vigil::sim
