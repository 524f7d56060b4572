// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/acpi_pm.h>

using vigil::bus::access_context;
using vigil::runstate::ns;

namespace vigil::models {

namespace {

// ACPI specification 6.4, section 4.8.3: the registers at their offsets in the PIIX4's and the ICH9's block.
namespace reg {
constexpr std::uint32_t pm1_sts = 0x00;
constexpr std::uint32_t pm1_en = 0x02;
constexpr std::uint32_t pm1_cnt = 0x04;
constexpr std::uint32_t pm_tmr = 0x08;
} // namespace reg

namespace bits {
// PM1_STS
constexpr std::uint32_t tmr_sts = 0x0001;
constexpr std::uint32_t pwrbtn_sts = 0x0100;
constexpr std::uint32_t wak_sts = 0x8000;
// PM1_EN
constexpr std::uint32_t pwrbtn_en = 0x0100;
// PM1_CNT
constexpr std::uint32_t slp_typ = 0x1C00;
constexpr unsigned slp_typ_shift = 10;
constexpr std::uint32_t slp_en = 0x2000;
} // namespace bits

// The sleep types that QEMU's chips know (hw/acpi/core.c); a chip's own choice, which its ACPI tables publish.
namespace sleep_type {
constexpr std::uint32_t s5 = 0;
constexpr std::uint32_t s3 = 1;
constexpr std::uint32_t s4 = 2;
} // namespace sleep_type

// ACPI specification 6.4, section 4.8.2.1: the timer's frequency; 24 bits of it are implemented.
constexpr std::uint64_t k_timer_hz = 3'579'545;
constexpr std::uint32_t k_timer_mask = 0xFF'FFFF;
constexpr std::uint64_t k_timer_half = 0x80'0000; // the timer status is set when this bit changes

/// The number of timer counts from time 0 to `at`.
std::uint64_t timer_counts(ns at) noexcept
{
    constexpr std::uint64_t k_ns_per_s = 1'000'000'000;
    const auto t = static_cast<std::uint64_t>(at.count());
    return t / k_ns_per_s * k_timer_hz + t % k_ns_per_s * k_timer_hz / k_ns_per_s;
}

constexpr std::uint8_t k_no_register = 0xFF; // what bytes between the registers read

} // namespace

const std::array<acpi_pm_block::register_row, 4>& acpi_pm_block::register_table() noexcept
{
    using self = acpi_pm_block;
    static constexpr std::array<register_row, 4> k_rows{{
        {reg::pm1_sts, 2, "PM1_STS", 0x0001, &self::read_status, &self::write_status, true,
         "bit 0 timer, bit 8 power button, bit 15 wake-up"},
        {reg::pm1_en, 2, "PM1_EN", 0, &self::read_enable, &self::write_enable, false,
         "bit 8 lets the power button set its status"},
        {reg::pm1_cnt, 2, "PM1_CNT", 0, &self::read_control, &self::write_control, false,
         "bit 13 enters the sleep type of bits 12:10 (0 S5, 1 S3, 2 S4) and reads 0; the rest is stored"},
        {reg::pm_tmr, 4, "PM_TMR", 0, &self::read_timer, nullptr, false, "24 bits that count at 3.579545 MHz"},
    }};
    return k_rows;
}

acpi_pm_block::acpi_pm_block(const sc_core::sc_module_name& name, runstate::vm_clock& clock, std::uint32_t size)
    : sc_module(name), registers("registers", *this, size), clock_(clock)
{
}

acpi_pm_block::~acpi_pm_block() = default;

std::uint64_t acpi_pm_block::read_at(std::uint64_t offset, unsigned width, ns at) const
{
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i) {
        std::uint64_t byte = k_no_register;
        for (const register_row& row : register_table()) {
            const std::uint64_t place = offset + i - row.offset; // beyond the width where it is not this row's
            if (place < row.width) byte = ((this->*row.read)(at) >> (8 * place)) & 0xFF;
        }
        value |= byte << (8 * i);
    }
    return value;
}

std::uint64_t acpi_pm_block::read(std::uint64_t offset, unsigned width, const access_context& context)
{
    return read_at(offset, width, clock_.now(context.delay));
}

std::uint64_t acpi_pm_block::peek(std::uint64_t offset, unsigned width) const
{
    return read_at(offset, width, clock_.now());
}

