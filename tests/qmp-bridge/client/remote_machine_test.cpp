// SPDX-License-Identifier: Apache-2.0
// Two machines with one run state. The one elsewhere is played by a machine of the same kind behind a real monitor.
#include <catch.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <vigil/qmp-bridge/client/remote_machine.h>

#include "../fake_machine.h"

using namespace vigil;
using namespace vigil::qmp_bridge;
using runstate::run_state;
using runstate::shutdown_cause;

namespace {

// The machine here, with a monitor of its own to watch it by, and the one elsewhere.
struct couple {
    couple()
    {
        here.listener = &remote;
        here.nmi_injected = [this] { remote.inject_nmi(); };
        here.enter(run_state::running);
        there.enter(run_state::running);
        taken(*watcher);
    }

    // Its monitor is there from now on.
    void connect()
    {
        client = remote.new_session();
        client->opened();
        monitor = there.monitor().new_session();
        monitor->opened();
        settle();
    }
    // It is not any more.
    void disconnect()
    {
        client->closed();
        client.reset();
        monitor.reset();
        settle();
    }
    void exchange_bytes() const
    {
        client->feed(taken_raw(*monitor));
        execute_all(*client);
        monitor->feed(taken_raw(*client));
        execute_all(*monitor);
    }
    // Until neither has anything to say.
    void settle()
    {
        for (bool busy = true; busy;) {
            for (; !jobs.empty(); jobs.pop_front()) here.in_a_turn(jobs.front());
            if (!client) return;
            here.in_a_turn([this] { exchange_bytes(); });
            busy = !monitor->output.empty() || !client->output.empty() || !jobs.empty();
        }
    }
    void do_here(const std::function<void(runstate::run_control&)>& act)
    {
        here.in_a_turn([&] { act(here.control); });
        settle();
    }
    void do_there(const std::function<void(runstate::run_control&)>& act)
    {
        there.in_a_turn([&] { act(there.control); });
        settle();
    }
    static std::string taken_raw(session& s)
    {
        std::string text(s.output.unsent());
        s.output.sent(text.size());
        return text;
    }
    // The names of the events that a client here has seen since the last call.
    std::string seen() { return names_in(*watcher); }
    std::string seen_there() { return names_in(*watcher_there); }
    static std::string names_in(session& of)
    {
        std::string names;
        const std::string text = taken(of);
        constexpr std::string_view key = "\"event\": \"";
        for (auto at = text.find(key); at != std::string::npos; at = text.find(key, at)) {
            at += key.size();
            names += (names.empty() ? "" : " ") + text.substr(at, text.find('"', at) - at);
        }
        return names;
    }

    fake_machine here;
    fake_machine there;
    std::deque<std::function<void()>> jobs;
    std::vector<std::string> log;
    remote_machine remote{here.control,
                          {[this](std::string_view line) { log.emplace_back(line); },
                           [this](std::function<void()> job) { jobs.push_back(std::move(job)); }}};
    std::unique_ptr<qmp_session> watcher = negotiated(here);
    std::unique_ptr<qmp_session> watcher_there = negotiated(there);
    std::unique_ptr<session> client;
    std::unique_ptr<qmp_session> monitor;
};

void expire(runstate::run_control& control) { control.watchdog_expired(); }

} // namespace

TEST_CASE("remote machine: what a watchdog here does, is done there")
{
    struct row {
        runstate::watchdog_action action;
        const char* here;
        const char* there;
        run_state state;
    };
    const std::array rows{
        row{runstate::watchdog_action::reset, "WATCHDOG RESET", "RESET", run_state::running},
        row{runstate::watchdog_action::shutdown, "WATCHDOG POWERDOWN", "POWERDOWN", run_state::running},
        row{runstate::watchdog_action::pause, "WATCHDOG STOP", "STOP", run_state::watchdog},
        row{runstate::watchdog_action::debug, "WATCHDOG", "", run_state::running},
        row{runstate::watchdog_action::none, "WATCHDOG", "", run_state::running},
        row{runstate::watchdog_action::inject_nmi, "WATCHDOG", "", run_state::running},
    };
    for (const row& one : rows) {
        couple machines;
        machines.connect();
        runstate::action_set actions;
        actions.watchdog = one.action;
        machines.here.control.set_actions(actions);
        machines.seen_there();
        machines.do_here(expire);
        INFO(to_string(one.action));
        CHECK(machines.seen() == one.here);
        CHECK(machines.seen_there() == one.there);
        CHECK(machines.here.control.state() == one.state);
        CHECK(machines.there.control.running() == machines.here.control.running());
        CHECK(machines.there.nmis == (one.action == runstate::watchdog_action::inject_nmi ? 1 : 0));
    }
}

