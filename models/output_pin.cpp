// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/output_pin.h>

namespace vigil::models {

output_pin::output_pin(const sc_core::sc_module_name& name, sc_core::sc_out<bool>& port,
                       const std::function<void(bool active)>& told, bool in_use, polarity its_polarity)
    : sc_module(name), port_(port), told_(told), in_use_(in_use), idle_level_(its_polarity == polarity::active_low),
      unconnected_("unconnected", idle_level_)
{
    if (idle_level_) port_.initialize(true);
    if (!in_use_) { // nobody will ask for the process
        port_.bind(unconnected_);
        return;
    }

    SC_HAS_PROCESS(output_pin);
    SC_METHOD(put_out);
    sensitive << changed_;
    dont_initialize();
}

output_pin::~output_pin() = default;

void output_pin::drive(bool active)
{
    if (active_ == active) return;
    active_ = active;
    if (in_use_) {
        was_active_ = was_active_ || active;
        changed_.notify(sc_core::SC_ZERO_TIME);
    }
    if (told_) told_(active);
}

void output_pin::put_out()
{
    port_.write((active_ || was_active_) != idle_level_);
    const bool pulse = was_active_ && !active_;
    was_active_ = false;
    if (pulse) changed_.notify(sc_core::SC_ZERO_TIME);
}

} // namespace vigil::models
