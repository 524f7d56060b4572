// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/detail/hmp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/qmp/commands/qmp_commands.h>
#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp/qom_tree.h>

namespace vigil::qmp_bridge {

namespace {

// What follows a command's name.
enum class argument : std::uint8_t {
    none,
    word, ///< one word, or a text in double quotes
    rest, ///< any number of words
};

struct human_command {
    std::string_view names;      ///< separated by '|'; the first one is told
    std::string_view parameters; ///< as help shows them
    std::string_view help;
    argument takes;
    std::string (*run)(qmp_monitor& monitor, const std::string& value);
};

using command_list = rows<human_command>;

std::string error_line(const std::string& text) { return "Error: " + text + "\n"; }

std::string nothing_unless(const std::optional<runstate::refusal>& refused)
{
    return refused ? error_line(refused->text) : std::string();
}

// How the human monitor words a run state.
std::string status_line(qmp_monitor& monitor, const std::string& /*value*/)
{
    const runstate::run_state state = monitor.control().state();
    std::string line = "VM status: ";
    line += state == runstate::run_state::running ? "running" : "paused";
    if (state != runstate::run_state::running && state != runstate::run_state::paused) {
        line += " (" + std::string(runstate::to_string(state)) + ")";
    }
    return line + "\n";
}

std::string version_line(qmp_monitor& monitor, const std::string& /*value*/)
{
    const version_info version = version_of(monitor);
    return std::to_string(version.qemu.major) + "." + std::to_string(version.qemu.minor) + "." +
           std::to_string(version.qemu.micro) + std::string(version.package) + "\n";
}

std::string name_line(qmp_monitor& monitor, const std::string& /*value*/)
{
    const auto& name = monitor.settings().machine.name;
    return name ? *name + "\n" : std::string();
}

std::string uuid_line(qmp_monitor& monitor, const std::string& /*value*/)
{
    return monitor.settings().machine.uuid + "\n";
}

std::string kvm_line(qmp_monitor& /*monitor*/, const std::string& /*value*/) { return "kvm support: disabled\n"; }

// What later versions say of a CPU, after a blank; nothing before.
std::string model_of_cpu(qmp_monitor& monitor, const std::string& path)
{
    const std::string_view type = monitor.type_at(path);
    if (monitor.settings().words < vocabulary::v11_1 || type.empty()) return {};
    return " model=" + std::string(type.substr(0, type.find("-x86_64-cpu")));
}

std::string cpu_lines(qmp_monitor& monitor, const std::string& /*value*/)
{
    std::string lines;
    const machine_description& machine = monitor.settings().machine;
    for (std::size_t i = 0; i < machine.cpu_paths.size(); ++i) {
        lines += (i == 0 ? "* CPU #" : "  CPU #") + std::to_string(i) +
                 ": thread_id=" + std::to_string(machine.thread_id) + model_of_cpu(monitor, machine.cpu_paths[i]) +
                 "\n";
    }
    return lines;
}

std::string balloon_line(qmp_monitor& monitor, const std::string& /*value*/)
{
    constexpr std::uint64_t k_mebibyte = 1024 * 1024;
    const machine_description& machine = monitor.settings().machine;
    if (!machine.balloon) return error_line("No balloon device has been activated");
    return "balloon: actual=" + std::to_string(machine.ram_bytes / k_mebibyte) + "\n";
}

std::string memory_lines(qmp_monitor& monitor, const std::string& /*value*/)
{
    return "base memory: " + std::to_string(monitor.settings().machine.ram_bytes) + "\nplugged memory: 0\n";
}

std::string chardev_lines(qmp_monitor& monitor, const std::string& /*value*/)
{
    std::string lines;
    if (!monitor.settings().chardevs) return lines;
    for (const chardev_info& one : monitor.settings().chardevs()) {
        lines += one.label + ": filename=" + one.filename + "\n";
    }
    return lines;
}

// Of what there is none: guests' block devices, I/O threads.
std::string no_lines(qmp_monitor& /*monitor*/, const std::string& /*value*/) { return {}; }

std::string text_of(const runstate::property_value& value)
{
    std::string text;
    if (const auto* refused = std::get_if<runstate::refusal>(&value)) return refused->text;
    if (const auto* string = std::get_if<std::string>(&value)) return *string;
    print(text, value, vocabulary::v7_2);
    return text;
}

// Every property of every watchdog: of every object that says how much of a countdown remains.
std::string watchdog_lines(qmp_monitor& monitor, const std::string& /*value*/)
{
    std::string lines = "action: " + std::string(runstate::to_string(monitor.control().actions().watchdog)) + "\n";
    if (monitor.settings().objects == nullptr) return lines;
    for (const qom_tree::node* one : monitor.settings().objects->nodes()) {
        if (one->state == nullptr) continue;
        const auto properties = one->state->properties();
        const auto counts = [](const runstate::property& p) { return p.name == "remaining"; };
        if (std::none_of(properties.begin(), properties.end(), counts)) continue;
        lines += one->path() + " (" + one->type + ")\n";
        for (const runstate::property& p : properties) lines += "  " + p.name + " = " + text_of(p.get()) + "\n";
    }
    return lines;
}

constexpr std::array k_info_commands{
    human_command{"balloon", "", "show balloon information", argument::none, balloon_line},
    human_command{"block", "", "show the guest's block devices", argument::none, no_lines},
    human_command{"chardev", "", "show the character devices", argument::none, chardev_lines},
    human_command{"cpus", "", "show infos for each CPU", argument::none, cpu_lines},
    human_command{"iothreads", "", "show iothreads", argument::none, no_lines},
    human_command{"kvm", "", "show KVM information", argument::none, kvm_line},
    human_command{"memory_size_summary", "", "show how much memory there is, in bytes", argument::none, memory_lines},
    human_command{"name", "", "show the current VM name", argument::none, name_line},
    human_command{"status", "", "show the current VM status (running|paused)", argument::none, status_line},
    human_command{"uuid", "", "show the current VM UUID", argument::none, uuid_line},
    human_command{"version", "", "show the version of QEMU", argument::none, version_line},
    human_command{"watchdog", "", "show the state of the watchdogs", argument::none, watchdog_lines},
};

command_list commands_of_monitor() noexcept;

const human_command* find(const command_list& list, std::string_view name)
{
    for (const human_command& one : list) {
        for (std::string_view names = one.names; !names.empty();) {
            const std::size_t end = std::min(names.find('|'), names.size());
            if (names.substr(0, end) == name) return &one;
            names.remove_prefix(std::min(end + 1, names.size()));
        }
    }
    return nullptr;
}

std::string_view first_name(const human_command& command) { return command.names.substr(0, command.names.find('|')); }

std::string help_line(const std::string& prefix, const human_command& command)
{
    return prefix + std::string(command.names) + " " + std::string(command.parameters) + " -- " +
           std::string(command.help) + "\n";
}

std::string help_lines(const std::string& prefix, const command_list& list)
{
    std::string lines;
    for (const human_command& one : list) lines += help_line(prefix, one);
    return lines;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }

void skip_blanks(std::string_view& line)
{
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
}

std::string_view take_word(std::string_view& line)
{
    skip_blanks(line);
    const auto end = static_cast<std::size_t>(std::find_if(line.begin(), line.end(), is_blank) - line.begin());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(end);
    return word;
}

// A word, or what stands between double quotes; nothing where there is none, or the quotes stay open.
std::optional<std::string> take_text(std::string_view& line)
{
    skip_blanks(line);
    if (line.empty()) return std::nullopt;
    if (line.front() != '"') return std::string(take_word(line));
    std::string text;
    for (std::size_t i = 1; i < line.size(); ++i) {
        if (line[i] == '"') {
            line.remove_prefix(i + 1);
            return text;
        }
        if (line[i] == '\\') {
            constexpr std::string_view k_escapes = "nr\\'\"";
            constexpr std::string_view k_meant = "\n\r\\'\"";
            if (++i == line.size()) break;
            const std::size_t which = k_escapes.find(line[i]);
            if (which == std::string_view::npos) break;
            text += k_meant[which];
        } else {
            text += line[i];
        }
    }
    return std::nullopt;
}

std::string help(qmp_monitor& /*monitor*/, const std::string& value)
{
    std::string_view words = value;
    const std::string first = take_text(words).value_or("");
    const std::string second = take_text(words).value_or("");
    if (first.empty()) return help_lines("", commands_of_monitor());
    if (first == "info" && second.empty()) return help_lines("info ", command_list(k_info_commands));
    const bool of_info = first == "info";
    const human_command* found =
        of_info ? find(command_list(k_info_commands), second) : find(commands_of_monitor(), first);
    if (found == nullptr) {
        return "unknown command: '" + first + (of_info ? " " + second : "") + "'\n";
    }
    return help_line(of_info ? "info " : "", *found);
}

std::string stop(qmp_monitor& monitor, const std::string& /*value*/)
{
    monitor.control().stop();
    return {};
}

std::string cont(qmp_monitor& monitor, const std::string& /*value*/)
{
    return nothing_unless(monitor.control().cont());
}

std::string system_reset(qmp_monitor& monitor, const std::string& /*value*/)
{
    monitor.control().system_reset();
    return {};
}

std::string system_powerdown(qmp_monitor& monitor, const std::string& /*value*/)
{
    monitor.control().system_powerdown();
    return {};
}

std::string system_wakeup(qmp_monitor& monitor, const std::string& /*value*/)
{
    if (!monitor.settings().machine.wakeup_suspend_support) {
        return error_line("wake-up from suspend is not supported by this guest");
    }
    return nothing_unless(monitor.control().system_wakeup());
}

std::string nmi(qmp_monitor& monitor, const std::string& /*value*/)
{
    return nothing_unless(monitor.control().inject_nmi());
}

std::string quit(qmp_monitor& monitor, const std::string& /*value*/)
{
    monitor.control().quit();
    return {};
}

std::string watchdog_action(qmp_monitor& monitor, const std::string& value)
{
    const auto action = runstate::from_string<runstate::watchdog_action>(value);
    if (!action) return error_line("invalid parameter value: " + value);
    runstate::action_set actions = monitor.control().actions();
    actions.watchdog = *action;
    monitor.control().set_actions(actions);
    return {};
}

constexpr std::array k_human_commands{
    human_command{"cont|c", "", "resume emulation", argument::none, cont},
    human_command{"help|?", "[cmd]", "show the help", argument::rest, help},
    human_command{"info", "[subcommand]", "show various information about the system state", argument::rest, help},
    human_command{"nmi", "", "inject an NMI", argument::none, nmi},
    human_command{"quit|q", "", "quit the emulator", argument::none, quit},
    human_command{"stop|s", "", "stop emulation", argument::none, stop},
    human_command{"system_powerdown", "", "send system power down event", argument::none, system_powerdown},
    human_command{"system_reset", "", "reset the system", argument::none, system_reset},
    human_command{"system_wakeup", "", "wakeup guest from suspend", argument::none, system_wakeup},
    human_command{"watchdog_action", "[reset|shutdown|poweroff|pause|debug|none|inject-nmi]", "change watchdog action",
                  argument::word, watchdog_action},
};

command_list commands_of_monitor() noexcept { return k_human_commands; }

std::string wrong_use(const std::string& who, const char* what, const std::string& topic)
{
    return who + ": " + what + "\nTry \"help " + topic + "\" for more information\n";
}

std::string run_line(qmp_monitor& monitor, std::string_view line)
{
    std::string_view rest = line;
    std::string_view word = take_word(rest);
    if (word.empty()) return {};
    const human_command* found = find(commands_of_monitor(), word);
    std::string full_name(word);
    std::string topic = found == nullptr ? std::string() : std::string(first_name(*found));
    if (word == "info") {
        std::string_view after = rest;
        const std::string_view subcommand = take_word(after);
        if (subcommand.empty()) return help(monitor, "info");
        found = find(command_list(k_info_commands), subcommand);
        full_name += " " + std::string(subcommand);
        topic = full_name;
        rest = after;
    }
    if (found == nullptr) return "unknown command: '" + full_name + "'\n";

    const std::string who(found->names);
    if (found->takes == argument::rest) return found->run(monitor, std::string(rest));
    std::string value;
    if (found->takes == argument::word) {
        auto text = take_text(rest);
        if (!text) return wrong_use(who, "string expected", topic);
        value = std::move(*text);
    }
    skip_blanks(rest);
    if (!rest.empty()) return wrong_use(who, "extraneous characters at the end of line", topic);
    return found->run(monitor, value);
}

} // namespace

std::string run_human_command(qmp_monitor& monitor, std::string_view line)
{
    std::string printed;
    for (const char c : run_line(monitor, line)) {
        if (c == '\n') printed += '\r';
        printed += c;
    }
    return printed;
}

} // namespace vigil::qmp_bridge
