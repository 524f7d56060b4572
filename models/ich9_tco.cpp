// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/ich9_tco.h>

#include <algorithm>

using vigil::bus::access_context;
using vigil::runstate::ns;

namespace vigil::models {

namespace {

namespace reg = ich9_tco_register;
namespace bits = ich9_tco_bit;

constexpr ns k_tick = std::chrono::milliseconds(600);
constexpr unsigned k_piece = 2; // the widest access to a register

/// `width` bytes of ones.
constexpr std::uint16_t ones(unsigned width) noexcept { return static_cast<std::uint16_t>((1U << (8 * width)) - 1); }

/// The next piece of an access.
struct piece {
    piece(std::uint64_t offset, unsigned left) : width(std::min(left, k_piece))
    {
        const auto& table = ich9_tco::register_table();
        const auto found = std::find_if(table.begin(), table.end(), [&](const auto& r) { return r.offset == offset; });
        if (found != table.end()) row = &*found;
    }
    const ich9_tco::register_row* row = nullptr; ///< null where no register begins
    unsigned width;
};

} // namespace

const std::array<ich9_tco::register_row, ich9_tco::k_registers>& ich9_tco::register_table() noexcept
{
    using self = ich9_tco;
    static constexpr std::array<register_row, k_registers> k_rows{{
        {reg::tco_rld, 2, "TCO_RLD", 0, &self::tco_rld_, &self::read_reload, 0xFFFF, 0, 0, &self::reload_written, false,
         "a write starts the countdown anew; reads the ticks that remain"},
        {reg::tco_dat_in, 1, "TCO_DAT_IN", 0, &self::tco_dat_in_, nullptr, 0xFF, 0, 0, &self::data_in_written, false,
         "a message to the SMI handler; a write requests an SMI"},
        {reg::tco_dat_out, 1, "TCO_DAT_OUT", 0, &self::tco_dat_out_, nullptr, 0xFF, 0, 0, &self::data_out_written,
         false, "a message from the SMI handler"},
        {reg::tco1_sts, 2, "TCO1_STS", 0, &self::tco1_sts_, nullptr, 0xE870,
         bits::sw_tco_smi | bits::tco_int_sts | bits::timeout, 0, &self::status_written, true,
         "bit 1 TCO_DAT_IN written, bit 2 TCO_DAT_OUT written, bit 3 time-out; the rest is stored"},
        {reg::tco2_sts, 2, "TCO2_STS", 0, &self::tco2_sts_, nullptr, 0xFFF8, bits::second_to_sts | bits::boot_sts, 0,
         &self::status_written, true, "bits 1 and 2: second time-out; the rest is stored"},
        {reg::tco1_cnt, 2, "TCO1_CNT", 0, &self::tco1_cnt_, nullptr, 0xFEFF, 0, bits::tco_lock, &self::control_written,
         false, "bit 11 halts the timer, bit 12 locks itself and TCO_EN; a write stops or restarts the countdown"},
        {reg::tco2_cnt, 2, "TCO2_CNT", 0x0008, &self::tco2_cnt_, nullptr, 0xFFFF, 0, 0, nullptr, false, "storage"},
        {reg::tco_message1, 1, "TCO_MESSAGE1", 0, &self::tco_message1_, nullptr, 0xFF, 0, 0, nullptr, false, "storage"},
        {reg::tco_message2, 1, "TCO_MESSAGE2", 0, &self::tco_message2_, nullptr, 0xFF, 0, 0, nullptr, false, "storage"},
        {reg::tco_wdcnt, 1, "TCO_WDCNT", 0, &self::tco_wdcnt_, nullptr, 0xFF, 0, 0, nullptr, false, "storage"},
        {reg::sw_irq_gen, 1, "SW_IRQ_GEN", 0x03, &self::sw_irq_gen_, nullptr, 0xFF, 0, 0, nullptr, false, "storage"},
        {reg::tco_tmr, 2, "TCO_TMR", 0x0004, &self::tco_tmr_, nullptr, 0xFFFF, 0, 0, nullptr, false,
         "bits 9:0: ticks to a time-out, taken when the countdown starts; the whole must be above 1"},
    }};
    return k_rows;
}

ich9_tco::ich9_tco(const sc_core::sc_module_name& name, runstate::vm_clock& clock,
                   const ich9_tco_parameters& parameters)
    : sc_module(name), parameters_(parameters), clock_(clock)
{
    for (const register_row& row : register_table()) this->*row.value = row.reset;
    if (!parameters_.smi_pin) smi.bind(smi_unconnected_);

    SC_HAS_PROCESS(ich9_tco);
    SC_METHOD(drive_smi);
    sensitive << smi_changed_;
    dont_initialize();
}

ich9_tco::~ich9_tco() = default;

std::uint64_t ich9_tco::read(std::uint64_t offset, unsigned width, const access_context& context)
{
    return read_at(offset, width, clock_.now(context.delay));
}

std::uint64_t ich9_tco::peek(std::uint64_t offset, unsigned width) const
{
    return read_at(offset, width, clock_.now());
}

std::uint64_t ich9_tco::read_at(std::uint64_t offset, unsigned width, ns at) const
{
    return parameters_.byte_lanes ? read_lanes(offset, width, at) : read_pieces(offset, width, at);
}

void ich9_tco::write(std::uint64_t offset, unsigned width, std::uint64_t value, const access_context& context)
{
    const ns at = clock_.now(context.delay);
    if (parameters_.byte_lanes) {
        write_lanes(offset, width, value, at);
    } else {
        write_pieces(offset, width, value, at);
    }
}

std::uint64_t ich9_tco::read_pieces(std::uint64_t offset, unsigned width, ns at) const
{
    std::uint64_t value = 0;
    for (unsigned done = 0; done < width;) {
        const piece next(offset + done, width - done);
        const unsigned part = next.row != nullptr ? read_row(*next.row, at) & ones(next.width) : 0U;
        value |= std::uint64_t{part} << (8 * done);
        done += next.width;
    }
    return value;
}

void ich9_tco::write_pieces(std::uint64_t offset, unsigned width, std::uint64_t value, ns at)
{
    for (unsigned done = 0; done < width;) {
        const piece next(offset + done, width - done);
        const auto part = static_cast<std::uint16_t>((value >> (8 * done)) & ones(next.width));
        if (next.row != nullptr) write_row(*next.row, part, 0xFFFF, at);
        done += next.width;
    }
}

std::uint64_t ich9_tco::read_lanes(std::uint64_t offset, unsigned width, ns at) const
{
    std::uint64_t value = 0;
    for (const register_row& row : register_table()) {
        for (unsigned i = 0; i < row.width; ++i) {
            const std::uint64_t lane = row.offset + i - offset; // beyond the width where the access does not reach it
            if (lane < width) value |= std::uint64_t{(read_row(row, at) >> (8 * i)) & 0xFFU} << (8 * lane);
        }
    }
    return value;
}

void ich9_tco::write_lanes(std::uint64_t offset, unsigned width, std::uint64_t value, ns at)
{
    for (const register_row& row : register_table()) {
        unsigned lanes = 0;
        unsigned whole = 0;
        for (unsigned i = 0; i < row.width; ++i) {
            const std::uint64_t lane = row.offset + i - offset;
            if (lane >= width) continue;
            lanes |= 0xFFU << (8 * i);
            whole |= static_cast<unsigned>((value >> (8 * lane)) & 0xFF) << (8 * i);
        }
        if (lanes == 0) continue;
        write_row(row, static_cast<std::uint16_t>(whole), static_cast<std::uint16_t>(lanes), at);
    }
}

std::uint16_t ich9_tco::read_row(const register_row& row, ns at) const
{
    return row.read != nullptr ? (this->*row.read)(at) : this->*row.value;
}

void ich9_tco::write_row(const register_row& row, std::uint16_t value, std::uint16_t lanes, ns at)
{
    std::uint16_t& stored = this->*row.value;
    const unsigned sticky = stored & row.sticky;
    unsigned after = (stored & ~lanes) | (value & row.writable & lanes) | sticky;
    if (row.is_status && parameters_.ones_clear) after = stored & ~(value & lanes);
    stored = static_cast<std::uint16_t>(after);
    if (row.written != nullptr) (this->*row.written)(at);
}

std::uint16_t ich9_tco::read_reload(ns at) const
{
    if (!timer_.armed()) return tco_rld_;
    // Below zero where the clock has been moved past the deadline while the machine stands.
    const auto left = static_cast<std::uint64_t>((timer_.deadline() - at) / k_tick);
    return static_cast<std::uint16_t>(left | (tco_rld_ & ~bits::ticks));
}

void ich9_tco::reload_written(ns at)
{
    timeouts_ = 0;
    if (can_start()) start(at);
}

void ich9_tco::control_written(ns at)
{
    if (can_start()) {
        start(at);
    } else {
        timer_.cancel();
    }
}

void ich9_tco::data_in_written(ns /*at*/)
{
    tco1_sts_ |= bits::sw_tco_smi;
    follow_status();
}

void ich9_tco::data_out_written(ns /*at*/) { tco1_sts_ |= bits::tco_int_sts; }

void ich9_tco::status_written(ns /*at*/) { follow_status(); }

bool ich9_tco::can_start() const noexcept { return (tco1_cnt_ & bits::tco_tmr_hlt) == 0 && tco_tmr_ > 1; }

void ich9_tco::start(ns from)
{
    tco_rld_ = tco_tmr_;
    timer_.arm(runstate::saturating_add(from, (tco_tmr_ & bits::ticks) * k_tick));
}

void ich9_tco::expired()
{
    const bool second = timeouts_ == 1;
    if (timed_out) timed_out(second ? 2 : 1);
    tco_rld_ = 0;
    tco1_sts_ |= bits::timeout;
    follow_status();
    timeouts_ = second ? 0 : 1;
    if (second) {
        tco2_sts_ |= bits::second_to_sts | bits::boot_sts;
        if (!reboot_forbidden()) {
            if (watchdog.size() != 0) watchdog->watchdog_expired();
            timer_.cancel(); // whatever the action was, as in QEMU
            return;
        }
    }
    // Time-outs of no ticks would follow each other for ever at one instant (QEMU hangs): after each second one the
    // next comes one tick late.
    const bool endless = second && (tco_tmr_ & bits::ticks) == 0;
    start(runstate::saturating_add(clock_.now(), endless ? k_tick : ns(0)));
}

void ich9_tco::enable_smi(bool yes)
{
    smi_enabled_ = yes;
    follow_status();
}

void ich9_tco::reset(runstate::reset_kind kind)
{
    if (kind != runstate::reset_kind::cold) return;
    for (const register_row& row : register_table()) this->*row.value = row.reset;
    timeouts_ = 0;
    timer_.cancel();
    follow_status();
}

void ich9_tco::follow_status()
{
    const bool active = (tco1_sts_ & bits::sw_tco_smi) != 0 || (smi_enabled_ && (tco1_sts_ & bits::timeout) != 0);
    if (active == smi_active_) return;
    smi_active_ = active;
    if (!parameters_.smi_pin) return;
    smi_was_active_ = smi_was_active_ || active;
    smi_changed_.notify(sc_core::SC_ZERO_TIME);
}

void ich9_tco::drive_smi()
{
    smi.write(smi_active_ || smi_was_active_);
    // One that was active only in between shows a pulse of one delta cycle.
    const bool pulse = smi_was_active_ && !smi_active_;
    smi_was_active_ = false;
    if (pulse) smi_changed_.notify(sc_core::SC_ZERO_TIME);
}

} // namespace vigil::models
