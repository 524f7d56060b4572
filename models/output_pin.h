// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_OUTPUT_PIN_H
#define VIGIL_MODELS_OUTPUT_PIN_H

#include <functional>

#include <systemc>

namespace vigil::models {

/// What a device's output does behind its port, which a platform binds only where it wants it. An output that was
/// active only in between, within a delta cycle, shows a pulse of one delta cycle.
class output_pin : public sc_core::sc_module {
public:
    enum class polarity : bool { active_high, active_low };

    /// `told`, which may be empty, is called at each change, at once: the port shows it a delta cycle later, when a CPU
    /// that has not yielded since may have cleared it again. Where the port is not `in_use`, it leads nowhere.
    output_pin(const sc_core::sc_module_name& name, sc_core::sc_out<bool>& port,
               const std::function<void(bool active)>& told, bool in_use,
               polarity its_polarity = polarity::active_high);
    ~output_pin() override;

    bool active() const noexcept { return active_; }
    void drive(bool active);

private:
    void put_out(); ///< the one process that writes the port

    sc_core::sc_out<bool>& port_;
    const std::function<void(bool)>& told_;
    const bool in_use_;
    const bool idle_level_;
    bool active_ = false;
    bool was_active_ = false; ///< at any time since the port was last written
    sc_core::sc_event changed_{"changed"};
    sc_core::sc_signal<bool> unconnected_;
};

} // namespace vigil::models

#endif
