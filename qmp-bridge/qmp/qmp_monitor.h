// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_QMP_MONITOR_H
#define VIGIL_QMP_BRIDGE_QMP_QMP_MONITOR_H

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <vigil/qmp-bridge/json/json_errors.h>
#include <vigil/qmp-bridge/qmp/commands/command_handler.h>
#include <vigil/qmp-bridge/qmp/event_limiter.h>
#include <vigil/qmp-bridge/schema/qapi_machine_types.h>
#include <vigil/qmp-bridge/schema/qapi_types.h>
#include <vigil/runstate/files/file_access.h>
#include <vigil/runstate/migration.h>
#include <vigil/runstate/run_control.h>
#include <vigil/runstate/run_listener.h>

namespace vigil::qmp_bridge {

/// A time of day as events carry it; before 1970 the seconds are negative and the microseconds are not.
timestamp to_timestamp(std::chrono::microseconds since_1970);

/// What the machine says of itself.
struct machine_description {
    std::optional<std::string> name;                           ///< query-name
    std::string uuid = "00000000-0000-0000-0000-000000000000"; ///< query-uuid
    std::string package;                                       ///< query-version and the greeting: product and version
    bool wakeup_suspend_support = true;                        ///< query-current-machine
    std::vector<std::string> cpu_paths = {};                   ///< query-cpus-fast: the path of each CPU's object
    std::int64_t thread_id = 0;                                ///< query-cpus-fast: the thread that runs all of them
    std::uint64_t ram_bytes = 0;                               ///< query-memory-size-summary
    bool balloon = false;                                      ///< query-balloon: there is one, which never inflates
    std::vector<fdset_info> fdsets = {};                       ///< query-fdsets: inherited descriptors, noted only
    std::vector<machine_info> machines = {};                   ///< query-machines: those that can be had
    std::string accelerator = "tcg";                           ///< query-accelerators: the one that is enabled
};

class qmp_session;
class qom_tree;

/// The QMP side of one machine, shared by all its monitors: the commands, and the delivery of events to every session
/// that has left negotiation. Register it as the controller's listener.
class qmp_monitor : public runstate::run_listener {
public:
    struct options {
        vocabulary words = vocabulary::v2_10;
        json_errors errors = json_errors::when_balanced; ///< of what clients send
        machine_description machine;
        /// The host's time of day, as `to_timestamp` has it; defaults to that of this host.
        std::function<timestamp()> wall_clock;
        /// Arms the rate limiter's timer (see `event_limiter`): host time, or virtual time under a driven clock. Empty:
        /// no event is limited.
        std::function<void(runstate::ns)> arm_limiter;
        /// The most unsent bytes of a session to which an event is still added; beyond it the event is dropped for that
        /// session and counted.
        std::size_t event_queue_bytes = 16U * 1024 * 1024;
        /// How many bytes of a session are unsent, where more than `of_interest` make a difference; empty: those in its
        /// output queue.
        std::function<std::size_t(const qmp_session&, std::size_t of_interest)> unsent;
        /// Behind migrate, x-snapshot-save and their like, which are refused without it. Must outlive the monitor.
        runstate::migration* migration = nullptr;
        /// The file that a command names, or why it may not name it.
        std::function<runstate::result<runstate::file_place>(const std::string& path)> locate =
            [](const std::string& path) { return runstate::file_access().resolve(path); };
        /// Behind the qom commands; likewise.
        const qom_tree* objects = nullptr;
        /// Behind query-chardev: the character devices now; none where empty.
        std::function<std::vector<chardev_info>()> chardevs;
        /// Behind object-add and object-del, which are refused without them: makes a monitor of that name, or takes one
        /// away again.
        std::function<std::optional<refusal>(const std::string& id, const monitor_qmp_options&)> add_monitor;
        std::function<std::optional<refusal>(const std::string& id, const qmp_session& asked_by)> remove_monitor;
        /// Commands of the program's own; none may have another's name.
        std::vector<own_command> commands = {};
        /// Begins before the machine is initialised (-preconfig): only some commands are allowed until
        /// x-exit-preconfig, which then calls `exit_preconfig`, inside its turn: the machine is complete and starts,
        /// unless it is to start stopped.
        bool preconfig = false;
        std::function<void()> exit_preconfig;
    };

    /// `control` must outlive the monitor, the monitor its sessions. Throws std::invalid_argument where two commands
    /// have one name.
    qmp_monitor(runstate::run_control& control, options opts);
    ~qmp_monitor();
    qmp_monitor(const qmp_monitor&) = delete;
    qmp_monitor& operator=(const qmp_monitor&) = delete;

    /// A new client's session; `pretty` prints over several lines, `server` labels the character device it comes by.
    std::unique_ptr<qmp_session> new_session(bool pretty = false, std::string server = {});
    /// The clients there are, oldest first.
    const std::vector<qmp_session*>& sessions() const noexcept { return sessions_; }

    /// Adds a command to `options::commands`, before there is a session; throws as the constructor does.
    void add_command(own_command one);

    /// Forgets what clients have left behind: the limiter's period, migration capabilities, session numbers, counts.
    /// There must be no session.
    void start_over();

    /// The limiter's period ended.
    void limiter_timer_expired();

    /// Lines for the log (dropped events …).
    std::function<void(std::string_view)> log;

    /// How many bytes of `one` are unsent, where more than `of_interest` make a difference.
    std::size_t unsent(const qmp_session& one, std::size_t of_interest) const;
    /// How many events were dropped for slow clients, all sessions together.
    std::uint64_t events_dropped() const noexcept { return events_dropped_; }

    // run_listener
    void on_event(const runstate::event& e) override;

    /// Whether clients may enable `capability`.
    bool offers(qmp_capability capability) const noexcept;

    /// Whether the machine is yet to be initialised.
    bool in_preconfig() const noexcept { return in_preconfig_; }
    /// x-exit-preconfig, where it is allowed.
    void leave_preconfig();

    /// Whether a client has set the migration capability.
    bool has(migration_capability one) const noexcept { return capabilities_.count(one) != 0; }
    void set(migration_capability one, bool on);

    /// The command spelt `name` (case matters), the program's own included, or null where there is none.
    const command* find_command(std::string_view name) const noexcept;

    /// The type of the object at that path; empty where there is none.
    std::string_view type_at(std::string_view path) const;

    const options& settings() const noexcept { return options_; }
    machine_description& description() noexcept { return options_.machine; }
    runstate::run_control& control() noexcept { return control_; }

private:
    friend class qmp_session;
    void deliver(const std::string& line); ///< one serialised event (CR LF included) to every session in command mode
    void miss_event();                     ///< no session in command mode gets one
    void forget(const qmp_session& closed);

    runstate::run_control& control_;
    options options_;
    event_limiter watchdog_limiter_;
    bool in_preconfig_;
    std::set<migration_capability> capabilities_;
    std::vector<qmp_session*> sessions_;
    std::uint64_t last_session_id_ = 0;
    std::uint64_t events_dropped_ = 0;
};

} // namespace vigil::qmp_bridge

#endif
