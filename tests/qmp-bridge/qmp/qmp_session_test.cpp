// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <vigil/qmp-bridge/qmp/commands/qmp_commands.h>

#include "../fake_machine.h"

using namespace vigil;
using namespace vigil::qmp_bridge;
using runstate::run_state;

namespace {

struct exchange_row {
    std::string sent;
    std::string line; // without the line end
};

const std::string k_done = R"({"return": {}})";

std::string not_found(std::string_view desc) { return error_text("CommandNotFound", desc); }

std::string command_text(std::string_view name) { return "{\"execute\": \"" + std::string(name) + "\"}"; }

std::string status_text(run_state state)
{
    return "{\"return\": {\"status\": \"" + std::string(runstate::to_string(state)) +
           "\", \"singlestep\": false, \"running\": " + (state == run_state::running ? "true" : "false") + "}}";
}

std::string event_text(std::string_view body) { return "{T \"event\": " + std::string(body) + "}"; }

} // namespace

TEST_CASE("qmp session: the greeting says what the vocabulary stands for")
{
    const auto hello = [](vocabulary words) {
        fake_machine machine(words, [](qmp_monitor::options& o) { o.machine.package = "Vigil \"x\""; });
        const auto client = machine.monitor().new_session();
        client->opened();
        return taken(*client);
    };
    CHECK(hello(vocabulary::v7_2) ==
          lines({R"({"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": "Vigil \"x\""}, )"
                 R"("capabilities": ["oob"]}})"}));
    CHECK(hello(vocabulary::v2_10) ==
          lines({R"({"QMP": {"version": {"qemu": {"micro": 0, "minor": 10, "major": 2}, "package": "Vigil \"x\""}, )"
                 R"("capabilities": []}})"}));
}

TEST_CASE("qmp session: only qmp_capabilities exists before it has succeeded")
{
    const std::string expecting = not_found("Expecting capabilities negotiation with 'qmp_capabilities'");
    const std::vector<exchange_row> rows{
        {command_text("query-status"), expecting},
        {command_text("no-such-command"), expecting},
        {command_text(""), expecting},
        {R"({"execute": "watchdog-set-action", "arguments": {"action": 7}})", expecting},
        {R"({"execute": "stop", "id": 3})", R"({"id": 3, "error": {"class": "CommandNotFound", "desc": )"
                                            R"("Expecting capabilities negotiation with 'qmp_capabilities'"}})"},
        {R"({"execute": 1})", generic("QMP input member 'execute' must be a string")},
        {R"({"execute": "stop", "foo": 1})", generic("QMP input member 'foo' is unexpected")},
        {R"({"exec-oob": "query-status"})", generic("QMP input member 'exec-oob' is unexpected")},
        {R"([])", generic("QMP input must be a JSON object")},
        {R"({"execute": "qmp_capabilities", "arguments": {"enable": ["foo"]}})",
         generic("Parameter 'null' does not accept value 'foo'")},
        {R"({"execute": "qmp_capabilities", "arguments": {"enable": "oob"}})",
         generic("Invalid parameter type for 'enable', expected: array")},
        {R"({"execute": "qmp_capabilities", "arguments": {"enable": null}})",
         generic("Invalid parameter type for 'enable', expected: array")},
        {R"({"execute": "qmp_capabilities", "arguments": {"enable": [1]}})",
         generic("Invalid parameter type for 'enable[0]', expected: string")},
        {R"({"execute": "qmp_capabilities", "arguments": {"enable": ["oob", {}]}})",
         generic("Invalid parameter type for 'enable[1]', expected: string")},
        {R"({"execute": "qmp_capabilities", "arguments": {"bar": 1}})", generic("Parameter 'bar' is unexpected")},
        {R"({"execute": "qmp_capabilities", "arguments": {"bar": 1, "enable": 1}})",
         generic("Invalid parameter type for 'enable', expected: array")},
        {command_text("query-status"), expecting}, // none of the above has ended the negotiation
        {command_text("qmp_capabilities"), k_done},
        {command_text("qmp_capabilities"), not_found("Capabilities negotiation is already complete, command ignored")},
        {R"({"execute": "qmp_capabilities", "arguments": {"bar": 1}})", generic("Parameter 'bar' is unexpected")},
        {command_text("query-status"), status_text(run_state::prelaunch)},
    };
    fake_machine machine;
    const auto client = greeted(machine);
    for (const exchange_row& row : rows) {
        INFO(row.sent);
        CHECK(ask(*client, row.sent) == row.line + "\r\n");
    }
}

TEST_CASE("qmp session: errors told at once have the line of the conversation")
{
    fake_machine machine(vocabulary::v7_2, [](qmp_monitor::options& o) { o.errors = json_errors::at_once; });
    const auto client = greeted(machine);
    CHECK(ask(*client, "nonsense ") == lines({generic("1:1: JSON parse error, invalid keyword 'nonsense'")}));
    CHECK(ask(*client, "{\n\n}") == lines({generic("QMP input lacks member 'execute'")}));
    CHECK(ask(*client, R"({"a" "b")") == lines({generic("3:7: JSON parse error, expecting ':'")}));
    CHECK(ask(*client, "}{}") == lines({generic("QMP input lacks member 'execute'")}));

    const auto other = greeted(machine);
    CHECK(ask(*other, "}") == lines({generic("1:1: JSON parse error, expecting value")}));
}

TEST_CASE("qmp session: a capability that is not offered is refused")
{
    fake_machine machine(vocabulary::v2_10);
    const auto client = greeted(machine);
    CHECK(ask(*client, R"({"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}})") ==
          lines({generic("Capability oob not available")}));
    CHECK(ask(*client, R"({"execute": "qmp_capabilities", "arguments": {"enable": ["oob", "oob"]}})") ==
          lines({generic("Capability oob, oob not available")}));
    CHECK(client->negotiating());
    CHECK(ask(*client, R"({"execute": "qmp_capabilities", "arguments": {"enable": []}})") == lines({k_done}));
    CHECK(ask(*client, R"({"exec-oob": "query-status"})") ==
          lines({generic("QMP input member 'exec-oob' is unexpected")}));
}

