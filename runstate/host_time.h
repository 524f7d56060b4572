// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_HOST_TIME_H
#define VIGIL_RUNSTATE_HOST_TIME_H

#include <chrono>

namespace vigil::runstate {

/// The host's time of day: since the beginning of 1970 in UTC, negative before. It may be set, forward or back, at any
/// moment, so that the difference of two is no length of time.
inline std::chrono::microseconds time_of_day()
{
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch());
}

/// The host's monotonic clock, which lengths of time are taken from; it counts from anywhere.
inline std::chrono::microseconds monotonic_time()
{
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

} // namespace vigil::runstate

#endif
