// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/cpu_gate.h>

#include <algorithm>

namespace vigil::runstate {

cpu_gate::cpu_gate(const sc_core::sc_module_name& name, controller& machine) : sc_module(name), machine_(machine)
{
    machine_.add_resettable(*this);
    machine_.add_attention_sink(*this);
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
    sc_core::sc_time left = ahead;
    while (left > sc_core::SC_ZERO_TIME && !reset_) {
        // The clock starts and stops only with `changed_`, so that of each wait all counts or nothing.
        const bool counts = machine_.clock.running();
        const sc_core::sc_time from = sc_core::sc_time_stamp();
        if (counts) {
            wait(left, changed_);
            left -= std::min(left, sc_core::sc_time_stamp() - from);
        } else {
            wait(changed_);
        }
    }
    while (!ready()) wait(changed_);
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
