// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/options.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <map>

#include <vigil/qmp-bridge/json.h>
#include <vigil/sim/option_values.h>
#include <vigil/sim/version.h>

namespace vigil::sim {

namespace {

using qmp_bridge::chardev;
using qmp_bridge::nearest_match;
using qmp_bridge::option_error;
using qmp_bridge::option_list;
using qmp_bridge::pump;
using failure = std::optional<option_error>;

const failure k_fine = std::nullopt;

/// A -mon or -chardev is only understood together with the other; both are resolved at the end.
struct mon_request {
    std::string chardev_id;
    bool pretty;
};

struct parser {
    sim_options result;
    std::map<std::string, chardev> chardevs;
    std::vector<mon_request> mons;
    bool nodefaults = false;
    bool no_vga = false;
    bool no_nic = false;
    bool accelerator_named = false;
    bool qtest_accelerator = false;
    std::optional<pump::pace> pace;
};

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates)
{
    const auto nearest = nearest_match(word, candidates);
    return nearest ? "; did you mean " + quoted(*nearest) + "?" : "";
}

template <class Action> failure parse_action(std::string_view parameter, std::string_view value, Action& action)
{
    const auto parsed = runstate::from_string<Action>(value);
    if (!parsed) {
        return option_error{"Parameter " + quoted(parameter) + " does not accept value " + quoted(value)};
    }
    action = *parsed;
    return k_fine;
}

failure unknown_parameter(const option_list& list)
{
    if (const auto key = list.unknown_key()) return option_error{"Invalid parameter " + quoted(*key)};
    return k_fine;
}

failure parse_accelerator(parser& p, const std::string& name)
{
    const std::vector<std::string_view> known{"qtest", "tcg", "kvm", "hax", "hvf", "whpx", "nvmm", "xen"};
    if (std::find(known.begin(), known.end(), name) == known.end()) {
        return option_error{"invalid accelerator " + name + suggestion(name, known)};
    }
    // Of several, the first that works counts, and all work.
    if (!p.accelerator_named) p.qtest_accelerator = name == "qtest";
    p.accelerator_named = true;
    return k_fine;
}

failure on_accel(parser& p, const std::string& value)
{
    option_list list = option_list::parse(value, "accel");
    for (const char* meaningless : {"thread", "tb-size", "kernel-irqchip", "one-insn-per-tb"}) list.take(meaningless);
    if (auto error = parse_accelerator(p, list.take("accel").value_or(""))) return error;
    return unknown_parameter(list);
}

failure on_machine(parser& p, const std::string& value)
{
    option_list list = option_list::parse(value, "type");
    if (const auto accelerators = list.take("accel")) {
        if (auto error = parse_accelerator(p, accelerators->substr(0, accelerators->find(':')))) return error;
    }
    for (const char* meaningless :
         {"usb", "graphics", "hpet", "pit", "smm", "vmport", "acpi", "kernel_irqchip", "kernel-irqchip",
          "dump-guest-core", "mem-merge", "memory-backend", "smbus", "sata"}) {
        list.take(meaningless);
    }
    const auto type = list.take("type");
    if (auto error = unknown_parameter(list)) return error;
    if (!type) return k_fine;
    const std::vector<std::string_view> known{"pc", "pc-i440fx-7.2", "q35", "pc-q35-7.2", "none"};
    if (*type == "pc" || *type == "pc-i440fx-7.2") {
        p.result.machine.type = machine_type::pc;
    } else if (*type == "q35" || *type == "pc-q35-7.2") {
        p.result.machine.type = machine_type::q35;
    } else if (*type == "none") {
        p.result.machine.type = machine_type::none;
    } else {
        return option_error{"unsupported machine type " + quoted(*type) + suggestion(*type, known)};
    }
    return k_fine;
}

// Takes the property `name` into `value`, where the driver has it and it was given.
template <class Number>
failure parse_property(option_list& list, const device_driver& driver, std::string_view name,
                       std::optional<Number>& value)
{
    if (std::find(driver.properties.begin(), driver.properties.end(), name) == driver.properties.end()) return k_fine;
    const auto text = list.take(name);
    if (!text) return k_fine;
    constexpr std::uint32_t most = std::numeric_limits<Number>::max();
    const auto number = parse_number(*text, most);
    if (!number) {
        return option_error{"Property '" + std::string(driver.name) + "." + std::string(name) +
                            "' doesn't take value " + quoted(*text) + "; use a number from 0 to " +
                            std::to_string(most)};
    }
    value = static_cast<Number>(*number);
    return k_fine;
}

// A -device written as a JSON object, as the same list that the other spelling gives.
std::variant<option_list, option_error> device_from_json(const std::string& text)
{
    qmp_bridge::json_reader reader;
    reader.feed(text);
    reader.feed("\n"); // ends a number or a word
    const auto item = reader.next();
    const auto* value = item ? std::get_if<qmp_bridge::json::value>(&*item) : nullptr;
    if (value == nullptr || !value->is_object() || reader.next()) {
        return option_error{"must be DRIVER[,PROPERTY=VALUE...] or one JSON object"};
    }
    std::string list;
    for (const auto& member : value->get_object()) {
        const std::string key(member.key());
        const qmp_bridge::json::value& given = member.value();
        std::string as_text;
        if (given.is_string()) {
            for (const char c : given.get_string()) as_text += c == ',' ? std::string(",,") : std::string(1, c);
        } else if (given.is_bool()) {
            as_text = given.get_bool() ? "on" : "off";
        } else if (given.is_int64() && key == "addr") { // as a number, it is the slot and the function in one
            char place[32];
            std::snprintf(place, sizeof place, "%llx.%llx", static_cast<unsigned long long>(given.get_int64()) >> 3,
                          static_cast<unsigned long long>(given.get_int64()) & 7);
            as_text = place;
        } else if (given.is_int64()) {
            as_text = std::to_string(given.get_int64());
        } else {
            return option_error{"Invalid parameter type for " + quoted(key) +
                                ", expected: a string, a number or a boolean"};
        }
        list += (list.empty() ? "" : ",") + key + "=" + as_text;
    }
    return option_list::parse(list);
}

failure on_device(parser& p, const std::string& value)
{
    auto parsed = value.empty() || value.front() != '{'
                      ? std::variant<option_list, option_error>(option_list::parse(value, "driver"))
                      : device_from_json(value);
    if (auto* error = std::get_if<option_error>(&parsed)) return std::move(*error);
    option_list& list = std::get<option_list>(parsed);
    device_request request;
    request.driver = list.take("driver").value_or("");
    const device_driver* driver = nullptr;
    std::vector<std::string_view> known;
    for (const device_driver& row : device_drivers()) {
        known.push_back(row.name);
        if (row.name == request.driver) driver = &row;
    }
    if (driver == nullptr) {
        return option_error{quoted(request.driver) + " is not a valid device model name" +
                            suggestion(request.driver, known)};
    }
    request.id = list.take("id");
    for (const device_request& other : p.result.machine.devices) {
        if (request.id && other.id == request.id) return option_error{"Duplicate ID '" + *request.id + "' for device"};
    }
    if (driver->pci) {
        if (const auto address = list.take("addr")) {
            request.address = parse_pci_address(*address);
            if (!request.address) {
                return option_error{"Property '" + request.driver + ".addr' doesn't take value " + quoted(*address) +
                                    "; use SLOT or SLOT.FUNCTION, hexadecimal, as in addr=1d.4"};
            }
        }
        if (const auto bus = list.take("bus"); bus && *bus != "pci.0" && *bus != "pcie.0") {
            return option_error{"Bus " + quoted(*bus) + " not found"};
        }
    }
    if (auto error = parse_property(list, *driver, "ioport", request.ioport)) return error;
    if (auto error = parse_property(list, *driver, "events", request.events)) return error;
    if (const auto key = list.unknown_key()) {
        return option_error{"Property '" + request.driver + "." + *key + "' not found"};
    }
    p.result.machine.devices.push_back(std::move(request));
    return k_fine;
}

failure on_cpu(parser& p, const std::string& value)
{
    // The model and its other features have no meaning here.
    option_list list = option_list::parse(value, "model");
    auto crash = list.take_switch("hv-crash", false);
    if (auto* error = std::get_if<option_error>(&crash)) return *error;
    p.result.machine.hyperv_crash = std::get<bool>(crash) || list.take("+hv-crash").has_value();
    if (list.take("-hv-crash")) p.result.machine.hyperv_crash = false;
    return k_fine;
}

failure on_smp(parser& p, const std::string& value)
{
    constexpr std::uint32_t most = 255;
    option_list list = option_list::parse(value, "cpus");
    const std::string text = list.take("cpus").value_or("1");
    const auto count = parse_number(text, most);
    if (!count || *count == 0) {
        return option_error{"Parameter 'cpus' expects a number from 1 to " + std::to_string(most) + ", not " +
                            quoted(text)};
    }
    for (const char* meaningless : {"sockets", "dies", "clusters", "cores", "threads", "maxcpus"})
        list.take(meaningless);
    p.result.machine.cpus = *count;
    return unknown_parameter(list);
}

failure on_action(parser& p, const std::string& value)
{
    option_list list = option_list::parse(value);
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

failure on_watchdog_action(parser& p, const std::string& value)
{
    return parse_action("watchdog", value, p.result.actions.watchdog);
}

failure on_no_reboot(parser& p, const std::string&)
{
    p.result.actions.reboot = runstate::reboot_action::shutdown;
    return k_fine;
}

failure on_no_shutdown(parser& p, const std::string&)
{
    p.result.actions.shutdown = runstate::shutdown_action::pause;
    return k_fine;
}

failure on_stopped(parser& p, const std::string&)
{
    p.result.start_stopped = true;
    return k_fine;
}

failure on_name(parser& p, const std::string& value)
{
    option_list list = option_list::parse(value, "guest");
    p.result.name = list.take("guest");
    list.take("process");
    list.take("debug-threads");
    return unknown_parameter(list);
}

failure on_uuid(parser& p, const std::string& value)
{
    p.result.uuid = parse_uuid(value);
    if (p.result.uuid) return k_fine;
    return option_error{"failed to parse UUID string " + quoted(value) +
                        ": it must look like 11111111-2222-3333-4444-555555555555"};
}

failure on_memory(parser& p, const std::string& value)
{
    constexpr std::uint64_t most = 1ULL << 40;
    option_list list = option_list::parse(value, "size");
    const auto size = parse_size(list.take("size").value_or(""));
    list.take("slots");
    list.take("maxmem");
    if (!size || *size == 0 || *size > most) {
        return option_error{"Parameter 'size' expects a size from 1B to 1T, as in -m 128 (MiB) or -m 1G, not " +
                            quoted(value)};
    }
    p.result.machine.ram_bytes = *size;
    return unknown_parameter(list);
}

failure add_monitor(parser& p, const std::string& value, bool pretty)
{
    auto where = chardev::parse_short(value);
    if (auto* error = std::get_if<option_error>(&where)) return *error;
    p.result.monitors.push_back({std::get<chardev>(where), pretty});
    return k_fine;
}

failure on_qmp(parser& p, const std::string& value) { return add_monitor(p, value, false); }
failure on_qmp_pretty(parser& p, const std::string& value) { return add_monitor(p, value, true); }

failure on_chardev(parser& p, const std::string& value)
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

failure on_mon(parser& p, const std::string& value)
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

failure on_monitor(parser&, const std::string& value)
{
    if (value == "none") return k_fine;
    return option_error{"a human monitor is not supported; use -monitor none, and -qmp for QMP"};
}

failure on_qtest(parser& p, const std::string& value)
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

failure on_qtest_log(parser& p, const std::string& value)
{
    p.result.qtest_log = value;
    return k_fine;
}

failure on_clock(parser& p, const std::string& value)
{
    option_list list = option_list::parse(value, "mode");
    const std::string mode = list.take("mode").value_or("");
    const std::vector<std::string_view> known{"driven", "paced", "free"};
    if (mode == "driven") {
        p.pace = pump::pace::driven;
    } else if (mode == "paced") {
        p.pace = pump::pace::paced;
        if (const auto factor = list.take("factor")) {
            const auto millionths = parse_millionths(*factor);
            if (!millionths) {
                return option_error{"Parameter 'factor' expects a number from 0.000001 to 1000000, not " +
                                    quoted(*factor)};
            }
            p.result.pump.factor_millionths = *millionths;
        }
    } else if (mode == "free") {
        p.pace = pump::pace::free;
    } else {
        return option_error{quoted(mode) + " is not a clock mode; use driven, paced[,factor=F] or free" +
                            suggestion(mode, known)};
    }
    return unknown_parameter(list);
}

failure on_qmp_schema(parser& p, const std::string& value)
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

failure on_pidfile(parser& p, const std::string& value)
{
    p.result.pidfile = value;
    return k_fine;
}

failure on_log_items(parser& p, const std::string& value)
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

failure on_guest_trace(parser& p, const std::string& value)
{
    option_list list = option_list::parse(value, "file");
    guest_trace_request request;
    request.file = list.take("file").value_or("");
    request.scenario = list.take("scenario").value_or("");
    if (request.file.empty()) return option_error{"Parameter 'file' is missing"};
    p.result.guest_trace = std::move(request);
    return unknown_parameter(list);
}

failure on_incoming(parser& p, const std::string& value)
{
    constexpr std::string_view k_scheme = "file:";
    incoming_request request;
    if (value.compare(0, k_scheme.size(), k_scheme) == 0 && value.size() > k_scheme.size()) {
        request.path = value.substr(k_scheme.size());
    } else if (value != "defer") {
        return option_error{"unknown migration protocol; use file:PATH or defer"};
    }
    p.result.incoming = std::move(request);
    return k_fine;
}

failure on_timeline(parser& p, const std::string&)
{
    p.result.timeline = true;
    return k_fine;
}

failure on_nodefaults(parser& p, const std::string&)
{
    p.nodefaults = true;
    return k_fine;
}

failure on_vga(parser& p, const std::string& value)
{
    p.no_vga = value == "none";
    return k_fine;
}

failure on_nic(parser& p, const std::string& value)
{
    p.no_nic = value == "none";
    return k_fine;
}

failure on_help(parser& p, const std::string&)
{
    p.result.help = true;
    return k_fine;
}

failure on_version(parser& p, const std::string&)
{
    p.result.version = true;
    return k_fine;
}

failure without_effect(parser&, const std::string&) { return k_fine; }

/// One option of the command line.
struct option_row {
    std::string_view name;
    std::string_view argument; ///< as -help shows it; empty: takes none
    std::string_view help;     ///< one line; for options without effect, empty
    failure (*act)(parser&, const std::string&);
};

constexpr option_row k_options[] = {
    {"machine", "TYPE", "pc (default), q35 or none; accel=NAME as with -accel", on_machine},
    {"M", "TYPE", "same as -machine", on_machine},
    {"accel", "NAME", "qtest: time is driven by clock_step, unless -clock says otherwise; others are as tcg", on_accel},
    {"m", "SIZE", "guest RAM, MiB or with a suffix K M G T (default 128)", on_memory},
    {"nodefaults", "", "leave out the VGA and network adapters, whose slots stay reserved otherwise", on_nodefaults},
    {"device", "DRIVER[,PROPERTY=VALUE...]",
     "add a device, so or as a JSON object: i6300esb, pvpanic-pci (addr=SLOT[.FN], hexadecimal), ib700, pvpanic "
     "(ioport=N); id=ID; pvpanics: "
     "events=N",
     on_device},
    {"cpu", "MODEL[,hv-crash=on]", "the CPUs have the Hyper-V crash MSRs; nothing else of the model has a meaning here",
     on_cpu},
    {"smp", "N", "how many CPUs a test may name with rdmsr and wrmsr (default 1)", on_smp},
    {"action", "EVENT=ACTION[,...]",
     "reboot=reset|shutdown, shutdown=poweroff|pause, panic=pause|shutdown|exit-failure|none, watchdog=...", on_action},
    {"watchdog-action", "ACTION", "reset (default), shutdown, poweroff, pause, debug, none or inject-nmi",
     on_watchdog_action},
    {"no-reboot", "", "same as -action reboot=shutdown", on_no_reboot},
    {"no-shutdown", "", "same as -action shutdown=pause", on_no_shutdown},
    {"S", "", "do not start the machine: it waits in prelaunch for cont", on_stopped},
    {"incoming", "file:PATH|defer",
     "continue a machine that migrate or snapshot-save saved, now or by migrate-incoming", on_incoming},
    {"name", "NAME", "the machine's name, for query-name", on_name},
    {"uuid", "UUID", "the machine's UUID, for query-uuid", on_uuid},
    {"qmp", "CHARDEV", "a QMP monitor at unix:PATH or tcp:HOST:PORT, each with [,server=on][,wait=off]", on_qmp},
    {"qmp-pretty", "CHARDEV", "a QMP monitor that prints over several lines", on_qmp_pretty},
    {"chardev", "socket,id=ID,...", "path=PATH, or host=HOST,port=PORT, or fd=N, with [,server=on][,wait=off]",
     on_chardev},
    {"mon", "chardev=ID,mode=control", "a QMP monitor on a -chardev; [,pretty=on]", on_mon},
    {"monitor", "none", "there is no human monitor", on_monitor},
    {"qtest", "CHARDEV", "serve the qtest protocol there", on_qtest},
    {"qtest-log", "FILE", "log qtest lines to FILE; none: nowhere (default: standard error)", on_qtest_log},
    {"clock", "MODE",
     "driven (by qtest), paced[,factor=F] (with the wall clock times F; default) or free (as fast as it goes)",
     on_clock},
    {"qmp-schema", "VERSION", "the run-state vocabulary that QMP speaks: 2.10 (default) or 7.2", on_qmp_schema},
    {"guest-trace", "file=FILE[,scenario=NAME]", "replay a guest's recorded register accesses, each at its time",
     on_guest_trace},
    {"timeline", "",
     "print what happens, as a QMP client on the first -qmp socket sees it, and quit after the first WATCHDOG",
     on_timeline},
    {"pidfile", "FILE", "write the process id to FILE; removed at exit", on_pidfile},
    {"d", "guest_errors", "log what a guest does wrong to standard error", on_log_items},
    {"version", "", "print the version and exit", on_version},
    {"help", "", "print this and exit", on_help},
    {"h", "", "same as -help", on_help},
    {"vga", "TYPE", "none frees the VGA adapter's slot; no adapter is modelled", on_vga},
    {"nic", "TYPE", "none frees the network adapter's slot; no adapter is modelled", on_nic},
    {"net", "TYPE", "same as -nic", on_nic},
    // Known in QEMU, without a meaning here.
    {"display", "TYPE", "", without_effect},
    {"nographic", "", "", without_effect},
    {"serial", "DEV", "", without_effect},
    {"parallel", "DEV", "", without_effect},
    {"bios", "FILE", "", without_effect},
    {"boot", "ORDER", "", without_effect},
    {"rtc", "BASE", "", without_effect},
    {"k", "LANGUAGE", "", without_effect},
    {"L", "PATH", "", without_effect},
    {"msg", "timestamp=on", "", without_effect},
    {"no-user-config", "", "", without_effect},
    {"no-fd-bootchk", "", "", without_effect},
    {"no-hpet", "", "", without_effect},
    {"enable-kvm", "", "", without_effect},
    {"usb", "", "", without_effect},
};

const option_row* find_option(std::string_view name)
{
    for (const option_row& row : k_options) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

failure unknown_option(const std::string& argument, std::string_view name)
{
    std::vector<std::string_view> names;
    for (const option_row& row : k_options) names.push_back(row.name);
    const auto nearest = nearest_match(name, names);
    return option_error{argument + ": invalid option" + (nearest ? "; did you mean '-" + *nearest + "'?" : "")};
}

// What only makes sense once every option is known.
failure resolve(parser& p)
{
    for (const mon_request& mon : p.mons) {
        const auto where = p.chardevs.find(mon.chardev_id);
        if (where == p.chardevs.end()) return option_error{"-mon: chardev " + quoted(mon.chardev_id) + " not found"};
        p.result.monitors.push_back({where->second, mon.pretty});
    }
    std::vector<const chardev*> places;
    for (const monitor_request& monitor : p.result.monitors) places.push_back(&monitor.where);
    if (p.result.qtest) places.push_back(&*p.result.qtest);
    for (std::size_t i = 0; i < places.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (places[i]->to_string() == places[j]->to_string()) {
                return option_error{places[i]->to_string() + ": in use by two monitors or servers"};
            }
        }
    }
    p.result.machine.default_vga = !p.nodefaults && !p.no_vga;
    p.result.machine.default_nic = !p.nodefaults && !p.no_nic;
    p.result.pump.time = p.pace.value_or(p.qtest_accelerator ? pump::pace::driven : pump::pace::paced);
    if (p.result.words == qmp_bridge::vocabulary::v2_10 && p.result.actions.panic == runstate::panic_action::none) {
        return option_error{"-action: Parameter 'panic' does not accept value 'none'"};
    }
    if (p.result.timeline) {
        const auto& monitors = p.result.monitors;
        const bool has_socket = !monitors.empty() && monitors.front().where.server && !monitors.front().where.wait &&
                                !monitors.front().pretty &&
                                monitors.front().where.kind == chardev::transport::unix_socket;
        if (!has_socket)
            return option_error{"-timeline: needs -qmp unix:PATH,server=on,wait=off before any other monitor"};
        if (p.result.incoming) return option_error{"-timeline: does not go with -incoming"};
        if (!p.result.guest_trace) return option_error{"-timeline: needs -guest-trace, whose guest it narrates"};
        if (p.result.start_stopped || p.result.pump.time == pump::pace::driven) {
            return option_error{
                "-timeline: goes neither with -S nor with a driven clock, under which nothing would happen"};
        }
    }
    return k_fine;
}

} // namespace

std::variant<sim_options, option_error> parse_options(const std::vector<std::string>& arguments)
{
    parser p;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        std::string_view name = argument;
        if (name.empty() || name.front() != '-') {
            return option_error{argument + ": not an option; options begin with '-', see -help"};
        }
        name.remove_prefix(name.substr(0, 2) == "--" ? 2 : 1);
        const option_row* row = find_option(name);
        if (row == nullptr) return *unknown_option(argument, name);
        std::string value;
        if (!row->argument.empty()) {
            if (i + 1 == arguments.size()) return option_error{argument + ": requires an argument"};
            value = arguments[++i];
        }
        if (const auto error = row->act(p, value)) {
            return option_error{argument + (value.empty() ? "" : " " + value) + ": " + error->text};
        }
    }
    if (const auto error = resolve(p)) return *error;
    return std::move(p.result);
}

std::string help_text()
{
    std::string text = version_text() + "usage: vigil-sim [options]; options take one or two dashes\n\n";
    std::string ignored;
    for (const option_row& row : k_options) {
        const std::string head =
            "-" + std::string(row.name) + (row.argument.empty() ? "" : " " + std::string(row.argument));
        if (row.help.empty()) {
            ignored += (ignored.empty() ? "" : ", ") + head;
            continue;
        }
        text += "  " + head + "\n        " + std::string(row.help) + "\n";
    }
    text += "\nAccepted without effect:\n  " + ignored + "\n";
    return text;
}

std::string version_text()
{
    return "Vigil " + std::string(k_version) +
           ", SystemC watchdog and panic devices with QEMU-compatible run states and QMP\n";
}

} // namespace vigil::sim
