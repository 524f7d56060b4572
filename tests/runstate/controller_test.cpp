// SPDX-License-Identifier: Apache-2.0
// Each case elaborates and runs in a process of its own.
#include <vigil/runstate/controller.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <systemc>

#include <catch.h>

namespace {

using namespace vigil::runstate;
using sc_core::sc_start;
using sc_core::sc_time;

// Runs what is to run now; sc_start() up to a time leaves what falls on its very end.
void settle()
{
    do {
        sc_start(sc_core::SC_ZERO_TIME);
    } while (sc_core::sc_pending_activity_at_current_time());
}

sc_time nanoseconds(int count) { return sc_time(count, sc_core::SC_NS); }

// Notes down what the controller tells, blanks between.
struct recorder final : run_listener {
    std::string heard;
    std::vector<std::pair<sc_time, std::uint64_t>> when; ///< time and delta of each event
    controller* watched = nullptr;
    bool clock_agreed = true;
    std::function<void(const std::string&)> then;

    void note(const std::string& word)
    {
        heard += (heard.empty() ? "" : " ") + word;
        if (then) then(word);
    }
    std::string taken() { return std::exchange(heard, std::string()); }

    void on_event(const event& e) override
    {
        when.emplace_back(sc_core::sc_time_stamp(), sc_core::sc_delta_count());
        note(std::string(event_name(e)));
    }
    void on_state_changed(run_state, run_state to) override
    {
        if (watched != nullptr) clock_agreed = clock_agreed && watched->clock.running() == (to == run_state::running);
        note(std::string(to_string(to)));
    }
    void on_exit_requested(int status, bool at_once) override
    {
        note("exit" + std::to_string(status) + (at_once ? "-at-once" : ""));
    }
    void on_log(std::string_view line) override { note("log[" + std::string(line) + "]"); }
};

// A device with every fact port, which does something at given times.
struct device : sc_core::sc_module {
    fact_port<watchdog_if> watchdog{"watchdog"};
    fact_port<panic_if> panic{"panic"};
    fact_port<power_if> power{"power"};
    fact_port<stop_if> stop{"stop"};
    std::vector<std::pair<sc_time, std::function<void(device&)>>> plan;

    explicit device(const sc_core::sc_module_name& name) : sc_module(name)
    {
        SC_HAS_PROCESS(device);
        SC_THREAD(run);
    }

    void bind_to(controller& c)
    {
        watchdog(c);
        panic(c);
        power(c);
        stop(c);
    }

    void run()
    {
        for (const auto& [at, act] : plan) {
            if (at > sc_core::sc_time_stamp()) wait(at - sc_core::sc_time_stamp());
            act(*this);
        }
    }
};

struct part final : resettable, nmi_sink, power_button_sink {
    part(std::string& where, char what) : notes(where), name(what) {}
    void reset(reset_kind kind) override
    {
        static constexpr char kinds[] = {'c', 'w', 'u'}; // cold, warm, wake-up
        notes += std::string(1, name) + kinds[static_cast<std::size_t>(kind)];
    }
    void inject_nmi() override { notes += std::string(1, name) + "n"; }
    void power_button_pressed() override { notes += std::string(1, name) + "b"; }
    std::string& notes;
    char name;
};

} // namespace

TEST_CASE("controller: with autostart the machine runs from the start of simulation")
{
    controller c("machine");
    recorder heard;
    heard.watched = &c;
    c.add_listener(heard);
    CHECK(c.control().state() == run_state::prelaunch);
    CHECK(!c.clock.running());
    sc_start(nanoseconds(10));
    CHECK(c.control().running());
    CHECK(c.clock.now() == ns(10));
    CHECK(heard.heard == "running"); // no event
    CHECK(heard.clock_agreed);
}

