// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_RESET_REGISTER_H
#define VIGIL_MODELS_RESET_REGISTER_H

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/port_socket.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/state_table.h>

namespace vigil::models {

/// Where the chips that have a reset control register differ. The default is the PIIX3's, on QEMU's pc.
struct reset_register_parameters {
    std::uint8_t remembered = 0x02; ///< the bits that it stores
    /// A wide access is so many accesses of the register, lowest byte first; otherwise it is one, of its lowest byte,
    /// and the others read 0.
    bool wide_repeats = true;
};

/// The ICH9's, on QEMU's q35.
inline constexpr reset_register_parameters k_ich9_reset_register{0x0A, false};

/// The reset control register of Intel's chipsets, I/O port CF9 (82371SB (PIIX3) datasheet 290550, RC; ICH9 datasheet
/// 316972, RST_CNT), as QEMU 7.2 models it: a write with bit 2 set asks `power` for a reset; another is remembered and
/// read back until the next reset.
class reset_register : public sc_core::sc_module,
                       public runstate::resettable,
                       public runstate::inspectable,
                       public runstate::snapshottable {
    struct state {
        std::uint8_t value = 0;
    };
    static runstate::state_table<state> variables() noexcept;

public:
    explicit reset_register(const sc_core::sc_module_name& name, const reset_register_parameters& parameters = {});
    ~reset_register() override;

    /// Asked for a reset.
    runstate::fact_port<runstate::power_if> power{"power"};

    using register_row = bus::register_row<reset_register, std::uint8_t, state>;
    static const std::array<register_row, 1>& register_table() noexcept;

    /// Port CF9.
    bus::port_socket<reset_register, state> control;
    /// Maps it; `priority` above that of CF8…CFB, in which it lies.
    void map(bus::address_router& ports, int priority) { control.map(ports, priority); }

    void reset(runstate::reset_kind kind) override;

    std::string_view type_name() const override { return "reset-control"; }
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return "reset_control"; }
    /// One field, reset_register: a byte.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& saved) override;

private:
    std::uint8_t read() const { return state_.value; }
    void write(std::uint8_t value);

    const reset_register_parameters parameters_;
    state state_;
};

} // namespace vigil::models

#endif
