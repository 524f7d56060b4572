// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/run_control.h>

#include <functional>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <catch.h>

namespace {

using namespace vigil::runstate;

template <class... Fs> struct overloaded : Fs... {
    using Fs::operator()...;
};
template <class... Fs> overloaded(Fs...) -> overloaded<Fs...>;

// An event as one line of a transcript, e.g. "RESET guest-reset", "GUEST_PANICKED pause".
std::string line_of(const event& e)
{
    const std::string name(event_name(e));
    const auto caused = [&name](bool guest, shutdown_cause reason) {
        // The flag must be what the cause says, and need not be written down.
        return name + " " + std::string(to_string(reason)) + (guest == caused_by_guest(reason) ? "" : " (wrong flag)");
    };
    return std::visit(overloaded{
                          [&](const shutdown_event& s) { return caused(s.guest, s.reason); },
                          [&](const reset_event& r) { return caused(r.guest, r.reason); },
                          [&](const watchdog_event& w) { return name + " " + std::string(to_string(w.action)); },
                          [&](const guest_panicked_event& p) {
                              return name + " " + std::string(to_string(p.action)) + (p.info ? " with info" : "");
                          },
                          [&](const guest_crashloaded_event& c) {
                              return name + " " + std::string(to_string(c.action)) + (c.info ? " with info" : "");
                          },
                          [&](const auto&) { return name; },
                      },
                      e);
}

// A machine of plain variables that notes down everything done to it.
struct machine final : run_control_host {
    run_control control{*this};
    std::string events; ///< events and the end of the run, "; " between
    std::string steps;  ///< the same and every effect on the machine
    bool clock_runs = false;
    bool has_nmi_sink = true;
    int services_asked = 0;
    std::vector<std::string> logged;
    std::optional<int> status;
    bool at_once = false;
    std::vector<std::function<void()>> due;           ///< timers that are due, run while the clock runs
    std::function<void(const std::string&)> on_event; ///< called with each event's line

    static void append(std::string& to, const std::string& step) { to += (to.empty() ? "" : "; ") + step; }

    void start_clock() override
    {
        clock_runs = true;
        append(steps, "clock on");
    }
    void stop_clock() override
    {
        if (clock_runs) append(steps, "clock off");
        clock_runs = false;
    }
    bool run_due_timers() override
    {
        bool any = false;
        while (clock_runs && !due.empty()) {
            const std::function<void()> timer = due.front();
            due.erase(due.begin());
            timer();
            any = true;
        }
        return any;
    }
    void reset_devices(reset_kind kind) override
    {
        switch (kind) {
        case reset_kind::cold: append(steps, "devices reset cold"); break;
        case reset_kind::warm: append(steps, "devices reset"); break;
        case reset_kind::wakeup: append(steps, "devices reset by wake-up"); break;
        }
    }
    void press_power_button() override { append(steps, "button"); }
    bool inject_nmi() override
    {
        append(steps, "nmi");
        return has_nmi_sink;
    }
    void emit(const event& e) override
    {
        const std::string line = line_of(e);
        append(events, line);
        append(steps, line);
        if (on_event) on_event(line);
    }
    void state_changed(run_state from, run_state to) override
    {
        append(steps, std::string(to_string(from)) + "->" + std::string(to_string(to)));
        CHECK(clock_runs == (to == run_state::running));
    }
    void exit_requested(int exit_status, bool exit_at_once) override
    {
        CHECK(!status.has_value());
        status = exit_status;
        at_once = exit_at_once;
        const std::string line = "exit " + std::to_string(exit_status) + (exit_at_once ? " at once" : "");
        append(events, line);
        append(steps, line);
    }
    void schedule_service() override { ++services_asked; }
    void log(std::string_view line) override { logged.emplace_back(line); }

    /// Acts inside a turn and returns the events that the turn showed.
    std::string turn(const std::function<void()>& act)
    {
        forget();
        {
            const turn_guard open(control);
            act();
        }
        return events;
    }
    /// As `turn`, with every effect.
    std::string steps_of(const std::function<void()>& act)
    {
        turn(act);
        return steps;
    }
    void forget()
    {
        events.clear();
        steps.clear();
    }

    std::string stop()
    {
        return turn([this] { control.stop(); });
    }
    /// The refusal's text in place of the events where refused.
    std::string cont()
    {
        return command([this] { return control.cont(); });
    }
    std::string system_wakeup()
    {
        return command([this] { return control.system_wakeup(); });
    }
    std::string inject_nmi_command()
    {
        return command([this] { return control.inject_nmi(); });
    }
    std::string system_reset()
    {
        return turn([this] { control.system_reset(); });
    }
    std::string system_powerdown()
    {
        return turn([this] { control.system_powerdown(); });
    }
    std::string quit()
    {
        return turn([this] { control.quit(); });
    }
    std::string expiry()
    {
        return turn([this] { control.watchdog_expired(); });
    }
    std::string panic(report_context context = report_context::main_loop)
    {
        return turn([this, context] { control.guest_panicked(std::nullopt, context); });
    }
    std::string guest_reset()
    {
        return turn([this] { control.request_reset(shutdown_cause::guest_reset); });
    }
    std::string guest_shutdown()
    {
        return turn([this] { control.request_shutdown(shutdown_cause::guest_shutdown); });
    }
    std::string suspend()
    {
        return turn([this] { control.request_suspend(); });
    }
    std::string suspend_to_disk()
    {
        return turn([this] { control.guest_suspended_to_disk(); });
    }

    std::string state() const { return std::string(to_string(control.state())); }

    /// Brings a new machine into `to` by permitted transitions.
    void enter(run_state to)
    {
        switch (to) {
        case run_state::prelaunch: break;
        case run_state::inmigrate: control.set_state(to); break;
        case run_state::postmigrate:
            control.set_state(run_state::running);
            control.set_state(run_state::paused);
            control.set_state(to);
            break;
        default:
            control.set_state(run_state::running);
            control.set_state(to);
            break;
        }
        REQUIRE(control.state() == to);
        forget();
    }

