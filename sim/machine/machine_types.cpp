// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/machine/machine_types.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

namespace vigil::sim {

namespace {

// Which versions a machine has names for, and of them the newest, which it has without a version.
struct machine_names {
    std::vector<std::string_view> both; ///< the pc and the q35; the newest first
    std::vector<std::string_view> pc_alone;
    std::size_t deprecated; ///< the last so many of the pc's names
    bool deprecated_q35;    ///< and of the q35's
};

machine_names names_of(qemu_version version)
{
    const std::vector<std::string_view> since_8{"9.2", "9.1", "9.0", "8.2", "8.1", "8.0"};
    const std::vector<std::string_view> since_5_2{"7.2", "7.1", "7.0", "6.2", "6.1", "6.0", "5.2"};
    machine_names names{{}, {}, 4, false};
    if (version == qemu_version::v11_1) names.both = {"11.1", "11.0", "10.2", "10.1"};
    if (version != qemu_version::v7_2) {
        names.both.emplace_back("10.0");
        names.both.insert(names.both.end(), since_8.begin(), since_8.end());
    }
    names.both.insert(names.both.end(), since_5_2.begin(), since_5_2.end());
    if (version == qemu_version::v11_1) {
        names.deprecated = since_5_2.size() + 2; // 8.1, 8.0
        names.deprecated_q35 = true;
        return names;
    }
    names.both.insert(names.both.end(), {"5.1", "5.0", "4.2", "4.1", "4.0", "3.1", "3.0", "2.12", "2.11", "2.10", "2.9",
                                         "2.8", "2.7", "2.6", "2.5", "2.4"});
    names.pc_alone = {"2.3", "2.2", "2.1", "2.0", "1.7", "1.6", "1.5", "1.4"};
    return names;
}

std::vector<machine_kind> made_kinds(qemu_version version)
{
    const machine_names names = names_of(version);
    std::vector<machine_kind> all;
    const auto add = [&all](const char* prefix, std::string_view number, const char* alias, machine_type type,
                            std::string_view description, bool deprecated) {
        all.push_back({prefix + std::string(number), alias, type, description, deprecated});
    };
    std::vector<std::string_view> of_pc = names.both;
    of_pc.insert(of_pc.end(), names.pc_alone.begin(), names.pc_alone.end());
    all.reserve(of_pc.size() + names.both.size() + 2); // a q35 with a third number, and none
    for (std::size_t i = 0; i < of_pc.size(); ++i) {
        add("pc-i440fx-", of_pc[i], i == 0 ? "pc" : "", machine_type::pc, "Standard PC (i440FX + PIIX, 1996)",
            i + names.deprecated >= of_pc.size());
    }
    for (std::size_t i = 0; i < names.both.size(); ++i) {
        const auto q35 = [&](std::string_view number) {
            add("pc-q35-", number, i == 0 ? "q35" : "", machine_type::q35, "Standard PC (Q35 + ICH9, 2009)",
                names.deprecated_q35 && i + names.deprecated >= names.both.size());
        };
        if (names.both[i] == "4.0") q35("4.0.1");
        q35(names.both[i]);
    }
    all.push_back({"none", "", machine_type::none, "empty machine"});
    return all;
}

std::string line(std::string_view name, std::string_view rest)
{
    constexpr std::size_t k_column = 20;
    std::string text(name);
    text.resize(std::max(text.size(), k_column), ' ');
    return text + " " + std::string(rest) + "\n";
}

} // namespace

const std::vector<machine_kind>& machine_kinds(qemu_version version)
{
    static std::array<std::vector<machine_kind>, 3> kinds; // each made where it is asked for
    std::vector<machine_kind>& asked = kinds.at(static_cast<std::size_t>(version));
    if (asked.empty()) asked = made_kinds(version);
    return asked;
}

const machine_kind* find_machine(std::string_view name, qemu_version version)
{
    if (name.empty()) return nullptr;
    const auto& kinds = machine_kinds(version);
    const auto found = std::find_if(kinds.begin(), kinds.end(),
                                    [&](const machine_kind& one) { return one.name == name || one.alias == name; });
    return found != kinds.end() ? &*found : nullptr;
}

bool is_older(std::string_view name, machine_version version)
{
    const char* const end = name.data() + name.size();
    machine_version own{};
    const auto [dot, no_major] = std::from_chars(name.data() + name.rfind('-') + 1, end, own.major_number);
    if (no_major != std::errc{} || dot == end) return false;
    const auto [rest, no_minor] = std::from_chars(dot + 1, end, own.minor_number);
    if (no_minor != std::errc{}) return false;
    return std::tie(own.major_number, own.minor_number) < std::tie(version.major_number, version.minor_number);
}

std::string machines_text(qemu_version version)
{
    std::string text = "Supported machines are:\n";
    for (const machine_kind& one : machine_kinds(version)) {
        const std::string description(one.description);
        if (!one.alias.empty()) text += line(one.alias, description + " (alias of " + one.name + ")");
        text += line(one.name,
                     description + (one.alias == "pc" ? " (default)" : "") + (one.deprecated ? " (deprecated)" : ""));
    }
    return text;
}

} // namespace vigil::sim
