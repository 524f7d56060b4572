// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_DEVICE_COMMANDS_H
#define VIGIL_SIM_DEVICE_COMMANDS_H

#include <vector>

#include <vigil/qmp-bridge/qmp/commands/command_handler.h>
#include <vigil/sim/machine/machine.h>

namespace vigil::sim {

/// QMP's commands about devices that come and go: device_add and device_del. The machine and `behaviour` must stay.
std::vector<qmp_bridge::own_command> device_commands(machine& of, const qemu_behaviour& behaviour);

} // namespace vigil::sim

#endif
