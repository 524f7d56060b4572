// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_PORT92_H
#define VIGIL_MODELS_PORT92_H

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/port_socket.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/state_table.h>

namespace vigil::models {

/// System control port A of the PS/2 and its successors, as QEMU 7.2 models it (hw/i386/port92.c): a byte that is
/// stored. Bit 0 going from 0 to 1 asks `power` for a reset; bit 1 (A20) has no effect.
class port92 : public sc_core::sc_module,
               public runstate::resettable,
               public runstate::inspectable,
               public runstate::snapshottable {
    struct state {
        std::uint8_t value = 0;
    };
    static runstate::state_table<state> variables() noexcept;

public:
    explicit port92(const sc_core::sc_module_name& name);
    ~port92() override;

    /// Asked for a reset.
    runstate::fact_port<runstate::power_if> power{"power"};

    using register_row = bus::register_row<port92, std::uint8_t, state>;
    static const std::array<register_row, 1>& register_table() noexcept;

    /// Port 92.
    bus::port_socket<port92, state> system_control{"system_control", *this, state_, register_table()};

    /// Clears bit 0, power-on (cold) all of them.
    void reset(runstate::reset_kind kind) override;

    std::string_view type_name() const override { return "port92"; }
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return "port92"; }
    /// One field, system_control: a byte.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& saved) override;

private:
    std::uint8_t read() const { return state_.value; }
    void write(std::uint8_t value);

    state state_;
};

} // namespace vigil::models

#endif