void acpi_pm_block::write(std::uint64_t offset, unsigned width, std::uint64_t value, const access_context& context)
{
    const ns at = clock_.now(context.delay);
    for (const register_row& row : register_table()) {
        if (row.write == nullptr || offset + width <= row.offset || row.offset + row.width <= offset) continue;
        // Bytes that are not written stay as they are.
        std::uint32_t whole = row.ones_clear ? 0 : (this->*row.read)(at);
        for (unsigned i = 0; i < width; ++i) {
            const std::uint64_t place = offset + i - row.offset;
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
    control_ = static_cast<std::uint16_t>(value & ~bits::slp_en);
    if ((value & bits::slp_en) != 0) sleep((value & bits::slp_typ) >> bits::slp_typ_shift);
}

std::uint32_t acpi_pm_block::read_timer(ns at) const
{
    return static_cast<std::uint32_t>(timer_counts(at)) & k_timer_mask;
}

void acpi_pm_block::sleep(std::uint32_t type)
{
    if (power.size() == 0) return;
    switch (type) {
    case sleep_type::s5: power->request_shutdown(runstate::shutdown_cause::guest_shutdown); break;
    case sleep_type::s3: power->request_suspend(); break;
    case sleep_type::s4: power->request_suspend_disk(); break;
    default: break;
    }
}

void acpi_pm_block::power_button_pressed()
{
    if ((enable_ & bits::pwrbtn_en) != 0) status_ = static_cast<std::uint16_t>(status_ | bits::pwrbtn_sts);
}

void acpi_pm_block::reset(runstate::reset_kind kind)
{
    const bool woken = kind == runstate::reset_kind::wakeup;
    status_ = static_cast<std::uint16_t>(woken ? bits::wak_sts | bits::pwrbtn_sts : 0);
    enable_ = 0;
    control_ = 0;
    timer_status_from_ = 0;
}

// Functions

namespace {

// Revision, status (medium DEVSEL# timing, fast back-to-back) and interrupt pin (INTA#) as in hw/acpi/piix4.c.
constexpr bus::pci_identity k_piix4_identity{0x8086, 0x7113, 0x068000, 3};
constexpr std::uint32_t k_piix4_status = 0x0280;
constexpr std::uint32_t k_interrupt_pin = 0x3D;

constexpr bus::pci_identity k_ich9_identity{0x8086, 0x2918, 0x060100, 2, 0x1AF4, 0x1100, true};

constexpr std::uint32_t k_base_default = 0x1; // bit 0, read-only: I/O space

} // namespace

acpi_pm_function::acpi_pm_function(const sc_core::sc_module_name& name, const bus::pci_identity& identity,
                                   runstate::vm_clock& clock, const layout& where)
    : pci_function(name, identity), pm1("pm1", clock, where.size), layout_(where)
{
    add_port_block(layout_.size, pm1.registers);
    set_write_mask(k_base, 4, base_mask());
    set_config(k_base, 4, k_base_default);
    set_write_mask(layout_.enable, 1, layout_.enable_writable);
}

acpi_pm_function::~acpi_pm_function() = default;

void acpi_pm_function::config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                                    const access_context& context)
{
    pci_function::config_write(offset, width, value, context);
    follow_base();
}

void acpi_pm_function::follow_base() { decode_port_block(0, {enabled(), base()}); }

void acpi_pm_function::reset(runstate::reset_kind kind)
{
    reset_header();
    if (kind == runstate::reset_kind::cold) {
        for (std::uint32_t offset = bus::pci_reg::device_specific; offset < k_config_size; offset += 4) {
            set_config(offset, 4, 0);
        }
    }
    set_config(k_base, 4, k_base_default);
    set_config(layout_.enable, 1, 0);
    follow_base();
    pm1.reset(kind);
}

piix4_pm::piix4_pm(const sc_core::sc_module_name& name, runstate::vm_clock& clock)
    : acpi_pm_function(name, k_piix4_identity, clock, {"PIIX4_PM", "piix4_pm", 64, 0x80, 0x01, 0x01})
{
    set_config(bus::pci_reg::status, 2, k_piix4_status);
    set_config(k_interrupt_pin, 1, 1);
}

piix4_pm::~piix4_pm() = default;

ich9_lpc::ich9_lpc(const sc_core::sc_module_name& name, runstate::vm_clock& clock)
    : acpi_pm_function(name, k_ich9_identity, clock, {"ICH9-LPC", "ICH9LPC", 128, 0x44, 0x80, 0x87})
{
}

ich9_lpc::~ich9_lpc() = default;

} // namespace vigil::models
