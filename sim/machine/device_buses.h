// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_MACHINE_DEVICE_BUSES_H
#define VIGIL_SIM_MACHINE_DEVICE_BUSES_H

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/pci_host.h>
#include <vigil/bus/vfio-user/vfio_user_function.h>
#include <vigil/runstate/result.h>
#include <vigil/sim/devices.h>
#include <vigil/sim/machine/machine_config.h>

/// Which buses a machine has, which of them a device goes to, and where on it.
namespace vigil::sim {

struct machine_device;

/// A bus that devices can be on.
struct machine_bus {
    std::string name;
    device_bus kind;
    std::string_view type;                              ///< QOM's: "PCI", "PCIE", "ISA" …
    const machine_device* owner = nullptr;              ///< that has brought it; null: the board
    const bus::pci_bridge* bridge = nullptr;            ///< of a PCI bus: that it is behind; null: it is the host's own
    pci_position position = pci_position::conventional; ///< of what is on it
    bool hotpluggable = false;                          ///< devices come and go while the machine runs
    std::optional<std::uint32_t> hotplug_number = {};   ///< of a PCI bus, to `models::acpi_pci_hotplug`
};

/// A device of a machine.
struct machine_device {
    const device_row* row;
    std::optional<std::string> id;
    property_values values; ///< what it was made with, `addr` as its place came out
    const machine_bus* bus;
    made_device made;
    std::unique_ptr<sc_core::sc_signal<bool>> interrupt; ///< of its pin; null: it has none
    std::unique_ptr<bus::vfio_user_function> exported;   ///< null: it is on this machine's bus
    bool plugged = false;                                ///< while the machine ran
    bool asked_back = false;                             ///< by device_del, of the guest
};

class device_buses {
public:
    /// `name_of` says for messages which device a function is.
    device_buses(const machine_config& config, std::function<std::string(const bus::pci_function&)> name_of);

    /// The buses of the board; on PCI, places are taken from `host`.
    void add_board(const bus::pci_host& host);
    /// The buses that a device has brought.
    void add_buses_of(const machine_device& device);
    /// Forgets them again.
    void remove_buses_of(const machine_device& device);

    /// The bus for such a device: the one that is named, or the first that fits; or why there is none.
    runstate::result<const machine_bus*> choose(const device_row& row, const std::optional<std::string>& name) const;

    /// Finds where on its bus a PCI device goes; `values` then has it as `addr`. Or why there is no place.
    std::optional<runstate::refusal> place(const device_row& row, const machine_bus& bus,
                                           property_values& values) const;

    /// Numbers the PCI buses on which devices come and go, as QEMU does: the newest of a bus's children first, each
    /// before what is behind it.
    void number_for_hotplug();

    /// Every PCI bus.
    std::vector<const machine_bus*> all_pci() const;

    /// The buses of a device, or of the board for null, in the order in which they came.
    std::vector<const machine_bus*> buses_of(const machine_device* owner) const;

private:
    const machine_bus* find(std::string_view name) const;
    std::string next_name(std::string_view type);
    void number_from(machine_bus& bus, std::uint32_t& next);
    std::optional<runstate::refusal> check_functions(const machine_bus& bus, bus::pci_address address,
                                                     bool multifunction) const;

    const machine_config& config_;
    std::function<std::string(const bus::pci_function&)> name_of_;
    const bus::pci_host* host_ = nullptr;
    std::list<machine_bus> all_;                         ///< which devices point to
    std::map<std::string, unsigned, std::less<>> named_; ///< how many buses of a type have names of QEMU's making
};

/// Where a PCI device is.
bus::pci_address address_of(const property_values& values);

} // namespace vigil::sim

#endif
