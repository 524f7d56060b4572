// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "../fake_machine.h"

using namespace vigil;
using namespace vigil::qmp_bridge;

namespace {

struct event_row {
    runstate::event said;
    std::string in_7_2;  // the event without its timestamp
    std::string in_2_10; // empty: not sent
};

std::vector<event_row> event_rows()
{
    using namespace runstate;
    const hyperv_panic_info info{{1, 2, 3, 0x8000'0000'0000'0000, 0xFFFF'FFFF'FFFF'FFFF}};
    const std::string info_text = R"({"type": "hyper-v", "arg1": 1, "arg2": 2, "arg3": 3, )"
                                  R"("arg4": 9223372036854775808, "arg5": 18446744073709551615})";
    return {
        {stop_event{}, R"("STOP"})", R"("STOP"})"},
        {resume_event{}, R"("RESUME"})", R"("RESUME"})"},
        {powerdown_event{}, R"("POWERDOWN"})", R"("POWERDOWN"})"},
        {suspend_event{}, R"("SUSPEND"})", R"("SUSPEND"})"},
        {suspend_disk_event{}, R"("SUSPEND_DISK"})", R"("SUSPEND_DISK"})"},
        {wakeup_event{}, R"("WAKEUP"})", R"("WAKEUP"})"},
        {shutdown_event{true, shutdown_cause::guest_shutdown},
         R"("SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}})",
         R"("SHUTDOWN", "data": {"guest": true}})"},
        {reset_event{false, shutdown_cause::host_qmp_system_reset},
         R"("RESET", "data": {"guest": false, "reason": "host-qmp-system-reset"}})",
         R"("RESET", "data": {"guest": false}})"},
        {watchdog_event{watchdog_action::inject_nmi}, R"("WATCHDOG", "data": {"action": "inject-nmi"}})",
         R"("WATCHDOG", "data": {"action": "inject-nmi"}})"},
        {guest_panicked_event{guest_panic_action::pause, {}}, R"("GUEST_PANICKED", "data": {"action": "pause"}})",
         R"("GUEST_PANICKED", "data": {"action": "pause"}})"},
        {guest_panicked_event{guest_panic_action::poweroff, info},
         R"("GUEST_PANICKED", "data": {"action": "poweroff", "info": )" + info_text + "}}",
         R"("GUEST_PANICKED", "data": {"action": "poweroff", "info": )" + info_text + "}}"},
        {guest_panicked_event{guest_panic_action::run, {}}, R"("GUEST_PANICKED", "data": {"action": "run"}})", ""},
        {guest_crashloaded_event{guest_panic_action::run, info},
         R"("GUEST_CRASHLOADED", "data": {"action": "run", "info": )" + info_text + "}}", ""},
    };
}

std::string event_lines(const std::string& body)
{
    return body.empty() ? std::string() : "{T \"event\": " + body + "\r\n";
}

const std::string k_stop = "{T \"event\": \"STOP\"}\r\n";

} // namespace

TEST_CASE("qmp events: each reads as the vocabulary has it")
{
    for (const event_row& row : event_rows()) {
        INFO(row.in_7_2);
        fake_machine newer(vocabulary::v7_2);
        const auto client = negotiated(newer);
        newer.monitor().on_event(row.said);
        CHECK(taken(*client) == event_lines(row.in_7_2));

        fake_machine older(vocabulary::v2_10);
        const auto old_client = negotiated(older);
        older.monitor().on_event(row.said);
        CHECK(taken(*old_client) == event_lines(row.in_2_10));
    }
}

TEST_CASE("qmp events: the table lists eleven in 2.10, twelve in 7.2, thirteen in 10.0, and limits WATCHDOG alone")
{
    std::size_t in_2_10 = 0;
    std::size_t in_7_2 = 0;
    for (const qapi_event& one : k_events) {
        if (one.since == vocabulary::v2_10) ++in_2_10;
        if (one.since <= vocabulary::v7_2) ++in_7_2;
        CHECK(one.limited == (one.name == "WATCHDOG"));
        CHECK(one.data->kind == qapi_kind::object);
    }
    CHECK(in_2_10 == 11);
    CHECK(in_7_2 == 12);
    CHECK(k_events.size() == 13);
}

TEST_CASE("qmp events: a shutdown that the guest reports is told from 10.0 on, and asked for in any case")
{
    for (const vocabulary words : {vocabulary::v7_2, vocabulary::v10_0, vocabulary::v11_1}) {
        fake_machine machine(words);
        machine.enter(vigil::runstate::run_state::running);
        const auto client = negotiated(machine);
        machine.in_a_turn([&] { machine.control.guest_pvshutdown(); });
        const std::string told = words == vocabulary::v7_2 ? "" : "{T \"event\": \"GUEST_PVSHUTDOWN\"}\r\n";
        CHECK(taken(*client) ==
              told + "{T \"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": \"guest-shutdown\"}}\r\n");
        CHECK(machine.exit_status == 0);
    }
}

