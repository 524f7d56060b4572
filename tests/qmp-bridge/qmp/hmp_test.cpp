// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <string>
#include <vector>

#include <vigil/qmp-bridge/qmp/detail/hmp.h>

#include "../fake_machine.h"

using namespace vigil;
using namespace vigil::qmp_bridge;
using runstate::run_state;

TEST_CASE("human monitor: words a state as a person would, and finds commands by each of their names")
{
    fake_machine machine;
    const auto human = [&](const char* line) { return run_human_command(machine.monitor(), line); };
    machine.enter(run_state::running);
    CHECK(human("info status") == "VM status: running\r\n");
    CHECK(human("  s  ").empty());
    CHECK(human("info  status") == "VM status: paused\r\n");
    CHECK(human("c").empty());
    CHECK(machine.control.state() == run_state::running);
    CHECK(human("").empty());
    CHECK(human("info status x") ==
          "status: extraneous characters at the end of line\r\nTry \"help info status\" for more information\r\n");
    CHECK(human("cont x") ==
          "cont|c: extraneous characters at the end of line\r\nTry \"help cont\" for more information\r\n");
    CHECK(human("info foo") == "unknown command: 'info foo'\r\n");
    CHECK(human("foo;bar") == "unknown command: 'foo;bar'\r\n");
    CHECK(human("help stop") == "stop|s  -- stop emulation\r\n");
    CHECK(human("? info status") == "info status  -- show the current VM status (running|paused)\r\n");
    CHECK(human("watchdog_action \"pau").substr(0, 32) == "watchdog_action: string expected");
    CHECK(human("watchdog_action 'pause'") == "Error: invalid parameter value: 'pause'\r\n");
    CHECK(human("watchdog_action \"pause\"").empty());
    CHECK(machine.control.actions().watchdog == runstate::watchdog_action::pause);
    CHECK(human("system_wakeup") == "Error: Unable to wake up: guest is not in suspended state\r\n");
}

TEST_CASE("human monitor: says of the machine what the queries say")
{
    fake_machine machine(vocabulary::v7_2, [](qmp_monitor::options& o) {
        o.machine.ram_bytes = 67108864;
        o.machine.name = "vm0";
        o.chardevs = [] {
            return std::vector<chardev_info>{{"mon0", "unix:/tmp/a,server=on", true}, {"mon1", "stdio", true}};
        };
    });
    const auto human = [&](const char* line) { return run_human_command(machine.monitor(), line); };
    CHECK(human("info chardev") == "mon0: filename=unix:/tmp/a,server=on\r\nmon1: filename=stdio\r\n");
    CHECK(human("info memory_size_summary") == "base memory: 67108864\r\nplugged memory: 0\r\n");
    CHECK(human("info balloon") == "Error: No balloon device has been activated\r\n");
    CHECK(human("info name") == "vm0\r\n");
    CHECK(human("info block").empty());
    CHECK(human("info iothreads").empty());
}

TEST_CASE("human monitor: help takes a name in quotes, and knows every command that info has")
{
    fake_machine machine;
    const auto human = [&](const std::string& line) { return run_human_command(machine.monitor(), line); };
    CHECK(human("help \"stop\"") == human("help stop"));
    CHECK(human("help \"info\" \"status\"") == human("help info status"));
    CHECK(human("help info") == human("info"));
    const std::string listed = human("help info");
    std::size_t count = 0;
    for (std::size_t at = 0; (at = listed.find("info ", at)) != std::string::npos; ++at, ++count) {
        if (at != 0 && listed[at - 1] != '\n') continue; // in the midst of a text
        const std::string name = listed.substr(at, listed.find(' ', at + 5) - at);
        CAPTURE(name);
        CHECK(human("help " + name) == listed.substr(at, listed.find('\n', at) + 1 - at));
        CHECK(human(name).find("unknown command") == std::string::npos);
    }
    CHECK(count > 5);
}
