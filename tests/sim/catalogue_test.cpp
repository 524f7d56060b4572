// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include <vigil/sim/catalogue.h>
#include <vigil/sim/machine.h>
#include <vigil/sim/options.h>

using namespace vigil;
using qmp_bridge::qom_tree;

namespace {

qom_tree tree()
{
    qom_tree made;
    for (const qom_tree::type& one : sim::known_types()) made.add_type(one);
    return made;
}

} // namespace

TEST_CASE("catalogue: every machine that is told can be asked for, by its name and its other name")
{
    const qom_tree known = tree();
    std::set<std::string> defaults;
    for (const qmp_bridge::machine_info& one : sim::known_machines()) {
        CAPTURE(one.name);
        if (one.is_default) defaults.insert(std::string(one.name));
        for (const std::string_view name : {one.name, one.alias.value_or(one.name)}) {
            const auto parsed = sim::parse_options({"-machine", std::string(name)});
            REQUIRE(std::holds_alternative<sim::sim_options>(parsed));
        }
        const auto most = std::to_string(one.cpu_max);
        const auto too_many = std::to_string(one.cpu_max + 1);
        CHECK(std::holds_alternative<sim::sim_options>(sim::parse_options({"-smp", most})));
        CHECK_FALSE(std::holds_alternative<sim::sim_options>(sim::parse_options({"-smp", too_many})));
        const auto types = known.types("machine", false);
        const auto is_its = [&](const qom_tree::type* type) {
            return type->name == std::string(one.name) + "-machine";
        };
        CHECK(std::any_of(types.begin(), types.end(), is_its));
    }
    CHECK(defaults == std::set<std::string>{"pc-i440fx-7.2"});
}

TEST_CASE("catalogue: every device is told, with what it can be given, and no other")
{
    const qom_tree types = tree();
    std::set<std::string_view> told;
    for (const std::string_view bus : {"pci-device", "isa-device"}) {
        for (const qom_tree::type* one : types.types(bus, false)) told.insert(one->name);
    }
    for (const sim::device_row& row : sim::device_rows()) {
        CAPTURE(row.name);
        CHECK(told.erase(row.name) == 1);
        const auto found = types.device_type(row.name);
        REQUIRE(std::holds_alternative<const qom_tree::type*>(found));
        const qom_tree::type& type = *std::get<const qom_tree::type*>(found);
        CHECK(type.parent == sim::parent_type(row.bus));
        std::set<std::string_view> expected;
        for (const sim::device_property* property : sim::settable_properties(row)) expected.insert(property->name);
        std::set<std::string_view> properties;
        for (const qmp_bridge::device_property_info& property : type.properties) properties.insert(property.name);
        CHECK(properties == expected);
    }
    CHECK(told.empty());
}

TEST_CASE("catalogue: every type is made from one that is told before it, down to object")
{
    std::set<std::string_view> before;
    for (const qom_tree::type& one : sim::known_types()) {
        CAPTURE(one.name);
        CHECK((one.parent.empty() ? one.name == "object" : before.count(one.parent) == 1));
        CHECK(before.insert(one.name).second);
    }
}

TEST_CASE("catalogue: every object of a machine is of a type that is told")
{
    sim::machine_config config;
    config.cpus = 2;
    for (const sim::device_row& row : sim::device_rows()) {
        if (row.make != nullptr) config.devices.push_back({std::string(row.name)});
    }
    sim::machine machine("machine", config);
    REQUIRE_FALSE(machine.error());
    qom_tree types = tree();
    machine.list_objects(types);
    CHECK(types.nodes().size() == config.devices.size() + config.cpus);
    const auto concrete = types.types({}, false);
    for (const qom_tree::node& one : types.nodes()) {
        CAPTURE(one.path);
        const auto is_it = [&](const qom_tree::type* type) { return type->name == one.object->type_name(); };
        CHECK(std::any_of(concrete.begin(), concrete.end(), is_it));
    }
}
