// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_CLOCK_KERNEL_TIME_H
#define VIGIL_RUNSTATE_CLOCK_KERNEL_TIME_H

#include <algorithm>

#include <systemc>

#include <vigil/runstate/clock/time.h>

/// Between nanoseconds and the simulated time of the SystemC kernel, at any resolution of 1 ns or finer.
namespace vigil::runstate {

/// Kernel ticks in a nanosecond; 1 where the resolution is coarser. Settles the resolution, as any `sc_time` does.
inline sc_dt::uint64 kernel_ticks_per_ns()
{
    static const sc_dt::uint64 ticks = std::max<sc_dt::uint64>(sc_core::sc_time(1, sc_core::SC_NS).value(), 1);
    return ticks;
}

/// `duration` as simulated time, held at the end of the kernel's range; zero where it is negative.
inline sc_core::sc_time to_sc_time(ns duration)
{
    return sc_core::sc_time::from_value(to_ticks(duration, kernel_ticks_per_ns()));
}

/// The whole nanoseconds in `time`, held at the end of the range.
inline ns to_ns(const sc_core::sc_time& time) { return from_ticks(time.value(), kernel_ticks_per_ns()); }

/// How much simulated time can still pass. The kernel stops by itself at its very last tick, without a word to
/// anybody, and nobody could count beyond 2^63 - 1 ns: nothing may be scheduled to come later than this.
inline sc_core::sc_time kernel_time_left()
{
    static const sc_dt::uint64 last =
        std::min<sc_dt::uint64>(sc_core::sc_max_time().value() - 1, to_ticks(k_never, kernel_ticks_per_ns()));
    const sc_dt::uint64 now = sc_core::sc_time_stamp().value();
    return sc_core::sc_time::from_value(now < last ? last - now : 0);
}

} // namespace vigil::runstate

#endif
