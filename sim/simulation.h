// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_SIMULATION_H
#define VIGIL_SIM_SIMULATION_H

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/signal_set.hpp>

#include <vigil/qmp-bridge/host/line_output.h>
#include <vigil/qmp-bridge/qmp_server.h>
#include <vigil/qmp-bridge/serve/lifeline.h>
#include <vigil/qmp-bridge/transcript/transcript.h>
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

    /// What speaks for every client of a run that serves none (see `qmp_server_options`).
    using script = std::function<void(qmp_bridge::local_clients&)>;
    /// A run that follows `speak`.
    simulation(const sim_options& options, runstate::file_access files, script speak);

    /// Called once all is open that the command line names, and before anything runs. What it returns ends the run.
    std::function<std::optional<runstate::refusal>()> started;

    /// Starts it, runs it to its end, and returns the program's exit status.
    int run();

    /// Offers what a reader does not take at once again; `output` must outlive the simulation.
    void keep_offering(qmp_bridge::line_output& output) { server_.keep_offering(output); }

    /// The machine that the run is of.
    machine& guest() noexcept { return machine_; }

    /// Takes machine and monitor back to that moment of a run that follows a script (see `qmp_server::return_to`).
    std::optional<runstate::refusal> return_to(const runstate::controller::moment& before)
    {
        return server_.return_to(before);
    }

    /// Writes a transcript from now on, of a run that follows a script; nothing may have been said yet.
    std::optional<runstate::refusal> record_to(const std::string& path);
    /// Ends that transcript, though the run may not be over.
    void end_record();

    /// Has all there that serving may want to start or load later, for a process that will not be allowed to.
    void prepare_for_confinement() { server_.prepare_for_confinement(); }

private:
    using failure = std::optional<runstate::refusal>;

    simulation(const sim_options& options, runstate::file_access files, const qmp_bridge::recorded_run* recorded,
               script speak);

    // Log lines of the controller, as QEMU writes them to standard error.
    struct log_listener : runstate::run_listener {
        void on_log(std::string_view line) override { complain(line); }
    };

    qmp_bridge::qmp_server_options server_options(runstate::file_access files);
    void describe_machine();
    void list_objects();
    failure start();
    failure start_transcript();
    bool serves_clients() const noexcept { return recorded_ == nullptr && !script_; }
    failure start_incoming();
    failure start_guest();
    runstate::result<std::string> guest_trace_text();
    failure prepare_qtest();
    failure prepare_servers();
    failure check_descriptors() const; ///< those of -add-fd
    bool start_timeline();
    void await_signal();
    int finish(); ///< the exit status, once the run is over

    const sim_options& options_;
    const qmp_bridge::recorded_run* recorded_;
    const script script_;
    pid_file pid_;
    machine machine_;
    log_listener log_;
    qmp_bridge::log_file qtest_log_file_;
    batched_log qtest_log_;
    qmp_bridge::qmp_server server_;
    boost::asio::signal_set signals_{server_.executor()};
    std::unique_ptr<trace_player> guest_;
    std::optional<qmp_bridge::line_output> standard_output_; ///< of the timeline
    std::unique_ptr<timeline> timeline_;
    qmp_bridge::lifeline life_;
};

} // namespace vigil::sim

#endif
