// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_TIME_H
#define VIGIL_RUNSTATE_TIME_H

#include <chrono>

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

} // namespace vigil::runstate

#endif
