// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/machine/saved_reset_ports.h>

#include <algorithm>
#include <cstddef>
#include <string>

namespace vigil::sim {

using runstate::prepared_restore;
using runstate::saved_state;

saved_state saved_reset_ports::save() const
{
    saved_state all;
    for (const part& one : parts_) {
        for (auto& field : one.saved->save()) all.push_back(std::move(field));
    }
    return all;
}

prepared_restore saved_reset_ports::prepare(const saved_state& state)
{
    runstate::prepared_parts parts(section());
    std::size_t at = 0;
    for (const part& one : parts_) {
        if (at == state.size() && one.optional) {
            parts.add([reset = one.reset] { reset->reset(runstate::reset_kind::cold); });
            continue;
        }
        const std::size_t end = std::min(state.size(), at + one.saved->save().size());
        const auto first = state.begin();
        const saved_state its(first + static_cast<std::ptrdiff_t>(at), first + static_cast<std::ptrdiff_t>(end));
        parts.add(one.saved->prepare(its));
        at = end;
    }
    if (at != state.size()) {
        parts.add(std::to_string(at) + " fields expected, " + std::to_string(state.size()) + " found");
    }
    return parts.whole();
}

} // namespace vigil::sim
