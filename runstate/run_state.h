// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_RUN_STATE_H
#define VIGIL_RUNSTATE_RUN_STATE_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <vigil/runstate/wire_names.h>

namespace vigil::runstate {

/// The sixteen run states of QAPI's `RunState` (qapi/run-state.json, 2.10), in schema order.
enum class run_state : std::uint8_t {
    debug,
    inmigrate,
    internal_error,
    io_error,
    paused,
    postmigrate,
    prelaunch,
    finish_migrate,
    restore_vm,
    running,
    save_vm,
    shutdown,
    suspended,
    watchdog,
    guest_panicked,
    colo,
};

template <> struct wire_names<run_state> {
    static constexpr std::array<std::string_view, 16> values{
        "debug",     "inmigrate",      "internal-error", "io-error", "paused",  "postmigrate",
        "prelaunch", "finish-migrate", "restore-vm",     "running",  "save-vm", "shutdown",
        "suspended", "watchdog",       "guest-panicked", "colo"};
};

/// How many run states there are.
inline constexpr std::size_t k_run_state_count = wire_names<run_state>::values.size();

/// One permitted change of the run state.
struct transition {
    run_state from;
    run_state to;
};

/// The permitted transitions (QEMU 7.2, softmmu/runstate.c: 71 rows). A transition of a state to itself is always
/// permitted and does nothing; every other pair is refused.
extern const std::array<transition, 71> k_transitions;

/// Whether `from` may become `to`.
bool can_transition(run_state from, run_state to) noexcept;

/// The text of a refusal, QEMU's words: `invalid runstate transition: 'paused' -> 'suspended'`.
std::string transition_error(run_state from, run_state to);

/// Whether `cont` is refused until the machine has been reset (internal-error and shutdown).
bool needs_reset(run_state state) noexcept;

/// Whether a machine can be in it when it is saved: not one that it only passes through, nor one in which it has no
/// state of its own yet.
bool can_be_saved(run_state state) noexcept;

} // namespace vigil::runstate

#endif
