// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_ACPI_PM_H
#define VIGIL_MODELS_ACPI_PM_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/pci_function.h>
#include <vigil/bus/target_socket.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/vm_clock.h>

namespace vigil::models {

/// The PM1 event and control registers and the power-management timer of the ACPI specification (6.4, section 4.8.3),
/// as QEMU 7.2 models them (hw/acpi/core.c): sleeping to S3, S4 and S5, the power button, and the wake-up status. Asks
/// `power` for what the guest orders; has no interrupt.
///
/// Each byte of an access reaches the register that it lies in; bytes between the registers read all ones, and writes
/// to them are lost.
class acpi_pm_block : public sc_core::sc_module,
                      public runstate::power_button_sink,
                      public runstate::resettable,
                      public runstate::inspectable,
                      public runstate::snapshottable,
                      private bus::register_device {
public:
    /// `size`: bytes of I/O ports that the block takes, a power of two of at least 16.
    acpi_pm_block(const sc_core::sc_module_name& name, runstate::vm_clock& clock, std::uint32_t size = 64);
    ~acpi_pm_block() override;

    /// Asked to shut down (S5) and to suspend (S3, S4).
    runstate::fact_port<runstate::power_if> power{"power"};

    /// The I/O ports, widths 1, 2 and 4.
    bus::register_socket registers;

    /// One register: as `bus::register_row`, but reached by any part of its bytes, and told the time of the access.
    struct register_row {
        std::uint32_t offset;
        unsigned width;
        const char* name; ///< the specification's
        std::uint32_t reset;
        std::uint32_t (acpi_pm_block::*read)(runstate::ns at) const;
        void (acpi_pm_block::*write)(std::uint32_t value, runstate::ns at); ///< null: read-only
        bool ones_clear;                                                    ///< a 0 written keeps a bit, a 1 clears it
        const char* description;
    };
    static const std::array<register_row, 4>& register_table() noexcept;

    /// Sets the power button's status bit, where its enable bit is set.
    void power_button_pressed() override;

    /// Fresh registers. A wake-up shows in the status as such, and as the power button's doing.
    void reset(runstate::reset_kind kind) override;

    std::string_view type_name() const override { return "acpi-pm1"; }
    /// The four registers; read-only.
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return "acpi_pm1"; }
    /// In this order: pm1_status (timer status excepted), pm1_enable, pm1_control, timer_status_from (the number of
    /// timer counts since time 0 from which on the timer status is set).
    runstate::saved_state save() const override;
    std::optional<std::string> restore(const runstate::saved_state& state) override;

private:
    std::uint64_t read(std::uint64_t offset, unsigned width, const bus::access_context& context) override;
    void write(std::uint64_t offset, unsigned width, std::uint64_t value, const bus::access_context& context) override;
    std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
    std::uint64_t read_at(std::uint64_t offset, unsigned width, runstate::ns at) const;

    std::uint32_t read_status(runstate::ns at) const;
    void write_status(std::uint32_t value, runstate::ns at);
    std::uint32_t read_enable(runstate::ns) const { return enable_; }
    void write_enable(std::uint32_t value, runstate::ns);
    std::uint32_t read_control(runstate::ns) const { return control_; }
    void write_control(std::uint32_t value, runstate::ns);
    std::uint32_t read_timer(runstate::ns at) const;
    void sleep(std::uint32_t type); ///< enters the state that SLP_TYP says

    runstate::vm_clock& clock_;
    std::uint16_t status_ = 0; ///< without the timer status
    std::uint16_t enable_ = 0;
    std::uint16_t control_ = 0;
    std::uint64_t timer_status_from_ = 0; ///< in timer counts since time 0
};

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

    /// Header, base address and enable bit, and the block; other storage is cleared by power-on (cold) only.
    void reset(runstate::reset_kind kind) override;

    std::string_view type_name() const override { return layout_.type_name; }
    /// Base address, enable bit and the block's registers; read-only.
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return layout_.section; }
    /// In this order: config (256 bytes), and the block's fields.
    runstate::saved_state save() const override;
    std::optional<std::string> restore(const runstate::saved_state& state) override;

protected:
    /// Where a chip keeps what.
    struct layout {
        const char* type_name;
        const char* section;
        std::uint32_t size;           ///< of the block of ports, in bytes; the base is a multiple of it
        std::uint32_t enable;         ///< offset of the byte with the enable bit
        std::uint8_t enable_bit;      ///< 1: the ports are decoded
        std::uint8_t enable_writable; ///< the writable bits of that byte
    };

    acpi_pm_function(const sc_core::sc_module_name& name, const bus::pci_identity& identity, runstate::vm_clock& clock,
                     const layout& where);

private:
    void config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                      const bus::access_context& context) override;
    std::uint32_t base() const { return config_read(k_base, 4) & base_mask(); }
    std::uint32_t base_mask() const noexcept { return 0xFFFF & ~(layout_.size - 1); }
    bool enabled() const { return (config_read(layout_.enable, 1) & layout_.enable_bit) != 0; }
    void follow_base(); ///< decodes the ports as base address and enable bit say

    static constexpr std::uint32_t k_base = 0x40; ///< PMBA, PMBASE

    const layout layout_;
};

/// The power management function of the Intel 82371AB (PIIX4) datasheet (290562, chapter 7), function 3 of the chip; on
/// QEMU's pc 00:01.3 (hw/acpi/piix4.c). 64 ports at PMBA (40h) while PMREGMISC (80h) bit 0 is set.
class piix4_pm : public acpi_pm_function {
public:
    piix4_pm(const sc_core::sc_module_name& name, runstate::vm_clock& clock);
    ~piix4_pm() override;
};

/// The LPC bridge of the Intel I/O Controller Hub 9 (ICH9 datasheet 316972, chapter 13), function 0 of device 31; on
/// QEMU's q35 00:1f.0 (hw/isa/lpc_ich9.c). 128 ports at PMBASE (40h) while ACPI_CNTL (44h) bit 7 is set. Of the bridge
/// there is the header only.
class ich9_lpc : public acpi_pm_function {
public:
    ich9_lpc(const sc_core::sc_module_name& name, runstate::vm_clock& clock);
    ~ich9_lpc() override;
};

} // namespace vigil::models

#endif
