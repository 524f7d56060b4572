// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_CATALOGUE_H
#define VIGIL_SIM_CATALOGUE_H

#include <vector>

#include <vigil/qmp-bridge/qapi_machine_types.h>
#include <vigil/qmp-bridge/qom_tree.h>

/// What a machine can be made of, as management software asks for it.
namespace vigil::sim {

/// The machines that -machine knows, for query-machines.
std::vector<qmp_bridge::machine_info> known_machines();

/// The types of objects that there are, and those that they are made from, for qom-list-types and
/// device-list-properties.
const std::vector<qmp_bridge::qom_tree::type>& known_types();

} // namespace vigil::sim

#endif
