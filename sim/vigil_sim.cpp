// SPDX-License-Identifier: Apache-2.0
// vigil-sim: the machine, its monitors and its clock, under QEMU's option spellings.

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <systemc>

#include <vigil/qmp-bridge/pump.h>
#include <vigil/qmp-bridge/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp_session.h>
#include <vigil/qmp-bridge/qom_tree.h>
#include <vigil/qmp-bridge/qtest_adapter.h>
#include <vigil/qmp-bridge/stream_server.h>
#include <vigil/runstate/migration.h>
#include <vigil/sim/guest_trace.h>
#include <vigil/sim/machine.h>
#include <vigil/sim/options.h>
#include <vigil/sim/timeline.h>
#include <vigil/sim/version.h>

namespace {

namespace asio = boost::asio;
using namespace vigil;

// Allocations of at least so many bytes go back to the system when they are freed.
constexpr int k_mmap_threshold = 256 * 1024;

// What main has read from the command line, for sc_main.
sim::sim_options the_options;

void complain(std::string_view text)
{
    std::fprintf(stderr, "vigil-sim: %.*s\n", static_cast<int>(text.size()), text.data());
}

// Writes a log without a system call per line: what a batch of requests logs goes out when the batch is done.
class batched_log {
public:
    batched_log() = default;
    ~batched_log()
    {
        if (file_ == nullptr) return;
        flush();
        if (file_ != stderr) std::fclose(file_);
    }
    batched_log(const batched_log&) = delete;
    batched_log& operator=(const batched_log&) = delete;

    // Takes the file over.
    void open(std::FILE* file) { file_ = file; }
    bool is_open() const { return file_ != nullptr; }

    void write(std::string_view lines, asio::io_context& io)
    {
        if (pending_.empty()) asio::post(io, [this] { flush(); });
        pending_ += lines;
    }

private:
    void flush()
    {
        std::fwrite(pending_.data(), 1, pending_.size(), file_);
        std::fflush(file_);
        pending_.clear();
    }

    std::FILE* file_ = nullptr;
    std::string pending_;
};

// The process id in a file, for as long as the program runs.
class pid_file {
public:
    ~pid_file()
    {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    bool write(const std::string& path)
    {
        // Held locked while the program runs, so that a second instance does not take the file over.
        const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || ::lockf(fd, F_TLOCK, 0) != 0) return false;
        path_ = path;
        const std::string text = std::to_string(::getpid()) + "\n";
        return ::ftruncate(fd, 0) == 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    }

private:
    std::string path_;
};

// Log lines of the controller, as QEMU writes them to standard error.
struct log_listener : runstate::run_listener {
    void on_log(std::string_view line) override { complain(line); }
};

void report_to_stderr(const sc_core::sc_report& report, const sc_core::sc_actions& actions)
{
    // The kernel's own remarks ("Simulation stopped by user") are nobody's business here.
    const bool remark =
        report.get_severity() == sc_core::SC_INFO && std::string_view(report.get_msg_type()).substr(0, 7) != "/vigil/";
    if (!remark && (actions & (sc_core::SC_DISPLAY | sc_core::SC_LOG)) != 0) {
        complain(std::string(report.get_msg_type()) + ": " + report.get_msg());
    }
    if ((actions & sc_core::SC_STOP) != 0) sc_core::sc_stop();
    if ((actions & sc_core::SC_THROW) != 0) throw report;
    if ((actions & sc_core::SC_ABORT) != 0) std::abort();
}

qmp_bridge::qmp_monitor::options monitor_options(const sim::sim_options& options, const sim::machine& machine,
                                                 runstate::migration& migration, const qmp_bridge::qom_tree& objects,
                                                 std::function<void(runstate::ns)> arm_limiter)
{
    qmp_bridge::qmp_monitor::options result;
    result.words = options.words;
    result.machine.name = options.name;
    if (options.uuid) result.machine.uuid = *options.uuid;
    result.machine.package = std::string("Vigil ") + sim::k_version;
    result.machine.wakeup_suspend_support = machine.wakeup_supported();
    result.arm_limiter = std::move(arm_limiter);
    result.machine.cpu_paths = machine.cpu_paths();
    result.machine.thread_id = ::getpid(); // one thread runs everything
    result.migration = &migration;
    result.objects = &objects;
    return result;
}

// Starts everything that one command line asks for, runs it, and returns the exit status.
class simulation {
public:
    explicit simulation(const sim::sim_options& options)
        : options_(options), machine_("machine", options.machine),
          monitor_(machine_.controller.control(),
                   monitor_options(options, machine_, migration_, objects_,
                                   [this](runstate::ns period) { arm_limiter(period); })),
          pump_("pump", machine_.controller, options.pump)
    {
    }

