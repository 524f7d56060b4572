// SPDX-License-Identifier: Apache-2.0
// The example platform that serves QMP in three lines, as a client meets it.
#include <catch.h>

#include <string>

#include <program_under_test.h>

using namespace vigil::tests;

namespace {

struct platform {
    explicit platform(const std::string& tail = ",server=on,wait=off") : program(command(tail), place) {}
    std::vector<std::string> command(const std::string& tail) const
    {
        return {VIGIL_QMP_PLATFORM, "unix:" + (place.path / "qmp").string() + tail};
    }

    workspace place;
    process program;
};

// What the client reads next that has this in it; everything before it is skipped.
std::string next_with(connection& client, const std::string& part)
{
    for (;;) {
        std::string line = client.read_line();
        if (line.find(part) != std::string::npos) return line;
    }
}

} // namespace

TEST_CASE("qmp platform: its watchdog barks on the socket, can be looked at, and quit ends it")
{
    platform p;
    connection client = p.program.connect("qmp");
    CHECK(client.read_line().find("\"QMP\"") != std::string::npos);
    client.send("{\"execute\": \"qmp_capabilities\"}\n");
    CHECK(next_with(client, "return") == "{\"return\": {}}");
    client.send("{\"execute\": \"cont\"}\n");
    next_with(client, "\"RESUME\"");
    next_with(client, "\"WATCHDOG\"");
    next_with(client, "\"RESET\"");
    client.send(R"({"execute": "qom-get", "arguments": {"path": "wdt0", "property": "previous-reboot"}})");
    CHECK(next_with(client, "return") == "{\"return\": true}");
    client.send(R"({"execute": "human-monitor-command", "arguments": {"command-line": "info watchdog"}})");
    CHECK(next_with(client, "return").find("/machine/peripheral/wdt0 (i6300esb)") != std::string::npos);
    client.send("{\"execute\": \"quit\"}");
    next_with(client, "\"SHUTDOWN\"");
    CHECK(p.program.wait() == 0);
}

TEST_CASE("qmp platform: an address that is wrong, or cannot be had, is an error that names both")
{
    for (const char* tail : {",server=maybe", "/no/such/folder,server=on"}) {
        CAPTURE(tail);
        platform p(tail);
        CHECK(p.program.wait().value_or(0) != 0);
        const std::string printed = p.place.printed();
        CHECK(printed.find("/vigil/qmp-bridge/") != std::string::npos);
        CHECK(printed.find("qmp: ") != std::string::npos);
        CHECK(printed.find(p.place.path.string()) != std::string::npos);
    }
}
