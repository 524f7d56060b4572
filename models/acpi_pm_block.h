// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_ACPI_PM_BLOCK_H
#define VIGIL_MODELS_ACPI_PM_BLOCK_H

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/register_table.h>
#include <vigil/bus/target_socket.h>
#include <vigil/models/acpi_pm_registers.h>
#include <vigil/runstate/clock/vm_clock.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/state_table.h>

namespace vigil::models {

/// What a platform may want of a power block; the default is QEMU 7.2's.
struct acpi_pm_parameters {
    /// Each byte of an access reaches its own part of the register that it lies in, as on the chips. On QEMU a register
    /// takes a narrow access as if it were whole: see `acpi_pm_block`.
    bool byte_lanes = false;
    /// The same of a byte in the upper half of PM1_CNT alone, as on QEMU 10.0.
    bool control_bytes = false;
    /// The sleep type (SLP_TYP) that means S4 (QEMU: property s4_val); 0 and 1 mean S5 and S3 all the same.
    std::uint8_t s4_value = 2;
    /// The machine has a system-management mode, in whose hands power management begins. Without it, it is ACPI's from
    /// the start: SCI_EN is 1 after a reset, and the APM commands leave it (QEMU: machine property smm).
    bool smm = true;
    /// Without system-management mode, the APM commands change SCI_EN all the same, and it is 0 after a reset (QEMU:
    /// property smm-compat, on in machine versions up to 5.2).
    bool smm_compat = false;
};

/// The PM1 event and control registers and the power-management timer of the ACPI specification (6.4, section 4.8.3),
/// as QEMU 7.2 models them (hw/acpi/core.c): sleeping to S3, S4 and S5, the power button, and the wake-up status. Asks
/// `power` for what the guest orders; has no interrupt.
///
/// An access is cut into pieces at the registers' ends. A narrow piece reads the register's low bytes, and writes the
/// whole register with zeros above; one that begins inside the control register or the timer counts as one that begins
/// with it, one that begins inside status or enable reads 0 and writes nothing. With `byte_lanes`, bytes are where they
/// are. Either way bytes between the registers read all ones, and writes to them are lost.
class acpi_pm_block : public sc_core::sc_module,
                      public runstate::power_button_sink,
                      public runstate::resettable,
                      public runstate::inspectable,
                      public runstate::snapshottable,
                      private bus::register_device {
    struct state {
        std::uint32_t status = 0; ///< without the timer status
        std::uint32_t enable = 0;
        std::uint32_t control = 0;
        std::uint64_t timer_status_from = 0; ///< in timer counts since time 0
    };
    static runstate::state_table<state> variables() noexcept;

public:
    static constexpr std::uint32_t k_size = 16; ///< I/O ports

    acpi_pm_block(const sc_core::sc_module_name& name, runstate::vm_clock& clock,
                  const acpi_pm_parameters& parameters = {});
    ~acpi_pm_block() override;

    /// Asked to shut down (S5) and to suspend (S3, S4).
    runstate::fact_port<runstate::power_if> power{"power"};

    /// The I/O ports, widths 1, 2 and 4.
    bus::register_socket registers{"registers", *this, k_size};

    using register_row = bus::register_row<acpi_pm_block, std::uint32_t, state>;
    static const std::array<register_row, 4>& register_table() noexcept;

    /// Sets the power button's status bit, where its enable bit is set.
    void power_button_pressed() override;

    /// What the APM commands ACPI enable and disable do: SCI_EN is set or cleared, where there is somebody to take
    /// power management over from.
    void hand_over_to_acpi(bool yes);

    /// Fresh registers. A wake-up shows in the status as such, and as the power button's doing.
    void reset(runstate::reset_kind kind) override;

    std::string_view type_name() const override { return "acpi-pm1"; }
    /// The four registers; read-only.
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return "acpi_pm1"; }
    /// In this order: pm1_status (timer status excepted), pm1_enable, pm1_control, timer_status_from (the number of
    /// timer counts since time 0 from which on the timer status is set).
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& saved) override;

private:
    std::uint64_t read(std::uint64_t offset, unsigned width, const bus::access_context& context) override;
    void write(std::uint64_t offset, unsigned width, std::uint64_t value, const bus::access_context& context) override;
    std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
    /// Whether each byte of the access reaches its own part of the register.
    bool by_lanes(std::uint64_t offset, unsigned width) const noexcept;
    std::uint64_t read_at(std::uint64_t offset, unsigned width, const bus::access_context& context) const;

    std::uint32_t read_status() const;
    void write_status(std::uint32_t value);
    void control_written(std::uint32_t value);
    std::uint32_t read_timer() const;
    void sleep(std::uint32_t type);     ///< enters the state that SLP_TYP says
    std::uint64_t timer_counts() const; ///< from time 0 to the access

    bool always_acpi() const noexcept { return !parameters_.smm && !parameters_.smm_compat; }
    state after_reset() const noexcept;

    const acpi_pm_parameters parameters_;
    runstate::vm_clock& clock_;
    state state_ = after_reset();
};

} // namespace vigil::models

#endif
