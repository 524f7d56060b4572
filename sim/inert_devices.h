// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_INERT_DEVICES_H
#define VIGIL_SIM_INERT_DEVICES_H

#include <vector>

#include <vigil/sim/devices.h>

namespace vigil::sim {

/// The devices that are not modelled and that management software wants to have: bridges, whose buses work, and
/// functions that are found on the bus and do nothing, with what hangs on the buses that they bring.
std::vector<device_row> inert_rows();

} // namespace vigil::sim

#endif