TEST_CASE("qmp session: the id is echoed whatever it is, after a result and before an error")
{
    fake_machine machine;
    const auto client = negotiated(machine);
    for (const std::string id : {"null", "\"\"", "[]", "{}", "0", "-9223372036854775808", "18446744073709551615",
                                 "true", "1500", R"({"a": [1, 2, {"b": null}]})", R"("\u00E9\u20AC\uD83D\uDE00/")"}) {
        INFO(id);
        CHECK(ask(*client, R"({"execute": "query-name", "id": )" + id + "}") ==
              lines({R"({"return": {}, "id": )" + id + "}"}));
        CHECK(ask(*client, R"({"execute": "x", "id": )" + id + "}") ==
              lines({R"({"id": )" + id +
                     R"(, "error": {"class": "CommandNotFound", "desc": "The command x has not been found"}})"}));
        CHECK(ask(*client, R"({"id": )" + id + "}") ==
              lines({R"({"id": )" + id +
                     R"(, "error": {"class": "GenericError", "desc": "QMP input lacks member 'execute'"}})"}));
    }
}

TEST_CASE("qmp session: errors about a request's structure")
{
    const std::vector<exchange_row> rows{
        {"[]", generic("QMP input must be a JSON object")},
        {"1 ", generic("QMP input must be a JSON object")},
        {"\"s\"", generic("QMP input must be a JSON object")},
        {"true ", generic("QMP input must be a JSON object")},
        {"null\n", generic("QMP input must be a JSON object")},
        {"{}", generic("QMP input lacks member 'execute'")},
        {R"({"arguments": {}})", generic("QMP input lacks member 'execute'")},
        {R"({"execute": 1})", generic("QMP input member 'execute' must be a string")},
        {R"({"execute": null})", generic("QMP input member 'execute' must be a string")},
        {R"({"execute": {}})", generic("QMP input member 'execute' must be a string")},
        {R"({"execute": "stop", "arguments": []})", generic("QMP input member 'arguments' must be an object")},
        {R"({"execute": "stop", "arguments": null})", generic("QMP input member 'arguments' must be an object")},
        {R"({"execute": "stop", "foo": 1})", generic("QMP input member 'foo' is unexpected")},
        {R"({"execute": "stop", "control": {}})", generic("QMP input member 'control' is unexpected")},
        {R"({"exec-oob": "stop"})", generic("QMP input member 'exec-oob' is unexpected")},
        {R"({"execute": "stop", "exec-oob": "stop"})", generic("QMP input member 'exec-oob' is unexpected")},
        {command_text("no-such"), not_found("The command no-such has not been found")},
        {command_text("Query-Status"), not_found("The command Query-Status has not been found")},
        {command_text(""), not_found("The command  has not been found")},
        {command_text("query-events"), not_found("The command query-events has not been found")},
        {R"({"execute": "a\"b\u00e9"})", not_found(R"(The command a\"b\u00E9 has not been found)")},
        // Of several failures, the first.
        {R"({"foo": 1, "execute": 1})", generic("QMP input member 'foo' is unexpected")},
        {R"({"execute": 1, "foo": 1})", generic("QMP input member 'execute' must be a string")},
        {R"({"foo": 1, "id": 1, "arguments": 1})",
         R"({"id": 1, "error": {"class": "GenericError", "desc": "QMP input member 'foo' is unexpected"}})"},
        {R"({"arguments": 1, "execute": 1})", generic("QMP input member 'arguments' must be an object")},
        {R"({"arguments": 1, "execute": "no-such"})", generic("QMP input member 'arguments' must be an object")},
        {R"({"foo": 1, "execute": "no-such"})", generic("QMP input member 'foo' is unexpected")},
        {R"({"arguments": 1})", generic("QMP input member 'arguments' must be an object")},
    };
    fake_machine machine;
    const auto client = negotiated(machine);
    for (const exchange_row& row : rows) {
        INFO(row.sent);
        CHECK(ask(*client, row.sent) == row.line + "\r\n");
    }
}

TEST_CASE("qmp session: errors about arguments")
{
    const auto set = [](const std::string& arguments) {
        return R"({"execute": "watchdog-set-action", "arguments": )" + arguments + "}";
    };
    const std::vector<exchange_row> rows{
        {command_text("watchdog-set-action"), generic("Parameter 'action' is missing")},
        {set("{}"), generic("Parameter 'action' is missing")},
        {set(R"({"x": 1})"), generic("Parameter 'action' is missing")},
        {set(R"({"action": 7})"), generic("Invalid parameter type for 'action', expected: string")},
        {set(R"({"action": null})"), generic("Invalid parameter type for 'action', expected: string")},
        {set(R"({"action": ["none"]})"), generic("Invalid parameter type for 'action', expected: string")},
        {set(R"({"action": "foo"})"), generic("Parameter 'action' does not accept value 'foo'")},
        {set(R"({"action": "Pause"})"), generic("Parameter 'action' does not accept value 'Pause'")},
        {set(R"({"action": ""})"), generic("Parameter 'action' does not accept value ''")},
        {set(R"({"action": "inject_nmi"})"), generic("Parameter 'action' does not accept value 'inject_nmi'")},
        {set(R"({"action": "none", "extra": 1})"), generic("Parameter 'extra' is unexpected")},
        {set(R"({"extra": 1, "action": "foo"})"), generic("Parameter 'action' does not accept value 'foo'")},
        {R"({"execute": "query-status", "arguments": {"x": 1}})", generic("Parameter 'x' is unexpected")},
        {R"({"execute": "query-status", "arguments": {}})", status_text(run_state::prelaunch)},
        {R"({"execute": "set-action", "arguments": {"panic": null}})",
         generic("Invalid parameter type for 'panic', expected: string")},
        {R"({"execute": "set-action", "arguments": {"panic": "poweroff"}})",
         generic("Parameter 'panic' does not accept value 'poweroff'")},
    };
    fake_machine machine;
    const auto client = negotiated(machine);
    for (const exchange_row& row : rows) {
        INFO(row.sent);
        CHECK(ask(*client, row.sent) == row.line + "\r\n");
    }
    CHECK(machine.control.actions().watchdog == runstate::watchdog_action::reset);
}

