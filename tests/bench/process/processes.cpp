// SPDX-License-Identifier: Apache-2.0
#include "processes.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace vigil::bench {

namespace {

[[noreturn]] void give_up(const std::string& why)
{
    std::fprintf(stderr, "%s\n", why.c_str());
    std::exit(1);
}

struct workspace {
    workspace()
    {
        char folder[] = "/tmp/vigil-bench-XXXXXX";
        if (::mkdtemp(folder) == nullptr) give_up("cannot make a folder in /tmp");
        path = folder;
    }
    ~workspace()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    std::string path;
};

const std::string& folder()
{
    static const workspace place;
    return place.path;
}

sockaddr_un address_of(const std::string& path)
{
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    return address;
}

[[noreturn]] void become(words command)
{
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, 1);
    ::dup2(null, 2);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
}

// The number after `key` in a file of lines, 0 where there is none.
double number_after(const std::string& file, const std::string& key)
{
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        if (line.rfind(key, 0) == 0) return std::atof(line.c_str() + key.size());
    }
    return 0;
}

} // namespace

std::string fresh_socket()
{
    static int serial = 0;
    return folder() + "/" + std::to_string(serial++);
}

const std::string& halting_bios()
{
    static const std::string path = [] {
        std::string image(65536, '\xF4');                    // hlt
        image.replace(0, 4, "\xFA\xF4\xEB\xFD");             // cli; hlt; back to hlt
        image.replace(0xFFF0, 5, "\xEA\x00\x00\x00\xF0", 5); // reset vector: far jump to F000:0000
        std::ofstream(folder() + "/bios", std::ios::binary) << image;
        return folder() + "/bios";
    }();
    return path;
}

bool with_qemu()
{
    static const bool found = std::system(("command -v " + k_qemu + " >/dev/null 2>&1").c_str()) == 0;
    return found;
}

one_processor::one_processor()
{
    ::sched_getaffinity(0, sizeof before_, &before_);
    int first = 0;
    while (first < CPU_SETSIZE && !CPU_ISSET(first, &before_)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ::sched_setaffinity(0, sizeof one, &one);
}

one_processor::~one_processor() { ::sched_setaffinity(0, sizeof before_, &before_); }

child::child(const words& command) : child([&command] { become(command); }) {}

child::child(const std::function<void()>& body) : pid_(::fork())
{
    if (pid_ != 0) return;
    body();
    ::_exit(0);
}

child::~child()
{
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

double child::cpu_seconds() const
{
    clockid_t clock = 0;
    timespec time = {};
    ::clock_getcpuclockid(pid_, &clock);
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double child::resident_kib() const { return number_after("/proc/" + std::to_string(pid_) + "/status", "VmRSS:"); }

int run_to_end(const words& command)
{
    const pid_t pid = ::fork();
    if (pid == 0) become(command);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

std::vector<double> numbers_from(const words& command)
{
    std::string line;
    for (const std::string& word : command) line += "'" + word + "' ";
    std::FILE* const out = ::popen(line.c_str(), "r");
    std::vector<double> numbers;
    for (double number = 0; out != nullptr && std::fscanf(out, "%lf", &number) == 1;) numbers.push_back(number);
    if (out == nullptr || ::pclose(out) != 0) give_up(line + "has failed");
    return numbers;
}

pid_t youngest_descendant(pid_t of)
{
    std::ifstream in("/proc/" + std::to_string(of) + "/task/" + std::to_string(of) + "/children");
    pid_t last = 0;
    for (pid_t one = 0; in >> one;) last = one;
    return last == 0 ? of : youngest_descendant(last);
}

double private_kib(pid_t of) { return number_after("/proc/" + std::to_string(of) + "/smaps_rollup", "Private_Dirty:"); }

peer::peer(const std::string& path)
{
    const sockaddr_un address = address_of(path);
    for (int tries = 0; tries < 20'000; ++tries) {
        fd_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
        ::close(fd_);
        ::usleep(250);
    }
    give_up("nobody listens on " + path);
}

peer::peer(peer&& other) noexcept : fd_(other.fd_), received_(std::move(other.received_)) { other.fd_ = -1; }

peer::~peer() { ::close(fd_); }

void peer::send(const std::string& bytes) const
{
    for (std::size_t sent = 0; sent < bytes.size();) {
        const ssize_t n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) give_up("a server has closed its connection");
        sent += static_cast<std::size_t>(n);
    }
}

void peer::negotiate()
{
    lines(1);
    send("{\"execute\": \"qmp_capabilities\"}\n");
    lines(1);
}

void peer::lines(int count)
{
    std::size_t end = 0;
    while (count > 0) {
        const std::size_t at = received_.find('\n', end);
        if (at == std::string::npos) {
            receive();
        } else {
            end = at + 1;
            --count;
        }
    }
    received_.erase(0, end);
}

void peer::bytes(std::size_t count)
{
    while (received_.size() < count) receive();
    received_.erase(0, count);
}

void peer::line_with(const char* text)
{
    std::size_t at = received_.find(text);
    while (at == std::string::npos || received_.find('\n', at) == std::string::npos) {
        receive();
        at = received_.find(text);
    }
    received_.erase(0, received_.find('\n', at) + 1);
}

void peer::receive()
{
    char buffer[65536];
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) give_up("a server has closed its connection");
    received_.append(buffer, static_cast<std::size_t>(n));
}

meeting_point::meeting_point()
{
    const sockaddr_un address = address_of(path_);
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool listens =
        ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(fd_, 1) == 0;
    if (!listens) give_up("cannot listen on " + path_);
}

meeting_point::~meeting_point()
{
    ::close(fd_);
    ::unlink(path_.c_str());
}

peer meeting_point::next() const
{
    const int connected = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connected < 0) give_up("nobody has come to " + path_);
    return peer(connected);
}

simulator::simulator(const std::string& program, const words& more, int monitors)
    : qmp_([monitors] {
          words paths;
          for (int i = 0; i < monitors; ++i) paths.push_back(fresh_socket());
          return paths;
      }()),
      process_(command(program, more))
{
}

words pc_with_watchdog(const std::string& program)
{
    return {program, "-machine", "pc", "-nodefaults", "-display", "none", "-device", "i6300esb"};
}

words simulator::command(const std::string& program, const words& more) const
{
    words all = pc_with_watchdog(program);
    all.insert(all.end(), {"-qtest", "unix:" + qtest_ + ",server=on,wait=off", "-qtest-log", "none"});
    for (const std::string& path : qmp_) all.insert(all.end(), {"-qmp", "unix:" + path + ",server=on,wait=off"});
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

peer simulator::qmp(int index) const
{
    peer client(qmp_[static_cast<std::size_t>(index)]);
    client.negotiate();
    return client;
}

} // namespace vigil::bench
