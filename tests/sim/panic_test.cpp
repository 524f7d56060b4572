// SPDX-License-Identifier: Apache-2.0
// Panics from device to socket: the Hyper-V crash MSRs and pvpanic, under every panic and shutdown action.
#include <catch.h>

#include <string>
#include <vector>

#include "simulator.h"

using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::lost;
using vigil::tests::simulator;
using vigil::tests::words;

namespace {

// What a client hears until the connection ends or the machine answers query-status: event names and their actions, and
// the run state that it ends in.
std::vector<std::string> outcome(simulator& sim, connection& client)
{
    std::vector<std::string> heard;
    try {
        client.send("{\"execute\": \"query-status\"}");
    } catch (const lost&) {
        // it has gone; what it said before is still to be read
    }
    try {
        for (;;) {
            const std::string line = client.read_line();
            const auto member = [&](const std::string& name) {
                const std::string key = "\"" + name + "\": \"";
                const std::size_t at = line.find(key);
                if (at == std::string::npos) return std::string();
                const std::size_t begin = at + key.size();
                return line.substr(begin, line.find('"', begin) - begin);
            };
            if (contains(line, "\"return\"")) {
                heard.push_back(member("status"));
                return heard;
            }
            heard.push_back(member("event") + (member("action").empty() ? "" : " " + member("action")));
        }
    } catch (const lost&) {
        heard.push_back("exit " + std::to_string(sim.program.wait().value_or(-1000)));
    }
    return heard;
}

} // namespace

TEST_CASE("panic: five values written to the crash MSRs arrive as unsigned 64-bit integers")
{
    simulator sim({"-cpu", "qemu64,hv-crash=on", "-action", "panic=pause"});
    connection client = sim.qmp();
    connection qtest = sim.program.connect("qtest");
    qtest.send("wrmsr 0x40000100 0\nwrmsr 0x40000101 0x8000000000000000\nwrmsr 0x40000102 0xffffffffffffffff\n"
               "wrmsr 0x40000103 59\nwrmsr 0x40000104 1\nrdmsr 0x40000102\nrdmsr 0x40000105\n"
               "wrmsr 0x40000105 0x8000000000000000\n");
    for (int i = 0; i < 5; ++i) CHECK(qtest.read_line() == "OK");
    CHECK(qtest.read_line() == "OK 0xffffffffffffffff");
    CHECK(qtest.read_line() == "OK 0x8000000000000000");
    CHECK(qtest.read_line() == "OK");
    const std::string event = client.read_line();
    CHECK(contains(event,
                   R"("event": "GUEST_PANICKED", "data": {"action": "pause", "info": {"type": "hyper-v", "arg1": 0, )"
                   R"("arg2": 9223372036854775808, "arg3": 18446744073709551615, "arg4": 59, "arg5": 1}}})"));
    CHECK(contains(client.read_line(), "STOP"));
}

TEST_CASE("panic: without hv-crash every one of the six MSRs faults, and so does a CPU too many")
{
    simulator sim({"-smp", "2"});
    connection qtest = sim.program.connect("qtest");
    for (int msr = 0x100; msr <= 0x105; ++msr) {
        qtest.send("rdmsr " + std::to_string(0x40000000 + msr) + " 1\nwrmsr " + std::to_string(0x40000000 + msr) +
                   " 0 1\n");
        CHECK(qtest.read_line() == "FAIL #GP");
        CHECK(qtest.read_line() == "FAIL #GP");
    }
    qtest.send("rdmsr 0x40000100 2\n");
    CHECK(contains(qtest.read_line(), "FAIL rdmsr"));
}

TEST_CASE("panic: each panic action with and without -no-shutdown, reported from the main loop")
{
    struct {
        const char* action;
        bool no_shutdown;
        std::vector<std::string> outcome;
    } const rows[] = {
        {"pause", false, {"GUEST_PANICKED pause", "STOP", "guest-panicked"}},
        {"pause", true, {"GUEST_PANICKED pause", "STOP", "guest-panicked"}},
        {"shutdown", false, {"GUEST_PANICKED poweroff", "STOP", "SHUTDOWN", "exit 0"}},
        {"shutdown", true, {"GUEST_PANICKED pause", "STOP", "guest-panicked"}},
        {"exit-failure", false, {"GUEST_PANICKED poweroff", "STOP", "SHUTDOWN", "exit 1"}},
        {"exit-failure", true, {"GUEST_PANICKED poweroff", "STOP", "SHUTDOWN", "guest-panicked"}},
        {"none", false, {"GUEST_PANICKED run", "running"}},
        {"none", true, {"GUEST_PANICKED run", "running"}},
    };
    for (const auto& row : rows) {
        for (const char* panic : {"outb 0x505 1\n", "wrmsr 0x40000105 0x8000000000000000\n"}) {
            words options{"-qmp-schema", "7.2",
                          "-device",     "pvpanic",
                          "-cpu",        "qemu64,hv-crash=on",
                          "-action",     "panic=" + std::string(row.action)};
            if (row.no_shutdown) options.push_back("-no-shutdown");
            simulator sim(options);
            connection client = sim.qmp();
            connection qtest = sim.program.connect("qtest");
            qtest.send(panic);
            try {
                qtest.read_line();
            } catch (const lost&) {
                // it has gone
            }
            INFO(row.action << (row.no_shutdown ? " -no-shutdown " : " ") << panic);
            CHECK(outcome(sim, client) == row.outcome);
        }
    }
}
