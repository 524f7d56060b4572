// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_DETAIL_INTROSPECTION_H
#define VIGIL_QMP_BRIDGE_QMP_DETAIL_INTROSPECTION_H

#include <vector>

#include <vigil/qmp-bridge/qmp/commands/command_handler.h>
#include <vigil/qmp-bridge/schema/detail/qapi_introspection_types.h>

namespace vigil::qmp_bridge {

/// What query-qmp-schema answers: every command and event that the vocabulary has, with a program's own commands, then
/// the types that they lead to. Types other than built-in ones go by a number, as QEMU masks their names; arrays by
/// their element's in brackets.
std::vector<schema_info> introspect(vocabulary words, const std::vector<own_command>& own = {});

} // namespace vigil::qmp_bridge

#endif
