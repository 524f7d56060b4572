// SPDX-License-Identifier: Apache-2.0
// What clients and command lines may do wrong, over the real sockets of the real program: it answers, loses nothing and
// lives on; where it cannot start it says why in one line and exits with 1.
#include <catch.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "simulator.h"

using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::k_query;
using vigil::tests::k_running;
using vigil::tests::process;
using vigil::tests::simulator;
using vigil::tests::words;
using vigil::tests::workspace;

namespace {

// Runs vigil-sim to its end: the exit status, and what it printed in `printed`.
int run(const words& arguments, std::string& printed)
{
    words command{VIGIL_SIM};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const workspace place;
    process program(command, place);
    const auto status = program.wait();
    printed = place.printed();
    return status.value_or(-1000);
}

void check_alive(simulator& sim)
{
    connection client = sim.qmp();
    client.send(k_query);
    CHECK(contains(client.read_line(), "\"status\":"));
}

// Sanitizers keep freed memory for a while, so that its size says nothing there.
void check_memory_below(const simulator& sim, std::size_t bytes)
{
    if (VIGIL_SANITIZED == 0) CHECK(sim.program.resident_bytes() < bytes);
}

// The barking of a watchdog with preloads of zero, as qtest lines.
std::string bark(int times)
{
    std::string lines = "outl 0xcf8 0x80001010\noutl 0xcfc 0xfebf0000\noutl 0xcf8 0x80001004\noutw 0xcfc 2\n";
    for (int i = 0; i < times; ++i) {
        lines += "writew 0xfebf000c 0x80\nwritew 0xfebf000c 0x86\nwritel 0xfebf0000 0\n"
                 "writew 0xfebf000c 0x80\nwritew 0xfebf000c 0x86\nwritel 0xfebf0004 0\n"
                 "outl 0xcf8 0x80001068\noutb 0xcfc 2\n";
    }
    return lines;
}

} // namespace

TEST_CASE("abuse: several clients on one socket are served at once, each with its own events")
{
    simulator sim;
    connection first = sim.qmp();
    connection second = sim.qmp();
    connection still_negotiating = sim.program.connect("qmp");
    still_negotiating.read_line();
    first.send("{\"execute\": \"stop\"}");
    CHECK(contains(first.read_line(), "STOP"));
    CHECK(first.read_line() == R"({"return": {}})");
    CHECK(contains(second.read_line(), "STOP"));
    still_negotiating.send("{\"execute\": \"qmp_capabilities\"}");
    CHECK(still_negotiating.read_line() == R"({"return": {}})");
}

TEST_CASE("abuse: half a command and a disconnect leave nothing behind")
{
    simulator sim;
    for (int i = 0; i < 50; ++i) {
        connection client = sim.qmp();
        client.send("{\"execute\": \"query-st");
    }
    for (int i = 0; i < 50; ++i) {
        connection client = sim.program.connect("qtest");
        client.send("clock_step 1");
    }
    check_alive(sim);
}

TEST_CASE("abuse: a client that closes its writing side still gets its replies, then the end")
{
    simulator sim;
    connection client = sim.program.connect("qmp");
    client.send("{\"execute\": \"qmp_capabilities\"}" + k_query + k_query);
    client.finish_sending();
    CHECK(contains(client.read_line(), "\"QMP\""));
    CHECK(client.read_line() == R"({"return": {}})");
    CHECK(client.read_line() == k_running);
    CHECK(client.read_line() == k_running);
    CHECK(client.closed_by_peer());
    check_alive(sim);
}

TEST_CASE("abuse: nesting beyond the limit is one error and one for each bracket left over")
{
    simulator sim;
    connection client = sim.qmp();
    client.send(std::string(1025, '[') + std::string(1025, ']'));
    CHECK(contains(client.read_line(), "JSON nesting depth limit exceeded"));
    for (int i = 0; i < 1025; ++i) CHECK(contains(client.read_line(), "expecting value"));
    client.send("{\"execute\": \"query-status\", \"id\": " + std::string(1023, '[') + std::string(1023, ']') + "}");
    CHECK(contains(client.read_line(), "[[[[[["));
}

