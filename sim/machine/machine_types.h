// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_MACHINE_MACHINE_TYPES_H
#define VIGIL_SIM_MACHINE_MACHINE_TYPES_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <vigil/sim/machine/qemu_version.h>

/// The machines that there are: two, under a name for each version of QEMU that had them, and an empty one.
namespace vigil::sim {

/// Which of QEMU's machines.
enum class machine_type : std::uint8_t { pc, q35, none };

/// A machine by one of its names.
struct machine_kind {
    std::string name;
    std::string_view alias; ///< another name; empty: there is none
    machine_type type;
    std::string_view description;
    bool deprecated = false;
};

/// Those of a version, in the order in which they are listed.
const std::vector<machine_kind>& machine_kinds(qemu_version version = qemu_version::v7_2);

/// The machine of that name or alias, or null.
const machine_kind* find_machine(std::string_view name, qemu_version version = qemu_version::v7_2);

/// A version of QEMU.
struct machine_version {
    int major_number;
    int minor_number;
};

/// Whether the machine of that name is of a version before `version`; an empty machine is of none.
bool is_older(std::string_view name, machine_version version);

/// The text of -machine help.
std::string machines_text(qemu_version version = qemu_version::v7_2);

} // namespace vigil::sim

#endif
