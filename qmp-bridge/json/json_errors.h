// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_JSON_JSON_ERRORS_H
#define VIGIL_QMP_BRIDGE_JSON_JSON_ERRORS_H

#include <cstdint>

namespace vigil::qmp_bridge {

/// How a reader of JSON tells what is wrong with its input.
enum class json_errors : std::uint8_t {
    when_balanced, ///< once the brackets balance, as QEMU 7.2 does
    at_once,       ///< at the wrong token, with its line and column, as QEMU 11.1 does
};

} // namespace vigil::qmp_bridge

#endif
