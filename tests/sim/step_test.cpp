// SPDX-License-Identifier: Apache-2.0
// One client's step of the clock over any number of timers, and everybody else.
#include <catch.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

#include "simulator.h"

using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::process;
using vigil::tests::read_until;
using vigil::tests::simulator;
using vigil::tests::text_of;
using vigil::tests::words;
using vigil::tests::workspace;

namespace {

// A free-running watchdog whose stages take a microsecond each, with its reboot output enabled or not.
std::string bark_for_ever(bool enabled)
{
    const std::string mode = enabled ? "0x4" : "0x24";
    return "outl 0xcf8 0x80001010\noutl 0xcfc 0xfebf0000\noutl 0xcf8 0x80001004\noutw 0xcfc 2\n"
           "outl 0xcf8 0x80001060\noutw 0xcfc " +
           mode +
           "\nwritew 0xfebf000c 0x80\nwritew 0xfebf000c 0x86\nwritel 0xfebf0000 0\n"
           "writew 0xfebf000c 0x80\nwritew 0xfebf000c 0x86\nwritel 0xfebf0004 0\n"
           "outl 0xcf8 0x80001068\noutb 0xcfc 6\nendianness\n";
}
const char* const k_endless = "clock_step 9000000000000000000\n";

// A client amid an endless step.
connection stepping(simulator& sim, bool enabled = false)
{
    connection qtest = sim.program.connect("qtest");
    qtest.send(bark_for_ever(enabled));
    read_until(qtest, "little");
    qtest.send(k_endless);
    return qtest;
}

// What a run with a transcript wrote down is what its repetition writes down.
void check_repeats(const workspace& place, const std::string& file)
{
    process second({VIGIL_SIM, "-replay", "file=" + file, "-trace", "file=" + file + ".again"}, place);
    CHECK(second.wait() == 0);
    CHECK(place.printed().empty());
    CHECK(text_of(file + ".again") == text_of(file));
}

} // namespace

TEST_CASE("step: monitors are answered amid a step that never ends, and quit ends it")
{
    const workspace place;
    const std::string file = (place.path / "transcript").string();
    simulator sim({"-action", "watchdog=none", "-trace", "file=" + file});
    connection before = sim.qmp();
    const connection qtest = stepping(sim);
    before.send("{\"execute\": \"query-status\"}");
    read_until(before, "\"running\"");
    connection during = sim.qmp();
    during.send("{\"execute\": \"query-status\"}{\"execute\": \"quit\"}");
    read_until(during, "\"running\"");
    read_until(during, "SHUTDOWN");
    CHECK(during.read_line() == R"({"return": {}})");
    CHECK(during.closed_by_peer());
    CHECK(sim.program.wait() == 0);
    CHECK(contains(text_of(file), "\"what\": \"turn\", \"look\": "));
    check_repeats(place, file);
}

TEST_CASE("step: a stop amid a step stops the timers, and the step comes to its target at once")
{
    const workspace place;
    const std::string file = (place.path / "transcript").string();
    simulator sim({"-action", "watchdog=none", "-trace", "file=" + file});
    connection monitor = sim.qmp();
    connection qtest = stepping(sim);
    while (!contains(text_of(file), "\"look\"")) { // the first may still come before the step
        monitor.send("{\"execute\": \"query-status\"}");
        read_until(monitor, "\"running\"");
    }
    monitor.send("{\"execute\": \"stop\"}");
    read_until(monitor, "STOP");
    CHECK(monitor.read_line() == R"({"return": {}})");
    CHECK(contains(qtest.read_line(), "OK 9000000000"));
    monitor.send("{\"execute\": \"quit\"}");
    CHECK(sim.program.wait() == 0);
    check_repeats(place, file);
}

TEST_CASE("step: what was requested amid a step is served before a monitor's command, as between two commands")
{
    const workspace place;
    const std::string file = (place.path / "transcript").string();
    simulator sim({"-action", "watchdog=pause", "-trace", "file=" + file});
    connection monitor = sim.qmp();
    connection qtest = stepping(sim, true);
    // The bark asks for a stop, which the end of the turn brings: where a monitor's command comes, at the latest.
    while (!contains(text_of(file), "\"STOP")) {
        monitor.send("{\"execute\": \"query-name\"}");
        read_until(monitor, "{}");
    }
    CHECK(contains(qtest.read_line(), "OK 9000000000"));
    monitor.send("{\"execute\": \"query-status\"}");
    read_until(monitor, "\"status\": \"watchdog\"");
    monitor.send("{\"execute\": \"quit\"}");
    CHECK(sim.program.wait() == 0);
    check_repeats(place, file);
}

TEST_CASE("step: a machine that is saved amid a step is saved, and the step goes on")
{
    const workspace place;
    const std::string file = (place.path / "transcript").string();
    simulator sim({"-action", "watchdog=none", "-trace", "file=" + file});
    connection monitor = sim.qmp();
    const connection qtest = stepping(sim);
    while (!contains(text_of(file), "\"look\"")) {
        monitor.send("{\"execute\": \"query-status\"}");
        read_until(monitor, "\"running\"");
    }
    monitor.send("{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"file:" + file + ".saved\"}}");
    read_until(monitor, "return");
    for (std::string line; !contains(line, "completed"); line = monitor.read_line()) {
        monitor.send("{\"execute\": \"query-migrate\"}");
    }
    monitor.send("{\"execute\": \"quit\"}");
    CHECK(sim.program.wait() == 0);
    check_repeats(place, file);
}

