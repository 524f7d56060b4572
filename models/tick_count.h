// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_TICK_COUNT_H
#define VIGIL_MODELS_TICK_COUNT_H

#include <cstdint>

#include <vigil/runstate/clock/time.h>

namespace vigil::models {

/// How many whole periods of `hz` there are in `span`, which must not be negative; exact for frequencies below 16 GHz.
constexpr std::uint64_t tick_count(runstate::ns span, std::uint64_t hz) noexcept
{
    constexpr std::uint64_t k_ns_per_s = 1'000'000'000;
    const auto t = static_cast<std::uint64_t>(span.count());
    return t / k_ns_per_s * hz + t % k_ns_per_s * hz / k_ns_per_s;
}

} // namespace vigil::models

#endif
