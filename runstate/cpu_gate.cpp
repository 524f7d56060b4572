// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/cpu_gate.h>

#include <algorithm>

#include <vigil/runstate/clock/kernel_time.h>

namespace vigil::runstate {

cpu_gate::cpu_gate(const sc_core::sc_module_name& name, controller& machine) : sc_module(name), machine_(machine)
{
    machine_.add_resettable(*this);
    machine_.add_attention_sink(*this);
    machine_.add_snapshottable(*this);
    SC_HAS_PROCESS(cpu_gate);
    SC_METHOD(end_pulse);
    sensitive << pulse_over_;
    dont_initialize();
}

cpu_gate::~cpu_gate() = default;

bool cpu_gate::ready()
{
    machine_.clock.run_due(); // comes before the next instruction
    if (!machine_.settled()) return false;
    attention_ = false;
    return true;
}

void cpu_gate::pass(const sc_core::sc_time& ahead)
{
    ahead_ += ahead;
    for (;;) {
        while (ahead_ > sc_core::SC_ZERO_TIME && !reset_) {
            // The clock starts and stops only with `changed_`, so that of each wait all counts or nothing.
            passing_ = machine_.clock.running();
            since_ = sc_core::sc_time_stamp();
            if (passing_) {
                wait(ahead_, changed_);
            } else {
                wait(changed_);
            }
            ahead_ = left();
            passing_ = false;
        }
        ahead_ = sc_core::SC_ZERO_TIME;
        if (ready()) return;
        wait(changed_); // and a state may have been restored meanwhile
    }
}

sc_core::sc_time cpu_gate::left() const
{
    return passing_ ? ahead_ - std::min(ahead_, sc_core::sc_time_stamp() - since_) : ahead_;
}

saved_state cpu_gate::save() const
{
    const ns whole = to_ns(left());
    const ns ahead = to_sc_time(whole) < left() ? whole + ns(1) : whole;
    return {{"ahead", static_cast<std::uint64_t>(ahead.count())},
            {"reset", reset_ ? static_cast<std::uint64_t>(*reset_) + 1 : 0},
            {"nmi", std::uint64_t{nmi_}}};
}

prepared_restore cpu_gate::prepare(const saved_state& saved)
{
    saved_state_reader in(section(), saved, 3);
    const ns ahead(static_cast<std::int64_t>(in.number("ahead", 0, static_cast<std::uint64_t>(k_never.count()) - 1)));
    const std::uint64_t reset = in.number("reset", 0, static_cast<std::uint64_t>(reset_kind::wakeup) + 1);
    const bool nmi = in.number("nmi", 0, 1) != 0;
    if (in.fault()) return *in.fault();
    return [this, ahead, reset, nmi] {
        ahead_ = to_sc_time(ahead);
        passing_ = false; // what a wait under way was for is forgotten
        reset_ = reset == 0 ? std::nullopt : std::optional(static_cast<reset_kind>(reset - 1));
        nmi_ = nmi;
        look_up();
    };
}

void cpu_gate::inject_nmi()
{
    nmi_ = true;
    look_up();
}

void cpu_gate::reset(reset_kind kind)
{
    reset_ = kind;
    nmi_ = false;
    if (reset_pulse.size() != 0) {
        for (int i = 0; i < reset_pulse.size(); ++i) reset_pulse[i]->write(true);
        pulse_over_.notify(sc_core::SC_ZERO_TIME);
    }
    look_up();
}

void cpu_gate::end_pulse()
{
    for (int i = 0; i < reset_pulse.size(); ++i) reset_pulse[i]->write(false);
}

void cpu_gate::look_up()
{
    attention_ = true;
    changed_.notify(sc_core::SC_ZERO_TIME);
}

} // namespace vigil::runstate
