// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_ICH9_TCO_REGISTERS_H
#define VIGIL_MODELS_ICH9_TCO_REGISTERS_H

#include <cstdint>

/// The registers of the TCO watchdog, and those around it that have a say in it, by their names in the ICH9 datasheet
/// (316972).
namespace vigil::models {

/// I/O ports, from TCOBASE on, which is PMBASE + 60h (section 13.9).
namespace ich9_tco_register {
inline constexpr std::uint32_t tco_rld = 0x00;
inline constexpr std::uint32_t tco_dat_in = 0x02;
inline constexpr std::uint32_t tco_dat_out = 0x03;
inline constexpr std::uint32_t tco1_sts = 0x04;
inline constexpr std::uint32_t tco2_sts = 0x06;
inline constexpr std::uint32_t tco1_cnt = 0x08;
inline constexpr std::uint32_t tco2_cnt = 0x0A;
inline constexpr std::uint32_t tco_message1 = 0x0C;
inline constexpr std::uint32_t tco_message2 = 0x0D;
inline constexpr std::uint32_t tco_wdcnt = 0x0E;
inline constexpr std::uint32_t sw_irq_gen = 0x10;
inline constexpr std::uint32_t tco_tmr = 0x12;
} // namespace ich9_tco_register

namespace ich9_tco_bit {
// TCO1_STS
inline constexpr std::uint16_t sw_tco_smi = 0x0002;  ///< TCO_DAT_IN was written
inline constexpr std::uint16_t tco_int_sts = 0x0004; ///< TCO_DAT_OUT was written
inline constexpr std::uint16_t timeout = 0x0008;
// TCO2_STS
inline constexpr std::uint16_t second_to_sts = 0x0002;
inline constexpr std::uint16_t boot_sts = 0x0004; ///< the second time-out came and the processor has not started since
// TCO1_CNT
inline constexpr std::uint16_t tco_tmr_hlt = 0x0800;
inline constexpr std::uint16_t tco_lock = 0x1000;
// TCO_RLD, TCO_TMR
inline constexpr std::uint16_t ticks = 0x03FF;
} // namespace ich9_tco_bit

/// I/O ports, from PMBASE + 30h on (section 13.8.3).
namespace ich9_smi_register {
inline constexpr std::uint32_t smi_en = 0x00;
inline constexpr std::uint32_t smi_sts = 0x04;
} // namespace ich9_smi_register

namespace ich9_smi_bit {
// SMI_EN
inline constexpr std::uint32_t gbl_smi_en = 0x0001;
inline constexpr std::uint32_t apmc_en = 0x0020;
inline constexpr std::uint32_t tco_en = 0x2000;
// SMI_EN and SMI_STS
inline constexpr std::uint32_t swsmi_tmr = 0x0040;
inline constexpr std::uint32_t periodic = 0x4000;
} // namespace ich9_smi_bit

/// Memory, from RCBA on (section 10.1).
namespace ich9_chipset_register {
inline constexpr std::uint32_t gcs = 0x3410;
} // namespace ich9_chipset_register

namespace ich9_chipset_bit {
// GCS
inline constexpr std::uint32_t no_reboot = 0x0020;
} // namespace ich9_chipset_bit

} // namespace vigil::models

#endif
