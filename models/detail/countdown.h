// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_DETAIL_COUNTDOWN_H
#define VIGIL_MODELS_DETAIL_COUNTDOWN_H

#include <string>
#include <vector>

#include <vigil/runstate/clock/vm_clock.h>
#include <vigil/runstate/inspectable.h>

/// What the watchdogs have in common that count down on one timer.
namespace vigil::models {

/// Arms for a deadline that was saved; k_never: not at all.
inline void rearm(runstate::vm_timer& timer, runstate::ns deadline)
{
    if (deadline == runstate::k_never) {
        timer.cancel();
    } else {
        timer.arm(deadline);
    }
}

/// Adds the properties `remaining` and `deadline`, their names behind `prefix`; `timer` outlives them. `span` is the
/// word for what it measures, `idle` for what it is without a deadline.
inline void append_countdown(std::vector<runstate::property>& to, const runstate::vm_timer& timer,
                             const std::string& span, const std::string& idle, const std::string& prefix = {})
{
    const auto shown = [](runstate::ns t) -> runstate::property_value {
        return t == runstate::k_never ? std::int64_t{-1} : std::int64_t{t.count()};
    };
    to.push_back({prefix + "remaining",
                  "int",
                  "What is left of the " + span + ", in virtual nanoseconds; -1 when " + idle + ".",
                  [shown, &timer] { return shown(timer.remaining()); },
                  {}});
    to.push_back({prefix + "deadline",
                  "int",
                  "When the " + span + " ends, in virtual nanoseconds; -1 when " + idle + ".",
                  [shown, &timer] { return shown(timer.deadline()); },
                  {}});
}

} // namespace vigil::models

#endif
