// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_DEVICES_H
#define VIGIL_SIM_DEVICES_H

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <systemc>

#include <vigil/bus/address_router.h>
#include <vigil/bus/pci_bridge.h>
#include <vigil/bus/pci_function.h>
#include <vigil/models/output_pin.h>
#include <vigil/qmp-bridge/host/option_list.h>
#include <vigil/runstate/controller.h>
#include <vigil/runstate/inspectable.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/sim/device_properties.h>
#include <vigil/sim/machine/qemu_version.h>

/// The devices that a machine can have, a row each: parsing, help, introspection and construction follow from the row.
namespace vigil::sim {

/// The buses that devices are on.
enum class device_bus : std::uint8_t { pci, isa, usb, scsi, ide, virtio_serial, hda };

/// Where in the hierarchy of PCI a function is, as far as it shows.
enum class pci_position : std::uint8_t { conventional, root_complex, express_port };

/// What a machine lends to a device that is made for it.
struct device_surroundings {
    runstate::controller& controller;
    bus::address_router& io_ports;
    const qemu_behaviour& behaviour;
    int priority;          ///< of the device's own ports, over those of the devices before it
    pci_position position; ///< of a PCI device
    std::function<void(std::uint32_t vcpu)> vcpu_panicked;
};

/// A device with its ports bound and, on ISA, mapped.
struct made_device {
    std::unique_ptr<sc_core::sc_module> module;
    runstate::inspectable* object = nullptr;
    bus::pci_function* function = nullptr;    ///< of a PCI device: still to be attached
    bus::pci_bridge* bridge = nullptr;        ///< the same where it is a bridge
    runstate::resettable* reset = nullptr;    ///< still to be registered; null: nothing in it is reset
    runstate::snapshottable* saved = nullptr; ///< the same; null: there is nothing to save
    models::output_port* interrupt = nullptr; ///< its interrupt pin: still to be bound; null: it has none
};

/// What a device shows and does, by what it is made from.
template <class Device> made_device handed_over(std::unique_ptr<Device> device)
{
    made_device made;
    if constexpr (std::is_base_of_v<runstate::inspectable, Device>) made.object = device.get();
    if constexpr (std::is_base_of_v<runstate::snapshottable, Device>) made.saved = device.get();
    if constexpr (std::is_base_of_v<runstate::resettable, Device>) made.reset = device.get();
    if constexpr (std::is_base_of_v<bus::pci_function, Device>) made.function = device.get();
    if constexpr (std::is_base_of_v<bus::pci_bridge, Device>) made.bridge = device.get();
    made.module = std::move(device);
    return made;
}

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
    std::vector<device_property> renewed_properties = {}; ///< the same from QEMU 11.1 on, where it is not the same list
    std::optional<device_bus> brings = {};                ///< a bus for other devices
    bool is_inert = false;                                ///< nothing is modelled but what enumeration finds
    std::string_view alias = {};                          ///< another name; empty: there is none
    bool conventional = true;                             ///< of a PCI device: for a conventional bus
    bool express = false;                                 ///< the same: for PCI Express
};

/// Every kind of device, those of the chipset included; what is modelled stands first.
std::vector<const device_row*> device_rows();

/// Those of them that are modelled, or parts of the chipset.
const std::vector<device_row>& modelled_rows();

/// The one of these of that name, or null.
const device_row* find_modelled_row(std::string_view name);

/// The row of that name or alias, or null.
const device_row* find_device_row(std::string_view name);

/// The QOM type that a device of that bus is made from: "pci-device", "isa-device" …
std::string_view parent_type(device_bus bus) noexcept;

/// "PCI", "ISA" …, for messages.
std::string_view bus_word(device_bus bus) noexcept;

/// What such a device can be given, in QOM's order: what its bus brings, then its own.
std::vector<const device_property*> settable_properties(const device_row& row, const qemu_behaviour& behaviour = {});

/// What every device of that bus has, read-only properties included, beside what every device has.
const std::vector<device_property>& bus_properties(device_bus bus, const qemu_behaviour& behaviour);

/// What the row has of its own.
const std::vector<device_property>& own_properties(const device_row& row, const qemu_behaviour& behaviour);

/// The property of that name, a read-only one too; null: there is none.
const device_property* find_property(const device_row& row, std::string_view name,
                                     const qemu_behaviour& behaviour = {});

/// The same of one that can be set; or why it cannot.
runstate::result<const device_property*> settable_property(const device_row& row, std::string_view name,
                                                           const qemu_behaviour& behaviour);

/// The defaults of everything that can be set, on the machine of that name (one without a version: as in the newest).
property_values default_values(const device_row& row, const qemu_behaviour& behaviour = {},
                               std::string_view machine = {});

/// The text of -device X,help.
std::string device_help(const device_row& row, const qemu_behaviour& behaviour = {});

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
