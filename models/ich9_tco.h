// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_ICH9_TCO_H
#define VIGIL_MODELS_ICH9_TCO_H

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/register_table.h>
#include <vigil/bus/target_socket.h>
#include <vigil/models/ich9_tco_registers.h>
#include <vigil/models/output_pin.h>
#include <vigil/runstate/clock/vm_clock.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/state_table.h>

namespace vigil::models {

/// What a platform may want of a TCO block; the default is QEMU 7.2's.
struct ich9_tco_parameters {
    /// The strap that forbids to reboot (the speaker pin at power-on), whatever GCS says (QEMU: property noreboot).
    bool no_reboot_strap = true;
    /// After a reset NO_REBOOT in GCS is what the strap says, as on QEMU 11.1; on 7.2 it is always set.
    bool strap_in_gcs = false;
    /// A 1 written to a status bit clears it, a 0 leaves it. On QEMU a write replaces the status.
    bool ones_clear = false;
    /// Each byte of an access reaches its own part of the register that it lies in. On QEMU a register is a number at
    /// one address: see `ich9_tco`.
    bool byte_lanes = false;
    /// The platform binds `smi`; QEMU's interrupt does nothing that could be seen.
    bool smi_pin = false;
};

/// The TCO watchdog of the Intel I/O Controller Hub 9 (datasheet 316972, section 13.9), as QEMU 7.2 models it
/// (hw/acpi/tco.c): a timer of 0.6 s ticks whose first time-out can interrupt, and whose second is the fact that
/// `watchdog` states, unless a reboot is forbidden. It counts from the first write to TCO_RLD or TCO1_CNT on.
///
/// Accesses are cut into pieces of at most 2 bytes. A piece reaches the register whose offset is its own, whole: a byte
/// reads the low half and writes it with zeros above. Pieces that begin elsewhere read 0 and write nothing. With
/// `byte_lanes`, bytes are where they are.
///
/// It stands alone behind its ports. What other parts of the chip have a say in it tell it by `forbid_reboot` and
/// `enable_smi`; `ich9_chipset` and `ich9_smi` do.
class ich9_tco : public sc_core::sc_module,
                 public runstate::resettable,
                 public runstate::inspectable,
                 public runstate::snapshottable,
                 private bus::register_device {
    /// The registers as they are stored, zero at first, and what is saved beside.
    struct state {
        std::uint16_t tco_rld = 0;
        std::uint16_t tco_dat_in = 0;
        std::uint16_t tco_dat_out = 0;
        std::uint16_t tco1_sts = 0;
        std::uint16_t tco2_sts = 0;
        std::uint16_t tco1_cnt = 0;
        std::uint16_t tco2_cnt = 0;
        std::uint16_t tco_message1 = 0;
        std::uint16_t tco_message2 = 0;
        std::uint16_t tco_wdcnt = 0;
        std::uint16_t sw_irq_gen = 0;
        std::uint16_t tco_tmr = 0;
        runstate::ns timer = runstate::k_never; ///< when it runs out; `timer_` has it, but in what is saved
        std::uint8_t timeouts = 0;              ///< since TCO_RLD was last written, or the second
    };
    static constexpr std::size_t k_other_variables = 2;
    static runstate::state_table<state> variables() noexcept;

public:
    static constexpr std::uint32_t k_size = 32; ///< I/O ports

    ich9_tco(const sc_core::sc_module_name& name, runstate::vm_clock& clock,
             const ich9_tco_parameters& parameters = {});
    ~ich9_tco() override;

    /// Told when the second time-out comes and a reboot is not forbidden; the timer then stops.
    runstate::fact_port<runstate::watchdog_if> watchdog{"watchdog"};

    /// The I/O ports, widths 1, 2 and 4.
    bus::register_socket registers{"registers", *this, k_size};

    /// SMI request: high while TCO1_STS says that software asked for one or, where that is enabled, that the timer ran
    /// out. A request that ends in the same delta cycle leaves a pulse of one delta cycle.
    output_port smi{"smi"};
    /// Called when it becomes active or inactive, at once and not a delta cycle later as the pin; may be empty.
    std::function<void(bool active)> smi_changed;

    /// Called at each time-out (1, 2), before anything follows from it; for traces, may be empty.
    std::function<void(unsigned timeout)> timed_out;

    /// GCS bit NO_REBOOT, looked at when the second time-out comes; no at first.
    void forbid_reboot(bool yes) noexcept { reboot_forbidden_ = yes; }
    /// SMI_EN bit TCO_EN; no at first.
    void enable_smi(bool yes);

    /// TCO_LOCK: SMI_EN bit TCO_EN is to stay as it is.
    bool locked() const noexcept { return (state_.tco1_cnt & ich9_tco_bit::tco_lock) != 0; }

    using register_row = bus::register_row<ich9_tco, std::uint16_t, state>;
    /// All of them are stored; of `register_rule::ones_clear` those that `ones_clear` is about.
    static constexpr std::size_t k_registers = 12;
    static const std::array<register_row, k_registers>& register_table() noexcept;

    /// Power-on clears everything; other resets, as on QEMU, nothing at all: a countdown goes on.
    void reset(runstate::reset_kind kind) override;

    std::string_view type_name() const override { return "ich9-tco"; }
    /// Registers, countdown and whether a reboot is forbidden; read-only.
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return "ich9_tco"; }
    /// In this order: the registers as in their table, their names in small letters, then tco_timer (absolute virtual
    /// nanoseconds, all ones when idle) and tco_timeouts.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& saved) override;
    static constexpr std::size_t k_saved_fields = k_registers + k_other_variables;

private:
    void end_of_elaboration() override { smi_pin_.check_binding(); }
    std::uint64_t read(std::uint64_t offset, unsigned width, const bus::access_context& context) override;
    void write(std::uint64_t offset, unsigned width, std::uint64_t value, const bus::access_context& context) override;
    std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
    std::uint64_t read_at(std::uint64_t offset, unsigned width, const bus::access_context& context) const;
    /// Writes the bits of `lanes`, with what follows from it.
    void write_row(const register_row& row, std::uint64_t value, std::uint64_t lanes,
                   const bus::access_context& context);

    std::uint16_t read_reload() const;
    void reload_written(std::uint16_t);
    void control_written(std::uint16_t);
    void data_in_written(std::uint16_t);
    void data_out_written(std::uint16_t);
    void status_written(std::uint16_t) { follow_status(); }

    void reset_registers();
    bool can_start() const noexcept;
    void start(runstate::ns from); ///< counts TCO_TMR down from then on
    void expired();                ///< the countdown reached zero
    bool reboot_forbidden() const noexcept { return parameters_.no_reboot_strap || reboot_forbidden_; }
    void follow_status(); ///< lets `smi` follow

    const ich9_tco_parameters parameters_;
    runstate::vm_clock& clock_;
    runstate::vm_timer timer_{clock_, [this] { expired(); }};
    state state_;
    bool reboot_forbidden_ = false;
    bool smi_enabled_ = false;
    output_pin smi_pin_{"smi_pin", smi, smi_changed, parameters_.smi_pin};
};

} // namespace vigil::models

#endif
