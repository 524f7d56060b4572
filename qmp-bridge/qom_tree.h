// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QOM_TREE_H
#define VIGIL_QMP_BRIDGE_QOM_TREE_H

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/json.h>
#include <vigil/qmp-bridge/qapi_schema.h>
#include <vigil/runstate/inspectable.h>

namespace vigil::qmp_bridge {

/// The machine's objects by path, for QMP's qom commands (QEMU: docs/devel/qom).
class qom_tree {
public:
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
    std::vector<node> nodes_;
};

} // namespace vigil::qmp_bridge

#endif
