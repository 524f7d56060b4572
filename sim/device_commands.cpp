// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/device_commands.h>

#include <optional>
#include <string>
#include <string_view>

#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/sim/options/option_store.h>

namespace vigil::sim {

/// Arguments of device_add, beside the properties of the driver.
struct device_add_arguments {
    std::string driver;
    std::optional<std::string> bus;
    std::optional<std::string> id;
};

/// Arguments of device_del.
struct device_del_arguments {
    std::string id;
};

} // namespace vigil::sim

namespace vigil::qmp_bridge {

template <> struct described<sim::device_add_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"driver", &sim::device_add_arguments::driver},
                                        member{"bus", &sim::device_add_arguments::bus},
                                        member{"id", &sim::device_add_arguments::id}};
};
template <> struct described<sim::device_del_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"id", &sim::device_del_arguments::id}};
};

} // namespace vigil::qmp_bridge

namespace vigil::sim {

namespace {

namespace json = qmp_bridge::json;
using qmp_bridge::refuse;

// A value as QEMU 7.2 takes it: as text, whatever its type; nothing for what has none.
std::optional<std::string> text_of(const json::value& value)
{
    if (value.is_string()) return std::string(qmp_bridge::as_view(value.get_string()));
    if (value.is_bool()) return value.get_bool() ? "on" : "off";
    if (!value.is_number()) return std::nullopt;
    std::string text;
    qmp_bridge::print_json(text, value);
    return text;
}

std::optional<std::string> text_member(const json::object& given, std::string_view key)
{
    const json::value* const value = given.if_contains(key);
    return value != nullptr ? text_of(*value) : std::nullopt;
}

// Everything beside driver, bus and id: properties.
std::optional<runstate::refusal> take_properties(const json::object& given, const device_row& row,
                                                 const qemu_behaviour& behaviour, property_values& values)
{
    for (const auto& member : given) {
        const std::string key(member.key());
        if (key == "driver" || key == "bus" || key == "id") continue;
        const auto property = settable_property(row, key, behaviour);
        if (!property) return property.why();
        const auto text = text_of(member.value());
        if (!text) continue; // QEMU forgets what has no text
        auto value = parse_property(row.name, **property, std::string_view(*text));
        if (!value) return std::move(value).why();
        values.set(key, *std::move(value));
    }
    return std::nullopt;
}

std::optional<runstate::refusal> add(machine& to, const qemu_behaviour& behaviour, const json::object& given)
{
    device_request request;
    const json::value* const id = given.if_contains("id");
    if (id != nullptr && id->is_string()) request.id = text_member(given, "id"); // QEMU overlooks others
    if (request.id && !is_identifier(*request.id)) return refuse("Parameter 'id' expects an identifier");
    const auto driver = text_member(given, "driver");
    if (!driver) return refuse("Parameter 'driver' is missing");
    const device_row* const row = find_device_row(*driver);
    if (row == nullptr) return refuse("'" + *driver + "' is not a valid device model name");
    if (row->make == nullptr || !row->hotpluggable) return refuse("Parameter 'driver' expects a pluggable device type");
    request.driver = row->name;
    request.bus = text_member(given, "bus");
    if (auto refused = to.check_plug(*row, request.id, request.bus)) return refused;
    if (auto refused = take_properties(given, *row, behaviour, request.values)) return refused;
    return to.plug(request);
}

} // namespace

std::vector<qmp_bridge::own_command> device_commands(machine& of, const qemu_behaviour& behaviour)
{
    using qmp_bridge::command_context;
    using qmp_bridge::done_unless;
    // Objects are listed in the order in which they came.
    const auto device_add = [&of, &behaviour](const command_context& c,
                                              const qmp_bridge::unchecked_arguments<device_add_arguments>& arguments) {
        c.monitor.settings().objects->complete();
        return done_unless(add(of, behaviour, arguments.given));
    };
    const auto device_del = [&of](const command_context& c, const device_del_arguments& arguments) {
        c.monitor.settings().objects->complete();
        return done_unless(of.unplug(arguments.id));
    };
    using namespace qmp_bridge::command_trait;
    return {qmp_bridge::own_command("device_add", any_arguments, device_add),
            qmp_bridge::own_command("device_del", 0, device_del)};
}

} // namespace vigil::sim
