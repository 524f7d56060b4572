// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SCHEMA_VOCABULARY_H
#define VIGIL_QMP_BRIDGE_SCHEMA_VOCABULARY_H

#include <cstdint>

namespace vigil::qmp_bridge {

/// Which words of the run-state schema are spoken; how the machine behaves is another question.
enum class vocabulary : std::uint8_t {
    v2_10, ///< the governing schema: no `reason`, no GUEST_CRASHLOADED, no panic action `none`; greets as 2.10.0
    v7_2,  ///< greets as 7.2.0 and offers `oob`
    v10_0, ///< no `singlestep`, GUEST_PVSHUTDOWN; greets as 10.0.13
    v11_1, ///< greets as 11.1.3
};

/// The newest of them.
inline constexpr vocabulary k_newest_vocabulary = vocabulary::v11_1;

} // namespace vigil::qmp_bridge

#endif
