// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_CPU_GATE_H
#define VIGIL_RUNSTATE_CPU_GATE_H

#include <optional>
#include <string_view>
#include <utility>

#include <systemc>

#include <vigil/runstate/controller.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/snapshot/saved_state.h>

namespace vigil::runstate {

/// What a CPU model asks about its machine: may it execute, was it reset, is there an NMI. One for each CPU.
///
///     for (;;) { // an SC_THREAD, with a tlm_utils::tlm_quantumkeeper
///         if (gate.attention() || keeper.need_sync()) {
///             gate.sync(keeper);
///             if (gate.take_reset()) reset();
///             if (gate.take_nmi()) take_nmi();
///         }
///         keeper.inc(execute_one());
///     }
///
/// The order of things, where several come together:
/// 1. An access states a fact or makes a request: attention is raised at once, before `b_transport` returns, so that
///    the CPU executes nothing more. The fact itself waits for the access's time.
/// 2. `sync` lets simulated time come to the CPU's local time. Timers and other CPUs have theirs meanwhile; a reset
///    that comes earlier ends the wait there, and what the CPU had done ahead of it counts for nothing.
/// 3. The controller serves the requests in its order (see `run_control`), a delta cycle later: debug stop, S3,
///    shutdown, reset, wake-up, power button, stop.
/// 4. Where the machine is stopped now, `sync` goes on waiting; virtual time stands meanwhile. Once it runs, `sync`
///    returns.
/// 5. `take_reset` comes before `take_nmi`: a reset forgets an NMI that came before it.
///
/// It is saved with the machine: how far the CPU was ahead, and what it has not taken yet. A CPU restored beside it
/// goes on at the same time as the one that was saved.
///
/// Must go no later than simulation ends, as all that is registered with a controller.
class cpu_gate : public sc_core::sc_module,
                 public nmi_sink,
                 public snapshottable,
                 private resettable,
                 private attention_sink {
public:
    /// Hangs on `machine`, which must outlive it. Where the CPU takes NMIs, also say `machine.add_nmi_sink(gate)`.
    cpu_gate(const sc_core::sc_module_name& name, controller& machine);
    ~cpu_gate() override;

    /// Driven high for one delta cycle at each reset of the machine; optional to bind.
    sc_core::sc_port<sc_core::sc_signal_inout_if<bool>, 0, sc_core::SC_ZERO_OR_MORE_BOUND> reset_pulse{"reset_pulse"};

    /// Whether something has happened, or is about to, for which to leave the inner loop and call `sync` or `ready`.
    bool attention() const noexcept { return attention_; }

    /// In place of `keeper.sync()`, from an SC_THREAD: simulated time passes up to the keeper's local time, and on
    /// until the machine runs and nothing is about to happen to it. `Keeper` has get_local_time() and reset().
    template <class Keeper> void sync(Keeper& keeper)
    {
        pass(keeper.get_local_time());
        keeper.reset();
    }
    /// The same for a CPU that is so far ahead of simulated time, or not at all.
    void wait_until_running(const sc_core::sc_time& ahead = sc_core::SC_ZERO_TIME) { pass(ahead); }

    /// For an SC_METHOD: whether the CPU may execute now. Where not, `next_trigger(gate.changed())`.
    bool ready();
    /// Happens whenever `ready()` may have become another, at each reset and at each NMI.
    const sc_core::sc_event& changed() const noexcept { return changed_; }

    /// How the machine was reset since this was asked last; nothing where it was not. `wakeup`: it woke from S3.
    std::optional<reset_kind> take_reset() noexcept { return std::exchange(reset_, std::nullopt); }
    /// Whether an NMI came since this was asked last, and since the last reset.
    bool take_nmi() noexcept { return std::exchange(nmi_, false); }

    /// An NMI for this CPU.
    void inject_nmi() override;

    std::string_view section() const override { return "cpu_gate"; }
    /// In this order: ahead (of virtual time, in nanoseconds, a part of one counting as one), reset (which was not
    /// taken: 0 none, 1 cold, 2 warm, 3 wakeup), nmi.
    saved_state save() const override;
    prepared_restore prepare(const saved_state& saved) override;

private:
    void pass(const sc_core::sc_time& ahead);
    sc_core::sc_time left() const; ///< of what the CPU is ahead
    void end_pulse();

    void reset(reset_kind kind) override; // resettable
    void look_up() override;              // attention_sink

    controller& machine_;
    sc_core::sc_event changed_;
    sc_core::sc_event pulse_over_;
    sc_core::sc_time ahead_; ///< how far the CPU was ahead at `since_`
    sc_core::sc_time since_;
    bool passing_ = false; ///< time has passed for it since then
    bool attention_ = true;
    bool nmi_ = false;
    std::optional<reset_kind> reset_;
};

} // namespace vigil::runstate

#endif
