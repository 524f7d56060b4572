// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/acpi_pm_block.h>

#include <algorithm>
#include <string>

#include <vigil/models/tick_count.h>

using vigil::bus::access_context;
using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

namespace reg = acpi_pm_register;
namespace bits = acpi_pm_bit;

// The sleep types that QEMU's chips always know (hw/acpi/core.c); a chip's own choice, which its ACPI tables publish.
namespace sleep_type {
constexpr std::uint32_t s5 = 0;
constexpr std::uint32_t s3 = 1;
} // namespace sleep_type

// ACPI specification 6.4, section 4.8.2.1: the timer's frequency; 24 bits of it are implemented.
constexpr std::uint64_t k_timer_hz = 3'579'545;
constexpr std::uint32_t k_timer_mask = 0xFF'FFFF;
constexpr std::uint64_t k_timer_half = 0x80'0000; // the timer status is set when this bit changes

constexpr std::uint64_t k_last_count = 0x00FF'FFFF'FFFF'FFFF; // beyond what the clock can reach
constexpr std::uint8_t k_no_register = 0xFF;                  // what bytes between the registers read

/// QEMU's way to cut an access: at the registers' ends; a piece that reaches none but its place reads 0.
bus::register_piece<acpi_pm_block::register_row> next_piece(std::uint64_t offset, unsigned left)
{
    const auto* const row = register_at(acpi_pm_block::register_table(), offset);
    if (row == nullptr) return {nullptr, left, ~std::uint64_t{0}};
    const bool reaches = offset == row->offset || (row->rules & bus::register_rule::first_byte_only) == 0;
    return {reaches ? row : nullptr, std::min(left, row->width)};
}

} // namespace

const std::array<acpi_pm_block::register_row, 4>& acpi_pm_block::register_table() noexcept
{
    using self = acpi_pm_block;
    namespace rule = bus::register_rule;
    static constexpr std::array<register_row, 4> k_rows{{
        {reg::pm1_sts, 2, "PM1_STS", bits::tmr_sts, &self::read_status, &self::write_status,
         "bit 0 timer, bit 8 power button, bit 15 wake-up", rule::ones_clear | rule::first_byte_only},
        {reg::pm1_en, 2, "PM1_EN", 0, nullptr, nullptr, "bit 8 lets the power button set its status",
         rule::first_byte_only, 0xFFFF, &state::enable},
        {reg::pm1_cnt, 2, "PM1_CNT", 0, nullptr, &self::control_written,
         "bit 0 SCI_EN; bit 13 enters the sleep type of bits 12:10 (0 S5, 1 S3) and reads 0; the rest is stored",
         rule::none, 0xFFFF & ~bits::slp_en, &state::control},
        {reg::pm_tmr, 4, "PM_TMR", 0, &self::read_timer, nullptr, "24 bits that count at 3.579545 MHz"},
    }};
    return k_rows;
}

runstate::state_table<acpi_pm_block::state> acpi_pm_block::variables() noexcept
{
    using namespace runstate;
    static constexpr std::array k_rows{
        state_bits<&state::status>("pm1_status", bits::pwrbtn_sts | bits::wak_sts),
        state_bits<&state::enable>("pm1_enable", 0xFFFF),
        state_bits<&state::control>("pm1_control", 0xFFFF & ~bits::slp_en),
        state_bits<&state::timer_status_from>("timer_status_from", k_last_count),
    };
    return k_rows;
}

acpi_pm_block::acpi_pm_block(const sc_core::sc_module_name& name, runstate::vm_clock& clock,
                             const acpi_pm_parameters& parameters)
    : sc_module(name), parameters_(parameters), clock_(clock)
{
    registers.timed_by(clock);
}

acpi_pm_block::~acpi_pm_block() = default;

acpi_pm_block::state acpi_pm_block::after_reset() const noexcept
{
    state fresh;
    if (always_acpi()) fresh.control = bits::sci_en;
    return fresh;
}

std::uint64_t acpi_pm_block::read(std::uint64_t offset, unsigned width, const access_context& context)
{
    return read_at(offset, width, context);
}

std::uint64_t acpi_pm_block::peek(std::uint64_t offset, unsigned width) const
{
    return read_at(offset, width, bus::debug_access());
}

