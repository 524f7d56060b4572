// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_I6300ESB_H
#define VIGIL_MODELS_I6300ESB_H

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/pci_function.h>
#include <vigil/bus/register_table.h>
#include <vigil/models/i6300esb_rules.h>
#include <vigil/models/output_pin.h>
#include <vigil/runstate/clock/vm_clock.h>
#include <vigil/runstate/dense_storage.h>
#include <vigil/runstate/interfaces.h>

namespace vigil::models {

/// What QEMU's model leaves out or does otherwise than the chip. With all of them false the device is QEMU's.
struct i6300esb_parameters {
    /// The platform binds `irq`; QEMU only writes a message when stage 1 ends.
    bool stage1_interrupt = false;
    /// The platform binds `tout_n`; QEMU has no such pin.
    bool timeout_pin = false;
    /// The interrupt type is bits 1:0 of WDT Configuration (00 IRQ, 10 SMI, 11 disabled), and General Interrupt Status
    /// bit 0 shows an active stage-1 interrupt. QEMU 7.2 takes bits 4 and 0 (mask 11h) and reads the status as 0.
    bool hardware_interrupt_type = false;
    /// The type alone is the hardware's, and the status reads 0, as on QEMU 11.1.
    bool hardware_type_bits = false;
    /// 4-byte reads of the preload registers return them; QEMU returns 0.
    bool readable_preloads = false;
    /// Interrupt Pin is INTA#, and the status register shows an active stage-1 interrupt. QEMU's device has no pin.
    bool interrupt_pin = false;
    /// An MSI capability at 50h, which neither the chip nor QEMU's device has.
    bool msi = false;
};

/// The watchdog timer of the Intel 6300ESB I/O Controller Hub (datasheet 300641, chapter 16), as QEMU 7.2 models it
/// (hw/watchdog/wdt_i6300esb.c): a two-stage countdown. The end of stage 1 can interrupt; the end of stage 2 is the
/// fact that `watchdog` states.
///
/// A register answers to accesses of exactly its own width. Others reach plain storage behind it in configuration
/// space, and nothing in the memory registers.
class i6300esb : public bus::pci_function,
                 public runstate::resettable,
                 public runstate::inspectable,
                 public runstate::snapshottable {
    // Each lies close to that of other devices.
    /// What the end of a stage drives and tells.
    struct outputs;
    /// The watchdog behind the PCI function: all that a kick touches.
    class core;
    /// What is saved of it beside configuration space.
    struct state;

    const runstate::dense_ptr<outputs> outputs_;
    const runstate::dense_ptr<core> core_;

public:
    i6300esb(const sc_core::sc_module_name& name, runstate::vm_clock& clock,
             const i6300esb_parameters& parameters = {});
    ~i6300esb() override;

    /// Told when stage 2 ends with the reboot output enabled.
    runstate::fact_port<runstate::watchdog_if> watchdog{"watchdog"};

    /// Stage-1 interrupt: high from the end of stage 1, with interrupt type IRQ, until reload, disable, the end of
    /// stage 2, a write that clears the interrupt status, or a reset.
    output_port irq{"irq"};
    /// WDT_TOUT#, active low: low from the end of stage 2, with the reboot output enabled, until the next reset. A
    /// reset in the same delta cycle leaves a pulse of one delta cycle.
    output_port tout_n{"tout_n"};

    /// The memory registers, behind BAR 0: 16 bytes, widths 1, 2 and 4.
    bus::register_socket registers;

    /// Called when either becomes active or inactive, at once and not a delta cycle later as the pin, so that a CPU
    /// model takes an interrupt once that it clears before it yields; may be empty.
    std::function<void(bool active)>& irq_changed;
    std::function<void(bool active)>& tout_changed;

    /// Called at the end of stage 1 and of stage 2, before anything follows from it; for traces, may be empty.
    std::function<void(unsigned stage)>& stage_expired;

    using register_row = bus::register_row<core, std::uint32_t, state>;
    /// The live registers of configuration space and of BAR 0; reset values are those of the default parameters.
    static const std::array<register_row, 2>& configuration_registers() noexcept;
    static const std::array<register_row, 4>& memory_registers() noexcept;

    /// A system reset: everything but the previous-reboot flag and plain storage, which only power-on (cold) clears.
    void reset(runstate::reset_kind kind) override;

    std::string_view type_name() const override { return "i6300esb"; }
    /// Registers, countdown and flags; all read-only.
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return "i6300esb_wdt"; }
    /// In this order: config (256 bytes), reboot_enabled, clock_scale (1: 1 MHz), int_type, free_run, locked, enabled,
    /// timer (absolute virtual nanoseconds, all ones when idle), preload1, preload2, stage, unlock_state (0 locked,
    /// 1 half, 2 unlocked), previous_reboot.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& saved) override;

private:
    void end_of_elaboration() override;
    // pci_function, for configuration space
    std::uint32_t config_read(std::uint32_t offset, unsigned width) const override;
    void config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                      const bus::access_context& context) override;
};

} // namespace vigil::models

#endif
