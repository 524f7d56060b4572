// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/options/option_rows.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include <unistd.h>

#include <vigil/qmp-bridge/json/json.h>
#include <vigil/sim/options/option_values.h>

namespace vigil::sim {

namespace {

using qmp_bridge::chardev;
using qmp_bridge::option_list;
using qmp_bridge::refuse;

// The key that says how long to wait before connecting again is another one in each version.
failure check_reconnect(const option_parser& p, option_list list)
{
    const char* const unknown = p.behaviour.renewed_options ? "reconnect" : "reconnect-ms";
    return list.take(unknown) ? refuse("Invalid parameter " + quoted(unknown)) : k_fine;
}

// Makes the chardev that an option wants for itself known by `label`; or it refers to a -chardev, whose id becomes
// `label`.
failure take_place(option_parser& p, const std::string& value, std::string& label)
{
    constexpr std::string_view k_reference = "chardev:";
    if (value.compare(0, k_reference.size(), k_reference) == 0) {
        label = value.substr(k_reference.size());
        return k_fine;
    }
    const std::size_t keys = std::min(value.find(','), value.size());
    if (auto error = check_reconnect(p, option_list::parse(value.substr(keys), "", {"server", "wait", "delay"}))) {
        return error;
    }
    auto where = chardev::parse_short(value);
    if (!where) return std::move(where).why();
    where->label = label;
    const bool taken =
        p.store.find("chardev", label) != nullptr || !p.chardevs.emplace(label, *std::move(where)).second;
    if (taken) return refuse("Duplicate ID " + quoted(label) + " for chardev");
    return k_fine;
}

failure add_monitor(option_parser& p, const std::string& value, bool pretty)
{
    std::string label = "compat_monitor" + std::to_string(p.qmp_monitors++); // as in QEMU
    if (auto error = take_place(p, value, label)) return error;
    option_list list;
    list.add("id", label);
    list.add("chardev", label);
    list.add("mode", "control");
    list.add("pretty", pretty ? "on" : "off");
    return p.store.add("mon", list, p.here);
}

failure on_qmp(option_parser& p, const std::string& value) { return add_monitor(p, value, false); }
failure on_qmp_pretty(option_parser& p, const std::string& value) { return add_monitor(p, value, true); }

failure on_mon(option_parser& p, const std::string& value)
{
    if (p.behaviour.renewed_options) {
        p.result.warn(p.here.text +
                      ": warning: '-mon' is deprecated, use '-object' with 'monitor-hmp' or 'monitor-qmp' "
                      "types instead");
    }
    return keep(p, "mon", value);
}

failure on_chardev(option_parser& p, const std::string& value)
{
    const std::string backend = value.substr(0, value.find(','));
    if (!asks_for_help(backend)) return keep(p, "chardev", value);
    p.result.text = "Available chardev backend types:\n  null\n  socket\n  stdio\n";
    return k_fine;
}

// Serves a monitor on the chardev of that id, which nothing else uses.
failure serve_monitor(option_parser& p, const std::string& id, bool pretty, const std::string& object,
                      const std::string& refusal)
{
    const auto found = p.chardevs.find(id);
    if (found == p.chardevs.end()) return refuse("chardev \"" + id + "\" not found");
    auto& used = p.chardevs_in_use;
    if (std::find(used.begin(), used.end(), id) != used.end()) {
        return refuse(refusal);
    }
    used.push_back(id);
    p.result.monitors.push_back({found->second, pretty, object});
    return k_fine;
}

// Those that QEMU has beside ours; the later ones are from 11.1.
constexpr std::string_view k_objects[] = {"authz-list",
                                          "authz-list-file",
                                          "authz-simple",
                                          "can-bus",
                                          "can-host-socketcan",
                                          "colo-compare",
                                          "cryptodev-backend",
                                          "cryptodev-backend-builtin",
                                          "cryptodev-vhost-user",
                                          "dbus-vmstate",
                                          "filter-buffer",
                                          "filter-dump",
                                          "filter-mirror",
                                          "filter-redirector",
                                          "filter-replay",
                                          "filter-rewriter",
                                          "input-barrier",
                                          "input-linux",
                                          "iothread",
                                          "main-loop",
                                          "memory-backend-epc",
                                          "memory-backend-file",
                                          "memory-backend-memfd",
                                          "memory-backend-ram",
                                          "pr-manager-helper",
                                          "qtest",
                                          "rng-builtin",
                                          "rng-egd",
                                          "rng-random",
                                          "secret",
                                          "secret_keyring",
                                          "sev-guest",
                                          "thread-context",
                                          "throttle-group",
                                          "tls-cipher-suites",
                                          "tls-creds-anon",
                                          "tls-creds-psk",
                                          "tls-creds-x509",
                                          "x-remote-object",
                                          "acpi-generic-initiator",
                                          "acpi-generic-port",
                                          "iommufd",
                                          "memory-backend-shm",
                                          "sev-snp-guest",
                                          "tdx-guest"};

std::string objects_text()
{
    std::string text = "List of user creatable objects:\n  monitor-qmp\n";
    for (const std::string_view one : k_objects) text += "  " + std::string(one) + " (no effect)\n";
    return text;
}

// A JSON object's id has the same form as any other.
failure on_object(option_parser& p, const std::string& value)
{
    if (asks_for_help(value)) {
        p.result.text = objects_text();
        return k_fine;
    }
    if (value.substr(0, 1) != "{") return keep(p, "object", value);
    const auto item = qmp_bridge::parse_json(value, json_errors_of(p.behaviour));
    if (const auto* wrong = std::get_if<qmp_bridge::json_error>(&item)) return refuse(wrong->text);
    const auto& given = std::get<qmp_bridge::json::value>(item);
    if (!given.is_object()) return refuse("must be TYPE,id=ID[,...] or one JSON object");
    option_list list;
    for (const auto& member : given.get_object()) {
        const auto& one = member.value();
        std::string text;
        if (one.is_string()) text = qmp_bridge::as_view(one.get_string());
        if (one.is_bool()) text = one.get_bool() ? "on" : "off";
        list.add(std::string(member.key()), text);
    }
    return p.store.add("object", list, p.here);
}

failure on_add_fd(option_parser& p, const std::string& value)
{
    constexpr std::uint32_t most = 1'000'000;
    option_list list = option_list::parse(value);
    const auto fd = parse_number(list.take("fd").value_or(""), most);
    const auto set = parse_number(list.take("set").value_or(""), most);
    if (!fd || !set) return refuse("Parameters 'fd' and 'set' expect numbers, as in fd=3,set=1");
    const int number = static_cast<int>(*fd);
    if (number <= STDERR_FILENO) return refuse("fd cannot be a standard I/O stream");
    auto& sets = p.result.fdsets;
    const auto same = [&](const qmp_bridge::fdset_info& one) { return one.fdset_id == *set; };
    auto found = std::find_if(sets.begin(), sets.end(), same);
    if (found == sets.end()) found = sets.insert(sets.end(), {*set, {}});
    found->fds.push_back({number, list.take("opaque")});
    return unknown_parameter(list);
}

failure on_monitor(option_parser&, const std::string& value)
{
    if (value == "none" || value == "null") return k_fine;
    return refuse("a human monitor is not supported; use -monitor none, and -qmp for QMP");
}

failure on_qtest(option_parser& p, const std::string& value)
{
    std::string label = "qtest";
    if (p.qtest == label) p.chardevs.erase(label); // the last one counts
    if (auto error = take_place(p, value, label)) return error;
    p.qtest = label;
    return k_fine;
}

failure on_qtest_log(option_parser& p, const std::string& value)
{
    p.result.qtest_log = value;
    return k_fine;
}

failure on_qmp_schema(option_parser& p, const std::string& value)
{
    const auto version = parse_qemu_version(value);
    if (!version && value != "2.10") return refuse(quoted(value) + " is not a schema; use 2.10, 7.2, 10.0 or 11.1");
    p.words = version ? vocabulary_of(*version) : qmp_bridge::vocabulary::v2_10;
    return k_fine;
}

failure on_clients(option_parser& p, const std::string& value)
{
    constexpr std::uint32_t most = 65535;
    constexpr std::uint64_t most_bytes = 1ULL << 40;
    option_list list = option_list::parse(value, "max");
    if (const auto text = list.take("max")) {
        const auto number = parse_number(*text, most);
        if (!number || *number == 0) {
            return refuse("Parameter 'max' expects a number from 1 to 65535, not " + quoted(*text));
        }
        p.result.clients.most = *number;
    }
    if (const auto text = list.take("queue")) {
        const auto bytes = parse_size(*text);
        if (!bytes || *bytes == 0 || *bytes > most_bytes) {
            return refuse("Parameter 'queue' expects a size from 1B to 1T, as in queue=16M, not " + quoted(*text));
        }
        p.result.clients.queue_bytes = *bytes;
    }
    return unknown_parameter(list);
}

constexpr option_row k_monitor_options[] = {
    {"qmp", "CHARDEV",
     "a QMP monitor at unix:PATH or tcp:HOST:PORT, each with [,server=on][,wait=off][,reconnect=SECONDS] (from 11.1 on "
     "reconnect-ms=MILLISECONDS); unix servers "
     "with [,mode=OCTAL] (default 0600); at stdio; or at chardev:ID",
     on_qmp},
    {"qmp-pretty", "CHARDEV", "a QMP monitor that prints over several lines", on_qmp_pretty},
    {"chardev", "BACKEND,id=ID[,...]",
     "socket with path=PATH[,abstract=on[,tight=off]], or host=HOST,port=PORT[,to=PORT][,ipv4=on|off][,ipv6=on|off], "
     "or "
     "fd=N, and what -qmp takes; stdio; null. logfile=FILE[,logappend=on] keeps what clients are sent. What clients "
     "send "
     "to a chardev that no option refers to is dropped",
     on_chardev, "chardev"},
    {"mon", "chardev=ID,mode=control", "a QMP monitor on a -chardev that nothing else uses; [,pretty=on][,id=ID]",
     on_mon, "mon"},
    {"object", "TYPE,id=ID[,...]",
     "monitor-qmp,id=ID,chardev=ID[,pretty=on] is a QMP monitor, too; other objects are accepted without effect",
     on_object, "object"},
    {"monitor", "none|null", "there is no human monitor", on_monitor},
    {"add-fd", "fd=N,set=N[,opaque=TEXT]", "note an inherited descriptor, for query-fdsets", on_add_fd, "add-fd"},
    {"clients", "[max=N][,queue=SIZE]",
     "of each monitor and server: at most so many clients at once (default 256); of each client: events are dropped "
     "while more than SIZE is unsent (default 16M)",
     on_clients},
    {"qtest", "CHARDEV", "serve the qtest protocol there", on_qtest},
    {"qtest-log", "FILE", "log qtest lines to FILE; none: nowhere (default: standard error)", on_qtest_log},
    {"qmp-schema", "VERSION", "the run-state vocabulary that QMP speaks: 2.10 (default), 7.2, 10.0 or 11.1",
     on_qmp_schema},
};

} // namespace

failure resolve_chardev(option_parser& p, option_entry& entry)
{
    option_list& list = entry.values;
    if (auto error = check_reconnect(p, list)) return error;
    auto where = chardev::from_options(list.take("backend").value_or(""), list);
    if (!where) return where.why();
    if (auto error = unknown_parameter(list)) return error;
    where->label = *entry.id;
    if (!p.chardevs.emplace(*entry.id, *std::move(where)).second) {
        return refuse("Duplicate ID " + quoted(*entry.id) + " for chardev");
    }
    return k_fine;
}

failure resolve_monitor(option_parser& p, option_entry& entry)
{
    option_list& list = entry.values;
    const auto id = list.take("chardev");
    const std::string mode = list.take("mode").value_or("readline");
    const bool says_pretty = option_list(list).take("pretty").has_value();
    const auto pretty = list.take_switch("pretty", false);
    if (auto error = unknown_parameter(list)) return error;
    if (!pretty) return pretty.why();
    if (mode != "control" && mode != "readline") {
        return refuse("Parameter 'mode' does not accept value " + quoted(mode));
    }
    if (mode == "readline") {
        if (says_pretty) return refuse("'pretty' is not compatible with HMP monitors");
        return refuse("monitor mode 'readline' is not supported; use mode=control");
    }
    if (!id) return refuse("Parameter 'chardev' is missing");
    return serve_monitor(p, *id, *pretty, entry.id.value_or(std::string()), "Device " + quoted(*id) + " is in use");
}

failure resolve_object(option_parser& p, option_entry& entry)
{
    option_list& list = entry.values;
    const auto type = list.take("qom-type");
    if (!type) return refuse("Parameter 'qom-type' is missing");
    if (*type == "monitor-hmp") return refuse("a human monitor is not supported; use monitor-qmp");
    if (*type != "monitor-qmp") {
        if (std::find(std::begin(k_objects), std::end(k_objects), *type) == std::end(k_objects)) {
            return refuse("Parameter 'qom-type' does not accept value " + quoted(*type));
        }
        if (entry.id) p.result.objects.push_back({*type, *entry.id});
        return k_fine;
    }
    const auto id = list.take("chardev");
    if (!id) return refuse("Parameter 'chardev' is missing");
    const auto pretty = list.take_switch("pretty", false);
    if (!pretty) return pretty.why();
    // Whatever it is, the monitor is there for as long as the program: nothing closes the chardev of an option.
    const std::string close_action = list.take("close-action").value_or("none");
    if (auto error = unknown_parameter(list)) return error;
    if (close_action != "none" && close_action != "delete") {
        return refuse("Parameter 'close-action' does not accept value " + quoted(close_action));
    }
    if (close_action == "delete") return refuse("'close-action=delete' is not supported; use none");
    return serve_monitor(p, *id, *pretty, *entry.id, "chardev " + quoted(*id) + " is already in use");
}

option_group monitor_options() noexcept { return {"Its monitors", k_monitor_options}; }

} // namespace vigil::sim
