// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_CONTROLLER_H
#define VIGIL_RUNSTATE_CONTROLLER_H

#include <memory>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/runstate/clock/vm_clock.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/migration.h>
#include <vigil/runstate/run_control.h>

namespace vigil::runstate {

/// The run-state controller of one machine: the decisions of `run_control`, wired to a VM clock, the machine's devices
/// and any number of listeners. Bind a device's fact ports to it. Several controllers may live in one simulation.
///
/// The machine starts by itself at the start of simulation (state `running`), or stays in `prelaunch` until `cont`
/// where `autostart(false)` was called (QEMU: -S).
class controller : public sc_core::sc_module,
                   public watchdog_if,
                   public panic_if,
                   public power_if,
                   public stop_if,
                   public movable_machine,
                   private run_control_host {
public:
    explicit controller(const sc_core::sc_module_name& name);
    ~controller() override;

    /// The machine's virtual time; runs exactly while the run state is `running`.
    vm_clock clock{"clock"};

    /// The run state, the commands and the turns.
    run_control& control() noexcept { return control_; }
    const run_control& control() const noexcept { return control_; }

    /// Whether the machine starts running by itself; to be said before simulation starts.
    void autostart(bool yes) noexcept { control_.autostart(yes); }

    // Registration, before or during the simulation. What is registered must be there for as long as simulation runs;
    // the controller does not touch it at its own end, so that either may go first.

    /// Told of every event, in the order of registration, until it goes. Adding or removing from inside a callback is
    /// allowed.
    void add_listener(run_listener& listener) { listeners_->add(listener); }
    void remove_listener(run_listener& listener) noexcept { listeners_->remove(listener); }
    /// Reset with the machine, in the order of registration.
    void add_resettable(resettable& component) { resettables_.push_back(&component); }
    /// Takes the NMIs of `inject-nmi`.
    void add_nmi_sink(nmi_sink& sink) { nmi_sinks_.push_back(&sink); }
    /// Sees the virtual power button pressed.
    void add_power_button_sink(power_button_sink& sink) { power_button_sinks_.push_back(&sink); }
    /// Saved and restored with the machine, in the order of registration.
    void add_snapshottable(snapshottable& component) { snapshottables_.push_back(&component); }

    /// The machine's state now: the section "machine" (run_state: its QAPI name; clock: virtual nanoseconds), then
    /// each registered component's.
    snapshot save() const override;

    /// Refuses where a section is missing, not known or refused by its component.
    result<run_state> restore(const snapshot& saved) override;
    std::uint64_t most_bytes() const override;

    // The fact and request interfaces, as devices see them.

    void watchdog_expired() override { control_.watchdog_expired(); }
    void guest_panicked(const std::optional<panic_info>& info, report_context context) override
    {
        control_.guest_panicked(info, context);
    }
    void guest_crashloaded(const std::optional<panic_info>& info) override { control_.guest_crashloaded(info); }
    void request_reset(shutdown_cause cause) override { control_.request_reset(cause); }
    void request_shutdown(shutdown_cause cause) override { control_.request_shutdown(cause); }
    void request_powerdown() override { control_.request_powerdown(); }
    void request_suspend() override { control_.request_suspend(); }
    void request_suspend_disk() override { control_.guest_suspended_to_disk(); }
    bool request_wakeup() override { return control_.request_wakeup(); }
    void triple_fault() override { control_.request_reset(shutdown_cause::guest_reset); }
    void request_debug_stop() override { control_.request_debug_stop(); }
    void request_stop(run_state state) override { control_.request_stop(state); }

private:
    // run_control_host
    void start_clock() override { clock.start(); }
    void stop_clock() override { clock.stop(); }
    bool run_due_timers() override { return clock.run_due(); }
    void reset_devices(reset_kind kind) override;
    void press_power_button() override;
    bool inject_nmi() override;
    void emit(const event& e) override;
    void state_changed(run_state from, run_state to) override;
    void exit_requested(int status, bool at_once) override;
    void schedule_service() override { service_.notify(sc_core::SC_ZERO_TIME); }
    void log(std::string_view line) override;

    void start_of_simulation() override;
    void serve() { control_.serve(); } ///< a delta after a request made outside any turn

    std::vector<snapshot_section> section_names() const;                ///< the components' sections, without fields
    std::optional<refusal> check_sections(const snapshot& saved) const; ///< that they are this machine's, in order
    result<std::vector<restoration>> prepare_components(const snapshot& saved);

    run_control control_{*this};
    sc_core::sc_event service_;
    const std::shared_ptr<listener_list> listeners_ = std::make_shared<listener_list>();
    std::vector<resettable*> resettables_;
    std::vector<nmi_sink*> nmi_sinks_;
    std::vector<power_button_sink*> power_button_sinks_;
    std::vector<snapshottable*> snapshottables_;
};

} // namespace vigil::runstate

#endif
