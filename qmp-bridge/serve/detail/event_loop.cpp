// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/event_loop.h>

#include <algorithm>

namespace vigil::qmp_bridge {

using runstate::ns;

namespace {

// The longest that `poll_now_and_then` lets the sockets go unlooked at.
constexpr auto k_now_and_then = std::chrono::microseconds(200);
// How far off an alarm that is set already may be to serve for another sleep, too.
constexpr auto k_alarm_tolerance = std::chrono::microseconds(1);

} // namespace

void event_loop::poll_now_and_then()
{
    if (wall_clock::now() - last_look_ > k_now_and_then) poll();
}

void kernel_event_loop::poll()
{
    io_.poll();
    looked();
}

void kernel_event_loop::sleep(ns longest)
{
    if (longest != k_until_woken) wake_at(wall_clock::now() + std::min(longest, k_longest_sleep));
    do {
        alarm_replaced_ = false;
        io_.run_one();
    } while (alarm_replaced_); // which is nobody's business
    looked();
}

void kernel_event_loop::wake_at(wall_clock::time_point when)
{
    if (alarm_set_ && std::chrono::abs(alarm_.expiry() - when) < k_alarm_tolerance) return;
    alarm_set_ = false;
    alarm_.expires_at(when);
    alarm_.async_wait([this](const boost::system::error_code& cancelled) {
        alarm_replaced_ = static_cast<bool>(cancelled);
        if (!cancelled) alarm_set_ = false;
    });
    alarm_set_ = true;
}

void kernel_event_loop::drain()
{
    io_.restart();
    io_.poll();
}

} // namespace vigil::qmp_bridge
