// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_DETAIL_MSR_FORM_H
#define VIGIL_BUS_DETAIL_MSR_FORM_H

#include <cstdint>

namespace vigil::bus {

constexpr unsigned k_msr_width = 8;
constexpr std::uint64_t k_last_msr = 0xFFFF'FFFF;

} // namespace vigil::bus

#endif
