// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_POLICY_H
#define VIGIL_RUNSTATE_POLICY_H

#include <array>

#include <vigil/runstate/actions.h>

namespace vigil::runstate {

/// What follows the WATCHDOG event.
enum class watchdog_effect : std::uint8_t {
    request_reset,     ///< a guest-reset request, which the reboot action may turn into a shutdown
    request_powerdown, ///< press the power button
    exit_at_once,      ///< leave with status 0, without a SHUTDOWN event
    request_stop,      ///< stop in state `watchdog` when the turn ends
    log_only,          ///< one line in the log; the machine stays running
    nothing,
    inject_nmi, ///< an NMI to every CPU, errors discarded
};

/// One row of the watchdog policy.
struct watchdog_policy {
    watchdog_action action;
    watchdog_effect effect;
};

/// What an expired watchdog does (QEMU 7.2, hw/watchdog/watchdog.c).
inline constexpr std::array<watchdog_policy, 7> k_watchdog_policy{{
    {watchdog_action::reset, watchdog_effect::request_reset},
    {watchdog_action::shutdown, watchdog_effect::request_powerdown},
    {watchdog_action::poweroff, watchdog_effect::exit_at_once},
    {watchdog_action::pause, watchdog_effect::request_stop},
    {watchdog_action::debug, watchdog_effect::log_only},
    {watchdog_action::none, watchdog_effect::nothing},
    {watchdog_action::inject_nmi, watchdog_effect::inject_nmi},
}};

/// One row of the panic policy: panic action × shutdown action → what GUEST_PANICKED says and what follows it.
struct panic_policy {
    panic_action panic;
    shutdown_action shutdown;
    guest_panic_action said; ///< member `action` of GUEST_PANICKED
    bool stop;               ///< stop in state guest-panicked
    bool request_shutdown;   ///< then ask for a shutdown with cause guest-panic
};

/// What a guest panic does (QEMU 7.2, softmmu/runstate.c).
inline constexpr std::array<panic_policy, 8> k_panic_policy{{
    {panic_action::pause, shutdown_action::poweroff, guest_panic_action::pause, true, false},
    {panic_action::pause, shutdown_action::pause, guest_panic_action::pause, true, false},
    {panic_action::shutdown, shutdown_action::poweroff, guest_panic_action::poweroff, true, true},
    {panic_action::shutdown, shutdown_action::pause, guest_panic_action::pause, true, false},
    {panic_action::exit_failure, shutdown_action::poweroff, guest_panic_action::poweroff, true, true},
    {panic_action::exit_failure, shutdown_action::pause, guest_panic_action::poweroff, true, true},
    {panic_action::none, shutdown_action::poweroff, guest_panic_action::run, false, false},
    {panic_action::none, shutdown_action::pause, guest_panic_action::run, false, false},
}};

/// Whether each value of the enumerations finds its own row where `effect_of` and `policy_for` look.
constexpr bool policy_rows_are_in_order() noexcept
{
    for (std::size_t i = 0; i < k_watchdog_policy.size(); ++i) {
        if (k_watchdog_policy[i].action != static_cast<watchdog_action>(i)) return false;
    }
    constexpr std::size_t k_shutdown_actions = wire_names<shutdown_action>::values.size();
    for (std::size_t i = 0; i < k_panic_policy.size(); ++i) {
        if (k_panic_policy[i].panic != static_cast<panic_action>(i / k_shutdown_actions)) return false;
        if (k_panic_policy[i].shutdown != static_cast<shutdown_action>(i % k_shutdown_actions)) return false;
    }
    return k_watchdog_policy.size() == wire_names<watchdog_action>::values.size() &&
           k_panic_policy.size() == wire_names<panic_action>::values.size() * k_shutdown_actions;
}
static_assert(policy_rows_are_in_order(), "one row for each value, in the order of the enumerators");

/// The row for `action`.
constexpr watchdog_effect effect_of(watchdog_action action) noexcept
{
    return k_watchdog_policy[static_cast<std::size_t>(action)].effect;
}

/// The row for a panic under `panic` and `shutdown`.
constexpr const panic_policy& policy_for(panic_action panic, shutdown_action shutdown) noexcept
{
    return k_panic_policy[static_cast<std::size_t>(panic) * wire_names<shutdown_action>::values.size() +
                          static_cast<std::size_t>(shutdown)];
}

} // namespace vigil::runstate

#endif
