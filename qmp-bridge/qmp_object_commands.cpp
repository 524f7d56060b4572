// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp_handlers.h>

#include <utility>

#include <vigil/qmp-bridge/qmp_monitor.h>
#include <vigil/qmp-bridge/qom_tree.h>

namespace vigil::qmp_bridge::handlers {

result<runstate::property_value> qom_get(const command_context& c, const qom_get_arguments& arguments)
{
    if (c.monitor.settings().objects == nullptr) return not_supported();
    auto got = c.monitor.settings().objects->get(arguments.path, arguments.property);
    if (auto* error = std::get_if<command_error>(&got)) return std::move(*error);
    return std::get<runstate::property_value>(std::move(got));
}

result<std::vector<object_property_info>> qom_list(const command_context& c, const qom_list_arguments& arguments)
{
    if (c.monitor.settings().objects == nullptr) return not_supported();
    auto listed = c.monitor.settings().objects->list(arguments.path);
    if (auto* error = std::get_if<command_error>(&listed)) return std::move(*error);
    std::vector<object_property_info> all;
    for (qom_tree::entry& one : std::get<std::vector<qom_tree::entry>>(listed)) {
        all.push_back({std::move(one.name), std::move(one.type)});
    }
    return all;
}

result<empty_object> qom_set(const command_context& c, const qom_set_arguments& arguments)
{
    if (c.monitor.settings().objects == nullptr) return not_supported();
    if (auto error = c.monitor.settings().objects->set(arguments.path, arguments.property, arguments.value)) {
        return std::move(*error);
    }
    return empty_object{};
}

result<std::vector<object_type_info>> qom_list_types(const command_context& c,
                                                     const qom_list_types_arguments& arguments)
{
    if (c.monitor.settings().objects == nullptr) return not_supported();
    std::vector<object_type_info> all;
    const std::string implements = arguments.implements.value_or("object");
    for (const qom_tree::type* one :
         c.monitor.settings().objects->types(implements, arguments.abstract.value_or(false))) {
        object_type_info info{one->name, std::nullopt, std::nullopt};
        if (one->abstract) info.abstract = true;
        if (!one->parent.empty()) info.parent = one->parent;
        all.push_back(info);
    }
    return all;
}

result<std::vector<device_property_info>> device_list_properties(const command_context& c,
                                                                 const typename_argument& arguments)
{
    if (c.monitor.settings().objects == nullptr) return not_supported();
    auto found = c.monitor.settings().objects->device_type(arguments.type_name);
    if (auto* error = std::get_if<command_error>(&found)) return std::move(*error);
    return std::get<const qom_tree::type*>(found)->properties;
}

} // namespace vigil::qmp_bridge::handlers
