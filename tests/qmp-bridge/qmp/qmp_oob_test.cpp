// SPDX-License-Identifier: Apache-2.0
// Out-of-band execution, and commands that are answered later.
#include <catch.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../fake_machine.h"
#include "../slow_command.h"

using namespace vigil;
using namespace vigil::qmp_bridge;
using runstate::run_state;

namespace {

struct exchange_row {
    std::string sent;
    std::string line; // without the line end
};

std::string status_text(run_state state)
{
    return "{\"return\": {\"status\": \"" + std::string(runstate::to_string(state)) +
           "\", \"singlestep\": false, \"running\": " + (state == run_state::running ? "true" : "false") + "}}";
}

std::string done(std::string_view id) { return R"({"return": {}, "id": ")" + std::string(id) + "\"}"; }

// A machine with a command that takes its time.
struct slow_machine {
    slow_host host;
    fake_machine machine{vocabulary::v7_2, [this](qmp_monitor::options& o) { o.commands = {host.command()}; }};
};

std::string slow(const std::string& id)
{
    return R"({"execute": "x-wait", "id": ")" + id + R"(", "arguments": {"for": "Godot"}})";
}

const std::string k_quick = R"({"execute": "query-name", "id": "quick"})";
const std::string k_out_of_band = R"({"exec-oob": "migrate-pause", "id": "oob"})";
const std::string k_out_of_band_answer =
    R"({"id": "oob", "error": {"class": "GenericError", "desc": )"
    R"("migrate-pause is currently only supported during postcopy-active state"}})";

} // namespace

TEST_CASE("out of band: what is asked for wrongly")
{
    const std::vector<exchange_row> rows{
        {R"({"exec-oob": "query-status"})", generic("The command query-status does not support OOB")},
        {R"({"exec-oob": "qmp_capabilities"})", generic("The command qmp_capabilities does not support OOB")},
        {R"({"exec-oob": "no-such"})", error_text("CommandNotFound", "The command no-such has not been found")},
        {R"({"exec-oob": 1})", generic("QMP input member 'exec-oob' must be a string")},
        {R"({"exec-oob": "query-status", "arguments": 1})", generic("QMP input member 'arguments' must be an object")},
        {R"({"exec-oob": "query-status", "arguments": {"x": 1}})",
         generic("The command query-status does not support OOB")},
        {R"({"execute": "query-status", "exec-oob": "query-status"})",
         generic("QMP input member 'exec-oob' clashes with 'execute'")},
        {R"({"exec-oob": "query-status", "execute": "query-status"})",
         generic("QMP input member 'execute' clashes with 'exec-oob'")},
        {R"({"exec-oob": "query-status", "execute": 1})", generic("QMP input member 'execute' must be a string")},
        {R"({"exec-oob": 1, "execute": 1})", generic("QMP input member 'exec-oob' must be a string")},
        {R"({"execute": "query-status"})", status_text(run_state::prelaunch)},
    };
    fake_machine machine;
    const auto client = negotiated_oob(machine);
    for (const exchange_row& row : rows) {
        INFO(row.sent);
        CHECK(ask(*client, row.sent) == row.line + "\r\n");
    }
}

TEST_CASE("out of band: a request is answered ahead of the queue")
{
    fake_machine machine;
    const auto client = negotiated_oob(machine);
    const fake_carrier carrier(*client);
    client->feed(R"({"execute": "query-name", "id": 1}{"exec-oob": "stop", "id": 2})");
    CHECK(taken(*client) ==
          lines({R"({"id": 2, "error": {"class": "GenericError", "desc": "The command stop does not support OOB"}})"}));
    CHECK(carrier.announced == 1);
    execute_all(*client);
    CHECK(taken(*client) == lines({R"({"return": {}, "id": 1})"}));
    CHECK(carrier.announced == 1);
}

TEST_CASE("out of band: thirty pipelined commands and one out of band are all answered, in order")
{
    fake_machine machine;
    const auto client = negotiated_oob(machine);
    std::string sent;
    std::vector<std::string> in_order;
    for (int i = 0; i < 30; ++i) {
        sent += R"({"execute": "query-name", "id": )" + std::to_string(i) + "}";
        in_order.push_back(R"({"return": {}, "id": )" + std::to_string(i) + "}");
    }
    std::string got = ask(*client, sent + R"({"exec-oob": "stop", "id": "oob"})");
    const std::string oob =
        R"({"id": "oob", "error": {"class": "GenericError", "desc": "The command stop does not support OOB"}})"
        "\r\n";
    const auto at = got.find(oob);
    REQUIRE(at != std::string::npos);
    CHECK(at < got.find(R"("id": 29)"));
    got.erase(at, oob.size());
    CHECK(got == lines(in_order));
}

