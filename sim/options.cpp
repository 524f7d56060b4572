// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/options.h>

#include <algorithm>
#include <array>

#include <vigil/sim/option_rows.h>
#include <vigil/sim/option_values.h>
#include <vigil/sim/version.h>

namespace vigil::sim {

using qmp_bridge::chardev;
using qmp_bridge::nearest_match;
using qmp_bridge::option_error;
using qmp_bridge::option_list;
using qmp_bridge::pump;

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates)
{
    const auto nearest = nearest_match(word, candidates);
    return nearest ? "; did you mean " + quoted(*nearest) + "?" : "";
}

failure unknown_parameter(const option_list& list)
{
    if (const auto key = list.unknown_key()) return option_error{"Invalid parameter " + quoted(*key)};
    return k_fine;
}

namespace {

failure without_effect(option_parser&, const std::string&) { return k_fine; }

// Known in QEMU, without a meaning here.
constexpr option_row k_ignored_rows[] = {
    {"display", "TYPE", "", without_effect},    {"nographic", "", "", without_effect},
    {"vnc", "DISPLAY", "", without_effect},     {"spice", "OPTIONS", "", without_effect},
    {"full-screen", "", "", without_effect},    {"serial", "DEV", "", without_effect},
    {"parallel", "DEV", "", without_effect},    {"debugcon", "DEV", "", without_effect},
    {"audio", "DRIVER", "", without_effect},    {"audiodev", "DRIVER", "", without_effect},
    {"bios", "FILE", "", without_effect},       {"kernel", "FILE", "", without_effect},
    {"append", "TEXT", "", without_effect},     {"initrd", "FILE", "", without_effect},
    {"dtb", "FILE", "", without_effect},        {"boot", "ORDER", "", without_effect},
    {"drive", "OPTIONS", "", without_effect},   {"blockdev", "OPTIONS", "", without_effect},
    {"hda", "FILE", "", without_effect},        {"hdb", "FILE", "", without_effect},
    {"hdc", "FILE", "", without_effect},        {"hdd", "FILE", "", without_effect},
    {"cdrom", "FILE", "", without_effect},      {"fda", "FILE", "", without_effect},
    {"fdb", "FILE", "", without_effect},        {"snapshot", "", "", without_effect},
    {"netdev", "OPTIONS", "", without_effect},  {"global", "OPTIONS", "", without_effect},
    {"numa", "OPTIONS", "", without_effect},    {"fw_cfg", "OPTIONS", "", without_effect},
    {"smbios", "OPTIONS", "", without_effect},  {"acpitable", "OPTIONS", "", without_effect},
    {"rtc", "BASE", "", without_effect},        {"k", "LANGUAGE", "", without_effect},
    {"L", "PATH", "", without_effect},          {"readconfig", "FILE", "", without_effect},
    {"no-user-config", "", "", without_effect}, {"no-fd-bootchk", "", "", without_effect},
    {"no-hpet", "", "", without_effect},        {"win2k-hack", "", "", without_effect},
    {"enable-kvm", "", "", without_effect},     {"usb", "", "", without_effect},
    {"usbdevice", "DEV", "", without_effect},   {"overcommit", "OPTIONS", "", without_effect},
    {"mem-path", "FILE", "", without_effect},   {"mem-prealloc", "", "", without_effect},
    {"compat", "OPTIONS", "", without_effect},  {"run-with", "OPTIONS", "", without_effect},
    {"gdb", "DEV", "", without_effect},         {"s", "", "", without_effect},
    {"icount", "OPTIONS", "", without_effect},  {"D", "FILE", "", without_effect},
    {"seed", "NUMBER", "", without_effect},     {"plugin", "FILE", "", without_effect},
    {"option-rom", "FILE", "", without_effect}, {"only-migratable", "", "", without_effect},
    {"set", "OPTIONS", "", without_effect},     {"singlestep", "", "", without_effect},
};

// As -help shows them.
std::array<option_group, 5> groups() noexcept
{
    return {machine_options(), run_options(), monitor_options(), program_options(),
            option_group{"Accepted without effect", k_ignored_rows}};
}

const option_row* find_option(std::string_view name)
{
    for (const option_group& group : groups()) {
        for (const option_row& row : group) {
            if (row.name == name) return &row;
        }
    }
    return nullptr;
}

failure unknown_option(const std::string& argument, std::string_view name)
{
    std::vector<std::string_view> names;
    for (const option_group& group : groups()) {
        for (const option_row& row : group) names.push_back(row.name);
    }
    const auto nearest = nearest_match(name, names);
    return option_error{argument + ": invalid option" + (nearest ? "; did you mean '-" + *nearest + "'?" : "")};
}

// The chardev that `place` stands for; `used` takes note of a -chardev.
std::variant<chardev, option_error> chardev_at(const option_parser& p, const chardev_place& place,
                                               std::vector<std::string>& used)
{
    if (place.own) return *place.own;
    const auto found = p.chardevs.find(place.id);
    if (found == p.chardevs.end()) return option_error{"chardev " + quoted(place.id) + " not found"};
    used.push_back(place.id);
    return found->second;
}

failure resolve_chardevs(option_parser& p)
{
    std::vector<std::string> used;
    int unnamed = 0;
    for (const mon_request& mon : p.mons) {
        auto where = chardev_at(p, mon.where, used);
        if (auto* error = std::get_if<option_error>(&where)) return option_error{"-qmp or -mon: " + error->text};
        p.result.monitors.push_back({std::get<chardev>(std::move(where)), mon.pretty});
        std::string& label = p.result.monitors.back().where.label;
        if (label.empty()) label = "compat_monitor" + std::to_string(unnamed++); // as in QEMU
    }
    if (p.qtest) {
        auto where = chardev_at(p, *p.qtest, used);
        if (auto* error = std::get_if<option_error>(&where)) return option_error{"-qtest: " + error->text};
        p.result.qtest = std::get<chardev>(std::move(where));
        if (p.result.qtest->label.empty()) p.result.qtest->label = "qtest";
    }
    for (const auto& [id, where] : p.chardevs) {
        if (std::find(used.begin(), used.end(), id) == used.end()) p.result.idle_chardevs.push_back(where);
    }
    std::vector<const chardev*> places;
    for (const monitor_request& monitor : p.result.monitors) places.push_back(&monitor.where);
    if (p.result.qtest) places.push_back(&*p.result.qtest);
    for (const chardev& idle : p.result.idle_chardevs) places.push_back(&idle);
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (p.result.daemonize && places[i]->kind == chardev::transport::stdio) {
            return option_error{"cannot use stdio with -daemonize"};
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (places[i]->kind != chardev::transport::null && places[i]->to_string() == places[j]->to_string()) {
                return option_error{places[i]->to_string() + ": in use by two monitors or servers"};
            }
        }
    }
    return k_fine;
}

