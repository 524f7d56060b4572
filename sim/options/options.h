// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_OPTIONS_OPTIONS_H
#define VIGIL_SIM_OPTIONS_OPTIONS_H

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <vigil/qmp-bridge/host/option_list.h>
#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp_server.h>
#include <vigil/qmp-bridge/serve/chardev.h>
#include <vigil/qmp-bridge/serve/pacing.h>
#include <vigil/runstate/actions.h>
#include <vigil/runstate/result.h>
#include <vigil/sim/host/sandbox.h>
#include <vigil/sim/machine/machine.h>

namespace vigil::sim {

/// A QMP monitor and where its clients come from.
struct monitor_request {
    qmp_bridge::chardev where;
    bool pretty = false;
    std::string object; ///< its id, as later versions have it; empty: it has none
};

/// A machine that arrives from a file.
struct incoming_request {
    std::optional<std::string> path; ///< absent: migrate-incoming will name it (defer)
};

/// A recorded guest to be replayed.
struct guest_trace_request {
    std::string file;
    std::string scenario; ///< the first one of the file where empty
};

/// An object asked for with -object, which is there to be looked at.
struct object_request {
    std::string type;
    std::string id;
};

/// A device given to another machine.
struct vfio_user_request {
    std::string device; ///< its id
    qmp_bridge::chardev where;
    qmp_bridge::option_place place;
};

/// Everything that the command line of vigil-sim can say.
struct sim_options {
    std::optional<std::string> text;   ///< to be printed instead of running: -help, -version, -device help …
    int text_status = 0;               ///< the exit status then
    std::vector<std::string> warnings; ///< to be printed before running, a line each
    void warn(std::string what) { warnings.push_back(qmp_bridge::one_line(std::move(what))); }
    machine_config machine;
    runstate::action_set actions;
    bool start_stopped = false; ///< -S
    bool preconfig = false;     ///< wait for x-exit-preconfig before the machine is initialised
    qmp_bridge::pacing time;
    std::string accelerator = "tcg";           ///< the one that -accel chooses
    qemu_version version = qemu_version::v7_2; ///< whose behaviour it has
    qmp_bridge::vocabulary words = qmp_bridge::vocabulary::v2_10;
    std::optional<std::string> name;
    std::optional<std::string> uuid;
    std::vector<monitor_request> monitors;
    std::optional<qmp_bridge::chardev> qtest;
    std::vector<vfio_user_request> vfio_user;
    std::optional<qmp_bridge::chardev> actuate;     ///< the monitor of the machine that has those devices
    std::vector<qmp_bridge::fdset_info> fdsets;     ///< -add-fd
    std::vector<qmp_bridge::chardev> idle_chardevs; ///< -chardev that nobody speaks on
    std::vector<object_request> objects;            ///< -object
    qmp_bridge::client_limits clients;
    std::optional<std::string> qtest_log; ///< a file, "none", or standard error where absent
    std::optional<std::string> pidfile;
    bool daemonize = false;
    std::optional<sandbox_rules> sandbox;    ///< -sandbox on
    std::optional<std::string> snapshot_dir; ///< where alone commands may name files
    std::optional<incoming_request> incoming;
    bool log_guest_errors = false;       ///< -d guest_errors
    std::optional<std::string> log_file; ///< -D: where that goes; %d in it is the process id
    std::optional<guest_trace_request> guest_trace;
    bool timeline = false;
    std::optional<std::string> trace;        ///< the transcript to be written
    std::optional<std::string> replay;       ///< the transcript to be replayed
    bool timestamps = false;                 ///< -msg timestamp=on: before each message on standard error
    std::vector<std::string> arguments;      ///< the command line itself
    std::vector<std::string> configurations; ///< what each -readconfig has read
};

/// Reads a configuration file that -readconfig names: its content, or why there is none.
using config_reader = std::function<runstate::result<std::string>(const std::string& path)>;

/// The content of a file of the host.
runstate::result<std::string> read_config_file(const std::string& path);

/// Reads a command line; the refusal is one line without the program's name. What it begins with is put to `where`,
/// if there is one.
runstate::result<sim_options> parse_options(const std::vector<std::string>& arguments,
                                            const config_reader& read = read_config_file,
                                            qmp_bridge::option_place* where = nullptr);

/// The text of -help.
std::string help_text();

/// The text of -version.
std::string version_text();

} // namespace vigil::sim

#endif
