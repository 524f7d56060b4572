// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/devices.h>

#include <algorithm>

#include <vigil/models/i6300esb.h>
#include <vigil/models/ib700.h>
#include <vigil/models/pvpanic.h>
#include <vigil/sim/inert_devices.h>

namespace vigil::sim {

namespace {

made_device make_i6300esb(const char* name, const device_surroundings& around, const property_values& values)
{
    models::i6300esb_parameters parameters;
    parameters.interrupt_pin = values.flag("x-intx");
    parameters.msi = values.flag("x-msi");
    parameters.stage1_interrupt = parameters.interrupt_pin || parameters.msi;
    parameters.hardware_interrupt_type = parameters.stage1_interrupt;
    parameters.hardware_type_bits = around.behaviour.hardware_interrupt_type;
    auto device = std::make_unique<models::i6300esb>(name, around.controller.clock, parameters);
    device->watchdog.bind(around.controller);
    models::output_port* const pin = parameters.stage1_interrupt ? &device->irq : nullptr;
    made_device made = handed_over(std::move(device));
    made.interrupt = pin;
    return made;
}

made_device make_ib700(const char* name, const device_surroundings& around, const property_values&)
{
    auto device = std::make_unique<models::ib700>(name, around.controller.clock);
    device->watchdog.bind(around.controller);
    device->map(around.io_ports, around.priority);
    return handed_over(std::move(device));
}

made_device make_pvpanic(const char* name, const device_surroundings& around, const property_values& values)
{
    models::pvpanic_isa_parameters parameters;
    parameters.ioport = static_cast<std::uint16_t>(values.number("ioport"));
    parameters.events = static_cast<std::uint8_t>(values.number("events"));
    parameters.shutdown = around.behaviour.pvpanic_shutdown;
    auto device = std::make_unique<models::pvpanic_isa>(name, parameters);
    device->panic.bind(around.controller);
    device->vcpu_panicked = around.vcpu_panicked;
    device->map(around.io_ports, around.priority);
    return handed_over(std::move(device));
}

made_device make_pvpanic_pci(const char* name, const device_surroundings& around, const property_values& values)
{
    models::pvpanic_pci_parameters parameters;
    parameters.events = static_cast<std::uint8_t>(values.number("events"));
    parameters.shutdown = around.behaviour.pvpanic_shutdown;
    auto device = std::make_unique<models::pvpanic_pci>(name, parameters);
    device->panic.bind(around.controller);
    device->vcpu_panicked = around.vcpu_panicked;
    return handed_over(std::move(device));
}

// Of Vigil, and off by default.
device_property own_switch(std::string_view name, std::string_view description)
{
    return {name, property_kind::boolean, device_value(false), description, false, true};
}

// Of an SMI timer, which machines have by their version.
device_property smi_timer_switch(std::string_view name)
{
    constexpr machine_version k_9_2{9, 2};
    return {name, property_kind::boolean, device_value(true), "on/off", false, false, &qemu_behaviour::smi_timers, {},
            k_9_2};
}

using property_list = std::vector<device_property>;

property_list operator+(property_list all, const property_list& more)
{
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

// What both power blocks show and nobody sets.
property_list block_facts(property_kind length, property_kind interrupt)
{
    using kind = property_kind;
    return {read_only("pm_io_base", kind::uint32),     read_only("gpe0_blk", kind::uint32),
            read_only("gpe0_blk_len", length),         read_only("sci_int", interrupt),
            read_only("acpi_enable_cmd", kind::uint8), read_only("acpi_disable_cmd", kind::uint8)};
}

device_row lpc_row()
{
    using kind = property_kind;
    const property_list smi_timers{smi_timer_switch("x-smi-periodic-timer"), smi_timer_switch("x-smi-swsmi-timer")};
    const property_list unlisted =
        properties_in("acpi-pci-hotplug-with-bridge-support:bool memory-hotplug-support:bool cpu-hotplug-legacy:bool "
                      "enable_tco:bool x-keep-pci-slot-hpc:bool disable_s3:uint8 disable_s4:uint8 s4_val:uint8") +
        block_facts(kind::uint32, kind::uint8);
    device_row row{"ICH9-LPC", device_bus::pci,
                   properties_in("noreboot:switch=true smm-compat:switch=false x-smi-broadcast:switch=true "
                                 "x-smi-cpu-hotplug:switch=true x-smi-cpu-hotunplug:switch=true") +
                       unlisted + smi_timers,
                   nullptr};
    device_property strap = properties_in("noreboot:switch=false").front();
    strap.since = {8, 0};
    row.renewed_properties = properties_in("x-smi-broadcast:switch=true") + property_list{strap} +
                             properties_in("smm-enabled:switch=false") + smi_timers +
                             properties_in("smm-compat:switch=false x-smi-cpu-hotplug:switch=true "
                                           "x-smi-cpu-hotunplug:switch=true") +
                             unlisted;
    return row;
}

device_row power_management_row()
{
    using kind = property_kind;
    device_row row{"PIIX4_PM",
                   device_bus::pci,
                   properties_in("smb_io_base:uint32=0 disable_s3:uint8=0 disable_s4:uint8=0 s4_val:uint8=2 "
                                 "acpi-pci-hotplug-with-bridge-support:switch=true acpi-root-pci-hotplug:switch=true "
                                 "memory-hotplug-support:switch=true smm-compat:switch=false smm-enabled:switch=false "
                                 "x-not-migrate-acpi-index:switch=false") +
                       block_facts(kind::uint8, kind::uint16),
                   nullptr,
                   {},
                   false};
    row.renewed_properties =
        properties_in(
            "smm-enabled:switch=false s4_val:uint8=2 smb_io_base:uint32=0 acpi-root-pci-hotplug:switch=true "
            "disable_s3:uint8=0 disable_s4:uint8=0 acpi-pci-hotplug-with-bridge-support:switch=true "
            "memory-hotplug-support:switch=true smm-compat:switch=false x-not-migrate-acpi-index:switch=false") +
        block_facts(kind::uint8, kind::uint16);
    return row;
}

device_property events(std::uint8_t by_default)
{
    return {"events", property_kind::uint8, device_value(std::uint64_t{by_default})};
}

std::vector<device_row> made_rows()
{
    const models::pvpanic_isa_parameters isa_panic;
    const models::pvpanic_pci_parameters pci_panic;
    std::vector<device_row> all{
        {"i6300esb",
         device_bus::pci,
         {own_switch("x-intx",
                     "whether the end of stage 1 interrupts by a pin; the interrupt types are the hardware's"),
          own_switch("x-msi", "the same by a message")},
         make_i6300esb,
         {},
         true,
         "i6300esb[0]"},
        {"ib700", device_bus::isa, {}, make_ib700, {}, true, "ib700[0]"},
        {"pvpanic",
         device_bus::isa,
         {{"ioport", property_kind::uint16, device_value(std::uint64_t{isa_panic.ioport})}, events(isa_panic.events)},
         make_pvpanic,
         "etc/pvpanic-port",
         true,
         "pvpanic[0]"},
        {"pvpanic-pci", device_bus::pci, {events(pci_panic.events)}, make_pvpanic_pci, {}, true, "pvpanic[0]"},
        lpc_row(),
        power_management_row(),
    };
    return all;
}

bool is_there(const device_property& property, const qemu_behaviour& behaviour)
{
    return property.with == nullptr || behaviour.*property.with;
}

} // namespace

const std::vector<device_row>& modelled_rows()
{
    static const std::vector<device_row> rows = made_rows();
    return rows;
}

namespace {

// Made where somebody asks for what is not modelled.
const std::vector<device_row>& all_inert_rows()
{
    static const std::vector<device_row> rows = inert_rows();
    return rows;
}

} // namespace

std::vector<const device_row*> device_rows()
{
    std::vector<const device_row*> all;
    for (const auto* part : {&modelled_rows(), &all_inert_rows()}) {
        for (const device_row& row : *part) all.push_back(&row);
    }
    return all;
}

namespace {

const device_row* find_row(const std::vector<device_row>& rows, std::string_view name)
{
    const auto is_it = [&](const device_row& row) { return row.name == name || (!name.empty() && row.alias == name); };
    const auto found = std::find_if(rows.begin(), rows.end(), is_it);
    return found != rows.end() ? &*found : nullptr;
}

} // namespace

const device_row* find_modelled_row(std::string_view name) { return find_row(modelled_rows(), name); }

const device_row* find_device_row(std::string_view name)
{
    const device_row* const modelled = find_modelled_row(name);
    return modelled != nullptr ? modelled : find_row(all_inert_rows(), name);
}

namespace {

struct bus_words {
    std::string_view bus;
    std::string_view parent;
};

bus_words words_of(device_bus bus) noexcept
{
    switch (bus) {
    case device_bus::isa: return {"ISA", "isa-device"};
    case device_bus::usb: return {"usb-bus", "usb-device"};
    case device_bus::scsi: return {"SCSI", "scsi-device"};
    case device_bus::ide: return {"IDE", "ide-device"};
    case device_bus::virtio_serial: return {"virtio-serial-bus", "virtio-serial-port"};
    case device_bus::hda: return {"HDA", "hda-codec"};
    case device_bus::pci: break;
    }
    return {"PCI", "pci-device"};
}

} // namespace

std::string_view parent_type(device_bus bus) noexcept { return words_of(bus).parent; }

std::string_view bus_word(device_bus bus) noexcept { return words_of(bus).bus; }

const std::vector<device_property>& bus_properties(device_bus bus, const qemu_behaviour& behaviour)
{
    static const std::vector<device_property> none;
    return bus == device_bus::pci ? pci_properties(behaviour) : none;
}

const std::vector<device_property>& own_properties(const device_row& row, const qemu_behaviour& behaviour)
{
    const bool renewed = behaviour.renewed_objects && !row.renewed_properties.empty();
    return renewed ? row.renewed_properties : row.properties;
}

std::vector<const device_property*> settable_properties(const device_row& row, const qemu_behaviour& behaviour)
{
    std::vector<const device_property*> all;
    for (const auto* part : {&bus_properties(row.bus, behaviour), &own_properties(row, behaviour)}) {
        for (const device_property& one : *part) {
            if (!one.read_only && is_there(one, behaviour)) all.push_back(&one);
        }
    }
    return all;
}

const device_property* find_property(const device_row& row, std::string_view name, const qemu_behaviour& behaviour)
{
    for (const auto* part :
         {&common_properties(), &bus_properties(row.bus, behaviour), &own_properties(row, behaviour)}) {
        for (const device_property& one : *part) {
            if (one.name == name && is_there(one, behaviour)) return &one;
        }
    }
    return nullptr;
}

runstate::result<const device_property*> settable_property(const device_row& row, std::string_view name,
                                                           const qemu_behaviour& behaviour)
{
    const std::string spelt = "Property '" + std::string(row.name) + "." + std::string(name) + "'";
    const device_property* property = find_property(row, name, behaviour);
    if (property == nullptr) return qmp_bridge::refuse(spelt + " not found");
    if (property->read_only) return qmp_bridge::refuse(spelt + " is not writable");
    return property;
}

property_values default_values(const device_row& row, const qemu_behaviour& behaviour, std::string_view machine)
{
    property_values values;
    for (const device_property* one : settable_properties(row, behaviour)) {
        if (!one->by_default) continue;
        const bool turned = one->since.major_number != 0 && is_older(machine, one->since);
        values.set(one->name, turned ? device_value(!std::get<bool>(*one->by_default)) : *one->by_default);
    }
    if (behaviour.pvpanic_shutdown && values.find("events") != nullptr) {
        values.set("events", values.number("events") | models::pvpanic_bit::shutdown);
    }
    return values;
}

std::string device_help(const device_row& row, const qemu_behaviour& behaviour)
{
    const property_values defaults = default_values(row, behaviour);
    std::vector<std::string> lines;
    for (const device_property* one : settable_properties(row, behaviour)) {
        const device_value* value = defaults.find(one->name);
        lines.push_back(help_line(*one, value != nullptr ? std::optional(*value) : std::nullopt, behaviour));
    }
    const std::string name(row.name);
    if (lines.empty()) return "There are no options for " + name + ".\n";
    std::sort(lines.begin(), lines.end());
    std::string text = name + " options:\n";
    for (const std::string& line : lines) text += line;
    return text;
}

} // namespace vigil::sim