    int run()
    {
        if (machine_.error()) return refuse(*machine_.error());
        if (options_.pidfile && !pid_.write(*options_.pidfile)) {
            return refuse("-pidfile " + *options_.pidfile + ": cannot be written, or belongs to a running instance");
        }
        machine_.controller.control().set_actions(options_.actions);
        machine_.controller.autostart(!options_.start_stopped);
        machine_.controller.add_listener(monitor_);
        machine_.controller.add_listener(log_);
        monitor_.log = complain;
        monitor_.output_added = [this](qmp_bridge::qmp_session& session) {
            if (const auto client = pump_.carrier_of(session)) pump_.has_output(client);
        };
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (!error) pump_.interrupt([this] { machine_.controller.control().terminate_by_signal(); });
        });
        machine_.list_objects(objects_);
        migration_.defer = [this](std::function<void()> job) { pump_.post(std::move(job)); };
        migration_.clock_set = [this] { end_limiter_period(); };
        if (options_.incoming) {
            migration_.await_incoming();
            if (options_.incoming->path) {
                if (const auto refused = migration_.incoming(*options_.incoming->path)) {
                    return refuse("-incoming: " + refused->text);
                }
            }
        }
        if (const auto error = start_guest()) return refuse(error->text);
        if (const auto error = start_servers()) return refuse(error->text);
        if (options_.timeline && !start_timeline()) return refuse("-timeline: cannot connect to its own QMP socket");
        sc_core::sc_start();
        return pump_.exit_status();
    }

