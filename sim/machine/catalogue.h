// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_MACHINE_CATALOGUE_H
#define VIGIL_SIM_MACHINE_CATALOGUE_H

#include <vector>

#include <vigil/qmp-bridge/qmp/qom_types.h>
#include <vigil/qmp-bridge/schema/qapi_machine_types.h>
#include <vigil/sim/machine/qemu_version.h>

/// What a machine can be made of, as management software asks for it.
namespace vigil::sim {

/// The machines that -machine knows, for query-machines.
std::vector<qmp_bridge::machine_info> known_machines(qemu_version version = qemu_version::v7_2);

/// The types of objects that there are, and those that they are made from, each after its parent; for the commands
/// about types.
std::vector<qmp_bridge::qom_type> known_types(qemu_version version = qemu_version::v7_2);

} // namespace vigil::sim

#endif