failure check_timeline(const sim_options& options)
{
    if (!options.timeline) return k_fine;
    const auto& monitors = options.monitors;
    const bool has_socket = !monitors.empty() && monitors.front().where.server && !monitors.front().where.wait &&
                            !monitors.front().pretty && monitors.front().where.kind == chardev::transport::unix_socket;
    if (!has_socket) return option_error{"-timeline: needs -qmp unix:PATH,server=on,wait=off before any other monitor"};
    if (options.incoming) return option_error{"-timeline: does not go with -incoming"};
    if (!options.guest_trace) return option_error{"-timeline: needs -guest-trace, whose guest it narrates"};
    if (options.start_stopped || options.pump.time == pump::pace::driven) {
        return option_error{
            "-timeline: goes neither with -S nor with a driven clock, under which nothing would happen"};
    }
    if (options.trace) return option_error{"-timeline: does not go with -trace"};
    if (options.daemonize) return option_error{"-timeline: does not go with -daemonize, which has no output"};
    return k_fine;
}

// A transcript brings its own options.
failure check_replay(const option_parser& p)
{
    constexpr std::array<std::string_view, 5> k_beside{"replay", "trace", "msg", "d", "sandbox"};
    if (!p.result.replay) return k_fine;
    for (const std::string_view name : p.named) {
        if (std::find(k_beside.begin(), k_beside.end(), name) == k_beside.end()) {
            return option_error{"-replay: the options are those of the transcript; -" + std::string(name) +
                                " does not go with it"};
        }
    }
    return k_fine;
}

// What only makes sense once every option is known.
failure resolve(option_parser& p)
{
    if (auto error = resolve_chardevs(p)) return error;
    p.result.machine.default_vga = !p.nodefaults && !p.no_vga;
    p.result.machine.default_nic = !p.nodefaults && !p.no_nic;
    p.result.pump.time = p.pace.value_or(p.qtest_accelerator ? pump::pace::driven : pump::pace::paced);
    if (p.result.words == qmp_bridge::vocabulary::v2_10 && p.result.actions.panic == runstate::panic_action::none) {
        return option_error{"-action: Parameter 'panic' does not accept value 'none'"};
    }
    if (auto error = check_replay(p)) return error;
    return check_timeline(p.result);
}

} // namespace

std::variant<sim_options, option_error> parse_options(const std::vector<std::string>& arguments)
{
    option_parser p;
    p.result.arguments = arguments;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        std::string_view name = argument;
        if (name.empty() || name.front() != '-') {
            return option_error{argument + ": not an option; options begin with '-', see -help"};
        }
        name.remove_prefix(name.substr(0, 2) == "--" ? 2 : 1);
        const option_row* row = find_option(name);
        if (row == nullptr) return *unknown_option(argument, name);
        p.named.push_back(row->name);
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
    std::string text = version_text() + "usage: vigil-sim [options]; options take one or two dashes\n";
    for (const option_group& group : groups()) {
        text += "\n" + std::string(group.title) + ":\n";
        std::string ignored;
        for (const option_row& row : group) {
            const std::string head =
                "-" + std::string(row.name) + (row.argument.empty() ? "" : " " + std::string(row.argument));
            if (row.help.empty()) {
                ignored += (ignored.empty() ? "  " : ", ") + head;
            } else {
                text += "  " + head + "\n        " + std::string(row.help) + "\n";
            }
        }
        if (!ignored.empty()) text += ignored + "\n";
    }
    return text;
}

std::string version_text()
{
    return "Vigil " + std::string(k_version) +
           ", SystemC watchdog and panic devices with QEMU-compatible run states and QMP\n";
}

} // namespace vigil::sim