TEST_CASE("abuse: garbage on the QMP socket is answered with errors until FF brings back order")
{
    simulator sim;
    connection client = sim.qmp();
    std::string garbage;
    for (int i = 0; i < 4096; ++i) garbage += static_cast<char>(i * 131 + i / 7);
    client.send(garbage + "\xff" + k_query);
    for (std::string line; line != k_running;) {
        line = client.read_line();
        CHECK((line == k_running || contains(line, "\"error\"")));
    }
}

TEST_CASE("abuse: malformed qtest lines fail one by one and the next is served")
{
    simulator sim;
    connection client = sim.program.connect("qtest");
    for (const char* line : {"", "inb", "inb zz", "inb 0x10000", "inb  0x61", "clock_step x", "writel 0x1000",
                             "read 0x1000", "read 0x1000 0", "bogus", " inb 0x61", "b64write 0x1000 4 %%%%",
                             "memset 0x1000", "read 0x1000 0xffffffffffffffff", "\x01\x02\xff"}) {
        client.send(std::string(line) + "\n");
        INFO(line);
        CHECK(client.read_line().rfind("FAIL", 0) == 0);
    }
    client.send("endianness\nclock_step 5\n");
    CHECK(client.read_line() == "OK little");
    CHECK(client.read_line() == "OK 5");
}

TEST_CASE("abuse: a client that sends without reading is held up alone")
{
    simulator sim;
    connection flood = sim.qmp();
    const std::string many = [] {
        std::string text;
        for (int i = 0; i < 1000; ++i) text += k_query;
        return text;
    }();
    std::size_t sent = 0;
    for (int i = 0; i < 2000 && sent < 64U * 1024 * 1024; ++i) sent += flood.send_some(many);
    check_alive(sim);
    check_memory_below(sim, 256U * 1024 * 1024);
}

TEST_CASE("abuse: quit is answered, flushed and ends with status 0")
{
    simulator sim;
    connection client = sim.qmp();
    client.send("{\"execute\": \"quit\"}" + k_query);
    CHECK(contains(client.read_line(), "SHUTDOWN"));
    CHECK(client.read_line() == R"({"return": {}})");
    CHECK(client.closed_by_peer());
    CHECK(sim.program.wait() == 0);
    CHECK_FALSE(std::filesystem::exists(sim.place.path / "qmp"));
}

TEST_CASE("abuse: termination signals end the run in order, whatever the shutdown action says")
{
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        simulator sim({"-no-shutdown"}, number == SIGTERM);
        connection client = sim.qmp();
        sim.program.signal(number);
        CHECK(contains(client.read_line(), "SHUTDOWN"));
        CHECK(client.closed_by_peer());
        CHECK(sim.program.wait() == 0);
    }
}

TEST_CASE("abuse: at poweroff by the watchdog nothing more is answered, not even the cont that let it happen")
{
    simulator sim({"-action", "watchdog=poweroff"});
    connection client = sim.qmp();
    connection qtest = sim.program.connect("qtest");
    client.send("{\"execute\": \"stop\"}");
    client.read_line();
    client.read_line();
    qtest.send(bark(1));
    for (int i = 0; i < 12; ++i) CHECK(qtest.read_line() == "OK");
    client.send("{\"execute\": \"cont\"}");
    CHECK(contains(client.read_line(), "RESUME"));
    CHECK(contains(client.read_line(), "WATCHDOG"));
    CHECK_THROWS_AS(client.read_line(), vigil::tests::lost);
    CHECK(sim.program.wait() == 0);
}

TEST_CASE("abuse: a paced machine barks by itself while a client only listens")
{
    simulator sim({"-action", "watchdog=pause", "-clock", "paced,factor=1000"}, false);
    connection client = sim.qmp();
    connection qtest = sim.program.connect("qtest");
    std::string lines = bark(1);
    lines.replace(lines.find("writel 0xfebf0000 0"), 19, "writel 0xfebf0000 1000");
    qtest.send(lines);
    for (int i = 0; i < 12; ++i) CHECK(qtest.read_line() == "OK");
    CHECK(contains(client.read_line(), "WATCHDOG"));
    CHECK(contains(client.read_line(), "STOP"));
    qtest.send("clock_step 1\n");
    CHECK(qtest.read_line() == "FAIL Unknown command 'clock_step'");
}

