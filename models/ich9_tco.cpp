// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/ich9_tco.h>

#include <algorithm>
#include <string>

#include <vigil/models/detail/countdown.h>

using vigil::bus::access_context;
using vigil::runstate::ns;
using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

namespace reg = ich9_tco_register;
namespace bits = ich9_tco_bit;

constexpr ns k_tick = std::chrono::milliseconds(600);
constexpr unsigned k_piece = 2; // the widest access to a register

constexpr std::uint64_t k_all_lanes = 0xFFFF;

/// QEMU's way to cut an access: pieces of 2 bytes, each of which reaches the register whose offset is its own.
bus::register_piece<ich9_tco::register_row> next_piece(std::uint64_t offset, unsigned left)
{
    const auto& table = ich9_tco::register_table();
    const auto found = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.offset == offset; });
    return {found != table.end() ? &*found : nullptr, std::min(left, k_piece)};
}

/// A register's name in small letters, with that between its words.
std::string small(const char* name, char between)
{
    std::string text(name);
    for (char& c : text) {
        if (c == '_') c = between;
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

} // namespace

const std::array<ich9_tco::register_row, ich9_tco::k_registers>& ich9_tco::register_table() noexcept
{
    using self = ich9_tco;
    constexpr unsigned none = bus::register_rule::none;
    constexpr unsigned ones_clear = bus::register_rule::ones_clear;
    static constexpr std::array<register_row, k_registers> k_rows{{
        {reg::tco_rld, 2, "TCO_RLD", 0, &self::read_reload, &self::reload_written,
         "a write starts the countdown anew; reads the ticks that remain", none, 0xFFFF, &state::tco_rld},
        {reg::tco_dat_in, 1, "TCO_DAT_IN", 0, nullptr, &self::data_in_written,
         "a message to the SMI handler; a write requests an SMI", none, 0xFF, &state::tco_dat_in},
        {reg::tco_dat_out, 1, "TCO_DAT_OUT", 0, nullptr, &self::data_out_written, "a message from the SMI handler",
         none, 0xFF, &state::tco_dat_out},
        {reg::tco1_sts, 2, "TCO1_STS", 0, nullptr, &self::status_written,
         "bit 1 TCO_DAT_IN written, bit 2 TCO_DAT_OUT written, bit 3 time-out; the rest is stored", ones_clear, 0xE870,
         &state::tco1_sts, bits::sw_tco_smi | bits::tco_int_sts | bits::timeout},
        {reg::tco2_sts, 2, "TCO2_STS", 0, nullptr, &self::status_written,
         "bits 1 and 2: second time-out; the rest is stored", ones_clear, 0xFFF8, &state::tco2_sts,
         bits::second_to_sts | bits::boot_sts},
        {reg::tco1_cnt, 2, "TCO1_CNT", 0, nullptr, &self::control_written,
         "bit 11 halts the timer, bit 12 locks itself and TCO_EN; a write stops or restarts the countdown", none,
         0xFEFF, &state::tco1_cnt, 0, bits::tco_lock},
        {reg::tco2_cnt, 2, "TCO2_CNT", 0x0008, nullptr, nullptr, "storage", none, 0xFFFF, &state::tco2_cnt},
        {reg::tco_message1, 1, "TCO_MESSAGE1", 0, nullptr, nullptr, "storage", none, 0xFF, &state::tco_message1},
        {reg::tco_message2, 1, "TCO_MESSAGE2", 0, nullptr, nullptr, "storage", none, 0xFF, &state::tco_message2},
        {reg::tco_wdcnt, 1, "TCO_WDCNT", 0, nullptr, nullptr, "storage", none, 0xFF, &state::tco_wdcnt},
        {reg::sw_irq_gen, 1, "SW_IRQ_GEN", 0x03, nullptr, nullptr, "storage", none, 0xFF, &state::sw_irq_gen},
        {reg::tco_tmr, 2, "TCO_TMR", 0x0004, nullptr, nullptr,
         "bits 9:0: ticks to a time-out, taken when the countdown starts; the whole must be above 1", none, 0xFFFF,
         &state::tco_tmr},
    }};
    return k_rows;
}

runstate::state_table<ich9_tco::state> ich9_tco::variables() noexcept
{
    using namespace runstate;
    static constexpr std::array k_rows{
        state_deadline<&state::timer>("tco_timer", "stopped"),
        state_number<&state::timeouts>("tco_timeouts", 0, 1)
            .shown("timeouts", "The time-outs since the countdown was last started by TCO_RLD: 0 or 1."),
    };
    return k_rows;
}

ich9_tco::ich9_tco(const sc_core::sc_module_name& name, runstate::vm_clock& clock,
                   const ich9_tco_parameters& parameters)
    : sc_module(name), parameters_(parameters), clock_(clock)
{
    registers.timed_by(clock);
    reset_registers();
}

ich9_tco::~ich9_tco() = default;

std::uint64_t ich9_tco::read(std::uint64_t offset, unsigned width, const access_context& context)
{
    return read_at(offset, width, context);
}

std::uint64_t ich9_tco::peek(std::uint64_t offset, unsigned width) const
{
    return read_at(offset, width, bus::debug_access());
}

std::uint64_t ich9_tco::read_at(std::uint64_t offset, unsigned width, const access_context& context) const
{
    const auto read_row = [&](const register_row& row) { return row.value(*this, state_, context); };
    return parameters_.byte_lanes ? bus::read_lanes(register_table(), offset, width, 0, read_row)
                                  : bus::read_pieces(offset, width, next_piece, read_row);
}

void ich9_tco::write(std::uint64_t offset, unsigned width, std::uint64_t value, const access_context& context)
{
    const auto put = [&](const register_row& row, std::uint64_t part, std::uint64_t lanes = k_all_lanes) {
        write_row(row, part, lanes, context);
    };
    if (parameters_.byte_lanes) {
        bus::write_lanes(register_table(), offset, width, value, put);
    } else {
        bus::write_pieces(offset, width, value, next_piece, put);
    }
}

void ich9_tco::write_row(const register_row& row, std::uint64_t value, std::uint64_t lanes,
                         const access_context& context)
{
    if (parameters_.ones_clear && (row.rules & bus::register_rule::ones_clear) != 0) {
        std::uint16_t& status = state_.*row.stored;
        status = static_cast<std::uint16_t>(status & ~(value & lanes));
        follow_status();
    } else {
        row.put(*this, state_, static_cast<std::uint16_t>(value), context, static_cast<std::uint16_t>(lanes));
    }
}

std::uint16_t ich9_tco::read_reload() const
{
    if (!timer_.armed()) return state_.tco_rld;
    // Below zero where the clock has been moved past the deadline while the machine stands.
    const auto left = static_cast<std::uint64_t>((timer_.deadline() - clock_.now()) / k_tick);
    return static_cast<std::uint16_t>(left | (state_.tco_rld & ~bits::ticks));
}

void ich9_tco::reload_written(std::uint16_t /*value*/)
{
    state_.timeouts = 0;
    if (can_start()) start(clock_.now());
}

void ich9_tco::control_written(std::uint16_t /*value*/)
{
    if (can_start()) {
        start(clock_.now());
    } else {
        timer_.cancel();
    }
}

void ich9_tco::data_in_written(std::uint16_t /*value*/)
{
    state_.tco1_sts |= bits::sw_tco_smi;
    follow_status();
}

void ich9_tco::data_out_written(std::uint16_t /*value*/) { state_.tco1_sts |= bits::tco_int_sts; }

bool ich9_tco::can_start() const noexcept { return (state_.tco1_cnt & bits::tco_tmr_hlt) == 0 && state_.tco_tmr > 1; }

void ich9_tco::start(ns from)
{
    state_.tco_rld = state_.tco_tmr;
    timer_.arm(runstate::saturating_add(from, (state_.tco_tmr & bits::ticks) * k_tick));
}

void ich9_tco::expired()
{
    const bool second = state_.timeouts == 1;
    if (timed_out) timed_out(second ? 2 : 1);
    state_.tco_rld = 0;
    state_.tco1_sts |= bits::timeout;
    follow_status();
    state_.timeouts = second ? 0 : 1;
    if (second) {
        state_.tco2_sts |= bits::second_to_sts | bits::boot_sts;
        if (!reboot_forbidden()) {
            if (watchdog.size() != 0) watchdog->watchdog_expired();
            timer_.cancel(); // whatever the action was, as in QEMU
            return;
        }
    }
    // Time-outs of no ticks would follow each other for ever at one instant (QEMU hangs): after each second one the
    // next comes one tick late.
    const bool endless = second && (state_.tco_tmr & bits::ticks) == 0;
    start(runstate::saturating_add(clock_.now(), endless ? k_tick : ns(0)));
}

void ich9_tco::enable_smi(bool yes)
{
    smi_enabled_ = yes;
    follow_status();
}

void ich9_tco::reset_registers()
{
    for (const register_row& row : register_table()) state_.*row.stored = row.reset;
}

void ich9_tco::reset(runstate::reset_kind kind)
{
    if (kind != runstate::reset_kind::cold) return;
    reset_registers();
    reset_state(variables(), state_, kind);
    timer_.cancel();
    follow_status();
}

void ich9_tco::follow_status()
{
    smi_pin_.drive((state_.tco1_sts & bits::sw_tco_smi) != 0 ||
                   (smi_enabled_ && (state_.tco1_sts & bits::timeout) != 0));
}

std::vector<property> ich9_tco::properties()
{
    std::vector<property> all;
    for (const register_row& row : register_table()) {
        all.push_back({small(row.name, '-'),
                       row.width == 1 ? "uint8" : "uint16",
                       std::string(row.name) + ": " + row.description + ".",
                       [this, &row] { return std::uint64_t{row.value(*this, state_, bus::debug_access())}; },
                       {}});
    }
    append_properties(all, variables(), state_);
    all.push_back({"reboot-forbidden",
                   "bool",
                   "Whether the strap or GCS takes the effect from the second time-out.",
                   [this] { return reboot_forbidden(); },
                   {}});
    append_countdown(all, timer_, "countdown", "stopped");
    return all;
}

saved_state ich9_tco::save() const
{
    saved_state all;
    for (const register_row& row : register_table()) {
        all.push_back({small(row.name, '_'), std::uint64_t{state_.*row.stored}});
    }
    state now = state_;
    now.timer = timer_.deadline();
    append_fields(all, variables(), now);
    return all;
}

prepared_restore ich9_tco::prepare(const saved_state& saved)
{
    runstate::saved_state_reader in(section(), saved, k_saved_fields);
    state stored;
    for (const register_row& row : register_table()) {
        const auto possible = static_cast<std::uint16_t>(row.writable | row.own);
        stored.*row.stored = static_cast<std::uint16_t>(in.bits(small(row.name, '_'), possible));
    }
    const state then = load_state(in, variables(), stored);
    if (in.fault()) return *in.fault();
    return [this, then] {
        state_ = then;
        rearm(timer_, then.timer);
        follow_status();
    };
}

} // namespace vigil::models
