// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/ich9_smi.h>

#include <string>

#include <vigil/models/detail/countdown.h>

using vigil::runstate::ns;
using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

namespace reg = ich9_smi_register;
namespace bits = ich9_smi_bit;

constexpr std::array<ns, 4> k_swsmi_periods{std::chrono::microseconds(1500), std::chrono::milliseconds(16),
                                            std::chrono::milliseconds(32), std::chrono::milliseconds(64)};
constexpr std::array<ns, 4> k_periods{std::chrono::seconds(64), std::chrono::seconds(32), std::chrono::seconds(16),
                                      std::chrono::seconds(8)};

void start(runstate::vm_timer& timer, bool yes, ns deadline)
{
    if (yes) {
        timer.arm(deadline);
    } else {
        timer.cancel();
    }
}

} // namespace

const std::array<bus::register_row<ich9_smi>, 2>& ich9_smi::register_table() noexcept
{
    using self = ich9_smi;
    static constexpr std::array<bus::register_row<self>, 2> k_rows{{
        {reg::smi_en, 4, "SMI_EN", 0, &self::enable, &self::write_enable,
         "storage; TCO_LOCK keeps bit 13 (TCO_EN) as it is, SMI_LOCK bit 0 (GBL_SMI_EN)"},
        {reg::smi_sts, 4, "SMI_STS", 0, &self::status, &self::write_status,
         "storage of a bit for each SMI timer; nothing else requests an SMI"},
    }};
    return k_rows;
}

runstate::state_table<ich9_smi::state> ich9_smi::variables() const noexcept
{
    static constexpr std::array<runstate::state_row<state>, k_saved_fields> k_rows{
        runstate::state_bits<&state::status>("smi_sts", bits::swsmi_tmr | bits::periodic)
            .survives_reset()
            .shown("smi-status", "SMI_STS."),
        runstate::state_deadline<&state::swsmi>("smi_swsmi_timer", "stopped").survives_reset(),
        runstate::state_deadline<&state::periodic>("smi_periodic_timer", "stopped").survives_reset(),
    };
    return k_rows;
}

ich9_smi::ich9_smi(const sc_core::sc_module_name& name, runstate::vm_clock& clock, ich9_tco& tco, bool smm,
                   const ich9_smi_parameters& parameters)
    : sc_module(name), clock_(clock), tco_(tco), parameters_(parameters), enable_after_reset_(smm ? 0 : bits::apmc_en),
      enable_(enable_after_reset_), swsmi_period_(k_swsmi_periods[0]), period_(k_periods[0])
{
}

ich9_smi::~ich9_smi() = default;

std::uint64_t ich9_smi::peek(std::uint64_t offset, unsigned width) const
{
    const auto* const row = find_register(register_table(), offset, width);
    return row != nullptr ? row->value(*this, *this, bus::debug_access()) : 0;
}

void ich9_smi::write(std::uint64_t offset, unsigned width, std::uint64_t value, const bus::access_context& context)
{
    const auto* const row = find_register(register_table(), offset, width);
    if (row != nullptr) row->put(*this, *this, static_cast<std::uint32_t>(value), context);
}

void ich9_smi::reset(runstate::reset_kind kind)
{
    restore_enable(enable_after_reset_);
    if (kind != runstate::reset_kind::cold) return;
    state_ = {};
    swsmi_.cancel();
    periodic_.cancel();
}

void ich9_smi::write_enable(std::uint32_t value)
{
    const std::uint32_t kept = (tco_.locked() ? bits::tco_en : 0) | (global_locked_ ? bits::gbl_smi_en : 0);
    set_enable((value & ~kept) | (enable_ & kept));
    restart_timers();
}

void ich9_smi::restore_enable(std::uint32_t value)
{
    global_locked_ = false;
    set_enable(value);
}

void ich9_smi::set_enable(std::uint32_t value)
{
    enable_ = value;
    tco_.enable_smi((value & bits::tco_en) != 0);
}

std::uint32_t ich9_smi::possible_status() const noexcept
{
    return (parameters_.swsmi_timer ? bits::swsmi_tmr : 0) | (parameters_.periodic_timer ? bits::periodic : 0);
}

void ich9_smi::select_periods(unsigned swsmi_rate_sel, unsigned per_smi_sel) noexcept
{
    swsmi_period_ = k_swsmi_periods[swsmi_rate_sel % k_swsmi_periods.size()];
    period_ = k_periods[per_smi_sel % k_periods.size()];
}

void ich9_smi::restart_timers()
{
    const std::uint32_t enabled = enable_ & possible_status();
    start(swsmi_, (enabled & bits::swsmi_tmr) != 0, clock_.now() + swsmi_period_);
    start(periodic_, (enabled & bits::periodic) != 0, clock_.now() + period_);
}

void ich9_smi::swsmi_expired()
{
    state_.status |= bits::swsmi_tmr;
    start(swsmi_, (enable_ & bits::swsmi_tmr) != 0, clock_.now() + swsmi_period_);
}

void ich9_smi::periodic_expired()
{
    state_.status = bits::periodic; // as on QEMU, without the other
    start(periodic_, (enable_ & bits::periodic) != 0, clock_.now() + period_);
}

std::vector<property> ich9_smi::properties()
{
    std::vector<property> all;
    append_properties(all, variables(), state_);
    append_countdown(all, swsmi_, "software SMI timer", "stopped", "swsmi-");
    append_countdown(all, periodic_, "periodic SMI timer", "stopped", "periodic-smi-");
    return all;
}

saved_state ich9_smi::save() const
{
    state now = state_;
    now.swsmi = swsmi_.deadline();
    now.periodic = periodic_.deadline();
    return save_state(variables(), now);
}

prepared_restore ich9_smi::prepare(const saved_state& saved)
{
    runstate::saved_state_reader in("ich9_smi", saved, k_saved_fields);
    const state then = load_state(in, variables(), state());
    const auto require = [&in](bool has, bool asked, const char* what) {
        in.require(has || !asked, std::string("there is no ") + what + " here");
    };
    require(parameters_.swsmi_timer, (then.status & bits::swsmi_tmr) != 0 || then.swsmi != runstate::k_never,
            "software SMI timer");
    require(parameters_.periodic_timer, (then.status & bits::periodic) != 0 || then.periodic != runstate::k_never,
            "periodic SMI timer");
    if (in.fault()) return *in.fault();
    return [this, then] {
        state_ = then;
        rearm(swsmi_, then.swsmi);
        rearm(periodic_, then.periodic);
    };
}

} // namespace vigil::models
