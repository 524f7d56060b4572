// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_APM_PORTS_H
#define VIGIL_MODELS_APM_PORTS_H

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/port_socket.h>
#include <vigil/models/acpi_pm_block.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/state_table.h>

namespace vigil::models {

/// The commands of a chip's APM control port; its ACPI tables publish them.
struct apm_commands {
    std::uint8_t acpi_enable;
    std::uint8_t acpi_disable;
};

/// The advanced power management ports of Intel's south bridges: control (APM_CNT, B2) and status (APM_STS, B3), as
/// QEMU 7.2 models them (hw/isa/apm.c). Two bytes that are stored and survive every reset. Two values written to the
/// first hand power management over to ACPI and back; the others would raise a system-management interrupt, which there
/// is none of.
class apm_ports : public sc_core::sc_module, public runstate::inspectable, public runstate::snapshottable {
    struct state {
        std::uint8_t control = 0;
        std::uint8_t status = 0;
    };
    static runstate::state_table<state> variables() noexcept;

public:
    apm_ports(const sc_core::sc_module_name& name, acpi_pm_block& pm1, const apm_commands& commands);
    ~apm_ports() override;

    using register_row = bus::register_row<apm_ports, std::uint8_t, state>;
    static const std::array<register_row, 2>& register_table() noexcept;

    /// Both ports; bytes beyond the second start over.
    bus::port_socket<apm_ports, state> registers{"registers", *this, state_, register_table()};
    /// Maps them where they always are.
    void map(bus::address_router& ports) { registers.map(ports); }

    /// Power-on.
    void clear() noexcept { state_ = {}; }

    std::string_view type_name() const override { return "apm"; }
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return "apm"; }
    /// In this order: apm_control, apm_status; a byte each.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& saved) override;

private:
    void control_written(std::uint8_t value);

    acpi_pm_block& pm1_;
    const apm_commands commands_;
    state state_;
};

} // namespace vigil::models

#endif
