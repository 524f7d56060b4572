// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/option_rows.h>

#include <vigil/sim/option_values.h>

namespace vigil::sim {

namespace {

using qmp_bridge::option_error;
using qmp_bridge::option_list;

failure on_name(option_parser& p, const std::string& value)
{
    option_list list = option_list::parse(value, "guest");
    p.result.name = list.take("guest");
    list.take("process");
    list.take("debug-threads");
    return unknown_parameter(list);
}

failure on_uuid(option_parser& p, const std::string& value)
{
    p.result.uuid = parse_uuid(value);
    if (p.result.uuid) return k_fine;
    return option_error{"failed to parse UUID string " + quoted(value) +
                        ": it must look like 11111111-2222-3333-4444-555555555555"};
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
        return option_error{"Parameter " + quoted(key) + " expects allow or deny, not " + quoted(*text)};
    }
    allowed = *text == "allow";
    return k_fine;
}

failure on_sandbox(option_parser& p, const std::string& value)
{
    using privileges = sandbox_rules::privileges;
    option_list list = option_list::parse(value, "enable");
    auto enable = list.take_switch("enable", false);
    if (auto* error = std::get_if<option_error>(&enable)) return *error;
    sandbox_rules rules;
    if (auto error = take_permission(list, "obsolete", rules.obsolete)) return error;
    if (auto error = take_permission(list, "spawn", rules.spawn)) return error;
    if (auto error = take_permission(list, "resourcecontrol", rules.resourcecontrol)) return error;
    if (const auto text = list.take("elevateprivileges")) {
        if (*text != "allow" && *text != "deny" && *text != "children") {
            return option_error{"Parameter 'elevateprivileges' expects allow, deny or children, not " + quoted(*text)};
        }
        rules.elevateprivileges = *text == "allow"  ? privileges::allow
                                  : *text == "deny" ? privileges::deny
                                                    : privileges::children;
    }
    p.result.sandbox.reset();
    if (std::get<bool>(enable)) p.result.sandbox = rules;
    return unknown_parameter(list);
}

failure on_snapshot_dir(option_parser& p, const std::string& value)
{
    p.result.snapshot_dir = value;
    return k_fine;
}

failure on_log_items(option_parser& p, const std::string& value)
{
    for (std::string_view rest = value; !rest.empty();) {
        const std::size_t comma = rest.find(',');
        const std::string_view item = rest.substr(0, comma);
        if (item != "guest_errors") {
            return option_error{quoted(item) + " is not a log item; the one there is: guest_errors"};
        }
        p.result.log_guest_errors = true;
        rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
    return k_fine;
}

failure on_messages(option_parser& p, const std::string& value)
{
    option_list list = option_list::parse(value, "timestamp");
    auto timestamps = list.take_switch("timestamp", false);
    if (auto* error = std::get_if<option_error>(&timestamps)) return *error;
    p.result.timestamps = std::get<bool>(timestamps);
    list.take("guest-name");
    return unknown_parameter(list);
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

constexpr option_row k_rows[] = {
    {"name", "NAME", "the machine's name, for query-name", on_name},
    {"uuid", "UUID", "the machine's UUID, for query-uuid", on_uuid},
    {"pidfile", "FILE", "write the process id to FILE; removed at exit", on_pidfile},
    {"daemonize", "", "go on in the background; the command ends with status 0 once clients can connect", on_daemonize},
    {"sandbox", "on|off[,KEY=allow|deny...]",
     "give up what serving does not need once every socket is open: system calls, capabilities, new privileges. Keys "
     "that keep some, all deny by default: obsolete, elevateprivileges (also children), spawn, resourcecontrol",
     on_sandbox},
    {"snapshot-dir", "DIR",
     "commands of clients (migrate, x-snapshot-save, blockdev-add ...) reach files below DIR only", on_snapshot_dir},
    {"d", "guest_errors", "log what a guest does wrong to standard error", on_log_items},
    {"msg", "timestamp=on", "put the time before each message on standard error", on_messages},
    {"version", "", "print the version and exit", on_version},
    {"help", "", "print this and exit", on_help},
    {"h", "", "same as -help", on_help},
};

} // namespace

option_group program_options() noexcept { return {"The program", k_rows}; }

} // namespace vigil::sim
