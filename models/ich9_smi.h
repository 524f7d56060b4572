// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_ICH9_SMI_H
#define VIGIL_MODELS_ICH9_SMI_H

#include <array>
#include <cstdint>
#include <vector>

#include <systemc>

#include <vigil/bus/register_table.h>
#include <vigil/bus/target_socket.h>
#include <vigil/models/ich9_tco.h>
#include <vigil/runstate/clock/vm_clock.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/state_table.h>

namespace vigil::models {

/// Which of its timers the SMI block has; on QEMU 7.2 none.
struct ich9_smi_parameters {
    bool swsmi_timer = false;    ///< 1.5 to 64 ms, while SWSMI_TMR_EN is set (QEMU: property x-smi-swsmi-timer)
    bool periodic_timer = false; ///< 8 to 64 s, while PERIODIC_EN is set (QEMU: property x-smi-periodic-timer)
};

/// The SMI control registers of the ICH9 datasheet (316972, section 13.8.3), as QEMU models them (hw/acpi/ich9.c):
/// SMI_EN is 32 bits of storage, SMI_STS has one bit for each timer that there is, and a write replaces them. There is
/// no system-management interrupt, but the TCO block is told TCO_EN, which TCO_LOCK keeps as it is. Accesses of 4 bytes
/// only; others read 0 and write nothing.
class ich9_smi : public sc_core::sc_module, private bus::register_device {
    struct state {
        std::uint32_t status = 0;                  ///< SMI_STS
        runstate::ns swsmi = runstate::k_never;    ///< when it runs out; `swsmi_` has it, but in what is saved
        runstate::ns periodic = runstate::k_never; ///< likewise
    };
    runstate::state_table<state> variables() const noexcept;

public:
    static constexpr std::uint32_t k_size = 8; ///< I/O ports

    /// Without system-management mode (`smm`), SMI_EN says after a reset that APM commands raise an SMI.
    ich9_smi(const sc_core::sc_module_name& name, runstate::vm_clock& clock, ich9_tco& tco, bool smm,
             const ich9_smi_parameters& parameters = {});
    ~ich9_smi() override;

    /// The I/O ports, widths 1, 2 and 4.
    bus::register_socket registers{"registers", *this, k_size};

    static const std::array<bus::register_row<ich9_smi>, 2>& register_table() noexcept;

    /// A warm one, as on QEMU, leaves SMI_STS, and the timers under way until they run out.
    void reset(runstate::reset_kind kind);

    /// SMI_LOCK: until the next reset, SMI_EN bit GBL_SMI_EN stays as it is.
    void lock_global_enable() noexcept { global_locked_ = true; }
    /// The fields SWSMI_RATE_SEL of GEN_PMCON_3 and PER_SMI_SEL of GEN_PMCON_1: the periods from the timers' next start
    /// on.
    void select_periods(unsigned swsmi_rate_sel, unsigned per_smi_sel) noexcept;
    /// Starts the timers that SMI_EN says anew, and stops the others.
    void restart_timers();

    std::uint32_t enable() const noexcept { return enable_; }
    /// Sets SMI_EN, with nothing locked, and no timer started or stopped.
    void restore_enable(std::uint32_t value);

    /// SMI_STS and what remains of the timers; read-only.
    std::vector<runstate::property> properties();

    static constexpr std::size_t k_saved_fields = 3;
    /// Everything but SMI_EN.
    runstate::saved_state save() const;
    runstate::prepared_restore prepare(const runstate::saved_state& saved);

private:
    void write(std::uint64_t offset, unsigned width, std::uint64_t value, const bus::access_context& context) override;
    std::uint64_t peek(std::uint64_t offset, unsigned width) const override;

    void write_enable(std::uint32_t value);
    void set_enable(std::uint32_t value);
    std::uint32_t status() const noexcept { return state_.status; }
    void write_status(std::uint32_t value) { state_.status = value & possible_status(); }
    std::uint32_t possible_status() const noexcept;
    void swsmi_expired();
    void periodic_expired();

    runstate::vm_clock& clock_;
    ich9_tco& tco_;
    const ich9_smi_parameters parameters_;
    const std::uint32_t enable_after_reset_;
    std::uint32_t enable_;
    bool global_locked_ = false;
    runstate::ns swsmi_period_;
    runstate::ns period_;
    state state_;
    runstate::vm_timer swsmi_{clock_, [this] { swsmi_expired(); }};
    runstate::vm_timer periodic_{clock_, [this] { periodic_expired(); }};
};

} // namespace vigil::models

#endif
