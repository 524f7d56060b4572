// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_RUN_CONTROL_H
#define VIGIL_RUNSTATE_RUN_CONTROL_H

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <vigil/runstate/actions.h>
#include <vigil/runstate/events.h>
#include <vigil/runstate/facts.h>
#include <vigil/runstate/result.h>
#include <vigil/runstate/run_state.h>

namespace vigil::runstate {

/// What the decisions of `run_control` act upon. `controller` implements it over SystemC; tests implement it over
/// plain variables.
struct run_control_host {
    /// Virtual time runs from now on.
    virtual void start_clock() = 0;
    /// Virtual time stands still from now on; nothing where it does already.
    virtual void stop_clock() = 0;
    /// Runs the timers due now; returns whether any ran. Nothing where the clock stands still.
    virtual bool run_due_timers() = 0;
    /// Resets every registered component, in order.
    virtual void reset_devices(reset_kind kind) = 0;
    /// Tells the power block that the button was pressed.
    virtual void press_power_button() = 0;
    /// Sends an NMI to every sink; returns false where there is none.
    virtual bool inject_nmi() = 0;
    /// Hands an event to the listeners.
    virtual void emit(const event& e) = 0;
    /// Tells the listeners of a change of state that has happened.
    virtual void state_changed(run_state from, run_state to) = 0;
    /// The run is over (see `run_listener::on_exit_requested`).
    virtual void exit_requested(int status, bool at_once) = 0;
    /// A request was made while no turn was open: arrange for `serve()` to be called soon.
    virtual void schedule_service() = 0;
    /// A line for the log.
    virtual void log(std::string_view line) = 0;

protected:
    ~run_control_host() = default;
};

/// The run-state logic of one machine, after QEMU 7.2's softmmu/runstate.c and softmmu/cpus.c: requests and facts go
/// in, effects come out through `run_control_host`. Plain C++, no kernel, no clock of its own.
///
/// Requests are single variables that later ones overwrite. They are served together, in a fixed order, when the
/// outermost turn closes (see `turn_guard`), or by `serve()` where no turn is open.
class run_control {
public:
    /// A new machine: state `prelaunch`, nothing requested. `host` must outlive it.
    explicit run_control(run_control_host& host) noexcept : host_(host) {}

    run_control(const run_control&) = delete;
    run_control& operator=(const run_control&) = delete;

    run_state state() const noexcept { return state_; }
    bool running() const noexcept { return state_ == run_state::running; }

    const action_set& actions() const noexcept { return actions_; }
    /// Takes effect for whatever happens next.
    void set_actions(const action_set& actions) noexcept { actions_ = actions; }

    /// A machine in S3 can be stopped, remembers it, and goes on in S3; S3 can be entered while it stands. So from QEMU
    /// 8.2 on; in 7.2 a suspended machine stays so until it wakes. Where later versions abort, the change is refused.
    void suspended_can_stop(bool yes) noexcept { suspended_can_stop_ = yes; }

    /// Whether the run is over.
    bool exiting() const noexcept { return exiting_; }
    /// Whether it ended at once: nothing more is to be answered.
    bool exited_at_once() const noexcept { return exited_at_once_; }

    // Commands, with QMP's names.

    /// `stop`: STOP and state `paused` where running; nothing otherwise.
    void stop();
    /// `cont`: RESUME and state `running`; refused where a reset is needed first.
    std::optional<refusal> cont();
    /// A device has left the machine: tells of it, and nothing else.
    void device_deleted(const std::optional<std::string>& id, const std::string& path);
    /// `system_reset`, cause host-qmp-system-reset.
    void system_reset();
    /// `system_powerdown`.
    void system_powerdown();
    /// `system_wakeup`: refused unless suspended.
    std::optional<refusal> system_wakeup();
    /// `inject-nmi`: refused where nothing takes an NMI.
    std::optional<refusal> inject_nmi();
    /// `quit`: an orderly end with status 0 whatever the shutdown action says.
    void quit();
    /// SIGINT, SIGTERM or SIGHUP arrived: as `quit`, cause host-signal.
    void terminate_by_signal();

    // Facts that devices state; not heard once the run is over.

    void watchdog_expired();
    void guest_panicked(const std::optional<panic_info>& info, report_context context);
    void guest_crashloaded(const std::optional<panic_info>& info);
    /// GUEST_PVSHUTDOWN at once, then a shutdown request.
    void guest_pvshutdown();
    /// The guest entered S4: SUSPEND_DISK at once, then a shutdown request.
    void guest_suspended_to_disk();

    // Requests.

    void request_reset(shutdown_cause cause);
    void request_shutdown(shutdown_cause cause);
    void request_powerdown();
    void request_suspend();
    /// Returns false, with nothing done, unless suspended.
    bool request_wakeup();
    void request_debug_stop();
    void request_stop(run_state state);

    // Turns.