TEST_CASE("controller: without autostart the machine waits in prelaunch for cont")
{
    controller c("machine");
    c.autostart(false);
    recorder heard;
    c.add_listener(heard);
    sc_start(nanoseconds(10));
    CHECK(c.control().state() == run_state::prelaunch);
    CHECK(c.clock.now() == ns(0));
    CHECK(heard.heard.empty());
    c.control().cont();
    sc_start(nanoseconds(5));
    CHECK(heard.heard == "RESUME running");
    CHECK(c.clock.now() == ns(5));
}

TEST_CASE("controller: a machine that waits for a migration is not started")
{
    controller c("machine");
    c.control().set_state(run_state::inmigrate);
    sc_start(nanoseconds(10));
    CHECK(c.control().state() == run_state::inmigrate);
    CHECK(!c.clock.running());
}

TEST_CASE("controller: facts and requests arrive through ports")
{
    controller c("machine");
    device d("device");
    d.bind_to(c);
    recorder heard;
    c.add_listener(heard);
    action_set actions;
    actions.panic = panic_action::none;
    actions.watchdog = watchdog_action::none;
    actions.shutdown = shutdown_action::pause;
    c.control().set_actions(actions);
    const auto at = [&d](int time, std::function<void(device&)> act) { d.plan.emplace_back(nanoseconds(time), act); };
    at(10, [](device& x) { x.watchdog->watchdog_expired(); });
    at(20, [](device& x) { x.panic->guest_panicked(hyperv_panic_info{}, report_context::vcpu); });
    at(30, [](device& x) { x.panic->guest_crashloaded(std::nullopt); });
    at(40, [](device& x) { x.power->request_reset(shutdown_cause::guest_reset); });
    at(50, [](device& x) { x.power->request_powerdown(); });
    at(60, [](device& x) { x.power->triple_fault(); });
    at(70, [](device& x) { CHECK(!x.power->request_wakeup()); });
    at(80, [](device& x) { x.power->request_suspend(); });
    at(90, [](device& x) { CHECK(x.power->request_wakeup()); });
    at(100, [](device& x) { x.stop->request_debug_stop(); });
    at(110, [&c](device&) { c.control().cont(); });
    at(120, [](device& x) { x.stop->request_stop(run_state::io_error); });
    at(130, [&c](device&) { c.control().cont(); });
    at(140, [](device& x) { x.power->request_suspend_disk(); });
    at(150, [](device& x) { x.power->request_shutdown(shutdown_cause::guest_shutdown); });
    sc_start(nanoseconds(200));
    CHECK(heard.heard == "running WATCHDOG GUEST_PANICKED GUEST_CRASHLOADED RESET POWERDOWN RESET "
                         "suspended SUSPEND running WAKEUP debug STOP RESUME running io-error STOP RESUME running "
                         "SUSPEND_DISK SHUTDOWN shutdown STOP SHUTDOWN");
}

TEST_CASE("controller: a device whose ports are unbound elaborates and tells nobody")
{
    controller c("machine");
    device d("device");
    sc_start(nanoseconds(10));
    CHECK(d.watchdog.size() == 0);
    CHECK(d.power.size() == 0);
    CHECK(c.control().running());
}

TEST_CASE("controller: a request outside any turn is served a delta later, at the same time")
{
    controller c("machine");
    device d("device");
    d.bind_to(c);
    recorder heard;
    c.add_listener(heard);
    std::uint64_t asked = 0;
    d.plan.emplace_back(nanoseconds(10), [&](device& x) {
        asked = sc_core::sc_delta_count();
        x.power->request_reset(shutdown_cause::guest_reset);
        x.power->request_reset(shutdown_cause::guest_reset);
        x.power->request_powerdown();
        CHECK(heard.when.empty());
    });
    sc_start(nanoseconds(10));
    settle();
    REQUIRE(heard.when.size() == 2);
    CHECK(heard.heard == "running RESET POWERDOWN");
    CHECK(heard.when[0].first == nanoseconds(10));
    CHECK(heard.when[0].second == asked + 1);
    CHECK(heard.when[1].second == asked + 1);
}