TEST_CASE("qmp session: JSON errors are answered without an id, and service goes on")
{
    struct json_row {
        std::string sent;
        std::vector<std::string> texts;
    };
    const std::string value = "expecting value";
    const std::vector<json_row> rows{
        {"}", {value}},
        {":", {value}},
        {",", {value}},
        {"]", {value}},
        {"{,}", {value}},
        {R"({"execute":})", {value}},
        {R"({"a":1,})", {value}},
        {R"({"a":1,,})", {value}},
        {"[1,]", {value}},
        {"[,]", {value}},
        {R"({"execute" "x"})", {"missing : in object pair"}},
        {R"({"a"})", {"missing : in object pair"}},
        {R"({"a",})", {"missing : in object pair"}},
        {R"({execute:"x"})", {"invalid keyword 'execute'"}},
        {"nul ", {"invalid keyword 'nul'"}},
        {R"({"id":tru})", {"invalid keyword 'tru'"}},
        {"{1:2}", {"key is not a string in object"}},
        {"{null:1}", {"key is not a string in object"}},
        {R"({"a":1 "b":2})", {"expected separator in dict"}},
        {R"({"a":1:2})", {"expected separator in dict"}},
        {"[1 2]", {"expected separator in list"}},
        {R"({"a":1,"a":2})", {"duplicate key"}},
        {R"({"execute":"stop","execute":"stop"})", {"duplicate key"}},
        {R"("\x")", {"invalid escape sequence in string"}},
        {R"("\ud800")", {R"(\\ud800 is not a valid Unicode character)"}},
        {"\"\xC3(\"", {"invalid UTF-8 sequence in string"}},
        {"@\n", {"stray '@'"}},
        {"01\n", {"stray '01'"}},
        {R"({"a":%s})", {"stray '%'", value}},
        {"\xFF", {R"(stray '\uFFFD')"}},
    };
    fake_machine machine;
    const auto client = negotiated(machine);
    for (const json_row& row : rows) {
        INFO(row.sent);
        std::string expected;
        for (const std::string& text : row.texts) expected += generic("JSON parse error, " + text) + "\r\n";
        CHECK(ask(*client, row.sent) == expected);
        CHECK(ask(*client, command_text("query-name")) == k_done + "\r\n");
    }
}

TEST_CASE("qmp session: a JSON error is answered in its place among the requests")
{
    fake_machine machine;
    machine.enter(run_state::running);
    const auto client = negotiated(machine);
    CHECK(ask(*client, command_text("stop") + "{\"a\"}" + command_text("query-status") + "[1 2]") ==
          lines({event_text("\"STOP\""), k_done, generic("JSON parse error, missing : in object pair"),
                 status_text(run_state::paused), generic("JSON parse error, expected separator in list")}));
}

TEST_CASE("qmp session: what the queries return")
{
    fake_machine machine;
    const auto client = negotiated(machine);
    const auto returned = [&](std::string_view name) { return ask(*client, command_text(name)); };
    CHECK(returned("query-version") ==
          lines({R"({"return": {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": ""}})"}));
    CHECK(returned("query-name") == lines({k_done}));
    CHECK(returned("query-uuid") == lines({R"({"return": {"UUID": "00000000-0000-0000-0000-000000000000"}})"}));
    CHECK(returned("query-target") == lines({R"({"return": {"arch": "x86_64"}})"}));
    CHECK(returned("query-kvm") == lines({R"({"return": {"enabled": false, "present": true}})"}));
    CHECK(returned("query-current-machine") == lines({R"({"return": {"wakeup-suspend-support": true}})"}));

    fake_machine named(vocabulary::v2_10, [](qmp_monitor::options& o) {
        o.machine = {"vm0", "11111111-2222-3333-4444-555555555555", "p", false};
    });
    const auto other = negotiated(named);
    CHECK(ask(*other, command_text("query-name")) == lines({R"({"return": {"name": "vm0"}})"}));
    CHECK(ask(*other, command_text("query-uuid")) ==
          lines({R"({"return": {"UUID": "11111111-2222-3333-4444-555555555555"}})"}));
    CHECK(ask(*other, command_text("query-version")) ==
          lines({R"({"return": {"qemu": {"micro": 0, "minor": 10, "major": 2}, "package": "p"}})"}));
    CHECK(ask(*other, command_text("query-current-machine")) ==
          lines({R"({"return": {"wakeup-suspend-support": false}})"}));
    CHECK(ask(*other, command_text("system_wakeup")) ==
          lines({generic("wake-up from suspend is not supported by this guest")}));
}

TEST_CASE("qmp session: query-commands lists every command once, and each is found")
{
    fake_machine machine;
    const auto client = negotiated(machine);
    const std::string listed = ask(*client, command_text("query-commands"));
    for (const std::string_view name :
         {"qmp_capabilities", "query-status", "stop", "cont", "system_reset", "system_powerdown", "system_wakeup",
          "quit", "inject-nmi", "watchdog-set-action", "set-action", "query-version", "query-commands", "query-name",
          "query-uuid", "query-target", "query-kvm", "query-current-machine"}) {
        INFO(name);
        const std::string entry = "{\"name\": \"" + std::string(name) + "\"}";
        const auto at = listed.find(entry);
        CHECK(at != std::string::npos);
        CHECK(listed.find(entry, at + 1) == std::string::npos);
        REQUIRE(find_command(name) != nullptr);
        CHECK(find_command(name)->name == name);
    }
    for (const command& one : commands()) {
        CHECK(one.arguments->kind == qapi_kind::object);
        CHECK(one.has(command_trait::in_negotiation) == (one.name == "qmp_capabilities"));
    }
}

TEST_CASE("qmp session: query-events is the 2.10 vocabulary's alone, and lists its events")
{
    fake_machine machine;
    const auto client = negotiated(machine);
    const std::string answer = ask(*client, command_text("query-events"));
    const bool old_words = machine.monitor().settings().words == vocabulary::v2_10;
    CHECK((answer.find("\"WATCHDOG\"") != std::string::npos) == old_words);
    CHECK(find_command("query-events", vocabulary::v2_10) != nullptr);
    CHECK(find_command("query-events", vocabulary::v7_2) == nullptr);
}