private:
    // A qtest session that is in a list for as long as it lives.
    struct listed_session : qmp_bridge::qtest_session {
        using list = std::vector<qmp_bridge::qtest_session*>;

        listed_session(list& sessions, qmp_bridge::qtest_machine& machine, std::function<void(std::string_view)> log)
            : qtest_session(machine, std::move(log)), sessions_(sessions)
        {
            sessions_.push_back(this);
        }
        ~listed_session() override { sessions_.erase(std::find(sessions_.begin(), sessions_.end(), this)); }

        list& sessions_;
    };

    int refuse(const std::string& why)
    {
        complain(why);
        return 1;
    }

    std::optional<qmp_bridge::option_error> start_guest()
    {
        if (!options_.guest_trace) return std::nullopt;
        auto accesses = sim::read_guest_trace(options_.guest_trace->file, options_.guest_trace->scenario);
        if (auto* error = std::get_if<qmp_bridge::option_error>(&accesses)) {
            return qmp_bridge::option_error{"-guest-trace " + error->text};
        }
        player_ = std::make_unique<sim::trace_player>("guest", machine_.controller,
                                                      std::move(std::get<std::vector<sim::guest_access>>(accesses)));
        player_->io.socket.bind(machine_.io_ports());
        player_->memory.socket.bind(machine_.memory());
        return std::nullopt;
    }

    std::optional<qmp_bridge::option_error> start_servers()
    {
        for (const sim::monitor_request& request : options_.monitors) {
            const bool pretty = request.pretty;
            if (auto error = serve(request.where, [this, pretty] { return monitor_.new_session(pretty); }))
                return error;
        }
        if (!options_.qtest) return std::nullopt;
        if (options_.qtest_log.value_or("") != "none") {
            std::FILE* file = options_.qtest_log ? std::fopen(options_.qtest_log->c_str(), "w") : stderr;
            if (file == nullptr) {
                return qmp_bridge::option_error{"-qtest-log " + *options_.qtest_log + ": cannot be written"};
            }
            qtest_log_.open(file);
        }
        qtest_ = std::make_unique<qmp_bridge::qtest_adapter>("qtest", machine_.controller, pump_);
        qtest_->io.socket.bind(machine_.io_ports());
        qtest_->memory.socket.bind(machine_.memory());
        qtest_->msr.socket.bind(machine_.msrs());
        qtest_->set_cpus(options_.machine.cpus);
        qtest_->add_interrupt_lines("ioapic", 24);
        qtest_->interrupt_changed = [this](int number, bool level) {
            for (qmp_bridge::qtest_session* session : qtest_sessions_) {
                if (!session->intercepts_irqs()) continue;
                session->interrupt_changed(number, level);
                if (const auto client = pump_.carrier_of(*session)) pump_.has_output(client);
            }
        };
        return serve(*options_.qtest, [this] { return new_qtest_session(); });
    }

    std::unique_ptr<qmp_bridge::session> new_qtest_session()
    {
        std::function<void(std::string_view)> log;
        if (qtest_log_.is_open()) log = [this](std::string_view line) { qtest_log_.write(line, pump_.io()); };
        return std::make_unique<listed_session>(qtest_sessions_, *qtest_, log);
    }

    std::optional<qmp_bridge::option_error> serve(const qmp_bridge::chardev& where,
                                                  qmp_bridge::stream_server::session_factory make_session)
    {
        if (where.server && where.wait) complain("waiting for connection on: " + where.to_string());
        servers_.push_back(std::make_unique<qmp_bridge::stream_server>(pump_, where, std::move(make_session)));
        return servers_.back()->start();
    }

    bool start_timeline()
    {
        timeline_ = std::make_unique<sim::timeline>(std::cout, machine_.controller, pump_);
        if (player_) timeline_->watch(*player_);
        for (const auto& watchdog : machine_.watchdogs()) {
            watchdog->stage_expired = [this](unsigned stage) { timeline_->stage_ended(stage); };
        }
        return timeline_->connect(options_.monitors.front().where.path);
    }

    // The limiter's time was of a clock that has been set: nothing is held back for it any longer.
    void end_limiter_period()
    {
        if (options_.pump.time != qmp_bridge::pump::pace::driven || !virtual_limiter_.armed()) return;
        virtual_limiter_.cancel();
        monitor_.limiter_timer_expired();
    }

    void arm_limiter(runstate::ns period)
    {
        if (options_.pump.time == qmp_bridge::pump::pace::driven) {
            virtual_limiter_.arm(machine_.controller.clock.now() + period);
            return;
        }
        host_limiter_.expires_after(period);
        host_limiter_.async_wait([this](const boost::system::error_code& error) {
            if (!error) monitor_.limiter_timer_expired();
        });
    }

    const sim::sim_options& options_;
    pid_file pid_;
    sim::machine machine_;
    runstate::migration migration_{machine_.controller.control(), machine_.controller};
    qmp_bridge::qom_tree objects_;
    log_listener log_;
    // These outlive the sessions, which the pump owns.
    batched_log qtest_log_;
    listed_session::list qtest_sessions_;
    qmp_bridge::qmp_monitor monitor_;
    qmp_bridge::pump pump_;
    runstate::vm_timer virtual_limiter_{machine_.controller.clock, [this] { monitor_.limiter_timer_expired(); }};
    asio::steady_timer host_limiter_{pump_.io()};
    asio::signal_set signals_{pump_.io(), SIGINT, SIGTERM, SIGHUP};
    std::unique_ptr<qmp_bridge::qtest_adapter> qtest_;
    std::unique_ptr<sim::trace_player> player_;
    std::vector<std::unique_ptr<qmp_bridge::stream_server>> servers_;
    std::unique_ptr<sim::timeline> timeline_;
};

} // namespace

int sc_main(int, char*[])
{
    sc_core::sc_set_time_resolution(1, sc_core::SC_NS);
    sc_core::sc_report_handler::set_handler(report_to_stderr);
    if (the_options.log_guest_errors) sc_core::sc_report_handler::set_verbosity_level(sc_core::SC_HIGH);
    simulation run(the_options);
    return run.run();
}

int main(int argc, char* argv[])
{
    auto parsed = sim::parse_options(std::vector<std::string>(argv + 1, argv + argc));
    if (const auto* error = std::get_if<qmp_bridge::option_error>(&parsed)) {
        complain(error->text);
        return 1;
    }
    the_options = std::move(std::get<sim::sim_options>(parsed));
    if (the_options.help || the_options.version) {
        std::cout << (the_options.help ? sim::help_text() : sim::version_text());
        return 0;
    }
    std::signal(SIGPIPE, SIG_IGN);
    // Without this, glibc keeps what a client's one huge request took.
    ::mallopt(M_MMAP_THRESHOLD, k_mmap_threshold);
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    return sc_core::sc_elab_and_sim(argc, argv);
}
