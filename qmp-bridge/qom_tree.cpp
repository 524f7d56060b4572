// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qom_tree.h>

#include <algorithm>
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

// The name below `parent` that leads to `path`; empty where `path` is not below it.
std::string_view step_below(std::string_view parent, std::string_view path)
{
    if (parent == "/") parent = {};
    if (path.size() <= parent.size() + 1 || path.substr(0, parent.size()) != parent || path[parent.size()] != '/') {
        return {};
    }
    const std::string_view rest = path.substr(parent.size() + 1);
    return rest.substr(0, rest.find('/'));
}

// `value` as the kind of value that the property has now.
std::optional<runstate::property_value> converted(const runstate::property_value& now, const json::value& value)
{
    if (std::holds_alternative<bool>(now) && value.is_bool()) return value.get_bool();
    if (std::holds_alternative<std::string>(now) && value.is_string()) {
        return std::string(value.get_string().data(), value.get_string().size());
    }
    if (std::holds_alternative<std::int64_t>(now) && value.is_int64()) return value.get_int64();
    if (std::holds_alternative<std::uint64_t>(now) && value.is_uint64()) return value.get_uint64();
    if (std::holds_alternative<std::uint64_t>(now) && value.is_int64() && value.get_int64() >= 0) {
        return static_cast<std::uint64_t>(value.get_int64());
    }
    return std::nullopt;
}

command_error not_found(std::string_view path)
{
    return {error_class::device_not_found, "Device '" + std::string(path) + "' not found"};
}

command_error about_property(const inspectable& object, std::string_view property, const char* what)
{
    return {error_class::generic_error,
            "Property '" + std::string(object.type_name()) + "." + std::string(property) + "' " + what};
}

} // namespace

std::vector<const qom_tree::type*> qom_tree::types(std::string_view implements, bool with_abstract) const
{
    std::vector<const type*> all;
    for (const type& one : types_) {
        if (one.abstract && !with_abstract) continue;
        if (implements.empty() || is_a(one, implements)) all.push_back(&one);
    }
    return all;
}

std::variant<const qom_tree::type*, command_error> qom_tree::device_type(std::string_view name) const
{
    const type* found = find_type(name);
    if (found == nullptr) return not_found(name);
    if (found->abstract || !is_a(*found, "device")) {
        return command_error{error_class::generic_error, "Parameter 'typename' expects a non-abstract device type"};
    }
    return found;
}

const qom_tree::type* qom_tree::find_type(std::string_view name) const
{
    const auto is_it = [&](const type& one) { return one.name == name; };
    const auto found = std::find_if(types_.begin(), types_.end(), is_it);
    return found == types_.end() ? nullptr : &*found;
}

bool qom_tree::is_a(const type& one, std::string_view ancestor) const
{
    const type* current = &one;
    for (std::size_t steps = 0; current != nullptr && steps <= types_.size(); ++steps) {
        if (current->name == ancestor) return true;
        current = find_type(current->parent);
    }
    return false;
}

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
    if (found == nullptr) return not_found(path);
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
    return about_property(object, property, "not found");
}

std::variant<std::vector<qom_tree::entry>, command_error> qom_tree::list(std::string_view path) const
{
    std::vector<entry> all{{"type", "string"}};
    for (const node& one : nodes_) {
        const std::string name(step_below(path, one.path));
        const auto same = [&](const entry& e) { return e.name == name; };
        if (name.empty() || std::any_of(all.begin(), all.end(), same)) continue;
        // What the step ends at is the object itself, or a container on the way to it.
        const std::string here = (path == "/" ? std::string() : std::string(path)) + "/" + name;
        const bool is_object = here == one.path;
        all.push_back({name, "child<" + (is_object ? std::string(one.object->type_name()) : "container") + ">"});
    }
    auto found = find(path);
    if (auto* object = std::get_if<inspectable*>(&found)) {
        for (const runstate::property& one : (*object)->properties()) all.push_back({one.name, one.type});
    } else if (all.size() == 1) {
        return std::get<command_error>(std::move(found));
    }
    return all;
}

std::optional<command_error> qom_tree::set(std::string_view path, std::string_view property,
                                           const json::value& value) const
{
    auto found = find(path);
    if (auto* error = std::get_if<command_error>(&found)) return std::move(*error);
    inspectable& object = *std::get<inspectable*>(found);
    if (property == "type") return about_property(object, property, "is not writable");
    for (const runstate::property& one : object.properties()) {
        if (one.name != property) continue;
        if (!one.set) return about_property(object, property, "is not writable");
        const auto fitting = converted(one.get(), value);
        if (!fitting) {
            return command_error{error_class::generic_error,
                                 "Invalid parameter type for '" + std::string(property) + "', expected: " + one.type};
        }
        one.set(*fitting);
        return std::nullopt;
    }
    return about_property(object, property, "not found");
}

} // namespace vigil::qmp_bridge
