// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_OUTPUT_PIN_H
#define VIGIL_MODELS_OUTPUT_PIN_H

#include <functional>
#include <memory>

#include <systemc>

namespace vigil::models {

/// An output of a device, which a platform binds to a signal where the device's parameters say so, and not otherwise.
using output_port = sc_core::sc_port<sc_core::sc_signal_inout_if<bool>, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;

/// What a device's output does behind its port. An output that was active only in between, within a delta cycle, shows
/// a pulse of one delta cycle.
class output_pin {
public:
    enum class polarity : bool { active_high, active_low };

    /// `told`, which may be empty, is called at each change, at once: the port shows it a delta cycle later, when a CPU
    /// that has not yielded since may have cleared it again. Where the port is not `in_use`, there is nothing behind
    /// it.
    output_pin(const char* name, output_port& port, const std::function<void(bool active)>& told, bool in_use,
               polarity its_polarity = polarity::active_high);
    ~output_pin();

    /// To be called at the end of elaboration: reports /vigil/models/output_pin where the port is bound and not in use,
    /// or the other way round.
    void check_binding() const;

    bool active() const noexcept { return active_; }
    void drive(bool active)
    {
        if (active_ != active) change(active);
    }

private:
    class driver;

    void change(bool active);

    output_port& port_;
    const std::function<void(bool)>& told_;
    const std::unique_ptr<driver> driver_; ///< null: not in use
    bool active_ = false;
};

} // namespace vigil::models

#endif
