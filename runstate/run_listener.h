// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_RUN_LISTENER_H
#define VIGIL_RUNSTATE_RUN_LISTENER_H

#include <string_view>

#include <vigil/runstate/events.h>
#include <vigil/runstate/run_state.h>

namespace vigil::runstate {

/// Told of everything the controller does, in order. Every function is optional to implement.
struct run_listener {
    /// Something worth an event happened.
    virtual void on_event(const event&) {}
    /// The run state changed; the VM clock already runs or stands accordingly.
    virtual void on_state_changed(run_state /*from*/, run_state /*to*/) {}
    /// The run is over. `at_once`: nothing more is answered, not even the command under way; otherwise the command
    /// under way still gets its reply.
    virtual void on_exit_requested(int /*status*/, bool /*at_once*/) {}
    /// A line for the log.
    virtual void on_log(std::string_view /*line*/) {}

protected:
    ~run_listener() = default;
};

} // namespace vigil::runstate

#endif
