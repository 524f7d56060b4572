// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QOM_TREE_H
#define VIGIL_QMP_BRIDGE_QOM_TREE_H

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/json.h>
#include <vigil/qmp-bridge/qapi_machine_types.h>
#include <vigil/qmp-bridge/qapi_schema.h>
#include <vigil/runstate/inspectable.h>

namespace vigil::qmp_bridge {

/// The machine's objects by path, for QMP's qom commands (QEMU: docs/devel/qom).
class qom_tree {
public:
    /// A type that objects have, or that others are made from.
    struct type {
        std::string_view name;
        std::string_view parent; ///< its name; empty: none
        bool abstract = false;
        std::vector<device_property_info> properties = {}; ///< that a device can be given when it is added
    };

    /// Makes a type known.
    void add_type(type one) { types_.push_back(std::move(one)); }

    /// The types that are, or are made from, `implements`, or all where that is empty; abstract ones only where
    /// `with_abstract`.
    std::vector<const type*> types(std::string_view implements, bool with_abstract) const;

    /// The device type of that name, or the error: not known, or no type that devices can have.
    std::variant<const type*, command_error> device_type(std::string_view name) const;

    /// Puts `object` at an absolute path, e.g. "/machine/peripheral/wdt0"; it must outlive the tree.
    void add(std::string path, runstate::inspectable& object);

    /// The object that `path` names: absolute, or the end of one, such as "wdt0" (QEMU's partial paths). Otherwise an
    /// error of class DeviceNotFound, or of class GenericError where a partial path names several.
    std::variant<runstate::inspectable*, command_error> find(std::string_view path) const;

    /// The value of a property now, or the error: no such object, no such property, or why it has no value.
    std::variant<runstate::property_value, command_error> get(std::string_view path, std::string_view property) const;

    /// An object and its path.
    struct node {
        std::string path;
        runstate::inspectable* object;
    };
    const std::vector<node>& nodes() const noexcept { return nodes_; }

    /// The objects and containers right below `path`, by name and type; nothing where neither an object nor a
    /// container stands there.
    struct entry {
        std::string name;
        std::string type; ///< "child<TYPE>", or a property's own
    };
    std::variant<std::vector<entry>, command_error> list(std::string_view path) const;

    /// Sets a property, or says why not: as `get`, or because it cannot be written, or not with this value.
    std::optional<command_error> set(std::string_view path, std::string_view property, const json::value& value) const;

private:
    const type* find_type(std::string_view name) const;
    bool is_a(const type& one, std::string_view ancestor) const;

    std::vector<type> types_;
    std::vector<node> nodes_;
};

} // namespace vigil::qmp_bridge

#endif
