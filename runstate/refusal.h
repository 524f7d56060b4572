// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_REFUSAL_H
#define VIGIL_RUNSTATE_REFUSAL_H

#include <string>

namespace vigil::runstate {

/// Why a command was refused: the text for a person, in QEMU's words. (Its QMP class is always GenericError.)
struct refusal {
    std::string text;
};

inline bool operator==(const refusal& a, const refusal& b) { return a.text == b.text; }

} // namespace vigil::runstate

#endif
