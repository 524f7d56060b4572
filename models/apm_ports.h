// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_APM_PORTS_H
#define VIGIL_MODELS_APM_PORTS_H

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/address_router.h>
#include <vigil/bus/target_socket.h>
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
class apm_ports : public sc_core::sc_module,
                  public runstate::inspectable,
                  public runstate::snapshottable,
                  private bus::register_device {
    struct state {
        std::uint8_t control = 0;
        std::uint8_t status = 0;
    };
    static runstate::state_table<state> variables() noexcept;

public:
    apm_ports(const sc_core::sc_module_name& name, acpi_pm_block& pm1, const apm_commands& commands);
    ~apm_ports() override;

    /// Both ports. It takes the whole of an access that begins at the first: bytes beyond the second start over.
    bus::register_socket registers{"registers", *this, 4};
    /// Maps them where they always are: two bytes, `mapping_options::widest` 4.
    void map(bus::address_router& ports);

    /// Power-on.
    void clear() noexcept { state_ = {}; }

    std::string_view type_name() const override { return "apm"; }
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return "apm"; }
    /// In this order: apm_control, apm_status; a byte each.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& saved) override;

private:
    void write(std::uint64_t offset, unsigned width, std::uint64_t value, const bus::access_context& context) override;
    std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
    void write_control(std::uint8_t value);

    acpi_pm_block& pm1_;
    const apm_commands commands_;
    state state_;
};

} // namespace vigil::models

#endif
