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
#include <vigil/qmp-bridge/serve/file_reader.h>
#include <vigil/runstate/clock/kernel_time.h>
#include <vigil/sim/block/block_commands.h>
#include <vigil/sim/machine/catalogue.h>
#include <vigil/sim/version.h>

namespace vigil::sim {

namespace {

constexpr int k_interrupt_lines = 24; // of an I/O APIC
// How far who reads the timeline may fall behind.
constexpr std::size_t k_most_kept_of_timeline = 16U * 1024 * 1024;

runstate::ns simulated_time() { return runstate::to_ns(sc_core::sc_time_stamp()); }

constexpr int k_termination_signals[] = {SIGINT, SIGTERM, SIGHUP};

// A signal that comes while the program ends changes nothing any more: its exit status is decided.
void hold_signals_back()
{
    sigset_t ending;
    sigemptyset(&ending);
    for (const int number : k_termination_signals) sigaddset(&ending, number);
    ::sigprocmask(SIG_BLOCK, &ending, nullptr);
}

// A session with nobody: a chardev that no option refers to.
struct silent_session : qmp_bridge::session {
    void opened() override {}
    void feed(std::string_view /*bytes*/) override {}
    bool pending() const override { return false; }
    void execute_one() override {}
};

} // namespace

simulation::listed_session::listed_session(list& sessions, qmp_bridge::qtest_machine& machine,
                                           std::function<void(std::string_view)> log, interrupt_queue limit)
    : qtest_session(machine, std::move(log), std::move(limit)), sessions_(sessions)
{
    sessions_.push_back(this);
}

simulation::listed_session::~listed_session() { sessions_.erase(std::find(sessions_.begin(), sessions_.end(), this)); }

simulation::simulation(const sim_options& options, runstate::file_access files,
                       const qmp_bridge::recorded_run* recorded)
    : options_(options), recorded_(recorded), files_(std::move(files)), machine_("machine", options.machine),
      monitor_(machine_.controller.control(), monitor_options()), pump_("pump", machine_.controller, options.pump)
{
}

qmp_bridge::qmp_monitor::options simulation::monitor_options()
{
    qmp_bridge::qmp_monitor::options result;
    result.words = options_.words;
    result.machine.name = options_.name;
    if (options_.uuid) result.machine.uuid = *options_.uuid;
    result.machine.package = std::string("Vigil ") + k_version;
    result.machine.wakeup_suspend_support = machine_.wakeup_supported();
    result.machine.cpu_paths = machine_.cpu_paths();
    result.machine.thread_id =
        recorded_ != nullptr ? recorded_->head.process : ::getpid(); // one thread runs everything
    result.machine.ram_bytes = options_.machine.ram_bytes;
    result.machine.machines = known_machines();
    result.machine.fdsets = options_.fdsets;
    result.chardevs = [this] { return chardevs(); };
    result.locate = [this](const std::string& path) { return locate(path); };
    result.commands = block_commands([this](const runstate::file_place& place, std::size_t most, auto done) {
        return read_file(place, most, std::move(done));
    });
    result.preconfig = options_.preconfig;
    result.exit_preconfig = [this] {
        if (!options_.start_stopped) machine_.controller.control().cont();
    };
    result.event_queue_bytes = options_.clients.queue_bytes;
    result.migration = &migration_;
    result.objects = &objects_;
    result.arm_limiter = [this](runstate::ns period) { arm_limiter(period); };
    if (options_.trace || recorded_ != nullptr) {
        const auto look = [this] { return pump_.look_number(); };
        transcript_ = std::make_unique<qmp_bridge::transcript>(simulated_time, look);
        result.wall_clock = [this] { return qmp_bridge::to_timestamp(transcript_->time_of_day()); };
        result.unsent = [this](const qmp_bridge::qmp_session& session, std::size_t of_interest) {
            return unsent(session, of_interest);
        };
    }
    return result;
}

int simulation::run()
{
    auto error = start();
    if (!error && started) error = started();
    if (error) {
        if (error->in_file) {
            complain_of_file(error->text);
        } else {
            complain(error->text);
        }
        return 1;
    }
    try {
        sc_core::sc_start();
    } catch (const std::bad_alloc&) { // for the kernel's remark that it has stopped
        if (!pump_.leaving()) throw;
    }
    hold_signals_back();
    return finish();
}

simulation::failure simulation::start()
{
    keep_offering(standard_error());
    if (machine_.error()) return *machine_.error();
    if (options_.pidfile) {
        if (const auto why = pid_.write(*options_.pidfile)) {
            return option_error{"-pidfile " + *options_.pidfile + ": " + *why};
        }
    }
    wire_machine();
    if (auto error = start_transcript()) return error;
    if (auto error = start_incoming()) return error;
    if (auto error = start_guest()) return error;
    if (auto error = prepare_qtest()) return error;
    plan_servers();
    if (recorded_ != nullptr) {
        replay();
        return std::nullopt;
    }
    await_signal();
    if (auto error = check_descriptors()) return error;
    if (auto error = start_servers()) return error;
    if (options_.timeline && !start_timeline()) {
        return option_error{"-timeline: cannot connect to its own QMP socket"};
    }
    return std::nullopt;
}

void simulation::keep_offering(qmp_bridge::line_output& output)
{
    retries_.push_back(std::make_unique<qmp_bridge::output_retry>(pump_.io(), output));
}

void simulation::wire_machine()
{
    machine_.controller.control().set_actions(options_.actions);
    machine_.controller.autostart(!options_.start_stopped && !options_.preconfig);
    machine_.controller.add_listener(monitor_);
    machine_.controller.add_listener(log_);
    for (const auto& type : known_types()) objects_.types.add(type);
    list_objects();
    monitor_.log = complain;
    monitor_.output_added = [this](qmp_bridge::qmp_session& session) { output_added(session); };
    migration_.defer = [this](std::function<void()> job) { defer(std::move(job)); };
    migration_.clock_set = [this] { end_limiter_period(); };
}

void simulation::list_objects()
{
    for (const object_request& one : options_.objects) {
        if (objects_.objects().child(one.id) == nullptr) objects_.objects().add(one.id, one.type);
    }
    machine_.list_objects(objects_);
}

simulation::failure simulation::start_transcript()
{
    if (!transcript_) return std::nullopt;
    if (recorded_ != nullptr) {
        transcript_->repeat(*recorded_);
        told_snapshots_ = std::make_unique<qmp_bridge::repeated_snapshots>(*transcript_, files_);
    } else {
        told_snapshots_ = std::make_unique<qmp_bridge::recorded_snapshots>(*transcript_, snapshot_files_);
    }
    migration_.store = told_snapshots_.get();
    migration_.host_time = [this] { return transcript_->elapsed(); };
    pump_.observe(transcript_.get());
    if (!options_.trace) return std::nullopt;
    qmp_bridge::transcript_head head{k_version, options_.arguments, ::getpid(), options_.configurations};
    if (recorded_ != nullptr) head = recorded_->head;
    transcript_->ended = [this](const std::string& reason) {
        complain("-trace " + *options_.trace + ": cannot be written to its end: " + reason +
                 "; nothing more is recorded");
    };
    if (auto error = transcript_->write_to(*options_.trace, head)) return option_error{"-trace: " + error->text};
    keep_offering(*transcript_->output());
    return std::nullopt;
}

simulation::failure simulation::start_incoming()
{
    if (!options_.incoming) return std::nullopt;
    migration_.await_incoming();
    if (!options_.incoming->path) return std::nullopt;
    if (const auto refused = migration_.incoming(runstate::file_place(*options_.incoming->path))) {
        return option_error{"-incoming: " + refused->text};
    }
    return std::nullopt;
}

simulation::failure simulation::start_guest()
{
    if (!options_.guest_trace) return std::nullopt;
    const std::string& name = options_.guest_trace->file;
    const auto text = guest_trace_text();
    if (const auto* error = std::get_if<option_error>(&text)) return option_error{"-guest-trace " + error->text};
    std::istringstream in(std::get<std::string>(text));
    auto accesses = read_guest_trace(in, name, options_.guest_trace->scenario);
    if (auto* error = std::get_if<option_error>(&accesses)) return option_error{"-guest-trace " + error->text};
    guest_ = std::make_unique<trace_player>("guest", machine_.controller,
                                            std::move(std::get<std::vector<guest_access>>(accesses)));
    guest_->io.socket.bind(machine_.io_ports());
    guest_->memory.socket.bind(machine_.memory());
    return std::nullopt;
}

std::variant<std::string, qmp_bridge::option_error> simulation::guest_trace_text()
{
    constexpr std::size_t k_most = std::size_t{64} * 1024 * 1024;
    const std::string& name = options_.guest_trace->file;
    if (recorded_ == nullptr) {
        auto text = qmp_bridge::read_whole_file(name, k_most);
        if (const auto* content = std::get_if<std::string>(&text); content != nullptr && transcript_) {
            transcript_->guest_trace(*content);
        }
        return text;
    }
    auto content = transcript_->recorded_guest_trace();
    if (!content) return option_error{name + ": the transcript does not hold it"};
    transcript_->guest_trace(*content);
    return std::move(*content);
}

simulation::failure simulation::prepare_qtest()
{
    if (!options_.qtest) return std::nullopt;
    if (options_.qtest_log.value_or("") != "none") {
        std::variant<std::FILE*, option_error> file = stderr;
        if (options_.qtest_log) file = qmp_bridge::open_private_file(*options_.qtest_log);
        if (const auto* error = std::get_if<option_error>(&file)) return option_error{"-qtest-log " + error->text};
        qtest_log_.open(std::get<std::FILE*>(file));
        if (options_.qtest_log) keep_offering(qtest_log_.output());
    }
    qtest_ = std::make_unique<qmp_bridge::qtest_adapter>("qtest", machine_.controller, pump_);
    qtest_->io.socket.bind(machine_.io_ports());
    qtest_->memory.socket.bind(machine_.memory());
    qtest_->msr.socket.bind(machine_.msrs());
    qtest_->set_cpus(options_.machine.cpus);
    qtest_->add_interrupt_lines("ioapic", k_interrupt_lines);
    qtest_->interrupt_changed = [this](int number, bool level) {
        for (qmp_bridge::qtest_session* session : qtest_sessions_) {
            if (!session->intercepts_irqs()) continue;
            session->interrupt_changed(number, level);
            output_added(*session);
        }
    };
    return std::nullopt;
}

void simulation::plan_servers()
{
    const std::string refusal = "Too many clients; at most " + std::to_string(options_.clients.most) + " at once";
    for (const monitor_request& request : options_.monitors) {
        const auto make_session = [this, pretty = request.pretty, label = request.where.label] {
            return monitor_.new_session(pretty, label);
        };
        plans_.push_back({request.where, make_session,
                          "{\"error\": {\"class\": \"GenericError\", \"desc\": \"" + refusal + "\"}}\r\n"});
    }
    if (options_.qtest) {
        plans_.push_back({*options_.qtest, [this] { return new_qtest_session(); }, "FAIL " + refusal + "\n"});
    }
    for (const qmp_bridge::chardev& idle : options_.idle_chardevs) {
        plans_.push_back({idle, [] { return std::make_unique<silent_session>(); }, {}});
    }
    for (const server_plan& plan : plans_) {
        const std::string& label = plan.where.label; // of two monitors without clients it may be the same
        if (objects_.chardevs().child(label) != nullptr) continue;
        objects_.chardevs().add(label, std::string(chardev_type(plan.where)));
    }
}

simulation::failure simulation::check_descriptors() const
{
    for (const qmp_bridge::fdset_info& set : options_.fdsets) {
        for (const qmp_bridge::fdset_fd_info& one : set.fds) {
            if (::fcntl(static_cast<int>(one.fd), F_GETFD) >= 0) continue;
            return option_error{"-add-fd: descriptor " + std::to_string(one.fd) + " is not open"};
        }
    }
    return std::nullopt;
}

simulation::failure simulation::start_servers()
{
    for (const server_plan& plan : plans_) {
        if (plan.where.server && plan.where.wait) complain("waiting for connection on: " + plan.where.to_string());
        qmp_bridge::stream_server::options opts;
        opts.where = plan.where;
        opts.number = static_cast<unsigned>(servers_.size());
        opts.most_clients = options_.clients.most;
        opts.refusal = plan.refusal;
        opts.warn = complain;
        servers_.push_back(std::make_unique<qmp_bridge::stream_server>(pump_, std::move(opts), plan.make_session));
        if (auto error = servers_.back()->start()) return error;
    }
    return std::nullopt;
}

std::unique_ptr<qmp_bridge::session> simulation::new_qtest_session()
{
    std::function<void(std::string_view)> log;
    if (qtest_log_.is_open()) log = [this](std::string_view line) { qtest_log_.write(line, pump_.io()); };
    qmp_bridge::qtest_session::interrupt_queue limit;
    limit.most = options_.clients.queue_bytes;
    limit.unsent = [this](const qmp_bridge::session& session, std::size_t of_interest) {
        return unsent(session, of_interest);
    };
    limit.warn = complain;
    return std::make_unique<listed_session>(qtest_sessions_, *qtest_, log, std::move(limit));
}

void simulation::prepare_for_confinement()
{
    const auto looks_names_up = [](const server_plan& plan) {
        return plan.where.kind == qmp_bridge::chardev::transport::tcp && plan.where.reconnect != 0;
    };
    if (std::any_of(plans_.begin(), plans_.end(), looks_names_up)) pump_.names().prepare();
}

bool simulation::start_timeline()
{
    qmp_bridge::line_output::options opts;
    opts.most_kept = k_most_kept_of_timeline;
    opts.tell_dropped = [](std::uint64_t lines) { return dropped_text("the timeline", lines) + "\n"; };
    keep_offering(standard_output_.emplace(STDOUT_FILENO, std::move(opts)));
    timeline_ = std::make_unique<timeline>(*standard_output_, machine_.controller, pump_);
    if (guest_) timeline_->watch(*guest_);
    for (models::i6300esb* watchdog : machine_.watchdogs()) {
        watchdog->stage_expired = [this](unsigned stage) { timeline_->stage_ended(stage); };
    }
    return timeline_->connect(options_.monitors.front().where.path);
}

void simulation::replay()
{
    qmp_bridge::transcript_player::program program;
    program.make_session = [this](unsigned server) {
        return server < plans_.size() ? plans_[server].make_session() : nullptr;
    };
    program.limiter_expired = [this] { monitor_.limiter_timer_expired(); };
    program.signalled = [this](int) { machine_.controller.control().terminate_by_signal(); };
    player_ = std::make_unique<qmp_bridge::transcript_player>(pump_, *transcript_, std::move(program));
}

void simulation::await_signal()
{
    for (const int number : k_termination_signals) signals_.add(number);
    signals_.async_wait(life_.tied([this](const boost::system::error_code& error, int number) {
        if (error) return;
        pump_.interrupt([this, number] {
            if (transcript_) transcript_->signalled(number);
            machine_.controller.control().terminate_by_signal();
        });
    }));
}

std::vector<qmp_bridge::chardev_info> simulation::chardevs() const
{
    std::vector<qmp_bridge::chardev_info> all;
    for (const server_plan& plan : plans_) {
        all.push_back({plan.where.label, plan.where.to_string(), !plan.refusal.empty()});
    }
    return all;
}

std::variant<runstate::file_place, runstate::refusal> simulation::locate(const std::string& path)
{
    std::variant<runstate::file_place, runstate::refusal> place = runstate::file_place(path);
    if (recorded_ == nullptr) place = files_.resolve(path);
    if (!transcript_) return place;
    const auto* refused = std::get_if<runstate::refusal>(&place);
    if (auto why = transcript_->refused(refused != nullptr ? std::optional(refused->text) : std::nullopt)) {
        return runstate::refusal{std::move(*why)};
    }
    return place;
}

std::shared_ptr<void> simulation::read_file(const runstate::file_place& place, std::size_t most,
                                            std::function<void(qmp_bridge::file_content)> done)
{
    if (player_) return player_->read_file(std::move(done));
    if (!transcript_) return qmp_bridge::read_file(pump_, place, most, std::move(done));
    return qmp_bridge::read_file(
        pump_, place, most,
        [this, which = ++files_asked_for_, done = std::move(done)](qmp_bridge::file_content content) {
            transcript_->file_read(which, content);
            done(std::move(content));
        });
}

unsigned simulation::number_of(const qmp_bridge::session& session) const
{
    if (player_) return player_->number_of(session);
    const auto client = pump_.carrier_of(session);
    return client ? client->number() : 0;
}

std::size_t simulation::unsent(const qmp_bridge::session& session, std::size_t of_interest)
{
    const unsigned client = transcript_ ? number_of(session) : 0;
    if (client == 0) return session.output.size(); // nobody's any more, or nobody takes note
    return transcript_->unsent(client, session.output.size(), of_interest);
}

void simulation::output_added(const qmp_bridge::session& session)
{
    if (player_) {
        player_->output_added(session);
    } else if (const auto client = pump_.carrier_of(session)) {
        pump_.has_output(client);
    }
}

void simulation::defer(std::function<void()> job)
{
    if (player_) {
        player_->defer(std::move(job));
        return;
    }
    pump_.post([this, job = std::move(job)] {
        if (transcript_) transcript_->job();
        job();
    });
}

void simulation::arm_limiter(runstate::ns period)
{
    if (options_.pump.time == qmp_bridge::pump::pace::driven) {
        virtual_limiter_.arm(runstate::saturating_add(machine_.controller.clock.now(), period));
        return;
    }
    if (player_) return; // the transcript knows when
    host_limiter_.expires_after(period);
    host_limiter_.async_wait(life_.tied([this](const boost::system::error_code& error) {
        if (error) return;
        if (transcript_) transcript_->limiter_expired();
        monitor_.limiter_timer_expired();
    }));
}

// The limiter's time was of a clock that has been set: nothing is held back for it any longer.
void simulation::end_limiter_period()
{
    if (options_.pump.time != qmp_bridge::pump::pace::driven) return;
    virtual_limiter_.cancel();
    monitor_.limiter_timer_expired();
}

int simulation::finish()
{
    const int status = pump_.exit_status();
    if (standard_output_ && !standard_output_->finish(qmp_bridge::line_output::k_last_words)) {
        complain("-timeline: nobody reads it; it is cut off");
    }
    if (!transcript_) return status;
    if (!transcript_->repeating() || transcript_->next() != nullptr) transcript_->exited(status);
    transcript_->finish();
    if (const auto& divergence = transcript_->divergence()) {
        complain("-replay " + *options_.replay + ", " + *divergence);
        return 1;
    }
    return status;
}

} // namespace vigil::sim
