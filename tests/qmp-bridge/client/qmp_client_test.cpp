// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <string>
#include <vector>

#include <vigil/qmp-bridge/client/qmp_client.h>

#include "../fake_machine.h"

using namespace vigil::qmp_bridge;

namespace {

struct notes : qmp_client_listener {
    void on_ready(const std::string& version) override { all.push_back("ready: " + version); }
    void on_event(std::string_view name, const json::object& data) override
    {
        all.push_back("event: " + std::string(name) + " " + std::to_string(data.size()));
    }
    void on_nonsense(const std::string& why) override { all.push_back("nonsense: " + why); }
    void on_closed() noexcept override { all.emplace_back("closed"); }

    std::vector<std::string> all;
};

constexpr std::string_view k_greeting =
    "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 3, \"minor\": 1, \"major\": 11}, \"package\": \"\"}, "
    "\"capabilities\": [\"oob\"]}}\r\n";

} // namespace

TEST_CASE("qmp client: negotiates, gives commands and hears of events, in whatever pieces they come")
{
    notes heard;
    qmp_client client(heard);
    client.opened();
    for (const char byte : k_greeting) client.feed({&byte, 1});
    execute_all(client);
    CHECK(taken(client) == "{\"execute\": \"qmp_capabilities\"}\r\n");
    CHECK(heard.all.empty());
    CHECK(ask(client, "{\"event\": \"STOP\", \"timestamp\": {}}{\"return\": {}}").empty());
    CHECK(heard.all == std::vector<std::string>{"event: STOP 0", "ready: QEMU 11.1.3"});

    std::vector<std::string> answers;
    const auto note = [&](const json::value* result, std::string_view why) {
        answers.push_back(result != nullptr ? "done" : "failed: " + std::string(why));
    };
    client.execute("stop", note);
    client.execute("frobnicate", note);
    CHECK(taken(client) == "{\"execute\": \"stop\"}\r\n{\"execute\": \"frobnicate\"}\r\n");
    ask(client, "{\"return\": {}}{\"event\": \"RESET\", \"data\": {\"guest\": true}}"
                "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no such\"}}");
    CHECK(answers == std::vector<std::string>{"done", "failed: no such"});
    CHECK(heard.all.back() == "event: RESET 1");
    client.closed();
    CHECK(heard.all.back() == "closed");
}

TEST_CASE("qmp client: what is not QMP ends the conversation")
{
    const std::vector<std::string> inputs{
        "{\"return\": {}}",                                           // no greeting
        "[]",                                                         // no object
        "HTTP/1.1 400 Bad Request\r\n",                               // no JSON
        std::string(k_greeting) + "{\"error\": 5}",                   // refuses to negotiate, and does not say why
        std::string(k_greeting) + "{\"return\": {}}{}",               // neither event nor answer
        std::string(k_greeting) + "{\"return\": {}}{\"return\": {}}", // an answer to nothing
        std::string(2000, '['),                                       // deeper than any value
    };
    for (const std::string& input : inputs) {
        notes heard;
        qmp_client client(heard);
        client.opened();
        ask(client, input);
        INFO(input.substr(0, 200));
        CHECK(client.over());
        REQUIRE_FALSE(heard.all.empty());
        CHECK(heard.all.back().compare(0, 9, "nonsense:") == 0);
        CHECK_FALSE(client.pending());
    }
}
