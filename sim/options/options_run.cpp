// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/options/option_rows.h>

#include <vigil/sim/options/option_values.h>

namespace vigil::sim {

namespace {

using qmp_bridge::option_list;
using qmp_bridge::pace;
using qmp_bridge::refuse;

template <class Action> failure parse_action(std::string_view parameter, std::string_view value, Action& action)
{
    const auto parsed = runstate::from_string<Action>(value);
    if (!parsed) {
        return refuse("Parameter " + quoted(parameter) + " does not accept value " + quoted(value));
    }
    action = *parsed;
    return k_fine;
}

// As if -action had said so.
failure set_action(option_parser& p, const char* event, const std::string& action)
{
    option_list list;
    list.add(event, action);
    return p.store.add("action", list, p.here);
}

failure on_watchdog_action(option_parser& p, const std::string& value) { return set_action(p, "watchdog", value); }
failure on_no_reboot(option_parser& p, const std::string&) { return set_action(p, "reboot", "shutdown"); }
failure on_no_shutdown(option_parser& p, const std::string&) { return set_action(p, "shutdown", "pause"); }

failure on_stopped(option_parser& p, const std::string&)
{
    p.result.start_stopped = true;
    return k_fine;
}

failure on_preconfig(option_parser& p, const std::string&)
{
    p.result.preconfig = true;
    return k_fine;
}

failure on_incoming(option_parser& p, const std::string& value)
{
    constexpr std::string_view k_scheme = "file:";
    incoming_request request;
    if (value.compare(0, k_scheme.size(), k_scheme) == 0 && value.size() > k_scheme.size()) {
        request.path = value.substr(k_scheme.size());
    } else if (value != "defer") {
        return refuse("unknown migration protocol; use file:PATH or defer");
    }
    p.result.incoming = std::move(request);
    return k_fine;
}

// So many milliseconds or seconds; 0: off.
std::optional<runstate::ns> parse_stall(const std::string& text)
{
    constexpr std::uint32_t k_most_ms = 3'600'000;
    constexpr std::uint32_t k_least_ms = 10;
    if (text == "off") return runstate::ns(0);
    const std::size_t digits = text.find_first_not_of("0123456789");
    const std::string unit = digits == std::string::npos ? "" : text.substr(digits);
    if (unit != "ms" && unit != "s") return std::nullopt;
    const std::uint32_t factor = unit == "s" ? 1000 : 1;
    const auto number = parse_number(text.substr(0, digits), k_most_ms / factor);
    if (!number || *number * factor < k_least_ms) return std::nullopt;
    return std::chrono::milliseconds(*number * factor);
}

failure on_clock(option_parser& p, const std::string& value)
{
    option_list list = option_list::parse(value, "mode");
    const std::string mode = list.take("mode").value_or("");
    const std::vector<std::string_view> known{"driven", "paced", "free"};
    if (mode == "driven") {
        p.pace = pace::driven;
    } else if (mode == "paced") {
        p.pace = pace::paced;
        if (const auto factor = list.take("factor")) {
            const auto millionths = parse_millionths(*factor);
            if (!millionths) {
                return refuse("Parameter 'factor' expects a number from 0.000001 to 1000000, not " + quoted(*factor));
            }
            p.result.time.factor_millionths = *millionths;
        }
        if (const auto stall = list.take("stall")) {
            const auto length = parse_stall(*stall);
            if (!length) {
                return refuse("Parameter 'stall' expects off or a time from 10ms to 1h, as in stall=2s, not " +
                              quoted(*stall));
            }
            p.stall = *length;
        }
    } else if (mode == "free") {
        p.pace = pace::free;
    } else {
        return refuse(quoted(mode) + " is not a clock mode; use driven, paced[,factor=F][,stall=TIME] or free" +
                      suggestion(mode, known));
    }
    return unknown_parameter(list);
}

failure on_guest_trace(option_parser& p, const std::string& value)
{
    option_list list = option_list::parse(value, "file");
    guest_trace_request request;
    request.file = list.take("file").value_or("");
    request.scenario = list.take("scenario").value_or("");
    if (request.file.empty()) return refuse("Parameter 'file' is missing");
    p.result.guest_trace = std::move(request);
    return unknown_parameter(list);
}

failure on_timeline(option_parser& p, const std::string&)
{
    p.result.timeline = true;
    return k_fine;
}

// `implied` is the key of a value that comes without one.
failure parse_transcript(const std::string& value, std::string_view implied, std::optional<std::string>& path)
{
    option_list list = option_list::parse(value, implied);
    path = list.take("file");
    if (!path || path->empty()) return refuse("Parameter 'file' is missing");
    return unknown_parameter(list);
}

failure on_trace(option_parser& p, const std::string& value) { return parse_transcript(value, {}, p.result.trace); }
failure on_replay(option_parser& p, const std::string& value)
{
    return parse_transcript(value, "file", p.result.replay);
}

constexpr option_row k_run_options[] = {
    {"action", "EVENT=ACTION[,...]",
     "reboot=reset|shutdown, shutdown=poweroff|pause, panic=pause|shutdown|exit-failure|none, watchdog=...", nullptr,
     "action"},
    {"watchdog-action", "ACTION", "reset (default), shutdown, poweroff, pause, debug, none or inject-nmi",
     on_watchdog_action},
    {"no-reboot", "", "same as -action reboot=shutdown", on_no_reboot},
    {"no-shutdown", "", "same as -action shutdown=pause", on_no_shutdown},
    {"S", "", "do not start the machine: it waits in prelaunch for cont", on_stopped},
    {"preconfig", "", "take only the commands that come before the machine is initialised, until x-exit-preconfig",
     on_preconfig},
    {"incoming", "file:PATH|defer",
     "continue a machine that migrate or x-snapshot-save saved, now or by migrate-incoming", on_incoming},
    {"clock", "MODE",
     "driven (by qtest), paced[,factor=F] (with the wall clock times F; default) or free (as fast as it goes). "
     "paced,stall=TIME: a standstill of the program that is longer (by a debugger, SIGSTOP or a slow host) is "
     "reported, "
     "and not caught up; default off, with -vfio-user 1s",
     on_clock},
    {"guest-trace", "file=FILE[,scenario=NAME]", "replay a guest's recorded register accesses, each at its time",
     on_guest_trace},
    {"timeline", "",
     "print what happens, as a QMP client on the first -qmp socket sees it, and quit after the first WATCHDOG",
     on_timeline},
    {"trace", "file=FILE",
     "write a transcript of everything that clients send and receive, with simulated and wall-clock time", on_trace},
    {"replay", "file=FILE",
     "run a transcript again, under the options that it was written with; fails where anything comes out otherwise. "
     "Nothing is written; snapshots that others saved are read from -snapshot-dir only. Goes with that and -trace only",
     on_replay},
};

} // namespace

failure resolve_action(option_parser& p, option_entry& entry)
{
    option_list& list = entry.values;
    runstate::action_set actions = p.result.actions;
    failure error;
    if (const auto text = list.take("reboot")) error = parse_action("reboot", *text, actions.reboot);
    if (const auto text = list.take("shutdown"); text && !error)
        error = parse_action("shutdown", *text, actions.shutdown);
    if (const auto text = list.take("panic"); text && !error) error = parse_action("panic", *text, actions.panic);
    if (const auto text = list.take("watchdog"); text && !error)
        error = parse_action("watchdog", *text, actions.watchdog);
    if (!error) error = unknown_parameter(list);
    if (!error) p.result.actions = actions;
    return error;
}

option_group run_options() noexcept { return {"How it runs", k_run_options}; }

} // namespace vigil::sim
