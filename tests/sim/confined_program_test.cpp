// SPDX-License-Identifier: Apache-2.0
// vigil-sim in the background, in its sandbox, and kept to a directory.
#include <catch.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator.h"

namespace fs = std::filesystem;
using vigil::tests::ask;
using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::k_done;
using vigil::tests::process;
using vigil::tests::words;
using vigil::tests::workspace;

namespace {

// A folder that the test and what it starts stand in, so that every path can be relative.
struct folder : workspace {
    folder()
    {
        fs::current_path(path);
        // The leak check of a sanitizer traces its own process, which a sandbox refuses.
        const char* set = std::getenv("ASAN_OPTIONS");
        ::setenv("ASAN_OPTIONS", (std::string(set == nullptr ? "" : set) + ":detect_leaks=0").c_str(), 1);
    }
    ~folder() { fs::current_path("/"); }

    words names() const
    {
        words result;
        for (const auto& entry : fs::directory_iterator(path)) result.push_back(entry.path().filename().string());
        std::sort(result.begin(), result.end());
        return result;
    }
};

words command(const words& more)
{
    words all{VIGIL_SIM,
              "-machine",
              "pc",
              "-device",
              "i6300esb",
              "-qmp",
              "unix:qmp,server=on,wait=off",
              "-accel",
              "qtest",
              "-qtest",
              "unix:qtest,server=on,wait=off",
              "-qtest-log",
              "none"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

connection negotiated(process& program)
{
    connection client = program.connect("qmp");
    client.read_line();
    CHECK(ask(client, "qmp_capabilities") == k_done);
    return client;
}

pid_t process_in(const fs::path& pid_file)
{
    pid_t pid = 0;
    std::ifstream(pid_file) >> pid;
    return pid;
}

// A daemon that the test has become the parent of; killed where the test does not see its end.
class adopted {
public:
    explicit adopted(const fs::path& pid_file) : pid_(process_in(pid_file)) {}
    adopted(const adopted&) = delete;
    adopted& operator=(const adopted&) = delete;
    ~adopted()
    {
        if (pid_ > 0) ::kill(pid_, SIGKILL);
    }

    static void to_be() { REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0); }

    fs::path proc() const { return fs::path("/proc") / std::to_string(pid_); }
    // Its exit status, or minus the signal; waits for it.
    int end()
    {
        int status = 0;
        REQUIRE(::waitpid(pid_, &status, 0) == pid_);
        pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

private:
    pid_t pid_;
};

// What the kernel says of a process under `name`.
std::string status_line(const fs::path& proc, const std::string& name)
{
    std::ifstream in(proc / "status");
    for (std::string line; std::getline(in, line);)
        if (line.compare(0, name.size() + 1, name + ":") == 0) return line.substr(line.find('\t') + 1);
    return {};
}

} // namespace

TEST_CASE("daemon: clients connect as soon as the command has ended, and quit ends it")
{
    const folder here;
    adopted::to_be();
    process starter(command({"-daemonize", "-pidfile", "pid", "-sandbox", "on"}), here);
    REQUIRE(starter.wait() == 0);
    adopted daemon("pid");
    CHECK(fs::read_symlink(daemon.proc() / "exe") == fs::canonical(VIGIL_SIM));
    CHECK(fs::read_symlink(daemon.proc() / "cwd") == "/");
    CHECK(fs::exists("qmp"));
    CHECK(fs::exists("qtest"));
    connection client = negotiated(starter);
    CHECK(ask(client, "quit") == k_done);
    CHECK(daemon.end() == 0);
    CHECK(here.names() == words{"log"});
    CHECK(here.printed().empty());
}

TEST_CASE("daemon: where it cannot start, the command says why in one line and ends with status 1")
{
    const folder here;
    adopted::to_be();
    process first(command({"-daemonize", "-pidfile", "pid"}), here);
    REQUIRE(first.wait() == 0);
    const adopted daemon("pid");
    SECTION("its pid file belongs to another")
    {
        process second(command({"-daemonize", "-pidfile", "pid"}), here);
        CHECK(second.wait() == 1);
        CHECK(here.printed() == "vigil-sim: -pidfile pid: belongs to a program that still runs, process " +
                                    std::to_string(process_in("pid")));
    }
    SECTION("its socket is in no folder")
    {
        process second({VIGIL_SIM, "-daemonize", "-qmp", "unix:none/qmp,server=on,wait=off"}, here);
        CHECK(second.wait() == 1);
        CHECK(here.printed() == "vigil-sim: Failed to listen on unix:none/qmp,server=on: No such file or directory");
    }
    SECTION("its options are wrong")
    {
        process second({VIGIL_SIM, "-daemonize", "-device", "none"}, here);
        CHECK(second.wait() == 1);
        CHECK(here.printed() == "vigil-sim: -device none: 'none' is not a valid device model name");
    }
    connection client = negotiated(first); // which still runs
}

TEST_CASE("sandbox: a machine is served, saved and loaded inside, and ends with status 0")
{
    const folder here;
    process program(command({"-sandbox", "on", "-pidfile", "pid"}), here);
    connection client = negotiated(program);
    connection qtest = program.connect("qtest");
    const fs::path proc = fs::path("/proc") / std::to_string(process_in("pid"));
    CHECK(status_line(proc, "Seccomp") == "2");
    CHECK(status_line(proc, "NoNewPrivs") == "1");
    qtest.send("clock_step 1000\n");
    CHECK(qtest.read_line() == "OK 1000");
    CHECK(ask(client, "x-snapshot-save", "machine") == k_done);
    CHECK(ask(client, "x-snapshot-load", "machine") == k_done);
    CHECK(ask(client, "migrate", "machine") == k_done);
    CHECK(ask(client, "quit") == k_done);
    CHECK(program.wait() == 0);
    CHECK(here.names() == words{"log", "machine"});
    CHECK(here.printed().empty());
}

TEST_CASE("sandbox: none is entered unless asked for, and a wrong key is refused")
{
    const folder here;
    {
        process program(command({"-sandbox", "off", "-pidfile", "pid"}), here);
        connection client = negotiated(program);
        CHECK(status_line(fs::path("/proc") / std::to_string(process_in("pid")), "Seccomp") == "0");
        CHECK(ask(client, "quit") == k_done);
        CHECK(program.wait() == 0);
    }
    process program(command({"-sandbox", "on,spawn=maybe"}), here);
    CHECK(program.wait() == 1);
    CHECK(here.printed() == "vigil-sim: -sandbox on,spawn=maybe: Parameter 'spawn' expects allow or deny, not 'maybe'");
}

TEST_CASE("snapshots: a daemon with a directory for them finds it from wherever it is, and reaches nothing else")
{
    const folder here;
    fs::create_directory("saved");
    adopted::to_be();
    process starter(command({"-daemonize", "-pidfile", "pid", "-snapshot-dir", "saved"}), here);
    REQUIRE(starter.wait() == 0);
    adopted daemon("pid");
    connection client = negotiated(starter);
    CHECK(ask(client, "x-snapshot-save", "machine") == k_done);
    CHECK(fs::exists("saved/machine"));
    CHECK(contains(ask(client, "x-snapshot-save", "../machine"), "'../machine' is not inside 'saved'"));
    for (const char* outside : {"/etc/passwd", "/etc/none", "../none/none"}) { // whether it exists or not
        CHECK(
            contains(ask(client, "x-snapshot-load", outside), "'" + std::string(outside) + "' is not inside 'saved'"));
    }
    CHECK(ask(client, "quit") == k_done);
    CHECK(daemon.end() == 0);
}

TEST_CASE("descriptors: all that the program opens are closed on exec")
{
    const folder here;
    // None that the test itself was started with is to be among them.
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
        const int fd = std::stoi(entry.path().filename().string());
        if (fd > STDERR_FILENO) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    process program(command({"-pidfile", "pid", "-trace", "file=trace"}), here);
    connection client = negotiated(program);
    connection qtest = program.connect("qtest");
    CHECK(contains(ask(client, "query-status"), "running"));
    int opened = 0;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(process_in("pid")) + "/fdinfo")) {
        if (std::stoi(entry.path().filename().string()) <= STDERR_FILENO) continue;
        std::ifstream in(entry.path());
        for (std::string line; std::getline(in, line);) {
            if (line.compare(0, 6, "flags:") != 0) continue;
            CAPTURE(entry.path());
            CHECK((std::stoul(line.substr(6), nullptr, 8) & 02000000U) != 0); // O_CLOEXEC
            ++opened;
        }
    }
    CHECK(opened > 6);
}
