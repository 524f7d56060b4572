// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/catalogue.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include <vigil/sim/devices.h>

namespace vigil::sim {

namespace {

using qmp_bridge::device_property_info;
using qmp_bridge::machine_info;
using qmp_bridge::qom_tree;

constexpr std::int64_t k_most_cpus = 255; // as -smp has it
constexpr std::string_view k_cpu = "qemu64-x86_64-cpu";

machine_info pc(std::string_view name, std::string_view alias)
{
    return {name, alias, std::nullopt, k_most_cpus, false, false, false, k_cpu, "pc.ram"};
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
                                      {"none-machine", "machine"},
                                      {"x86-machine", "machine", true},
                                      {"generic-pc-machine", "x86-machine", true},
                                      {"pc-i440fx-7.2-machine", "generic-pc-machine"},
                                      {"pc-q35-7.2-machine", "generic-pc-machine"},
                                      {"device", "object", true},
                                      {"cpu", "device", true},
                                      {"x86_64-cpu", "cpu", true},
                                      {k_cpu, "x86_64-cpu"},
                                      {"pci-device", "device", true},
                                      {"isa-device", "device", true}};
    for (const device_row& row : device_rows()) types.push_back(device_type(row));
    return types;
}

} // namespace

std::vector<machine_info> known_machines()
{
    std::vector<machine_info> all{
        pc("pc-i440fx-7.2", "pc"),
        pc("pc-q35-7.2", "q35"),
        {"none", std::nullopt, std::nullopt, k_most_cpus, false, false, false, std::nullopt, "ram"}};
    all.front().is_default = true;
    return all;
}

const std::vector<qom_tree::type>& known_types()
{
    static const std::vector<qom_tree::type> types = made_types();
    return types;
}

} // namespace vigil::sim
