// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_SIMULATION_H
#define VIGIL_SIM_SIMULATION_H

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <vigil/qmp-bridge/host/output_retry.h>
#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp/qmp_session.h>
#include <vigil/qmp-bridge/qmp/qom_tree.h>
#include <vigil/qmp-bridge/qtest/qtest_adapter.h>
#include <vigil/qmp-bridge/serve/lifeline.h>
#include <vigil/qmp-bridge/serve/pump.h>
#include <vigil/qmp-bridge/serve/stream_server.h>
#include <vigil/qmp-bridge/transcript/transcript.h>
#include <vigil/qmp-bridge/transcript/transcript_player.h>
#include <vigil/qmp-bridge/transcript/transcript_snapshots.h>
#include <vigil/runstate/migration.h>
#include <vigil/sim/demo/guest_trace.h>
#include <vigil/sim/demo/timeline.h>
#include <vigil/sim/host/pid_file.h>
#include <vigil/sim/host/program_log.h>
#include <vigil/sim/machine/machine.h>
#include <vigil/sim/options/options.h>

namespace vigil::sim {

/// Everything that one command line asks for: the machine, its clock, and the servers where clients meet it.
class simulation {
public:
    /// `files` are those that commands may name. `recorded` is the run to be repeated; null: none is. It and the
    /// options must outlive the simulation.
    simulation(const sim_options& options, runstate::file_access files, const qmp_bridge::recorded_run* recorded);

    /// Called once all is open that the command line names, and before anything runs. What it returns ends the run.
    std::function<std::optional<qmp_bridge::option_error>()> started;

    /// Starts it, runs it to its end, and returns the program's exit status.
    int run();

    /// Has all there that serving may want to start or load later, for a process that will not be allowed to.
    void prepare_for_confinement();

private:
    using option_error = qmp_bridge::option_error;
    using failure = std::optional<option_error>;

    // A qtest session that is in a list for as long as it lives.
    struct listed_session : qmp_bridge::qtest_session {
        using list = std::vector<qmp_bridge::qtest_session*>;

        listed_session(list& sessions, qmp_bridge::qtest_machine& machine, std::function<void(std::string_view)> log,
                       interrupt_queue limit);
        ~listed_session() override;

        list& sessions_;
    };

    // Log lines of the controller, as QEMU writes them to standard error.
    struct log_listener : runstate::run_listener {
        void on_log(std::string_view line) override { complain(line); }
    };

    // Where clients meet the machine, and what is said to them.
    struct server_plan {
        qmp_bridge::chardev where;
        qmp_bridge::stream_server::session_factory make_session;
        std::string refusal; ///< of a client too many
    };

    qmp_bridge::qmp_monitor::options monitor_options();
    void wire_machine();
    void list_objects();
    failure start();
    failure start_transcript();
    failure start_incoming();
    failure start_guest();
    std::variant<std::string, option_error> guest_trace_text();
    failure prepare_qtest();
    void plan_servers();
    failure check_descriptors() const; ///< those of -add-fd
    failure start_servers();
    bool start_timeline();
    void keep_offering(qmp_bridge::line_output& output); ///< what its reader does not take at once
    std::unique_ptr<qmp_bridge::session> new_qtest_session();
    void replay(); ///< instead of servers
    void await_signal();
    std::vector<qmp_bridge::chardev_info> chardevs() const;
    std::variant<runstate::file_place, runstate::refusal> locate(const std::string& path);
    std::shared_ptr<void> read_file(const runstate::file_place& place, std::size_t most,
                                    std::function<void(qmp_bridge::file_content)> done);
    unsigned number_of(const qmp_bridge::session& session) const; ///< of the client; 0 where it has gone
    std::size_t unsent(const qmp_bridge::session& session, std::size_t of_interest); ///< as the transcript has it
    void output_added(const qmp_bridge::session& session);
    void defer(std::function<void()> job);
    void arm_limiter(runstate::ns period);
    void end_limiter_period();
    int finish(); ///< the exit status, once the run is over

    const sim_options& options_;
    const qmp_bridge::recorded_run* recorded_;
    runstate::file_access files_;
    pid_file pid_;
    machine machine_;
    runstate::migration migration_{machine_.controller.control(), machine_.controller};
    qmp_bridge::qom_tree objects_;
    log_listener log_;
    // These outlive the sessions, which the pump or the player owns.
    batched_log qtest_log_;
    listed_session::list qtest_sessions_;
    std::unique_ptr<qmp_bridge::transcript> transcript_;
    runstate::snapshot_files snapshot_files_;
    std::unique_ptr<runstate::snapshot_store> told_snapshots_; ///< with a transcript
    qmp_bridge::qmp_monitor monitor_;
    qmp_bridge::pump pump_;
    runstate::vm_timer virtual_limiter_{machine_.controller.clock, [this] { monitor_.limiter_timer_expired(); }};
    boost::asio::steady_timer host_limiter_{pump_.io()};
    boost::asio::signal_set signals_{pump_.io()};
    std::unique_ptr<qmp_bridge::qtest_adapter> qtest_;
    std::unique_ptr<trace_player> guest_;
    std::vector<server_plan> plans_;
    std::vector<std::unique_ptr<qmp_bridge::stream_server>> servers_;
    std::unique_ptr<qmp_bridge::transcript_player> player_;
    std::optional<qmp_bridge::line_output> standard_output_; ///< of the timeline
    std::unique_ptr<timeline> timeline_;
    std::vector<std::unique_ptr<qmp_bridge::output_retry>> retries_;
    unsigned files_asked_for_ = 0;
    qmp_bridge::lifeline life_;
};

} // namespace vigil::sim

#endif
