// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_ICH9_TCO_H
#define VIGIL_MODELS_ICH9_TCO_H

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/target_socket.h>
#include <vigil/models/ich9_tco_registers.h>
#include <vigil/runstate/clock/vm_clock.h>
#include <vigil/runstate/interfaces.h>

namespace vigil::models {

/// What a platform may want of a TCO block; the default is QEMU 7.2's.
struct ich9_tco_parameters {
    /// The strap that forbids to reboot (the speaker pin at power-on), whatever GCS says (QEMU: property noreboot).
    bool no_reboot_strap = true;
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
    sc_core::sc_out<bool> smi{"smi"};

    /// Called at each time-out (1, 2), before anything follows from it; for traces, may be empty.
    std::function<void(unsigned timeout)> timed_out;

    /// GCS bit NO_REBOOT, looked at when the second time-out comes; no at first.
    void forbid_reboot(bool yes) noexcept { reboot_forbidden_ = yes; }
    /// SMI_EN bit TCO_EN; no at first.
    void enable_smi(bool yes);

    /// TCO_LOCK: SMI_EN bit TCO_EN is to stay as it is.
    bool locked() const noexcept { return (tco1_cnt_ & ich9_tco_bit::tco_lock) != 0; }

    /// One register: a number with an address.
    struct register_row {
        std::uint32_t offset;
        unsigned width;
        const char* name; ///< the datasheet's
        std::uint16_t reset;
        std::uint16_t ich9_tco::*value;
        std::uint16_t (ich9_tco::*read)(runstate::ns at) const; ///< null: the value
        std::uint16_t writable;                                 ///< the other bits become 0
        std::uint16_t own;                                      ///< bits that the block sets itself
        std::uint16_t sticky;                                   ///< bits that no write clears
        void (ich9_tco::*written)(runstate::ns at);             ///< what a write does beside; may be null
        bool is_status;                                         ///< `ones_clear` is about it
        const char* description;
    };
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
    std::optional<std::string> restore(const runstate::saved_state& state) override;
    static constexpr std::size_t k_saved_fields = k_registers + 2;

private:
    std::uint64_t read(std::uint64_t offset, unsigned width, const bus::access_context& context) override;
    void write(std::uint64_t offset, unsigned width, std::uint64_t value, const bus::access_context& context) override;
    std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
    std::uint64_t read_at(std::uint64_t offset, unsigned width, runstate::ns at) const;

    // One access in QEMU's way, and with byte lanes.
    std::uint64_t read_pieces(std::uint64_t offset, unsigned width, runstate::ns at) const;
    void write_pieces(std::uint64_t offset, unsigned width, std::uint64_t value, runstate::ns at);
    std::uint64_t read_lanes(std::uint64_t offset, unsigned width, runstate::ns at) const;
    void write_lanes(std::uint64_t offset, unsigned width, std::uint64_t value, runstate::ns at);

    std::uint16_t read_row(const register_row& row, runstate::ns at) const;
    /// Writes the bits of `lanes`, with what follows from it.
    void write_row(const register_row& row, std::uint16_t value, std::uint16_t lanes, runstate::ns at);

    std::uint16_t read_reload(runstate::ns at) const;
    void reload_written(runstate::ns at);
    void control_written(runstate::ns at);
    void data_in_written(runstate::ns at);
    void data_out_written(runstate::ns at);
    void status_written(runstate::ns at);

    bool can_start() const noexcept;
    void start(runstate::ns from); ///< counts TCO_TMR down from then on
    void expired();                ///< the countdown reached zero
    bool reboot_forbidden() const noexcept { return parameters_.no_reboot_strap || reboot_forbidden_; }

    void follow_status(); ///< lets `smi` follow
    void drive_smi();     ///< the one process that writes the pin

    const ich9_tco_parameters parameters_;
    runstate::vm_clock& clock_;
    runstate::vm_timer timer_{clock_, [this] { expired(); }};

    std::uint16_t tco_rld_ = 0;
    std::uint16_t tco_dat_in_ = 0;
    std::uint16_t tco_dat_out_ = 0;
    std::uint16_t tco1_sts_ = 0;
    std::uint16_t tco2_sts_ = 0;
    std::uint16_t tco1_cnt_ = 0;
    std::uint16_t tco2_cnt_ = 0;
    std::uint16_t tco_message1_ = 0;
    std::uint16_t tco_message2_ = 0;
    std::uint16_t tco_wdcnt_ = 0;
    std::uint16_t sw_irq_gen_ = 0;
    std::uint16_t tco_tmr_ = 0;
    unsigned timeouts_ = 0; ///< since TCO_RLD was last written, or the second
    bool reboot_forbidden_ = false;
    bool smi_enabled_ = false;

    bool smi_active_ = false;
    bool smi_was_active_ = false; ///< at any time since the pin was last driven
    sc_core::sc_event smi_changed_{"smi_changed"};
    sc_core::sc_signal<bool> smi_unconnected_{"smi_unconnected"};
};

} // namespace vigil::models

#endif
