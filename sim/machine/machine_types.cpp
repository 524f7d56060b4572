// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/machine/machine_types.h>

#include <algorithm>
#include <charconv>
#include <tuple>

namespace vigil::sim {

namespace {

constexpr std::string_view k_newest = "7.2";

constexpr std::string_view k_versions[] = {"7.2",  "7.1", "7.0", "6.2", "6.1", "6.0", "5.2",  "5.1",
                                           "5.0",  "4.2", "4.1", "4.0", "3.1", "3.0", "2.12", "2.11",
                                           "2.10", "2.9", "2.8", "2.7", "2.6", "2.5", "2.4"};
// Of the pc alone.
constexpr std::string_view k_older_versions[] = {"2.3", "2.2", "2.1", "2.0"};
constexpr std::string_view k_deprecated_versions[] = {"1.7", "1.6", "1.5", "1.4"};

machine_kind pc(std::string_view version, bool deprecated = false)
{
    return {"pc-i440fx-" + std::string(version), version == k_newest ? "pc" : "", machine_type::pc,
            "Standard PC (i440FX + PIIX, 1996)", deprecated};
}

machine_kind q35(std::string_view version)
{
    return {"pc-q35-" + std::string(version), version == k_newest ? "q35" : "", machine_type::q35,
            "Standard PC (Q35 + ICH9, 2009)"};
}

std::vector<machine_kind> made_kinds()
{
    std::vector<machine_kind> all;
    for (const std::string_view version : k_versions) all.push_back(pc(version));
    for (const std::string_view version : k_older_versions) all.push_back(pc(version));
    for (const std::string_view version : k_deprecated_versions) all.push_back(pc(version, true));
    for (const std::string_view version : k_versions) {
        if (version == "4.0") all.push_back(q35("4.0.1"));
        all.push_back(q35(version));
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

const std::vector<machine_kind>& machine_kinds()
{
    static const std::vector<machine_kind> kinds = made_kinds();
    return kinds;
}

const machine_kind* find_machine(std::string_view name)
{
    if (name.empty()) return nullptr;
    const auto& kinds = machine_kinds();
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

std::string machines_text()
{
    std::string text = "Supported machines are:\n";
    for (const machine_kind& one : machine_kinds()) {
        const std::string description(one.description);
        if (!one.alias.empty()) text += line(one.alias, description + " (alias of " + one.name + ")");
        text += line(one.name,
                     description + (one.alias == "pc" ? " (default)" : "") + (one.deprecated ? " (deprecated)" : ""));
    }
    return text;
}

} // namespace vigil::sim
