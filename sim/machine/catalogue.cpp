// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/machine/catalogue.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <vigil/sim/devices.h>
#include <vigil/sim/machine/machine_types.h>

namespace vigil::sim {

namespace {

using qmp_bridge::machine_info;
using qmp_bridge::qom_type;

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
    info.hotpluggable_cpus = true; // query-hotpluggable-cpus lists them
    info.acpi = true;
    return info;
}

qmp_bridge::json::value listed(const device_value& value)
{
    return std::visit([](const auto& one) { return qmp_bridge::json::value(one); }, value);
}

qom_type::property row(const char* name, const char* type) { return {{name, type}}; }

// One that comes with the object, and that nobody gives it.
qom_type::property bookkeeping(const char* name, const char* type) { return {{name, type}, true}; }

std::vector<qom_type::property> rows_of(const std::vector<device_property>& properties, const property_values& defaults)
{
    std::vector<qom_type::property> rows;
    for (const device_property& one : properties) {
        if (one.own) continue;
        qom_type::property made{{std::string(one.name), std::string(type_word(one))}};
        if (!one.description.empty()) made.info.description = one.description;
        if (const device_value* value = defaults.find(one.name)) made.info.default_value = listed(*value);
        made.bookkeeping = one.name == "legacy-addr";
        rows.push_back(std::move(made));
    }
    return rows;
}

qom_type device_type(const device_row& device, const qemu_behaviour& behaviour)
{
    std::vector<device_property> own;
    for (const device_property& one : own_properties(device, behaviour)) {
        if (one.with == nullptr || behaviour.*one.with) own.push_back(one);
    }
    qom_type made{std::string(device.name), std::string(parent_type(device.bus)), false,
                  rows_of(own, default_values(device, behaviour))};
    if (device.bus == device_bus::pci && device.conventional) made.interfaces.emplace_back("conventional-pci-device");
    if (device.bus == device_bus::pci && device.express) made.interfaces.emplace_back("pci-express-device");
    // QEMU makes this one's region with the object, the others' with their place on the bus.
    if (device.name == "pvpanic") made.properties.push_back({{std::string(device.region), "child<memory-region>"}});
    return made;
}

// What everything is made from.
std::vector<qom_type> foundations(const qemu_behaviour& behaviour)
{
    const device_row any_pci{"", device_bus::pci, {}, {}};
    return {{"object", {}, true, {bookkeeping("type", "string")}},
            {"interface", {}, true},
            {"conventional-pci-device", "interface", true},
            {"pci-express-device", "interface", true},
            {"nmi", "interface", true},
            {"resettable", "interface", true},
            {"user-creatable", "interface", true},
            {"container", "object"},
            {"memory-region",
             "object",
             false,
             {row("container", "link<memory-region>"), row("addr", "uint64"), row("size", "uint64"),
              row("priority", "uint32")}},
            {"bus", "object", true, {row("realized", "bool")}, {"resettable"}},
            {"System", "bus"},
            {"PCI", "bus"},
            {"PCIE", "PCI"},
            {"ISA", "bus"},
            {"usb-bus", "bus"},
            {"SCSI", "bus"},
            {"IDE", "bus"},
            {"virtio-serial-bus", "bus"},
            {"HDA", "bus"},
            {"device",
             "object",
             true,
             {bookkeeping("parent_bus", "link<bus>"), bookkeeping("realized", "bool"),
              bookkeeping("hotplugged", "bool"), bookkeeping("hotpluggable", "bool")},
             {"resettable"}},
            {"sys-bus-device", "device", true},
            {"pci-device", "device", true,
             rows_of(bus_properties(device_bus::pci, behaviour), default_values(any_pci, behaviour))},
            {"isa-device", "device", true},
            {"usb-device", "device", true},
            {"scsi-device", "device", true},
            {"ide-device", "device", true},
            {"virtio-serial-port", "device", true},
            {"hda-codec", "device", true}};
}

// What the boards have of their own.
std::vector<qom_type> board_types()
{
    return {{"cpu", "device", true},
            {"x86_64-cpu",
             "cpu",
             true,
             {row("hv-crash", "bool"), row("apic-id", "uint32"), row("thread-id", "int32"), row("core-id", "int32"),
              row("socket-id", "int32"), row("unavailable-features", "strList"),
              row("crash-information", "GuestPanicInformation")}},
            {std::string(k_cpu), "x86_64-cpu"},
            {"pci-host-bridge", "sys-bus-device", true},
            {"i440FX-pcihost", "pci-host-bridge"},
            {"pcie-host-bridge", "pci-host-bridge", true},
            {"q35-pcihost", "pcie-host-bridge"},
            {"i440FX", "pci-device", false, {}, {"conventional-pci-device"}},
            {"mch", "pci-device", false, {}, {"conventional-pci-device"}},
            {"pci-ide", "pci-device", true, {}, {"conventional-pci-device"}},
            {"piix3-ide", "pci-ide"},
            {"pci-piix3", "pci-device", true, {}, {"conventional-pci-device"}},
            {"PIIX3", "pci-piix3"},
            {"i8042",
             "isa-device",
             false,
             {row("i8042-data[0]", "child<memory-region>"), row("i8042-cmd[0]", "child<memory-region>")}},
            {"port92", "isa-device", false, {row("port92[0]", "child<memory-region>")}}};
}

std::vector<qom_type> machine_types(qemu_version version)
{
    std::vector<qom_type> types{{"machine",
                                 "object",
                                 true,
                                 {row("memory-backend", "link<memory-backend>"),
                                  row("peripheral-anon", "child<container>"), row("peripheral", "child<container>")}},
                                {"x86-machine", "machine", true, {}, {"nmi"}},
                                {"generic-pc-machine", "x86-machine", true}};
    for (const machine_info& one : known_machines(version)) {
        const char* parent = one.default_cpu_type ? "generic-pc-machine" : "machine";
        types.push_back({std::string(one.name) + "-machine", parent});
    }
    return types;
}

// What the host lends the machine: memory, character devices, what executes its CPUs.
std::vector<qom_type> host_types()
{
    return {{"memory-backend", "object", true, {row("size", "int")}, {"user-creatable"}},
            {"memory-backend-ram", "memory-backend"},
            {"memory-backend-file", "memory-backend"},
            {"memory-backend-memfd", "memory-backend"},
            {"secret_common", "object", true, {}, {"user-creatable"}},
            {"secret", "secret_common"},
            {"chardev", "object", true},
            {"chardev-socket", "chardev"},
            {"chardev-fd", "chardev", true},
            {"chardev-stdio", "chardev-fd"},
            {"chardev-null", "chardev"},
            {"accel", "object"},
            {"qtest-accel", "accel"},
            {"tcg-accel", "accel"}};
}

} // namespace

std::vector<machine_info> known_machines(qemu_version version)
{
    const std::vector<machine_kind>& kinds = machine_kinds(version);
    std::vector<machine_info> all;
    all.reserve(kinds.size());
    for (const machine_kind& one : kinds) all.push_back(information(one));
    return all;
}

std::vector<qom_type> known_types(qemu_version version)
{
    const qemu_behaviour behaviour = behaviour_of(version);
    std::vector<qom_type> all;
    for (const auto& part : {foundations(behaviour), machine_types(version), board_types(), host_types()}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    for (const device_row* one : device_rows()) all.push_back(device_type(*one, behaviour));
    return all;
}

} // namespace vigil::sim