TEST_CASE("abuse: intercepted interrupts go to whoever asked, and to nobody once that client is gone")
{
    simulator sim;
    connection first = sim.program.connect("qtest");
    {
        connection second = sim.program.connect("qtest");
        second.send("irq_intercept_in ioapic\n");
        CHECK(second.read_line() == "OK");
        first.send("set_irq_in ioapic unnamed-gpio-in 3 1\n");
        CHECK(first.read_line() == "OK");
        CHECK(second.read_line() == "IRQ raise 3");
    }
    first.send("set_irq_in ioapic unnamed-gpio-in 3 0\nset_irq_in ioapic unnamed-gpio-in 3 1\n");
    CHECK(first.read_line() == "OK");
    CHECK(first.read_line() == "OK");
    check_alive(sim);
}

TEST_CASE("abuse: a signal ends a clock_step that would take for ever")
{
    simulator sim({"-action", "watchdog=none"});
    connection qtest = sim.program.connect("qtest");
    // Free-running, reboot disabled, 1 MHz, both preloads zero.
    std::string lines = bark(1);
    lines.replace(lines.find("outb 0xcfc 2"), 12, "outb 0xcfc 6");
    qtest.send("outl 0xcf8 0x80001060\noutw 0xcfc 0x24\n" + lines);
    for (int i = 0; i < 14; ++i) CHECK(qtest.read_line() == "OK");
    qtest.send("clock_step 9223372036854775807\n");
    sim.program.signal(SIGTERM);
    CHECK(sim.program.wait() == 0);
}

TEST_CASE("abuse: a signal ends the wait for a first client")
{
    const workspace place;
    const std::string path = (place.path / "qmp").string();
    process program({VIGIL_SIM, "-qmp", "unix:" + path + ",server=on"}, place);
    while (!std::filesystem::exists(path) || !contains(place.printed(), "waiting for connection")) {
        REQUIRE_FALSE(program.exited());
    }
    program.signal(SIGTERM);
    CHECK(program.wait() == 1);
    CHECK(contains(place.printed(), "interrupted by a signal"));
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("abuse: a second instance leaves the first one's pid file alone")
{
    const workspace place;
    const std::string file = (place.path / "pid").string();
    simulator sim({"-pidfile", file});
    check_alive(sim);
    std::string printed;
    CHECK(run({"-pidfile", file}, printed) == 1);
    CHECK(contains(printed, "belongs to a program that still runs"));
    CHECK(std::filesystem::file_size(file) > 1);
}

TEST_CASE("abuse: vigil-qmp prints the reply, whatever words are in it, and what quit leaves behind")
{
    simulator sim({"-name", "event"});
    check_alive(sim);
    const workspace place;
    process one({VIGIL_QMP, (sim.place.path / "qmp").string(), "query-name"}, place);
    CHECK(one.wait() == 0);
    CHECK(contains(place.printed(), R"({"return": {"name": "event"}})"));
    process refused({VIGIL_QMP, (sim.place.path / "qmp").string(), "watchdog-set-action", "action=bogus"}, place);
    CHECK(refused.wait() == 1);
    CHECK(contains(place.printed(), "does not accept value 'bogus'"));
}

TEST_CASE("abuse: a timeline as fast as it goes misses no bark, and ends where there can be none")
{
    const workspace place;
    const std::string trace = (place.path / "trace").string();
    // One stage pair of 960 ns each, with the reboot output disabled.
    std::ofstream(trace) << R"({"scenario": "silent"}
{"t": 0, "op": "w", "space": "cfg", "off": 96, "width": 2, "value": "0x0024"}
{"t": 0, "op": "w", "space": "bar0", "off": 12, "width": 2, "value": "0x0080"}
{"t": 0, "op": "w", "space": "bar0", "off": 12, "width": 2, "value": "0x0086"}
{"t": 0, "op": "w", "space": "bar0", "off": 0, "width": 4, "value": "0x00000001"}
{"t": 0, "op": "w", "space": "cfg", "off": 104, "width": 1, "value": "0x02"}
)";
    for (const std::string& file : {std::string(VIGIL_TRACE), trace}) {
        for (const char* action : {"pause", "reset", "none"}) {
            std::string printed;
            INFO(file << " " << action);
            CHECK(run({"-nodefaults", "-clock", "free", "-device", "i6300esb", "-action",
                       "watchdog=" + std::string(action), "-qmp",
                       "unix:" + (place.path / "qmp").string() + ",server=on,wait=off", "-guest-trace", file,
                       "-timeline"},
                      printed) == 0);
            CHECK(contains(printed, "\"WATCHDOG\"") == (file != trace));
        }
    }
}

