// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SCHEMA_VOCABULARY_H
#define VIGIL_QMP_BRIDGE_SCHEMA_VOCABULARY_H

#include <cstdint>

namespace vigil::qmp_bridge {

/// Which words of the run-state schema are spoken; behaviour, commands and error texts are 7.2's in both.
enum class vocabulary : std::uint8_t {
    v2_10, ///< the governing schema: no `reason`, no GUEST_CRASHLOADED, no panic action `none`; greets as 2.10.0
    v7_2,  ///< greets as 7.2.0 and offers `oob`
};

} // namespace vigil::qmp_bridge

#endif
