// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/devices.h>

#include <algorithm>
#include <limits>

#include <vigil/models/i6300esb.h>
#include <vigil/models/ib700.h>
#include <vigil/models/pvpanic.h>
#include <vigil/sim/options/option_values.h>

namespace vigil::sim {

namespace {

using qmp_bridge::refuse;
using runstate::controller;

template <class Device> made_device handed_over(std::unique_ptr<Device> device, controller& control)
{
    made_device made;
    made.object = device.get();
    if constexpr (std::is_base_of_v<runstate::snapshottable, Device>) control.add_snapshottable(*device);
    if constexpr (std::is_base_of_v<runstate::resettable, Device>) made.reset = device.get();
    if constexpr (std::is_base_of_v<bus::pci_function, Device>) made.function = device.get();
    made.module = std::move(device);
    return made;
}

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
    made_device made = handed_over(std::move(device), around.controller);
    made.interrupt = pin;
    return made;
}

made_device make_ib700(const char* name, const device_surroundings& around, const property_values&)
{
    auto device = std::make_unique<models::ib700>(name, around.controller.clock);
    device->watchdog.bind(around.controller);
    device->map(around.io_ports, around.priority);
    return handed_over(std::move(device), around.controller);
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
    return handed_over(std::move(device), around.controller);
}

made_device make_pvpanic_pci(const char* name, const device_surroundings& around, const property_values& values)
{
    models::pvpanic_pci_parameters parameters;
    parameters.events = static_cast<std::uint8_t>(values.number("events"));
    parameters.shutdown = around.behaviour.pvpanic_shutdown;
    auto device = std::make_unique<models::pvpanic_pci>(name, parameters);
    device->panic.bind(around.controller);
    device->vcpu_panicked = around.vcpu_panicked;
    return handed_over(std::move(device), around.controller);
}

device_property number(std::string_view name, property_kind kind, std::uint64_t by_default)
{
    return {name, kind, device_value(by_default)};
}

device_property boolean(std::string_view name, bool by_default)
{
    return {name, property_kind::boolean, device_value(by_default), "on/off"};
}

device_property unlisted_default(std::string_view name, property_kind kind) { return {name, kind, std::nullopt}; }

device_property read_only(std::string_view name, property_kind kind) { return {name, kind, std::nullopt, {}, true}; }

// Of Vigil, and off by default.
device_property own_switch(std::string_view name, std::string_view description)
{
    device_property result = boolean(name, false);
    result.description = description;
    result.own = true;
    return result;
}

// Of an SMI timer, which machines have by their version.
device_property smi_timer_switch(std::string_view name)
{
    device_property result = unlisted_default(name, property_kind::boolean);
    result.with = &qemu_behaviour::smi_timers;
    return result;
}

// What every device has, whatever its bus.
const std::vector<device_property>& device_properties()
{
    static const std::vector<device_property> properties{
        read_only("type", property_kind::text), read_only("parent_bus", property_kind::text),
        read_only("realized", property_kind::boolean), read_only("hotplugged", property_kind::boolean),
        read_only("hotpluggable", property_kind::boolean)};
    return properties;
}

const std::vector<device_property>& pci_properties()
{
    static const std::vector<device_property> properties{
        unlisted_default("failover_pair_id", property_kind::text),
        unlisted_default("romfile", property_kind::text),
        {"addr", property_kind::pci_address, device_value(std::int64_t{-1}),
         "Slot and optional function number, example: 06.0 or 06"},
        number("romsize", property_kind::uint32, std::numeric_limits<std::uint32_t>::max()),
        boolean("x-pcie-lnksta-dllla", true),
        number("rombar", property_kind::uint32, 1),
        boolean("x-pcie-extcap-init", true),
        number("acpi-index", property_kind::uint32, 0),
        boolean("multifunction", false),
        read_only("legacy-addr", property_kind::text)};
    return properties;
}

std::vector<device_row> made_rows()
{
    const models::pvpanic_isa_parameters isa_panic;
    const models::pvpanic_pci_parameters pci_panic;
    using kind = property_kind;
    return {
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
         {number("ioport", kind::uint16, isa_panic.ioport), number("events", kind::uint8, isa_panic.events)},
         make_pvpanic,
         "etc/pvpanic-port",
         true,
         "pvpanic[0]"},
        {"pvpanic-pci",
         device_bus::pci,
         {number("events", kind::uint8, pci_panic.events)},
         make_pvpanic_pci,
         {},
         true,
         "pvpanic[0]"},
        {"ICH9-LPC",
         device_bus::pci,
         {boolean("noreboot", true),
          boolean("smm-compat", false),
          boolean("x-smi-broadcast", true),
          boolean("x-smi-cpu-hotplug", true),
          boolean("x-smi-cpu-hotunplug", true),
          unlisted_default("acpi-pci-hotplug-with-bridge-support", kind::boolean),
          unlisted_default("memory-hotplug-support", kind::boolean),
          unlisted_default("cpu-hotplug-legacy", kind::boolean),
          unlisted_default("enable_tco", kind::boolean),
          unlisted_default("x-keep-pci-slot-hpc", kind::boolean),
          unlisted_default("disable_s3", kind::uint8),
          unlisted_default("disable_s4", kind::uint8),
          unlisted_default("s4_val", kind::uint8),
          read_only("pm_io_base", kind::uint32),
          read_only("gpe0_blk", kind::uint32),
          read_only("gpe0_blk_len", kind::uint32),
          read_only("sci_int", kind::uint8),
          read_only("acpi_enable_cmd", kind::uint8),
          read_only("acpi_disable_cmd", kind::uint8),
          smi_timer_switch("x-smi-swsmi-timer"),
          smi_timer_switch("x-smi-periodic-timer")},
         nullptr},
        {"PIIX4_PM",
         device_bus::pci,
         {number("smb_io_base", kind::uint32, 0), number("disable_s3", kind::uint8, 0),
          number("disable_s4", kind::uint8, 0), number("s4_val", kind::uint8, 2),
          boolean("acpi-pci-hotplug-with-bridge-support", true), boolean("acpi-root-pci-hotplug", true),
          boolean("memory-hotplug-support", false), boolean("smm-compat", false), boolean("smm-enabled", false),
          boolean("x-not-migrate-acpi-index", false), read_only("pm_io_base", kind::uint32),
          read_only("gpe0_blk", kind::uint32), read_only("gpe0_blk_len", kind::uint8),
          read_only("sci_int", kind::uint16), read_only("acpi_enable_cmd", kind::uint8),
          read_only("acpi_disable_cmd", kind::uint8)},
         nullptr,
         {},
         false},
    };
}