TEST_CASE("out of band: the commands that allow it answer alike in band and out of it")
{
    const std::string no_instance = error_text("DeviceNotFound", "Instance not found");
    const std::vector<exchange_row> rows{
        {R"("query-yank"})", R"({"return": []})"},
        {R"("yank", "arguments": {"instances": []}})", R"({"return": {}})"},
        {R"("yank", "arguments": {"instances": [{"type": "migration"}]}})", no_instance},
        {R"("yank", "arguments": {"instances": [{"type": "chardev", "id": "mon0"}]}})", no_instance},
        {R"("yank", "arguments": {"instances": [{"type": "block-node", "node-name": "n"}]}})", no_instance},
        {R"("yank"})", generic("Parameter 'instances' is missing")},
        {R"("yank", "arguments": {"instances": 1}})",
         generic("Invalid parameter type for 'instances', expected: array")},
        {R"("yank", "arguments": {"instances": [1]}})",
         generic("Invalid parameter type for 'instances[0]', expected: object")},
        {R"("yank", "arguments": {"instances": [{}]}})", generic("Parameter 'instances[0].type' is missing")},
        {R"("yank", "arguments": {"instances": [{"type": "disk"}]}})",
         generic("Parameter 'type' does not accept value 'disk'")},
        {R"("yank", "arguments": {"instances": [{"type": "chardev"}]}})",
         generic("Parameter 'instances[0].id' is missing")},
        {R"("yank", "arguments": {"instances": [{"type": "chardev", "id": 1}]}})",
         generic("Invalid parameter type for 'instances[0].id', expected: string")},
        {R"("yank", "arguments": {"instances": [{"type": "migration", "id": "x"}]}})",
         generic("Parameter 'instances[0].id' is unexpected")},
        {R"("migrate-pause"})", generic("migrate-pause is currently only supported during postcopy-active state")},
        {R"("migrate-recover", "arguments": {"uri": "file:x"}})",
         generic("Migrate recover can only be run when postcopy is paused.")},
        {R"("migrate-recover"})", generic("Parameter 'uri' is missing")},
    };
    fake_machine machine;
    const auto client = negotiated_oob(machine);
    for (const exchange_row& row : rows) {
        INFO(row.sent);
        CHECK(ask(*client, R"({"execute": )" + row.sent) == row.line + "\r\n");
        client->feed(R"({"exec-oob": )" + row.sent);
        CHECK_FALSE(client->pending());
        CHECK(taken(*client) == row.line + "\r\n");
    }
}

TEST_CASE("out of band: overtakes what is queued and what is under way, and is not held up by either")
{
    slow_machine slowly;
    const auto client = negotiated_oob(slowly.machine);
    client->feed(slow("waits") + k_quick + k_out_of_band);
    CHECK(taken(*client) == lines({k_out_of_band_answer})); // ahead of what is queued
    execute_all(*client);
    CHECK(client->busy());
    CHECK_FALSE(client->pending());
    client->feed(k_out_of_band); // ahead of what is under way
    CHECK(taken(*client) == lines({k_out_of_band_answer}));
    const fake_carrier carrier(*client);
    slowly.host.answer();
    CHECK(carrier.announced == 1);
    CHECK_FALSE(client->busy());
    CHECK(client->pending());
    execute_all(*client);
    CHECK(taken(*client) == lines({done("waits"), done("quick")}));
}

TEST_CASE("out of band: what is malformed, or in band and wrong, keeps its place behind a command under way")
{
    slow_machine slowly;
    const auto client = negotiated_oob(slowly.machine);
    CHECK(ask(*client, slow("waits") + R"({"id": "wrong"} ] )" + k_out_of_band) == lines({k_out_of_band_answer}));
    slowly.host.answer();
    execute_all(*client);
    CHECK(taken(*client) == lines({done("waits"),
                                   R"({"id": "wrong", "error": {"class": "GenericError", )"
                                   R"("desc": "QMP input lacks member 'execute'"}})",
                                   generic("JSON parse error, expecting value")}));
}

