// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/run_state.h>

namespace vigil::runstate {

const std::array<transition, 71> k_transitions{{
    {run_state::debug, run_state::running},
    {run_state::debug, run_state::finish_migrate},
    {run_state::debug, run_state::prelaunch},
    {run_state::debug, run_state::suspended},

    {run_state::inmigrate, run_state::internal_error},
    {run_state::inmigrate, run_state::io_error},
    {run_state::inmigrate, run_state::paused},
    {run_state::inmigrate, run_state::running},
    {run_state::inmigrate, run_state::shutdown},
    {run_state::inmigrate, run_state::suspended},
    {run_state::inmigrate, run_state::watchdog},
    {run_state::inmigrate, run_state::guest_panicked},
    {run_state::inmigrate, run_state::finish_migrate},
    {run_state::inmigrate, run_state::prelaunch},
    {run_state::inmigrate, run_state::postmigrate},
    {run_state::inmigrate, run_state::colo},

    {run_state::internal_error, run_state::paused},
    {run_state::internal_error, run_state::finish_migrate},
    {run_state::internal_error, run_state::prelaunch},

    {run_state::io_error, run_state::running},
    {run_state::io_error, run_state::finish_migrate},
    {run_state::io_error, run_state::prelaunch},

    {run_state::paused, run_state::running},
    {run_state::paused, run_state::finish_migrate},
    {run_state::paused, run_state::postmigrate},
    {run_state::paused, run_state::prelaunch},
    {run_state::paused, run_state::colo},

    {run_state::postmigrate, run_state::running},
    {run_state::postmigrate, run_state::finish_migrate},
    {run_state::postmigrate, run_state::prelaunch},

    {run_state::prelaunch, run_state::running},
    {run_state::prelaunch, run_state::finish_migrate},
    {run_state::prelaunch, run_state::inmigrate},

    {run_state::finish_migrate, run_state::running},
    {run_state::finish_migrate, run_state::paused},
    {run_state::finish_migrate, run_state::postmigrate},
    {run_state::finish_migrate, run_state::prelaunch},
    {run_state::finish_migrate, run_state::colo},

    {run_state::restore_vm, run_state::running},
    {run_state::restore_vm, run_state::prelaunch},

    {run_state::running, run_state::debug},
    {run_state::running, run_state::internal_error},
    {run_state::running, run_state::io_error},
    {run_state::running, run_state::paused},
    {run_state::running, run_state::finish_migrate},
    {run_state::running, run_state::restore_vm},
    {run_state::running, run_state::save_vm},
    {run_state::running, run_state::shutdown},
    {run_state::running, run_state::watchdog},
    {run_state::running, run_state::guest_panicked},
    {run_state::running, run_state::colo},
    {run_state::running, run_state::suspended},

    {run_state::save_vm, run_state::running},

    {run_state::shutdown, run_state::paused},
    {run_state::shutdown, run_state::finish_migrate},
    {run_state::shutdown, run_state::prelaunch},
    {run_state::shutdown, run_state::colo},

    {run_state::suspended, run_state::running},
    {run_state::suspended, run_state::finish_migrate},
    {run_state::suspended, run_state::prelaunch},
    {run_state::suspended, run_state::colo},

    {run_state::watchdog, run_state::running},
    {run_state::watchdog, run_state::finish_migrate},
    {run_state::watchdog, run_state::prelaunch},
    {run_state::watchdog, run_state::colo},

    {run_state::guest_panicked, run_state::running},
    {run_state::guest_panicked, run_state::finish_migrate},
    {run_state::guest_panicked, run_state::prelaunch},

    {run_state::colo, run_state::running},
    {run_state::colo, run_state::prelaunch},
    {run_state::colo, run_state::shutdown},
}};

bool can_transition(run_state from, run_state to) noexcept
{
    if (from == to) return true;
    for (const transition& row : k_transitions) {
        if (row.from == from && row.to == to) return true;
    }
    return false;
}

std::string transition_error(run_state from, run_state to)
{
    return "invalid runstate transition: '" + std::string(to_string(from)) + "' -> '" + std::string(to_string(to)) +
           "'";
}

bool needs_reset(run_state state) noexcept
{
    return state == run_state::internal_error || state == run_state::shutdown;
}

bool can_be_saved(run_state state) noexcept
{
    switch (state) {
    case run_state::inmigrate:
    case run_state::finish_migrate:
    case run_state::restore_vm:
    case run_state::save_vm: return false;
    default: return true;
    }
}

} // namespace vigil::runstate
