// SPDX-License-Identifier: Apache-2.0
// What the program does to files and descriptors of its host, and what it survives there.
#include <catch.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator.h"

namespace fs = std::filesystem;
using vigil::tests::ask;
using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::k_done;
using vigil::tests::process;
using vigil::tests::simulator;
using vigil::tests::words;
using vigil::tests::workspace;

namespace {

std::string content(const fs::path& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string ask_qtest(connection& client, const std::string& line)
{
    client.send(line + "\n");
    return client.read_line();
}

// Starts a program after a line of shell.
words after(const std::string& line) { return {"/bin/sh", "-c", line + "; exec \"$@\"", "sh"}; }

// The process id that is in a file, once it is there: the program has started then.
pid_t process_in(simulator& sim, const fs::path& pid_file)
{
    sim.program.connect("qmp");
    return static_cast<pid_t>(std::atoi(content(pid_file).c_str()));
}

// Kilobytes that /proc/PID/status tells under a name.
std::size_t kilobytes(pid_t pid, const std::string& name)
{
    std::istringstream in(content("/proc/" + std::to_string(pid) + "/status"));
    for (std::string line; std::getline(in, line);) {
        if (line.compare(0, name.size() + 1, name + ":") == 0) return std::stoul(line.substr(name.size() + 1));
    }
    return 0;
}

// A run with a transcript that lies, like its files, in a workspace of its own.
struct recorded {
    explicit recorded(words more = {}) : sim(with_trace(std::move(more))) {}

    words with_trace(words more) const
    {
        more.insert(more.end(), {"-trace", "file=" + file("transcript")});
        return more;
    }
    std::string file(const std::string& name) const { return (place.path / name).string(); }
    void end(connection& client)
    {
        CHECK(ask(client, "quit") == k_done);
        CHECK(sim.program.wait() == 0);
    }
    // Repeats it; what it prints, after its exit status.
    std::string repeat(const words& more = {}) const
    {
        const workspace other;
        words command{VIGIL_SIM, "-replay", "file=" + file("transcript")};
        command.insert(command.end(), more.begin(), more.end());
        process second(command, other);
        const int status = second.wait().value_or(-1000);
        return std::to_string(status) + " " + other.printed();
    }

    workspace place;
    simulator sim;
};

} // namespace

TEST_CASE("descriptors: standard ones that are closed are opened on nothing, before any other")
{
    const workspace place;
    const std::string pid_file = (place.path / "pid").string();
    simulator sim({"-pidfile", pid_file}, true, after("exec <&- >&- 2>&-"));
    const pid_t pid = process_in(sim, pid_file);
    for (const char* standard : {"0", "1", "2"}) {
        CHECK(fs::read_symlink("/proc/" + std::to_string(pid) + "/fd/" + standard) == "/dev/null");
    }
    sim.program.signal(SIGTERM);
    CHECK(sim.program.wait() == 0);
}

TEST_CASE("descriptors: a daemon started with its standard ones closed sleeps, serves and hears its signals")
{
    REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    const workspace place;
    const std::string pid_file = (place.path / "pid").string();
    simulator sim({"-daemonize", "-pidfile", pid_file}, true, after("exec <&- >&- 2>&-"));
    CHECK(sim.program.wait() == 0);
    const auto pid = static_cast<pid_t>(std::atoi(content(pid_file).c_str()));
    REQUIRE(pid > 0);
    {
        connection client = sim.qmp();
        CHECK(contains(ask(client, "query-status"), "running"));
    }
    REQUIRE(::kill(pid, SIGTERM) == 0);
    int status = -1;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE(
    "limits: beyond the limit of a file's size a save, a migration and a transcript fail, and the machine goes on")
{
    const workspace place;
    const std::string file = (place.path / "saved").string();
    const std::string trace = (place.path / "trace").string();
    simulator sim({"-trace", "file=" + trace}, true, after("ulimit -f 20")); // of 512 or 1024 bytes
    connection client = sim.qmp();
    connection qtest = sim.program.connect("qtest");
    CHECK(ask_qtest(qtest, "memset 0x0 0x10000 0xab") == "OK");
    CHECK(contains(ask(client, "x-snapshot-save", file), "Could not write '" + file + "': File too large"));
    CHECK(ask(client, "migrate", file) == k_done);
    std::string progress;
    do {
        progress = ask(client, "query-migrate");
    } while (contains(progress, "active"));
    CHECK(contains(progress, "Could not write '" + file + "': File too large"));
    for (int i = 0; i < 200; ++i) ask(client, "query-status"); // more than the transcript may have
    CHECK(contains(ask(client, "query-status"), "running"));
    CHECK(ask(client, "quit") == k_done);
    CHECK(sim.program.wait() == 0);
    CHECK_FALSE(fs::exists(file));
    CHECK(contains(sim.place.printed(), "-trace " + trace + ": cannot be written to its end"));
}

TEST_CASE("snapshots: a huge file is refused by its header, when it is loaded and when it comes in")
{
    const workspace place;
    const std::string file = (place.path / "huge").string();
    simulator sim;
    connection client = sim.qmp();
    CHECK(ask(client, "x-snapshot-save", file) == k_done);
    constexpr std::uint64_t k_huge = std::uint64_t{8} << 40;
    std::string header = content(file).substr(0, 16);
    for (unsigned i = 0; i < 8; ++i) header += static_cast<char>((k_huge - 24) >> (8 * i));
    std::ofstream(file, std::ios::binary) << header;
    if (::truncate(file.c_str(), static_cast<off_t>(k_huge)) != 0) return; // this file system has no such files
    CHECK(contains(ask(client, "x-snapshot-load", file), "is too large for this machine"));
    CHECK(contains(ask(client, "query-status"), "running"));
    simulator other({"-incoming", "file:" + file});
    CHECK(other.program.wait() == 1);
    CHECK(contains(other.place.printed(), "is too large for this machine"));
}

TEST_CASE("snapshots: saving takes a small buffer beside RAM, loading as much as the RAM that comes")
{
    const workspace place;
    const std::string pid_file = (place.path / "pid").string();
    const std::string file = (place.path / "saved").string();
    simulator sim({"-m", "96", "-pidfile", pid_file});
    const pid_t pid = process_in(sim, pid_file);
    connection client = sim.qmp();
    connection qtest = sim.program.connect("qtest");
    constexpr std::size_t k_in_use = 64 * 1024; // KiB
    constexpr std::size_t k_small = 12 * 1024;
    for (int i = 0; i < 64; ++i) {
        CHECK(ask_qtest(qtest, "memset " + std::to_string(i << 20) + " 0x100000 0xab") == "OK");
    }
    const std::size_t before = kilobytes(pid, "VmHWM");
    CHECK(before > k_in_use);
    CHECK(ask(client, "x-snapshot-save", file) == k_done);
    CHECK(kilobytes(pid, "VmHWM") < before + k_small);
    CHECK(ask_qtest(qtest, "memset 0x1234 1 0xcd") == "OK");
    CHECK(ask(client, "x-snapshot-load", file) == k_done);
    CHECK(kilobytes(pid, "VmHWM") < before + k_in_use + k_small);
    CHECK(ask_qtest(qtest, "readb 0x1234") == "OK 0x00000000000000ab");
    CHECK(ask_qtest(qtest, "readb 0x3ffffff") == "OK 0x00000000000000ab");
    CHECK(ask_qtest(qtest, "readb 0x4000000") == "OK 0x0000000000000000");
}

TEST_CASE("snapshots: where the address space does not suffice, loading is refused and the machine goes on")
{
    if (VIGIL_SANITIZED != 0) return; // takes address space of its own
    const workspace place;
    const std::string file = (place.path / "saved").string();
    simulator sim({"-m", "1024"}, true, after("ulimit -v 1800000"));
    connection client = sim.qmp();
    connection qtest = sim.program.connect("qtest");
    CHECK(ask_qtest(qtest, "memset 0x1000 1 0xab") == "OK");
    CHECK(ask(client, "x-snapshot-save", file) == k_done);
    CHECK(contains(ask(client, "x-snapshot-load", file), "memory: the host has no address space for"));
    CHECK(contains(ask(client, "query-status"), "running"));
    CHECK(ask_qtest(qtest, "readb 0x1000") == "OK 0x00000000000000ab");
}

TEST_CASE("pid file: a program that reads it as a snapshot still holds it, and what is none is refused in one line")
{
    const workspace place;
    const std::string pid_file = (place.path / "pid").string();
    simulator sim({"-pidfile", pid_file});
    connection client = sim.qmp();
    CHECK(contains(ask(client, "x-snapshot-load", pid_file), "is not a Vigil snapshot"));
    simulator second({"-pidfile", pid_file});
    CHECK(second.program.wait() == 1);
    CHECK(second.place.printed() == "vigil-sim: -pidfile " + pid_file +
                                        ": belongs to a program that still runs, process " +
                                        std::to_string(std::atoi(content(pid_file).c_str())));
    const std::string precious = (place.path / "precious").string();
    std::ofstream(precious) << "precious\n";
    simulator third({"-pidfile", precious});
    CHECK(third.program.wait() == 1);
    CHECK(third.place.printed() == "vigil-sim: -pidfile " + precious +
                                       ": is not a pid file: it must not exist yet, or have one line with a decimal "
                                       "number");
    CHECK(content(precious) == "precious\n");
    CHECK(ask(client, "quit") == k_done);
    CHECK(sim.program.wait() == 0);
    CHECK_FALSE(fs::exists(pid_file));
}

TEST_CASE("logs: transcript and qtest log are for nobody else's eyes, and follow no link")
{
    const workspace place;
    const std::string trace = (place.path / "trace").string();
    const std::string log = (place.path / "log-of-qtest").string();
    {
        simulator sim({"-trace", "file=" + trace, "-qtest-log", log}, true, after("umask 0"));
        connection client = sim.qmp();
        connection qtest = sim.program.connect("qtest");
        CHECK(ask_qtest(qtest, "clock_step 1") == "OK 1");
        CHECK(ask(client, "quit") == k_done);
        CHECK(sim.program.wait() == 0);
    }
    for (const std::string& one : {trace, log}) {
        CHECK(fs::status(one).permissions() == fs::perms(0600));
        CHECK_FALSE(content(one).empty());
    }
    fs::create_symlink("precious", place.path / "link");
    std::ofstream(place.path / "precious") << "precious";
    const std::string link = (place.path / "link").string();
    for (const words& more : {words{"-trace", "file=" + link}, words{"-qtest-log", link}}) {
        simulator sim(more);
        CHECK(sim.program.wait() == 1);
        CHECK(contains(sim.place.printed(), link + ": is a symbolic link, which is not followed"));
    }
    CHECK(content(place.path / "precious") == "precious");
    simulator sim({"-trace", "file=/dev/stderr"});
    connection client = sim.qmp();
    CHECK(ask(client, "quit") == k_done);
    CHECK(sim.program.wait() == 0);
    CHECK(contains(sim.place.printed(), "\"what\": \"exit\""));
}

TEST_CASE("replay: nothing is written, and what the run itself saved is loaded again without any file")
{
    recorded run;
    connection client = run.sim.qmp();
    connection qtest = run.sim.program.connect("qtest");
    CHECK(ask_qtest(qtest, "memset 0x1000 0x20000 0xab") == "OK");
    CHECK(ask(client, "x-snapshot-save", run.file("saved")) == k_done);
    CHECK(ask_qtest(qtest, "clock_step 1000") == "OK 1000");
    CHECK(ask(client, "x-snapshot-save", run.file("saved")) == k_done);
    CHECK(ask_qtest(qtest, "memset 0x1000 0x20000 0xcd") == "OK");
    CHECK(ask(client, "x-snapshot-load", run.file("saved")) == k_done);
    CHECK(ask_qtest(qtest, "readb 0x1000") == "OK 0x00000000000000ab");
    CHECK(ask(client, "migrate", run.file("moved")) == k_done);
    run.end(client);
    CHECK(fs::remove(run.file("saved")));
    CHECK(fs::remove(run.file("moved")));
    CHECK(run.repeat() == "0 ");
    CHECK_FALSE(fs::exists(run.file("saved")));
    CHECK_FALSE(fs::exists(run.file("moved")));
}

TEST_CASE("replay: a snapshot that another run saved is read from the folder that is named, or the replay ends")
{
    recorded run;
    {
        simulator other;
        connection client = other.qmp();
        connection qtest = other.program.connect("qtest");
        CHECK(ask_qtest(qtest, "memset 0x1000 1 0xab") == "OK");
        CHECK(ask(client, "x-snapshot-save", run.file("saved")) == k_done);
    }
    connection client = run.sim.qmp();
    CHECK(ask(client, "x-snapshot-load", run.file("saved")) == k_done);
    CHECK(contains(ask(client, "x-snapshot-load", run.file("none")), "No such file or directory"));
    run.end(client);
    const std::string begins = "1 vigil-sim: -replay " + run.file("transcript") + ", line ";
    const std::string not_held =
        "the snapshot '" + run.file("saved") + "' was read here, which the transcript does not hold; ";
    const auto ends = [&](const std::string& said, const std::string& why) {
        CHECK(said.compare(0, begins.size(), begins) == 0);
        CHECK(contains(said, not_held + why));
        CHECK_FALSE(contains(said, "\n"));
    };
    ends(run.repeat(), "put it into a folder and name that by -snapshot-dir");
    CHECK(run.repeat({"-snapshot-dir", run.place.path.string()}) == "0 ");

    const workspace elsewhere;
    const words there{"-snapshot-dir", elsewhere.path.string()};
    ends(run.repeat(there), "Could not read 'saved': No such file or directory");
    fs::copy(run.file("saved"), elsewhere.path / "saved");
    CHECK(run.repeat(there) == "0 ");
    {
        simulator other;
        connection saver = other.qmp();
        CHECK(ask(saver, "x-snapshot-save", (elsewhere.path / "saved").string()) == k_done);
    }
    ends(run.repeat(there), "'saved' in '" + elsewhere.path.string() + "' is another one");
}

TEST_CASE("replay: what the host refused then is refused again, whatever it would do now")
{
    const workspace place;
    fs::create_directory(place.path / "in");
    recorded run({"-snapshot-dir", (place.path / "in").string()});
    connection client = run.sim.qmp();
    CHECK(contains(ask(client, "x-snapshot-save", "no/saved"), "No such file or directory"));
    CHECK(contains(ask(client, "x-snapshot-save", "../saved"), "is not inside"));
    fs::create_directory(place.path / "in" / "folder");
    CHECK(contains(ask(client, "x-snapshot-save", "folder"), "not a regular file"));
    CHECK(contains(ask(client, "x-snapshot-load", "none"), "No such file or directory"));
    CHECK(ask(client, "x-snapshot-save", "saved") == k_done);
    run.end(client);
    fs::remove_all(place.path / "in");
    CHECK(run.repeat() == "0 ");
    CHECK_FALSE(fs::exists(place.path / "in"));
}

TEST_CASE("replay: a guest's trace is in the transcript, and an incoming machine is looked for as any snapshot")
{
    const workspace place;
    const std::string trace = (place.path / "guest.jsonl").string();
    const std::string saved = (place.path / "saved").string();
    fs::copy(VIGIL_TRACE, trace);
    {
        simulator source({"-guest-trace", "file=" + trace});
        connection client = source.qmp();
        CHECK(ask(client, "x-snapshot-save", saved) == k_done);
    }
    recorded run({"-guest-trace", "file=" + trace, "-incoming", "file:" + saved});
    connection client = run.sim.qmp();
    connection qtest = run.sim.program.connect("qtest");
    CHECK(contains(ask(client, "query-status"), "running"));
    CHECK(ask_qtest(qtest, "clock_step 1000000000") == "OK 1000000000");
    run.end(client);
    CHECK(fs::remove(trace));
    CHECK(contains(run.repeat(), "the transcript does not hold; put it into a folder and name that by -snapshot-dir"));
    CHECK(run.repeat({"-snapshot-dir", place.path.string()}) == "0 ");
}

TEST_CASE("replay: what -readconfig read is in the transcript")
{
    const workspace place;
    const std::string configuration = (place.path / "configuration").string();
    std::ofstream(configuration) << "[device]\n  driver = \"ib700\"\n";
    recorded run({"-readconfig", configuration});
    connection client = run.sim.qmp();
    connection qtest = run.sim.program.connect("qtest");
    CHECK(ask_qtest(qtest, "outb 0x443 0xe") == "OK");
    CHECK(ask_qtest(qtest, "clock_step") == "OK 2000000000"); // the device is there
    run.end(client);
    CHECK(fs::remove(configuration));
    CHECK(run.repeat() == "0 ");
}

TEST_CASE("replay: a transcript of the format before is refused in words, and an endless file is not read to its end")
{
    const workspace place;
    const std::string old = (place.path / "old").string();
    std::ofstream(old) << R"({"vigil-transcript": 1, "version": "0.1.0", "process": 7, "arguments": ["-S"]})"
                       << "\n";
    process first({VIGIL_SIM, "-replay", old}, place);
    CHECK(first.wait() == 1);
    CHECK(contains(place.printed(), "this transcript has format 1, written by Vigil 0.1.0"));
    CHECK(contains(place.printed(), "record the run again with this one"));
    const workspace other;
    process second({VIGIL_SIM, "-guest-trace", "file=/dev/zero"}, other);
    CHECK(second.wait() == 1);
    CHECK(contains(other.printed(), "-guest-trace /dev/zero: has more than 67108864 bytes"));
}
