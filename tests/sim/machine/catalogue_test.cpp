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

qom_tree tree(sim::qemu_version version = sim::qemu_version::v7_2)
{
    qom_tree made;
    for (const qom_type& one : sim::known_types(version)) made.types.add(one);
    return made;
}

constexpr sim::qemu_version k_versions[] = {sim::qemu_version::v7_2, sim::qemu_version::v10_0,
                                            sim::qemu_version::v11_1};

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

namespace {

void check_devices_are_told(sim::qemu_version version)
{
    const qom_tree tree_of_types = tree(version);
    const sim::qemu_behaviour behaviour = sim::behaviour_of(version);
    const auto names = [](const std::vector<object_property_info>& all) {
        std::set<std::string> found;
        for (const object_property_info& one : all) {
            if (one.type.find("child<") != 0) found.insert(one.name);
        }
        return found;
    };
    for (const sim::device_row* each : sim::device_rows()) {
        const sim::device_row& row = *each;
        CAPTURE(row.name);
        const auto of_bus = tree_of_types.types.that_implement(std::string(sim::parent_type(row.bus)), false);
        CHECK(std::any_of(of_bus.begin(), of_bus.end(), [&](const auto* type) { return type->name == row.name; }));
        const auto found = tree_of_types.types.device_properties(row.name);
        REQUIRE(found);
        const auto told = names(*found);
        for (const sim::device_property* one : sim::settable_properties(row, behaviour)) {
            CAPTURE(one->name);
            CHECK(told.count(std::string(one->name)) == (one->own ? 0 : 1));
        }
        for (const char* bookkeeping :
             {"type", "parent_bus", "realized", "hotplugged", "hotpluggable", "legacy-addr"}) {
            CHECK(told.count(bookkeeping) == 0);
        }
        // Everything told is known to the options, be it as what cannot be given.
        for (const std::string& name : told) CHECK(sim::find_property(row, name, behaviour) != nullptr);
    }
}

// NAME:TYPE=DEFAULT(DESCRIPTION) for each, a line each.
std::string listed(const std::vector<object_property_info>& properties)
{
    std::string text;
    for (const object_property_info& one : properties) {
        text += one.name + ":" + one.type;
        if (one.default_value) qmp_bridge::print_json(text += "=", *one.default_value);
        if (one.description) text += "(" + *one.description + ")";
        text += '\n';
    }
    return text;
}

} // namespace

TEST_CASE("catalogue: every device is told in each version, with what it can be given")
{
    for (const sim::qemu_version version : k_versions) check_devices_are_told(version);
}

TEST_CASE("catalogue: a PCI device's own list is QEMU's, defaults and descriptions included")
{
    const auto found = tree().types.device_properties("pvpanic-pci");
    REQUIRE(found);
    CHECK(listed(*found) == "failover_pair_id:str\n"
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

TEST_CASE("catalogue: from 11.1 on a PCI device's list is another, and tells defaults of types, too")
{
    const char* const list =
        "busnr:busnr\n"
        "failover_pair_id:str\n"
        "x-pcie-ext-tag:bool=true(on/off)\n"
        "addr:str=-1(Slot and optional function number, example: 06.0 or 06)\n"
        "romsize:uint32=4294967295\n"
        "x-pcie-lnksta-dllla:bool=true(on/off)\n"
        "rombar:int32=-1\n"
        "x-max-bounce-buffer-size:size=4096(Maximum buffer size allocated for bounce buffers used for mapped access to "
        "indirect DMA memory)\n"
        "x-pcie-ari-nextfn-1:bool=false(on/off)\n"
        "x-pcie-err-unc-mask:bool=true(on/off)\n"
        "sriov-pf:str\n"
        "acpi-index:uint32=0\n"
        "multifunction:bool=false(on/off)\n"
        "romfile:str\n";
    qom_tree types = tree(sim::qemu_version::v11_1);
    CHECK(listed(*types.types.device_properties("pvpanic-pci")) == list + std::string("events:uint8=7\n"));
    const std::string without = listed(*types.types.properties("pci-device"));
    CHECK(without.find("rombar:int32\n") != std::string::npos);
    types.types.tell_defaults_of_all(true);
    const std::string with = listed(*types.types.properties("pci-device"));
    CHECK(with.find(list) != std::string::npos);
}

TEST_CASE("catalogue: what a PCI device is made with depends on the version of its machine")
{
    const sim::qemu_behaviour now = sim::behaviour_of(sim::qemu_version::v11_1);
    const sim::device_row& row = *sim::find_device_row("i6300esb");
    struct expected {
        const char* machine;
        bool ext_tag;
        bool ari_nextfn_1;
        bool err_unc_mask;
    };
    for (const expected& one :
         {expected{"pc-q35-11.1", true, false, true}, expected{"pc-q35-9.2", true, false, true},
          expected{"pc-q35-9.1", false, false, true}, expected{"pc-q35-8.1", false, false, true},
          expected{"pc-q35-8.0", false, true, true}, expected{"pc-q35-7.2", false, true, false}}) {
        CAPTURE(one.machine);
        const sim::property_values values = sim::default_values(row, now, one.machine);
        CHECK(values.flag("x-pcie-ext-tag") == one.ext_tag);
        CHECK(values.flag("x-pcie-ari-nextfn-1") == one.ari_nextfn_1);
        CHECK(values.flag("x-pcie-err-unc-mask") == one.err_unc_mask);
    }
}

TEST_CASE("catalogue: the PCI devices are those that implement the conventional interface")
{
    const qom_tree types = tree();
    std::set<std::string> found;
    for (const qom_type* one : types.types.that_implement("conventional-pci-device", false)) {
        const sim::device_row* row = sim::find_device_row(one->name);
        if (row == nullptr || !row->is_inert) found.insert(one->name);
    }
    CHECK(found == std::set<std::string>{"ICH9-LPC", "PIIX3", "PIIX4_PM", "i440FX", "i6300esb", "mch", "piix3-ide",
                                         "pvpanic-pci"});
    std::set<std::string> express;
    for (const qom_type* one : types.types.that_implement("pci-express-device", false)) express.insert(one->name);
    CHECK(express.count("pcie-root-port") == 1);
    CHECK(express.count("virtio-net-pci") == 1);
    CHECK(express.count("i6300esb") == 0);
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
    for (const sim::device_row* each : sim::device_rows()) {
        const sim::device_row& row = *each;
        if (row.make != nullptr && !row.is_inert) config.devices.push_back({std::string(row.name)});
    }
    check_objects(config);
}

TEST_CASE("catalogue: every object of a q35 is of a type that is told, with what it has")
{
    sim::machine_config config;
    config.type = sim::machine_type::q35;
    config.name = "pc-q35-7.2";
    config.devices = {
        {"i6300esb", "wd"},           {"pcie-root-port", "pci.1"},   {"pcie-pci-bridge", "pci.2", "pci.1"},
        {"i6300esb", "wd2", "pci.2"}, {"qemu-xhci", "usb", "pci.1"}, {"usb-tablet", {}, "usb.0"}};
    config.devices[4].values.set("addr", std::int64_t{1 << 3});
    check_objects(config);
}

TEST_CASE("catalogue: every object of an empty machine is of a type that is told, with what it has")
{
    sim::machine_config config;
    config.type = sim::machine_type::none;
    config.name = "none";
    check_objects(config);
}
