// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_CLOCK_HOST_TIME_H
#define VIGIL_RUNSTATE_CLOCK_HOST_TIME_H

#include <chrono>
#include <cstdint>

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

/// A time of day as whole seconds, not after it, and the microseconds from there, 0…999999.
struct split_time {
    std::int64_t seconds;
    std::int64_t microseconds;
};

constexpr split_time split(std::chrono::microseconds since_1970) noexcept
{
    constexpr std::int64_t per_second = 1'000'000;
    const std::int64_t count = since_1970.count();
    const std::int64_t rest = count % per_second; // negative before 1970
    if (rest >= 0) return {count / per_second, rest};
    return {count / per_second - 1, rest + per_second};
}

} // namespace vigil::runstate

#endif
