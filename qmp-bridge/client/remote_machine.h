// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_CLIENT_REMOTE_MACHINE_H
#define VIGIL_QMP_BRIDGE_CLIENT_REMOTE_MACHINE_H

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <vigil/qmp-bridge/client/qmp_client.h>
#include <vigil/runstate/run_control.h>
#include <vigil/runstate/run_listener.h>

namespace vigil::qmp_bridge {

/// The machine at the other end: a QEMU that has functions of this simulation on its PCI bus. Keeps its run state and
/// that of `run_control` one. What is decided here is carried out there, by QMP: a reset by system_reset, a stop and
/// its end by stop and cont, an NMI by inject-nmi, the power button by system_powerdown, the end of the run by quit.
/// What happens there is followed here: STOP, RESUME, RESET, SHUTDOWN, GUEST_PANICKED, SUSPEND and WAKEUP.
///
/// It is there while its monitor or one of its functions is connected. Where it goes without a SHUTDOWN, that is one
/// with cause host-error; a machine that ran is then in state `shutdown`, one that stood stays as it stood. When a
/// machine comes again, it is reset and runs, until its monitor says otherwise.
///
/// Never waits: a QEMU that waits for an answer of a function answers nobody.
class remote_machine final : public runstate::run_listener, private qmp_client_listener {
public:
    struct surroundings {
        std::function<void(std::string_view)> log;
        /// Has a job done soon, inside a turn.
        std::function<void(std::function<void()>)> post;
    };

    /// To be registered as a listener of `control`'s machine. `control` must outlive it.
    remote_machine(runstate::run_control& control, surroundings around);

    /// The next conversation with its monitor; one at a time.
    std::unique_ptr<session> new_session();

    /// A client of the function of that name came.
    void function_attached(const std::string& name);
    /// It has gone.
    void function_gone(const std::string& name) noexcept;

    /// The machine here gets an NMI.
    void inject_nmi();

    /// Whether it was told to end, and has not yet.
    bool leaves() const noexcept { return told_to_quit_ && present(); }

private:
    // run_listener
    void on_event(const runstate::event& e) override;
    void on_state_changed(runstate::run_state from, runstate::run_state to) override;
    void on_exit_requested(int status, bool at_once) override;

    // qmp_client_listener
    void on_ready(const std::string& version) override;
    void on_event(std::string_view name, const json::object& data) override;
    void on_nonsense(const std::string& why) override;
    void on_closed() noexcept override;

    bool present() const noexcept { return ready_ || functions_ != 0; }
    void order(const char* command); ///< to be carried out there
    void order_reset();
    void adopt(const json::value& status); ///< what query-status says
    void see_to_run_state();
    void machine_came();
    void machine_may_have_gone() noexcept;
    void machine_went();
    /// Does what happened there, which is nothing to be carried out there.
    template <class Act> void follow(Act act);
    void follow_reset(const json::object& data);
    void follow_panic(const json::object& data);

    runstate::run_control& control_;
    const surroundings around_;
    qmp_client* monitor_ = nullptr; ///< connected, and perhaps not ready
    bool ready_ = false;            ///< it takes commands
    unsigned functions_ = 0;        ///< that have a client
    bool away_ = false;             ///< it was there, and has gone
    bool following_ = false;
    bool decided_ = false;      ///< whether to run was decided here, and not yet carried out there
    bool runs_ = false;         ///< there, as far as is known
    bool reset_wanted_ = false; ///< decided while its monitor was not there
    bool awaits_reset_ = false; ///< it was told to reset
    bool told_to_quit_ = false;
    bool shut_down_ = false;                       ///< it said so
    std::optional<runstate::run_state> stops_for_; ///< why the next STOP comes
};

} // namespace vigil::qmp_bridge

#endif
