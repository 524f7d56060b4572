// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/event_limiter.h>

#include <new>
#include <utility>

namespace vigil::qmp_bridge {

event_limiter::event_limiter(runstate::ns period, std::function<void(runstate::ns)> arm_timer,
                             std::function<void(const std::string&)> send)
    : period_(period), arm_timer_(std::move(arm_timer)), send_(std::move(send))
{
}

void event_limiter::offer(std::string line)
{
    if (in_period_) {
        held_ = std::move(line);
        return;
    }
    in_period_ = true;
    send_(line);
    arm();
}

void event_limiter::on_timer()
{
    if (!held_) {
        in_period_ = false;
        return;
    }
    const std::string line = std::move(*held_);
    held_.reset();
    send_(line);
    arm();
}

void event_limiter::reset() noexcept
{
    in_period_ = false;
    held_.reset();
}

void event_limiter::arm()
{
    try {
        arm_timer_(period_);
    } catch (const std::bad_alloc&) {
        in_period_ = false; // rather than for ever
    }
}

} // namespace vigil::qmp_bridge
