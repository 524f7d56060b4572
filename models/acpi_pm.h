// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_ACPI_PM_H
#define VIGIL_MODELS_ACPI_PM_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/pci_function.h>
#include <vigil/models/acpi_pm_block.h>
#include <vigil/models/apm_ports.h>
#include <vigil/models/ich9_smi.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/vm_clock.h>

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
    std::optional<std::string> restore(const runstate::saved_state& state) override;

protected:
    /// Where a chip keeps what.
    struct layout {
        const char* type_name;
        const char* section;
        std::uint32_t size;           ///< the base is a multiple of it
        unsigned base_reset_width;    ///< bytes of the base address register that a reset writes
        std::uint32_t enable;         ///< offset of the byte with the enable bit
        std::uint8_t enable_bit;      ///< 1: the ports are decoded
        std::uint8_t enable_writable; ///< the writable bits of that byte
        apm_commands commands;
    };

    acpi_pm_function(const sc_core::sc_module_name& name, const bus::pci_identity& identity, runstate::vm_clock& clock,
                     const acpi_pm_parameters& parameters, const layout& where);

    /// Declares further ports, decoded together with the PM1 block, `offset` above its base; in the constructor.
    void add_ports(std::uint32_t offset, std::uint32_t size, bus::shared_target_socket& socket);

    static constexpr std::size_t k_saved_fields_0_1_0 = 5; ///< config and the block's
    static constexpr std::size_t k_saved_fields = 7;

private:
    void config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                      const bus::access_context& context) override;
    std::uint32_t base() const { return config_read(k_base, 4) & base_mask(); }
    std::uint32_t base_mask() const noexcept { return 0xFFFF & ~(layout_.size - 1); }
    bool enabled() const { return (config_read(layout_.enable, 1) & layout_.enable_bit) != 0; }
    void follow_base(); ///< decodes the ports as base address and enable bit say

    static constexpr std::uint32_t k_base = 0x40; ///< PMBA, PMBASE

    const layout layout_;
    std::vector<std::uint32_t> port_offsets_; ///< from the base; by port block
};

/// The power management function of the Intel 82371AB (PIIX4) datasheet (290562, chapter 7), function 3 of the chip; on
/// QEMU's pc 00:01.3 (hw/acpi/piix4.c). Ports at PMBA (40h), a multiple of 64, while PMREGMISC (80h) bit 0 is set. As
/// on QEMU, a reset writes the lowest byte of PMBA only, and of the rest of the storage DEVACTB (58h) alone.
class piix4_pm : public acpi_pm_function {
public:
    piix4_pm(const sc_core::sc_module_name& name, runstate::vm_clock& clock, const acpi_pm_parameters& parameters = {});
    ~piix4_pm() override;

    void reset(runstate::reset_kind kind) override;

private:
    const std::uint32_t devactb_after_reset_;
};

/// The LPC bridge of the Intel I/O Controller Hub 9 (ICH9 datasheet 316972, chapter 13), function 0 of device 31; on
/// QEMU's q35 00:1f.0 (hw/isa/lpc_ich9.c). Ports at PMBASE (40h), a multiple of 128, while ACPI_CNTL (44h) bit 7 is
/// set. Of the bridge there is the header only.
class ich9_lpc : public acpi_pm_function {
public:
    ich9_lpc(const sc_core::sc_module_name& name, runstate::vm_clock& clock, const acpi_pm_parameters& parameters = {});
    ~ich9_lpc() override;

    /// SMI_EN and SMI_STS, at 30h above the base.
    ich9_smi smi;

    void reset(runstate::reset_kind kind) override;

    /// In addition, SMI_EN.
    std::vector<runstate::property> properties() override;
    /// In addition, behind the others, smi_en, where they are all there.
    runstate::saved_state save() const override;
    std::optional<std::string> restore(const runstate::saved_state& state) override;
};

} // namespace vigil::models

#endif
