// SPDX-License-Identifier: Apache-2.0
// What the program writes for people and for records, where nobody reads it.
#include <catch.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simulator.h"

using vigil::tests::answer;
using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::k_reply_limit;
using vigil::tests::process;
using vigil::tests::simulator;
using vigil::tests::words;
using vigil::tests::workspace;

namespace {

// A named pipe that is open for reading, and read only when the test does.
struct named_pipe {
    named_pipe() : path((place.path / "pipe").string())
    {
        if (::mkfifo(path.c_str(), 0600) != 0) throw std::runtime_error("cannot make " + path);
        fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    }
    ~named_pipe() { ::close(fd); }

    // Adds what comes to `text`; false where the writer has gone.
    bool read_more(std::string& text) const
    {
        char bytes[65536];
        pollfd ready{fd, POLLIN, 0};
        const int most = static_cast<int>(std::chrono::milliseconds(k_reply_limit).count());
        if (::poll(&ready, 1, most) != 1) throw std::runtime_error("nothing comes");
        const ssize_t count = ::read(fd, bytes, sizeof bytes);
        if (count > 0) text.append(bytes, static_cast<std::size_t>(count));
        return count != 0;
    }
    void read_until(std::string& text, const std::string& part) const
    {
        while (!contains(text, part)) {
            if (!read_more(text)) throw std::runtime_error("it ended without " + part);
        }
    }

