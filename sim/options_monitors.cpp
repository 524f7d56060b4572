// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/option_rows.h>

#include <algorithm>
#include <utility>

#include <unistd.h>

#include <vigil/sim/option_values.h>

namespace vigil::sim {

namespace {

using qmp_bridge::chardev;
using qmp_bridge::option_error;
using qmp_bridge::option_list;

// The short form of a chardev, or a reference to a -chardev.
std::variant<chardev_place, option_error> parse_place(const std::string& value)
{
    constexpr std::string_view k_reference = "chardev:";
    if (value.compare(0, k_reference.size(), k_reference) == 0) {
        return chardev_place{std::nullopt, value.substr(k_reference.size())};
    }
    auto where = chardev::parse_short(value);
    if (auto* error = std::get_if<option_error>(&where)) return std::move(*error);
    return chardev_place{std::get<chardev>(std::move(where)), {}};
}

failure add_monitor(option_parser& p, const std::string& value, bool pretty)
{
    auto where = parse_place(value);
    if (auto* error = std::get_if<option_error>(&where)) return std::move(*error);
    p.mons.push_back({std::get<chardev_place>(std::move(where)), pretty});
    return k_fine;
}

failure on_qmp(option_parser& p, const std::string& value) { return add_monitor(p, value, false); }
failure on_qmp_pretty(option_parser& p, const std::string& value) { return add_monitor(p, value, true); }

failure on_chardev(option_parser& p, const std::string& value)
{
    option_list list = option_list::parse(value, "backend", {"server", "wait", "delay"});
    const std::string backend = list.take("backend").value_or("");
    if (backend == "help" || backend == "?") {
        p.result.text = "Available chardev backend types:\n  null\n  socket\n  stdio\n";
        return k_fine;
    }
    const auto id = list.take("id");
    if (!id || id->empty()) return option_error{"chardev: no id specified; add id=NAME"};
    auto where = chardev::from_options(backend, list);
    if (auto* error = std::get_if<option_error>(&where)) return *error;
    if (auto error = unknown_parameter(list)) return error;
    std::get<chardev>(where).label = *id;
    if (!p.chardevs.emplace(*id, std::get<chardev>(where)).second) {
        return option_error{"Duplicate ID '" + *id + "' for chardev"};
    }
    return k_fine;
}

failure on_mon(option_parser& p, const std::string& value)
{
    option_list list = option_list::parse(value, "chardev");
    const auto id = list.take("chardev");
    const std::string mode = list.take("mode").value_or("readline");
    if (!id) return option_error{"chardev is missing: -mon needs chardev=ID of a -chardev"};
    if (mode != "control") {
        return option_error{"monitor mode " + quoted(mode) + " is not supported; use mode=control"};
    }
    auto pretty = list.take_switch("pretty", false);
    if (auto* error = std::get_if<option_error>(&pretty)) return *error;
    if (auto error = unknown_parameter(list)) return error;
    p.mons.push_back({{std::nullopt, *id}, std::get<bool>(pretty)});
    return k_fine;
}

failure on_object(option_parser& p, const std::string& value)
{
    option_list list = option_list::parse(value, "qom-type");
    const std::string type = list.take("qom-type").value_or("");
    const auto id = list.take("id");
    if (type != "monitor-qmp") {
        if (id) p.result.objects.push_back({type, *id});
        return k_fine;
    }
    const auto chardev_id = list.take("chardev");
    if (!chardev_id) return option_error{"Parameter 'chardev' is missing"};
    auto pretty = list.take_switch("pretty", false);
    if (auto* error = std::get_if<option_error>(&pretty)) return *error;
    p.mons.push_back({{std::nullopt, *chardev_id}, std::get<bool>(pretty)});
    return unknown_parameter(list);
}

failure on_add_fd(option_parser& p, const std::string& value)
{
    constexpr std::uint32_t most = 1'000'000;
    option_list list = option_list::parse(value);
    const auto fd = parse_number(list.take("fd").value_or(""), most);
    const auto set = parse_number(list.take("set").value_or(""), most);
    if (!fd || !set) return option_error{"Parameters 'fd' and 'set' expect numbers, as in fd=3,set=1"};
    const int number = static_cast<int>(*fd);
    if (number <= STDERR_FILENO) return option_error{"fd cannot be a standard I/O stream"};
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
    return option_error{"a human monitor is not supported; use -monitor none, and -qmp for QMP"};
}

failure on_qtest(option_parser& p, const std::string& value)
{
    auto where = parse_place(value);
    if (auto* error = std::get_if<option_error>(&where)) return std::move(*error);
    p.qtest = std::get<chardev_place>(std::move(where));
    return k_fine;
}

failure on_qtest_log(option_parser& p, const std::string& value)
{
    p.result.qtest_log = value;
    return k_fine;
}

failure on_qmp_schema(option_parser& p, const std::string& value)
{
    if (value == "2.10") {
        p.result.words = qmp_bridge::vocabulary::v2_10;
    } else if (value == "7.2") {
        p.result.words = qmp_bridge::vocabulary::v7_2;
    } else {
        return option_error{quoted(value) + " is not a schema; use 2.10 or 7.2"};
    }
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
            return option_error{"Parameter 'max' expects a number from 1 to 65535, not " + quoted(*text)};
        }
        p.result.clients.most = *number;
    }
    if (const auto text = list.take("queue")) {
        const auto bytes = parse_size(*text);
        if (!bytes || *bytes == 0 || *bytes > most_bytes) {
            return option_error{"Parameter 'queue' expects a size from 1B to 1T, as in queue=16M, not " +
                                quoted(*text)};
        }
        p.result.clients.queue_bytes = *bytes;
    }
    return unknown_parameter(list);
}

constexpr option_row k_rows[] = {
    {"qmp", "CHARDEV",
     "a QMP monitor at unix:PATH or tcp:HOST:PORT, each with [,server=on][,wait=off][,reconnect=SECONDS]; unix servers "
     "with [,mode=OCTAL] (default 0600); at stdio; or at chardev:ID",
     on_qmp},
    {"qmp-pretty", "CHARDEV", "a QMP monitor that prints over several lines", on_qmp_pretty},
    {"chardev", "BACKEND,id=ID[,...]",
     "socket with path=PATH, or host=HOST,port=PORT, or fd=N, and what -qmp takes; stdio; null. What clients send to a "
     "chardev that no option refers to is dropped",
     on_chardev},
    {"mon", "chardev=ID,mode=control", "a QMP monitor on a -chardev; [,pretty=on]", on_mon},
    {"object", "TYPE,id=ID[,...]",
     "monitor-qmp,id=ID,chardev=ID[,pretty=on] is a QMP monitor, too; other objects are accepted without effect",
     on_object},
    {"monitor", "none|null", "there is no human monitor", on_monitor},
    {"add-fd", "fd=N,set=N[,opaque=TEXT]", "note an inherited descriptor, for query-fdsets", on_add_fd},
    {"clients", "[max=N][,queue=SIZE]",
     "of each monitor and server: at most so many clients at once (default 256); of each client: events are dropped "
     "while more than SIZE is unsent (default 16M)",
     on_clients},
    {"qtest", "CHARDEV", "serve the qtest protocol there", on_qtest},
    {"qtest-log", "FILE", "log qtest lines to FILE; none: nowhere (default: standard error)", on_qtest_log},
    {"qmp-schema", "VERSION", "the run-state vocabulary that QMP speaks: 2.10 (default) or 7.2", on_qmp_schema},
};

} // namespace

option_group monitor_options() noexcept { return {"Its monitors", k_rows}; }

} // namespace vigil::sim
