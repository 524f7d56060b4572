// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_CONTROLLER_H
#define VIGIL_RUNSTATE_CONTROLLER_H

#include <deque>
#include <functional>
#include <memory>
#include <optional>
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
/// Facts and requests that come from within an access ahead of simulated time (see `local_time`) take effect when the
/// clock has come to that time: events are in the order of their times, whatever the quantum of a CPU. A reset in
/// between makes them void, as it does the instructions that stated them. A snapshot taken in between lacks them.
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

    /// Those of all machines in the simulation, in the order in which they were made.
    static const std::vector<controller*>& all() noexcept;

    /// The machine's virtual time; runs exactly while the run state is `running`.
    vm_clock clock{"clock"};

    /// The run state, the commands and the turns.
    run_control& control() noexcept { return control_; }
    const run_control& control() const noexcept { return control_; }

    /// Whether the machine starts running by itself; to be said before simulation starts.
    void autostart(bool yes) noexcept { control_.autostart(yes); }

    // Registration, before or during the simulation. What is registered and not removed must be there for as long as
    // simulation runs; the controller does not touch it at its own end, so that either may go first.

    /// Told of every event, in the order of registration, until it goes. Adding or removing from inside a callback is
    /// allowed.
    void add_listener(run_listener& listener) { listeners_->add(listener); }
    void remove_listener(run_listener& listener) noexcept { listeners_->remove(listener); }
    /// Reset with the machine, in the order of registration. One that is removed amid a reset must still be there then.
    void add_resettable(resettable& component) { resettables_.push_back(&component); }
    void remove_resettable(const resettable& component) noexcept;
    /// Takes the NMIs of `inject-nmi`.
    void add_nmi_sink(nmi_sink& sink) { nmi_sinks_.push_back(&sink); }
    /// Sees the virtual power button pressed.
    void add_power_button_sink(power_button_sink& sink) { power_button_sinks_.push_back(&sink); }
    /// Told at once when something happens to the machine, or is about to.
    void add_attention_sink(attention_sink& sink) { attention_sinks_.push_back(&sink); }
    /// Saved and restored with the machine, in the order of registration.
    void add_snapshottable(snapshottable& component) { snapshottables_.push_back(&component); }
    void remove_snapshottable(const snapshottable& component) noexcept;

    /// Whether the machine runs, and nothing that was stated or requested has still to take effect.
    bool settled() const noexcept
    {
        return control_.running() && !control_.exiting() && facts_.empty() && !control_.anything_requested();
    }

    /// The machine's state now: the section "machine" (run_state: its QAPI name; clock: virtual nanoseconds), then
    /// each registered component's.
    snapshot save() const override;

    /// Refuses where a section is missing, not known or refused by its component.
    result<run_state> restore(const snapshot& saved) override;
    std::uint64_t most_bytes() const override;

    /// The machine at one moment, to return to in the same simulation.
    struct moment {
        snapshot devices;
        run_control::standing control;
    };
    moment this_moment() const;
    /// Returns to it without an event; only the kernel's own time goes on. Refused once the run is over.
    std::optional<refusal> return_to(const moment& before);

    // The fact and request interfaces, as devices see them.

    void watchdog_expired() override;
    void guest_panicked(const std::optional<panic_info>& info, report_context context) override;
    void guest_crashloaded(const std::optional<panic_info>& info) override;
    void guest_pvshutdown() override;
    void request_reset(shutdown_cause cause) override;
    void request_shutdown(shutdown_cause cause) override;
    void request_powerdown() override;
    void request_suspend() override;
    void request_suspend_disk() override;
    bool request_wakeup() override { return control_.request_wakeup(); }
    void triple_fault() override { request_reset(shutdown_cause::guest_reset); }
    void request_debug_stop() override;
    void request_stop(run_state state) override;

private:
    // run_control_host
    void start_clock() override;
    void stop_clock() override { clock.stop(); }
    bool run_due_timers() override { return clock.run_due(); }
    void reset_devices(reset_kind kind) override;
    void press_power_button() override;
    bool inject_nmi() override;
    void emit(const event& e) override;
    void state_changed(run_state from, run_state to) override;
    void exit_requested(int status, bool at_once) override;
    void schedule_service() override;
    void log(std::string_view line) override;

    void start_of_simulation() override;
    void serve(); ///< a delta after a request made outside any turn

    /// Has `state` called when virtual time has come to the local time, which is at once where nothing is ahead.
    template <class Fact> void at_local_time(Fact state);
    void expect_facts();  ///< sees to it that `deliver_facts` is called when the first of them is due
    void deliver_facts(); ///< those whose time has come
    void draw_attention();

    std::vector<snapshot_section> section_names() const;                ///< the components' sections, without fields
    std::optional<refusal> check_sections(const snapshot& saved) const; ///< that they are this machine's, in order
    result<std::vector<restoration>> prepare_components(const snapshot& saved);

    /// What was stated ahead of the kernel, at its virtual time.
    struct early_fact {
        ns at;
        std::function<void(run_control&)> state;
    };

    run_control control_{*this};
    sc_core::sc_event service_;
    std::deque<early_fact> facts_; ///< in the order of their times
    sc_core::sc_event facts_due_;
    const std::shared_ptr<listener_list> listeners_ = std::make_shared<listener_list>();
    std::vector<resettable*> resettables_;
    std::vector<nmi_sink*> nmi_sinks_;
    std::vector<power_button_sink*> power_button_sinks_;
    std::vector<snapshottable*> snapshottables_;
    std::vector<attention_sink*> attention_sinks_;
};

} // namespace vigil::runstate

#endif
