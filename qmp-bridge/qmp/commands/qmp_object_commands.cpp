// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/commands/detail/qmp_handlers.h>

#include <utility>

#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp/qom_tree.h>

namespace vigil::qmp_bridge::handlers {

namespace {

// What `ask` says of the machine's objects.
template <class Returned, class Ask> result<Returned> ask_objects(const command_context& c, Ask ask)
{
    const qom_tree* objects = c.monitor.settings().objects;
    if (objects == nullptr) return not_supported();
    return ask(*objects);
}

} // namespace

result<runstate::property_value> qom_get(const command_context& c, const qom_get_arguments& arguments)
{
    return ask_objects<runstate::property_value>(
        c, [&](const qom_tree& objects) { return objects.get(arguments.path, arguments.property); });
}

result<std::vector<object_property_info>> qom_list(const command_context& c, const qom_list_arguments& arguments)
{
    return ask_objects<std::vector<object_property_info>>(
        c, [&](const qom_tree& objects) { return objects.list(arguments.path); });
}

result<empty_object> qom_set(const command_context& c, const qom_set_arguments& arguments)
{
    return ask_objects<empty_object>(c, [&](const qom_tree& objects) {
        return done_unless(objects.set(arguments.path, arguments.property, arguments.value));
    });
}

result<std::vector<object_type_info>> qom_list_types(const command_context& c,
                                                     const qom_list_types_arguments& arguments)
{
    return ask_objects<std::vector<object_type_info>>(c, [&](const qom_tree& objects) {
        std::vector<object_type_info> all;
        const auto add = [&](const qom_type& one) {
            object_type_info info{one.name, std::nullopt, std::nullopt};
            if (one.abstract) info.abstract = true;
            if (!one.parent.empty()) info.parent = one.parent;
            all.push_back(info);
        };
        const bool with_abstract = arguments.abstract.value_or(false);
        for (const qom_type* one : objects.types.that_implement(arguments.implements, with_abstract)) add(*one);
        return all;
    });
}

result<std::vector<object_property_info>> qom_list_properties(const command_context& c,
                                                              const typename_argument& arguments)
{
    return ask_objects<std::vector<object_property_info>>(
        c, [&](const qom_tree& objects) { return objects.types.properties(arguments.type_name); });
}

result<std::vector<object_property_info>> device_list_properties(const command_context& c,
                                                                 const typename_argument& arguments)
{
    return ask_objects<std::vector<object_property_info>>(
        c, [&](const qom_tree& objects) { return objects.types.device_properties(arguments.type_name); });
}

} // namespace vigil::qmp_bridge::handlers
