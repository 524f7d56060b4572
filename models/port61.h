// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_PORT61_H
#define VIGIL_MODELS_PORT61_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/models/byte_port.h>
#include <vigil/runstate/clock/vm_clock.h>
#include <vigil/runstate/interfaces.h>

namespace vigil::models {

/// System control port B of the AT and its successors, as QEMU 7.2 models it (hw/audio/pcspk.c): bit 0 gates timer 2,
/// bit 1 is stored, bit 4 toggles with every read (memory refresh), bit 5 is the output of timer 2, which counts 65536
/// down as a square wave, as it does from power-on; nothing can program it. The other bits read 0. There is no speaker.
class port61 : public sc_core::sc_module,
               public runstate::resettable,
               public runstate::inspectable,
               public runstate::snapshottable {
public:
    port61(const sc_core::sc_module_name& name, runstate::vm_clock& clock);
    ~port61() override;

    /// Port 61.
    byte_port<port61> system_control{"system_control", *this, {&port61::read, &port61::was_read, &port61::write}};

    /// Closes the timer's gate and starts the timer anew; power-on (cold) clears the other bits too.
    void reset(runstate::reset_kind kind) override;

    std::string_view type_name() const override { return "port61"; }
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return "port61"; }
    /// In this order: gate, speaker, refresh (0 or 1 each), timer_start (absolute virtual nanoseconds).
    runstate::saved_state save() const override;
    std::optional<std::string> restore(const runstate::saved_state& state) override;

private:
    std::uint8_t read(const bus::access_context* context) const;
    void was_read() { refresh_ = !refresh_; }
    void write(std::uint8_t value, const bus::access_context& context);
    bool timer_output(runstate::ns at) const;

    runstate::vm_clock& clock_;
    bool gate_ = false;
    bool speaker_ = false;
    bool refresh_ = false; ///< as the last read saw it
    runstate::ns timer_start_{0};
};

} // namespace vigil::models

#endif