bool acpi_pm_block::by_lanes(std::uint64_t offset, unsigned width) const noexcept
{
    return parameters_.byte_lanes || (parameters_.control_bytes && offset == reg::pm1_cnt + 1 && width == 1);
}

std::uint64_t acpi_pm_block::read_at(std::uint64_t offset, unsigned width, const access_context& context) const
{
    const auto read_row = [&](const register_row& row) { return std::uint64_t{row.value(*this, state_, context)}; };
    return by_lanes(offset, width) ? bus::read_lanes(register_table(), offset, width, k_no_register, read_row)
                                   : bus::read_pieces(offset, width, next_piece, read_row);
}

void acpi_pm_block::write(std::uint64_t offset, unsigned width, std::uint64_t value, const access_context& context)
{
    const auto put = [&](const register_row& row, std::uint64_t part) {
        row.put(*this, state_, static_cast<std::uint32_t>(part), context);
    };
    if (!by_lanes(offset, width)) {
        bus::write_pieces(offset, width, value, next_piece, put);
        return;
    }
    bus::write_lanes(register_table(), offset, width, value,
                     [&](const register_row& row, std::uint64_t part, std::uint64_t lanes) {
                         // Bytes that are not written stay as they are.
                         const bool ones_clear = (row.rules & bus::register_rule::ones_clear) != 0;
                         put(row, part | (ones_clear ? 0 : row.value(*this, state_, context) & ~lanes));
                     });
}

std::uint64_t acpi_pm_block::timer_counts() const { return tick_count(clock_.now(), k_timer_hz); }

std::uint32_t acpi_pm_block::read_status() const
{
    return state_.status | (timer_counts() >= state_.timer_status_from ? bits::tmr_sts : 0U);
}

void acpi_pm_block::write_status(std::uint32_t value)
{
    if ((read_status() & value & bits::tmr_sts) != 0) {
        state_.timer_status_from = (timer_counts() / k_timer_half + 1) * k_timer_half;
    }
    state_.status &= ~value;
}

void acpi_pm_block::control_written(std::uint32_t value)
{
    if ((value & bits::slp_en) != 0) sleep((value & bits::slp_typ) >> bits::slp_typ_shift);
}

std::uint32_t acpi_pm_block::read_timer() const { return static_cast<std::uint32_t>(timer_counts()) & k_timer_mask; }

void acpi_pm_block::sleep(std::uint32_t type)
{
    if (power.size() == 0) return;
    if (type == sleep_type::s5) {
        power->request_shutdown(runstate::shutdown_cause::guest_shutdown);
    } else if (type == sleep_type::s3) {
        power->request_suspend();
    } else if (type == parameters_.s4_value) {
        power->request_suspend_disk();
    }
}

void acpi_pm_block::power_button_pressed()
{
    if ((state_.enable & bits::pwrbtn_en) != 0) state_.status |= bits::pwrbtn_sts;
}

void acpi_pm_block::hand_over_to_acpi(bool yes)
{
    if (always_acpi()) return;
    state_.control = yes ? state_.control | bits::sci_en : state_.control & ~std::uint32_t{bits::sci_en};
}

void acpi_pm_block::reset(runstate::reset_kind kind)
{
    reset_state(variables(), state_, kind, after_reset());
    if (kind == runstate::reset_kind::wakeup) state_.status = bits::wak_sts | bits::pwrbtn_sts;
}

std::vector<property> acpi_pm_block::properties()
{
    constexpr std::array<const char*, 4> k_names{"pm1-status", "pm1-enable", "pm1-control", "pm-timer"};
    std::vector<property> all;
    for (std::size_t i = 0; i < k_names.size(); ++i) {
        const register_row& row = register_table()[i];
        all.push_back({k_names[i],
                       row.width == 2 ? "uint16" : "uint32",
                       std::string(row.name) + ": " + row.description + ".",
                       [this, &row] { return std::uint64_t{row.value(*this, state_, bus::debug_access())}; },
                       {}});
    }
    return all;
}

saved_state acpi_pm_block::save() const { return save_state(variables(), state_); }

prepared_restore acpi_pm_block::prepare(const saved_state& saved)
{
    return prepare_state(section(), saved, variables(), state_);
}

} // namespace vigil::models