    void set(void (*change)(action_set&))
    {
        action_set actions = control.actions();
        change(actions);
        control.set_actions(actions);
    }
    void no_reboot()
    {
        set([](action_set& a) { a.reboot = reboot_action::shutdown; });
    }
    void no_shutdown()
    {
        set([](action_set& a) { a.shutdown = shutdown_action::pause; });
    }
    void on_panic(panic_action action)
    {
        action_set actions = control.actions();
        actions.panic = action;
        control.set_actions(actions);
    }
    void on_watchdog(watchdog_action action)
    {
        action_set actions = control.actions();
        actions.watchdog = action;
        control.set_actions(actions);
    }

private:
    std::string command(const std::function<std::optional<refusal>()>& act)
    {
        std::optional<refusal> refused;
        turn([&] { refused = act(); });
        if (!refused) return events;
        CHECK(events.empty());
        return "refused: " + refused->text;
    }
};

// A machine that runs.
struct running_machine {
    machine m;
    running_machine() { m.enter(run_state::running); }
};

constexpr std::size_t k_states = k_run_state_count;

run_state state_at(std::size_t i) { return static_cast<run_state>(i); }

const std::string k_needs_reset = "refused: Resetting the Virtual Machine is required";
const std::string k_not_suspended = "refused: Unable to wake up: guest is not in suspended state";

} // namespace

// Transcripts: specification, appendix A.

TEST_CASE("run control: start stopped, cont, stop twice, reset while paused, cont, power button, quit")
{
    machine m;
    CHECK(m.state() == "prelaunch");
    CHECK(m.cont() == "RESUME");
    CHECK(m.stop() == "STOP");
    CHECK(m.stop().empty());
    CHECK(m.state() == "paused");
    CHECK(m.system_reset() == "RESET host-qmp-system-reset");
    CHECK(m.state() == "prelaunch");
    CHECK(m.cont() == "RESUME");
    CHECK(m.system_powerdown() == "POWERDOWN");
    CHECK(m.state() == "running");
    CHECK(m.quit() == "SHUTDOWN host-qmp-quit; exit 0");
    CHECK(!m.at_once);
}

TEST_CASE("run control: the effects of cont and stop come in QEMU's order")
{
    machine m;
    CHECK(m.steps_of([&] { m.control.cont(); }) == "RESUME; clock on; prelaunch->running");
    CHECK(m.steps_of([&] { m.control.stop(); }) == "clock off; running->paused; STOP");
    CHECK(m.steps_of([&] { m.control.system_reset(); }) ==
          "devices reset; RESET host-qmp-system-reset; paused->prelaunch");
    CHECK(m.steps_of([&] { m.control.system_powerdown(); }) == "POWERDOWN; button");
}

TEST_CASE("run control: a watchdog's reset")
{
    running_machine r;
    CHECK(r.m.steps_of([&] { r.m.control.watchdog_expired(); }) == "WATCHDOG reset; devices reset; RESET guest-reset");
    CHECK(r.m.state() == "running");
}

TEST_CASE("run control: a watchdog's power button")
{
    running_machine r;
    r.m.on_watchdog(watchdog_action::shutdown);
    CHECK(r.m.steps_of([&] { r.m.control.watchdog_expired(); }) == "WATCHDOG shutdown; POWERDOWN; button");
    CHECK(r.m.state() == "running");
}

TEST_CASE("run control: a watchdog's poweroff ends the run at once, whatever -no-shutdown says")
{
    for (const bool no_shutdown : {false, true}) {
        running_machine r;
        if (no_shutdown) r.m.no_shutdown();
        r.m.on_watchdog(watchdog_action::poweroff);
        CHECK(r.m.expiry() == "WATCHDOG poweroff; exit 0 at once");
        CHECK(r.m.control.exiting());
        CHECK(r.m.control.exited_at_once());
    }
}

TEST_CASE("run control: a watchdog's pause can be continued without a reset")
{
    running_machine r;
    r.m.on_watchdog(watchdog_action::pause);
    CHECK(r.m.steps_of([&] { r.m.control.watchdog_expired(); }) ==
          "WATCHDOG pause; clock off; running->watchdog; STOP");
    CHECK(r.m.state() == "watchdog");
    CHECK(r.m.stop().empty());
    CHECK(r.m.state() == "watchdog");
    CHECK(r.m.cont() == "RESUME");
    CHECK(r.m.state() == "running");
    CHECK(r.m.expiry() == "WATCHDOG pause; STOP");
    CHECK(r.m.system_reset() == "RESET host-qmp-system-reset");
    CHECK(r.m.state() == "prelaunch");
}

TEST_CASE("run control: a watchdog's debug only logs, none does nothing, inject-nmi sends an NMI")
{
    running_machine r;
    r.m.on_watchdog(watchdog_action::debug);
    CHECK(r.m.steps_of([&] { r.m.control.watchdog_expired(); }) == "WATCHDOG debug");
    CHECK(r.m.logged == std::vector<std::string>{"watchdog: timer fired"});
    r.m.on_watchdog(watchdog_action::none);
    CHECK(r.m.steps_of([&] { r.m.control.watchdog_expired(); }) == "WATCHDOG none");
    r.m.on_watchdog(watchdog_action::inject_nmi);
    CHECK(r.m.steps_of([&] { r.m.control.watchdog_expired(); }) == "WATCHDOG inject-nmi; nmi");
    r.m.has_nmi_sink = false;
    CHECK(r.m.steps_of([&] { r.m.control.watchdog_expired(); }) == "WATCHDOG inject-nmi; nmi");
    CHECK(r.m.state() == "running");
    CHECK(r.m.logged.size() == 1);
}

