// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/regression/scenario_process.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <vigil/sim/scenario/scenario_script.h>

namespace vigil::sim {

namespace {

constexpr std::size_t k_last_bytes = 4096;
constexpr std::size_t k_last_lines = 20;
constexpr int k_poll_ms = 100;

std::uint64_t the_beginning = 0; ///< bytes; 0: not noted

void end_for_want_of_memory() { ::_exit(k_out_of_memory_status); }

std::uint64_t address_space()
{
    unsigned long pages = 0;
    if (std::FILE* const in = std::fopen("/proc/self/statm", "re")) {
        if (std::fscanf(in, "%lu", &pages) != 1) pages = 0;
        std::fclose(in);
    }
    return std::uint64_t{pages} * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Hands on the complete lines, and keeps the rest.
void take_lines(std::string& text, const std::function<void(const std::string& line)>& take,
                const std::function<bool()>& stop)
{
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos && !stop(); begin = end + 1) {
        take(text.substr(begin, end - begin));
    }
    text.erase(0, begin);
}

std::string signal_name(int number)
{
    const char* const short_name = ::sigabbrev_np(number);
    return short_name != nullptr ? "SIG" + std::string(short_name) : "signal " + std::to_string(number);
}

} // namespace

void note_address_space() { the_beginning = address_space(); }

void enter_limits(const process_limits& limits)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (the_beginning == 0) note_address_space();
    const rlimit memory{the_beginning + limits.memory_bytes, the_beginning + limits.memory_bytes};
    ::setrlimit(RLIMIT_AS, &memory);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    on_out_of_memory(end_for_want_of_memory);
    std::set_new_handler(end_for_want_of_memory);
    std::signal(SIGALRM, SIG_DFL);
    start_time(limits.time);
}

void start_time(std::chrono::milliseconds time)
{
    const auto ms = time.count();
    const itimerval end{{0, 0}, {ms / 1000, static_cast<suseconds_t>(ms % 1000 * 1000)}};
    ::setitimer(ITIMER_REAL, &end, nullptr);
}

void send_output_to(int fd)
{
    ::dup2(fd, STDOUT_FILENO);
    ::dup2(fd, STDERR_FILENO);
}

int await_end(pid_t child)
{
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return status;
}

void tell_end(int status, scenario_outcome& outcome)
{
    if (WIFSIGNALED(status)) {
        const int number = WTERMSIG(status);
        outcome.end = number == SIGALRM ? verdict::timed_out : verdict::crashed;
        if (number != SIGALRM) outcome.end_detail = signal_name(number);
    } else if (WEXITSTATUS(status) == k_out_of_memory_status) {
        outcome.end = verdict::out_of_memory;
    } else {
        outcome.end = verdict::exited;
        outcome.end_detail = "status " + std::to_string(WEXITSTATUS(status));
    }
}

std::vector<std::string> last_lines(int fd)
{
    struct stat about {};
    if (::fstat(fd, &about) != 0 || about.st_size <= 0) return {};
    const auto size = static_cast<std::size_t>(about.st_size);
    const std::size_t count = std::min(size, k_last_bytes);
    std::string text(count, '\0');
    const ssize_t got = ::pread(fd, text.data(), count, static_cast<off_t>(size - count));
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    if (lines.size() > k_last_lines) lines.erase(lines.begin(), lines.end() - k_last_lines);
    return lines;
}

bool write_all(int fd, const char* bytes, std::size_t count)
{
    while (count > 0) {
        const ssize_t done = ::write(fd, bytes, count);
        if (done < 0 && errno != EINTR) return false;
        if (done <= 0) continue;
        bytes += done;
        count -= static_cast<std::size_t>(done);
    }
    return true;
}

void read_lines(const std::vector<int>& fds, const std::function<void(const std::string& line)>& take,
                const std::function<bool()>& stop)
{
    std::vector<pollfd> sources;
    for (const int fd : fds) sources.push_back({fd, POLLIN, 0});
    std::vector<std::string> kept(fds.size());
    std::array<char, 65536> buffer{};
    std::size_t open = fds.size();
    while (open > 0 && !stop()) {
        if (::poll(sources.data(), sources.size(), k_poll_ms) <= 0) continue;
        for (std::size_t i = 0; i < sources.size(); ++i) {
            if (sources[i].revents == 0) continue;
            const ssize_t got = ::read(sources[i].fd, buffer.data(), buffer.size());
            if (got < 0 && errno == EINTR) continue;
            if (got > 0) {
                kept[i].append(buffer.data(), static_cast<std::size_t>(got));
                take_lines(kept[i], take, stop);
            } else {
                sources[i].fd = -1; // which poll passes over
                --open;
            }
        }
    }
}

} // namespace vigil::sim
