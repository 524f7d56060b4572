// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <vigil/qmp-bridge/json/json.h>
#include <vigil/sim/devices.h>
#include <vigil/sim/machine/catalogue.h>
#include <vigil/sim/machine/machine.h>
#include <vigil/sim/options/options.h>

using namespace vigil;
using qmp_bridge::object_property_info;
using qmp_bridge::qom_tree;
using qmp_bridge::qom_type;

namespace {

qom_tree tree()
{
    qom_tree made;
    for (const qom_type& one : sim::known_types()) made.types.add(one);
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
            REQUIRE(parsed);
        }
        const auto most = std::to_string(one.cpu_max);
        const auto too_many = std::to_string(one.cpu_max + 1);
        CHECK(sim::parse_options({"-smp", most}));
        CHECK_FALSE(sim::parse_options({"-smp", too_many}));
        const auto types = known.types.that_implement("machine", false);
        const auto is_its = [&](const qom_type* type) { return type->name == std::string(one.name) + "-machine"; };
        CHECK(std::any_of(types.begin(), types.end(), is_its));
    }
    CHECK(defaults == std::set<std::string>{"pc-i440fx-7.2"});
}

TEST_CASE("catalogue: every device is told, with what it can be given")
{
    const qom_tree tree_of_types = tree();
    const auto names = [](const std::vector<object_property_info>& all) {
        std::set<std::string> found;
        for (const object_property_info& one : all) {
            if (one.type.find("child<") != 0) found.insert(one.name);
        }
        return found;
    };
    for (const sim::device_row& row : sim::device_rows()) {
        CAPTURE(row.name);
        const auto of_bus = tree_of_types.types.that_implement(std::string(sim::parent_type(row.bus)), false);
        CHECK(std::any_of(of_bus.begin(), of_bus.end(), [&](const auto* type) { return type->name == row.name; }));
        const auto found = tree_of_types.types.device_properties(row.name);
        REQUIRE(found);
        const auto told = names(*found);
        for (const sim::device_property* one : sim::settable_properties(row)) {
            CAPTURE(one->name);
            CHECK(told.count(std::string(one->name)) == (one->own ? 0 : 1));
        }
        for (const char* bookkeeping :
             {"type", "parent_bus", "realized", "hotplugged", "hotpluggable", "legacy-addr"}) {
            CHECK(told.count(bookkeeping) == 0);
        }
        // Everything told is known to the options, be it as what cannot be given.
        for (const std::string& name : told) CHECK(sim::find_property(row, name) != nullptr);
    }
}

TEST_CASE("catalogue: a PCI device's own list is QEMU's, defaults and descriptions included")
{
    const qom_tree types = tree();
    std::string text;
    const auto found = types.types.device_properties("pvpanic-pci");
    REQUIRE(found);
    for (const object_property_info& one : *found) {
        text += one.name + ":" + one.type;
        if (one.default_value) qmp_bridge::print_json(text += "=", *one.default_value);
        if (one.description) text += "(" + *one.description + ")";
        text += '\n';
    }
    CHECK(text == "failover_pair_id:str\n"
                  "romfile:str\n"
                  "addr:int32=-1(Slot and optional function number, example: 06.0 or 06)\n"
                  "romsize:uint32=4294967295\n"
                  "x-pcie-lnksta-dllla:bool=true(on/off)\n"
                  "rombar:uint32=1\n"
                  "x-pcie-extcap-init:bool=true(on/off)\n"
                  "acpi-index:uint32=0\n"
                  "multifunction:bool=false(on/off)\n"
                  "events:uint8=3\n");
}

TEST_CASE("catalogue: the PCI devices are those that implement the conventional interface")
{
    const qom_tree types = tree();
    std::set<std::string> found;
    for (const qom_type* one : types.types.that_implement("conventional-pci-device", false)) found.insert(one->name);
    CHECK(found == std::set<std::string>{"ICH9-LPC", "PIIX3", "PIIX4_PM", "i440FX", "i6300esb", "mch", "piix3-ide",
                                         "pvpanic-pci"});
    CHECK(types.types.that_implement("watchdog", true).empty());
}

TEST_CASE("catalogue: every type is made from one that is told before it, down to object or interface")
{
    std::set<std::string_view> before;
    for (const qom_type& one : sim::known_types()) {
        CAPTURE(one.name);
        CHECK((one.parent.empty() ? one.name == "object" || one.name == "interface" : before.count(one.parent) == 1));
        for (const std::string_view interface : one.interfaces) CHECK(before.count(interface) == 1);
        CHECK(before.insert(one.name).second);
    }
}

namespace {

// Every object of a machine is of a concrete type that has, as far as it does not come and go, what the object shows.
void check_objects(const sim::machine_config& config)
{
    sim::machine machine("machine", config);
    REQUIRE_FALSE(machine.error());
    qom_tree objects = tree();
    machine.list_objects(objects);
    const auto concrete = objects.types.that_implement({}, false);
    for (const qom_tree::node* one : objects.nodes()) {
        CAPTURE(one->path());
        CHECK(std::any_of(concrete.begin(), concrete.end(), [&](const auto* type) { return type->name == one->type; }));
        const auto told = objects.types.properties(one->type);
        REQUIRE(told);
        for (const qom_tree::fact& shown : one->facts) {
            CAPTURE(shown.shown.name);
            const auto is_it = [&](const object_property_info& row) {
                return row.name == shown.shown.name && row.type == shown.shown.type;
            };
            const bool place_on_bus = shown.shown.name.find("child[") == 0;
            CHECK((place_on_bus || std::any_of(told->begin(), told->end(), is_it)));
        }
    }
}

} // namespace

TEST_CASE("catalogue: every object of a pc is of a type that is told, with what it has")
{
    sim::machine_config config;
    config.cpus = 2;
    for (const sim::device_row& row : sim::device_rows()) {
        if (row.make != nullptr) config.devices.push_back({std::string(row.name)});
    }
    check_objects(config);
}

TEST_CASE("catalogue: every object of a q35 is of a type that is told, with what it has")
{
    sim::machine_config config;
    config.type = sim::machine_type::q35;
    config.name = "pc-q35-7.2";
    config.devices = {{"i6300esb", "wd"}};
    check_objects(config);
}

TEST_CASE("catalogue: every object of an empty machine is of a type that is told, with what it has")
{
    sim::machine_config config;
    config.type = sim::machine_type::none;
    config.name = "none";
    check_objects(config);
}
