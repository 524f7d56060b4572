// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_OPTIONS_OPTIONS_COMMAND_H
#define VIGIL_SIM_OPTIONS_OPTIONS_COMMAND_H

#include <vigil/qmp-bridge/qmp/commands/command_handler.h>

namespace vigil::sim {

/// query-command-line-options: the options that have keys and values, and the keys of those whose keys are fixed.
qmp_bridge::own_command options_command();

} // namespace vigil::sim

#endif
