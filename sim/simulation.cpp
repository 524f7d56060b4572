// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/simulation.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <new>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <vigil/qmp-bridge/host/host_file.h>
#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp/qom_tree.h>
#include <vigil/runstate/migration.h>
#include <vigil/sim/block/block_commands.h>
#include <vigil/sim/device_commands.h>
#include <vigil/sim/machine/catalogue.h>
#include <vigil/sim/options/options_command.h>
#include <vigil/sim/version.h>

namespace vigil::sim {

using qmp_bridge::refuse;

namespace {

constexpr int k_interrupt_lines = 24; // of an I/O APIC
// How far who reads the timeline may fall behind.
constexpr std::size_t k_most_kept_of_timeline = 16U * 1024 * 1024;

constexpr int k_termination_signals[] = {SIGINT, SIGTERM, SIGHUP};

// A signal that comes while the program ends changes nothing any more: its exit status is decided.
void hold_signals_back()
{
    sigset_t ending;
    sigemptyset(&ending);
    for (const int number : k_termination_signals) sigaddset(&ending, number);
    ::sigprocmask(SIG_BLOCK, &ending, nullptr);
}

} // namespace

simulation::simulation(const sim_options& options, runstate::file_access files,
                       const qmp_bridge::recorded_run* recorded)
    : simulation(options, std::move(files), recorded, script())
{
}

simulation::simulation(const sim_options& options, runstate::file_access files, script speak)
    : simulation(options, std::move(files), nullptr, std::move(speak))
{
}

simulation::simulation(const sim_options& options, runstate::file_access files,
                       const qmp_bridge::recorded_run* recorded, script speak)
    : options_(options), recorded_(recorded), script_(std::move(speak)), machine_("machine", options.machine),
      server_("qmp", machine_.controller, {}, server_options(std::move(files)))
{
    const auto read = [this](const runstate::file_place& place, std::size_t most, auto done) {
        return server_.read_file(place, most, std::move(done));
    };
    for (qmp_bridge::own_command& one : block_commands(read)) server_.add_command(std::move(one));
    server_.add_command(options_command());
    for (qmp_bridge::own_command& one : device_commands(machine_, options_.machine.behaviour)) {
        server_.add_command(std::move(one));
    }
    machine_.devices_gone = [this] { server_.defer([this] { machine_.tell_of_gone(); }); };
}

qmp_bridge::qmp_server_options simulation::server_options(runstate::file_access files)
{
    qmp_bridge::qmp_server_options result;
    result.words = options_.words;
    result.errors = json_errors_of(options_.machine.behaviour);
    result.name = options_.name;
    result.uuid = options_.uuid;
    result.time = options_.time;
    result.clients = options_.clients;
    result.files = std::move(files);
    result.log = complain;
    result.preconfig = options_.preconfig;
    result.exit_preconfig = [this] {
        if (!options_.start_stopped) machine_.controller.control().cont();
    };
    result.transcribed = options_.trace.has_value() || script_;
    result.recorded = recorded_;
    result.script = script_;
    return result;
}

int simulation::run()
{
    auto error = start();
    if (!error && started) error = started();
    if (error) {
        complain_of(*error, machine_.error_place());
        return 1;
    }
    try {
        sc_core::sc_start();
    } catch (const std::bad_alloc&) { // for the kernel's remark that it has stopped
        if (!server_.ended()) throw;
    }
    hold_signals_back();
    return finish();
}

simulation::failure simulation::start()
{
    server_.keep_offering(standard_error());
    if (machine_.error()) return *machine_.error();
    if (options_.pidfile) {
        if (const auto why = pid_.write(*options_.pidfile)) {
            return refuse("-pidfile " + *options_.pidfile + ": " + *why);
        }
    }
    describe_machine();
    if (auto error = start_transcript()) return error;
    if (auto error = start_incoming()) return error;
    if (auto error = start_guest()) return error;
    if (auto error = prepare_servers()) return error;
    if (serves_clients()) {
        await_signal();
        if (auto error = check_descriptors()) return error;
    }
    if (auto error = server_.start()) return error;
    if (serves_clients() && options_.timeline && !start_timeline()) {
        return refuse("-timeline: cannot connect to its own QMP socket");
    }
    return std::nullopt;
}

void simulation::describe_machine()
{
    machine_.controller.control().set_actions(options_.actions);
    machine_.controller.autostart(!options_.start_stopped && !options_.preconfig);
    machine_.controller.add_listener(log_);
    qmp_bridge::machine_description& description = server_.description();
    description.wakeup_suspend_support = machine_.wakeup_supported();
    description.cpu_paths = machine_.cpu_paths();
    description.ram_bytes = options_.machine.ram_bytes;
    description.machines = known_machines(options_.version);
    description.accelerator = options_.accelerator;
    description.fdsets = options_.fdsets;
    const auto is_balloon = [](const device_request& one) { return one.driver == "virtio-balloon-pci"; };
    const auto& devices = options_.machine.devices;
    description.balloon = std::any_of(devices.begin(), devices.end(), is_balloon);
    server_.objects().types.tell_defaults_of_all(options_.machine.behaviour.renewed_objects);
    server_.objects().types.add_when_asked([version = options_.version] { return known_types(version); });
    server_.objects().add_when_asked([this] { list_objects(); });
}

void simulation::list_objects()
{
    qmp_bridge::qom_tree& tree = server_.objects();
    for (const object_request& one : options_.objects) {
        if (tree.objects().child(one.id) == nullptr) tree.objects().add(one.id, one.type);
    }
    machine_.list_objects(tree);
    if (!options_.machine.behaviour.renewed_objects) return;
    for (const char* name : {"backend", "audiodevs"}) tree.root().add(name, "container");
    tree.root().arrange({"backend", "machine", "objects", "chardevs", "audiodevs"});
    for (const monitor_request& one : options_.monitors) {
        if (!one.object.empty()) server_.show_monitor(one.object, one.where.label, one.pretty);
    }
}

simulation::failure simulation::start_transcript()
{
    if (!options_.trace) return std::nullopt;
    server_.tale()->ended = [this](const std::string& reason) {
        complain("-trace " + *options_.trace + ": cannot be written to its end: " + reason +
                 "; nothing more is recorded");
    };
    const qmp_bridge::transcript_head head{k_version, options_.arguments, ::getpid(), options_.configurations};
    if (auto error = server_.write_transcript(*options_.trace, head)) return refuse("-trace: " + error->text);
    return std::nullopt;
}

std::optional<runstate::refusal> simulation::record_to(const std::string& path)
{
    const qmp_bridge::transcript_head head{k_version, options_.arguments, server_.description().thread_id,
                                           options_.configurations};
    return server_.write_transcript(path, head);
}

void simulation::end_record() { server_.tale()->finish(); }

simulation::failure simulation::start_incoming()
{
    if (!options_.incoming) return std::nullopt;
    runstate::migration& migration = server_.migration();
    migration.await_incoming();
    if (!options_.incoming->path) return std::nullopt;
    if (const auto refused = migration.incoming(runstate::file_place(*options_.incoming->path))) {
        return refuse("-incoming: " + refused->text);
    }
    return std::nullopt;
}

simulation::failure simulation::start_guest()
{
    if (!options_.guest_trace) return std::nullopt;
    const std::string& name = options_.guest_trace->file;
    const auto text = guest_trace_text();
    if (!text) return refuse("-guest-trace " + text.why().text);
    std::istringstream in(*text);
    auto accesses = read_guest_trace(in, name, options_.guest_trace->scenario);
    if (!accesses) return refuse("-guest-trace " + accesses.why().text);
    guest_ = std::make_unique<trace_player>("guest", machine_.controller, *std::move(accesses));
    guest_->io.socket.bind(machine_.io_ports());
    guest_->memory.socket.bind(machine_.memory());
    return std::nullopt;
}

runstate::result<std::string> simulation::guest_trace_text()
{
    constexpr std::size_t k_most = std::size_t{64} * 1024 * 1024;
    const std::string& name = options_.guest_trace->file;
    qmp_bridge::transcript* const tale = server_.tale();
    if (recorded_ == nullptr) {
        auto text = qmp_bridge::read_whole_file(name, k_most);
        if (text && tale != nullptr) tale->guest_trace(*text);
        return text;
    }
    auto content = tale->recorded_guest_trace();
    if (!content) return refuse(name + ": the transcript does not hold it");
    tale->guest_trace(*content);
    return std::move(*content);
}

simulation::failure simulation::prepare_servers()
{
    for (const monitor_request& request : options_.monitors) server_.add_monitor(request.where, request.pretty);
    for (const vfio_user_request& one : options_.vfio_user) {
        server_.serve_vfio_user(one.where, *machine_.exported(one.device));
    }
    if (options_.actuate) server_.actuate(*options_.actuate);
    if (options_.qtest) {
        if (auto error = prepare_qtest()) return error;
    }
    for (const qmp_bridge::chardev& idle : options_.idle_chardevs) server_.add_silent(idle);
    return std::nullopt;
}

simulation::failure simulation::prepare_qtest()
{
    qmp_bridge::qmp_server::qtest_options opts;
    if (options_.qtest_log.value_or("") != "none") {
        if (options_.qtest_log) {
            if (auto error = qtest_log_file_.open(*options_.qtest_log)) {
                return refuse("-qtest-log " + error->text);
            }
            server_.keep_offering(qtest_log_file_.output());
        }
        qtest_log_.open(options_.qtest_log ? qtest_log_file_.output() : standard_error());
        opts.log = [this](std::string_view line) { qtest_log_.write(line, server_.executor()); };
    }
    opts.cpus = options_.machine.cpus;
    opts.interrupt_controller = "ioapic";
    opts.interrupt_lines = k_interrupt_lines;
    if (options_.machine.behaviour.whole_port_accesses) {
        opts.region_of_port = [this](std::uint16_t port) { return machine_.port_region_at(port); };
    }
    opts.clock_commands_can_fail = options_.machine.behaviour.clock_commands_can_fail;
    const auto initiators = server_.serve_qtest(*options_.qtest, std::move(opts));
    initiators.io.socket.bind(machine_.io_ports());
    initiators.memory.socket.bind(machine_.memory());
    initiators.msr.socket.bind(machine_.msrs());
    return std::nullopt;
}

simulation::failure simulation::check_descriptors() const
{
    for (const qmp_bridge::fdset_info& set : options_.fdsets) {
        for (const qmp_bridge::fdset_fd_info& one : set.fds) {
            if (::fcntl(static_cast<int>(one.fd), F_GETFD) >= 0) continue;
            return refuse("-add-fd: descriptor " + std::to_string(one.fd) + " is not open");
        }
    }
    return std::nullopt;
}

bool simulation::start_timeline()
{
    qmp_bridge::line_output::options opts;
    opts.most_kept = k_most_kept_of_timeline;
    opts.tell_dropped = [](std::uint64_t lines) { return qmp_bridge::dropped_text("the timeline", lines) + "\n"; };
    server_.keep_offering(standard_output_.emplace(STDOUT_FILENO, std::move(opts)));
    timeline_ = std::make_unique<timeline>(*standard_output_, machine_.controller, server_);
    if (guest_) timeline_->watch(*guest_);
    for (models::i6300esb* watchdog : machine_.watchdogs()) {
        watchdog->stage_expired = [this](unsigned stage) { timeline_->stage_ended(stage); };
    }
    return timeline_->connect(options_.monitors.front().where.path);
}

void simulation::await_signal()
{
    for (const int number : k_termination_signals) signals_.add(number);
    signals_.async_wait(life_.tied([this](const boost::system::error_code& error, int number) {
        if (!error) server_.terminate(number);
    }));
}

int simulation::finish()
{
    if (standard_output_ && !standard_output_->finish(qmp_bridge::line_output::k_last_words)) {
        complain("-timeline: nobody reads it; it is cut off");
    }
    if (const auto divergence = server_.conclude()) {
        complain("-replay " + *options_.replay + ", " + *divergence);
        return 1;
    }
    return server_.exit_status();
}

} // namespace vigil::sim
