// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/option_rows.h>

#include <map>

namespace vigil::sim {

namespace {

using qmp_bridge::chardev;
using qmp_bridge::option_error;
using qmp_bridge::option_list;

failure add_monitor(option_parser& p, const std::string& value, bool pretty)
{
    auto where = chardev::parse_short(value);
    if (auto* error = std::get_if<option_error>(&where)) return *error;
    p.result.monitors.push_back({std::get<chardev>(where), pretty});
    return k_fine;
}

failure on_qmp(option_parser& p, const std::string& value) { return add_monitor(p, value, false); }
failure on_qmp_pretty(option_parser& p, const std::string& value) { return add_monitor(p, value, true); }

failure on_chardev(option_parser& p, const std::string& value)
{
    option_list list = option_list::parse(value, "backend", {"server", "wait", "delay"});
    const std::string backend = list.take("backend").value_or("");
    const auto id = list.take("id");
    if (backend != "socket") {
        return option_error{quoted(backend) + " is not a char driver that is supported here; use socket"};
    }
    if (!id || id->empty()) return option_error{"chardev: no id specified; add id=NAME"};
    auto where = chardev::from_options(list);
    if (auto* error = std::get_if<option_error>(&where)) return *error;
    if (auto error = unknown_parameter(list)) return error;
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
    p.mons.push_back({*id, std::get<bool>(pretty)});
    return k_fine;
}

failure on_monitor(option_parser&, const std::string& value)
{
    if (value == "none") return k_fine;
    return option_error{"a human monitor is not supported; use -monitor none, and -qmp for QMP"};
}

failure on_qtest(option_parser& p, const std::string& value)
{
    if (const auto known = p.chardevs.find(value.rfind("chardev:", 0) == 0 ? value.substr(8) : value);
        known != p.chardevs.end()) {
        p.result.qtest = known->second;
        return k_fine;
    }
    auto where = chardev::parse_short(value);
    if (auto* error = std::get_if<option_error>(&where)) return *error;
    p.result.qtest = std::get<chardev>(where);
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

constexpr option_row k_rows[] = {
    {"qmp", "CHARDEV", "a QMP monitor at unix:PATH or tcp:HOST:PORT, each with [,server=on][,wait=off]", on_qmp},
    {"qmp-pretty", "CHARDEV", "a QMP monitor that prints over several lines", on_qmp_pretty},
    {"chardev", "socket,id=ID,...", "path=PATH, or host=HOST,port=PORT, or fd=N, with [,server=on][,wait=off]",
     on_chardev},
    {"mon", "chardev=ID,mode=control", "a QMP monitor on a -chardev; [,pretty=on]", on_mon},
    {"monitor", "none", "there is no human monitor", on_monitor},
    {"qtest", "CHARDEV", "serve the qtest protocol there", on_qtest},
    {"qtest-log", "FILE", "log qtest lines to FILE; none: nowhere (default: standard error)", on_qtest_log},
    {"qmp-schema", "VERSION", "the run-state vocabulary that QMP speaks: 2.10 (default) or 7.2", on_qmp_schema},
};

} // namespace

option_group monitor_options() noexcept { return {"Its monitors", k_rows}; }

} // namespace vigil::sim