TEST_CASE("out of band: eight requests wait beside the one under way, and what is behind a ninth is not seen")
{
    slow_machine slowly;
    const auto client = negotiated_oob(slowly.machine);
    ask(*client, slow("waits"));
    for (int i = 0; i < 7; ++i) client->feed(k_quick);
    client->feed(k_out_of_band);
    CHECK(taken(*client) == lines({k_out_of_band_answer}));
    client->feed(k_quick + k_out_of_band);
    CHECK(taken(*client).empty());
    slowly.host.answer();
    client->execute_one(); // makes room
    const std::string got = taken(*client);
    CHECK(got == lines({done("waits"), done("quick"), k_out_of_band_answer}));
}

TEST_CASE("later answers: without out-of-band execution everything waits")
{
    slow_machine slowly;
    const auto client = negotiated(slowly.machine);
    CHECK(ask(*client, slow("waits") + k_quick + k_out_of_band).empty());
    slowly.host.answer();
    execute_all(*client);
    CHECK(taken(*client) == lines({done("waits"), done("quick"),
                                   R"({"id": "oob", "error": {"class": "GenericError", )"
                                   R"("desc": "QMP input member 'exec-oob' is unexpected"}})"}));
}

TEST_CASE("later answers: other clients and the machine go on, and events reach the one that waits")
{
    slow_machine slowly;
    const auto waiting = negotiated_oob(slowly.machine);
    const auto other = negotiated(slowly.machine);
    ask(*waiting, slow("waits"));
    CHECK(ask(*other, R"({"execute": "cont"})") == lines({R"({T "event": "RESUME"})", R"({"return": {}})"}));
    CHECK(taken(*waiting) == lines({R"({T "event": "RESUME"})"}));
    CHECK(ask(*other, slow("second")).empty());
    slowly.host.answer();
    CHECK(taken(*waiting) == lines({done("waits")}));
    slowly.host.answer(runstate::refusal{"He does not come"});
    CHECK(taken(*other) == lines({R"({"id": "second", "error": {"class": "GenericError", "desc": )"
                                  R"("He does not come"}})"}));
}

TEST_CASE("later answers: a client that leaves takes its command along")
{
    slow_machine slowly;
    auto client = negotiated_oob(slowly.machine);
    ask(*client, slow("waits") + k_quick);
    REQUIRE(slowly.host.waiters.size() == 1);
    CHECK_FALSE(slowly.host.waiters.front().wanted.expired());
    client.reset();
    CHECK(slowly.host.waiters.front().wanted.expired());
    slowly.host.waiters.front().done(empty_object{}); // too late, and harmless
    const auto next = negotiated(slowly.machine);
    CHECK(ask(*next, R"({"execute": "query-status"})") == lines({status_text(run_state::prelaunch)}));
}

TEST_CASE("later answers: nothing is answered once the run is over")
{
    slow_machine slowly;
    const auto client = negotiated_oob(slowly.machine);
    const auto other = negotiated(slowly.machine);
    ask(*client, slow("waits") + k_quick);
    ask(*other, R"({"execute": "quit"})");
    taken(*client);
    slowly.host.answer();
    CHECK_FALSE(client->busy());
    CHECK_FALSE(client->pending());
    CHECK(taken(*client).empty());
}

TEST_CASE("later answers: a flood beside a command under way fills up, and is taken in again after it")
{
    slow_machine slowly;
    const auto client = negotiated(slowly.machine);
    ask(*client, slow("waits"));
    std::size_t sent = 0;
    while (!client->full() && sent < 1'000'000) {
        client->feed(k_quick);
        ++sent;
    }
    CHECK(client->full());
    CHECK(sent * k_quick.size() < 200'000);
    slowly.host.answer();
    CHECK_FALSE(client->full());
    execute_all(*client);
    std::string expected = lines({done("waits")});
    for (std::size_t i = 0; i < sent; ++i) expected += lines({done("quick")});
    CHECK(taken(*client) == expected);
}

TEST_CASE("later answers: a pretty client gets them over several lines")
{
    slow_machine slowly;
    const auto client = negotiated(slowly.machine, true);
    ask(*client, slow("waits"));
    slowly.host.answer();
    CHECK(taken(*client) == lines({"{", "    \"return\": {", "    },", "    \"id\": \"waits\"", "}"}));
}
