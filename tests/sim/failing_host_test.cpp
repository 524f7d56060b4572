// SPDX-License-Identifier: Apache-2.0
// What the host may refuse the program: memory, descriptors, an answer about a name. A client may lose by it, or the
// start fail, in one line; the program never ends otherwise.
#include <catch.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "simulator.h"

using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::lost;
using vigil::tests::process;
using vigil::tests::read_until;
using vigil::tests::simulator;
using vigil::tests::words;
using vigil::tests::workspace;

namespace {

const std::string k_numbered_query = "{\"execute\": \"query-status\", \"id\": 7}\n";

std::size_t lines_of(const std::string& text)
{
    return text.empty() ? 0 : 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// Whether the sanitizer speaks of what SystemC itself loses, such as half a copy of the arguments or of a report.
bool of_the_kernel_alone(const std::string& printed)
{
    return contains(printed, "LeakSanitizer") && !contains(printed, "vigil::");
}

// Reads up to the line with `part`.
void check_alive(process& program)
{
    connection client = program.connect("qmp");
    CHECK(contains(client.read_line(), "\"QMP\""));
    client.send("{\"execute\": \"qmp_capabilities\"}" + k_numbered_query);
    CHECK(contains(client.read_line(), "return"));
    read_until(client, "\"status\":");
    connection tester = program.connect("qtest");
    tester.send("endianness\n");
    CHECK(tester.read_line() == "OK little");
}

// A vigil-sim whose allocations fail when it is told to.
class starving {
public:
    starving()
    {
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_) == 0);
        program = std::make_unique<process>(
            words{"env", "VIGIL_FAIL_FD=" + std::to_string(ends_[1]), VIGIL_SIM_ON_FAILING_HOST, "-nodefaults",
                  "-device", "i6300esb", "-qmp", server("qmp"), "-qmp-pretty", server("pretty"), "-qtest",
                  server("qtest"), "-qtest-log", "none", "-accel", "qtest", "-action", "watchdog=none"},
            place);
        check_alive(*program);
    }
    ~starving()
    {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }

    // Has an allocation fail soon, later each time.
    void starve()
    {
        program->signal(SIGUSR2);
        while (heard() != 'a') {}
    }
    // Whether it has failed.
    bool failed()
    {
        pollfd state = {ends_[0], POLLIN, 0};
        return ::poll(&state, 1, 0) == 1 && heard() == 'f';
    }

    workspace place;
    std::unique_ptr<process> program;

private:
    std::string server(const char* name) const
    {
        return "unix:" + (place.path / name).string() + ",server=on,wait=off";
    }
    char heard() const
    {
        pollfd state = {ends_[0], POLLIN, 0};
        char what = 0;
        constexpr int limit = 20'000;
        REQUIRE(::poll(&state, 1, limit) == 1);
        REQUIRE(::read(ends_[0], &what, 1) == 1);
        return what;
    }

    int ends_[2] = {-1, -1};
};

// Each request of a client is answered, or the client is let go.
void converse(process& program)
{
    const auto talk = [&](const char* socket, const words& requests, const char* answer) {
        try {
            connection client = program.connect(socket);
            for (const std::string& request : requests) {
                client.send(request + "\n");
                read_until(client, answer);
            }
        } catch (const lost&) {
        }
    };
    talk("qmp",
         {"{\"execute\": \"qmp_capabilities\", \"id\": 7}", k_numbered_query, "{\"execute\": \"stop\", \"id\": 7}",
          "{\"execute\": \"cont\", \"id\": 7}", "{\"execute\": \"nonsense\", \"id\": 7}",
          "{\"execute\": \"query-commands\", \"id\": 7}", "{\"execute\": \"system_reset\", \"id\": 7}"},
         "\"id\": 7");
    talk("pretty", {"{\"execute\": \"qmp_capabilities\", \"id\": 7}", k_numbered_query}, "\"id\": 7");
    talk("qtest",
         {"outl 0xcf8 0x80001010", "outl 0xcfc 0xfebf0000", "outl 0xcf8 0x80001004", "outw 0xcfc 2",
          "writew 0xfebf000c 0x80", "writew 0xfebf000c 0x86", "writel 0xfebf0000 0", "writew 0xfebf000c 0x80",
          "writew 0xfebf000c 0x86", "writel 0xfebf0004 0", "outl 0xcf8 0x80001068", "outb 0xcfc 2",
          "clock_step 100000000", "read 0x1000 100", "b64read 0x1000 100", "write 0x1000 4 0x01020304", "nonsense"},
         "");
}

} // namespace

TEST_CASE("failing host: whichever allocation fails, a client is told or let go and the program serves on")
{
    starving it;
    int failures = 0;
    connection listener = it.program->connect("qmp"); // to whom events go meanwhile
    listener.send("{\"execute\": \"qmp_capabilities\"}\n");
    constexpr int most = 3000;
    for (int i = 0; i < most; ++i) {
        CAPTURE(i);
        it.starve();
        converse(*it.program);
        if (!it.failed()) break;
        ++failures;
        REQUIRE_NOTHROW(check_alive(*it.program));
        REQUIRE_FALSE(it.program->exited());
    }
    INFO(it.place.printed());
    CHECK(failures > 100);
    CHECK(failures < most);
    it.program->signal(SIGTERM);
    CHECK(it.program->wait() == 0);
}

TEST_CASE("failing host: a termination signal ends the program whichever allocation fails then")
{
    for (int i = 1; i <= 40; ++i) {
        CAPTURE(i);
        starving it;
        for (int k = 0; k < i; ++k) it.starve();
        it.program->signal(SIGTERM);
        const auto status = it.program->wait();
        INFO(it.place.printed());
        CHECK((status == 0 || of_the_kernel_alone(it.place.printed())));
    }
}

