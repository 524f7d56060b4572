// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vigil/runstate/files/file_place.h>
#include <vigil/runstate/files/new_file.h>
#include <vigil/sim/host/sandbox.h>

namespace fs = std::filesystem;
using vigil::runstate::file_place;
using vigil::runstate::new_file;
using vigil::sim::enter_sandbox;
using vigil::sim::sandbox_rules;

namespace {

// How a child ended that entered a sandbox and did something there: its exit status, or minus the signal; and its word.
struct outcome {
    int status;
    std::string said;
};

outcome in_sandbox(const sandbox_rules& rules, const std::function<std::string()>& act)
{
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const auto error = enter_sandbox(rules);
        const std::string said = error ? *error : act();
        // Without exit handlers: the leak check of a sanitizer could not trace the process any more.
        ::_exit(::write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size()) ? 0 : 1);
    }
    ::close(ends[1]);
    outcome result{};
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
        result.said.append(buffer, static_cast<std::size_t>(n));
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return result;
}

// Something to try, and whether it worked; `errno` says why not.
struct attempt {
    const char* what;
    std::function<bool()> act;
};

// The names of the attempts that `is_wrong` is true of, given whether each worked.
std::string tried(const std::vector<attempt>& attempts, const std::function<bool(bool worked)>& is_wrong)
{
    std::string wrong;
    for (const attempt& one : attempts) {
        errno = 0;
        const bool worked = one.act();
        if (is_wrong(worked)) wrong += std::string(one.what) + " (" + std::to_string(errno) + ") ";
    }
    return wrong;
}

std::string not_refused(const std::vector<attempt>& attempts)
{
    return tried(attempts, [](bool worked) { return worked || errno != EPERM; });
}

std::string not_done(const std::vector<attempt>& attempts)
{
    return tried(attempts, [](bool worked) { return !worked; });
}

