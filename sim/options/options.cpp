// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/options/options.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <vigil/sim/options/option_rows.h>
#include <vigil/sim/options/option_values.h>
#include <vigil/sim/version.h>

namespace vigil::sim {

using qmp_bridge::chardev;
using qmp_bridge::nearest_match;
using qmp_bridge::option_list;
using qmp_bridge::pace;
using qmp_bridge::refuse;

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates)
{
    const auto nearest = nearest_match(word, candidates);
    return nearest ? "; did you mean " + quoted(*nearest) + "?" : "";
}

failure unknown_parameter(const option_list& list)
{
    if (const auto key = list.unknown_key()) return refuse("Invalid parameter " + quoted(*key));
    return k_fine;
}

failure check_switch(option_list& list, std::string_view key)
{
    const auto given = list.take_switch(key, false);
    if (!given) return given.why();
    return k_fine;
}

bool asks_for_help(const std::string& value) { return value == "help" || value == "?"; }

failure keep(option_parser& p, std::string_view group, const std::string& value)
{
    const option_group_row* row = find_option_group(group);
    return p.store.add(group, option_list::parse(value, row->implied, {"server", "wait", "delay"}), p.here);
}

namespace {

failure without_effect(option_parser&, const std::string&) { return k_fine; }

// Of these some can be JSON; that names nothing that another option can refer to.
failure on_netdev(option_parser& p, const std::string& value)
{
    return value.substr(0, 1) == "{" ? k_fine : keep(p, "netdev", value);
}

// What it would take away from the process is not taken without a word.
failure on_run_with(option_parser&, const std::string& value)
{
    option_list list = option_list::parse(value);
    if (auto error = check_switch(list, "async-teardown")) return error;
    for (const char* key : {"chroot", "user", "exit-with-parent"}) {
        if (list.take(key)) return refuse(quoted(key) + " is not supported; have whoever starts it see to that");
    }
    return unknown_parameter(list);
}

// Known in QEMU, without a meaning here. What has keys and values is read all the same, for it may have an id.
constexpr option_row k_ignored_rows[] = {
    {"display", "TYPE", "", without_effect},
    {"nographic", "", "", without_effect},
    {"vnc", "DISPLAY", "", without_effect},
    {"spice", "OPTIONS", "", nullptr, "spice"},
    {"full-screen", "", "", without_effect},
    {"serial", "DEV", "", without_effect},
    {"parallel", "DEV", "", without_effect},
    {"debugcon", "DEV", "", without_effect},
    {"audio", "DRIVER", "", without_effect},
    {"audiodev", "DRIVER", "", without_effect},
    {"bios", "FILE", "", without_effect},
    {"kernel", "FILE", "", without_effect},
    {"append", "TEXT", "", without_effect},
    {"initrd", "FILE", "", without_effect},
    {"dtb", "FILE", "", without_effect},
    {"boot", "ORDER", "", nullptr, "boot-opts"},
    {"drive", "OPTIONS", "", nullptr, "drive"},
    {"blockdev", "OPTIONS", "", without_effect},
    {"hda", "FILE", "", without_effect},
    {"hdb", "FILE", "", without_effect},
    {"hdc", "FILE", "", without_effect},
    {"hdd", "FILE", "", without_effect},
    {"cdrom", "FILE", "", without_effect},
    {"fda", "FILE", "", without_effect},
    {"fdb", "FILE", "", without_effect},
    {"snapshot", "", "", without_effect},
    {"netdev", "OPTIONS", "", on_netdev, "netdev"},
    {"numa", "OPTIONS", "", nullptr, "numa"},
    {"fw_cfg", "OPTIONS", "", nullptr, "fw_cfg"},
    {"smbios", "OPTIONS", "", nullptr, "smbios"},
    {"acpitable", "OPTIONS", "", nullptr, "acpi"},
    {"rtc", "base=BASE", "", nullptr, "rtc"},
    {"k", "LANGUAGE", "", without_effect},
    {"L", "PATH", "", without_effect},
    {"no-user-config", "", "", without_effect},
    {"no-fd-bootchk", "", "", without_effect},
    {"no-hpet", "", "", without_effect},
    {"enable-kvm", "", "", without_effect},
    {"usb", "", "", without_effect},
    {"usbdevice", "DEV", "", without_effect},
    {"overcommit", "OPTIONS", "", nullptr, "overcommit"},
    {"mem-path", "FILE", "", without_effect},
    {"mem-prealloc", "", "", without_effect},
    {"compat", "OPTIONS", "", without_effect},
    {"run-with", "OPTIONS", "", on_run_with},
    {"async-teardown", "", "", without_effect},
    {"portrait", "", "", without_effect},
    {"rotate", "DEGREES", "", without_effect},
    {"gdb", "DEV", "", without_effect},
    {"s", "", "", without_effect},
    {"icount", "OPTIONS", "", nullptr, "icount"},
    {"seed", "NUMBER", "", without_effect},
    {"plugin", "FILE", "", without_effect},
    {"option-rom", "FILE", "", nullptr, "option-rom"},
    {"only-migratable", "", "", without_effect},
    {"singlestep", "", "", without_effect},
    {"win2k-hack", "", "", without_effect},
};

// As -help shows them.
std::array<option_group, 7> groups() noexcept
{
    return {machine_options(),
            device_options(),
            run_options(),
            monitor_options(),
            remote_machine_options(),
            program_options(),
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

} // namespace

bool has_option(std::string_view group)
{
    for (const option_group& options : groups()) {
        for (const option_row& row : options) {
            if (row.group == group) return true;
        }
    }
    return false;
}

namespace {

failure unknown_option(const std::string& argument, std::string_view name)
{
    std::vector<std::string_view> names;
    for (const option_group& group : groups()) {
        for (const option_row& row : group) names.push_back(row.name);
    }
    const auto nearest = nearest_match(name, names);
    return refuse(argument + ": invalid option" + (nearest ? "; did you mean '-" + *nearest + "'?" : ""));
}

// In this order: what comes later may look at what came before.
constexpr group_meaning k_before_devices[] = {
    {"machine", resolve_machine},
    {"accel", resolve_accelerator},
    {"memory", resolve_memory},
    {"smp-opts", resolve_cpus},
    {"boot-opts", resolve_boot_order},
    {"rtc", resolve_rtc},
    {"overcommit", resolve_overcommit},
    {"name", resolve_name},
    {"action", resolve_action},
    {"msg", resolve_messages},
    {"sandbox", resolve_sandbox},
    {"nic", resolve_nic},
    {"net", resolve_nic},
    {"chardev", resolve_chardev},
};
constexpr group_meaning k_monitors[] = {{"mon", resolve_monitor}, {"object", resolve_object}};
constexpr group_meaning k_devices[] = {{"device", resolve_device}};

failure resolve_entry(option_parser& p, option_entry& entry, const group_meaning& meaning)
{
    if (entry.group->name != meaning.group) return k_fine;
    if (const auto error = meaning.resolve(p, entry)) return refuse_at(p, entry.place, error->text);
    return k_fine;
}

failure resolve_groups(option_parser& p)
{
    for (const group_meaning& meaning : k_before_devices) {
        for (option_entry& entry : p.store.entries()) {
            if (auto error = resolve_entry(p, entry, meaning)) return error;
        }
    }
    if (auto error = resolve_topology(p)) return error;
    if (auto error = resolve_cpu(p)) return error;
    for (option_entry& entry : p.store.entries()) {
        for (const group_meaning& meaning : k_monitors) {
            if (auto error = resolve_entry(p, entry, meaning)) return error;
        }
    }
    if (auto error = resolve_defaults(p)) return error;
    for (const bool json : {false, true}) { // as in QEMU
        for (option_entry& entry : p.store.entries()) {
            if (entry.json.has_value() != json) continue;
            if (auto error = resolve_entry(p, entry, k_devices[0])) return error;
        }
    }
    return k_fine;
}

// A qtest server's chardev, which may have been given before or after it; and the chardevs that nobody speaks on.
failure resolve_other_chardevs(option_parser& p)
{
    if (p.qtest) {
        const auto found = p.chardevs.find(*p.qtest);
        if (found == p.chardevs.end()) return refuse("-qtest: chardev \"" + *p.qtest + "\" not found");
        p.result.qtest = found->second;
        p.chardevs_in_use.push_back(*p.qtest);
    }
    const auto& used = p.chardevs_in_use;
    for (const auto& [id, where] : p.chardevs) {
        if (std::find(used.begin(), used.end(), id) == used.end()) p.result.idle_chardevs.push_back(where);
    }
    return k_fine;
}

failure check_places(const option_parser& p)
{
    std::vector<const chardev*> places;
    for (const monitor_request& monitor : p.result.monitors) places.push_back(&monitor.where);
    if (p.result.qtest) places.push_back(&*p.result.qtest);
    for (const chardev& idle : p.result.idle_chardevs) places.push_back(&idle);
    for (const vfio_user_request& one : p.result.vfio_user) places.push_back(&one.where);
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (p.result.daemonize && places[i]->kind == chardev::transport::stdio) {
            return refuse("cannot use stdio with -daemonize");
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (places[i]->kind != chardev::transport::null && places[i]->to_string() == places[j]->to_string()) {
                return refuse(places[i]->to_string() + ": in use by two monitors or servers");
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
    if (!has_socket) return refuse("-timeline: needs -qmp unix:PATH,server=on,wait=off before any other monitor");
    if (options.incoming) return refuse("-timeline: does not go with -incoming");
    if (!options.guest_trace) return refuse("-timeline: needs -guest-trace, whose guest it narrates");
    if (options.start_stopped || options.time.time == pace::driven) {
        return refuse("-timeline: goes neither with -S nor with a driven clock, under which nothing would happen");
    }
    if (options.trace) return refuse("-timeline: does not go with -trace");
    if (options.daemonize) return refuse("-timeline: does not go with -daemonize, which has no output");
    return k_fine;
}

// A transcript brings its own options.
failure check_replay(const option_parser& p)
{
    constexpr std::array<std::string_view, 7> k_beside{"replay", "trace", "msg", "d", "D", "sandbox", "snapshot-dir"};
    if (!p.result.replay) return k_fine;
    for (const std::string_view name : p.named) {
        if (std::find(k_beside.begin(), k_beside.end(), name) == k_beside.end()) {
            return refuse("-replay: the options are those of the transcript; -" + std::string(name) +
                          " does not go with it");
        }
    }
    return k_fine;
}

// Whether a display is asked for, beside which QEMU makes none of its own.
bool has_display(const machine_config& machine)
{
    constexpr std::array<std::string_view, 4> k_displays{"VGA", "cirrus-vga", "qxl-vga", "virtio-vga"};
    return std::any_of(machine.devices.begin(), machine.devices.end(), [&](const device_request& one) {
        return std::find(k_displays.begin(), k_displays.end(), one.driver) != k_displays.end();
    });
}

// What only makes sense once every option is known.
failure resolve(option_parser& p)
{
    if (auto error = resolve_groups(p)) return error;
    if (auto error = resolve_other_chardevs(p)) return error;
    if (auto error = check_places(p)) return error;
    p.result.machine.default_vga = !p.nodefaults && !p.no_vga && !has_display(p.result.machine);
    p.result.machine.default_nic = !p.nodefaults && !p.no_nic;
    const bool driven = !p.accelerators.empty() && p.accelerators.front() == "qtest";
    if (driven) p.result.accelerator = "qtest";
    p.result.time.time = p.pace.value_or(driven ? pace::driven : pace::paced);
    if (p.result.words == qmp_bridge::vocabulary::v2_10 && p.result.actions.panic == runstate::panic_action::none) {
        return refuse("-action: Parameter 'panic' does not accept value 'none'");
    }
    if (auto error = resolve_remote_machine(p)) return error;
    const bool named_by_process = p.result.log_file && p.result.log_file->find("%d") != std::string::npos;
    if (p.log_by_thread && !named_by_process) return refuse("Filename template with '%d' required for 'tid'");
    if (auto error = check_replay(p)) return error;
    return check_timeline(p.result);
}

} // namespace

namespace {

// Reads the option at arguments[i]; `i` moves on to its argument.
failure read_option(option_parser& p, const std::vector<std::string>& arguments, std::size_t& i)
{
    const std::string& argument = arguments[i];
    p.here = {argument};
    std::string_view name = argument;
    if (name.empty() || name.front() != '-') {
        return refuse(argument + ": not an option; options begin with '-', see -help");
    }
    name.remove_prefix(name.substr(0, 2) == "--" ? 2 : 1);
    const option_row* row = find_option(name);
    if (row == nullptr) return unknown_option(argument, name);
    p.named.push_back(row->name);
    std::string value;
    if (!row->argument.empty()) {
        if (i + 1 == arguments.size()) return refuse(argument + ": requires an argument");
        value = arguments[++i];
        if (!value.empty()) p.here.text += " " + value;
    }
    const auto error = row->act != nullptr ? row->act(p, value) : keep(p, row->group, value);
    if (error) return p.here.refuse(error->text);
    return k_fine;
}

} // namespace

runstate::result<std::string> read_config_file(const std::string& path)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
    if (!file) return refuse("Could not open " + quoted(path) + ": " + std::strerror(errno));
    std::string content;
    char part[4096];
    while (const std::size_t count = std::fread(part, 1, sizeof part, file.get())) content.append(part, count);
    if (std::ferror(file.get()) != 0) return refuse(std::string("Cannot read config file: ") + std::strerror(errno));
    return content;
}

namespace {

// Options that QEMU has no more, and what it has instead; nothing where nobody needs it.
struct removed_option {
    std::string_view name;
    std::string_view instead;
};
constexpr removed_option k_removed[] = {{"no-acpi", "-machine acpi=off"},
                                        {"no-hpet", "-machine hpet=off"},
                                        {"singlestep", "-accel tcg,one-insn-per-tb=on"},
                                        {"async-teardown", "-run-with async-teardown=on"},
                                        {"portrait", ""},
                                        {"rotate", ""}};

void warn_of_removed(option_parser& p)
{
    if (p.result.version == qemu_version::v7_2) return;
    const std::string version(k_qemu_versions.at(static_cast<std::size_t>(p.result.version)));
    for (const removed_option& one : k_removed) {
        if (std::find(p.named.begin(), p.named.end(), one.name) == p.named.end()) continue;
        p.result.warn("warning: -" + std::string(one.name) + ": QEMU " + version + " has no such option" +
                      (one.instead.empty() ? "" : "; use " + std::string(one.instead)));
    }
}

void take_version(option_parser& p)
{
    sim_options& result = p.result;
    result.version = p.version.value_or(qemu_version::v7_2);
    result.machine.behaviour = behaviour_of(result.version);
    result.machine.name = find_machine("pc", result.version)->name;
    result.words = p.words.value_or(p.version ? vocabulary_of(*p.version) : qmp_bridge::vocabulary::v2_10);
    warn_of_removed(p);
}

// The version, wherever -qemu-version stands among the options.
qemu_version named_version(const std::vector<std::string>& arguments)
{
    auto version = qemu_version::v7_2;
    for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
        if (arguments[i] != "-qemu-version" && arguments[i] != "--qemu-version") continue;
        version = parse_qemu_version(arguments[i + 1]).value_or(version);
    }
    return version;
}

failure read_all(option_parser& p, const std::vector<std::string>& arguments)
{
    p.behaviour = behaviour_of(named_version(arguments));
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (auto error = read_option(p, arguments, i)) return error;
    }
    p.here = {};
    take_version(p);
    if (p.machine_help) p.result.text = machines_text(p.result.version);
    if (p.result.text) return k_fine; // to be printed, whatever else there is
    return resolve(p);
}

} // namespace

runstate::result<sim_options> parse_options(const std::vector<std::string>& arguments, const config_reader& read,
                                            qmp_bridge::option_place* where)
{
    option_parser p(read);
    p.result.arguments = arguments;
    if (auto error = read_all(p, arguments)) {
        if (where != nullptr) *where = p.here;
        return *std::move(error);
    }
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
