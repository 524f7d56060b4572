// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qom_tree.h>

#include <utility>

namespace vigil::qmp_bridge {

using runstate::inspectable;

namespace {

bool names(std::string_view path, std::string_view asked)
{
    if (asked.empty()) return false;
    if (asked[0] == '/') return path == asked;
    return path.size() > asked.size() && path.substr(path.size() - asked.size()) == asked &&
           path[path.size() - asked.size() - 1] == '/';
}

} // namespace

void qom_tree::add(std::string path, inspectable& object) { nodes_.push_back({std::move(path), &object}); }

std::variant<inspectable*, command_error> qom_tree::find(std::string_view path) const
{
    inspectable* found = nullptr;
    for (const node& one : nodes_) {
        if (!names(one.path, path)) continue;
        if (found != nullptr) {
            return command_error{error_class::generic_error, "Path '" + std::string(path) + "' is ambiguous"};
        }
        found = one.object;
    }
    if (found == nullptr) {
        return command_error{error_class::device_not_found, "Device '" + std::string(path) + "' not found"};
    }
    return found;
}

std::variant<runstate::property_value, command_error> qom_tree::get(std::string_view path,
                                                                    std::string_view property) const
{
    auto found = find(path);
    if (auto* error = std::get_if<command_error>(&found)) return std::move(*error);
    inspectable& object = *std::get<inspectable*>(found);
    if (property == "type") return runstate::property_value(std::string(object.type_name()));
    for (const runstate::property& one : object.properties()) {
        if (one.name != property) continue;
        runstate::property_value value = one.get();
        if (auto* refused = std::get_if<runstate::refusal>(&value)) {
            return command_error{error_class::generic_error, std::move(refused->text)};
        }
        return value;
    }
    return command_error{error_class::generic_error,
                         "Property '" + std::string(object.type_name()) + "." + std::string(property) + "' not found"};
}

} // namespace vigil::qmp_bridge
