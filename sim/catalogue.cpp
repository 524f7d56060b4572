// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/catalogue.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <vigil/sim/devices.h>
#include <vigil/sim/machine_types.h>

namespace vigil::sim {

namespace {

using qmp_bridge::device_property_info;
using qmp_bridge::machine_info;
using qmp_bridge::qom_tree;

constexpr std::int64_t k_most_cpus = 255; // as -smp has it
constexpr std::string_view k_cpu = "qemu64-x86_64-cpu";

machine_info information(const machine_kind& one)
{
    machine_info info{one.name, std::nullopt,   std::nullopt, k_most_cpus, false,
                      false,    one.deprecated, std::nullopt, "ram"};
    if (!one.alias.empty()) info.alias = one.alias;
    if (one.alias == "pc") info.is_default = true;
    if (one.type == machine_type::none) return info;
    info.default_cpu_type = k_cpu;
    info.default_ram_id = "pc.ram";
    return info;
}

// The names of the machines' types, which outlive everything that refers to them.
const std::vector<std::string>& machine_type_names()
{
    static const std::vector<std::string> names = [] {
        std::vector<std::string> made;
        for (const machine_kind& one : machine_kinds()) made.push_back(one.name + "-machine");
        return made;
    }();
    return names;
}

qmp_bridge::json::value listed(const device_value& value)
{
    return std::visit([](const auto& one) { return qmp_bridge::json::value(one); }, value);
}

qom_tree::type device_type(const device_row& row)
{
    qom_tree::type made{row.name, parent_type(row.bus), false, {}};
    for (const device_property* one : settable_properties(row)) {
        device_property_info info{one->name, type_word(one->kind), std::nullopt, std::nullopt};
        if (!one->description.empty()) info.description = one->description;
        if (one->by_default) info.default_value = listed(*one->by_default);
        made.properties.push_back(std::move(info));
    }
    return made;
}

std::vector<qom_tree::type> made_types()
{
    std::vector<qom_tree::type> types{{"object", {}, true},
                                      {"container", "object"},
                                      {"machine", "object", true},
                                      {"x86-machine", "machine", true},
                                      {"generic-pc-machine", "x86-machine", true},
                                      {"device", "object", true},
                                      {"cpu", "device", true},
                                      {"x86_64-cpu", "cpu", true},
                                      {k_cpu, "x86_64-cpu"},
                                      {"pci-device", "device", true},
                                      {"isa-device", "device", true}};
    for (const std::string& name : machine_type_names()) {
        types.push_back({name, name == "none-machine" ? "machine" : "generic-pc-machine"});
    }
    for (const device_row& row : device_rows()) types.push_back(device_type(row));
    return types;
}

} // namespace

std::vector<machine_info> known_machines()
{
    std::vector<machine_info> all;
    for (const machine_kind& one : machine_kinds()) all.push_back(information(one));
    return all;
}

const std::vector<qom_tree::type>& known_types()
{
    static const std::vector<qom_tree::type> types = made_types();
    return types;
}

} // namespace vigil::sim
