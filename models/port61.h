// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_PORT61_H
#define VIGIL_MODELS_PORT61_H

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/port_socket.h>
#include <vigil/runstate/clock/vm_clock.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/state_table.h>

namespace vigil::models {

/// System control port B of the AT and its successors, as QEMU 7.2 models it (hw/audio/pcspk.c): bit 0 gates timer 2,
/// bit 1 is stored, bit 4 toggles with every read (memory refresh), bit 5 is the output of timer 2, which counts 65536
/// down as a square wave, as it does from power-on; nothing can program it. The other bits read 0. There is no speaker.
class port61 : public sc_core::sc_module,
               public runstate::resettable,
               public runstate::inspectable,
               public runstate::snapshottable {
    struct state {
        bool gate = false;
        bool speaker = false;
        bool refresh = false; ///< as the last read saw it
        runstate::ns timer_start{0};
    };
    static runstate::state_table<state> variables() noexcept;

public:
    port61(const sc_core::sc_module_name& name, runstate::vm_clock& clock);
    ~port61() override;

    using register_row = bus::register_row<port61, std::uint8_t, state>;
    static const std::array<register_row, 1>& register_table() noexcept;

    /// Port 61.
    bus::port_socket<port61, state> system_control{"system_control", *this, state_, register_table()};

    /// Closes the timer's gate and starts the timer anew; power-on (cold) clears the other bits too.
    void reset(runstate::reset_kind kind) override;

    std::string_view type_name() const override { return "port61"; }
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return "port61"; }
    /// In this order: gate, speaker, refresh (0 or 1 each), timer_start (absolute virtual nanoseconds).
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& saved) override;

private:
    std::uint8_t read() const;
    void was_read() { state_.refresh = !state_.refresh; }
    void write(std::uint8_t value);
    bool timer_output(runstate::ns at) const;

    runstate::vm_clock& clock_;
    state state_;
};

} // namespace vigil::models

#endif