TEST_CASE("run control: watchdog actions under every combination of -no-reboot and -no-shutdown")
{
    struct row {
        watchdog_action action;
        bool no_reboot;
        bool no_shutdown;
        const char* events;
        const char* state;
    };
    const row rows[] = {
        {watchdog_action::reset, false, false, "WATCHDOG reset; RESET guest-reset", "running"},
        {watchdog_action::reset, false, true, "WATCHDOG reset; RESET guest-reset", "running"},
        {watchdog_action::reset, true, false, "WATCHDOG reset; SHUTDOWN guest-reset; exit 0", "running"},
        {watchdog_action::reset, true, true, "WATCHDOG reset; SHUTDOWN guest-reset; STOP", "shutdown"},
        {watchdog_action::shutdown, false, false, "WATCHDOG shutdown; POWERDOWN", "running"},
        {watchdog_action::shutdown, false, true, "WATCHDOG shutdown; POWERDOWN", "running"},
        {watchdog_action::shutdown, true, false, "WATCHDOG shutdown; POWERDOWN", "running"},
        {watchdog_action::shutdown, true, true, "WATCHDOG shutdown; POWERDOWN", "running"},
        {watchdog_action::poweroff, false, false, "WATCHDOG poweroff; exit 0 at once", "running"},
        {watchdog_action::poweroff, false, true, "WATCHDOG poweroff; exit 0 at once", "running"},
        {watchdog_action::poweroff, true, false, "WATCHDOG poweroff; exit 0 at once", "running"},
        {watchdog_action::poweroff, true, true, "WATCHDOG poweroff; exit 0 at once", "running"},
        {watchdog_action::pause, false, false, "WATCHDOG pause; STOP", "watchdog"},
        {watchdog_action::pause, false, true, "WATCHDOG pause; STOP", "watchdog"},
        {watchdog_action::pause, true, false, "WATCHDOG pause; STOP", "watchdog"},
        {watchdog_action::pause, true, true, "WATCHDOG pause; STOP", "watchdog"},
        {watchdog_action::debug, false, false, "WATCHDOG debug", "running"},
        {watchdog_action::debug, false, true, "WATCHDOG debug", "running"},
        {watchdog_action::debug, true, false, "WATCHDOG debug", "running"},
        {watchdog_action::debug, true, true, "WATCHDOG debug", "running"},
        {watchdog_action::none, false, false, "WATCHDOG none", "running"},
        {watchdog_action::none, false, true, "WATCHDOG none", "running"},
        {watchdog_action::none, true, false, "WATCHDOG none", "running"},
        {watchdog_action::none, true, true, "WATCHDOG none", "running"},
        {watchdog_action::inject_nmi, false, false, "WATCHDOG inject-nmi", "running"},
        {watchdog_action::inject_nmi, false, true, "WATCHDOG inject-nmi", "running"},
        {watchdog_action::inject_nmi, true, false, "WATCHDOG inject-nmi", "running"},
        {watchdog_action::inject_nmi, true, true, "WATCHDOG inject-nmi", "running"},
    };
    for (const row& expected : rows) {
        CAPTURE(std::string(to_string(expected.action)), expected.no_reboot, expected.no_shutdown);
        running_machine r;
        if (expected.no_reboot) r.m.no_reboot();
        if (expected.no_shutdown) r.m.no_shutdown();
        r.m.on_watchdog(expected.action);
        CHECK(r.m.expiry() == expected.events);
        CHECK(r.m.state() == expected.state);
    }
}

TEST_CASE(
    "run control: a watchdog's reset with -no-reboot -no-shutdown leaves a machine that needs a reset it cannot have")
{
    running_machine r;
    r.m.no_reboot();
    r.m.no_shutdown();
    CHECK(r.m.expiry() == "WATCHDOG reset; SHUTDOWN guest-reset; STOP");
    CHECK(r.m.state() == "shutdown");
    CHECK(r.m.cont() == k_needs_reset);
    CHECK(r.m.system_reset() == "SHUTDOWN host-qmp-system-reset");
    CHECK(r.m.system_reset() == "SHUTDOWN host-qmp-system-reset");
    CHECK(r.m.state() == "shutdown");
    CHECK(r.m.quit() == "SHUTDOWN host-qmp-quit; exit 0");
}

TEST_CASE("run control: a change of the watchdog action holds from the next expiry on")
{
    running_machine r;
    r.m.forget();
    {
        const turn_guard turn(r.m.control);
        r.m.control.watchdog_expired();
        r.m.on_watchdog(watchdog_action::none);
        r.m.control.watchdog_expired();
    }
    CHECK(r.m.events == "WATCHDOG reset; WATCHDOG none; RESET guest-reset");
}

TEST_CASE("run control: every panic action in both contexts, with and without -no-shutdown")
{
    struct row {
        panic_action action;
        bool no_shutdown;
        report_context context;
        const char* events;
        const char* state;
    };
    constexpr auto loop = report_context::main_loop;
    constexpr auto vcpu = report_context::vcpu;
    const row rows[] = {
        {panic_action::pause, false, loop, "GUEST_PANICKED pause; STOP", "guest-panicked"},
        {panic_action::pause, false, vcpu, "GUEST_PANICKED pause; STOP", "guest-panicked"},
        {panic_action::pause, true, loop, "GUEST_PANICKED pause; STOP", "guest-panicked"},
        {panic_action::pause, true, vcpu, "GUEST_PANICKED pause; STOP", "guest-panicked"},
        {panic_action::shutdown, false, loop, "GUEST_PANICKED poweroff; STOP; SHUTDOWN guest-panic; exit 0",
         "guest-panicked"},
        {panic_action::shutdown, false, vcpu, "GUEST_PANICKED poweroff; SHUTDOWN guest-panic; exit 0", "running"},
        {panic_action::shutdown, true, loop, "GUEST_PANICKED pause; STOP", "guest-panicked"},
        {panic_action::shutdown, true, vcpu, "GUEST_PANICKED pause; STOP", "guest-panicked"},
        {panic_action::exit_failure, false, loop, "GUEST_PANICKED poweroff; STOP; SHUTDOWN guest-panic; exit 1",
         "guest-panicked"},
        {panic_action::exit_failure, false, vcpu, "GUEST_PANICKED poweroff; SHUTDOWN guest-panic; exit 1", "running"},
        {panic_action::exit_failure, true, loop, "GUEST_PANICKED poweroff; STOP; SHUTDOWN guest-panic",
         "guest-panicked"},
        {panic_action::exit_failure, true, vcpu, "GUEST_PANICKED poweroff; SHUTDOWN guest-panic; STOP", "shutdown"},
        {panic_action::none, false, loop, "GUEST_PANICKED run", "running"},
        {panic_action::none, false, vcpu, "GUEST_PANICKED run", "running"},
        {panic_action::none, true, loop, "GUEST_PANICKED run", "running"},
        {panic_action::none, true, vcpu, "GUEST_PANICKED run", "running"},
    };
    for (const row& expected : rows) {
        CAPTURE(std::string(to_string(expected.action)), expected.no_shutdown, expected.context == vcpu);
        running_machine r;
        if (expected.no_shutdown) r.m.no_shutdown();
        r.m.on_panic(expected.action);
        CHECK(r.m.panic(expected.context) == expected.events);
        CHECK(r.m.state() == expected.state);
        CHECK(!r.m.control.exited_at_once());
    }
}