TEST_CASE("controller: a turn serves when it closes, and the kernel has nothing left to serve")
{
    controller c("machine");
    recorder heard;
    c.add_listener(heard);
    sc_start(nanoseconds(10));
    heard.taken();
    {
        const turn_guard turn(c.control());
        c.request_reset(shutdown_cause::guest_reset);
        c.request_stop(run_state::watchdog);
        CHECK(heard.heard.empty());
    }
    CHECK(heard.taken() == "RESET watchdog STOP");
    sc_start(nanoseconds(10));
    CHECK(heard.heard.empty());
    CHECK(c.clock.now() == ns(10));
}

TEST_CASE("controller: a request before a turn is served by the turn, once")
{
    controller c("machine");
    recorder heard;
    c.add_listener(heard);
    sc_start(nanoseconds(10));
    heard.taken();
    c.request_powerdown();
    {
        const turn_guard turn(c.control());
    }
    CHECK(heard.taken() == "POWERDOWN");
    sc_start(nanoseconds(10));
    CHECK(heard.heard.empty());
}

TEST_CASE("controller: a timer's expiry outside any turn is served at its own time")
{
    controller c("machine");
    recorder heard;
    c.add_listener(heard);
    action_set actions;
    actions.watchdog = watchdog_action::pause;
    c.control().set_actions(actions);
    vm_timer timer(c.clock, [&] { c.watchdog_expired(); });
    timer.arm(ns(100));
    sc_start(nanoseconds(500));
    CHECK(heard.heard == "running WATCHDOG watchdog STOP");
    REQUIRE(heard.when.size() == 2);
    CHECK(heard.when[0].first == nanoseconds(100));
    CHECK(heard.when[1].first == nanoseconds(100));
    CHECK(c.clock.now() == ns(100));
}

TEST_CASE("controller: timers due now run at the end of a turn")
{
    controller c("machine");
    recorder heard;
    c.add_listener(heard);
    action_set actions;
    actions.watchdog = watchdog_action::pause;
    c.control().set_actions(actions);
    vm_timer timer(c.clock, [&] { c.watchdog_expired(); });
    sc_start(nanoseconds(10));
    heard.taken();
    {
        const turn_guard turn(c.control());
        timer.arm(c.clock.now());
        CHECK(heard.heard.empty());
    }
    CHECK(heard.taken() == "WATCHDOG watchdog STOP");
    timer.arm(c.clock.now());
    {
        const turn_guard turn(c.control());
    }
    CHECK(heard.heard.empty());
    {
        const turn_guard turn(c.control());
        c.control().cont();
    }
    CHECK(heard.taken() == "RESUME running WATCHDOG watchdog STOP");
}

TEST_CASE("controller: the clock runs exactly while the machine is running")
{
    controller c("machine");
    recorder heard;
    heard.watched = &c;
    c.add_listener(heard);
    std::vector<std::function<void()>> steps{
        [&] { c.control().stop(); },
        [&] { c.control().cont(); },
        [&] { c.request_suspend(); },
        [&] { c.control().system_wakeup(); },
        [&] { c.request_stop(run_state::watchdog); },
        [&] { c.control().system_reset(); },
        [&] { c.control().cont(); },
        [&] { c.guest_panicked(std::nullopt, report_context::main_loop); },
        [&] { c.control().cont(); },
        [&] { c.control().set_state(run_state::save_vm); },
        [&] { c.control().cont(); },
        [&] { c.request_shutdown(shutdown_cause::guest_shutdown); },
        [&] { c.control().system_reset(); },
        [&] { c.control().cont(); },
    };
    action_set actions;
    actions.shutdown = shutdown_action::pause;
    c.control().set_actions(actions);
    ns ran{0};
    settle();
    for (const auto& step : steps) {
        {
            const turn_guard turn(c.control());
            step();
        }
        CHECK(c.clock.running() == c.control().running());
        sc_start(nanoseconds(7));
        if (c.control().running()) ran += ns(7);
        CHECK(c.clock.now() == ran);
    }
    CHECK(heard.clock_agreed);
    CHECK(ran > ns(0));
}

