// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_FACTS_H
#define VIGIL_RUNSTATE_FACTS_H

#include <cstdint>

namespace vigil::runstate {

/// Who reported a fact: a virtual CPU executing an access (the machine stops when that CPU has left the access),
/// or the main loop (host or test access: it stops at once). QEMU: `qemu_in_vcpu_thread()`.
enum class report_context : std::uint8_t { main_loop, vcpu };

/// How deep a reset goes.
enum class reset_kind : std::uint8_t {
    cold,   ///< power-on
    warm,   ///< a reset of a machine that stays powered
    wakeup, ///< the same, because the machine wakes from S3
};

} // namespace vigil::runstate

#endif
