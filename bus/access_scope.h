// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_ACCESS_SCOPE_H
#define VIGIL_BUS_ACCESS_SCOPE_H

#include <vigil/bus/target_socket.h>
#include <vigil/runstate/clock/local_time.h>
#include <vigil/runstate/clock/vm_clock.h>

namespace vigil::bus {

/// What holds while a target carries out an access: its time is the local time, and of the device's timers, those due
/// by then have run. So a CPU that is ahead of the kernel finds a watchdog barked that nobody kicked in time.
class access_scope {
public:
    /// `clock`: the one that the device's timers hang on; null: it has none.
    access_scope(runstate::vm_clock* clock, const access_context& context) : local_(context.delay)
    {
        if (clock != nullptr && clock->may_be_due()) run_due(*clock, context);
    }

private:
    [[gnu::noinline]] static void run_due(runstate::vm_clock& clock, const access_context& context)
    {
        // A test's own timers run when its turn ends.
        if (context.origin().kind == initiator_kind::vcpu) clock.run_due();
    }

    runstate::local_time local_;
};

} // namespace vigil::bus

#endif
