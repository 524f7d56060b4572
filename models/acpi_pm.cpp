// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/acpi_pm.h>

using vigil::bus::access_context;

namespace vigil::models {

namespace {

// Revision, status (medium DEVSEL# timing, fast back-to-back) and interrupt pin (INTA#) as in hw/acpi/piix4.c.
constexpr bus::pci_identity k_piix4_identity{0x8086, 0x7113, 0x068000, 3};
constexpr std::uint32_t k_piix4_status = 0x0280;
constexpr std::uint32_t k_interrupt_pin = 0x3D;
constexpr apm_commands k_piix4_commands{0xF1, 0xF0};

// The PIIX4's device activity register B.
constexpr std::uint32_t k_devactb = 0x58;
constexpr std::uint32_t k_apmc_en = 0x0200'0000; // APM commands raise an SMI

constexpr bus::pci_identity k_ich9_identity{0x8086, 0x2918, 0x060100, 2, 0x1AF4, 0x1100, true};
constexpr apm_commands k_ich9_commands{0x02, 0x03};
constexpr std::uint32_t k_ich9_smi_offset = 0x30;

constexpr std::uint32_t k_base_default = 0x1; // bit 0, read-only: I/O space

} // namespace

acpi_pm_function::acpi_pm_function(const sc_core::sc_module_name& name, const bus::pci_identity& identity,
                                   runstate::vm_clock& clock, const acpi_pm_parameters& parameters, const layout& where)
    : pci_function(name, identity), pm1("pm1", clock, parameters), apm("apm", pm1, where.commands), layout_(where)
{
    add_ports(0, acpi_pm_block::k_size, pm1.registers);
    set_write_mask(k_base, 4, base_mask());
    set_config(k_base, 4, k_base_default);
    set_write_mask(layout_.enable, 1, layout_.enable_writable);
}

acpi_pm_function::~acpi_pm_function() = default;

void acpi_pm_function::add_ports(std::uint32_t offset, std::uint32_t size, bus::shared_target_socket& socket)
{
    add_port_block(size, socket);
    port_offsets_.push_back(offset);
}

void acpi_pm_function::config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                                    const access_context& context)
{
    pci_function::config_write(offset, width, value, context);
    follow_base();
}

void acpi_pm_function::follow_base()
{
    for (std::size_t i = 0; i < port_offsets_.size(); ++i) {
        decode_port_block(i, {enabled(), base() + port_offsets_[i]});
    }
}

void acpi_pm_function::reset(runstate::reset_kind kind)
{
    reset_header();
    if (kind == runstate::reset_kind::cold) {
        for (std::uint32_t offset = bus::pci_reg::device_specific; offset < k_config_size; offset += 4) {
            set_config(offset, 4, 0);
        }
        apm.clear();
    }
    set_config(k_base, layout_.base_reset_width, k_base_default);
    set_config(layout_.enable, 1, 0);
    follow_base();
    pm1.reset(kind);
}

piix4_pm::piix4_pm(const sc_core::sc_module_name& name, runstate::vm_clock& clock, const acpi_pm_parameters& parameters)
    : acpi_pm_function(name, k_piix4_identity, clock, parameters,
                       {"PIIX4_PM", "piix4_pm", 64, 1, 0x80, 0x01, 0x01, k_piix4_commands}),
      devactb_after_reset_(parameters.smm ? 0 : k_apmc_en)
{
    set_config(bus::pci_reg::status, 2, k_piix4_status);
    set_config(k_interrupt_pin, 1, 1);
    set_config(k_devactb, 4, devactb_after_reset_);
}

piix4_pm::~piix4_pm() = default;

void piix4_pm::reset(runstate::reset_kind kind)
{
    acpi_pm_function::reset(kind);
    set_config(k_devactb, 4, devactb_after_reset_);
}

ich9_lpc::ich9_lpc(const sc_core::sc_module_name& name, runstate::vm_clock& clock, const acpi_pm_parameters& parameters)
    : acpi_pm_function(name, k_ich9_identity, clock, parameters,
                       {"ICH9-LPC", "ICH9LPC", 128, 4, 0x44, 0x80, 0x87, k_ich9_commands}),
      smi("smi", parameters.smm)
{
    add_ports(k_ich9_smi_offset, ich9_smi::k_size, smi.registers);
}

ich9_lpc::~ich9_lpc() = default;

void ich9_lpc::reset(runstate::reset_kind kind)
{
    acpi_pm_function::reset(kind);
    smi.reset();
}

} // namespace vigil::models