    workspace place;
    std::string path;
    int fd = -1;
};

// What starts a program with standard output or error (1 or 2) going into the pipe.
words into(const named_pipe& pipe, char descriptor)
{
    return {"sh", "-c", std::string("exec \"$0\" \"$@\" ") + descriptor + ">'" + pipe.path + "'"};
}

void check_running(simulator& sim)
{
    connection client = sim.qmp();
    CHECK(contains(answer(client, "{\"execute\": \"query-status\"}"), "\"running\""));
}

// Has the watchdog run freely for `rounds` rounds, each of which is worth a message.
void run_freely(connection& qtest, int rounds)
{
    for (const char* line :
         {"outl 0xcf8 0x80001010", "outl 0xcfc 0xfebf0000", "outl 0xcf8 0x80001004", "outw 0xcfc 2",
          "outl 0xcf8 0x80001060", "outw 0xcfc 0x0024", "writeb 0xfebf000c 0x80", "writeb 0xfebf000c 0x86",
          "writel 0xfebf0000 1", "writeb 0xfebf000c 0x80", "writeb 0xfebf000c 0x86", "writel 0xfebf0004 1",
          "outl 0xcf8 0x80001068", "outb 0xcfc 0x06"}) {
        CHECK(answer(qtest, line) == "OK");
    }
    const std::string span = std::to_string(rounds * 2 * 960);
    CHECK(answer(qtest, "clock_step " + span) == "OK " + span);
}

std::size_t count(const std::string& text, const std::string& part)
{
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

} // namespace

TEST_CASE("stalled reader: standard error that nobody reads holds nothing up, and tells later how many lines it lost")
{
    constexpr int k_rounds = 10'000;
    const named_pipe errors;
    simulator sim({"-d", "guest_errors"}, true, into(errors, '2'));
    connection qtest = sim.program.connect("qtest");
    run_freely(qtest, k_rounds);
    check_running(sim);

    std::string text;
    const std::string told = " lines of standard error dropped here";
    errors.read_until(text, told);
    const std::size_t end = text.find(told);
    const std::size_t begin = text.rfind(' ', end - 1) + 1;
    CHECK(std::stoul(text.substr(begin, end - begin)) + count(text, "stage 1 ended") == k_rounds);
    sim.program.signal(SIGTERM);
    CHECK(sim.program.wait() == 0);
}

TEST_CASE("stalled reader: a log of guest errors that is read late ends as it would have, without a further line")
{
    constexpr int k_rounds = 10'000;
    const named_pipe log;
    simulator sim({"-d", "guest_errors", "-D", log.path});
    connection qtest = sim.program.connect("qtest");
    run_freely(qtest, k_rounds);
    check_running(sim);
    std::string text;
    const std::string told = " lines of this log dropped here";
    log.read_until(text, told);
    const std::size_t end = text.find(told);
    const std::size_t begin = text.rfind('\n', end) + 1;
    CHECK(std::stoul(text.substr(begin, end - begin)) + count(text, "stage 1 ended") == k_rounds);
}

TEST_CASE("stalled reader: SIGTERM ends a program whose messages nobody reads")
{
    const named_pipe errors;
    simulator sim({"-d", "guest_errors"}, true, into(errors, '2'));
    connection qtest = sim.program.connect("qtest");
    run_freely(qtest, 10'000);
    sim.program.signal(SIGTERM);
    CHECK(sim.program.wait() == 0);
}

TEST_CASE("stalled reader: a log of qtest that nobody reads holds nothing up")
{
    const named_pipe log;
    simulator sim({"-qtest-log", log.path});
    connection qtest = sim.program.connect("qtest");
    for (int i = 0; i < 10; ++i) CHECK(contains(answer(qtest, std::string(100'000, 'x')), "FAIL"));
    check_running(sim);
    sim.program.signal(SIGTERM);
    CHECK(sim.program.wait() == 0);
}

TEST_CASE("stalled reader: a trace that nobody reads ends with a word, and the run goes on")
{
    const named_pipe trace;
    simulator sim({"-trace", "file=" + trace.path});
    connection qtest = sim.program.connect("qtest");
    for (int i = 0; i < 20; ++i) CHECK(contains(answer(qtest, std::string(1'000'000, 'x')), "FAIL"));
    check_running(sim);
    CHECK(contains(sim.place.printed(), "cannot be written to its end: nobody reads it; nothing more is recorded"));
    sim.program.signal(SIGTERM);
    CHECK(sim.program.wait() == 0);
    CHECK(count(sim.place.printed(), "-trace") == 1);
}

TEST_CASE("stalled reader: a trace that is read late misses nothing")
{
    const named_pipe trace;
    std::string text;
    {
        simulator sim({"-trace", "file=" + trace.path});
        connection qtest = sim.program.connect("qtest");
        for (int i = 0; i < 5; ++i) CHECK(contains(answer(qtest, std::string(1'000'000, 'x')), "FAIL"));
        CHECK(contains(answer(qtest, "bogus"), "FAIL"));
        trace.read_until(text, "'bogus'");
        sim.program.signal(SIGTERM);
        while (trace.read_more(text)) {}
        CHECK(sim.program.wait() == 0);
    }
    const workspace place;
    const std::string file = (place.path / "transcript").string();
    std::ofstream(file, std::ios::binary) << text;
    process again({VIGIL_SIM, "-replay", "file=" + file}, place);
    CHECK(again.wait() == 0);
    CHECK(place.printed().empty());
}

TEST_CASE("stalled reader: a timeline that nobody reads comes to its end, and says that it was cut off")
{
    const named_pipe output;
    const workspace place;
    const std::string trace = (place.path / "trace").string();
    std::ofstream rows(trace);
    rows << "{\"scenario\": \"kicks\"}\n";
    for (int i = 0; i < 3000; ++i) {
        rows << R"({"t": 0, "op": "w", "space": "cfg", "off": 96, "width": 2, "value": "0x0024"})" << '\n';
    }
    rows.close();
    words command = into(output, '1');
    for (const std::string& word :
         words{VIGIL_SIM, "-nodefaults", "-device", "i6300esb", "-clock", "free", "-guest-trace", trace, "-timeline",
               "-qmp", "unix:" + (place.path / "qmp").string() + ",server=on,wait=off"}) {
        command.push_back(word);
    }
    process program(command, place);
    CHECK(program.wait() == 0);
    CHECK(contains(place.printed(), "-timeline: nobody reads it; it is cut off"));
}

TEST_CASE("stalled reader: a daemon lets go of the standard error that it was started with")
{
    const named_pipe errors;
    const workspace place;
    words command = into(errors, '2');
    for (const std::string& word : words{VIGIL_SIM, "-nodefaults", "-daemonize", "-qmp",
                                         "unix:" + (place.path / "qmp").string() + ",server=on,wait=off"}) {
        command.push_back(word);
    }
    process caller(command, place);
    CHECK(caller.wait() == 0);
    std::string text;
    while (errors.read_more(text)) {} // to its end, although the daemon lives
    connection qmp = caller.connect("qmp");
    qmp.read_line();
    qmp.send("{\"execute\": \"qmp_capabilities\"}{\"execute\": \"quit\"}");
    CHECK(qmp.closed_by_peer());
}