TEST_CASE("failing host: whichever allocation of the start fails, it serves or ends with one line")
{
    int failures = 0;
    constexpr int every = VIGIL_SANITIZED != 0 ? 5 : 1; // a sanitized program takes its time to start
    for (int i = 1; i <= 400; i += (i < 100 ? 1 : 7) * every) {
        const workspace place;
        const auto server = [&](const char* name) {
            return "unix:" + (place.path / name).string() + ",server=on,wait=off";
        };
        process program({"env", "VIGIL_FAIL_ALLOCATION=" + std::to_string(i), VIGIL_SIM_ON_FAILING_HOST, "-nodefaults",
                         "-device", "i6300esb", "-qmp", server("qmp"), "-qtest", server("qtest"), "-qtest-log", "none"},
                        place);
        CAPTURE(i);
        try {
            program.connect("qtest"); // the last to be there
            program.signal(SIGTERM);
            CHECK(program.wait() == 0);
        } catch (const lost&) {
            ++failures;
            CHECK(program.wait() == 1);
            if (of_the_kernel_alone(place.printed())) continue;
            CHECK(lines_of(place.printed()) == 1);
            // In the kernel's words where it was the kernel's own.
            CHECK((place.printed() == "vigil-sim: out of memory" || contains(place.printed(), "std::bad_alloc")));
        }
    }
    CHECK(failures > 50 / every);
}

TEST_CASE("failing host: with few descriptors it serves, or ends with one line that says what")
{
    const int least = VIGIL_SANITIZED != 0 ? 14 : 3; // sanitizers need descriptors of their own
    for (int most = least; most <= 20; ++most) {
        CAPTURE(most);
        const workspace place;
        const std::string socket = (place.path / "qmp").string();
        process program({"/bin/sh", "-c",
                         "ulimit -n " + std::to_string(most) + "; exec " + VIGIL_SIM + " -qmp unix:" + socket +
                             ",server=on,wait=off"},
                        place);
        try {
            connection client = program.connect("qmp");
            const std::string greeting = client.read_line(); // not in a CHECK, which would take what it throws
            CHECK(contains(greeting, "\"QMP\""));
            program.signal(SIGTERM);
            CHECK(program.wait() == 0);
            CHECK(place.printed().empty());
        } catch (const lost&) {
            CHECK(program.wait().value_or(0) > 0);
            CHECK(lines_of(place.printed()) == 1);
            // Without a single one it is the dynamic linker that says so.
            CHECK((contains(place.printed(), "oo many open files") || contains(place.printed(), "shared libraries")));
        }
    }
}

TEST_CASE("failing host: out of descriptors, it keeps its clients, and serves new ones once there are some again")
{
    simulator sim({}, true, {"/bin/sh", "-c", "ulimit -n 24; exec \"$0\" \"$@\""});
    connection first = sim.qmp();
    {
        std::vector<connection> many; // of which the last wait
        many.reserve(40);
        for (int i = 0; i < 40; ++i) many.push_back(sim.program.connect("qmp"));
        first.send(k_numbered_query);
        read_until(first, "running");
    }
    first.send(k_numbered_query);
    read_until(first, "running");
    check_alive(sim.program);
}

TEST_CASE("failing host: a crowd of clients with long requests under way is told that they are too much")
{
    if (VIGIL_SANITIZED != 0) return; // which take all the addresses there are
    simulator sim({}, true, {"/bin/sh", "-c", "ulimit -v 786432; exec \"$0\" \"$@\""});
    check_alive(sim.program);
    const std::string mebibyte(1024UL * 1024, 'x');
    std::vector<connection> crowd;
    constexpr int clients = 7; // of which four fit
    crowd.reserve(clients);
    int refused = 0;
    for (int i = 0; i < clients; ++i) {
        crowd.push_back(i % 2 == 0 ? sim.qmp() : sim.program.connect("qtest"));
        connection& client = crowd.back();
        try {
            client.send(i % 2 == 0 ? "{\"execute\": \"" : "");
            for (int sent = 0; sent < 60; ++sent) client.send(mebibyte);
        } catch (const lost&) {
            ++refused;
            CHECK(contains(client.read_line(), "of all clients together have become too long"));
            CHECK(client.closed_by_peer());
        }
    }
    CHECK(refused == 3);
    check_alive(sim.program);
    crowd.clear();
    connection late = sim.qmp();
    late.send("{\"execute\": \"query-name\", \"arguments\": {\"x\": \"");
    for (int sent = 0; sent < 20; ++sent) late.send(mebibyte);
    late.send("\"}}");
    CHECK(contains(late.read_line(), "'x' is unexpected"));
}

TEST_CASE("failing host: a name that nobody answers for holds nothing up, not even the end")
{
    const workspace place;
    const std::string socket = (place.path / "qmp").string();
    const words command{"env",
                        "VIGIL_NO_NAMES=1",
                        VIGIL_SIM_ON_FAILING_HOST,
                        "-qmp",
                        "tcp:somewhere:4444,reconnect=1",
                        "-qmp",
                        "unix:" + socket + ",server=on,wait=off"};
    process program(command, place);
    connection client = program.connect("qmp");
    CHECK(contains(client.read_line(), "\"QMP\""));
    client.send("{\"execute\": \"qmp_capabilities\"}{\"execute\": \"quit\"}");
    read_until(client, "SHUTDOWN");
    CHECK(program.wait() == 0);
}
