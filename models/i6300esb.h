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
#include <vigil/runstate/clock/vm_clock.h>
#include <vigil/runstate/interfaces.h>

namespace vigil::models {

/// What QEMU's model leaves out or does otherwise than the chip. With all of them false the device is QEMU's.
struct i6300esb_parameters {
    /// The platform binds `irq`; QEMU only writes a message when stage 1 ends.
    bool stage1_interrupt = false;
    /// The platform binds `tout_n`; QEMU has no such pin.
    bool timeout_pin = false;
    /// The interrupt type is bits 1:0 of WDT Configuration (00 IRQ, 10 SMI, 11 disabled), and General Interrupt Status
    /// bit 0 shows an active stage-1 interrupt. QEMU takes bits 4 and 0 (mask 11h) and reads the status as 0.
    bool hardware_interrupt_type = false;
    /// 4-byte reads of the preload registers return them; QEMU returns 0.
    bool readable_preloads = false;
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
                 public runstate::snapshottable,
                 private bus::register_device {
public:
    i6300esb(const sc_core::sc_module_name& name, runstate::vm_clock& clock,
             const i6300esb_parameters& parameters = {});
    ~i6300esb() override;

    /// Told when stage 2 ends with the reboot output enabled.
    runstate::fact_port<runstate::watchdog_if> watchdog{"watchdog"};

    /// The memory registers, behind BAR 0: 16 bytes, widths 1, 2 and 4.
    bus::register_socket registers{"registers", *this, 16};

    /// Stage-1 interrupt: high from the end of stage 1, with interrupt type IRQ, until reload, disable, the end of
    /// stage 2, a write that clears the interrupt status, or a reset.
    sc_core::sc_out<bool> irq{"irq"};
    /// WDT_TOUT#, active low: low from the end of stage 2, with the reboot output enabled, until the next reset. A
    /// reset in the same delta cycle leaves a pulse of one delta cycle.
    sc_core::sc_out<bool> tout_n{"tout_n"};

    /// Called at the end of stage 1 and of stage 2, before anything follows from it; for traces, may be empty.
    std::function<void(unsigned stage)> stage_expired;

    /// The live registers of configuration space and of BAR 0; reset values are those of the default parameters.
    static const std::array<bus::register_row<i6300esb>, 2>& configuration_registers() noexcept;
    static const std::array<bus::register_row<i6300esb>, 4>& memory_registers() noexcept;

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
    std::optional<std::string> restore(const runstate::saved_state& state) override;

private:
    /// An output: its level now, and whether it was active at any time since it was last driven.
    struct pin {
        bool in_use;
        bool active = false;
        bool was_active = false;
    };

    // pci_function, for configuration space
    std::uint32_t config_read(std::uint32_t offset, unsigned width) const override;
    void config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                      const bus::access_context& context) override;
    // register_device, for the memory registers
    void write(std::uint64_t offset, unsigned width, std::uint64_t value, const bus::access_context& context) override;
    std::uint64_t peek(std::uint64_t offset, unsigned width) const override;

    std::uint32_t int_type_mask() const noexcept; ///< the bits of WDT Configuration that are the interrupt type
    std::uint32_t read_configuration() const;
    void write_configuration(std::uint32_t value, const bus::access_context&);
    std::uint32_t read_lock() const;
    void write_lock(std::uint32_t value, const bus::access_context& context);
    std::uint32_t read_preload_1() const { return parameters_.readable_preloads ? preload1_ : 0; }
    void write_preload_1(std::uint32_t value, const bus::access_context&);
    std::uint32_t read_preload_2() const { return parameters_.readable_preloads ? preload2_ : 0; }
    void write_preload_2(std::uint32_t value, const bus::access_context&);
    std::uint32_t read_interrupt_status() const;
    void write_interrupt_status(std::uint32_t value, const bus::access_context&);
    std::uint32_t read_reload() const;
    void write_reload(std::uint32_t value, const bus::access_context& context);

    void start_stage(unsigned stage, runstate::ns from); ///< counts the stage's preload down from then on
    void stage_ended();                                  ///< the countdown reached zero
    void raise_interrupt();                              ///< stage 1 ended with interrupt type IRQ
    void internal_reset(); ///< all that a system reset and the end of stage 2 have in common

    void drive(pin& p, bool active); ///< sets a pin's level, for `drive_pins` to put out
    void drive_pins();               ///< the one process that writes the pins

    const i6300esb_parameters parameters_;
    runstate::vm_clock& clock_;
    runstate::vm_timer timer_{clock_, [this] { stage_ended(); }};

    bool reboot_enabled_ = true;
    bool one_mhz_ = false;
    std::uint32_t int_type_ = 0; ///< as written, under the mask; 0 is IRQ
    bool free_run_ = false;
    bool locked_ = false;
    bool enabled_ = false;
    std::uint32_t preload1_ = k_i6300esb_preload_mask;
    std::uint32_t preload2_ = k_i6300esb_preload_mask;
    unsigned stage_ = 1;
    i6300esb_unlock unlock_;
    bool previous_reboot_ = false;

    pin irq_pin_{parameters_.stage1_interrupt};
    pin tout_pin_{parameters_.timeout_pin};
    sc_core::sc_event pins_changed_{"pins_changed"};
    sc_core::sc_signal<bool> irq_unconnected_{"irq_unconnected"};
    sc_core::sc_signal<bool> tout_n_unconnected_{"tout_n_unconnected", true};
};

} // namespace vigil::models

#endif