TEST_CASE("run control: a panicked guest continues without a reset, one shut down by its panic does not")
{
    running_machine paused;
    paused.m.no_shutdown();
    paused.m.panic();
    CHECK(paused.m.cont() == "RESUME");
    CHECK(paused.m.state() == "running");

    running_machine shut;
    shut.m.no_shutdown();
    shut.m.on_panic(panic_action::exit_failure);
    shut.m.panic(report_context::vcpu);
    CHECK(shut.m.cont() == k_needs_reset);
    CHECK(shut.m.system_reset() == "RESET host-qmp-system-reset");
    CHECK(shut.m.state() == "prelaunch");
}

TEST_CASE("run control: a panic while not running tells and keeps the state")
{
    for (const auto context : {report_context::main_loop, report_context::vcpu}) {
        for (std::size_t i = 0; i < k_states; ++i) {
            if (state_at(i) == run_state::running) continue;
            machine m;
            m.enter(state_at(i));
            CAPTURE(m.state());
            m.on_panic(panic_action::pause);
            CHECK(m.panic(context) == "GUEST_PANICKED pause");
            CHECK(m.control.state() == state_at(i));
            m.on_panic(panic_action::none);
            CHECK(m.panic(context) == "GUEST_PANICKED run");
            CHECK(m.control.state() == state_at(i));
            m.on_panic(panic_action::shutdown);
            CHECK(m.panic(context) == "GUEST_PANICKED poweroff; SHUTDOWN guest-panic; exit 0");
        }
    }
}

TEST_CASE("run control: a second panic in guest-panicked is told again")
{
    running_machine r;
    r.m.on_panic(panic_action::pause);
    CHECK(r.m.panic() == "GUEST_PANICKED pause; STOP");
    CHECK(r.m.panic() == "GUEST_PANICKED pause");
    CHECK(r.m.state() == "guest-panicked");
}

TEST_CASE("run control: two panics by a vCPU before the stop lands make two events and one STOP")
{
    running_machine r;
    r.m.on_panic(panic_action::pause);
    CHECK(r.m.turn([&] {
        r.m.control.guest_panicked(std::nullopt, report_context::vcpu);
        r.m.control.guest_panicked(std::nullopt, report_context::vcpu);
    }) == "GUEST_PANICKED pause; GUEST_PANICKED pause; STOP");
    CHECK(r.m.state() == "guest-panicked");
}

TEST_CASE("run control: a panic and a reset in one burst end in prelaunch")
{
    running_machine r;
    r.m.on_panic(panic_action::pause);
    CHECK(r.m.turn([&] {
        r.m.control.guest_panicked(std::nullopt, report_context::main_loop);
        r.m.control.request_reset(shutdown_cause::guest_reset);
    }) == "GUEST_PANICKED pause; STOP; RESET guest-reset");
    CHECK(r.m.state() == "prelaunch");
}

TEST_CASE("run control: what is known about a panic goes with its event")
{
    running_machine r;
    const hyperv_panic_info info{{1, 2, 3, 4, 5}};
    r.m.on_panic(panic_action::none);
    CHECK(r.m.turn([&] { r.m.control.guest_panicked(info, report_context::vcpu); }) == "GUEST_PANICKED run with info");
    CHECK(r.m.turn([&] { r.m.control.guest_crashloaded(info); }) == "GUEST_CRASHLOADED run with info");
    CHECK(r.m.turn([&] { r.m.control.guest_crashloaded(std::nullopt); }) == "GUEST_CRASHLOADED run");
    CHECK(r.m.state() == "running");
}

// Commands: specification, section 5.

TEST_CASE("run control: stop in each of the sixteen states")
{
    for (std::size_t i = 0; i < k_states; ++i) {
        machine m;
        m.enter(state_at(i));
        const bool runs = state_at(i) == run_state::running;
        CAPTURE(m.state());
        CHECK(m.stop() == (runs ? "STOP" : ""));
        CHECK(m.control.state() == (runs ? run_state::paused : state_at(i)));
        CHECK(m.control.autostart() == (state_at(i) != run_state::inmigrate));
    }
}

TEST_CASE("run control: cont in each of the sixteen states")
{
    for (std::size_t i = 0; i < k_states; ++i) {
        machine m;
        m.enter(state_at(i));
        CAPTURE(m.state());
        switch (state_at(i)) {
        case run_state::running:
        case run_state::suspended:
        case run_state::inmigrate:
            CHECK(m.cont().empty());
            CHECK(m.control.state() == state_at(i));
            break;
        case run_state::shutdown:
        case run_state::internal_error:
            CHECK(m.cont() == k_needs_reset);
            CHECK(m.control.state() == state_at(i));
            break;
        case run_state::finish_migrate:
            CHECK(m.cont() == "refused: Migration is not finalized yet");
            CHECK(m.control.state() == state_at(i));
            break;
        default:
            CHECK(m.cont() == "RESUME");
            CHECK(m.state() == "running");
            break;
        }
        CHECK(m.clock_runs == (m.state() == "running"));
        CHECK(m.logged.empty());
    }
}