bool run_true()
{
    const pid_t child = ::fork();
    if (child < 0) return false;
    if (child == 0) {
        ::execl("/bin/true", "true", nullptr);
        ::_exit(errno);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && status == 0;
}

bool become_same_user() { return ::setuid(::getuid()) == 0; }

// The lowest: from wherever it was, that is no rise.
bool lower_priority() { return ::setpriority(PRIO_PROCESS, 0, 19) == 0; }

// What the kernel says of this process under `name`.
std::string status_line(const std::string& name)
{
    std::ifstream in("/proc/self/status");
    for (std::string line; std::getline(in, line);)
        if (line.compare(0, name.size() + 1, name + ":") == 0) return line.substr(line.find('\t') + 1);
    return {};
}

// A unix socket that listens in a folder of its own.
struct listener {
    listener()
    {
        std::string name = (fs::temp_directory_path() / "vigil-test-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        folder = name;
        (folder / "socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
        fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        REQUIRE(::bind(fd, at(), sizeof address) == 0);
        REQUIRE(::listen(fd, 1) == 0);
    }
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;
    ~listener()
    {
        ::close(fd);
        fs::remove_all(folder);
    }

    const sockaddr* at() const { return reinterpret_cast<const sockaddr*>(&address); }

    fs::path folder;
    sockaddr_un address{AF_UNIX, {}};
    int fd = -1;
};

// One client comes, says one byte, and epoll tells of both.
bool serve_one(const listener& server)
{
    const int loop = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{EPOLLIN, {}};
    const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte = 0;
    if (::epoll_ctl(loop, EPOLL_CTL_ADD, server.fd, &event) != 0) return false;
    if (::connect(client, server.at(), sizeof server.address) != 0) return false;
    if (::epoll_wait(loop, &event, 1, -1) != 1) return false;
    const int served = ::accept4(server.fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int not_blocking = 1;
    return served >= 0 && ::ioctl(served, FIONBIO, &not_blocking) == 0 && ::send(client, "x", 1, MSG_NOSIGNAL) == 1 &&
           ::recv(served, &byte, 1, 0) == 1 && byte == 'x' && ::shutdown(served, SHUT_RDWR) == 0;
}

// As a snapshot is written: a file without a name or with one beside, then in another's place.
bool replace_file(const fs::path& folder)
{
    const std::string path = (folder / "file").string();
    const auto place = std::get<file_place>(file_place(path).settled());
    for (const bool nameless : {true, true, false}) {
        auto file = new_file::at(place, nameless);
        auto* made = std::get_if<new_file>(&file);
        if (made == nullptr || ::write(made->number(), "abc", 3) != 3 || made->publish()) return false;
    }
    std::ifstream in(fs::canonical(folder / "." / "file"));
    return std::string(std::istreambuf_iterator<char>(in), {}) == "abc" && ::unlink(path.c_str()) == 0;
}

bool wait_for_timer()
{
    const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    itimerspec soon{};
    soon.it_value.tv_nsec = 1000;
    std::uint64_t count = 0;
    return ::timerfd_settime(timer, 0, &soon, nullptr) == 0 && ::read(timer, &count, sizeof count) == sizeof count;
}

} // namespace

TEST_CASE("sandbox: serving, files, memory and clocks go on as before")
{
    const listener server;
    const outcome end = in_sandbox({}, [&] {
        return not_done({
            {"serve", [&] { return serve_one(server); }},
            {"file", [&] { return replace_file(server.folder); }},
            {"timer", wait_for_timer},
            {"event", [] { return ::eventfd(1, EFD_CLOEXEC) >= 0; }},
            {"clock",
             [] { return ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, std::vector<timespec>(1).data()) == 0; }},
            {"sleep", [] { return ::usleep(1) == 0; }},
            {"memory", [] { return !std::vector<char>(std::size_t(1) << 26U, 'x').empty(); }},
            {"signal", [] { return std::signal(SIGUSR1, SIG_IGN) != SIG_ERR && ::raise(SIGUSR1) == 0; }},
            {"limit", [] { return ::getrlimit(RLIMIT_NOFILE, std::vector<rlimit>(1).data()) == 0; }},
        });
    });
    CHECK(end.said.empty());
    CHECK(end.status == 0);
}

TEST_CASE("sandbox: what serving does not need is refused with EPERM")
{
    const listener server;
    const outcome end = in_sandbox({}, [&] {
        return not_refused({
            {"execve", [] { return ::execl("/bin/true", "true", nullptr) == 0; }},
            {"fork", [] { return ::fork() >= 0; }},
            {"ptrace", [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }},
            {"kill", [] { return ::kill(::getppid(), 0) == 0; }},
            {"tgkill", [] { return ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0) == 0; }},
            {"setuid", become_same_user},
            {"setpriority", lower_priority},
            {"setrlimit", [] { return ::setrlimit(RLIMIT_CORE, std::vector<rlimit>(1).data()) == 0; }},
            {"unshare", [] { return ::unshare(CLONE_FILES) == 0; }},
            {"prctl", [] { return ::prctl(PR_SET_DUMPABLE, 1) == 0; }},
            {"mkdir", [&] { return ::mkdir((server.folder / "new").c_str(), 0700) == 0; }},
            {"chmod", [&] { return ::chmod(server.folder.c_str(), 0777) == 0; }},
            {"listen", [&] { return ::listen(server.fd, 2) == 0; }},
            {"bind", [&] { return ::bind(::socket(AF_UNIX, SOCK_STREAM, 0), server.at(), 2) == 0; }},
            {"netlink", [] { return ::socket(AF_NETLINK, SOCK_RAW, 0) >= 0; }},
            {"code", [] { return ::mmap(nullptr, 1, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED; }},
            {"typing", [] { return ::ioctl(0, TIOCSTI, "x") == 0; }},
        });
    });
    CHECK(end.said.empty());
    CHECK(end.status == 0);
}

TEST_CASE("sandbox: abort still ends the process as it should")
{
    const outcome end = in_sandbox({}, []() -> std::string {
        std::signal(SIGABRT, SIG_DFL); // not the test program's handler
        std::abort();
    });
    CHECK(end.status == -SIGABRT);
}

TEST_CASE("sandbox: no capability is left but those over files, and none comes back")
{
    const outcome end = in_sandbox({}, [] {
        const auto beyond_files = [](const char* set) { return std::stoull(status_line(set), nullptr, 16) & ~0xeULL; };
        return status_line("NoNewPrivs") + status_line("Seccomp") + " " + std::to_string(beyond_files("CapEff")) +
               std::to_string(beyond_files("CapPrm")) + std::to_string(beyond_files("CapInh")) + status_line("CapAmb");
    });
    CHECK(end.said == "12 0000000000000000000");
    CHECK(end.status == 0);
}

TEST_CASE("sandbox: each key allows what QEMU's key of that name allows, and only that")
{
    sandbox_rules spawn;
    spawn.spawn = true;
    sandbox_rules elevate;
    elevate.elevateprivileges = sandbox_rules::privileges::allow;
    sandbox_rules children;
    children.elevateprivileges = sandbox_rules::privileges::children;
    sandbox_rules resources;
    resources.resourcecontrol = true;
    const attempt run{"spawn", run_true};
    const attempt user{"setuid", become_same_user};
    const attempt priority{"setpriority", lower_priority};
    CHECK(in_sandbox(spawn, [&] { return not_done({run}) + not_refused({user, priority}); }).said.empty());
    CHECK(in_sandbox(elevate, [&] { return not_done({user}) + not_refused({run, priority}); }).said.empty());
    CHECK(in_sandbox(children, [&] { return not_refused({run, user, priority}); }).said.empty());
    CHECK(in_sandbox(resources, [&] { return not_done({priority}) + not_refused({run, user}); }).said.empty());
#ifdef SYS_sysfs
    sandbox_rules obsolete;
    obsolete.obsolete = true;
    const attempt old{"sysfs", [] { return ::syscall(SYS_sysfs, 0) == 0; }}; // not an operation it has
    CHECK(in_sandbox({}, [&] { return not_refused({old}); }).said.empty());
    CHECK_FALSE(in_sandbox(obsolete, [&] { return not_refused({old}); }).said.empty());
#endif
}

TEST_CASE("sandbox: what cannot be done is told in one line")
{
    const outcome end = in_sandbox({}, [] { return enter_sandbox({}).value_or("entered again"); });
    CHECK(end.said == "-sandbox: cannot give up new privileges: Operation not permitted");
    CHECK(end.status == 0);
}
