// SPDX-License-Identifier: Apache-2.0
// vigil-sim: the machine, its monitors and its clock, under QEMU's option spellings.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include <malloc.h>
#include <unistd.h>

#include <boost/system/system_error.hpp>
#include <systemc>

#include <vigil/qmp-bridge/host/log_file.h>
#include <vigil/runstate/files/file_access.h>
#include <vigil/sim/host/daemon.h>
#include <vigil/sim/host/first_steps.h>
#include <vigil/sim/host/program_log.h>
#include <vigil/sim/host/sandbox.h>
#include <vigil/sim/options/options.h>
#include <vigil/sim/simulation.h>

namespace {

using namespace vigil;
using qmp_bridge::refuse;

// Allocations of at least so many bytes go back to the system when they are freed.
constexpr int k_mmap_threshold = 256 * 1024;

// What main has read, for sc_main.
sim::sim_options the_options;
std::optional<qmp_bridge::recorded_run> the_recorded_run;
runstate::file_access the_files;
std::optional<sim::daemon_start> the_daemon;
qmp_bridge::log_file the_guest_log;

void report_to_stderr(const sc_core::sc_report& report, const sc_core::sc_actions& actions)
{
    // With this the kernel repeats, at its end, an error that was reported and thrown.
    if (report.get_severity() >= sc_core::SC_ERROR && actions == sc_core::SC_DISPLAY) return;
    // The kernel's own remarks ("Simulation stopped by user") are nobody's business here.
    const bool remark =
        report.get_severity() == sc_core::SC_INFO && std::string_view(report.get_msg_type()).substr(0, 7) != "/vigil/";
    if (!remark && (actions & (sc_core::SC_DISPLAY | sc_core::SC_LOG)) != 0) {
        const std::string line = std::string(report.get_msg_type()) + ": " + report.get_msg();
        const bool of_guest = report.get_severity() == sc_core::SC_INFO && report.get_verbosity() >= sc_core::SC_HIGH;
        if (of_guest && the_guest_log.is_open()) {
            the_guest_log.output().write(line + "\n");
        } else {
            sim::complain(line);
        }
    }
    if ((actions & sc_core::SC_STOP) != 0) sc_core::sc_stop();
    if ((actions & sc_core::SC_THROW) != 0) throw report;
    if ((actions & sc_core::SC_ABORT) != 0) std::abort();
}

// A repeated run has the options of the recorded one, but for the few that concern the repetition itself.
std::optional<runstate::refusal> take_recorded_options()
{
    auto read = qmp_bridge::read_transcript(*the_options.replay);
    if (!read) return refuse("-replay " + read.why().text);
    the_recorded_run = *std::move(read);
    // A transcript may be a stranger's: what its options name is not read here.
    const auto& contents = the_recorded_run->head.configurations;
    const auto read_recorded =
        [&, next = contents.begin()](const std::string& path) mutable -> runstate::result<std::string> {
        if (next == contents.end()) return refuse("the transcript does not hold what was in " + path);
        return *next++;
    };
    auto parsed = sim::parse_options(the_recorded_run->head.arguments, read_recorded);
    if (!parsed) {
        return refuse("-replay " + *the_options.replay + ": its own options: " + parsed.why().text);
    }
    sim::sim_options options = *std::move(parsed);
    options.replay = the_options.replay;
    options.trace = the_options.trace;
    options.timestamps = the_options.timestamps;
    options.log_guest_errors = the_options.log_guest_errors;
    options.log_file = the_options.log_file;
    options.pidfile.reset();
    options.snapshot_dir = the_options.snapshot_dir;
    options.daemonize = the_options.daemonize;
    options.sandbox = the_options.sandbox;
    options.qtest_log = "none";
    the_options = std::move(options);
    return std::nullopt;
}

// Reads the command line into `the_options`; a refusal is of what stands at `where`.
std::optional<runstate::refusal> read_options(const std::vector<std::string>& arguments,
                                              qmp_bridge::option_place& where)
{
    auto parsed = sim::parse_options(arguments, sim::read_config_file, &where);
    if (!parsed) return std::move(parsed).why();
    the_options = *std::move(parsed);
    if (the_options.replay && !the_options.text) return take_recorded_options();
    return std::nullopt;
}

// What only starting needed is given up, and who started a daemon may go.
std::optional<runstate::refusal> leave_what_was_for_starting(sim::simulation& run)
{
    if (the_options.sandbox) {
        const auto prepare = [&run] { run.prepare_for_confinement(); };
        if (auto error = sim::enter_sandbox(*the_options.sandbox, prepare)) return refuse(*error);
    }
    if (the_daemon) {
        if (auto error = the_daemon->ready()) return refuse(*error);
        sim::standard_error().look();
    }
    return std::nullopt;
}

// In a log's name, %d is the process id.
std::string named_by_process(std::string path)
{
    if (const std::size_t place = path.find("%d"); place != std::string::npos) {
        path.replace(place, 2, std::to_string(::getpid()));
    }
    return path;
}

// What the options ask for that a process has to do before anything else is there.
std::optional<runstate::refusal> prepare_process()
{
    if (the_options.log_file) {
        if (auto error = the_guest_log.open(named_by_process(*the_options.log_file))) {
            return refuse("Error opening logfile " + error->text);
        }
    }
    if (the_options.snapshot_dir) {
        auto files = runstate::file_access::confined_to(*the_options.snapshot_dir);
        if (!files) return refuse("-snapshot-dir: " + files.why().text);
        the_files = *std::move(files);
    }
    if (the_options.daemonize) {
        auto begun = sim::daemon_start::begin();
        if (auto* error = std::get_if<std::string>(&begun)) return refuse(*error);
        the_daemon.emplace(std::get<sim::daemon_start>(std::move(begun)));
    }
    return std::nullopt;
}

// When a module goes, the kernel moves the processes that it leaves behind to a list of its own. That is in a
// destructor, where it must not want memory: the list gets its room here.
void make_room_for_orphans()
{
    constexpr std::size_t k_room = 128;
    struct placeholder : sc_core::sc_object { // with a name of its own, for SystemC takes its time to find one
        explicit placeholder(std::size_t number) : sc_object(("room_" + std::to_string(number)).c_str()) {}
    };
    std::vector<std::unique_ptr<placeholder>> all;
    all.reserve(k_room);
    while (all.size() < k_room) all.push_back(std::make_unique<placeholder>(all.size()));
}

int simulate()
{
    make_room_for_orphans();
    sc_core::sc_set_time_resolution(1, sc_core::SC_NS);
    if (the_options.log_guest_errors) sc_core::sc_report_handler::set_verbosity_level(sc_core::SC_HIGH);
    sim::simulation run(the_options, the_files, the_recorded_run ? &*the_recorded_run : nullptr);
    if (the_guest_log.is_open()) run.keep_offering(the_guest_log.output());
    run.started = [&run] { return leave_what_was_for_starting(run); };
    return run.run();
}

// Returns what `act` returns; whatever leaves it otherwise is one line and status 1.
template <class Act> int guarded(Act act)
{
    std::string reason;
    try {
        return act();
    } catch (const sc_core::sc_report&) { // which the report handler has written
        return 1;
    } catch (const std::bad_alloc&) {
        std::fputs("vigil-sim: out of memory\n", stderr);
        return 1;
    } catch (const boost::system::system_error& error) {
        reason = error.code().message();
    } catch (const std::system_error& error) {
        reason = error.code().message();
    } catch (const std::exception& error) {
        reason = error.what();
    }
    sim::complain("cannot go on: " + reason);
    return 1;
}

int start(int argc, char* argv[])
{
    if (!sim::open_missing_descriptors()) return 1;
    sim::survive_failing_writes();
    qmp_bridge::option_place where;
    if (const auto error = read_options(std::vector<std::string>(argv + 1, argv + argc), where)) {
        sim::complain_of(*error, where);
        return 1;
    }
    if (the_options.text) {
        if (the_options.text_status != 0) {
            for (const std::string& warning : the_options.warnings) sim::complain(warning);
        }
        std::cout << *the_options.text;
        return the_options.text_status;
    }
    sim::complain_with_time(the_options.timestamps);
    for (const std::string& warning : the_options.warnings) sim::complain(warning);
    if (const auto error = prepare_process()) {
        sim::complain(error->text);
        return 1;
    }
    // Without this, glibc keeps what a client's one huge request took.
    ::mallopt(M_MMAP_THRESHOLD, k_mmap_threshold);
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    sc_core::sc_report_handler::set_handler(report_to_stderr);
    return sc_core::sc_elab_and_sim(argc, argv);
}

} // namespace

int sc_main(int, char*[]) { return guarded(simulate); }

int main(int argc, char* argv[])
{
    return guarded([&] { return start(argc, argv); });
}