TEST_CASE("run control: stop and cont in inmigrate only decide whether the machine will start")
{
    machine m;
    m.enter(run_state::inmigrate);
    CHECK(m.control.autostart());
    CHECK(m.stop().empty());
    CHECK(!m.control.autostart());
    CHECK(m.cont().empty());
    CHECK(m.control.autostart());
}

TEST_CASE("run control: system_reset in each of the sixteen states")
{
    for (std::size_t i = 0; i < k_states; ++i) {
        machine m;
        m.enter(state_at(i));
        CAPTURE(m.state());
        CHECK(m.system_reset() == "RESET host-qmp-system-reset");
        switch (state_at(i)) {
        case run_state::running:
        case run_state::inmigrate:
        case run_state::finish_migrate: CHECK(m.control.state() == state_at(i)); break;
        case run_state::save_vm: // the table has no way from here to prelaunch
            CHECK(m.control.state() == state_at(i));
            CHECK(m.logged == std::vector<std::string>{"invalid runstate transition: 'save-vm' -> 'prelaunch'"});
            break;
        default: CHECK(m.state() == "prelaunch"); break;
        }
    }
}

TEST_CASE("run control: system_reset under -no-reboot is a shutdown in each of the sixteen states")
{
    for (std::size_t i = 0; i < k_states; ++i) {
        machine m;
        m.enter(state_at(i));
        m.no_reboot();
        CAPTURE(m.state());
        CHECK(m.system_reset() == "SHUTDOWN host-qmp-system-reset; exit 0");

        machine kept;
        kept.enter(state_at(i));
        kept.no_reboot();
        kept.no_shutdown();
        const bool runs = state_at(i) == run_state::running;
        CHECK(kept.system_reset() ==
              (runs ? "SHUTDOWN host-qmp-system-reset; STOP" : "SHUTDOWN host-qmp-system-reset"));
        CHECK(kept.control.state() == (runs ? run_state::shutdown : state_at(i)));
    }
}

TEST_CASE("run control: system_powerdown, inject-nmi and quit work alike in each of the sixteen states")
{
    for (std::size_t i = 0; i < k_states; ++i) {
        machine m;
        m.enter(state_at(i));
        CAPTURE(m.state());
        CHECK(m.system_powerdown() == "POWERDOWN");
        CHECK(m.control.state() == state_at(i));
        CHECK(m.inject_nmi_command().empty());
        CHECK(m.steps == "nmi");
        CHECK(m.control.state() == state_at(i));
        m.no_shutdown();
        CHECK(m.quit() == "SHUTDOWN host-qmp-quit; exit 0");
        CHECK(m.control.state() == state_at(i));
        CHECK(m.control.exiting());
        CHECK(!m.control.exited_at_once());
    }
}

TEST_CASE("run control: inject-nmi is refused where nothing takes an NMI")
{
    machine m;
    m.has_nmi_sink = false;
    CHECK(m.inject_nmi_command() == "refused: this feature or command is not currently supported");
}

TEST_CASE("run control: system_wakeup in each of the sixteen states")
{
    for (std::size_t i = 0; i < k_states; ++i) {
        machine m;
        m.enter(state_at(i));
        CAPTURE(m.state());
        if (state_at(i) == run_state::suspended) {
            CHECK(m.system_wakeup() == "WAKEUP");
            CHECK(m.steps == "clock on; suspended->running; devices reset by wake-up; WAKEUP");
            CHECK(m.state() == "running");
        } else {
            CHECK(m.system_wakeup() == k_not_suspended);
            CHECK(m.control.state() == state_at(i));
        }
    }
}

TEST_CASE("run control: termination signals end the run in order, whatever -no-shutdown says")
{
    for (std::size_t i = 0; i < k_states; ++i) {
        machine m;
        m.enter(state_at(i));
        m.no_shutdown();
        CAPTURE(m.state());
        CHECK(m.turn([&] { m.control.terminate_by_signal(); }) == "SHUTDOWN host-signal; exit 0");
    }
}

TEST_CASE("run control: stop, cont, stop and system_reset in a row")
{
    running_machine r;
    CHECK(r.m.stop() == "STOP");
    CHECK(r.m.cont() == "RESUME");
    CHECK(r.m.stop() == "STOP");
    CHECK(r.m.system_reset() == "RESET host-qmp-system-reset");
    CHECK(r.m.state() == "prelaunch");
}

// Guest-initiated: specification, section 6.

TEST_CASE("run control: a guest's reset")
{
    running_machine plain;
    CHECK(plain.m.guest_reset() == "RESET guest-reset");
    CHECK(plain.m.state() == "running");

    running_machine no_reboot;
    no_reboot.m.no_reboot();
    CHECK(no_reboot.m.guest_reset() == "SHUTDOWN guest-reset; exit 0");

    running_machine neither;
    neither.m.no_reboot();
    neither.m.no_shutdown();
    CHECK(neither.m.guest_reset() == "SHUTDOWN guest-reset; STOP");
    CHECK(neither.m.state() == "shutdown");

    running_machine paused;
    CHECK(paused.m.stop() == "STOP");
    CHECK(paused.m.guest_reset() == "RESET guest-reset");
    CHECK(paused.m.state() == "prelaunch");
}

TEST_CASE("run control: a guest's shutdown")
{
    running_machine plain;
    CHECK(plain.m.guest_shutdown() == "SHUTDOWN guest-shutdown; exit 0");

    running_machine kept;
    kept.m.no_shutdown();
    CHECK(kept.m.steps_of([&] { kept.m.control.request_shutdown(shutdown_cause::guest_shutdown); }) ==
          "SHUTDOWN guest-shutdown; clock off; running->shutdown; STOP");
    CHECK(kept.m.cont() == k_needs_reset);
    CHECK(kept.m.stop().empty());
    CHECK(kept.m.state() == "shutdown");
    CHECK(kept.m.system_reset() == "RESET host-qmp-system-reset");
    CHECK(kept.m.state() == "prelaunch");
    CHECK(kept.m.cont() == "RESUME");
    CHECK(kept.m.state() == "running");
}