TEST_CASE("abuse: a start that cannot be is one line and status 1")
{
    const workspace place;
    const std::string file = (place.path / "plain").string();
    std::ofstream(file) << "not a socket";
    const std::string long_path = "/tmp/" + std::string(200, 'x');
    const std::string bad_trace = (place.path / "trace").string();
    std::ofstream(bad_trace) << "{\"scenario\": \"a\"}\n{\"t\": 1, \"op\": \"w\"}\n";
    struct {
        words arguments;
        std::string text;
    } const rows[] = {
        {{"-qmp", "unix:/nonexistent/qmp,server=on,wait=off"}, "/nonexistent/qmp"},
        {{"-qmp", "unix:" + file + ",server=on,wait=off"}, "not a socket"},
        {{"-qmp", "unix:path=,server=on,wait=off"}, "'unix:' needs a path"},
        {{"-qmp", "unix:path="}, "'unix:' needs a path"},
        {{"-chardev", "socket,id=m,path=,server=on,wait=off", "-mon", "m,mode=control"}, "'path' is empty"},
        {{"-chardev", "socket,id=m,path=,reconnect=1", "-mon", "m,mode=control"}, "'path' is empty"},
        {{"-qmp", "unix:" + long_path + ",server=on,wait=off"}, "too long"},
        {{"-qmp", "unix:" + (place.path / "nobody").string()}, "Failed to connect"},
        {{"-qmp", "tcp:127.0.0.1:99999,server=on,wait=off"}, "'99999' is not a port from 0 to 65535"},
        {{"-chardev", "socket,id=m,fd=99", "-mon", "m,mode=control"}, "not an open socket"},
        {{"-pidfile", "/nonexistent/pid"}, "cannot be created"},
        {{"-nodefaults", "-device", "i6300esb,addr=2", "-device", "i6300esb,addr=2"}, "in use by i6300esb"},
        {{"-guest-trace", bad_trace}, "trace:2: "},
        {{"-guest-trace", "/nonexistent/trace"}, "/nonexistent/trace: No such file"},
        {{"-device", "nonsense"}, "not a valid device model name"},
        {{"-qmp", "unix:/tmp/x,server=on,wait=off", "-qtest", "unix:/tmp/x,server=on,wait=off"}, "in use by two"},
    };
    for (const auto& row : rows) {
        std::string printed;
        INFO(row.text);
        CHECK(run(row.arguments, printed) == 1);
        INFO(printed);
        CHECK(contains(printed, row.text));
        CHECK(printed.rfind("vigil-sim: ", 0) == 0);
        CHECK_FALSE(contains(printed, "\n"));
    }
}

TEST_CASE("abuse: a relative path in a folder that is gone is one line and status 1")
{
    for (const char* options : {",reconnect=1", ",server=on,wait=off"}) {
        const workspace place;
        const std::string folder = (place.path / "gone").string();
        process program({"/bin/sh", "-c",
                         "mkdir " + folder + " && cd " + folder + " && rmdir " + folder + " && exec " + VIGIL_SIM +
                             " -qmp unix:x" + options},
                        place);
        CHECK(program.wait() == 1);
        INFO(place.printed());
        CHECK(contains(place.printed(), "unix:x"));
        CHECK(contains(place.printed(), "No such file or directory"));
        CHECK_FALSE(contains(place.printed(), "\n"));
    }
}

TEST_CASE("abuse: help and version print and exit with 0")
{
    std::string printed;
    CHECK(run({"-help"}, printed) == 0);
    CHECK(contains(printed, "Accepted without effect"));
    CHECK(run({"--version"}, printed) == 0);
    CHECK(contains(printed, "Vigil"));
}
