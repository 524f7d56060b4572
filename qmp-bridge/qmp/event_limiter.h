// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_EVENT_LIMITER_H
#define VIGIL_QMP_BRIDGE_QMP_EVENT_LIMITER_H

#include <functional>
#include <optional>
#include <string>

#include <vigil/runstate/clock/time.h>

namespace vigil::qmp_bridge {

/// Lets one kind of event through once per period (QEMU: monitor/monitor.c): the first at once; of those within the
/// period, the last, when the period ends. Which clock measures the period is the owner's choice.
class event_limiter {
public:
    /// `arm_timer(period)` must see to it that `on_timer()` is called when `period` has passed on the chosen clock;
    /// `send` delivers a serialised event.
    event_limiter(runstate::ns period, std::function<void(runstate::ns)> arm_timer,
                  std::function<void(const std::string&)> send);

    /// Sends `line` now, or holds it (replacing one already held) until the period ends.
    void offer(std::string line);

    /// The period ended: sends what is held and starts another, or goes idle.
    void on_timer();

    /// As at the beginning: what is held is dropped. The owner stops the clock.
    void reset() noexcept;

private:
    void arm(); ///< begins a period

    runstate::ns period_;
    std::function<void(runstate::ns)> arm_timer_;
    std::function<void(const std::string&)> send_;
    bool in_period_ = false;
    std::optional<std::string> held_;
};

} // namespace vigil::qmp_bridge

#endif
