// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_DETAIL_HMP_H
#define VIGIL_QMP_BRIDGE_QMP_DETAIL_HMP_H

#include <string>
#include <string_view>

namespace vigil::qmp_bridge {

class qmp_monitor;

/// Executes one line of the human monitor and returns what it prints, lines ended by CR LF (QEMU: monitor/hmp.c,
/// hmp-commands.hx). Unknown commands and wrong arguments are told in the text.
std::string run_human_command(qmp_monitor& monitor, std::string_view line);

} // namespace vigil::qmp_bridge

#endif