TEST_CASE("qmp session: query-status says each state, and running for running alone")
{
    for (std::size_t i = 0; i < runstate::k_run_state_count; ++i) {
        const auto state = static_cast<run_state>(i);
        fake_machine machine;
        machine.enter(state);
        if (machine.control.state() != state) continue; // restore-vm, save-vm: not entered by anything here
        const auto client = negotiated(machine);
        CHECK(ask(*client, command_text("query-status")) == lines({status_text(state)}));
    }
}

TEST_CASE("qmp session: set-action applies all of a request or none of it")
{
    fake_machine machine;
    const auto client = negotiated(machine);
    const auto set = [&](const std::string& arguments) {
        return ask(*client, R"({"execute": "set-action", "arguments": )" + arguments + "}");
    };
    CHECK(ask(*client, command_text("set-action")) == lines({k_done}));
    CHECK(set(R"({"watchdog": "pause", "reboot": "shutdown", "panic": "foo"})") ==
          lines({generic("Parameter 'panic' does not accept value 'foo'")}));
    CHECK(machine.control.actions().watchdog == runstate::watchdog_action::reset);
    CHECK(machine.control.actions().reboot == runstate::reboot_action::reset);
    CHECK(set(R"({"watchdog": "pause", "panic": "none", "x": 1})") == lines({generic("Parameter 'x' is unexpected")}));
    CHECK(machine.control.actions().panic == runstate::panic_action::shutdown);

    CHECK(set(R"({"watchdog": "pause", "panic": "none", "reboot": "shutdown", "shutdown": "pause"})") ==
          lines({k_done}));
    CHECK(machine.control.actions().watchdog == runstate::watchdog_action::pause);
    CHECK(machine.control.actions().panic == runstate::panic_action::none);
    CHECK(machine.control.actions().reboot == runstate::reboot_action::shutdown);
    CHECK(machine.control.actions().shutdown == runstate::shutdown_action::pause);

    CHECK(set(R"({"panic": "exit-failure"})") == lines({k_done}));
    CHECK(machine.control.actions().panic == runstate::panic_action::exit_failure);
    CHECK(machine.control.actions().watchdog == runstate::watchdog_action::pause);

    CHECK(ask(*client, R"({"execute": "watchdog-set-action", "arguments": {"action": "inject-nmi"}})") ==
          lines({k_done}));
    CHECK(machine.control.actions().watchdog == runstate::watchdog_action::inject_nmi);
    CHECK(machine.control.actions().panic == runstate::panic_action::exit_failure);
}

TEST_CASE("qmp session: the 2.10 vocabulary has no panic action none")
{
    fake_machine machine(vocabulary::v2_10);
    const auto client = negotiated(machine);
    CHECK(ask(*client, R"({"execute": "set-action", "arguments": {"watchdog": "none", "panic": "none"}})") ==
          lines({generic("Parameter 'panic' does not accept value 'none'")}));
    CHECK(machine.control.actions().watchdog == runstate::watchdog_action::reset);
    CHECK(ask(*client, R"({"execute": "set-action", "arguments": {"watchdog": "none", "panic": "exit-failure"}})") ==
          lines({k_done}));
    CHECK(machine.control.actions().panic == runstate::panic_action::exit_failure);
}

TEST_CASE("qmp session: inject-nmi is refused where nothing takes it")
{
    fake_machine machine;
    const auto client = negotiated(machine);
    CHECK(ask(*client, command_text("inject-nmi")) == lines({k_done}));
    CHECK(machine.nmis == 1);
    machine.takes_nmi = false;
    CHECK(ask(*client, command_text("inject-nmi")) ==
          lines({generic("this feature or command is not currently supported")}));
}

TEST_CASE("qmp session: state, command, lines, state")
{
    struct command_row {
        run_state before;
        std::string command;
        std::vector<std::string> wire;
        run_state after;
    };
    const std::string resume = event_text("\"RESUME\"");
    const std::string reset = event_text(R"("RESET", "data": {"guest": false, "reason": "host-qmp-system-reset"})");
    const std::string powerdown = event_text("\"POWERDOWN\"");
    const std::string not_suspended = generic("Unable to wake up: guest is not in suspended state");
    const std::string needs_reset = generic("Resetting the Virtual Machine is required");
    using s = run_state;
    std::vector<command_row> rows{
        {s::running, "stop", {event_text("\"STOP\""), k_done}, s::paused},
        {s::inmigrate, "stop", {k_done}, s::inmigrate},
        {s::running, "cont", {k_done}, s::running},
        {s::suspended, "cont", {k_done}, s::suspended},
        {s::shutdown, "cont", {needs_reset}, s::shutdown},
        {s::internal_error, "cont", {needs_reset}, s::internal_error},
        {s::finish_migrate, "cont", {generic("Migration is not finalized yet")}, s::finish_migrate},
        {s::inmigrate, "cont", {k_done}, s::inmigrate},
        {s::running, "system_reset", {reset, k_done}, s::running},
        {s::inmigrate, "system_reset", {reset, k_done}, s::inmigrate},
        {s::suspended, "system_wakeup", {event_text("\"WAKEUP\""), k_done}, s::running},
    };
    for (const s before : {s::paused, s::watchdog, s::guest_panicked, s::shutdown, s::prelaunch, s::suspended}) {
        rows.push_back({before, "stop", {k_done}, before});
        rows.push_back({before, "system_reset", {reset, k_done}, s::prelaunch});
        rows.push_back({before, "system_powerdown", {powerdown, k_done}, before});
        if (before != s::suspended) rows.push_back({before, "system_wakeup", {not_suspended}, before});
    }
    for (const s before :
         {s::paused, s::prelaunch, s::watchdog, s::guest_panicked, s::postmigrate, s::debug, s::io_error}) {
        rows.push_back({before, "cont", {resume, k_done}, s::running});
    }
    for (const command_row& row : rows) {
        INFO(runstate::to_string(row.before) << ", " << row.command);
        fake_machine machine;
        machine.enter(row.before);
        REQUIRE(machine.control.state() == row.before);
        const auto client = negotiated(machine);
        CHECK(ask(*client, command_text(row.command)) == lines(row.wire));
        CHECK(machine.control.state() == row.after);
        CHECK_FALSE(machine.control.exiting());
    }
}

