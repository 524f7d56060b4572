// SPDX-License-Identifier: Apache-2.0
// Virtual time near 2^63 - 1 ns, where it ends, and simulated time at the end of the kernel's.
#include <catch.h>

#include <csignal>
#include <string>
#include <vector>

#include "simulator.h"

using vigil::tests::answer;
using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::simulator;
using vigil::tests::words;

namespace {

const std::string k_end = "9223372036854775807";

// The reply to a command, whatever events come before it.
std::string reply(connection& client, const std::string& command, const std::string& arguments = "{}")
{
    client.send("{\"execute\": \"" + command + "\", \"arguments\": " + arguments + "}\n");
    std::string line = client.read_line();
    while (contains(line, "\"timestamp\"")) line = client.read_line();
    return line;
}

std::string in_file(const simulator& sim) { return "{\"uri\": \"file:" + (sim.place.path / "saved").string() + "\"}"; }

// Enables the watchdog at 2^63 - 1 - `before` ns, free-running on the 1 MHz scale, with its reboot output disabled or
// not and both preloads 0.
void start_at_the_edge(connection& qtest, std::int64_t before, bool reboot)
{
    const words lines{
        "outl 0xcf8 0x80001010",  "outl 0xcfc 0xfebf0000",  "outl 0xcf8 0x80001004",
        "outw 0xcfc 2",           "outl 0xcf8 0x80001060",  reboot ? "outw 0xcfc 0x0004" : "outw 0xcfc 0x0024",
        "writeb 0xfebf000c 0x80", "writeb 0xfebf000c 0x86", "writel 0xfebf0000 0",
        "writeb 0xfebf000c 0x80", "writeb 0xfebf000c 0x86", "writel 0xfebf0004 0"};
    for (const std::string& line : lines) CHECK(answer(qtest, line) == "OK");
    const std::string at = std::to_string(INT64_MAX - before);
    CHECK(answer(qtest, "clock_set " + at) == "OK " + at);
    CHECK(answer(qtest, "outl 0xcf8 0x80001068") == "OK");
    CHECK(answer(qtest, "outb 0xcfc 0x06") == "OK");
}

void check_orderly_end(simulator& sim, connection& qmp)
{
    sim.program.signal(SIGTERM);
    std::string line = qmp.read_line();
    while (!contains(line, "\"SHUTDOWN\"")) line = qmp.read_line();
    CHECK(sim.program.wait() == 0);
}

} // namespace

TEST_CASE("end of time: each step at the end of virtual time is answered, and the run ends in order")
{
    simulator sim;
    connection qmp = sim.qmp();
    connection qtest = sim.program.connect("qtest");
    CHECK(answer(qtest, "clock_set 9223372036854775806") == "OK 9223372036854775806");
    CHECK(answer(qtest, "clock_step 1") == "OK " + k_end);
    CHECK(answer(qtest, "clock_step 1") == "OK " + k_end);
    CHECK(answer(qtest, "clock_step " + k_end) == "OK " + k_end);
    CHECK(answer(qtest, "clock_step") == "OK " + k_end);
    CHECK(answer(qtest, "clock_set 0") == "OK " + k_end);
    CHECK(contains(reply(qmp, "query-status"), "\"running\""));
    CHECK(contains(reply(qmp, "stop"), "return"));
    CHECK(answer(qtest, "clock_step 5") == "OK " + k_end);
    CHECK(contains(reply(qmp, "cont"), "return"));
    check_orderly_end(sim, qmp);
}

TEST_CASE("end of time: a watchdog that would run on for ever stops where virtual time does")
{
    simulator sim;
    connection qmp = sim.qmp();
    connection qtest = sim.program.connect("qtest");
    start_at_the_edge(qtest, 5000, false);
    CHECK(answer(qtest, "clock_step 4000") == "OK " + std::to_string(INT64_MAX - 1000));
    CHECK(answer(qtest, "clock_step 4000") == "OK " + k_end);
    CHECK(contains(reply(qmp, "qom-get", R"({"path": "/machine/peripheral-anon/device[0]", "property": "deadline"})"),
                   "{\"return\": -1}"));
    CHECK(answer(qtest, "outl 0xcf8 0x80001068") == "OK");
    CHECK(answer(qtest, "outb 0xcfc 0x00") == "OK");
    CHECK(answer(qtest, "outb 0xcfc 0x06") == "OK"); // enabled anew, at the very end
    CHECK(answer(qtest, "clock_step") == "OK " + k_end);
    check_orderly_end(sim, qmp);
}