TEST_CASE("run control: a guest's shutdown that arrives while paused leaves it paused under -no-shutdown")
{
    running_machine r;
    r.m.no_shutdown();
    r.m.stop();
    CHECK(r.m.guest_shutdown() == "SHUTDOWN guest-shutdown");
    CHECK(r.m.state() == "paused");
    CHECK(r.m.cont() == "RESUME");
}

TEST_CASE("run control: suspend to disk")
{
    running_machine plain;
    CHECK(plain.m.suspend_to_disk() == "SUSPEND_DISK; SHUTDOWN guest-shutdown; exit 0");

    running_machine kept;
    kept.m.no_shutdown();
    CHECK(kept.m.suspend_to_disk() == "SUSPEND_DISK; SHUTDOWN guest-shutdown; STOP");
    CHECK(kept.m.state() == "shutdown");

    running_machine paused;
    paused.m.no_shutdown();
    paused.m.stop();
    CHECK(paused.m.suspend_to_disk() == "SUSPEND_DISK; SHUTDOWN guest-shutdown");
    CHECK(paused.m.state() == "paused");
    CHECK(paused.m.cont() == "RESUME");
}

TEST_CASE("run control: suspend to memory and wake-up")
{
    running_machine r;
    CHECK(r.m.steps_of([&] { r.m.control.request_suspend(); }) == "clock off; running->suspended; SUSPEND");
    CHECK(r.m.suspend().empty()); // already there
    CHECK(r.m.stop().empty());
    CHECK(r.m.cont().empty());
    CHECK(r.m.state() == "suspended");
    CHECK(r.m.system_wakeup() == "WAKEUP");
    CHECK(r.m.state() == "running");
    CHECK(r.m.system_wakeup() == k_not_suspended);
    CHECK(r.m.suspend() == "SUSPEND");
    CHECK(r.m.system_reset() == "RESET host-qmp-system-reset");
    CHECK(r.m.state() == "prelaunch");
}

TEST_CASE("run control: what fell due in S3 does not run before the wake-up has reset the devices")
{
    running_machine r;
    CHECK(r.m.suspend() == "SUSPEND");
    r.m.due.push_back([&] { r.m.append(r.m.steps, "timer"); });
    CHECK(r.m.system_wakeup() == "WAKEUP");
    CHECK(r.m.steps == "clock on; suspended->running; devices reset by wake-up; WAKEUP; timer");
}

TEST_CASE("run control: where a suspended machine can be stopped, it goes on suspended")
{
    running_machine r;
    r.m.control.suspended_can_stop(true);
    r.m.no_shutdown();
    r.m.suspend();
    CHECK(r.m.stop() == "STOP");
    CHECK(r.m.state() == "paused");
    CHECK(r.m.stop().empty());
    CHECK(r.m.system_wakeup() == k_not_suspended);
    CHECK(r.m.cont() == "RESUME");
    CHECK(r.m.state() == "suspended");
    CHECK(r.m.cont().empty());

    r.m.stop();
    CHECK(r.m.suspend() == "SUSPEND"); // as it may while the machine stands
    CHECK(r.m.state() == "suspended");
    r.m.stop();
    CHECK(r.m.system_reset() == "RESET host-qmp-system-reset");
    CHECK(r.m.state() == "prelaunch");
    CHECK(r.m.suspend() == "SUSPEND");
    CHECK(r.m.system_wakeup() == "WAKEUP");
    CHECK(r.m.state() == "running");

    r.m.suspend();
    CHECK(r.m.suspend_to_disk() == "SUSPEND_DISK; SHUTDOWN guest-shutdown; STOP");
    CHECK(r.m.state() == "shutdown");
    CHECK(r.m.logged.empty());
}

TEST_CASE("run control: a stopped machine that was suspended and reset has forgotten it")
{
    running_machine r;
    r.m.control.suspended_can_stop(true);
    r.m.suspend();
    r.m.stop();
    r.m.system_reset();
    CHECK(r.m.cont() == "RESUME");
    CHECK(r.m.state() == "running");
}

TEST_CASE("run control: suspend to memory is dropped with a log line where the state does not permit it")
{
    for (std::size_t i = 0; i < k_states; ++i) {
        machine m;
        m.enter(state_at(i));
        CAPTURE(m.state());
        const bool possible = can_transition(state_at(i), run_state::suspended);
        CHECK(m.suspend() == (possible && state_at(i) != run_state::suspended ? "SUSPEND" : ""));
        CHECK(m.control.state() == (possible ? run_state::suspended : state_at(i)));
        CHECK(m.logged.size() == (possible ? 0U : 1U));
    }
    running_machine r;
    r.m.stop();
    r.m.suspend();
    CHECK(r.m.logged == std::vector<std::string>{"invalid runstate transition: 'paused' -> 'suspended'"});
    CHECK(r.m.cont() == "RESUME");
}

// Requests and turns: specification, section 4.

TEST_CASE("run control: repeated requests collapse into the last one")
{
    running_machine r;
    CHECK(r.m.turn([&] {
        for (int i = 0; i < 3; ++i) r.m.control.request_reset(shutdown_cause::guest_reset);
        r.m.control.request_reset(shutdown_cause::host_qmp_system_reset);
    }) == "RESET host-qmp-system-reset");
    CHECK(r.m.turn([&] {
        r.m.control.watchdog_expired();
        r.m.control.watchdog_expired();
    }) == "WATCHDOG reset; WATCHDOG reset; RESET guest-reset");
    CHECK(r.m.turn([&] {
        r.m.control.request_powerdown();
        r.m.control.request_powerdown();
    }) == "POWERDOWN");
    CHECK(r.m.turn([&] {
        r.m.control.request_stop(run_state::io_error);
        r.m.control.request_stop(run_state::internal_error);
    }) == "STOP");
    CHECK(r.m.state() == "internal-error");
}

