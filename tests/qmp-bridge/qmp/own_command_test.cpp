// SPDX-License-Identifier: Apache-2.0
// Commands that a program adds to its monitor.
#include <catch.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "../fake_machine.h"
#include "../slow_command.h"

using namespace vigil;
using namespace vigil::qmp_bridge;

namespace {

struct lamp_arguments {
    std::int64_t times;
};

struct lamp_info {
    std::int64_t blinks;
};

} // namespace

namespace vigil::qmp_bridge {

template <> struct described<lamp_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"times", &lamp_arguments::times}};
};
template <> struct described<lamp_info> {
    static constexpr std::string_view name = "LampInfo";
    static constexpr std::tuple members{member{"blinks", &lamp_info::blinks}};
};

} // namespace vigil::qmp_bridge

namespace {

// A program with a lamp, which a broken one refuses to light.
struct lamp_program {
    std::int64_t blinks = 0;
    bool broken = false;

    result<empty_object> blink(const lamp_arguments& arguments)
    {
        if (broken) return refusal{"The lamp is broken", error_class::device_not_active};
        blinks += arguments.times;
        return empty_object{};
    }

    std::vector<own_command> commands()
    {
        return {own_command("x-blink", command_trait::allow_oob,
                            [this](const command_context& /*c*/, const lamp_arguments& a) { return blink(a); }),
                own_command("x-query-lamp", command_trait::allow_preconfig,
                            [this](const command_context& /*c*/) { return result<lamp_info>(lamp_info{blinks}); })};
    }
};

} // namespace

TEST_CASE("own commands: they are executed, checked and refused as the monitor's own are")
{
    lamp_program program;
    fake_machine machine(vocabulary::v7_2, [&](qmp_monitor::options& o) { o.commands = program.commands(); });
    const auto client = negotiated(machine);
    CHECK(ask(*client, R"({"execute": "x-blink", "arguments": {"times": 3}, "id": 1})") ==
          lines({R"({"return": {}, "id": 1})"}));
    CHECK(ask(*client, R"({"execute": "x-query-lamp"})") == lines({R"({"return": {"blinks": 3}})"}));
    CHECK(ask(*client, R"({"execute": "x-blink"})") == lines({generic("Parameter 'times' is missing")}));
    CHECK(ask(*client, R"({"execute": "x-query-lamp", "arguments": {"no": 1}})") ==
          lines({generic("Parameter 'no' is unexpected")}));
    program.broken = true;
    CHECK(ask(*client, R"({"execute": "x-blink", "arguments": {"times": 1}})") ==
          lines({error_text("DeviceNotActive", "The lamp is broken")}));
}

TEST_CASE("own commands: they are listed with the monitor's own, and introspected")
{
    lamp_program program;
    fake_machine machine(vocabulary::v7_2, [&](qmp_monitor::options& o) { o.commands = program.commands(); });
    const auto client = negotiated(machine);
    const std::string listed = ask(*client, R"({"execute": "query-commands"})");
    CHECK(listed.find(R"({"name": "x-blink"}, {"name": "x-query-lamp"}])") != std::string::npos);
    const std::string schema = ask(*client, R"({"execute": "query-qmp-schema"})");
    CHECK(schema.find(R"({"meta-type": "command", "name": "x-blink", "arg-type": ")") != std::string::npos);
    CHECK(schema.find(R"({"name": "times", "type": "int"})") != std::string::npos);
    CHECK(schema.find(R"({"name": "blinks", "type": "int"})") != std::string::npos);
}

TEST_CASE("own commands: each says whether it goes out of band, and before the machine is initialised")
{
    lamp_program program;
    fake_machine machine(vocabulary::v7_2, [&](qmp_monitor::options& o) {
        o.commands = program.commands();
        o.preconfig = true;
    });
    const auto client = negotiated_oob(machine);
    CHECK(ask(*client, R"({"execute": "x-query-lamp"})") == lines({R"({"return": {"blinks": 0}})"}));
    const std::string_view blink = R"("x-blink", "arguments": {"times": 1}})";
    CHECK(ask(*client, R"({"execute": )" + std::string(blink)) ==
          lines({generic("The command 'x-blink' is permitted only after machine initialization has completed")}));
    CHECK(ask(*client, R"({"exec-oob": "x-query-lamp"})") ==
          lines({generic("The command x-query-lamp does not support OOB")}));
    machine.monitor().leave_preconfig();
    client->feed(R"({"exec-oob": )" + std::string(blink));
    CHECK(taken(*client) == lines({R"({"return": {}})"}));
    CHECK(program.blinks == 1);
}

TEST_CASE("own commands: one may be done later")
{
    slow_host host;
    fake_machine machine(vocabulary::v7_2, [&](qmp_monitor::options& o) { o.commands = {host.command()}; });
    const auto client = negotiated(machine);
    CHECK(ask(*client, R"({"execute": "x-wait", "arguments": {"for": "dawn"}})").empty());
    CHECK(host.waiters.front().what == "dawn");
    host.answer();
    CHECK(taken(*client) == lines({R"({"return": {}})"}));
}

TEST_CASE("own commands: none may have another's name")
{
    const auto named = [](std::string_view name) {
        return own_command(name, 0, [](const command_context& /*c*/) { return result<empty_object>(empty_object{}); });
    };
    const auto make = [](const std::vector<own_command>& commands) {
        fake_machine machine(vocabulary::v7_2, [&](qmp_monitor::options& o) { o.commands = commands; });
    };
    CHECK_THROWS_AS(make({named("stop")}), std::invalid_argument);
    CHECK_THROWS_AS(make({named("query-events")}), std::invalid_argument); // of the other vocabulary
    CHECK_THROWS_AS(make({named("x-new"), named("x-new")}), std::invalid_argument);
    CHECK_NOTHROW(make({named("x-new"), named("x-newer")}));
}