TEST_CASE("qmp session: pipelined commands are answered in order, each after its own events")
{
    fake_machine machine;
    machine.enter(run_state::running);
    const auto client = negotiated(machine);
    std::string sent;
    for (const std::string_view name : {"stop", "cont", "stop", "system_reset", "query-status"}) {
        sent += command_text(name);
    }
    CHECK(ask(*client, sent) ==
          lines({event_text("\"STOP\""), k_done, event_text("\"RESUME\""), k_done, event_text("\"STOP\""), k_done,
                 event_text(R"("RESET", "data": {"guest": false, "reason": "host-qmp-system-reset"})"), k_done,
                 status_text(run_state::prelaunch)}));
}

TEST_CASE("qmp session: one command is executed at a time")
{
    fake_machine machine;
    machine.enter(run_state::running);
    const auto client = negotiated(machine);
    client->feed(command_text("stop") + command_text("query-status"));
    CHECK(machine.control.running());
    client->execute_one();
    CHECK(taken(*client) == lines({event_text("\"STOP\""), k_done}));
    CHECK(client->pending());
    client->execute_one();
    CHECK(taken(*client) == lines({status_text(run_state::paused)}));
    CHECK_FALSE(client->pending());
    client->execute_one(); // nothing waits: nothing happens
    CHECK(taken(*client).empty());
}