TEST_CASE("remote machine: the end of the run here is its end there")
{
    for (const bool at_once : {true, false}) {
        couple machines;
        machines.connect();
        runstate::action_set actions;
        actions.watchdog = runstate::watchdog_action::poweroff;
        machines.here.control.set_actions(actions);
        if (at_once) {
            machines.do_here(expire);
        } else {
            machines.do_here([](runstate::run_control& c) { c.quit(); });
        }
        CHECK(machines.remote.leaves());
        CHECK(machines.there.exit_status == 0);
        machines.disconnect();
        CHECK_FALSE(machines.remote.leaves());
    }
}

TEST_CASE("remote machine: what happens there happens here, and is not sent back")
{
    couple machines;
    machines.connect();
    machines.seen_there();
    const auto both = [&](const char* events, run_state state) {
        CHECK(machines.seen() == events);
        CHECK(machines.seen_there() == events);
        CHECK(machines.here.control.state() == state);
    };
    machines.do_there([](runstate::run_control& c) { c.stop(); });
    both("STOP", run_state::paused);
    machines.do_there([](runstate::run_control& c) { c.cont(); });
    both("RESUME", run_state::running);
    machines.do_there([](runstate::run_control& c) { c.request_reset(shutdown_cause::guest_reset); });
    both("RESET", run_state::running);
    machines.do_there([](runstate::run_control& c) { c.request_suspend(); });
    both("SUSPEND", run_state::suspended);
    machines.do_there([](runstate::run_control& c) { c.system_wakeup(); });
    both("WAKEUP", run_state::running);

    runstate::action_set actions;
    actions.panic = runstate::panic_action::pause;
    actions.shutdown = runstate::shutdown_action::pause;
    machines.there.control.set_actions(actions);
    machines.do_there([](runstate::run_control& c) {
        c.guest_panicked(runstate::hyperv_panic_info{{1, 2, 3, 4, 5}}, runstate::report_context::main_loop);
    });
    both("GUEST_PANICKED STOP", run_state::guest_panicked);
    machines.do_there([](runstate::run_control& c) { c.system_reset(); });
    machines.do_there([](runstate::run_control& c) { c.cont(); });
    both("RESET RESUME", run_state::running);
    machines.do_there([](runstate::run_control& c) { c.request_shutdown(shutdown_cause::guest_shutdown); });
    both("SHUTDOWN STOP", run_state::shutdown);
}

TEST_CASE("remote machine: a command here is carried out there once, and its echo is no second one")
{
    couple machines;
    machines.connect();
    machines.seen_there();
    machines.do_here([](runstate::run_control& c) { c.system_reset(); });
    CHECK(machines.seen() == "RESET");
    CHECK(machines.seen_there() == "RESET");
    machines.do_here([](runstate::run_control& c) { c.stop(); });
    machines.do_here([](runstate::run_control& c) { c.cont(); });
    CHECK(machines.seen() == "STOP RESUME");
    CHECK(machines.seen_there() == "STOP RESUME");
    machines.do_there([](runstate::run_control& c) { c.system_reset(); }); // of somebody else there
    CHECK(machines.seen() == "RESET");
    CHECK(machines.here.resets == 2);
    CHECK(machines.there.resets == 2);
}

TEST_CASE("remote machine: a snapshot taken or loaded here does not stop it")
{
    couple machines;
    machines.connect();
    machines.seen_there();
    machines.do_here([](runstate::run_control& c) { c.while_saving([] {}); });
    machines.do_here([](runstate::run_control& c) { c.snapshot_loaded(run_state::running); });
    CHECK(machines.seen_there().empty());
    CHECK(machines.here.control.running());
    machines.do_here([](runstate::run_control& c) { c.snapshot_loaded(run_state::paused); });
    CHECK(machines.seen_there() == "STOP");
}

