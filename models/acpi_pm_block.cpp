// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/acpi_pm_block.h>

#include <algorithm>

#include <vigil/models/tick_count.h>

using vigil::bus::access_context;
using vigil::runstate::ns;

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

/// The number of timer counts from time 0 to `at`.
std::uint64_t timer_counts(ns at) noexcept { return tick_count(at, k_timer_hz); }

constexpr std::uint8_t k_no_register = 0xFF; // what bytes between the registers read

/// `width` bytes of ones.
constexpr std::uint64_t ones(unsigned width) noexcept { return (std::uint64_t{1} << (8 * width)) - 1; }

/// The register that the byte at `offset` lies in, or null.
const acpi_pm_block::register_row* register_at(std::uint64_t offset) noexcept
{
    for (const acpi_pm_block::register_row& row : acpi_pm_block::register_table()) {
        if (offset >= row.offset && offset - row.offset < row.width) return &row;
    }
    return nullptr;
}

/// The next piece of an access: up to `left` bytes from `offset` on.
struct piece {
    piece(std::uint64_t offset, unsigned left) : row(register_at(offset)), width(left)
    {
        if (row == nullptr) return;
        width = std::min(left, row->width);
        reaches = !row->first_byte_only || offset == row->offset;
    }

    const acpi_pm_block::register_row* row; ///< null between the registers
    unsigned width;
    bool reaches = false; ///< the register, and not only its place
};

} // namespace

const std::array<acpi_pm_block::register_row, 4>& acpi_pm_block::register_table() noexcept
{
    using self = acpi_pm_block;
    static constexpr std::array<register_row, 4> k_rows{{
        {reg::pm1_sts, 2, "PM1_STS", 0x0001, &self::read_status, &self::write_status, true, true,
         "bit 0 timer, bit 8 power button, bit 15 wake-up"},
        {reg::pm1_en, 2, "PM1_EN", 0, &self::read_enable, &self::write_enable, false, true,
         "bit 8 lets the power button set its status"},
        {reg::pm1_cnt, 2, "PM1_CNT", 0, &self::read_control, &self::write_control, false, false,
         "bit 0 SCI_EN; bit 13 enters the sleep type of bits 12:10 (0 S5, 1 S3) and reads 0; the rest is stored"},
        {reg::pm_tmr, 4, "PM_TMR", 0, &self::read_timer, nullptr, false, false, "24 bits that count at 3.579545 MHz"},
    }};
    return k_rows;
}

acpi_pm_block::acpi_pm_block(const sc_core::sc_module_name& name, runstate::vm_clock& clock,
                             const acpi_pm_parameters& parameters)
    : sc_module(name), parameters_(parameters), clock_(clock), control_(always_acpi() ? bits::sci_en : 0)
{
}

acpi_pm_block::~acpi_pm_block() = default;

std::uint64_t acpi_pm_block::read(std::uint64_t offset, unsigned width, const access_context& context)
{
    return read_at(offset, width, clock_.now(context.delay));
}

std::uint64_t acpi_pm_block::peek(std::uint64_t offset, unsigned width) const
{
    return read_at(offset, width, clock_.now());
}

std::uint64_t acpi_pm_block::read_at(std::uint64_t offset, unsigned width, ns at) const
{
    return parameters_.byte_lanes ? read_lanes(offset, width, at) : read_pieces(offset, width, at);
}

void acpi_pm_block::write(std::uint64_t offset, unsigned width, std::uint64_t value, const access_context& context)
{
    const ns at = clock_.now(context.delay);
    if (parameters_.byte_lanes) {
        write_lanes(offset, width, value, at);
    } else {
        write_pieces(offset, width, value, at);
    }
}