TEST_CASE("qmp session: half a command waits for the rest, and a client that leaves takes it along")
{
    fake_machine machine;
    machine.enter(run_state::running);
    auto client = negotiated(machine);
    CHECK(ask(*client, R"({"execute": "query-)").empty());
    CHECK_FALSE(client->pending());
    CHECK(ask(*client, R"(status"})") == lines({status_text(run_state::running)}));

    client->feed(command_text("stop") + R"({"execute": "cont)");
    client.reset();
    CHECK(machine.control.running()); // what was queued is not executed

    const auto next = greeted(machine);
    CHECK(ask(*next, command_text("query-status")) ==
          lines({not_found("Expecting capabilities negotiation with 'qmp_capabilities'")}));
    CHECK(machine.control.running());
}

TEST_CASE("qmp session: an orderly end answers the command under way and nothing after it")
{
    fake_machine machine;
    machine.enter(run_state::running);
    machine.control.set_actions({runstate::reboot_action::reset, runstate::shutdown_action::pause});
    const auto client = negotiated(machine);
    const auto other = negotiated(machine);
    other->feed(command_text("stop"));
    const std::string shutdown = event_text(R"("SHUTDOWN", "data": {"guest": false, "reason": "host-qmp-quit"})");
    CHECK(ask(*client, command_text("quit") + command_text("query-status")) == lines({shutdown, k_done}));
    CHECK(machine.exit_status == 0);
    CHECK_FALSE(other->pending());
    other->execute_one();
    CHECK(taken(*other) == lines({shutdown}));
    CHECK(ask(*client, command_text("query-status")).empty());
}

TEST_CASE("qmp session: an end at once answers not even the command under way")
{
    fake_machine machine;
    machine.control.set_actions({{}, {}, {}, runstate::watchdog_action::poweroff});
    machine.due_timers.emplace_back([&] { machine.control.watchdog_expired(); });
    const auto client = negotiated(machine);
    CHECK(ask(*client, command_text("cont") + command_text("query-status")) ==
          lines({event_text("\"RESUME\""), event_text(R"("WATCHDOG", "data": {"action": "poweroff"})")}));
    CHECK(machine.exit_status == 0);
    CHECK_FALSE(client->pending());
}

TEST_CASE("qmp session: what falls due at a command comes before its reply")
{
    fake_machine machine;
    machine.control.set_actions({{}, {}, {}, runstate::watchdog_action::pause});
    machine.due_timers.emplace_back([&] { machine.control.watchdog_expired(); });
    const auto client = negotiated(machine);
    CHECK(ask(*client, command_text("cont")) ==
          lines({event_text("\"RESUME\""), event_text(R"("WATCHDOG", "data": {"action": "pause"})"),
                 event_text("\"STOP\""), k_done}));
    CHECK(machine.control.state() == run_state::watchdog);
}

TEST_CASE("qmp session: no event comes between negotiation and its reply")
{
    fake_machine machine;
    machine.enter(run_state::running);
    machine.due_timers.emplace_back([&] { machine.control.watchdog_expired(); });
    const auto client = greeted(machine);
    CHECK(ask(*client, command_text("qmp_capabilities")) == lines({k_done}));
    CHECK(ask(*client, command_text("query-name")) ==
          lines({event_text(R"("WATCHDOG", "data": {"action": "reset"})"),
                 event_text(R"("RESET", "data": {"guest": true, "reason": "guest-reset"})"), k_done}));
}

TEST_CASE("qmp session: a pretty client gets everything over several lines")
{
    fake_machine machine;
    const auto client = machine.monitor().new_session(true);
    client->opened();
    CHECK(taken(*client) ==
          lines({"{", "    \"QMP\": {", "        \"version\": {", "            \"qemu\": {",
                 "                \"micro\": 0,", "                \"minor\": 2,", "                \"major\": 7",
                 "            },", "            \"package\": \"\"", "        },", "        \"capabilities\": [",
                 "            \"oob\"", "        ]", "    }", "}"}));
    CHECK(ask(*client, R"({"execute": "qmp_capabilities", "id": [{}, 1e400]})") ==
          lines({"{", "    \"return\": {", "    },", "    \"id\": [", "        {", "        },",
                 "        1.7976931348623157e+308", "    ]", "}"}));
    CHECK(ask(*client, R"({"execute": "x", "id": 1})") ==
          lines({"{", "    \"id\": 1,", "    \"error\": {", "        \"class\": \"CommandNotFound\",",
                 "        \"desc\": \"The command x has not been found\"", "    }", "}"}));
}

TEST_CASE("qmp session: a pretty client that asks with a deep and long id gets it back at no more than its length")
{
    fake_machine machine;
    const auto client = negotiated(machine, true);
    constexpr std::size_t k_depth = 1000;
    constexpr std::size_t k_numbers = 100'000;
    std::string id(k_depth, '[');
    for (std::size_t i = 1; i < k_numbers; ++i) id += "1,";
    id += '1' + std::string(k_depth, ']');
    for (const char* command : {"query-name", "bogus"}) {
        const std::string reply = ask(*client, "{\"execute\": \"" + std::string(command) + "\", \"id\": " + id + "}");
        CHECK(std::count(reply.begin(), reply.end(), '1') == k_numbers);
        CHECK(reply.size() < (k_numbers + 2 * k_depth + 10) * 70);
    }
}

TEST_CASE("qmp session: an id may nest as deep as the limit, a deeper one is an error and recovered from")
{
    fake_machine machine;
    const auto client = negotiated(machine);
    const auto nested = [](std::size_t depth) {
        return R"({"execute": "query-name", "id": )" + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    CHECK(ask(*client, nested(1023)) ==
          lines({R"({"return": {}, "id": )" + std::string(1023, '[') + std::string(1023, ']') + "}"}));
    const std::string got = ask(*client, nested(1024));
    CHECK(got.find("nesting depth limit exceeded") != std::string::npos);
    CHECK(ask(*client, command_text("query-name")) == lines({k_done}));
}

TEST_CASE("qmp session: the checks of arguments that no command here needs")
{
    using namespace qmp_bridge;
    static constexpr qapi_type inner_list{qapi_kind::array, {}, {}, &k_type<std::int64_t>};
    static constexpr std::array inner_members{qapi_member{"list", &inner_list, true, vocabulary::v2_10}};
    static constexpr qapi_type inner{qapi_kind::object, "Inner", {}, nullptr, inner_members};
    static constexpr std::array members{
        qapi_member{"cpu-index", &k_type<std::int64_t>, true, vocabulary::v2_10},
        qapi_member{"flag", &k_type<bool>, true, vocabulary::v2_10},
        qapi_member{"share", &k_type<double>, true, vocabulary::v2_10},
        qapi_member{"inner", &inner, true, vocabulary::v2_10},
        qapi_member{"new", &k_type<bool>, true, vocabulary::v7_2},
        qapi_member{"path", &k_type<std::string>, false, vocabulary::v2_10},
        qapi_member{"property", &k_type<std::string>, false, vocabulary::v2_10},
    };
    static constexpr qapi_type type{qapi_kind::object, {}, {}, nullptr, members};

    const auto wrong_type = [](const std::string& name, const std::string& expected) {
        return "Invalid parameter type for '" + name + "', expected: " + expected;
    };
    const std::vector<std::pair<std::string, std::string>> rows{
        {R"({"cpu-index": 1.5})", wrong_type("cpu-index", "integer")},
        {R"({"cpu-index": 1.0})", wrong_type("cpu-index", "integer")},
        {R"({"cpu-index": "1"})", wrong_type("cpu-index", "integer")},
        {R"({"cpu-index": 9223372036854775808})", wrong_type("cpu-index", "integer")},
        {R"({"flag": 1})", wrong_type("flag", "boolean")},
        {R"({"share": "1"})", wrong_type("share", "number")},
        {R"({"inner": []})", wrong_type("inner", "object")},
        {R"({"inner": {"list": {}}})", wrong_type("inner.list", "array")},
        {R"({"inner": {"list": [1, true]}})", wrong_type("inner.list[1]", "integer")},
        {R"({"inner": {"x": 1}})", "Parameter 'inner.x' is unexpected"},
        {R"({"path": "/"})", "Parameter 'property' is missing"},
        {R"({})", "Parameter 'path' is missing"},
        {R"({"path": "/", "property": "p", "new": true})", ""},
        {R"({"path": "/", "property": "p", "cpu-index": 9223372036854775807, "share": 1, "inner": {"list": []}})", ""},
    };
    for (const auto& [text, desc] : rows) {
        INFO(text);
        json_reader reader;
        reader.feed(text);
        const auto item = reader.next();
        REQUIRE(item.has_value());
        const auto& arguments = std::get<json::value>(*item).get_object();
        const auto error = check_arguments(type, arguments, vocabulary::v7_2);
        CHECK((error ? error->text : std::string()) == desc);
    }
    const json::object newer{{"path", "/"}, {"property", "p"}, {"new", true}};
    const auto error = check_arguments(type, newer, vocabulary::v2_10);
    REQUIRE(error.has_value());
    CHECK(error->text == "Parameter 'new' is unexpected");
}

// Transcripts: "-> " is sent, "<- " is what comes back, in order; ".. " happens outside QMP; "# " starts a new machine
// with the named settings.

namespace {

constexpr std::string_view k_transcripts = R"(
# prelaunch
-> {"execute": "query-status"}
<- {"return": {"status": "prelaunch", "singlestep": false, "running": false}}
-> {"execute": "cont"}
<- {T "event": "RESUME"}
<- {"return": {}}
-> {"execute": "stop"}
<- {T "event": "STOP"}
<- {"return": {}}
-> {"execute": "stop"}
<- {"return": {}}
-> {"execute": "query-status"}
<- {"return": {"status": "paused", "singlestep": false, "running": false}}
-> {"execute": "system_reset"}
<- {T "event": "RESET", "data": {"guest": false, "reason": "host-qmp-system-reset"}}
<- {"return": {}}
-> {"execute": "query-status"}
<- {"return": {"status": "prelaunch", "singlestep": false, "running": false}}
-> {"execute": "cont"}
<- {T "event": "RESUME"}
<- {"return": {}}
-> {"execute": "system_powerdown"}
<- {T "event": "POWERDOWN"}
<- {"return": {}}
-> {"execute": "quit"}
<- {T "event": "SHUTDOWN", "data": {"guest": false, "reason": "host-qmp-quit"}}
<- {"return": {}}
.. exit 0
# watchdog=reset
.. watchdog
<- {T "event": "WATCHDOG", "data": {"action": "reset"}}
<- {T "event": "RESET", "data": {"guest": true, "reason": "guest-reset"}}
-> {"execute": "query-status"}
<- {"return": {"status": "running", "singlestep": false, "running": true}}
# watchdog=shutdown
.. watchdog
<- {T "event": "WATCHDOG", "data": {"action": "shutdown"}}
<- {T "event": "POWERDOWN"}
-> {"execute": "query-status"}
<- {"return": {"status": "running", "singlestep": false, "running": true}}
# watchdog=poweroff
.. watchdog
<- {T "event": "WATCHDOG", "data": {"action": "poweroff"}}
.. exit 0
# watchdog=pause
.. watchdog
<- {T "event": "WATCHDOG", "data": {"action": "pause"}}
<- {T "event": "STOP"}
-> {"execute": "query-status"}
<- {"return": {"status": "watchdog", "singlestep": false, "running": false}}
-> {"execute": "cont"}
<- {T "event": "RESUME"}
<- {"return": {}}
-> {"execute": "query-status"}
<- {"return": {"status": "running", "singlestep": false, "running": true}}
# watchdog=debug
.. watchdog
<- {T "event": "WATCHDOG", "data": {"action": "debug"}}
-> {"execute": "query-status"}
<- {"return": {"status": "running", "singlestep": false, "running": true}}
# watchdog=none
.. watchdog
<- {T "event": "WATCHDOG", "data": {"action": "none"}}
-> {"execute": "query-status"}
<- {"return": {"status": "running", "singlestep": false, "running": true}}
# watchdog=inject-nmi
.. watchdog
<- {T "event": "WATCHDOG", "data": {"action": "inject-nmi"}}
-> {"execute": "query-status"}
<- {"return": {"status": "running", "singlestep": false, "running": true}}
# reboot=shutdown
-> {"execute": "system_reset"}
<- {T "event": "SHUTDOWN", "data": {"guest": false, "reason": "host-qmp-system-reset"}}
<- {"return": {}}
.. exit 0
# watchdog=reset reboot=shutdown
.. watchdog
<- {T "event": "WATCHDOG", "data": {"action": "reset"}}
<- {T "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}}
.. exit 0
# watchdog=reset reboot=shutdown shutdown=pause
.. watchdog
<- {T "event": "WATCHDOG", "data": {"action": "reset"}}
<- {T "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}}
<- {T "event": "STOP"}
-> {"execute": "query-status"}
<- {"return": {"status": "shutdown", "singlestep": false, "running": false}}
-> {"execute": "cont"}
<- {"error": {"class": "GenericError", "desc": "Resetting the Virtual Machine is required"}}
-> {"execute": "system_reset"}
<- {T "event": "SHUTDOWN", "data": {"guest": false, "reason": "host-qmp-system-reset"}}
<- {"return": {}}
# reboot=shutdown shutdown=pause
-> {"execute": "system_reset"}
<- {T "event": "SHUTDOWN", "data": {"guest": false, "reason": "host-qmp-system-reset"}}
<- {T "event": "STOP"}
<- {"return": {}}
# panic=shutdown
.. panic
<- {T "event": "GUEST_PANICKED", "data": {"action": "poweroff"}}
<- {T "event": "STOP"}
<- {T "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-panic"}}
.. exit 0
# shutdown=pause
.. panic
<- {T "event": "GUEST_PANICKED", "data": {"action": "pause"}}
<- {T "event": "STOP"}
-> {"execute": "query-status"}
<- {"return": {"status": "guest-panicked", "singlestep": false, "running": false}}
-> {"execute": "cont"}
<- {T "event": "RESUME"}
<- {"return": {}}
-> {"execute": "query-status"}
<- {"return": {"status": "running", "singlestep": false, "running": true}}
# panic=pause
.. panic
<- {T "event": "GUEST_PANICKED", "data": {"action": "pause"}}
<- {T "event": "STOP"}
-> {"execute": "query-status"}
<- {"return": {"status": "guest-panicked", "singlestep": false, "running": false}}
-> {"execute": "system_reset"}
<- {T "event": "RESET", "data": {"guest": false, "reason": "host-qmp-system-reset"}}
<- {"return": {}}
-> {"execute": "query-status"}
<- {"return": {"status": "prelaunch", "singlestep": false, "running": false}}
# panic=none
.. panic
<- {T "event": "GUEST_PANICKED", "data": {"action": "run"}}
-> {"execute": "query-status"}
<- {"return": {"status": "running", "singlestep": false, "running": true}}
# panic=exit-failure
.. panic
<- {T "event": "GUEST_PANICKED", "data": {"action": "poweroff"}}
<- {T "event": "STOP"}
<- {T "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-panic"}}
.. exit 1
# panic=exit-failure shutdown=pause
.. panic
<- {T "event": "GUEST_PANICKED", "data": {"action": "poweroff"}}
<- {T "event": "STOP"}
<- {T "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-panic"}}
-> {"execute": "query-status"}
<- {"return": {"status": "guest-panicked", "singlestep": false, "running": false}}
# panic=shutdown
.. panic on a vCPU
<- {T "event": "GUEST_PANICKED", "data": {"action": "poweroff"}}
<- {T "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-panic"}}
.. exit 0
# panic=exit-failure shutdown=pause
.. panic on a vCPU
<- {T "event": "GUEST_PANICKED", "data": {"action": "poweroff"}}
<- {T "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-panic"}}
<- {T "event": "STOP"}
-> {"execute": "query-status"}
<- {"return": {"status": "shutdown", "singlestep": false, "running": false}}
-> {"execute": "cont"}
<- {"error": {"class": "GenericError", "desc": "Resetting the Virtual Machine is required"}}
# shutdown=pause
.. S5
<- {T "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}
<- {T "event": "STOP"}
-> {"execute": "query-status"}
<- {"return": {"status": "shutdown", "singlestep": false, "running": false}}
-> {"execute": "cont"}
<- {"error": {"class": "GenericError", "desc": "Resetting the Virtual Machine is required"}}
-> {"execute": "system_reset"}
<- {T "event": "RESET", "data": {"guest": false, "reason": "host-qmp-system-reset"}}
<- {"return": {}}
-> {"execute": "query-status"}
<- {"return": {"status": "prelaunch", "singlestep": false, "running": false}}
# shutdown=poweroff
.. S3
<- {T "event": "SUSPEND"}
-> {"execute": "query-status"}
<- {"return": {"status": "suspended", "singlestep": false, "running": false}}
-> {"execute": "stop"}
<- {"return": {}}
-> {"execute": "cont"}
<- {"return": {}}
-> {"execute": "system_wakeup"}
<- {T "event": "WAKEUP"}
<- {"return": {}}
-> {"execute": "query-status"}
<- {"return": {"status": "running", "singlestep": false, "running": true}}
-> {"execute": "system_wakeup"}
<- {"error": {"class": "GenericError", "desc": "Unable to wake up: guest is not in suspended state"}}
# shutdown=poweroff
.. S4
<- {T "event": "SUSPEND_DISK"}
<- {T "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}
.. exit 0
# shutdown=poweroff
-> {"execute": "stop"}
<- {T "event": "STOP"}
<- {"return": {}}
.. guest reset
<- {T "event": "RESET", "data": {"guest": true, "reason": "guest-reset"}}
-> {"execute": "query-status"}
<- {"return": {"status": "prelaunch", "singlestep": false, "running": false}}
# shutdown=pause
.. SIGTERM
<- {T "event": "SHUTDOWN", "data": {"guest": false, "reason": "host-signal"}}
.. exit 0
)";

// One machine's part of the transcripts.
struct transcript {
    std::string settings;
    std::vector<std::string> steps;
};

std::vector<transcript> transcripts()
{
    std::vector<transcript> all;
    std::istringstream text{std::string(k_transcripts)};
    for (std::string line; std::getline(text, line);) {
        if (line.rfind("# ", 0) == 0) {
            all.push_back({line.substr(2), {}});
        } else if (!line.empty()) {
            all.back().steps.push_back(line);
        }
    }
    return all;
}

// Sets up what the first line of a transcript says.
void set_up(fake_machine& machine, const std::string& settings)
{
    runstate::action_set actions;
    bool run = true;
    std::istringstream words(settings);
    for (std::string word; words >> word;) {
        const std::string value = word.substr(word.find('=') + 1);
        if (word == "prelaunch") run = false;
        if (word.rfind("watchdog=", 0) == 0)
            actions.watchdog = *runstate::from_string<runstate::watchdog_action>(value);
        if (word.rfind("reboot=", 0) == 0) actions.reboot = *runstate::from_string<runstate::reboot_action>(value);
        if (word.rfind("shutdown=", 0) == 0)
            actions.shutdown = *runstate::from_string<runstate::shutdown_action>(value);
        if (word.rfind("panic=", 0) == 0) actions.panic = *runstate::from_string<runstate::panic_action>(value);
    }
    if (run) machine.enter(run_state::running);
    machine.control.set_actions(actions);
}

// Does what happens outside QMP.
void happen(fake_machine& machine, const std::string& what)
{
    using runstate::report_context;
    using runstate::shutdown_cause;
    runstate::run_control& control = machine.control;
    const std::map<std::string, std::function<void()>> deeds{
        {"watchdog", [&] { control.watchdog_expired(); }},
        {"panic", [&] { control.guest_panicked({}, report_context::main_loop); }},
        {"panic on a vCPU", [&] { control.guest_panicked({}, report_context::vcpu); }},
        {"S3", [&] { control.request_suspend(); }},
        {"S4", [&] { control.guest_suspended_to_disk(); }},
        {"S5", [&] { control.request_shutdown(shutdown_cause::guest_shutdown); }},
        {"guest reset", [&] { control.request_reset(shutdown_cause::guest_reset); }},
        {"SIGTERM", [&] { control.terminate_by_signal(); }},
        {"exit 0", [&] { CHECK(machine.exit_status == 0); }},
        {"exit 1", [&] { CHECK(machine.exit_status == 1); }},
    };
    machine.in_a_turn(deeds.at(what));
}

} // namespace