TEST_CASE("remote machine: what was decided before its monitor came is carried out then")
{
    couple machines;
    machines.remote.function_attached("wdt");
    runstate::action_set actions;
    actions.watchdog = runstate::watchdog_action::pause;
    machines.here.control.set_actions(actions);
    machines.do_here(expire);
    CHECK(machines.there.control.running());
    machines.connect();
    CHECK(machines.there.control.state() == run_state::paused);
    CHECK(machines.here.control.state() == run_state::watchdog);
}

TEST_CASE("remote machine: without a decision here, its own state counts when its monitor comes")
{
    couple machines;
    machines.there.in_a_turn([&] { machines.there.control.stop(); });
    machines.connect();
    CHECK(machines.here.control.state() == run_state::paused);
    machines.disconnect();
    machines.there.in_a_turn([&] { machines.there.control.cont(); });
    machines.connect();
    CHECK(machines.here.control.running());
}

TEST_CASE("remote machine: one that is lost has shut down, and one that comes again runs")
{
    couple machines;
    machines.remote.function_attached("wdt");
    machines.remote.function_attached("panic");
    machines.connect();
    machines.seen();
    machines.remote.function_gone("wdt");
    machines.disconnect();
    CHECK(machines.seen().empty()); // the other function still has its machine
    machines.remote.function_gone("panic");
    machines.settle();
    CHECK(machines.seen() == "SHUTDOWN STOP");
    CHECK(machines.here.control.state() == run_state::shutdown);
    CHECK_FALSE(machines.here.exit_status);

    machines.remote.function_attached("wdt");
    machines.settle();
    CHECK(machines.seen() == "RESET RESUME");
    CHECK(machines.here.control.running());
    const std::string its_version = "QEMU 7.2.0";
    CHECK(machines.log ==
          std::vector<std::string>{"wdt: attached to a machine", "panic: attached to a machine",
                                   "connected to the machine: " + its_version, "wdt: the machine's connection is lost",
                                   "the QMP connection to the machine is lost",
                                   "panic: the machine's connection is lost", "wdt: attached to a machine"});
}

TEST_CASE("remote machine: one that said how it shut down is not said to be lost as well")
{
    couple machines;
    machines.connect();
    machines.seen();
    machines.do_there([](runstate::run_control& c) { c.request_shutdown(shutdown_cause::guest_shutdown); });
    machines.disconnect();
    CHECK(machines.seen() == "SHUTDOWN STOP");
    machines.remote.function_attached("wdt");
    machines.settle();
    CHECK(machines.seen() == "RESET RESUME");
}

TEST_CASE("remote machine: one that stood when it was lost stays as it stood")
{
    couple machines;
    machines.connect();
    machines.do_here([](runstate::run_control& c) { c.request_stop(run_state::guest_panicked); });
    machines.seen();
    machines.disconnect();
    CHECK(machines.seen() == "SHUTDOWN");
    CHECK(machines.here.control.state() == run_state::guest_panicked);
}

TEST_CASE("remote machine: whoever acts, in whatever order, both run in the end or neither does")
{
    std::mt19937 random(20260919);
    for (int round = 0; round < 200; ++round) {
        couple machines;
        runstate::action_set actions;
        actions.watchdog = runstate::watchdog_action::pause;
        actions.panic = runstate::panic_action::pause;
        actions.shutdown = runstate::shutdown_action::pause;
        machines.here.control.set_actions(actions);
        machines.there.control.set_actions(actions);
        machines.connect();
        std::string story;
        for (int step = 0; step < 30; ++step) {
            fake_machine& one = random() % 2 == 0 ? machines.here : machines.there;
            const auto what = random() % 8;
            story += (&one == &machines.here ? " h" : " t") + std::to_string(what);
            one.in_a_turn([&] {
                runstate::run_control& c = one.control;
                switch (what) {
                case 0:
                case 1: c.stop(); break;
                case 2:
                case 3:
                case 4: c.cont(); break;
                case 5: c.request_reset(shutdown_cause::guest_reset); break;
                case 6: c.system_reset(); break;
                default:
                    if (c.running()) c.watchdog_expired();
                }
            });
            if (random() % 3 == 0) machines.here.in_a_turn([&] { machines.exchange_bytes(); });
            if (random() % 4 == 0) machines.settle();
        }
        machines.settle();
        INFO(round << ":" << story);
        REQUIRE(machines.here.control.running() == machines.there.control.running());
    }
}
