// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/run_control.h>

#include <new>
#include <utility>

#include <vigil/runstate/policy.h>

namespace vigil::runstate {

void run_control::stop()
{
    if (state_ == run_state::inmigrate) {
        autostart_ = false;
        return;
    }
    vm_stop(run_state::paused);
}

std::optional<refusal> run_control::cont()
{
    if (needs_reset(state_)) return refusal{"Resetting the Virtual Machine is required"};
    switch (state_) {
    case run_state::suspended: return std::nullopt;
    case run_state::finish_migrate: return refusal{"Migration is not finalized yet"};
    case run_state::inmigrate: autostart_ = true; return std::nullopt;
    default: break;
    }
    if (was_suspended_) {
        host_.emit(resume_event{});
        set_state(run_state::suspended);
    } else {
        vm_start();
    }
    return std::nullopt;
}

void run_control::device_deleted(const std::optional<std::string>& id, const std::string& path)
{
    host_.emit(device_deleted_event{id, path});
}

void run_control::system_reset() { request_reset(shutdown_cause::host_qmp_system_reset); }

void run_control::system_powerdown() { request_powerdown(); }

std::optional<refusal> run_control::system_wakeup()
{
    if (!request_wakeup()) return refusal{"Unable to wake up: guest is not in suspended state"};
    return std::nullopt;
}

std::optional<refusal> run_control::inject_nmi()
{
    if (!host_.inject_nmi()) return refusal{"this feature or command is not currently supported"};
    return std::nullopt;
}

void run_control::quit()
{
    actions_.shutdown = shutdown_action::poweroff;
    request_shutdown(shutdown_cause::host_qmp_quit);
}

void run_control::terminate_by_signal()
{
    actions_.shutdown = shutdown_action::poweroff;
    request_shutdown(shutdown_cause::host_signal);
}

void run_control::watchdog_expired()
{
    if (exiting_) return;
    const watchdog_action action = actions_.watchdog;
    host_.emit(watchdog_event{action});
    switch (effect_of(action)) {
    case watchdog_effect::request_reset: request_reset(shutdown_cause::guest_reset); break;
    case watchdog_effect::request_powerdown: request_powerdown(); break;
    case watchdog_effect::exit_at_once: leave(0, true); break;
    case watchdog_effect::request_stop: request_stop(run_state::watchdog); break;
    case watchdog_effect::log_only: host_.log("watchdog: timer fired"); break;
    case watchdog_effect::nothing: break;
    case watchdog_effect::inject_nmi: host_.inject_nmi(); break;
    }
}

void run_control::guest_panicked(const std::optional<panic_info>& info, report_context context)
{
    if (exiting_) return;
    const panic_policy& policy = policy_for(actions_.panic, actions_.shutdown);
    host_.emit(guest_panicked_event{policy.said, info});
    if (policy.stop) {
        if (context == report_context::vcpu) {
            request_stop(run_state::guest_panicked);
        } else {
            vm_stop(run_state::guest_panicked);
        }
    }
    if (policy.request_shutdown) request_shutdown(shutdown_cause::guest_panic);
}

void run_control::guest_crashloaded(const std::optional<panic_info>& info)
{
    if (exiting_) return;
    host_.emit(guest_crashloaded_event{guest_panic_action::run, info});
}

void run_control::guest_pvshutdown()
{
    if (exiting_) return;
    host_.emit(guest_pvshutdown_event{});
    request_shutdown(shutdown_cause::guest_shutdown);
}

void run_control::guest_suspended_to_disk()
{
    if (exiting_) return;
    host_.emit(suspend_disk_event{});
    request_shutdown(shutdown_cause::guest_shutdown);
}

void run_control::request_reset(shutdown_cause cause)
{
    if (actions_.reboot == reboot_action::shutdown) {
        shutdown_requested_ = cause;
    } else {
        reset_requested_ = cause;
    }
    request_made();
}

void run_control::request_shutdown(shutdown_cause cause)
{
    shutdown_requested_ = cause;
    request_made();
}

void run_control::request_powerdown()
{
    powerdown_requested_ = true;
    request_made();
}

void run_control::request_suspend()
{
    if (state_ == run_state::suspended) return;
    suspend_requested_ = true;
    request_made();
}

bool run_control::request_wakeup()
{
    if (state_ != run_state::suspended) return false;
    set_state(run_state::running);
    wakeup_requested_ = true;
    request_made();
    return true;
}

void run_control::request_debug_stop()
{
    debug_requested_ = true;
    request_made();
}

void run_control::request_stop(run_state state)
{
    stop_requested_ = state;
    request_made();
}

void run_control::close_turn()
{
    if (open_turns_ == 1) serve_all();
    --open_turns_;
}

unsigned run_control::close_all_turns()
{
    const unsigned depth = open_turns_;
    if (depth != 0) {
        open_turns_ = 1;
        close_turn();
    }
    return depth;
}

void run_control::serve()
{
    if (open_turns_ != 0) return; // the open turn will do it
    ++open_turns_;
    serve_all();
    --open_turns_;
}

void run_control::serve_all()
{
    // Turns end in destructors, which nothing may leave.
    try {
        serve_until_done();
    } catch (const std::bad_alloc&) {
        host_.log("out of memory: what the machine had to do is not complete");
    }
}

void run_control::serve_until_done()
{
    while (!exiting_) {
        // What fell due in S3 does not run before the wake-up has reset its device.
        const bool timers_ran = !wakeup_requested_ && host_.run_due_timers();
        if (exiting_ || (!timers_ran && !anything_requested())) break;
        serve_requests();
    }
}

bool run_control::may_become(run_state to) const noexcept
{
    if (can_transition(state_, to)) return true;
    if (!suspended_can_stop_) return false;
    if (state_ == run_state::suspended) return to == run_state::paused || to == run_state::shutdown;
    return to == run_state::suspended && (state_ == run_state::paused || state_ == run_state::prelaunch);
}

bool run_control::set_state(run_state to)
{
    if (to == state_) return true;
    if (!may_become(to)) {
        host_.log(transition_error(state_, to));
        return false;
    }
    if (running()) host_.stop_clock();
    if (to == run_state::running) host_.start_clock();
    const run_state from = std::exchange(state_, to);
    was_suspended_ = suspended_can_stop_ && from == run_state::suspended && to == run_state::paused;
    host_.state_changed(from, to);
    return true;
}

void run_control::vm_stop(run_state to)
{
    const bool stoppable = running() || (suspended_can_stop_ && state_ == run_state::suspended);
    if (!stoppable || to == run_state::running) return;
    if (set_state(to)) host_.emit(stop_event{});
}

void run_control::vm_start()
{
    const bool stop_was_pending = std::exchange(stop_requested_, std::nullopt).has_value();
    if (running()) {
        if (stop_was_pending) {
            host_.emit(stop_event{});
            host_.emit(resume_event{});
        }
        return;
    }
    if (!can_transition(state_, run_state::running)) {
        host_.log(transition_error(state_, run_state::running));
        return;
    }
    host_.emit(resume_event{});
    set_state(run_state::running);
}

void run_control::while_saving(const std::function<void()>& save)
{
    const bool was_running = running();
    if (was_running) vm_stop(run_state::save_vm);
    save();
    if (was_running) vm_start();
}

void run_control::migrated_out()
{
    if (running()) {
        vm_stop(run_state::finish_migrate);
    } else {
        set_state(run_state::finish_migrate);
    }
    set_state(run_state::postmigrate);
}

void run_control::snapshot_loaded(run_state saved)
{
    if (running()) vm_stop(run_state::restore_vm);
    // As after any reset of a machine that does not run; from prelaunch every state can be arrived in.
    host_.emit(reset_event{false, shutdown_cause::snapshot_load});
    set_state(run_state::prelaunch);
    set_state(run_state::inmigrate);
    const bool autostart = std::exchange(autostart_, true); // it is in use: nobody waits to start it
    arrive(saved);
    autostart_ = autostart;
}

void run_control::arrive(run_state saved)
{
    if (saved == run_state::running && autostart_) {
        vm_start();
    } else if (saved == run_state::running || !can_transition(state_, saved)) {
        set_state(run_state::paused);
    } else {
        set_state(saved);
    }
}

void run_control::stopped_elsewhere(run_state to) { vm_stop(to); }

void run_control::resumed_elsewhere()
{
    if (running()) return;
    if (!can_transition(state_, run_state::running)) set_state(run_state::prelaunch);
    vm_start();
}

void run_control::reset_elsewhere(shutdown_cause cause) { reset_machine(cause); }

void run_control::shut_down_elsewhere(shutdown_cause cause)
{
    host_.emit(shutdown_event{caused_by_guest(cause), cause});
    vm_stop(run_state::shutdown);
}

void run_control::panicked_elsewhere(guest_panic_action action, const std::optional<panic_info>& info)
{
    host_.emit(guest_panicked_event{action, info});
}

void run_control::suspended_elsewhere()
{
    if (running() && set_state(run_state::suspended)) host_.emit(suspend_event{});
}

void run_control::woken_elsewhere()
{
    if (state_ == run_state::suspended && set_state(run_state::running)) wake_machine();
}

void run_control::return_to(const standing& before)
{
    debug_requested_ = suspend_requested_ = wakeup_requested_ = powerdown_requested_ = false;
    shutdown_requested_.reset();
    reset_requested_.reset();
    stop_requested_.reset();
    actions_ = before.actions;
    autostart_ = before.autostart;
    was_suspended_ = before.was_suspended;
    const run_state from = std::exchange(state_, before.state);
    if (from == state_) return;
    if (from == run_state::running) host_.stop_clock();
    if (running()) host_.start_clock();
    host_.state_changed(from, state_);
}

void run_control::request_made()
{
    if (open_turns_ == 0 && !exiting_) host_.schedule_service();
}

bool run_control::anything_requested() const noexcept
{
    return debug_requested_ || suspend_requested_ || shutdown_requested_ || reset_requested_ || wakeup_requested_ ||
           powerdown_requested_ || stop_requested_;
}

void run_control::serve_requests()
{
    if (std::exchange(debug_requested_, false)) vm_stop(run_state::debug);

    if (std::exchange(suspend_requested_, false)) {
        // QEMU aborts where the transition does not exist (S3 asked for while paused); here it is logged and dropped.
        if (set_state(run_state::suspended)) host_.emit(suspend_event{});
    }

    if (const auto cause = std::exchange(shutdown_requested_, std::nullopt)) {
        host_.emit(shutdown_event{caused_by_guest(*cause), *cause});
        if (actions_.shutdown == shutdown_action::poweroff) {
            const bool failure = *cause == shutdown_cause::guest_panic && actions_.panic == panic_action::exit_failure;
            leave(failure ? 1 : 0, false);
            return;
        }
        vm_stop(run_state::shutdown);
    }

    if (const auto cause = std::exchange(reset_requested_, std::nullopt)) reset_machine(*cause);

    if (std::exchange(wakeup_requested_, false)) wake_machine();

    if (std::exchange(powerdown_requested_, false)) {
        host_.emit(powerdown_event{});
        host_.press_power_button();
    }

    if (const auto to = std::exchange(stop_requested_, std::nullopt)) vm_stop(*to);
}

void run_control::reset_machine(shutdown_cause cause)
{
    host_.reset_devices(reset_kind::warm);
    host_.emit(reset_event{caused_by_guest(cause), cause});
    if (state_ != run_state::running && state_ != run_state::inmigrate && state_ != run_state::finish_migrate) {
        set_state(run_state::prelaunch);
    }
}

void run_control::wake_machine()
{
    host_.reset_devices(reset_kind::wakeup);
    host_.emit(wakeup_event{});
}

void run_control::leave(int status, bool at_once)
{
    if (exiting_) return;
    exiting_ = true;
    exited_at_once_ = at_once;
    host_.exit_requested(status, at_once);
}

} // namespace vigil::runstate
