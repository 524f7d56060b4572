// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_ACPI_PM_REGISTERS_H
#define VIGIL_MODELS_ACPI_PM_REGISTERS_H

#include <cstdint>

/// The fixed hardware registers of the ACPI specification (6.4, section 4.8.3).
namespace vigil::models {

/// Where the PIIX4's and the ICH9's block have them.
namespace acpi_pm_register {
inline constexpr std::uint32_t pm1_sts = 0x00;
inline constexpr std::uint32_t pm1_en = 0x02;
inline constexpr std::uint32_t pm1_cnt = 0x04;
inline constexpr std::uint32_t pm_tmr = 0x08;
} // namespace acpi_pm_register

namespace acpi_pm_bit {
// PM1_STS
inline constexpr std::uint16_t tmr_sts = 0x0001;
inline constexpr std::uint16_t pwrbtn_sts = 0x0100;
inline constexpr std::uint16_t wak_sts = 0x8000;
// PM1_EN
inline constexpr std::uint16_t pwrbtn_en = 0x0100;
// PM1_CNT
inline constexpr std::uint16_t sci_en = 0x0001;
inline constexpr std::uint16_t slp_typ = 0x1C00;
inline constexpr unsigned slp_typ_shift = 10;
inline constexpr std::uint16_t slp_en = 0x2000;
} // namespace acpi_pm_bit

} // namespace vigil::models

#endif
