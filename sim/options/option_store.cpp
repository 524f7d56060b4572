// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/options/option_store.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace vigil::sim {

namespace {

using qmp_bridge::option_list;
using qmp_bridge::option_place;
using qmp_bridge::refuse;
using identity = option_group_row::identity;

constexpr auto boolean = key_kind::boolean;
constexpr auto number = key_kind::number;
constexpr auto size = key_kind::size;

constexpr std::array k_chardev_keys{option_key{"backend"},
                                    option_key{"path"},
                                    option_key{"host"},
                                    option_key{"port"},
                                    option_key{"fd"},
                                    option_key{"to", number},
                                    option_key{"ipv4", boolean},
                                    option_key{"ipv6", boolean},
                                    option_key{"wait", boolean},
                                    option_key{"server", boolean},
                                    option_key{"delay", boolean},
                                    option_key{"nodelay", boolean},
                                    option_key{"reconnect", number},
                                    option_key{"telnet", boolean},
                                    option_key{"tn3270", boolean},
                                    option_key{"websocket", boolean},
                                    option_key{"tls-creds"},
                                    option_key{"mux", boolean},
                                    option_key{"signal", boolean},
                                    option_key{"logfile"},
                                    option_key{"logappend", boolean},
                                    option_key{"mode", number},
                                    option_key{"abstract", boolean},
                                    option_key{"tight", boolean}};
constexpr std::array k_mon_keys{option_key{"mode"}, option_key{"chardev"}, option_key{"pretty", boolean}};
constexpr std::array k_memory_keys{option_key{"size", size}, option_key{"slots", number}, option_key{"maxmem", size}};
constexpr std::array k_smp_keys{option_key{"cpus", number},   option_key{"sockets", number},
                                option_key{"dies", number},   option_key{"clusters", number},
                                option_key{"cores", number},  option_key{"threads", number},
                                option_key{"maxcpus", number}};
constexpr std::array k_boot_keys{option_key{"order"},
                                 option_key{"once"},
                                 option_key{"menu", boolean},
                                 option_key{"splash"},
                                 option_key{"splash-time", number},
                                 option_key{"reboot-timeout", number},
                                 option_key{"strict", boolean}};
constexpr std::array k_name_keys{option_key{"guest"}, option_key{"process"}, option_key{"debug-threads", boolean}};
constexpr std::array k_rtc_keys{option_key{"base"}, option_key{"clock"}, option_key{"driftfix"}};
constexpr std::array k_action_keys{option_key{"shutdown"}, option_key{"reboot"}, option_key{"panic"},
                                   option_key{"watchdog"}};
constexpr std::array k_message_keys{option_key{"timestamp", boolean}, option_key{"guest-name", boolean}};
constexpr std::array k_sandbox_keys{option_key{"enable", boolean}, option_key{"obsolete"},
                                    option_key{"elevateprivileges"}, option_key{"spawn"},
                                    option_key{"resourcecontrol"}};
constexpr std::array k_overcommit_keys{option_key{"mem-lock", boolean}, option_key{"cpu-pm", boolean}};
constexpr std::array k_descriptor_keys{option_key{"fd", number}, option_key{"set", number}, option_key{"opaque"}};

constexpr std::array k_groups{
    option_group_row{"device", "driver"},
    option_group_row{"chardev", "backend", identity::needed, true, k_chardev_keys},
    option_group_row{"mon", "chardev", identity::optional, true, k_mon_keys},
    option_group_row{"machine", "type", identity::none, false},
    option_group_row{"accel", "accel"},
    option_group_row{"memory", "size", identity::none, true, k_memory_keys},
    option_group_row{"smp-opts", "cpus", identity::none, false, k_smp_keys},
    option_group_row{"boot-opts", "order", identity::none, false, k_boot_keys},
    option_group_row{"name", "guest", identity::none, true, k_name_keys},
    option_group_row{"rtc", "", identity::none, true, k_rtc_keys},
    option_group_row{"action", "", identity::none, true, k_action_keys},
    option_group_row{"msg", "", identity::optional, true, k_message_keys},
    option_group_row{"sandbox", "enable", identity::optional, true, k_sandbox_keys},
    option_group_row{"overcommit", "", identity::optional, true, k_overcommit_keys},
    option_group_row{"object", "qom-type", identity::needed, false},
    // Known in QEMU, without a meaning here.
    option_group_row{"drive", ""},
    option_group_row{"netdev", "type"},
    option_group_row{"net", "type"},
    option_group_row{"nic", "type"},
    option_group_row{"numa", "type"},
    option_group_row{"fsdev", "fsdriver"},
    option_group_row{"fw_cfg", "name"},
    option_group_row{"option-rom", "romfile"},
    option_group_row{"acpi", ""},
    option_group_row{"smbios", ""},
    option_group_row{"icount", "shift", identity::none},
    option_group_row{"trace", "enable"},
    option_group_row{"spice", "", identity::none},
    option_group_row{"tpmdev", "type"},
    option_group_row{"iscsi", ""},
    option_group_row{"add-fd", "", identity::optional, true, k_descriptor_keys},
};

std::string quoted_id(std::string_view id) { return "'" + std::string(id) + "'"; }

option_list without_id(const option_list& values)
{
    option_list rest;
    for (const auto& [key, value] : values.entries()) {
        if (key != "id") rest.add(key, value);
    }
    return rest;
}

std::optional<std::string> first_id(const option_list& values)
{
    for (const auto& [key, value] : values.entries()) {
        if (key == "id") return value;
    }
    return std::nullopt;
}

runstate::refusal no_such_group(std::string_view name)
{
    return refuse("There is no option group '" + std::string(name) + "'");
}

std::string_view first_word(std::string_view text)
{
    const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
    const auto first = std::find_if_not(text.begin(), text.end(), is_space);
    const auto last = std::find_if(first, text.end(), is_space);
    return text.substr(static_cast<std::size_t>(first - text.begin()), static_cast<std::size_t>(last - first));
}

// As sscanf() reads " WORD = "VALUE"": the white space is needed, and what follows the second quote is not looked at.
std::pair<std::string, std::string> key_and_value(std::string_view line)
{
    constexpr std::size_t k_longest_key = 63;
    const std::string_view word = first_word(line);
    const std::string key(word.substr(0, k_longest_key));
    if (word.size() > k_longest_key) return {key, {}};
    std::string_view rest = line.substr(static_cast<std::size_t>(word.data() + word.size() - line.data()));
    const auto skip_space = [&] { rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n\v\f"), rest.size())); };
    skip_space();
    if (rest.substr(0, 1) != "=") return {key, {}};
    rest.remove_prefix(1);
    skip_space();
    if (rest.substr(0, 1) != "\"") return {key, {}};
    rest.remove_prefix(1);
    return {key, std::string(rest.substr(0, rest.find('"')))};
}

// The next line with its end, or so much of it as is looked at in one piece.
std::string_view next_line(std::string_view& rest)
{
    constexpr std::size_t k_longest_line = 1023;
    const std::size_t end = rest.find('\n');
    const std::size_t length = end == std::string_view::npos ? rest.size() : end + 1;
    const std::string_view line = rest.substr(0, std::min(length, k_longest_line));
    rest.remove_prefix(line.size());
    return line;
}

} // namespace

/// A section of a configuration file.
struct option_store::section {
    std::string group;
    option_list values;