std::uint64_t acpi_pm_block::read_pieces(std::uint64_t offset, unsigned width, ns at) const
{
    std::uint64_t value = 0;
    for (unsigned done = 0; done < width;) {
        const piece next(offset + done, width - done);
        std::uint64_t part = ones(next.width);
        if (next.row != nullptr) part &= next.reaches ? (this->*next.row->read)(at) : 0;
        value |= part << (8 * done);
        done += next.width;
    }
    return value;
}

void acpi_pm_block::write_pieces(std::uint64_t offset, unsigned width, std::uint64_t value, ns at)
{
    for (unsigned done = 0; done < width;) {
        const piece next(offset + done, width - done);
        const auto part = static_cast<std::uint32_t>((value >> (8 * done)) & ones(next.width));
        if (next.reaches && next.row->write != nullptr) (this->*next.row->write)(part, at);
        done += next.width;
    }
}

std::uint64_t acpi_pm_block::read_lanes(std::uint64_t offset, unsigned width, ns at) const
{
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i) {
        const register_row* const row = register_at(offset + i);
        std::uint64_t byte = k_no_register;
        if (row != nullptr) byte = ((this->*row->read)(at) >> (8 * (offset + i - row->offset))) & 0xFF;
        value |= byte << (8 * i);
    }
    return value;
}

void acpi_pm_block::write_lanes(std::uint64_t offset, unsigned width, std::uint64_t value, ns at)
{
    for (const register_row& row : register_table()) {
        if (row.write == nullptr || offset + width <= row.offset || row.offset + row.width <= offset) continue;
        // Bytes that are not written stay as they are.
        std::uint32_t whole = row.ones_clear ? 0 : (this->*row.read)(at);
        for (unsigned i = 0; i < width; ++i) {
            const std::uint64_t place = offset + i - row.offset; // beyond the width where it is not this row's
            if (place >= row.width) continue;
            const auto byte = static_cast<std::uint32_t>((value >> (8 * i)) & 0xFF);
            whole = (whole & ~(0xFFU << (8 * place))) | byte << (8 * place);
        }
        (this->*row.write)(whole, at);
    }
}

std::uint32_t acpi_pm_block::read_status(ns at) const
{
    return status_ | (timer_counts(at) >= timer_status_from_ ? bits::tmr_sts : 0);
}

void acpi_pm_block::write_status(std::uint32_t value, ns at)
{
    if ((read_status(at) & value & bits::tmr_sts) != 0) {
        timer_status_from_ = (timer_counts(at) / k_timer_half + 1) * k_timer_half;
    }
    status_ = static_cast<std::uint16_t>(status_ & ~value);
}

void acpi_pm_block::write_enable(std::uint32_t value, ns /*at*/) { enable_ = static_cast<std::uint16_t>(value); }

void acpi_pm_block::write_control(std::uint32_t value, ns /*at*/)
{
    control_ = static_cast<std::uint16_t>(value & ~std::uint32_t{bits::slp_en});
    if ((value & bits::slp_en) != 0) sleep((value & bits::slp_typ) >> bits::slp_typ_shift);
}

std::uint32_t acpi_pm_block::read_timer(ns at) const
{
    return static_cast<std::uint32_t>(timer_counts(at)) & k_timer_mask;
}

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
    if ((enable_ & bits::pwrbtn_en) != 0) status_ = static_cast<std::uint16_t>(status_ | bits::pwrbtn_sts);
}

void acpi_pm_block::hand_over_to_acpi(bool yes)
{
    if (always_acpi()) return;
    control_ = static_cast<std::uint16_t>(yes ? control_ | bits::sci_en : control_ & ~bits::sci_en);
}

void acpi_pm_block::reset(runstate::reset_kind kind)
{
    const bool woken = kind == runstate::reset_kind::wakeup;
    status_ = static_cast<std::uint16_t>(woken ? bits::wak_sts | bits::pwrbtn_sts : 0);
    enable_ = 0;
    control_ = always_acpi() ? bits::sci_en : 0;
    timer_status_from_ = 0;
}

} // namespace vigil::models