TEST_CASE("controller: two machines in one simulation do not meet")
{
    controller a("a");
    controller b("b");
    b.autostart(false);
    device on_a("on_a");
    device on_b("on_b");
    on_a.bind_to(a);
    on_b.bind_to(b);
    recorder from_a;
    recorder from_b;
    a.add_listener(from_a);
    b.add_listener(from_b);
    on_a.plan.emplace_back(nanoseconds(10), [](device& x) { x.stop->request_stop(run_state::paused); });
    on_b.plan.emplace_back(nanoseconds(20), [&b](device&) { b.control().cont(); });
    on_b.plan.emplace_back(nanoseconds(30), [](device& x) { x.watchdog->watchdog_expired(); });
    sc_start(nanoseconds(50));
    CHECK(from_a.heard == "running paused STOP");
    CHECK(from_b.heard == "RESUME running WATCHDOG RESET");
    CHECK(a.clock.now() == ns(10));
    CHECK(b.clock.now() == ns(30));
    {
        const turn_guard turn(a.control());
        b.request_powerdown();
        a.request_powerdown();
    }
    CHECK(from_a.taken() == "running paused STOP POWERDOWN");
    CHECK(from_b.taken() == "RESUME running WATCHDOG RESET");
    settle();
    CHECK(from_b.taken() == "POWERDOWN");
    a.control().quit();
    CHECK(!b.control().exiting());
}

TEST_CASE("controller: listeners hear in the order of their registration")
{
    controller c("machine");
    std::string order;
    recorder first;
    recorder second;
    first.then = [&](const std::string& word) { order += "1" + word + " "; };
    second.then = [&](const std::string& word) { order += "2" + word + " "; };
    c.add_listener(first);
    c.add_listener(second);
    settle();
    c.control().stop();
    CHECK(order == "1running 2running 1paused 2paused 1STOP 2STOP ");
}

TEST_CASE("controller: a listener may remove itself and others while called")
{
    controller c("machine");
    recorder a;
    recorder b;
    recorder last;
    a.then = [&](const std::string& word) {
        if (word == "STOP") {
            c.remove_listener(a);
            c.remove_listener(b);
        }
    };
    c.add_listener(a);
    c.add_listener(b);
    c.add_listener(last);
    settle();
    c.control().stop();
    c.control().cont();
    CHECK(a.heard == "running paused STOP");
    CHECK(b.heard == "running paused");
    CHECK(last.heard == "running paused STOP RESUME running");
    c.remove_listener(a); // not there any more
    c.add_listener(a);
    c.control().stop();
    CHECK(a.heard == "running paused STOP paused STOP");
}

TEST_CASE("controller: a listener that goes is forgotten, also while others are told")
{
    controller c("machine");
    auto first = std::make_unique<recorder>();
    auto second = std::make_unique<recorder>();
    recorder last;
    first->then = [&](const std::string& word) {
        if (word == "STOP") second.reset();
    };
    c.add_listener(*first);
    c.add_listener(*second);
    c.add_listener(last);
    c.add_listener(last); // told twice
    settle();
    c.control().stop();
    first.reset();
    last.heard.clear();
    c.control().cont();
    CHECK(last.heard == "RESUME RESUME running running");
}

TEST_CASE("controller: listeners and timers do not mind that it goes first")
{
    auto c = std::make_unique<controller>("machine");
    recorder stays;
    c->add_listener(stays);
    int expired = 0;
    vm_timer timer(c->clock, [&] { ++expired; });
    timer.arm(ns(100));
    settle();
    c.reset();
    CHECK(timer.remaining() == k_never);
    timer.arm(ns(1)); // of a clock that is no more
    timer.cancel();
    CHECK_FALSE(timer.armed());
    CHECK(expired == 0);
}

TEST_CASE("controller: a listener may add others while called, and they hear at once")
{
    controller c("machine");
    recorder first;
    std::vector<recorder> added(20);
    first.then = [&](const std::string& word) {
        if (word != "STOP") return;
        for (recorder& one : added) c.add_listener(one);
    };
    c.add_listener(first);
    settle();
    c.control().stop();
    for (const recorder& one : added) CHECK(one.heard == "STOP");
}

