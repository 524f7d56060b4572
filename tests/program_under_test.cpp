// SPDX-License-Identifier: Apache-2.0
#include "program_under_test.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vigil::tests {

namespace {

using steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds k_pause{2};
constexpr off_t k_printed_end = 4096;

} // namespace

std::string trimmed(std::string_view text)
{
    constexpr std::string_view space = " \t\r\n";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(space) - first + 1));
}

connection::connection(connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_))
{
}

connection::~connection()
{
    if (fd_ >= 0) ::close(fd_);
}

void connection::send(std::string_view bytes) const
{
    while (!bytes.empty()) {
        const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw lost(std::strerror(errno));
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

std::size_t connection::send_some(std::string_view bytes) const
{
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) throw lost(std::strerror(errno));
    return n < 0 ? 0 : static_cast<std::size_t>(n);
}

std::string connection::read_line(std::chrono::seconds limit)
{
    const auto deadline = steady::now() + limit;
    for (;;) {
        if (const auto end = received_.find('\n'); end != std::string::npos) {
            auto line = trimmed(std::string_view(received_).substr(0, end));
            received_.erase(0, end + 1);
            return line;
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady::now()).count();
        pollfd wait{fd_, POLLIN, 0};
        if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) == 0) throw no_answer();
        char buffer[4096];
        const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw lost(std::strerror(errno));
        if (n == 0) throw lost("connection closed");
        received_.append(buffer, static_cast<std::size_t>(n));
    }
}

void connection::finish_sending() const { ::shutdown(fd_, SHUT_WR); }

bool connection::closed_by_peer()
{
    try {
        for (;;) read_line();
    } catch (const lost&) {
        return true;
    } catch (const no_answer&) {
        return false;
    }
}

workspace::workspace()
{
    std::string name = (std::filesystem::temp_directory_path() / "vigil-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path = name;
    log = ::open((path / "log").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

workspace::~workspace()
{
    ::close(log);
    remove();
}

void workspace::remove() const
{
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
}

std::string workspace::printed() const
{
    std::string text(static_cast<std::size_t>(k_printed_end), '\0');
    const auto size = ::lseek(log, 0, SEEK_END);
    const auto n = ::pread(log, text.data(), text.size(), std::max<off_t>(0, size - k_printed_end));
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return trimmed(text);
}

process::process(const std::vector<std::string>& command, const workspace& place) : place_(place)
{
    std::vector<char*> argv;
    argv.reserve(command.size() + 1);
    for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    ::dup2(place.log, STDOUT_FILENO);
    ::dup2(place.log, STDERR_FILENO);
    ::execvp(argv[0], argv.data());
    ::dprintf(STDERR_FILENO, "%s: %s\n", argv[0], std::strerror(errno));
    ::_exit(127);
}

process::~process()
{
    if (exited()) return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
}

bool process::exited()
{
    if (status_) return true;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return true;
}

std::optional<int> process::wait()
{
    for (const auto deadline = steady::now() + k_reply_limit; !exited() && steady::now() < deadline;) {
        std::this_thread::sleep_for(k_pause);
    }
    return status_;
}

void process::signal(int number) const { ::kill(pid_, number); }

connection process::connect(const std::string& name)
{
    const auto path = (place_.path / name).string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error("socket path too long: " + path);
    path.copy(address.sun_path, path.size());
    for (const auto deadline = steady::now() + k_reply_limit; steady::now() < deadline;) {
        const bool had_exited = exited(); // asked first: it may have listened just before
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return connection(fd);
        ::close(fd);
        if (had_exited) break;
        std::this_thread::sleep_for(k_pause);
    }
    throw lost("did not start: no socket " + name + "; it printed: " + place_.printed());
}

std::chrono::nanoseconds process::processor_time() const
{
    clockid_t clock{};
    timespec used{};
    if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return {};
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

std::size_t process::resident_bytes() const
{
    std::ifstream statm("/proc/" + std::to_string(pid_) + "/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    statm >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t process::open_descriptors() const
{
    const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid_) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

} // namespace vigil::tests
