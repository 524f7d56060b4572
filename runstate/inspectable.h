// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_INSPECTABLE_H
#define VIGIL_RUNSTATE_INSPECTABLE_H

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <vigil/runstate/events.h>
#include <vigil/runstate/result.h>

namespace vigil::runstate {

/// A value that an `inspectable` shows; a refusal where there is none now, and why.
using property_value =
    std::variant<bool, std::int64_t, std::uint64_t, std::string, std::vector<std::string>, panic_info, refusal>;

/// One named value of a component, as seen from outside: reading it has no side effect.
struct property {
    std::string name;
    std::string type;        ///< QOM's word: "bool", "int", "uint32", "str" …
    std::string description; ///< one sentence, with the unit
    std::function<property_value()> get;
    /// Takes a value of the kind that `get` returns, or says why not. Empty: read-only.
    std::function<std::optional<refusal>(const property_value&)> set;
};

/// Something that can be looked at from outside.
struct inspectable {
    /// QOM's type name, e.g. "i6300esb".
    virtual std::string_view type_name() const = 0;
    /// Its properties, in a fixed order.
    virtual std::vector<property> properties() = 0;

protected:
    ~inspectable() = default;
};

} // namespace vigil::runstate

#endif
