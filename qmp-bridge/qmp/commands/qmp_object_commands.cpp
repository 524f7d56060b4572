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

result<std::vector<object_properties_values>> qom_list_get(const command_context& c,
                                                           const qom_list_get_arguments& arguments)
{
    using returned = std::vector<object_properties_values>;
    return ask_objects<returned>(c, [&](const qom_tree& objects) -> result<returned> {
        returned all;
        for (const std::string& path : arguments.paths) {
            auto listed = objects.list(path);
            if (!listed) return std::move(listed).why();
            object_properties_values& one = all.emplace_back();
            for (const object_property_info& info : *listed) {
                auto value = objects.get(path, info.name);
                const bool has_one = value && !std::holds_alternative<runstate::refusal>(*value);
                one.properties.push_back({info.name, info.type, std::nullopt});
                if (has_one) one.properties.back().value = *std::move(value);
            }
        }
        return all;
    });
}

result<empty_object> object_add(const command_context& c, const object_options& arguments)
{
    const auto* const options = std::get_if<monitor_qmp_options>(&arguments.type);
    if (options == nullptr) return refusal{"a human monitor is not supported; use monitor-qmp"};
    if (options->close_action == monitor_close_action::remove) {
        return refusal{"'close-action=delete' is not supported; use none"};
    }
    const auto& add = c.monitor.settings().add_monitor;
    if (!add) return not_supported();
    return done_unless(add(arguments.id, *options));
}

result<empty_object> object_del(const command_context& c, const object_id_argument& arguments)
{
    const auto& remove = c.monitor.settings().remove_monitor;
    if (!remove) return not_supported();
    return done_unless(remove(arguments.id, c.session));
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
