// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_QOM_TYPES_H
#define VIGIL_QMP_BRIDGE_QMP_QOM_TYPES_H

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/schema/qapi_machine_types.h>
#include <vigil/qmp-bridge/schema/qapi_types.h>

namespace vigil::qmp_bridge {

/// A type that objects have, or that other types are made from.
struct qom_type {
    /// What the objects of the type have, and of the types made from it.
    struct property {
        object_property_info info;
        /// It comes with the object and is no device's own: device-list-properties leaves it out.
        bool bookkeeping = false;
    };

    std::string name;
    std::string parent; ///< the name of a type; empty: none
    bool abstract = false;
    std::vector<property> properties = {};         ///< without those of its parent
    std::vector<std::string_view> interfaces = {}; ///< the names of types that it implements beside its parent's
};

/// The types that there are, for QMP's commands about them.
class qom_types {
public:
    /// Makes a type known; it and what it names must stay for as long as the types are asked for.
    void add(qom_type one) { types_.push_back(std::move(one)); }
    /// Has those of `make` added when somebody first asks for types.
    void add_when_asked(std::function<std::vector<qom_type>()> make) { make_ = std::move(make); }

    /// Whether `properties` tells defaults, as QEMU 11.1 does; before, only `device_properties` does.
    void tell_defaults_of_all(bool yes) noexcept { tells_defaults_ = yes; }

    /// Those that are, are made from, or implement `implements`, or all where that is absent, in the order they were
    /// added; abstract ones only where `with_abstract`.
    std::vector<const qom_type*> that_implement(const std::optional<std::string>& implements, bool with_abstract) const;

    /// What objects of the type have, its ancestors' properties first; or the error: no such type, or one that no
    /// object has.
    result<std::vector<object_property_info>> properties(std::string_view name) const;

    /// What a device of the type can be given or shows of its own, with defaults; or the error: no such type, or none
    /// that a device has.
    result<std::vector<object_property_info>> device_properties(std::string_view name) const;

private:
    const qom_type* find(std::string_view name) const;
    bool is_made_from(const qom_type& one, std::string_view ancestor) const;
    bool is_a(const qom_type& one, std::string_view ancestor) const; ///< made from it, or implements it
    std::vector<const qom_type::property*> all_properties(const qom_type& one) const;

    const std::vector<qom_type>& types() const;

    mutable std::vector<qom_type> types_;
    mutable std::function<std::vector<qom_type>()> make_; ///< empty: there are no more
    bool tells_defaults_ = false;
};

} // namespace vigil::qmp_bridge

#endif
