// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/run_state.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include <catch.h>

#include <vigil/runstate/actions.h>
#include <vigil/runstate/events.h>

namespace {

using namespace vigil::runstate;

run_state nth_state(std::size_t i) { return static_cast<run_state>(i); }

// Every spelling leads back to its enumerator, no two are alike, and near misses lead nowhere.
template <class Enum> void check_names()
{
    std::set<std::string> seen;
    for (std::size_t i = 0; i < wire_names<Enum>::values.size(); ++i) {
        const auto value = static_cast<Enum>(i);
        const std::string name(to_string(value));
        CAPTURE(name);
        CHECK(seen.insert(name).second);
        REQUIRE(from_string<Enum>(name).has_value());
        CHECK(*from_string<Enum>(name) == value);
        CHECK(!from_string<Enum>(name + " ").has_value());
        CHECK(!from_string<Enum>(name.substr(1)).has_value());
    }
    CHECK(!from_string<Enum>("").has_value());
    CHECK(!from_string<Enum>("RUNNING").has_value());
}

} // namespace

TEST_CASE("run state: the transition table has 71 rows, all different, none to itself")
{
    std::set<std::pair<run_state, run_state>> rows;
    for (const transition& row : k_transitions) {
        CHECK(row.from != row.to);
        rows.insert({row.from, row.to});
    }
    CHECK(k_transitions.size() == 71);
    CHECK(rows.size() == 71);
}

TEST_CASE("run state: each state has as many ways out as the specification lists")
{
    const std::map<std::string, int> expected{
        {"debug", 4},      {"inmigrate", 12},     {"internal-error", 3}, {"io-error", 3},
        {"paused", 5},     {"postmigrate", 3},    {"prelaunch", 3},      {"finish-migrate", 5},
        {"restore-vm", 2}, {"running", 12},       {"save-vm", 1},        {"shutdown", 4},
        {"suspended", 4},  {"guest-panicked", 3}, {"watchdog", 4},       {"colo", 3}};
    std::map<std::string, int> counted;
    for (const transition& row : k_transitions) ++counted[std::string(to_string(row.from))];
    CHECK(counted == expected);
}

TEST_CASE("run state: a transition is permitted exactly where the table has it or nothing changes")
{
    std::set<std::pair<run_state, run_state>> rows;
    for (const transition& row : k_transitions) rows.insert({row.from, row.to});
    for (std::size_t from = 0; from < k_run_state_count; ++from) {
        for (std::size_t to = 0; to < k_run_state_count; ++to) {
            INFO(transition_error(nth_state(from), nth_state(to)));
            CHECK(can_transition(nth_state(from), nth_state(to)) ==
                  (from == to || rows.count({nth_state(from), nth_state(to)}) == 1));
        }
    }
}

TEST_CASE("run state: the transitions that stopping requests would need outside running do not exist")
{
    CHECK(!can_transition(run_state::shutdown, run_state::running));
    CHECK(!can_transition(run_state::internal_error, run_state::running));
    CHECK(!can_transition(run_state::paused, run_state::watchdog));
    CHECK(!can_transition(run_state::paused, run_state::guest_panicked));
    CHECK(!can_transition(run_state::paused, run_state::shutdown));
    CHECK(!can_transition(run_state::paused, run_state::suspended));
}

TEST_CASE("run state: a state always may become itself")
{
    for (std::size_t i = 0; i < k_run_state_count; ++i) CHECK(can_transition(nth_state(i), nth_state(i)));
}

TEST_CASE("run state: the rows that later versions added stand in the table")
{
    CHECK(can_transition(run_state::shutdown, run_state::colo));
    CHECK(can_transition(run_state::colo, run_state::prelaunch));
    CHECK(can_transition(run_state::colo, run_state::shutdown));
    CHECK(can_transition(run_state::finish_migrate, run_state::paused));
}