    /// The section that a line begins; nothing where it begins none.
    static std::optional<section> begun_by(std::string_view line);
};

std::optional<option_store::section> option_store::section::begun_by(std::string_view line)
{
    if (line.substr(0, 1) != "[") return std::nullopt;
    line.remove_prefix(1);
    const std::string_view word = first_word(line);
    const std::string_view after = line.substr(static_cast<std::size_t>(word.data() + word.size() - line.data()));
    const std::size_t open = after.find_first_not_of(" \t");
    section made;
    if (open != std::string_view::npos && open != 0 && after[open] == '"') {
        made.group = word;
        const std::string_view id = after.substr(open + 1, after.find('"', open + 1) - (open + 1));
        if (!id.empty()) {
            made.values.add("id", std::string(id));
            return made;
        }
    }
    const std::size_t close = line.find(']');
    if (close == 0) return std::nullopt;
    made.group = line.substr(0, std::min(close, line.find_last_not_of("\r\n") + 1));
    return made;
}

bool is_identifier(std::string_view text) noexcept
{
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto fits = [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    };
    return !text.empty() && is_letter(text.front()) && std::all_of(text.begin(), text.end(), fits);
}

qmp_bridge::rows<option_group_row> option_groups() noexcept { return k_groups; }

const option_group_row* find_option_group(std::string_view name)
{
    for (const option_group_row& row : k_groups) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

option_entry* option_store::find(std::string_view group, const std::optional<std::string>& id)
{
    const auto is_it = [&](const option_entry& one) { return one.group->name == group && one.id == id && !one.json; };
    const auto found = std::find_if(entries_.begin(), entries_.end(), is_it);
    return found != entries_.end() ? &*found : nullptr;
}

failure option_store::add(std::string_view group, const option_list& values, const option_place& place)
{
    const option_group_row* row = find_option_group(group);
    if (row == nullptr) return no_such_group(group);
    const std::optional<std::string> id = first_id(values);
    if (row->id == identity::none) {
        entries_.push_back({row, std::nullopt, values, {}, place});
        return k_fine;
    }
    if (id && !is_identifier(*id)) {
        return refuse("Parameter 'id' expects an identifier; identifiers consist of letters, digits, '-', '.', "
                      "'_', starting with a letter");
    }
    if (!id && row->id == identity::needed) {
        return refuse(group == "chardev" ? "chardev: no id specified; add id=NAME" : "Parameter 'id' is missing");
    }
    if (id && find(group, id) != nullptr) {
        return refuse("Duplicate ID " + quoted_id(*id) + " for " + std::string(group));
    }
    entries_.push_back({row, id, without_id(values), {}, place});
    return k_fine;
}

void option_store::add_json(std::string_view group, qmp_bridge::json::object object, const option_place& place)
{
    entries_.push_back({find_option_group(group), std::nullopt, {}, std::move(object), place});
}

failure option_store::set(const std::string& argument)
{
    const std::size_t group_end = argument.find('.');
    const std::size_t equals = argument.find('=');
    const std::size_t id_end = group_end == std::string::npos ? group_end : argument.find('.', group_end + 1);
    const bool has_parts = equals != std::string::npos && id_end != std::string::npos && group_end != 0 &&
                           group_end + 1 < id_end && id_end + 1 < equals;
    if (!has_parts) {
        return refuse("can't parse: \"" + argument + "\"; use GROUP.ID.KEY=VALUE");
    }
    const std::string group = argument.substr(0, group_end);
    const std::string id = argument.substr(group_end + 1, id_end - group_end - 1);
    const option_group_row* row = find_option_group(group);
    if (row == nullptr) return no_such_group(group);
    if (!row->settable) return refuse("-set is not supported with " + group);
    option_entry* entry = find(group, id);
    if (entry == nullptr) return refuse("there is no " + group + " \"" + id + "\" defined");
    entry->values.add(argument.substr(id_end + 1, equals - id_end - 1), argument.substr(equals + 1));
    return k_fine;
}

failure option_store::add_default(const std::string& argument)
{
    const std::size_t dot = argument.find('.');
    const std::size_t equals = argument.find('=');
    const bool is_short = dot != std::string::npos && dot != 0 && equals != std::string::npos && dot + 1 < equals;
    if (is_short) {
        defaults_.push_back(
            {argument.substr(0, dot), argument.substr(dot + 1, equals - dot - 1), argument.substr(equals + 1)});
        return k_fine;
    }
    option_list list = option_list::parse(argument);
    const auto driver = list.take("driver");
    const auto property = list.take("property");
    const auto value = list.take("value");
    if (const auto key = list.unknown_key()) return refuse("Invalid parameter '" + *key + "'");
    if (!driver || !property || !value) {
        return refuse("options 'driver', 'property', and 'value' are required");
    }
    defaults_.push_back({*driver, *property, *value});
    return k_fine;
}

failure option_store::add_section(const section& one, const option_place& place)
{
    if (one.group != "global") return add(one.group, one.values, place);
    option_list list = one.values;
    const auto driver = list.take("driver");
    const auto property = list.take("property");
    const auto value = list.take("value");
    if (const auto key = list.unknown_key()) return refuse("Invalid parameter '" + *key + "'");
    if (driver && property && value) defaults_.push_back({*driver, *property, *value});
    return k_fine;
}

failure option_store::read_config(const std::string& file, std::string_view content, option_place& here)
{
    std::optional<section> now;
    option_place place;
    unsigned line_number = 0;
    while (!content.empty()) {
        const std::string_view line = next_line(content);
        ++line_number;
        if (line.front() == '\n' || line.front() == '#') continue;
        if (auto begun = section::begun_by(line)) {
            if (now) {
                if (auto refused = add_section(*now, place)) return refused;
            }
            now = std::move(begun);
            continue;
        }
        here = place = {file + ":" + std::to_string(line_number), true};
        if (first_word(line).empty()) return refuse("parse error");
        if (!now) return refuse("no group defined");
        auto [key, value] = key_and_value(line);
        now->values.add(std::move(key), std::move(value));
    }
    return now ? add_section(*now, place) : k_fine;
}

} // namespace vigil::sim
