// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_DETAIL_INTROSPECTION_H
#define VIGIL_QMP_BRIDGE_QMP_DETAIL_INTROSPECTION_H

#include <vector>

#include <vigil/qmp-bridge/schema/detail/qapi_introspection_types.h>

namespace vigil::qmp_bridge {

/// What query-qmp-schema answers: every command and event that the vocabulary has, then the types that they lead to.
/// Types other than built-in ones go by a number, as QEMU masks their names; arrays by their element's in brackets.
std::vector<schema_info> introspect(vocabulary words);

} // namespace vigil::qmp_bridge

#endif
