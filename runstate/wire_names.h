// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_WIRE_NAMES_H
#define VIGIL_RUNSTATE_WIRE_NAMES_H

#include <cstddef>
#include <optional>
#include <string_view>

namespace vigil::runstate {

/// The QAPI spellings of an enumeration, in the order of its enumerators, as `static constexpr std::array<…> values`.
/// Specialised beside each enumeration that has a name on the wire.
template <class Enum> struct wire_names;

/// The spelling of `value` on the wire, e.g. "guest-panicked".
template <class Enum, std::size_t = wire_names<Enum>::values.size()>
constexpr std::string_view to_string(Enum value) noexcept
{
    return wire_names<Enum>::values[static_cast<std::size_t>(value)];
}

/// The enumerator spelt `text` (case matters), or nothing.
template <class Enum> constexpr std::optional<Enum> from_string(std::string_view text) noexcept
{
    for (std::size_t i = 0; i < wire_names<Enum>::values.size(); ++i) {
        if (wire_names<Enum>::values[i] == text) return static_cast<Enum>(i);
    }
    return std::nullopt;
}

} // namespace vigil::runstate

#endif