TEST_CASE("end of time: a watchdog expires in the last nanoseconds, and its event is sent")
{
    simulator sim({"-action", "watchdog=none"});
    connection qmp = sim.qmp();
    connection qtest = sim.program.connect("qtest");
    start_at_the_edge(qtest, 1, true);
    CHECK(contains(qmp.read_line(), "\"WATCHDOG\""));
    // The event limiter's period would end beyond: that is no timer to step to.
    CHECK(answer(qtest, "clock_step") == "OK " + std::to_string(INT64_MAX - 1));
    CHECK(answer(qtest, "clock_step 1") == "OK " + k_end);
    check_orderly_end(sim, qmp);
}

TEST_CASE("end of time: a machine saved at the end arrives there, runs freely, and hears SIGTERM")
{
    simulator source;
    connection its_qmp = source.qmp();
    connection its_qtest = source.program.connect("qtest");
    start_at_the_edge(its_qtest, 5'000'000, false);
    CHECK(contains(reply(its_qmp, "migrate", in_file(source)), "return"));
    std::string status = reply(its_qmp, "query-migrate");
    while (contains(status, "\"active\"")) status = reply(its_qmp, "query-migrate");
    CHECK(contains(status, "\"completed\""));

    simulator target({"-clock", "free", "-incoming", "file:" + (source.place.path / "saved").string()}, false);
    connection qmp = target.qmp();
    const std::string place = R"({"path": "/machine/peripheral-anon/device[0]", "property": "deadline"})";
    while (!contains(reply(qmp, "qom-get", place), "-1")) {} // until it has come to the end
    CHECK(contains(reply(qmp, "query-status"), "\"running\""));
    check_orderly_end(target, qmp);
}

TEST_CASE("end of time: virtual time goes on where the kernel has none left, with each timer at its own time")
{
    simulator sim({"-action", "watchdog=none"});
    connection qmp = sim.qmp();
    connection qtest = sim.program.connect("qtest");
    CHECK(contains(reply(qmp, "x-snapshot-save", in_file(sim)), "return"));
    for (int i = 0; i < 4; ++i) {
        CHECK(answer(qtest, "clock_set 9000000000000000000") == "OK 9000000000000000000");
        CHECK(contains(reply(qmp, "x-snapshot-load", in_file(sim)), "return"));
        CHECK(answer(qtest, "clock_step 0") == "OK 0");
    }
    for (const char* line :
         {"outl 0xcf8 0x80001010", "outl 0xcfc 0xfebf0000", "outl 0xcf8 0x80001004", "outw 0xcfc 2",
          "writeb 0xfebf000c 0x80", "writeb 0xfebf000c 0x86", "writel 0xfebf0000 1", "writeb 0xfebf000c 0x80",
          "writeb 0xfebf000c 0x86", "writel 0xfebf0004 2", "outl 0xcf8 0x80001068", "outb 0xcfc 0x02"}) {
        CHECK(answer(qtest, line) == "OK");
    }
    CHECK(answer(qtest, "clock_step") == "OK 983040");
    CHECK(answer(qtest, "clock_step 1966079") == "OK 2949119");
    CHECK(answer(qtest, "clock_step 1") == "OK 2949120");
    CHECK(contains(qmp.read_line(), "\"WATCHDOG\""));
    check_orderly_end(sim, qmp);
}

TEST_CASE("end of time: a recording of a run to the end repeats to the byte")
{
    vigil::tests::workspace place;
    const std::string file = (place.path / "transcript").string();
    {
        simulator sim({"-trace", "file=" + file});
        connection qmp = sim.qmp();
        connection qtest = sim.program.connect("qtest");
        start_at_the_edge(qtest, 5000, false);
        CHECK(answer(qtest, "clock_step 6000") == "OK " + k_end);
        CHECK(contains(reply(qmp, "query-status"), "\"running\""));
        CHECK(answer(qtest, "clock_step 6000") == "OK " + k_end);
        check_orderly_end(sim, qmp);
    }
    vigil::tests::process second({VIGIL_SIM, "-replay", "file=" + file}, place);
    CHECK(second.wait() == 0);
    CHECK(place.printed().empty());
}