TEST_CASE("controller: a listener removed in a nested call hears no more")
{
    controller c("machine");
    recorder outer;
    recorder victim;
    outer.then = [&](const std::string& word) {
        if (word == "STOP") c.control().cont();          // tells everybody of RESUME inside the telling of STOP
        if (word == "RESUME") c.remove_listener(victim); // inside that
    };
    c.add_listener(outer);
    c.add_listener(victim);
    settle();
    c.control().stop();
    CHECK(outer.heard == "running paused STOP RESUME running");
    CHECK(victim.heard == "running paused");
    CHECK(c.control().running());
}

TEST_CASE("controller: resets, NMIs and the power button reach everybody in order")
{
    controller c("machine");
    std::string notes;
    part x(notes, 'x');
    part y(notes, 'y');
    CHECK(c.control().inject_nmi().has_value());
    c.add_resettable(y);
    c.add_resettable(x);
    c.add_nmi_sink(x);
    c.add_nmi_sink(y);
    c.add_power_button_sink(y);
    settle();
    {
        const turn_guard turn(c.control());
        c.control().system_reset();
    }
    CHECK(std::exchange(notes, "") == "ywxw");
    CHECK(!c.control().inject_nmi().has_value());
    CHECK(std::exchange(notes, "") == "xnyn");
    {
        const turn_guard turn(c.control());
        c.control().system_powerdown();
    }
    CHECK(std::exchange(notes, "") == "yb");
    {
        const turn_guard turn(c.control());
        c.request_suspend();
    }
    CHECK(notes.empty());
    {
        const turn_guard turn(c.control());
        c.control().system_wakeup();
    }
    CHECK(notes == "yuxu");
}

TEST_CASE("controller: listeners hear of the end of the run and of log lines")
{
    controller c("machine");
    recorder heard;
    c.add_listener(heard);
    settle();
    heard.taken();
    c.control().set_state(run_state::inmigrate);
    CHECK(heard.taken() == "log[invalid runstate transition: 'running' -> 'inmigrate']");
    action_set actions;
    actions.watchdog = watchdog_action::poweroff;
    c.control().set_actions(actions);
    c.watchdog_expired();
    CHECK(heard.taken() == "WATCHDOG exit0-at-once");
}

TEST_CASE("controller: an orderly end is told a delta after the request")
{
    controller c("machine");
    recorder heard;
    c.add_listener(heard);
    sc_start(nanoseconds(10));
    heard.taken();
    c.control().terminate_by_signal();
    CHECK(heard.heard.empty());
    settle();
    CHECK(heard.taken() == "SHUTDOWN exit0");
    CHECK(!c.control().exited_at_once());
}

TEST_CASE("controller: no watchdog barks because the machine was paused")
{
    controller c("machine");
    recorder heard;
    c.add_listener(heard);
    vm_timer timer(c.clock, [&] { c.watchdog_expired(); });
    timer.arm(ns(100));
    sc_start(nanoseconds(99));
    c.control().stop();
    sc_start(sc_time(60, sc_core::SC_SEC));
    CHECK(heard.taken() == "running paused STOP");
    CHECK(timer.remaining() == ns(1));
    c.control().cont();
    sc_start(nanoseconds(1));
    settle();
    CHECK(heard.taken() == "RESUME running WATCHDOG RESET");
}

TEST_CASE("controller: a clock at the end of its range is saved and restored like any other")
{
    controller c("machine");
    settle();
    {
        const turn_guard turn(c.control());
        c.control().stop();
    }
    c.clock.skip(ns::max());
    const snapshot saved = c.save();
    c.clock.restore(ns(5));
    CHECK(*c.restore(saved) == run_state::paused);
    CHECK(c.clock.now() == ns::max());
    CHECK(c.save()[0].fields == saved[0].fields);
}
