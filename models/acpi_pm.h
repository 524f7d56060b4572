// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_ACPI_PM_H
#define VIGIL_MODELS_ACPI_PM_H

#include <cstdint>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/pci_function.h>
#include <vigil/models/acpi_pm_block.h>
#include <vigil/models/apm_ports.h>
#include <vigil/models/ich9_chipset.h>
#include <vigil/models/ich9_smi.h>
#include <vigil/models/ich9_tco.h>
#include <vigil/runstate/clock/vm_clock.h>
#include <vigil/runstate/interfaces.h>

namespace vigil::models {

/// A PCI function with the PM1 block in I/O space, at a base address and under an enable bit of its own configuration
/// registers; the command register has no say. A reset of any kind ends the decoding.
class acpi_pm_function : public bus::pci_function,
                         public runstate::resettable,
                         public runstate::inspectable,
                         public runstate::snapshottable {
public:
    ~acpi_pm_function() override;

    /// The block; its port `power` and its power button are for the platform to connect.
    acpi_pm_block pm1;

    /// The APM ports, for the platform to map; decoded whatever the configuration registers say.
    apm_ports apm;

    /// Header, base address and enable bit, and the block; other storage and the APM ports are cleared by power-on
    /// (cold) only.
    void reset(runstate::reset_kind kind) override;

    std::string_view type_name() const override { return layout_.type_name; }
    /// Base address, enable bit, the block's registers and the APM ports'; read-only.
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return layout_.section; }
    /// In this order: config (256 bytes), the block's fields, and those of the APM ports, which may be missing together
    /// (version 0.1.0 had none): they then have their power-on values.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& saved) override;

protected:
    /// A register of configuration space, and what it is after power-on or a reset.
    struct config_value {
        std::uint32_t offset;
        unsigned width;
        std::uint32_t value;
    };

    /// Where a chip keeps what.
    struct layout {
        const char* type_name;
        const char* section;
        std::uint32_t size;          ///< the base is a multiple of it
        std::uint32_t base_writable; ///< the writable bits of the base address register
        bool zero_base_is_off;       ///< nothing is decoded at address 0
        std::uint32_t enable;        ///< offset of the byte with the enable bit
        std::uint8_t enable_bit;     ///< 1: the ports are decoded
        apm_commands commands;
        std::vector<config_value> after_reset;
        std::vector<config_value> after_power_on; ///< in addition; all other storage is then 0
    };

    acpi_pm_function(const sc_core::sc_module_name& name, const bus::pci_identity& identity, runstate::vm_clock& clock,
                     const acpi_pm_parameters& parameters, const layout& where);

    /// Declares further ports, decoded together with the PM1 block, `offset` above its base; in the constructor.
    void add_ports(std::uint32_t offset, std::uint32_t size, bus::shared_target_socket& socket);

    void config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                      const bus::access_context& context) override;

    static constexpr std::uint32_t k_base = 0x40; ///< PMBA, PMBASE

    static constexpr std::size_t k_saved_fields_0_1_0 = 5; ///< config and the block's
    static constexpr std::size_t k_saved_fields = 7;

private:
    std::uint32_t base() const { return config_read(k_base, 4) & base_mask(); }
    std::uint32_t base_mask() const noexcept { return 0xFFFF & ~(layout_.size - 1); }
    bool enabled() const;
    void put(const std::vector<config_value>& values);
    void follow_base(); ///< decodes the ports as base address and enable bit say

    const layout layout_;
    std::vector<std::uint32_t> port_offsets_; ///< from the base; by port block
};

/// The power management function of the Intel 82371AB (PIIX4) datasheet (290562, chapter 7), function 3 of the chip; on
/// QEMU's pc 00:01.3 (hw/acpi/piix4.c). Ports at PMBA (40h), a multiple of 64, while PMREGMISC (80h) bit 0 is set. As
/// on QEMU, every bit of its registers can be written, and a reset writes the lowest byte of PMBA only.
class piix4_pm : public acpi_pm_function {
public:
    piix4_pm(const sc_core::sc_module_name& name, runstate::vm_clock& clock, const acpi_pm_parameters& parameters = {});
    ~piix4_pm() override;
};

/// The LPC bridge of the Intel I/O Controller Hub 9 (ICH9 datasheet 316972, chapter 13), function 0 of device 31; on
/// QEMU's q35 00:1f.0 (hw/isa/lpc_ich9.c). Ports at PMBASE (40h), a multiple of 128, while ACPI_CNTL (44h) bit 7 is
/// set, chipset registers in memory at RCBA (F0h) while its bit 0 is set. Of the bridge there is the header only.
class ich9_lpc : public acpi_pm_function {
public:
    ich9_lpc(const sc_core::sc_module_name& name, runstate::vm_clock& clock, const acpi_pm_parameters& parameters = {},
             const ich9_tco_parameters& tco_parameters = {}, const ich9_smi_parameters& smi_parameters = {});
    ~ich9_lpc() override;

    /// The watchdog, at 60h above the base; its port `watchdog` is for the platform to connect. It goes on whether its
    /// ports are decoded or not.
    ich9_tco tco;
    /// SMI_EN and SMI_STS, at 30h above the base.
    ich9_smi smi;
    /// The registers at RCBA.
    ich9_chipset chipset;

    void reset(runstate::reset_kind kind) override;

    /// In addition, RCBA, those of the watchdog and those of the SMI registers.
    std::vector<runstate::property> properties() override;
    /// In addition, behind the others, smi_en, chip_config (16 KiB), the watchdog's fields and those of the SMI block.
    /// The last may be missing, those from chip_config on too, and smi_en with those of the APM ports (version 0.1.0):
    /// they then have their power-on values.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& saved) override;

private:
    void config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                      const bus::access_context& context) override;
    std::uint32_t rcba() const;
    void follow_rcba();     ///< decodes the chipset registers as RCBA says
    void follow_periods();  ///< of the SMI timers
    void follow_smi_lock(); ///< locks what SMI_LOCK locks, itself too, where it is set
    void unlock_smi_lock();
    void restore_smi_lock(std::uint8_t gen_pmcon_1); ///< as saved

    static constexpr std::size_t k_saved_fields_with_smi = k_saved_fields + 1;
    static constexpr std::size_t k_saved_fields_with_tco = k_saved_fields_with_smi + 1 + ich9_tco::k_saved_fields;
    static constexpr std::size_t k_all_saved_fields = k_saved_fields_with_tco + ich9_smi::k_saved_fields;
};

} // namespace vigil::models

#endif
