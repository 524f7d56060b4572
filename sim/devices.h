// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_DEVICES_H
#define VIGIL_SIM_DEVICES_H

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <systemc>

#include <vigil/bus/address_router.h>
#include <vigil/bus/pci_function.h>
#include <vigil/models/output_pin.h>
#include <vigil/qmp-bridge/host/option_list.h>
#include <vigil/qmp-bridge/json/json.h>
#include <vigil/runstate/controller.h>
#include <vigil/runstate/inspectable.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/result.h>
#include <vigil/sim/machine/qemu_version.h>

/// The devices that a machine can have, a row each: parsing, help, introspection and construction follow from the row.
namespace vigil::sim {

/// A value that a device property has; numbers of a signed type are `std::int64_t`.
using device_value = std::variant<bool, std::int64_t, std::uint64_t, std::string>;

/// What a device property takes.
enum class property_kind : std::uint8_t {
    boolean,
    uint8,
    uint16,
    uint32,
    text,
    pci_address, ///< slot and function as one number, slot·8 + function; −1: wherever there is room
};

/// One property that a device can be given, or that it has without being given.
struct device_property {
    std::string_view name;
    property_kind kind;
    std::optional<device_value> by_default; ///< as it is listed; a property without one is false, 0 or empty
    std::string_view description = {};
    bool read_only = false;               ///< known, but neither listed nor taken
    bool own = false;                     ///< not QEMU's: taken, and shown in help alone
    bool qemu_behaviour::*with = nullptr; ///< taken with this behaviour alone, and not listed
};

/// QOM's word for what the property takes: "bool", "uint8" …
std::string_view type_word(property_kind kind) noexcept;

/// The values of a device's properties, by their names, in the order in which they were first set.
class property_values {
public:
    void set(std::string_view name, device_value value);
    /// The value, or null where none was set.
    const device_value* find(std::string_view name) const noexcept;
    bool flag(std::string_view name) const noexcept;            ///< of a boolean; false where none was set
    std::uint64_t number(std::string_view name) const noexcept; ///< of an unsigned number; 0 where none was set
    std::string text(std::string_view name) const;              ///< of a text; empty where none was set

    const std::vector<std::pair<std::string, device_value>>& all() const noexcept { return values_; }

private:
    std::vector<std::pair<std::string, device_value>> values_;
};

enum class device_bus : std::uint8_t { pci, isa };

/// What a machine lends to a device that is made for it.
struct device_surroundings {
    runstate::controller& controller;
    bus::address_router& io_ports;
    const qemu_behaviour& behaviour;
    int priority; ///< of the device's own ports, over those of the devices before it
    std::function<void(std::uint32_t vcpu)> vcpu_panicked;
};

/// A device with its ports bound, registered with the controller and, on ISA, mapped.
struct made_device {
    std::unique_ptr<sc_core::sc_module> module;
    runstate::inspectable* object = nullptr;
    bus::pci_function* function = nullptr;    ///< of a PCI device: still to be attached
    runstate::resettable* reset = nullptr;    ///< still to be registered; null: nothing in it is reset
    models::output_port* interrupt = nullptr; ///< its interrupt pin: still to be bound; null: it has none
};

/// One kind of device.
struct device_row {
    std::string_view name;
    device_bus bus;
    std::vector<device_property> properties; ///< its own, beside those that all devices of the bus have
    /// Makes one with all its final values; null: a part of the chipset, which -device cannot add.
    made_device (*make)(const char* name, const device_surroundings& around, const property_values& values);
    std::string_view firmware_file = {}; ///< what QEMU tells the firmware in; two of one name are an error
    bool hotpluggable = true;     ///< the class as such, not the bus: -global may speak of it where there is none
    std::string_view region = {}; ///< QOM's name for the memory region of its registers
};

/// Every kind of device, those of the chipset included.
const std::vector<device_row>& device_rows();

/// The row of that name, or null.
const device_row* find_device_row(std::string_view name);

/// The QOM type that a device of that bus is made from: "pci-device" or "isa-device".
std::string_view parent_type(device_bus bus) noexcept;

/// "PCI" or "ISA", for messages.
std::string_view bus_word(device_bus bus) noexcept;

/// What every device of that bus has, read-only properties included, beside what every device has.
const std::vector<device_property>& bus_properties(device_bus bus);

/// What such a device can be given, in QOM's order: what its bus brings, then its own.
std::vector<const device_property*> settable_properties(const device_row& row);

/// The property of that name, a read-only one too; null: there is none.
const device_property* find_property(const device_row& row, std::string_view name);

/// The defaults of everything that can be set.
property_values default_values(const device_row& row, const qemu_behaviour& behaviour = {});

/// What stands for the property in text, as its kind wants it; otherwise a refusal that says what it expects.
runstate::result<device_value> parse_property(const device_row& row, const device_property& property,
                                              std::string_view text);

/// The same of a JSON value, whose type is looked at too.
runstate::result<device_value> parse_property(const device_row& row, const device_property& property,
                                              const qmp_bridge::json::value& value);

/// The text of -device X,help.
std::string device_help(const device_row& row);

/// A device to be added to a machine.
struct device_request {
    std::string driver;                  ///< one of `device_rows()`
    std::optional<std::string> id = {};  ///< its name in QOM and in messages
    std::optional<std::string> bus = {}; ///< by its name; the only one that fits where absent
    property_values values = {};         ///< what differs from the row's defaults
    qmp_bridge::option_place where = {}; ///< what asked for it, for messages
};

} // namespace vigil::sim

#endif