std::uint64_t most_of(property_kind kind) noexcept
{
    switch (kind) {
    case property_kind::uint8: return std::numeric_limits<std::uint8_t>::max();
    case property_kind::uint16: return std::numeric_limits<std::uint16_t>::max();
    default: return std::numeric_limits<std::uint32_t>::max();
    }
}

runstate::refusal expects(const device_property& property, std::string_view what)
{
    return refuse("Parameter '" + std::string(property.name) + "' expects " + std::string(what));
}

runstate::result<device_value> in_range(const device_property& property, std::uint64_t number)
{
    if (number > most_of(property.kind)) return expects(property, std::string(type_word(property.kind)) + "_t");
    return device_value(number);
}

runstate::refusal not_an_address(const device_row& row, const device_property& property, std::string_view text)
{
    return refuse("Property '" + std::string(row.name) + "." + std::string(property.name) + "' doesn't take value '" +
                  std::string(text) + "'; use SLOT or SLOT.FUNCTION, hexadecimal, as in addr=1d.4");
}

runstate::refusal wrong_type(const device_property& property, std::string_view wanted)
{
    return refuse("Invalid parameter type for '" + std::string(property.name) + "', expected: " + std::string(wanted));
}

runstate::result<device_value> address_in_text(const device_row& row, const device_property& property,
                                               std::string_view text)
{
    const auto address = parse_pci_address(text);
    if (!address) return not_an_address(row, property, text);
    return device_value(static_cast<std::int64_t>(address->devfn()));
}

// As JSON prints it, for the help.
std::string value_text(const device_value& value)
{
    if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
    if (const auto* natural = std::get_if<std::uint64_t>(&value)) return std::to_string(*natural);
    return "\"" + std::get<std::string>(value) + "\"";
}

} // namespace

std::string_view type_word(property_kind kind) noexcept
{
    switch (kind) {
    case property_kind::boolean: return "bool";
    case property_kind::uint8: return "uint8";
    case property_kind::uint16: return "uint16";
    case property_kind::uint32: return "uint32";
    case property_kind::text: return "str";
    case property_kind::pci_address: break;
    }
    return "int32";
}

void property_values::set(std::string_view name, device_value value)
{
    const auto same = [&](const auto& one) { return one.first == name; };
    const auto found = std::find_if(values_.begin(), values_.end(), same);
    if (found != values_.end()) {
        found->second = std::move(value);
    } else {
        values_.emplace_back(name, std::move(value));
    }
}

const device_value* property_values::find(std::string_view name) const noexcept
{
    const auto same = [&](const auto& one) { return one.first == name; };
    const auto found = std::find_if(values_.begin(), values_.end(), same);
    return found != values_.end() ? &found->second : nullptr;
}

bool property_values::flag(std::string_view name) const noexcept
{
    const device_value* value = find(name);
    const bool* flag = value != nullptr ? std::get_if<bool>(value) : nullptr;
    return flag != nullptr && *flag;
}