    /// Opens a turn; turns nest.
    void open_turn() noexcept { ++open_turns_; }
    /// Closes one; the outermost runs the timers due now and serves the requests, until nothing is left. What memory
    /// runs out for is left to the next turn.
    void close_turn();
    /// Closes the open turn, however deep; returns the depth, to be opened again.
    unsigned close_all_turns();
    void open_turns(unsigned depth) noexcept { open_turns_ = depth; }
    bool turn_open() const noexcept { return open_turns_ != 0; }
    /// Whether a request waits to be served.
    bool anything_requested() const noexcept;
    /// Serves the requests made outside any turn; leaves them to the open turn where there is one.
    void serve();

    /// Whether the machine starts by itself: at first, or once an incoming migration is complete. `cont` and `stop` in
    /// inmigrate change it.
    bool autostart() const noexcept { return autostart_; }
    void autostart(bool yes) noexcept { autostart_ = yes; }

    // Migration and snapshots: the run states around what `migration` does.

    /// Runs `save` in state save-vm where the machine runs (STOP before, RESUME after), as it is otherwise.
    void while_saving(const std::function<void()>& save);
    /// The state was handed over: finish-migrate (STOP where it ran), then postmigrate.
    void migrated_out();
    /// A snapshot replaced the state of a machine that was in use: restore-vm where it ran (STOP), RESET with cause
    /// snapshot-load, then as an arrival.
    void snapshot_loaded(run_state saved);
    /// An incoming machine is complete: leaves inmigrate for the saved state. Where that is running, `autostart`
    /// decides between running (RESUME) and paused; a state that no machine can arrive in (debug) becomes paused.
    void arrive(run_state saved);

    // What happened to the machine whose devices these are, and which is simulated or real elsewhere: this one follows.
    // Nothing of it is asked for, so no action has a say, and nothing ends the run.

    /// STOP and that state, which can follow `running`, where it runs; nothing otherwise.
    void stopped_elsewhere(run_state to);
    /// RESUME and state `running`, whatever it was.
    void resumed_elsewhere();
    /// RESET, and the registered components are reset.
    void reset_elsewhere(shutdown_cause cause);
    /// SHUTDOWN, and where it ran, STOP and state `shutdown`.
    void shut_down_elsewhere(shutdown_cause cause);
    /// GUEST_PANICKED; what follows from it follows by itself.
    void panicked_elsewhere(guest_panic_action action, const std::optional<panic_info>& info);
    /// SUSPEND and state `suspended` where it runs; nothing otherwise.
    void suspended_elsewhere();
    /// WAKEUP and state `running` where it is suspended; nothing otherwise.
    void woken_elsewhere();

    /// What commands and the guest have made of it, apart from what is requested and not served yet.
    struct standing {
        run_state state;
        action_set actions;
        bool autostart;
        bool was_suspended;
    };
    standing stands() const noexcept { return {state_, actions_, autostart_, was_suspended_}; }
    /// Goes back to that, whatever the transition table says: no event tells of it, and what is requested is void. Not
    /// for a run that is over.
    void return_to(const standing& before);

    /// Changes the state where the transition table permits it, and the clock with it; otherwise logs QEMU's line and
    /// returns false with nothing changed. For platform code that enters states of its own (colo, save-vm …).
    bool set_state(run_state to);

private:
    bool may_become(run_state to) const noexcept;
    void vm_stop(run_state to); ///< stops at once where running: clock, state, STOP
    void vm_start();            ///< RESUME, clock, state; the pair STOP, RESUME where a stop was pending
    void request_made();        ///< has the requests served, where no turn will do it
    void serve_all();           ///< as `serve_until_done`, or until memory runs out
    void serve_until_done();    ///< due timers and requests, in turns, until nothing is left
    void serve_requests();      ///< one pass over the requests in the fixed order
    void reset_machine(shutdown_cause cause);
    void wake_machine();
    void leave(int status, bool at_once);

    run_control_host& host_;
    run_state state_ = run_state::prelaunch;
    action_set actions_;
    bool autostart_ = true;
    bool suspended_can_stop_ = false;
    bool was_suspended_ = false; ///< when it was stopped
    bool exiting_ = false;
    bool exited_at_once_ = false;
    unsigned open_turns_ = 0;

    bool debug_requested_ = false;
    bool suspend_requested_ = false;
    std::optional<shutdown_cause> shutdown_requested_;
    std::optional<shutdown_cause> reset_requested_;
    bool wakeup_requested_ = false;
    bool powerdown_requested_ = false;
    std::optional<run_state> stop_requested_;
};

/// Keeps a turn open for its lifetime: one qtest line, one QMP command.
class turn_guard {
public:
    explicit turn_guard(run_control& control) noexcept : control_(control) { control_.open_turn(); }
    ~turn_guard() { control_.close_turn(); }
    turn_guard(const turn_guard&) = delete;
    turn_guard& operator=(const turn_guard&) = delete;

private:
    run_control& control_;
};

/// Parts the open turn, if there is one, in two: what was asked for so far is served, and others may have their turns
/// while this lives.
class turn_break {
public:
    explicit turn_break(run_control& control) : control_(control), depth_(control.close_all_turns()) {}
    ~turn_break() { control_.open_turns(depth_); }
    turn_break(const turn_break&) = delete;
    turn_break& operator=(const turn_break&) = delete;

private:
    run_control& control_;
    unsigned depth_;
};

} // namespace vigil::runstate

#endif