TEST_CASE("run state: there are sixteen states in schema order")
{
    CHECK(k_run_state_count == 16);
    CHECK(to_string(run_state::debug) == "debug");
    CHECK(to_string(run_state::internal_error) == "internal-error");
    CHECK(to_string(run_state::running) == "running");
    CHECK(to_string(run_state::guest_panicked) == "guest-panicked");
    CHECK(to_string(run_state::colo) == "colo");
}

TEST_CASE("run state: every name on the wire leads back to its value")
{
    SECTION("RunState") { check_names<run_state>(); }
    SECTION("RebootAction") { check_names<reboot_action>(); }
    SECTION("ShutdownAction") { check_names<shutdown_action>(); }
    SECTION("PanicAction") { check_names<panic_action>(); }
    SECTION("WatchdogAction") { check_names<watchdog_action>(); }
    SECTION("GuestPanicAction") { check_names<guest_panic_action>(); }
    SECTION("ShutdownCause") { check_names<shutdown_cause>(); }
}

TEST_CASE("run state: PanicAction has no value poweroff")
{
    CHECK(!from_string<panic_action>("poweroff").has_value());
    CHECK(from_string<panic_action>("exit-failure") == panic_action::exit_failure);
    CHECK(from_string<watchdog_action>("inject-nmi") == watchdog_action::inject_nmi);
}

TEST_CASE("run state: a refused transition is told in QEMU's words")
{
    CHECK(transition_error(run_state::paused, run_state::suspended) ==
          "invalid runstate transition: 'paused' -> 'suspended'");
    CHECK(transition_error(run_state::internal_error, run_state::finish_migrate) ==
          "invalid runstate transition: 'internal-error' -> 'finish-migrate'");
}

TEST_CASE("run state: only internal-error and shutdown need a reset before cont")
{
    for (std::size_t i = 0; i < k_run_state_count; ++i) {
        const run_state state = nth_state(i);
        CAPTURE(std::string(to_string(state)));
        CHECK(needs_reset(state) == (state == run_state::internal_error || state == run_state::shutdown));
    }
}

TEST_CASE("run state: the guest's own causes are those from guest-shutdown on")
{
    const std::map<std::string, bool> expected{
        {"none", false},        {"host-error", false},     {"host-qmp-quit", false}, {"host-qmp-system-reset", false},
        {"host-signal", false}, {"host-ui", false},        {"guest-shutdown", true}, {"guest-reset", true},
        {"guest-panic", true},  {"subsystem-reset", true}, {"snapshot-load", true}};
    REQUIRE(expected.size() == wire_names<shutdown_cause>::values.size());
    for (const auto& [name, guest] : expected) {
        CAPTURE(name);
        const auto cause = from_string<shutdown_cause>(name);
        REQUIRE(cause.has_value());
        CHECK(caused_by_guest(*cause) == guest);
    }
}

TEST_CASE("run state: every event knows its name")
{
    CHECK(event_name(shutdown_event{true, shutdown_cause::guest_reset}) == "SHUTDOWN");
    CHECK(event_name(powerdown_event{}) == "POWERDOWN");
    CHECK(event_name(reset_event{true, shutdown_cause::guest_reset}) == "RESET");
    CHECK(event_name(stop_event{}) == "STOP");
    CHECK(event_name(resume_event{}) == "RESUME");
    CHECK(event_name(suspend_event{}) == "SUSPEND");
    CHECK(event_name(suspend_disk_event{}) == "SUSPEND_DISK");
    CHECK(event_name(wakeup_event{}) == "WAKEUP");
    CHECK(event_name(watchdog_event{watchdog_action::pause}) == "WATCHDOG");
    CHECK(event_name(guest_panicked_event{guest_panic_action::run, std::nullopt}) == "GUEST_PANICKED");
    CHECK(event_name(guest_crashloaded_event{guest_panic_action::run, std::nullopt}) == "GUEST_CRASHLOADED");
}
