// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_INTERFACES_H
#define VIGIL_RUNSTATE_INTERFACES_H

#include <cstdint>
#include <optional>

#include <systemc>

#include <vigil/runstate/facts.h>
#include <vigil/runstate/inspectable.h>
#include <vigil/runstate/run_listener.h>
#include <vigil/runstate/snapshot/saved_state.h>

/// Where devices, the run-state controller and the bridge meet. Devices hold an `sc_port` on the fact interfaces
/// (optional to bind: a device whose port is unbound simply tells nobody); `controller` implements all of them.
namespace vigil::runstate {

/// A port on fact interface `If`, optional to bind.
template <class If> using fact_port = sc_core::sc_port<If, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;

/// Facts of a watchdog.
struct watchdog_if : virtual sc_core::sc_interface {
    /// The watchdog ran out and its reboot output is enabled.
    virtual void watchdog_expired() = 0;
};

/// Facts of a panic device.
struct panic_if : virtual sc_core::sc_interface {
    /// The guest panicked; `info` where the device knows more.
    virtual void guest_panicked(const std::optional<panic_info>& info, report_context context) = 0;
    /// The guest panicked, and its own crash kernel takes over.
    virtual void guest_crashloaded(const std::optional<panic_info>& info) = 0;
    /// The guest shut down, in good order.
    virtual void guest_pvshutdown() = 0;
};

/// Requests to reset the machine or switch it off.
struct power_if : virtual sc_core::sc_interface {
    /// Reset the machine (or shut it down, where the reboot action says so) when the turn ends.
    virtual void request_reset(shutdown_cause cause) = 0;
    /// Shut the machine down when the turn ends.
    virtual void request_shutdown(shutdown_cause cause) = 0;
    /// Press the virtual power button when the turn ends.
    virtual void request_powerdown() = 0;
    /// Enter S3 when the turn ends.
    virtual void request_suspend() = 0;
    /// Tell that the guest entered S4, then shut down.
    virtual void request_suspend_disk() = 0;
    /// Wake from S3; returns false, with nothing done, where the machine is not suspended.
    virtual bool request_wakeup() = 0;
    /// A CPU took a triple fault: a guest reset.
    virtual void triple_fault() = 0;
};

/// Requests to stop the machine for a reason of the platform's own.
struct stop_if : virtual sc_core::sc_interface {
    /// A debugger wants the machine stopped (state `debug`).
    virtual void request_debug_stop() = 0;
    /// Stop in `state` when the turn ends, e.g. internal-error or io-error.
    virtual void request_stop(run_state state) = 0;
};

/// Something that a machine reset resets. The controller calls them in the order of their registration.
struct resettable {
    virtual void reset(reset_kind kind) = 0;

protected:
    ~resettable() = default;
};

/// A CPU, or whatever takes a non-maskable interrupt.
struct nmi_sink {
    virtual void inject_nmi() = 0;

protected:
    ~nmi_sink() = default;
};

/// Whoever executes for the machine, and must look up when something happens to it.
struct attention_sink {
    /// The machine stopped, started or was reset, or something that may lead there is about to happen.
    virtual void look_up() = 0;

protected:
    ~attention_sink() = default;
};

/// The virtual power button's other end: the power block that sees it pressed.
struct power_button_sink {
    virtual void power_button_pressed() = 0;

protected:
    ~power_button_sink() = default;
};

} // namespace vigil::runstate

#endif