TEST_CASE("qmp events: the timestamp is the wall clock's, −1 where there is none")
{
    fake_machine machine(vocabulary::v7_2, [](qmp_monitor::options& o) {
        o.wall_clock = [] { return timestamp{-1, -1}; };
    });
    const auto client = negotiated(machine);
    machine.monitor().on_event(runstate::stop_event{});
    CHECK(taken(*client) == "{\"timestamp\": {\"seconds\": -1, \"microseconds\": -1}, \"event\": \"STOP\"}\r\n");
}

TEST_CASE("qmp events: without a wall clock of one's own the host's is used")
{
    fake_machine machine(vocabulary::v7_2, [](qmp_monitor::options& o) { o.wall_clock = nullptr; });
    const auto client = negotiated(machine);
    machine.monitor().on_event(runstate::stop_event{});
    const timestamp now = machine.monitor().settings().wall_clock();
    CHECK(now.seconds > 1'500'000'000);
    CHECK(now.microseconds >= 0);
    CHECK(now.microseconds < 1'000'000);
    CHECK(taken(*client).find("\"event\": \"STOP\"") != std::string::npos);
}

TEST_CASE("qmp events: a time before 1970 has negative seconds and microseconds that are not")
{
    const auto pair = [](std::int64_t micros) {
        const timestamp at = to_timestamp(std::chrono::microseconds(micros));
        return std::make_pair(at.seconds, at.microseconds);
    };
    using both = std::pair<std::int64_t, std::int64_t>;
    CHECK(pair(0) == both{0, 0});
    CHECK(pair(1'700'000'000'000'001) == both{1'700'000'000, 1});
    CHECK(pair(-1) == both{-1, 999'999});
    CHECK(pair(-1'000'000) == both{-1, 0});
    CHECK(pair(std::numeric_limits<std::int64_t>::min()) == both{-9'223'372'036'855, 224'192});
    CHECK(pair(std::numeric_limits<std::int64_t>::max()) == both{9'223'372'036'854, 775'807});
}

TEST_CASE("qmp events: every client in command mode gets a copy, one that negotiates gets nothing, ever")
{
    fake_machine machine;
    const auto first = negotiated(machine);
    const auto second = negotiated(machine);
    const auto third = greeted(machine);
    machine.monitor().on_event(runstate::stop_event{});
    CHECK(taken(*first) == k_stop);
    CHECK(taken(*second) == k_stop);
    CHECK(taken(*third).empty());
    CHECK(ask(*third, R"({"execute": "qmp_capabilities"})") == lines({R"({"return": {}})"}));
    machine.monitor().on_event(runstate::stop_event{});
    CHECK(taken(*third) == k_stop);
}

TEST_CASE("qmp events: a client that has gone is forgotten")
{
    fake_machine machine;
    const auto stays = negotiated(machine);
    negotiated(machine).reset();
    machine.monitor().on_event(runstate::stop_event{});
    CHECK(taken(*stays) == k_stop);
    CHECK(machine.monitor().events_dropped() == 0);
}

TEST_CASE("qmp events: those a command causes come before its reply, and to others at once")
{
    fake_machine machine;
    machine.enter(runstate::run_state::running);
    const auto asks = negotiated(machine);
    const auto listens = negotiated(machine);
    const fake_carrier of_asks(*asks);
    const fake_carrier of_listens(*listens);
    CHECK(ask(*asks, R"({"execute": "stop"})") == k_stop + lines({R"({"return": {}})"}));
    CHECK(taken(*listens) == k_stop);
    CHECK(of_asks.announced == 0);
    CHECK(of_listens.announced == 1);

    machine.monitor().on_event(runstate::stop_event{});
    CHECK(of_asks.announced == 1);
    CHECK(of_listens.announced == 2);
}

TEST_CASE("qmp events: a client that does not read loses events, not replies, and that is counted and logged once")
{
    fake_machine machine(vocabulary::v7_2, [](qmp_monitor::options& o) { o.event_queue_bytes = 2 * k_stop.size(); });
    const auto slow = negotiated(machine);
    const auto quick = negotiated(machine);
    for (int i = 0; i < 10; ++i) {
        machine.monitor().on_event(runstate::stop_event{});
        CHECK(taken(*quick) == k_stop);
    }
    CHECK(machine.monitor().events_dropped() > 0);
    CHECK(machine.log_lines.size() == 1);

    slow->feed(R"({"execute": "query-name"})");
    execute_all(*slow);
    const std::string got = taken(*slow);
    CHECK(got.substr(got.size() - 16) == lines({R"({"return": {}})"}));

    const std::uint64_t dropped = machine.monitor().events_dropped();
    machine.monitor().on_event(runstate::stop_event{});
    CHECK(taken(*slow) == k_stop);
    CHECK(machine.monitor().events_dropped() == dropped);
    REQUIRE(machine.log_lines.size() == 2);
    CHECK(machine.log_lines[1].find(' ' + std::to_string(dropped) + ' ') != std::string::npos);
}

TEST_CASE("qmp events: what a client that left had lost is logged")
{
    fake_machine machine(vocabulary::v7_2, [](qmp_monitor::options& o) { o.event_queue_bytes = 0; });
    auto slow = negotiated(machine);
    for (int i = 0; i < 4; ++i) machine.monitor().on_event(runstate::stop_event{});
    slow.reset();
    REQUIRE(machine.log_lines.size() == 2);
    CHECK(machine.log_lines[1].find(" 3 ") != std::string::npos);
}

TEST_CASE("qmp events: WATCHDOG comes once a second, the last one winning, whatever its action")
{
    std::int64_t micros = 0;
    fake_machine machine(vocabulary::v7_2, [&](qmp_monitor::options& o) {
        o.wall_clock = [&] { return timestamp{7, micros++}; };
    });
    const auto client = negotiated(machine);
    const auto watchdog = [&](runstate::watchdog_action action) {
        machine.monitor().on_event(runstate::watchdog_event{action});
    };
    const auto line = [](int stamp, const std::string& action) {
        return "{\"timestamp\": {\"seconds\": 7, \"microseconds\": " + std::to_string(stamp) +
               "}, \"event\": \"WATCHDOG\", \"data\": {\"action\": \"" + action + "\"}}\r\n";
    };
    using runstate::watchdog_action;
    watchdog(watchdog_action::none);
    CHECK(taken(*client) == line(0, "none"));
    REQUIRE(machine.armed.size() == 1);
    CHECK(machine.armed[0] == runstate::ns(1'000'000'000));
    watchdog(watchdog_action::none);
    watchdog(watchdog_action::debug);
    watchdog(watchdog_action::inject_nmi);
    CHECK(taken(*client).empty());

    // A held event keeps the time of its creation; others are not held up by it.
    machine.monitor().on_event(runstate::stop_event{});
    CHECK(taken(*client).find("STOP") != std::string::npos);
    machine.monitor().limiter_timer_expired();
    CHECK(taken(*client) == line(3, "inject-nmi"));
    CHECK(machine.armed.size() == 2);
    machine.monitor().limiter_timer_expired();
    CHECK(taken(*client).empty());
    CHECK(machine.armed.size() == 2);
    watchdog(watchdog_action::pause);
    CHECK(taken(*client) == line(5, "pause"));
}

TEST_CASE("qmp events: the limit outlives clients")
{
    fake_machine machine;
    negotiated(machine).reset();
    machine.monitor().on_event(runstate::watchdog_event{runstate::watchdog_action::none});
    const auto late = negotiated(machine);
    machine.monitor().on_event(runstate::watchdog_event{runstate::watchdog_action::debug});
    CHECK(taken(*late).empty());
    machine.monitor().limiter_timer_expired();
    CHECK(taken(*late) == "{T \"event\": \"WATCHDOG\", \"data\": {\"action\": \"debug\"}}\r\n");
}

TEST_CASE("qmp events: with no timer to measure it there is no limit")
{
    fake_machine machine(vocabulary::v7_2, [](qmp_monitor::options& o) { o.arm_limiter = nullptr; });
    const auto client = negotiated(machine);
    for (int i = 0; i < 3; ++i) {
        machine.monitor().on_event(runstate::watchdog_event{runstate::watchdog_action::none});
        CHECK_FALSE(taken(*client).empty());
    }
}

TEST_CASE("qmp events: three quick resets by a watchdog are one WATCHDOG and three RESETs, then the held WATCHDOG")
{
    fake_machine machine;
    machine.enter(runstate::run_state::running);
    const auto client = negotiated(machine);
    for (int i = 0; i < 3; ++i) machine.in_a_turn([&] { machine.control.watchdog_expired(); });
    const std::string watchdog = R"({T "event": "WATCHDOG", "data": {"action": "reset"}})";
    const std::string reset = R"({T "event": "RESET", "data": {"guest": true, "reason": "guest-reset"}})";
    CHECK(taken(*client) == lines({watchdog, reset, reset, reset}));
    machine.monitor().limiter_timer_expired();
    CHECK(taken(*client) == lines({watchdog}));
}

TEST_CASE("qmp events: a pretty client gets them over several lines")
{
    fake_machine machine;
    const auto pretty = negotiated(machine, true);
    const auto plain = negotiated(machine);
    machine.monitor().on_event(runstate::reset_event{false, runstate::shutdown_cause::host_qmp_system_reset});
    CHECK(taken(*pretty) ==
          lines({"{", "    \"timestamp\": {", "        \"seconds\": 1,", "        \"microseconds\": 2", "    },",
                 "    \"event\": \"RESET\",", "    \"data\": {", "        \"guest\": false,",
                 "        \"reason\": \"host-qmp-system-reset\"", "    }", "}"}));
    CHECK(taken(*plain) ==
          lines({R"({T "event": "RESET", "data": {"guest": false, "reason": "host-qmp-system-reset"}})"}));
}