std::uint64_t property_values::number(std::string_view name) const noexcept
{
    const device_value* value = find(name);
    const auto* number = value != nullptr ? std::get_if<std::uint64_t>(value) : nullptr;
    return number != nullptr ? *number : 0;
}

std::string property_values::text(std::string_view name) const
{
    const device_value* value = find(name);
    const auto* text = value != nullptr ? std::get_if<std::string>(value) : nullptr;
    return text != nullptr ? *text : std::string();
}

const std::vector<device_row>& device_rows()
{
    static const std::vector<device_row> rows = made_rows();
    return rows;
}

const device_row* find_device_row(std::string_view name)
{
    const auto& rows = device_rows();
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const device_row& row) { return row.name == name; });
    return found != rows.end() ? &*found : nullptr;
}

std::string_view parent_type(device_bus bus) noexcept { return bus == device_bus::pci ? "pci-device" : "isa-device"; }

std::string_view bus_word(device_bus bus) noexcept { return bus == device_bus::pci ? "PCI" : "ISA"; }

const std::vector<device_property>& bus_properties(device_bus bus)
{
    static const std::vector<device_property> none;
    return bus == device_bus::pci ? pci_properties() : none;
}

std::vector<const device_property*> settable_properties(const device_row& row)
{
    std::vector<const device_property*> all;
    for (const auto* part : {&bus_properties(row.bus), &row.properties}) {
        for (const device_property& one : *part) {
            if (!one.read_only && one.with == nullptr) all.push_back(&one);
        }
    }
    return all;
}

const device_property* find_property(const device_row& row, std::string_view name)
{
    for (const auto* part : {&device_properties(), &bus_properties(row.bus), &row.properties}) {
        for (const device_property& one : *part) {
            if (one.name == name) return &one;
        }
    }
    return nullptr;
}

property_values default_values(const device_row& row, const qemu_behaviour& behaviour)
{
    property_values values;
    for (const device_property* one : settable_properties(row)) {
        if (one->by_default) values.set(one->name, *one->by_default);
    }
    if (behaviour.pvpanic_shutdown && values.find("events") != nullptr) {
        values.set("events", values.number("events") | models::pvpanic_bit::shutdown);
    }
    return values;
}

runstate::result<device_value> parse_property(const device_row& row, const device_property& property,
                                              std::string_view text)
{
    switch (property.kind) {
    case property_kind::boolean: {
        const auto flag = qmp_bridge::parse_switch(text);
        if (!flag) return expects(property, "'on' or 'off'");
        return device_value(*flag);
    }
    case property_kind::text: return device_value(std::string(text));
    case property_kind::pci_address: return address_in_text(row, property, text);
    default: break;
    }
    const auto number = parse_uint64(text);
    if (!number) return expects(property, "uint64");
    return in_range(property, *number);
}

runstate::result<device_value> parse_property(const device_row& row, const device_property& property,
                                              const qmp_bridge::json::value& value)
{
    const auto as_text = [&] { return std::string(value.get_string().data(), value.get_string().size()); };
    switch (property.kind) {
    case property_kind::boolean:
        if (!value.is_bool()) return wrong_type(property, "boolean");
        return device_value(value.get_bool());
    case property_kind::text:
        if (!value.is_string()) return wrong_type(property, "string");
        return device_value(as_text());
    case property_kind::pci_address: {
        if (value.is_string()) return address_in_text(row, property, as_text());
        if (!value.is_int64()) return wrong_type(property, "string or integer");
        constexpr std::int64_t most = 255;
        const std::int64_t place = value.get_int64();
        if (place < -1 || place > most) return not_an_address(row, property, std::to_string(place));
        return device_value(place);
    }
    default: break;
    }
    if (value.is_uint64()) return in_range(property, value.get_uint64());
    if (value.is_int64()) return in_range(property, static_cast<std::uint64_t>(value.get_int64()));
    return expects(property, "uint64");
}

std::string device_help(const device_row& row)
{
    constexpr std::size_t k_column = 24;
    std::vector<std::string> lines;
    for (const device_property* one : settable_properties(row)) {
        std::string line = "  " + std::string(one->name) + "=<" + std::string(type_word(one->kind)) + ">";
        if (one->by_default || !one->description.empty()) {
            line.resize(std::max(line.size(), k_column), ' ');
            line += " - " + std::string(one->description);
        }
        if (one->by_default) line += " (default: " + value_text(*one->by_default) + ")";
        lines.push_back(line + "\n");
    }
    const std::string name(row.name);
    if (lines.empty()) return "There are no options for " + name + ".\n";
    std::sort(lines.begin(), lines.end());
    std::string text = name + " options:\n";
    for (const std::string& line : lines) text += line;
    return text;
}

} // namespace vigil::sim
