// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/options/option_rows.h>

#include <algorithm>

#include <vigil/sim/options/option_values.h>

namespace vigil::sim {

namespace {

using qmp_bridge::option_list;
using qmp_bridge::refuse;

failure on_uuid(option_parser& p, const std::string& value)
{
    p.result.uuid = parse_uuid(value);
    if (p.result.uuid) return k_fine;
    return refuse("failed to parse UUID string " + quoted(value) +
                  ": it must look like 11111111-2222-3333-4444-555555555555");
}

failure on_pidfile(option_parser& p, const std::string& value)
{
    p.result.pidfile = value;
    return k_fine;
}

failure on_daemonize(option_parser& p, const std::string&)
{
    p.result.daemonize = true;
    return k_fine;
}

// Takes allow or deny; `allowed` stays as it is where the key is missing.
failure take_permission(option_list& list, std::string_view key, bool& allowed)
{
    const auto text = list.take(key);
    if (!text) return k_fine;
    if (*text != "allow" && *text != "deny") {
        return refuse("Parameter " + quoted(key) + " expects allow or deny, not " + quoted(*text));
    }
    allowed = *text == "allow";
    return k_fine;
}

failure take_sandbox_rules(option_list& list, sandbox_rules& rules)
{
    using privileges = sandbox_rules::privileges;
    if (auto error = take_permission(list, "obsolete", rules.obsolete)) return error;
    if (auto error = take_permission(list, "spawn", rules.spawn)) return error;
    if (auto error = take_permission(list, "resourcecontrol", rules.resourcecontrol)) return error;
    const auto text = list.take("elevateprivileges");
    if (!text) return k_fine;
    if (*text != "allow" && *text != "deny" && *text != "children") {
        return refuse("Parameter 'elevateprivileges' expects allow, deny or children, not " + quoted(*text));
    }
    rules.elevateprivileges = *text == "allow"  ? privileges::allow
                              : *text == "deny" ? privileges::deny
                                                : privileges::children;
    return k_fine;
}

failure on_snapshot_dir(option_parser& p, const std::string& value)
{
    p.result.snapshot_dir = value;
    return k_fine;
}

// The items of QEMU's log; only guest_errors has lines here.
constexpr std::string_view k_log_items[] = {
    "out_asm", "in_asm",    "op",    "op_opt",       "op_ind", "int",     "exec",   "cpu",    "fpu", "mmu",
    "pcall",   "cpu_reset", "unimp", "guest_errors", "page",   "nochain", "plugin", "strace", "tid"};

std::string log_items_text()
{
    std::string text = "Log items (comma separated):\n";
    for (const std::string_view item : k_log_items) {
        text += std::string(item) + (item == "guest_errors" ? "  what a guest does wrong\n" : "  nothing here\n");
    }
    return text + "trace:PATTERN  nothing here\nall  all of them\n";
}

failure on_log_items(option_parser& p, const std::string& value)
{
    p.result.log_guest_errors = false;
    p.log_by_thread = false;
    std::string_view rest = value;
    for (bool more = true; more;) {
        const std::size_t comma = rest.find(',');
        const std::string_view item = rest.substr(0, comma);
        more = comma != std::string_view::npos;
        if (more) rest.remove_prefix(comma + 1);
        const bool is_trace = item.substr(0, 6) == "trace:";
        const bool known = std::find(std::begin(k_log_items), std::end(k_log_items), item) != std::end(k_log_items);
        if (is_trace) {
            p.result.warn("warning: trace event " + quoted(item.substr(6)) + " does not exist");
        } else if (!known && item != "all") {
            if (item != "help") p.result.warn(quoted(item) + " is not a log item; these are:");
            p.result.text = log_items_text();
            p.result.text_status = 1;
            return k_fine;
        }
        if (item == "guest_errors" || item == "all") p.result.log_guest_errors = true;
        if (item == "tid" || item == "all") p.log_by_thread = true;
    }
    return k_fine;
}

failure on_log_file(option_parser& p, const std::string& value)
{
    const std::size_t percent = value.find('%');
    const bool fits = percent == std::string::npos ||
                      (value.compare(percent, 2, "%d") == 0 && value.find('%', percent + 1) == std::string::npos);
    if (!fits) return refuse("Bad logfile template: " + value);
    p.result.log_file = value;
    return k_fine;
}

failure on_help(option_parser& p, const std::string&)
{
    p.result.text = help_text();
    return k_fine;
}

failure on_version(option_parser& p, const std::string&)
{
    p.result.text = version_text();
    return k_fine;
}

constexpr option_row k_program_options[] = {
    {"name", "NAME", "the machine's name, for query-name", nullptr, "name"},
    {"uuid", "UUID", "the machine's UUID, for query-uuid", on_uuid},
    {"pidfile", "FILE", "write the process id to FILE; removed at exit", on_pidfile},
    {"daemonize", "", "go on in the background; the command ends with status 0 once clients can connect", on_daemonize},
    {"sandbox", "on|off[,KEY=allow|deny...]",
     "give up what serving does not need once every socket is open: system calls, capabilities, new privileges. Keys "
     "that keep some, all deny by default: obsolete, elevateprivileges (also children), spawn, resourcecontrol",
     nullptr, "sandbox"},
    {"snapshot-dir", "DIR",
     "commands of clients (migrate, x-snapshot-save, blockdev-add ...) reach files below DIR only", on_snapshot_dir},
    {"d", "ITEM[,ITEM...]",
     "guest_errors: log what a guest does wrong, to standard error or as -D says; QEMU's other items are accepted and "
     "log "
     "nothing; help lists them",
     on_log_items},
    {"D", "FILE", "-d logs to FILE, which is made anew; %d in it is the process id", on_log_file},
    {"msg", "timestamp=on", "put the time before each message on standard error", nullptr, "msg"},
    {"version", "", "print the version and exit", on_version},
    {"help", "", "print this and exit", on_help},
    {"h", "", "same as -help", on_help},
};

} // namespace

failure resolve_name(option_parser& p, option_entry& entry)
{
    option_list& list = entry.values;
    if (auto guest = list.take("guest")) p.result.name = std::move(guest);
    list.take("process");
    if (auto error = check_switch(list, "debug-threads")) return error;
    return unknown_parameter(list);
}

failure resolve_messages(option_parser& p, option_entry& entry)
{
    option_list& list = entry.values;
    const auto timestamps = list.take_switch("timestamp", p.result.timestamps);
    if (!timestamps) return timestamps.why();
    p.result.timestamps = *timestamps;
    if (auto error = check_switch(list, "guest-name")) return error;
    return unknown_parameter(list);
}

failure resolve_sandbox(option_parser& p, option_entry& entry)
{
    option_list& list = entry.values;
    const auto enable = list.take_switch("enable", false);
    if (!enable) return enable.why();
    p.result.sandbox.reset();
    if (!*enable) { // nothing is said about what is not used
        for (const char* key : {"obsolete", "spawn", "resourcecontrol", "elevateprivileges"}) list.take(key);
        return unknown_parameter(list);
    }
    sandbox_rules rules;
    if (auto error = take_sandbox_rules(list, rules)) return error;
    p.result.sandbox = rules;
    return unknown_parameter(list);
}

failure resolve_overcommit(option_parser& p, option_entry& entry)
{
    option_list& list = entry.values;
    const bool on_fault = p.behaviour.renewed_options && option_list(list).take("mem-lock") == "on-fault";
    if (on_fault) {
        list.take("mem-lock");
    } else if (auto error = check_switch(list, "mem-lock")) {
        return error;
    }
    if (auto error = check_switch(list, "cpu-pm")) return error;
    return unknown_parameter(list);
}

failure resolve_rtc(option_parser&, option_entry& entry)
{
    option_list& list = entry.values;
    const std::string base = list.take("base").value_or("utc");
    const std::string clock = list.take("clock").value_or("host");
    const std::string fix = list.take("driftfix").value_or("none");
    if (auto error = unknown_parameter(list)) return error;
    if (clock != "host" && clock != "rt" && clock != "vm") return refuse("invalid option value " + quoted(clock));
    if (base != "utc" && base != "localtime" && !is_date(base)) {
        return refuse("invalid datetime format; valid formats: '2006-06-17T16:01:21' or '2006-06-17'");
    }
    if (fix != "slew" && fix != "none") return refuse("invalid option value " + quoted(fix));
    return k_fine;
}

option_group program_options() noexcept { return {"The program", k_program_options}; }

} // namespace vigil::sim
