// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/catalogue.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include <vigil/models/pvpanic.h>

namespace vigil::sim {

namespace {

using qmp_bridge::device_property_info;
using qmp_bridge::machine_info;

constexpr std::int64_t k_most_cpus = 255; // as -smp has it
constexpr std::string_view k_cpu = "qemu64-x86_64-cpu";

machine_info pc(std::string_view name, std::string_view alias)
{
    return {name, alias, std::nullopt, k_most_cpus, false, false, false, k_cpu, "pc.ram"};
}

device_property_info place_on_bus()
{
    return {"addr", "int32", "slot and, after a dot, function", qmp_bridge::json::value(-1)};
}

device_property_info panic_events(std::uint8_t by_default)
{
    return {"events", "uint8", std::nullopt, qmp_bridge::json::value(by_default)};
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

const std::vector<qmp_bridge::qom_tree::type>& known_types()
{
    static const models::pvpanic_isa_parameters isa_panic;
    static const models::pvpanic_pci_parameters pci_panic;
    static const std::vector<qmp_bridge::qom_tree::type> types{
        {"object", {}, true},
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
        {"i6300esb", "pci-device", false, {place_on_bus()}},
        {"pvpanic-pci", "pci-device", false, {place_on_bus(), panic_events(pci_panic.events)}},
        {"isa-device", "device", true},
        {"ib700", "isa-device"},
        {"pvpanic",
         "isa-device",
         false,
         {{"ioport", "uint16", std::nullopt, qmp_bridge::json::value(isa_panic.ioport)},
          panic_events(isa_panic.events)}}};
    return types;
}

} // namespace vigil::sim
