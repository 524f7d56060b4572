// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_DETAIL_MACHINE_SERVICE_H
#define VIGIL_QMP_BRIDGE_DETAIL_MACHINE_SERVICE_H

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include <vigil/bus/vfio-user/vfio_user_device.h>
#include <vigil/qmp-bridge/client/remote_machine.h>
#include <vigil/qmp-bridge/detail/idle_session.h>
#include <vigil/qmp-bridge/host/detail/output_retry.h>
#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp/qmp_session.h>
#include <vigil/qmp-bridge/qmp/qom_tree.h>
#include <vigil/qmp-bridge/qmp_server.h>
#include <vigil/qmp-bridge/qtest/detail/qtest_adapter.h>
#include <vigil/qmp-bridge/serve/detail/pump.h>
#include <vigil/qmp-bridge/serve/detail/stream_server.h>
#include <vigil/qmp-bridge/serve/lifeline.h>
#include <vigil/qmp-bridge/serve/local_clients.h>
#include <vigil/qmp-bridge/transcript/detail/transcript_player.h>
#include <vigil/qmp-bridge/transcript/transcript.h>
#include <vigil/qmp-bridge/transcript/transcript_snapshots.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/migration.h>

namespace vigil::qmp_bridge {

/// What a `qmp_server` is inside: the monitor, its sessions' carriers, and where host and recorded runs come in.
class machine_service {
public:
    machine_service(runstate::controller& controller, qmp_server_options opts);

    // As in `qmp_server`.
    void add_monitor(const chardev& where, bool pretty);
    void add_silent(const chardev& where);
    void show_monitor_object(const std::string& id, const monitor_qmp_options& options);
    void serve_vfio_user(const chardev& where, bus::vfio_user_device& function);
    void actuate(const chardev& where);
    void serve_qtest(const std::string& module_name, const chardev& where, qmp_server::qtest_options opts);
    qtest_adapter* qtest() noexcept { return qtest_.get(); } ///< null: it is not served
    std::optional<runstate::refusal> start();
    bool started() const noexcept { return started_; }
    void prepare_for_confinement();
    void keep_offering(line_output& output);
    void terminate(int signal);
    void log(const std::string& line) const { options_.log(line); }
    std::optional<runstate::refusal> return_to(const runstate::controller::moment& before);
    /// A job of the run, done soon inside a turn, and told in the transcript.
    void defer(std::function<void()> job);
    std::optional<runstate::refusal> write_transcript(const std::string& path, const transcript_head& head);
    std::optional<std::string> conclude();
    std::uint16_t port() const;
    std::shared_ptr<void> read(const runstate::file_place& place, std::size_t most,
                               std::function<void(file_content)> done);

    qmp_monitor& monitor() noexcept { return monitor_; }
    qom_tree& objects() noexcept { return objects_; }
    runstate::migration& migration() noexcept { return migration_; }
    pump& driver() noexcept { return pump_; }
    const pump& driver() const noexcept { return pump_; }
    transcript* tale() noexcept { return transcript_.get(); }

private:
    // A qtest session that is in a list for as long as it lives.
    struct listed_session : qtest_session {
        using list = std::vector<qtest_session*>;

        listed_session(list& sessions, qtest_machine& machine, std::function<void(std::string_view)> log,
                       interrupt_queue limit);
        ~listed_session() override;

        list& sessions_;
    };

    // The machine's NMIs on their way to the one elsewhere.
    struct nmi_line final : runstate::nmi_sink {
        explicit nmi_line(remote_machine& its_end) : end(its_end) {}
        void inject_nmi() override { end.inject_nmi(); }
        remote_machine& end;
    };

    // Where clients meet the machine, and what is said to them.
    struct server_plan {
        chardev where;
        stream_server::session_factory make_session;
        std::string refusal; ///< of a client too many
        bool idle = false;   ///< nobody speaks there, unless an object does
        bool alone = false;  ///< one client at a time, and the next may come a little before the last has gone
    };

    qmp_monitor::options monitor_options();
    const monitor_qmp_options* monitor_object_on(const std::string& chardev) const; ///< null: none
    std::unique_ptr<session> new_monitor_session(const monitor_qmp_options& options);
    std::optional<runstate::refusal> add_monitor_object(const std::string& id, const monitor_qmp_options& options);
    std::optional<runstate::refusal> remove_monitor_object(const std::string& id, const qmp_session& asked_by);
    void add_plan(server_plan plan);
    remote_machine& remote();             ///< made when it is first asked for
    std::string too_many_clients() const; ///< what a client is told that is one
    void tell_or_repeat();
    void replay();                                        ///< instead of servers
    void follow_script();                                 ///< likewise
    std::unique_ptr<session> session_of(unsigned server); ///< null where there is no such server
    std::optional<runstate::refusal> start_servers();
    std::unique_ptr<session> new_qtest_session();
    std::vector<chardev_info> chardevs() const;
    runstate::result<runstate::file_place> locate(const std::string& path);
    std::size_t unsent(const session& one, std::size_t of_interest); ///< as the transcript has it
    bool limits_by_virtual_time() const noexcept { return options_.time.time == pace::driven; }
    void arm_limiter(runstate::ns period);
    void end_limiter_period();

    runstate::controller& controller_;
    const qmp_server_options options_;
    runstate::migration migration_{controller_.control(), controller_};
    qom_tree objects_;
    // These outlive the sessions, which the pump or the player owns.
    listed_session::list qtest_sessions_;
    idle_session::list idle_sessions_;
    std::map<std::string, monitor_qmp_options> monitor_objects_; ///< that clients have made, by their ids
    std::unique_ptr<transcript> transcript_;
    runstate::snapshot_files snapshot_files_;
    std::unique_ptr<runstate::snapshot_store> told_snapshots_; ///< with a transcript
    qmp_monitor monitor_;
    pump pump_;
    runstate::vm_timer virtual_limiter_{controller_.clock, [this] { monitor_.limiter_timer_expired(); }};
    boost::asio::steady_timer host_limiter_{pump_.executor()};
    qmp_server::qtest_options qtest_options_;
    std::unique_ptr<qtest_adapter> qtest_;
    std::unique_ptr<remote_machine> remote_; ///< whose functions are served; null: none are
    std::optional<nmi_line> nmis_;           ///< where it is acted on
    std::vector<server_plan> plans_;
    std::vector<std::unique_ptr<stream_server>> servers_;
    std::unique_ptr<local_clients> local_clients_;
    std::unique_ptr<transcript_player> player_;
    std::vector<std::unique_ptr<output_retry>> retries_;
    unsigned files_asked_for_ = 0;
    bool started_ = false;
    lifeline life_;
};

} // namespace vigil::qmp_bridge

#endif