TEST_CASE("step: another client's lines wait until the step ends")
{
    simulator sim({"-action", "watchdog=none"});
    connection monitor = sim.qmp();
    const connection qtest = stepping(sim);
    connection other = sim.program.connect("qtest");
    other.send("endianness\nclock_step 1\n");
    for (int i = 0; i < 100; ++i) {
        monitor.send("{\"execute\": \"query-status\"}");
        read_until(monitor, "\"running\"");
    }
    monitor.send("{\"execute\": \"stop\"}");
    CHECK(other.read_line() == "OK little");
    CHECK(contains(other.read_line(), "OK 9"));
}

TEST_CASE("step: a run repeats in which a client goes amid its own step with replies unread")
{
    const workspace place;
    const std::string file = (place.path / "transcript").string();
    simulator sim({"-action", "watchdog=none", "-trace", "file=" + file});
    connection monitor = sim.qmp();
    {
        connection gone = sim.program.connect("qtest");
        std::string reads;
        for (int i = 0; i < 12; ++i) reads += "read 0x1000 0x8000\n"; // more than a socket takes, less than holds it up
        gone.send(bark_for_ever(false) + reads);
        read_until(gone, "OK 0x00000000"); // from here on the rest waits to be sent
        gone.send(k_endless);
        while (!contains(text_of(file), "\"look\"")) {
            monitor.send("{\"execute\": \"query-status\"}");
            read_until(monitor, "\"running\"");
        }
    }
    while (!contains(text_of(file), "\"disconnect\"")) {
        monitor.send("{\"execute\": \"query-status\"}");
        read_until(monitor, "\"running\"");
    }
    monitor.send("{\"execute\": \"quit\"}");
    CHECK(sim.program.wait() == 0);
    check_repeats(place, file);
}

TEST_CASE("step: a transcript in which clients do amid a step what they cannot is refused, in words")
{
    const workspace place;
    const std::string file = (place.path / "transcript").string();
    {
        simulator sim({"-action", "watchdog=none", "-trace", "file=" + file});
        connection monitor = sim.qmp();
        const connection qtest = stepping(sim);
        while (!contains(text_of(file), "\"look\"")) {
            monitor.send("{\"execute\": \"query-status\"}");
            read_until(monitor, "\"running\"");
        }
        sim.program.signal(SIGTERM);
        CHECK(sim.program.wait() == 0);
    }
    const std::string text = text_of(file);
    const std::size_t at = text.rfind('\n', text.find("\"look\": ")) + 1; // the first record amid the step
    const std::size_t middle = text.find(", \"what\"", at);
    const std::size_t look = text.find("\"look\": ", at);
    const std::string head = text.substr(at, middle - at) + ", \"what\": ";
    const std::string tail = ", " + text.substr(look, text.find_first_of(",}", look) - look);
    for (const std::string& row :
         {"\"execute\", \"client\": 2" + tail, "\"input\", \"client\": 2" + tail + ", \"bytes\": \"endianness\\n\"",
          "\"connect\", \"client\": 2, \"server\": 1" + tail, "\"connect\", \"client\": 2, \"server\": 99" + tail,
          "\"job\"" + tail, "\"signal\", \"number\": 15" + tail, "\"disconnect\", \"client\": 2" + tail}) {
        std::ofstream(file + ".crafted") << text.substr(0, at) << head << row << "}\n" << text.substr(at);
        const workspace one;
        process program({VIGIL_SIM, "-replay", "file=" + file + ".crafted"}, one);
        INFO(row);
        CHECK(program.wait() == 1);
        CHECK(contains(one.printed(), "recorded {"));
    }
}

TEST_CASE(
    "step: interrupt lines of a client that does not read are dropped beyond its queue, and again in a repetition")
{
    const workspace place;
    const std::string file = (place.path / "transcript").string();
    simulator sim({"-clients", "queue=4K", "-trace", "file=" + file});
    connection sleeper = sim.program.connect("qtest");
    sleeper.send("irq_intercept_in ioapic\n");
    CHECK(sleeper.read_line() == "OK");
    connection busy = sim.program.connect("qtest");
    std::string lines;
    constexpr int pairs = 500;
    for (int i = 0; i < pairs; ++i) {
        lines += "set_irq_in ioapic unnamed-gpio-in 3 1\nset_irq_in ioapic unnamed-gpio-in 3 0\n";
    }
    for (int i = 0; !contains(sim.place.printed(), "dropping its interrupt lines"); ++i) {
        REQUIRE(i < 1000);
        busy.send(lines);
        for (int line = 0; line < 2 * pairs; ++line) REQUIRE(busy.read_line() == "OK");
    }
    CHECK(contains(text_of(file), "\"unsent\": "));
    for (int i = 0; i < 1000; ++i) REQUIRE(contains(sleeper.read_line(), "IRQ "));
    connection monitor = sim.qmp();
    monitor.send("{\"execute\": \"quit\"}");
    CHECK(sim.program.wait() == 0);
    process second({VIGIL_SIM, "-replay", "file=" + file, "-trace", "file=" + file + ".again"}, place);
    CHECK(second.wait() == 0);
    CHECK(text_of(file + ".again") == text_of(file));
}