TEST_CASE("run control: requests of one turn are served in a fixed order")
{
    running_machine r;
    r.m.no_shutdown();
    r.m.on_watchdog(watchdog_action::pause);
    CHECK(r.m.turn([&] {
        r.m.control.request_stop(run_state::io_error);
        r.m.control.request_powerdown();
        r.m.control.request_reset(shutdown_cause::guest_reset);
        r.m.control.request_shutdown(shutdown_cause::guest_shutdown);
        r.m.control.request_suspend();
        r.m.control.request_debug_stop();
        r.m.control.watchdog_expired();
    }) == "WATCHDOG pause; STOP; SUSPEND; SHUTDOWN guest-shutdown; RESET guest-reset; POWERDOWN");
    // debug, then suspended; the reset ends in prelaunch; the last stop finds a machine that does not run.
    CHECK(r.m.state() == "prelaunch");
}

TEST_CASE("run control: reset comes before wake-up, wake-up before the power button, and the stop last")
{
    machine m;
    m.enter(run_state::suspended);
    CHECK(m.turn([&] {
        m.control.request_stop(run_state::paused);
        m.control.request_powerdown();
        CHECK(m.control.request_wakeup());
        CHECK(m.state() == "running"); // at once, as in QEMU
        CHECK(!m.control.request_wakeup());
        m.control.request_reset(shutdown_cause::guest_reset);
    }) == "RESET guest-reset; WAKEUP; POWERDOWN; STOP");
    CHECK(m.state() == "paused");
}

TEST_CASE("run control: a shutdown that ends the run leaves the later requests unserved")
{
    running_machine r;
    CHECK(r.m.turn([&] {
        r.m.control.request_stop(run_state::watchdog);
        r.m.control.request_powerdown();
        r.m.control.request_reset(shutdown_cause::guest_reset);
        r.m.control.request_shutdown(shutdown_cause::guest_shutdown);
    }) == "SHUTDOWN guest-shutdown; exit 0");
    CHECK(r.m.status == 0);
}

TEST_CASE("run control: nothing is served inside an open turn")
{
    running_machine r;
    r.m.no_shutdown();
    r.m.on_watchdog(watchdog_action::none);
    {
        const turn_guard outer(r.m.control);
        CHECK(r.m.control.turn_open());
        r.m.control.request_debug_stop();
        r.m.control.request_suspend();
        r.m.control.request_shutdown(shutdown_cause::guest_shutdown);
        r.m.control.request_reset(shutdown_cause::guest_reset);
        r.m.control.request_powerdown();
        r.m.control.request_stop(run_state::paused);
        r.m.control.serve();
        {
            const turn_guard inner(r.m.control);
            r.m.control.watchdog_expired();
        }
        CHECK(r.m.events == "WATCHDOG none");
        CHECK(r.m.state() == "running");
        CHECK(r.m.services_asked == 0);
    }
    CHECK(!r.m.control.turn_open());
    CHECK(r.m.events == "WATCHDOG none; STOP; SUSPEND; SHUTDOWN guest-shutdown; RESET guest-reset; POWERDOWN");
}

TEST_CASE("run control: a turn that is parted serves what was requested, and goes on as deep as it was")
{
    running_machine r;
    {
        const turn_guard outer(r.m.control);
        const turn_guard inner(r.m.control);
        r.m.control.request_reset(shutdown_cause::guest_reset);
        {
            const turn_break between(r.m.control);
            CHECK(r.m.events == "RESET guest-reset");
            CHECK_FALSE(r.m.control.turn_open());
            const turn_guard another(r.m.control);
            r.m.control.request_powerdown();
        }
        CHECK(r.m.events == "RESET guest-reset; POWERDOWN");
        r.m.control.request_powerdown();
        CHECK(r.m.events == "RESET guest-reset; POWERDOWN");
    }
    CHECK(r.m.events == "RESET guest-reset; POWERDOWN; POWERDOWN");
    CHECK_FALSE(r.m.control.turn_open());
    {
        const turn_break nothing(r.m.control);
    }
    CHECK_FALSE(r.m.control.turn_open());
}

TEST_CASE("run control: a turn whose timer gets no memory ends, and the next one does what is left")
{
    running_machine r;
    r.m.due.push_back([] { throw std::bad_alloc(); });
    CHECK(r.m.turn([&] { r.m.control.request_powerdown(); }).empty());
    CHECK_FALSE(r.m.control.turn_open());
    REQUIRE(r.m.logged.size() == 1);
    CHECK(r.m.logged[0].find("out of memory") != std::string::npos);
    CHECK(r.m.turn([] {}) == "POWERDOWN");
}

TEST_CASE("run control: outside a turn, requests ask for service and wait for it")
{
    running_machine r;
    r.m.control.request_reset(shutdown_cause::guest_reset);
    CHECK(r.m.services_asked == 1);
    CHECK(r.m.events.empty());
    r.m.control.serve();
    CHECK(r.m.events == "RESET guest-reset");
    r.m.forget();
    r.m.control.serve();
    CHECK(r.m.events.empty());

    r.m.control.stop(); // commands act at once
    CHECK(r.m.events == "STOP");
    CHECK(r.m.services_asked == 1);
}

TEST_CASE("run control: timers due now run when the turn ends, and what they ask for is served in it")
{
    running_machine r;
    r.m.on_watchdog(watchdog_action::pause);
    CHECK(r.m.turn([&] {
        r.m.due.emplace_back([&] { r.m.control.watchdog_expired(); });
        CHECK(r.m.events.empty());
    }) == "WATCHDOG pause; STOP");
    CHECK(r.m.state() == "watchdog");
}

TEST_CASE("run control: a watchdog armed while stopped fires after cont, in the same turn")
{
    machine m;
    m.on_watchdog(watchdog_action::pause);
    m.due.emplace_back([&] { m.control.watchdog_expired(); });
    CHECK(m.turn([] {}).empty());
    CHECK(m.cont() == "RESUME; WATCHDOG pause; STOP");
    CHECK(m.state() == "watchdog");
}