TEST_CASE("qmp session: transcripts")
{
    for (const transcript& one : transcripts()) {
        fake_machine machine;
        set_up(machine, one.settings);
        const auto client = negotiated(machine);
        std::string got;
        std::string expected;
        for (const std::string& step : one.steps) {
            const std::string rest = step.substr(3);
            if (step[0] == '<') {
                expected += rest + "\r\n";
                continue;
            }
            INFO(one.settings << ", before " << step);
            CHECK(got == expected);
            got.clear();
            expected.clear();
            if (step[0] == '-') {
                got = ask(*client, rest);
            } else {
                happen(machine, rest);
                got = taken(*client);
            }
        }
        INFO(one.settings);
        CHECK(got == expected);
    }
}

TEST_CASE("qmp session: however the bytes are cut, the answers are the same")
{
    std::string sent = command_text("query-status") +
                       R"({"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": "é"})" + "\r\n" +
                       command_text("cont") + "\n" + R"({'execute': 'query-status', 'id': -1.5e3}  12 nonsense )" +
                       R"({"execute": "set-action", "arguments": {"watchdog": "pause", "panic": "none"}, "id": [{}]})" +
                       "{\"a\":%s}" + "@\n" + "\"\\ud800\"" + "\"\\ud83d\\ude00\"" + command_text("system_reset") +
                       R"({"execute": "x", "foo": "\"}"})" + "\xFF" + command_text("stop") +
                       command_text("query-commands") + command_text("quit") + command_text("cont");
    const auto whole_run = [&](const std::vector<std::size_t>& cuts) {
        fake_machine machine;
        const auto client = machine.monitor().new_session();
        client->opened();
        std::string got = taken(*client);
        std::size_t from = 0;
        for (const std::size_t cut : cuts) {
            got += ask(*client, std::string_view(sent).substr(from, cut - from));
            from = cut;
        }
        got += ask(*client, std::string_view(sent).substr(from));
        return got;
    };
    const std::string expected = whole_run({});
    CHECK(expected.find("host-qmp-quit") != std::string::npos);
    for (std::size_t cut = 0; cut <= sent.size(); ++cut) {
        if (whole_run({cut}) != expected) {
            INFO("cut at " << cut);
            CHECK(whole_run({cut}) == expected);
        }
    }
    std::vector<std::size_t> everywhere;
    for (std::size_t cut = 1; cut < sent.size(); ++cut) everywhere.push_back(cut);
    CHECK(whole_run(everywhere) == expected);
}
