// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_I6300ESB_RULES_H
#define VIGIL_MODELS_I6300ESB_RULES_H

#include <cstdint>

#include <vigil/runstate/clock/time.h>

/// What the 6300ESB watchdog is without a clock: its registers' offsets and bits, the unlocking rule and the length of
/// a stage.
namespace vigil::models {

/// Offsets of the registers, by their names in the 6300ESB ICH datasheet (300641, chapter 16).
namespace i6300esb_reg {
// In configuration space.
inline constexpr std::uint32_t msi_capability = 0x50; ///< where it is, if it is: the chip has none
inline constexpr std::uint32_t wdt_configuration = 0x60;
inline constexpr std::uint32_t wdt_lock = 0x68;
// In the memory region of BAR 0.
inline constexpr std::uint32_t preload_value_1 = 0x00;
inline constexpr std::uint32_t preload_value_2 = 0x04;
inline constexpr std::uint32_t general_interrupt_status = 0x08;
inline constexpr std::uint32_t reload = 0x0C;
} // namespace i6300esb_reg

/// Bits of the registers, by their names in the datasheet.
namespace i6300esb_bit {
// WDT Configuration
inline constexpr std::uint32_t wdt_int_type = 0x0003; ///< 00 IRQ, 10 SMI, 11 disabled
inline constexpr std::uint32_t wdt_pre_sel = 0x0004;  ///< 0: 1 kHz scale, 1: 1 MHz scale
inline constexpr std::uint32_t wdt_output = 0x0020;   ///< 1: the reboot output is disabled
// WDT Lock
inline constexpr std::uint32_t wdt_lock = 0x01;     ///< this register ignores writes until reset
inline constexpr std::uint32_t wdt_enable = 0x02;   ///< counting
inline constexpr std::uint32_t wdt_tout_cnf = 0x04; ///< free-running mode
// General Interrupt Status
inline constexpr std::uint32_t wdt_int_act = 0x01; ///< stage-1 interrupt active
// Reload
inline constexpr std::uint32_t wdt_reload = 0x0100;  ///< restart stage 1
inline constexpr std::uint32_t wdt_timeout = 0x0200; ///< the watchdog ran out: the previous-reboot flag
} // namespace i6300esb_bit

/// The values of the unlocking sequence.
namespace i6300esb_key {
inline constexpr std::uint32_t first = 0x80;
inline constexpr std::uint32_t second = 0x86;
} // namespace i6300esb_key

/// How far the register unlocking sequence has come: the two keys written to offset 0Ch let the next 2- or 4-byte write
/// through. As in QEMU, nothing between the two undoes the first, byte writes never use up the unlocking, and the whole
/// value written is compared, whatever its width.
enum class i6300esb_unlock : std::uint8_t { locked, half, unlocked };

/// Takes note of a write of `width` bytes to the memory registers; returns whether it may change a protected register.
constexpr bool i6300esb_admit(i6300esb_unlock& now, std::uint64_t offset, unsigned width, std::uint64_t value) noexcept
{
    if (offset == i6300esb_reg::reload && value == i6300esb_key::first) {
        now = i6300esb_unlock::half;
        return false;
    }
    if (offset == i6300esb_reg::reload && value == i6300esb_key::second && now == i6300esb_unlock::half) {
        now = i6300esb_unlock::unlocked;
        return false;
    }
    if (width == 1 || now != i6300esb_unlock::unlocked) return false;
    now = i6300esb_unlock::locked;
    return true;
}

/// What the preload registers hold: 20 bits.
inline constexpr std::uint32_t k_i6300esb_preload_mask = 0xFFFFF;

/// How long a stage counts down from `preload`. The value enters the 35-bit down-counter at bit 15 (1 kHz scale) or at
/// bit 5 (1 MHz scale); one PCI clock is taken as 30 ns exactly, as in QEMU.
constexpr runstate::ns i6300esb_stage_length(std::uint32_t preload, bool one_mhz) noexcept
{
    constexpr std::int64_t k_pci_clock_ns = 30;
    return runstate::ns((static_cast<std::int64_t>(preload) << (one_mhz ? 5 : 15)) * k_pci_clock_ns);
}

} // namespace vigil::models

#endif
