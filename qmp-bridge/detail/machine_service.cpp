// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/detail/machine_service.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include <unistd.h>

#include <vigil/qmp-bridge/detail/vfio_user_client.h>
#include <vigil/qmp-bridge/serve/detail/file_reader.h>
#include <vigil/runstate/clock/kernel_time.h>

namespace vigil::qmp_bridge {

namespace {

// How long a machine may wait for the last one to let go of a function.
constexpr std::chrono::milliseconds k_patience{200};
// How long after a machine's monitor was not there it is asked for again.
constexpr std::chrono::milliseconds k_actuation_retry{200};

runstate::ns simulated_time() { return runstate::to_ns(sc_core::sc_time_stamp()); }

} // namespace

machine_service::listed_session::listed_session(list& sessions, qtest_machine& machine,
                                                std::function<void(std::string_view)> log, interrupt_queue limit)
    : qtest_session(machine, std::move(log), std::move(limit)), sessions_(sessions)
{
    sessions_.push_back(this);
}

machine_service::listed_session::~listed_session()
{
    sessions_.erase(std::find(sessions_.begin(), sessions_.end(), this));
}

machine_service::machine_service(runstate::controller& controller, qmp_server_options opts)
    : controller_(controller), options_(std::move(opts)), monitor_(controller_.control(), monitor_options()),
      pump_("pump", controller_, options_.time)
{
    controller_.add_listener(monitor_);
    monitor_.log = options_.log;
    pump_.log = options_.log;
    migration_.defer = [this](std::function<void()> job) { defer(std::move(job)); };
    migration_.clock_set = [this] { end_limiter_period(); };
    if (transcript_) tell_or_repeat();
}

qmp_monitor::options machine_service::monitor_options()
{
    qmp_monitor::options result;
    result.words = options_.words;
    result.errors = options_.errors;
    result.machine.name = options_.name;
    if (options_.uuid) result.machine.uuid = *options_.uuid;
    result.machine.package = "Vigil " VIGIL_VERSION;
    // One thread runs everything.
    result.machine.thread_id = options_.recorded != nullptr ? options_.recorded->head.process : ::getpid();
    result.chardevs = [this] { return chardevs(); };
    result.locate = [this](const std::string& path) { return locate(path); };
    result.preconfig = options_.preconfig;
    result.exit_preconfig = options_.exit_preconfig;
    result.event_queue_bytes = options_.clients.queue_bytes;
    result.migration = &migration_;
    result.objects = &objects_;
    result.add_monitor = [this](const std::string& id, const monitor_qmp_options& options) {
        return add_monitor_object(id, options);
    };
    result.remove_monitor = [this](const std::string& id, const qmp_session& asked_by) {
        return remove_monitor_object(id, asked_by);
    };
    result.arm_limiter = [this](runstate::ns period) { arm_limiter(period); };
    if (options_.transcribed || options_.recorded != nullptr) {
        transcript_ = std::make_unique<transcript>(simulated_time, [this] { return pump_.look_number(); });
        result.wall_clock = [this] { return to_timestamp(transcript_->time_of_day()); };
        result.unsent = [this](const session& one, std::size_t of_interest) { return unsent(one, of_interest); };
    }
    return result;
}

void machine_service::tell_or_repeat()
{
    if (options_.recorded != nullptr) {
        transcript_->repeat(*options_.recorded);
        told_snapshots_ = std::make_unique<repeated_snapshots>(*transcript_, options_.files);
    } else {
        told_snapshots_ = std::make_unique<recorded_snapshots>(*transcript_, snapshot_files_);
    }
    migration_.store = told_snapshots_.get();
    migration_.host_time = [this] { return transcript_->elapsed(); };
    pump_.clients().observe(transcript_.get());
}

std::optional<runstate::refusal> machine_service::return_to(const runstate::controller::moment& before)
{
    if (local_clients_ == nullptr) return refuse("only a run that follows a script can be taken back");
    if (auto refused = controller_.return_to(before)) return refused;
    virtual_limiter_.cancel();
    host_limiter_.cancel();
    monitor_.start_over();
    local_clients_->start_over();
    return std::nullopt;
}

std::optional<runstate::refusal> machine_service::write_transcript(const std::string& path, const transcript_head& head)
{
    const bool repeats = options_.recorded != nullptr;
    if (auto error = transcript_->write_to(path, repeats ? options_.recorded->head : head)) return error;
    keep_offering(*transcript_->output());
    return std::nullopt;
}

void machine_service::add_plan(server_plan plan)
{
    const std::string& label = plan.where.label; // of two monitors without clients it may be the same
    if (objects_.chardevs().child(label) == nullptr) {
        objects_.chardevs().add(label, std::string(plan.where.qom_type()));
    }
    plans_.push_back(std::move(plan));
}

std::string machine_service::too_many_clients() const
{
    return "Too many clients; at most " + std::to_string(options_.clients.most) + " at once";
}

void machine_service::add_monitor(const chardev& where, bool pretty)
{
    const auto make_session = [this, pretty, label = where.label] { return monitor_.new_session(pretty, label); };
    add_plan({where, make_session,
              "{\"error\": {\"class\": \"GenericError\", \"desc\": \"" + too_many_clients() + "\"}}\r\n"});
}

void machine_service::add_silent(const chardev& where)
{
    const auto make_session = [this, label = where.label] {
        auto made = std::make_unique<idle_session>(label, idle_sessions_);
        if (const auto* options = monitor_object_on(label)) made->speak(new_monitor_session(*options));
        return made;
    };
    server_plan plan{where, make_session, {}};
    plan.idle = true;
    add_plan(std::move(plan));
}

const monitor_qmp_options* machine_service::monitor_object_on(const std::string& chardev) const
{
    const auto found = std::find_if(monitor_objects_.begin(), monitor_objects_.end(),
                                    [&](const auto& one) { return one.second.chardev == chardev; });
    return found != monitor_objects_.end() ? &found->second : nullptr;
}

std::unique_ptr<session> machine_service::new_monitor_session(const monitor_qmp_options& options)
{
    auto made = monitor_.new_session(options.pretty.value_or(false), options.chardev);
    made->unfinished.draw_on(pump_.clients().requests());
    return made;
}

// The texts are those of QEMU 11.1.
std::optional<runstate::refusal> machine_service::add_monitor_object(const std::string& id,
                                                                     const monitor_qmp_options& options)
{
    const std::string& label = options.chardev;
    if (objects_.objects().child(id) != nullptr) {
        return refuse("attempt to add duplicate property '" + id + "' to object (type 'container')");
    }
    const auto plan =
        std::find_if(plans_.begin(), plans_.end(), [&](const server_plan& one) { return one.where.label == label; });
    if (plan == plans_.end()) return refuse("chardev \"" + label + "\" not found");
    if (!plan->idle || monitor_object_on(label) != nullptr) {
        return refuse("chardev '" + label + "' is already in use");
    }
    monitor_objects_.emplace(id, options);
    show_monitor_object(id, options);
    for (idle_session* one : idle_sessions_) {
        if (one->chardev() == label) one->speak(new_monitor_session(options));
    }
    return std::nullopt;
}

void machine_service::show_monitor_object(const std::string& id, const monitor_qmp_options& options)
{
    if (objects_.objects().child(id) != nullptr) return; // an object without effect, of an option, has that name
    qom_tree::node& shown = objects_.objects().add(id, "monitor-qmp");
    shown.facts.push_back({{"chardev", "string", "", [chardev = options.chardev] { return chardev; }, {}}});
    shown.facts.push_back({{"pretty", "bool", "", [pretty = options.pretty.value_or(false)] { return pretty; }, {}}});
    shown.facts.push_back({{"close-action", "MonitorQMPCloseAction", "", [] { return std::string("none"); }, {}}});
}

std::optional<runstate::refusal> machine_service::remove_monitor_object(const std::string& id,
                                                                        const qmp_session& asked_by)
{
    const auto found = monitor_objects_.find(id);
    const std::string label = found != monitor_objects_.end() ? found->second.chardev : id;
    if (asked_by.server() == label) return refuse("Cannot delete the current QMP monitor");
    if (found == monitor_objects_.end()) {
        if (objects_.objects().child(id) == nullptr) return refuse("object '" + id + "' not found");
        return refuse("object '" + id + "' was not made by object-add, which alone can be undone");
    }
    for (idle_session* one : idle_sessions_) {
        if (one->chardev() == label) one->silence();
    }
    objects_.objects().remove(id);
    monitor_objects_.erase(found);
    return std::nullopt;
}

remote_machine& machine_service::remote()
{
    if (!remote_) {
        remote_machine::surroundings around;
        around.log = options_.log;
        around.post = [this](std::function<void()> job) { pump_.post(std::move(job)); };
        remote_ = std::make_unique<remote_machine>(controller_.control(), std::move(around));
        controller_.add_listener(*remote_);
        pump_.clients_leave = [this] { return remote_->leaves(); };
    }
    return *remote_;
}

void machine_service::serve_vfio_user(const chardev& where, bus::vfio_user_device& function)
{
    const auto make_session = [this, &function, name = where.label] {
        return std::make_unique<vfio_user_client>(
            function, controller_.control(), [this, name] { remote().function_attached(name); },
            [this, name] { remote().function_gone(name); });
    };
    remote();
    server_plan plan{where, make_session, {}};
    plan.alone = true;
    add_plan(std::move(plan));
}

void machine_service::actuate(const chardev& where)
{
    if (!nmis_) controller_.add_nmi_sink(nmis_.emplace(remote()));
    chardev monitor = where;
    if (monitor.reconnect.count() == 0) monitor.reconnect = k_actuation_retry;
    add_plan({monitor, [this] { return remote().new_session(); }, {}});
}

void machine_service::serve_qtest(const std::string& module_name, const chardev& where, qmp_server::qtest_options opts)
{
    qtest_options_ = std::move(opts);
    qtest_ = std::make_unique<qtest_adapter>(module_name.c_str(), controller_, pump_);
    qtest_->set_cpus(qtest_options_.cpus);
    qtest_->region_of_port = qtest_options_.region_of_port;
    if (!qtest_options_.interrupt_controller.empty()) {
        qtest_->add_interrupt_lines(qtest_options_.interrupt_controller, qtest_options_.interrupt_lines);
    }
    qtest_->interrupt_changed = [this](int number, bool level) {
        for (qtest_session* one : qtest_sessions_) {
            if (one->intercepts_irqs()) one->interrupt_changed(number, level);
        }
    };
    add_plan({where, [this] { return new_qtest_session(); }, "FAIL " + too_many_clients() + "\n"});
}

std::unique_ptr<session> machine_service::new_qtest_session()
{
    qtest_session::interrupt_queue limit;
    limit.most = options_.clients.queue_bytes;
    limit.unsent = [this](const session& one, std::size_t of_interest) { return unsent(one, of_interest); };
    limit.warn = options_.log;
    auto result = std::make_unique<listed_session>(qtest_sessions_, *qtest_, qtest_options_.log, std::move(limit));
    result->clock_commands_can_fail = qtest_options_.clock_commands_can_fail;
    return result;
}

std::optional<runstate::refusal> machine_service::start()
{
    started_ = true;
    if (options_.recorded != nullptr) {
        replay();
    } else if (options_.script) {
        follow_script();
    } else {
        return start_servers();
    }
    return std::nullopt;
}

std::optional<runstate::refusal> machine_service::start_servers()
{
    for (const server_plan& plan : plans_) {
        if (plan.where.server && plan.where.wait) {
            options_.log("waiting for connection on: " + plan.where.to_string());
        }
        stream_server::options opts;
        opts.where = plan.where;
        opts.number = static_cast<unsigned>(servers_.size());
        opts.most_clients = plan.alone ? 1 : options_.clients.most;
        if (plan.alone) opts.patience = k_patience;
        opts.refusal = plan.refusal;
        opts.warn = options_.log;
        servers_.push_back(std::make_unique<stream_server>(pump_, std::move(opts), plan.make_session));
        if (auto error = servers_.back()->start()) return error;
    }
    return std::nullopt;
}

void machine_service::replay()
{
    transcript_player::program program;
    program.make_session = [this](unsigned server) { return session_of(server); };
    program.limiter_expired = [this] { monitor_.limiter_timer_expired(); };
    program.signalled = [this](int) { controller_.control().terminate_by_signal(); };
    player_ = std::make_unique<transcript_player>(pump_, *transcript_, std::move(program));
}

void machine_service::follow_script()
{
    local_clients_ = std::make_unique<local_clients>(pump_, [this](unsigned server) { return session_of(server); });
    pump_.set_source({[this] {
                          options_.script(*local_clients_);
                          return false;
                      },
                      {}});
}

std::unique_ptr<session> machine_service::session_of(unsigned server)
{
    return server < plans_.size() ? plans_[server].make_session() : nullptr;
}

void machine_service::prepare_for_confinement()
{
    const auto looks_names_up = [](const server_plan& plan) {
        return plan.where.kind == chardev::transport::tcp && plan.where.reconnect.count() != 0;
    };
    if (std::any_of(plans_.begin(), plans_.end(), looks_names_up)) pump_.names().prepare();
}

void machine_service::keep_offering(line_output& output)
{
    retries_.push_back(std::make_unique<output_retry>(pump_.executor(), output));
}

void machine_service::terminate(int signal)
{
    pump_.interrupt([this, signal] {
        if (transcript_) transcript_->signalled(signal);
        controller_.control().terminate_by_signal();
    });
}

std::uint16_t machine_service::port() const
{
    for (const auto& server : servers_) {
        if (const std::uint16_t port = server->port(); port != 0) return port;
    }
    return 0;
}

std::vector<chardev_info> machine_service::chardevs() const
{
    std::vector<chardev_info> all;
    for (const server_plan& plan : plans_) {
        const bool open = !plan.refusal.empty() || monitor_object_on(plan.where.label) != nullptr;
        all.push_back({plan.where.label, plan.where.to_string(), open});
    }
    return all;
}

runstate::result<runstate::file_place> machine_service::locate(const std::string& path)
{
    runstate::result<runstate::file_place> place = runstate::file_place(path);
    if (options_.recorded == nullptr) place = options_.files.resolve(path);
    if (!transcript_) return place;
    if (auto why = transcript_->refused(place ? std::nullopt : std::optional(place.why()))) return *std::move(why);
    return place;
}

std::shared_ptr<void> machine_service::read(const runstate::file_place& place, std::size_t most,
                                            std::function<void(file_content)> done)
{
    if (player_) return player_->read_file(std::move(done));
    if (!transcript_) return read_file(pump_, place, most, std::move(done));
    return read_file(pump_, place, most,
                     [this, which = ++files_asked_for_, done = std::move(done)](file_content content) {
                         transcript_->file_read(which, content);
                         done(std::move(content));
                     });
}

std::size_t machine_service::unsent(const session& one, std::size_t of_interest)
{
    const unsigned client = transcript_ ? one.client_number() : 0;
    if (client == 0) return one.unsent_bytes(); // nobody's any more, or nobody takes note
    return transcript_->unsent(client, one.unsent_bytes(), of_interest);
}

void machine_service::defer(std::function<void()> job)
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

void machine_service::arm_limiter(runstate::ns period)
{
    if (limits_by_virtual_time()) {
        virtual_limiter_.arm(runstate::saturating_add(controller_.clock.now(), period));
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
void machine_service::end_limiter_period()
{
    if (!limits_by_virtual_time()) return;
    virtual_limiter_.cancel();
    monitor_.limiter_timer_expired();
}

std::optional<std::string> machine_service::conclude()
{
    if (!transcript_) return std::nullopt;
    if (!transcript_->repeating() || transcript_->next() != nullptr) transcript_->exited(pump_.exit_status());
    transcript_->finish();
    return transcript_->divergence();
}

} // namespace vigil::qmp_bridge
