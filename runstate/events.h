// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_EVENTS_H
#define VIGIL_RUNSTATE_EVENTS_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <vigil/runstate/actions.h>

namespace vigil::runstate {

/// The five parameters of a Hyper-V guest crash (TLFS: HV_X64_MSR_CRASH_P0…P4; QAPI `GuestPanicInformationHyperV`).
struct hyperv_panic_info {
    std::array<std::uint64_t, 5> arg{};
};

inline bool operator==(const hyperv_panic_info& a, const hyperv_panic_info& b) { return a.arg == b.arg; }

/// What a panic device knows about a panic (QAPI `GuestPanicInformation`, whose only type in 2.10 is hyper-v).
using panic_info = hyperv_panic_info;

/// The machine shut down, or would have (SHUTDOWN).
struct shutdown_event {
    static constexpr std::string_view name = "SHUTDOWN";
    bool guest;            ///< the guest's own doing
    shutdown_cause reason; ///< 7.2 vocabulary only
};

/// The virtual power button was pressed (POWERDOWN).
struct powerdown_event {
    static constexpr std::string_view name = "POWERDOWN";
};

/// The machine was reset (RESET).
struct reset_event {
    static constexpr std::string_view name = "RESET";
    bool guest;            ///< the guest's own doing
    shutdown_cause reason; ///< 7.2 vocabulary only
};

/// The machine stopped (STOP).
struct stop_event {
    static constexpr std::string_view name = "STOP";
};

/// The machine goes on (RESUME).
struct resume_event {
    static constexpr std::string_view name = "RESUME";
};

/// The guest entered S3 (SUSPEND).
struct suspend_event {
    static constexpr std::string_view name = "SUSPEND";
};

/// The guest entered S4 (SUSPEND_DISK).
struct suspend_disk_event {
    static constexpr std::string_view name = "SUSPEND_DISK";
};

/// The guest woke from S3 (WAKEUP).
struct wakeup_event {
    static constexpr std::string_view name = "WAKEUP";
};

/// A watchdog expired (WATCHDOG).
struct watchdog_event {
    static constexpr std::string_view name = "WATCHDOG";
    watchdog_action action;
};

/// The guest panicked (GUEST_PANICKED).
struct guest_panicked_event {
    static constexpr std::string_view name = "GUEST_PANICKED";
    guest_panic_action action;
    std::optional<panic_info> info;
};

/// The guest panicked and handles it itself with a crash kernel (GUEST_CRASHLOADED, 7.2 vocabulary only).
struct guest_crashloaded_event {
    static constexpr std::string_view name = "GUEST_CRASHLOADED";
    guest_panic_action action;
    std::optional<panic_info> info;
};

/// The guest says that it shut down (GUEST_PVSHUTDOWN, from the 10.0 vocabulary on).
struct guest_pvshutdown_event {
    static constexpr std::string_view name = "GUEST_PVSHUTDOWN";
};

/// A device has left the machine (DEVICE_DELETED).
struct device_deleted_event {
    static constexpr std::string_view name = "DEVICE_DELETED";
    std::optional<std::string> device; ///< its id, where it had one
    std::string path;                  ///< of its object
};

/// Everything the run-state controller tells its listeners.
using event = std::variant<shutdown_event, powerdown_event, reset_event, stop_event, resume_event, suspend_event,
                           suspend_disk_event, wakeup_event, watchdog_event, guest_panicked_event,
                           guest_crashloaded_event, guest_pvshutdown_event, device_deleted_event>;

/// The event's QAPI name, e.g. "WATCHDOG".
std::string_view event_name(const event& e) noexcept;

} // namespace vigil::runstate

#endif