TEST_CASE("run control: a request made while requests are served is served in the same turn")
{
    running_machine r;
    bool once = true;
    r.m.on_event = [&](const std::string& line) {
        if (line == "POWERDOWN" && std::exchange(once, false)) {
            r.m.control.request_shutdown(shutdown_cause::guest_shutdown);
        }
    };
    CHECK(r.m.system_powerdown() == "POWERDOWN; SHUTDOWN guest-shutdown; exit 0");
    CHECK(r.m.services_asked == 0);
}

TEST_CASE("run control: a turn opened while requests are served does not serve again inside")
{
    running_machine r;
    r.m.on_event = [&](const std::string& line) {
        if (line != "RESET guest-reset") return;
        const turn_guard nested(r.m.control);
        r.m.control.request_powerdown();
    };
    CHECK(r.m.turn([&] {
        r.m.control.request_reset(shutdown_cause::guest_reset);
        r.m.control.request_stop(run_state::paused);
    }) == "RESET guest-reset; POWERDOWN; STOP");
}

TEST_CASE("run control: cont while a stop is pending shows the pair STOP, RESUME and goes on running")
{
    running_machine r;
    CHECK(r.m.turn([&] {
        r.m.control.request_stop(run_state::paused);
        CHECK(!r.m.control.cont().has_value());
    }) == "STOP; RESUME");
    CHECK(r.m.state() == "running");
    CHECK(r.m.clock_runs);
    CHECK(r.m.cont().empty());
}

TEST_CASE("run control: cont while stopped takes a pending stop away")
{
    running_machine r;
    r.m.stop();
    CHECK(r.m.turn([&] {
        r.m.control.request_stop(run_state::paused);
        r.m.control.cont();
    }) == "RESUME");
    CHECK(r.m.state() == "running");
}

TEST_CASE("run control: a debugger's stop and a platform's stop")
{
    running_machine r;
    CHECK(r.m.turn([&] { r.m.control.request_debug_stop(); }) == "STOP");
    CHECK(r.m.state() == "debug");
    CHECK(r.m.cont() == "RESUME");
    CHECK(r.m.turn([&] { r.m.control.request_stop(run_state::internal_error); }) == "STOP");
    CHECK(r.m.cont() == k_needs_reset);
    CHECK(r.m.system_reset() == "RESET host-qmp-system-reset");
    CHECK(r.m.cont() == "RESUME");
    CHECK(r.m.turn([&] { r.m.control.request_stop(run_state::io_error); }) == "STOP");
    CHECK(r.m.cont() == "RESUME");
}

TEST_CASE("run control: a stop in a state that running cannot become is logged and changes nothing")
{
    running_machine r;
    CHECK(r.m.turn([&] { r.m.control.request_stop(run_state::prelaunch); }).empty());
    CHECK(r.m.state() == "running");
    CHECK(r.m.clock_runs);
    CHECK(r.m.logged == std::vector<std::string>{"invalid runstate transition: 'running' -> 'prelaunch'"});
    CHECK(r.m.turn([&] { r.m.control.request_stop(run_state::running); }).empty());
    CHECK(r.m.clock_runs);
}

TEST_CASE("run control: set_state keeps the clock and the state together")
{
    running_machine r;
    for (const run_state to : {run_state::save_vm, run_state::running, run_state::colo, run_state::running}) {
        CHECK(r.m.control.set_state(to));
        CHECK(r.m.clock_runs == (to == run_state::running));
    }
    r.m.forget();
    CHECK(r.m.control.set_state(run_state::running));
    CHECK(r.m.steps.empty());
    CHECK(!r.m.control.set_state(run_state::inmigrate));
    CHECK(r.m.steps.empty());
    CHECK(r.m.clock_runs);
    CHECK(r.m.logged.size() == 1);
}

// The end of the run.

TEST_CASE("run control: after an exit at once nothing more happens in the turn")
{
    running_machine r;
    r.m.on_watchdog(watchdog_action::poweroff);
    CHECK(r.m.turn([&] {
        r.m.control.request_reset(shutdown_cause::guest_reset);
        r.m.control.watchdog_expired();
        r.m.control.watchdog_expired();
        r.m.control.guest_panicked(std::nullopt, report_context::main_loop);
        r.m.control.guest_crashloaded(std::nullopt);
        r.m.control.guest_suspended_to_disk();
        r.m.control.request_powerdown();
        r.m.due.emplace_back([&] { r.m.control.watchdog_expired(); });
    }) == "WATCHDOG poweroff; exit 0 at once");
    CHECK(r.m.due.size() == 1);
}

TEST_CASE("run control: after the end of the run no service is asked for")
{
    running_machine r;
    r.m.quit();
    CHECK(!r.m.control.exited_at_once());
    r.m.control.request_reset(shutdown_cause::guest_reset);
    CHECK(r.m.services_asked == 0);
    r.m.forget();
    r.m.control.serve();
    CHECK(r.m.turn([&] { r.m.control.watchdog_expired(); }).empty());
}

TEST_CASE("run control: an exit from a timer ends the timers' turn")
{
    running_machine r;
    r.m.on_watchdog(watchdog_action::poweroff);
    r.m.due.emplace_back([&] { r.m.control.watchdog_expired(); });
    CHECK(r.m.turn([&] { r.m.control.request_powerdown(); }) == "WATCHDOG poweroff; exit 0 at once");
}

TEST_CASE("run control: exit-failure gives status 1 only to an exit that the panic caused")
{
    running_machine r;
    r.m.on_panic(panic_action::exit_failure);
    CHECK(r.m.guest_shutdown() == "SHUTDOWN guest-shutdown; exit 0");

    running_machine quits;
    quits.m.on_panic(panic_action::exit_failure);
    CHECK(quits.m.quit() == "SHUTDOWN host-qmp-quit; exit 0");
}

TEST_CASE("run control: quit sets the shutdown action for good")
{
    running_machine r;
    r.m.no_shutdown();
    r.m.quit();
    CHECK(r.m.control.actions().shutdown == shutdown_action::poweroff);
}
