// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_MACHINE_MACHINE_CONFIG_H
#define VIGIL_SIM_MACHINE_MACHINE_CONFIG_H

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <vigil/sim/devices.h>
#include <vigil/sim/machine/machine_types.h>
#include <vigil/sim/machine/qemu_version.h>

namespace vigil::sim {

/// What the machine is made of.
struct machine_config {
    machine_type type = machine_type::pc;
    std::string name = "pc-i440fx-7.2"; ///< one of the machines' names, of that type
    std::uint64_t ram_bytes = 128U * 1024 * 1024;
    std::optional<std::uint64_t> max_ram_below_4g = {}; ///< bytes; the machine's own choice where absent
    property_values power_management; ///< of PIIX4_PM or ICH9-LPC: what differs from the row's defaults
    bool default_vga = true;          ///< a slot stays reserved for the VGA adapter that QEMU would have
    bool default_nic = true;          ///< likewise for the network adapter
    unsigned cpus = 1;                ///< virtual CPUs
    bool hyperv_crash = false;        ///< the CPUs have the Hyper-V crash MSRs (-cpu …,hv-crash=on)
    bool acpi = true;                 ///< pc: without it there is no power block; on q35 without a meaning
    bool smm = true;                  ///< without it power management is ACPI's from the start
    bool i8042 = true;                ///< without it there is no keyboard controller and no port 92
    qemu_behaviour behaviour;         ///< of the devices
    std::vector<device_request> devices;
    /// What -global says of devices that come while the machine runs, by their driver.
    std::vector<std::pair<std::string, property_values>> plugged_defaults;
    std::vector<std::string> exported; ///< the ids of those that are on another machine's bus, by vfio-user
};

} // namespace vigil::sim

#endif
