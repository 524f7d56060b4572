// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_ACTIONS_H
#define VIGIL_RUNSTATE_ACTIONS_H

#include <array>
#include <cstdint>
#include <string_view>

#include <vigil/runstate/wire_names.h>

namespace vigil::runstate {

/// What a guest's or host's reset request does (QAPI `RebootAction`, 6.0).
enum class reboot_action : std::uint8_t { reset, shutdown };

/// What a shutdown request does (QAPI `ShutdownAction`, 6.0).
enum class shutdown_action : std::uint8_t { poweroff, pause };

/// What a guest panic does (QAPI `PanicAction`, 6.0; `exit-failure` 7.1).
enum class panic_action : std::uint8_t { pause, shutdown, exit_failure, none };

/// What an expired watchdog does (QAPI `WatchdogAction`, 2.1; `inject-nmi` 2.4).
enum class watchdog_action : std::uint8_t { reset, shutdown, poweroff, pause, debug, none, inject_nmi };

/// What GUEST_PANICKED says was done (QAPI `GuestPanicAction`; `run` 5.0).
enum class guest_panic_action : std::uint8_t { pause, poweroff, run };

/// Why the machine shut down or was reset (QAPI `ShutdownCause`, 4.0).
enum class shutdown_cause : std::uint8_t {
    none,
    host_error,
    host_qmp_quit,
    host_qmp_system_reset,
    host_signal,
    host_ui,
    guest_shutdown,
    guest_reset,
    guest_panic,
    subsystem_reset,
    snapshot_load,
};

/// Whether `cause` counts as the guest's own doing (member `guest` of RESET and SHUTDOWN): every cause from
/// guest-shutdown on, in enumeration order (QEMU, softmmu/runstate.c).
constexpr bool caused_by_guest(shutdown_cause cause) noexcept { return cause >= shutdown_cause::guest_shutdown; }

/// The four policies, with QEMU's defaults; changeable at run time.
struct action_set {
    reboot_action reboot = reboot_action::reset;
    shutdown_action shutdown = shutdown_action::poweroff;
    panic_action panic = panic_action::shutdown;
    watchdog_action watchdog = watchdog_action::reset;
};

template <> struct wire_names<reboot_action> {
    static constexpr std::array<std::string_view, 2> values{"reset", "shutdown"};
};

template <> struct wire_names<shutdown_action> {
    static constexpr std::array<std::string_view, 2> values{"poweroff", "pause"};
};

template <> struct wire_names<panic_action> {
    static constexpr std::array<std::string_view, 4> values{"pause", "shutdown", "exit-failure", "none"};
};

template <> struct wire_names<watchdog_action> {
    static constexpr std::array<std::string_view, 7> values{"reset", "shutdown", "poweroff",  "pause",
                                                            "debug", "none",     "inject-nmi"};
};

template <> struct wire_names<guest_panic_action> {
    static constexpr std::array<std::string_view, 3> values{"pause", "poweroff", "run"};
};

template <> struct wire_names<shutdown_cause> {
    static constexpr std::array<std::string_view, 11> values{
        "none",           "host-error",  "host-qmp-quit", "host-qmp-system-reset", "host-signal",  "host-ui",
        "guest-shutdown", "guest-reset", "guest-panic",   "subsystem-reset",       "snapshot-load"};
};

} // namespace vigil::runstate

#endif
