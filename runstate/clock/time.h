// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_CLOCK_TIME_H
#define VIGIL_RUNSTATE_CLOCK_TIME_H

#include <chrono>
#include <cstdint>
#include <limits>

namespace vigil::runstate {

/// Virtual time and durations: signed 64-bit integer nanoseconds. Never `double`.
using ns = std::chrono::nanoseconds;

/// A deadline that never comes.
inline constexpr ns k_never = ns::max();

/// `a + b`, held at the ends of the range instead of overflowing.
constexpr ns saturating_add(ns a, ns b) noexcept
{
    if (b.count() > 0 && a.count() > ns::max().count() - b.count()) return ns::max();
    if (b.count() < 0 && a.count() < ns::min().count() - b.count()) return ns::min();
    return a + b;
}

/// `a - b`, held likewise.
constexpr ns saturating_sub(ns a, ns b) noexcept
{
    if (b.count() < 0 && a.count() > ns::max().count() + b.count()) return ns::max();
    if (b.count() > 0 && a.count() < ns::min().count() + b.count()) return ns::min();
    return a - b;
}

/// `duration` in units of which `ticks_per_ns` (not 0) make a nanosecond, held at the end of the range; 0 where it is
/// negative.
constexpr std::uint64_t to_ticks(ns duration, std::uint64_t ticks_per_ns) noexcept
{
    if (duration.count() <= 0) return 0;
    const auto count = static_cast<std::uint64_t>(duration.count());
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    return count > most / ticks_per_ns ? most : count * ticks_per_ns;
}

/// The whole nanoseconds in so many such units, held at the end of the range.
constexpr ns from_ticks(std::uint64_t ticks, std::uint64_t ticks_per_ns) noexcept
{
    constexpr auto most = static_cast<std::uint64_t>(ns::max().count());
    constexpr std::uint64_t k_usual = 1000; // of 1 ps, as SystemC has it: by a constant, which takes no division
    const std::uint64_t count = ticks_per_ns == k_usual ? ticks / k_usual : ticks / ticks_per_ns;
    return count > most ? ns::max() : ns(static_cast<ns::rep>(count));
}

} // namespace vigil::runstate

#endif
