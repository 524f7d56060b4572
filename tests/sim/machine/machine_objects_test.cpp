// SPDX-License-Identifier: Apache-2.0
// The objects of a machine, as QEMU 7.2 shows them: names, places, properties and values were compared with it.
#include <catch.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <vigil/bus/bus_initiator.h>
#include <vigil/qmp-bridge/json/json.h>
#include <vigil/qmp-bridge/qmp/qom_tree.h>
#include <vigil/qmp-bridge/schema/qapi_schema.h>
#include <vigil/sim/machine/machine.h>

using namespace vigil;
using namespace vigil::sim;
using qmp_bridge::object_property_info;
using qmp_bridge::qom_tree;

namespace {

// A machine with its objects.
struct listed_machine {
    explicit listed_machine(const machine_config& config) : machine("machine", config)
    {
        REQUIRE_FALSE(machine.error());
        machine.list_objects(tree);
    }

    std::string get(const std::string& path, const std::string& property = "type") const
    {
        const auto got = tree.get(path, property);
        if (!got) return got.why().text;
        std::string text;
        qmp_bridge::print(text, *got, qmp_bridge::vocabulary::v7_2);
        return text;
    }

    // Name, type and value of what the object shows, a line each.
    std::string all(const std::string& path) const
    {
        const auto listed = tree.list(path);
        std::string text;
        for (const object_property_info& one : *listed) {
            text += one.name + " " + one.type + " " + get(path, one.name) + "\n";
        }
        return text;
    }

    std::string set(const std::string& path, const std::string& property, const qmp_bridge::json::value& value) const
    {
        const auto error = tree.set(path, property, value);
        return error ? error->text : "done";
    }

    sim::machine machine;
    qom_tree tree;
};

machine_config config_with(const std::vector<device_request>& devices, machine_type type = machine_type::pc)
{
    machine_config config;
    config.type = type;
    config.name = type == machine_type::pc ? "pc-i440fx-7.2" : type == machine_type::q35 ? "pc-q35-7.2" : "none";
    config.default_vga = false;
    config.default_nic = false;
    config.devices = devices;
    return config;
}

// What QEMU shows of a PCI device, down to its own properties.
std::string pci_device(const char* type, const char* bus, bool hotpluggable, int devfn, const char* slot)
{
    return std::string("type string \"") + type + "\"\nparent_bus link<bus> \"" + bus +
           "\"\nrealized bool true\nhotplugged bool false\nhotpluggable bool " + (hotpluggable ? "true" : "false") +
           "\nfailover_pair_id str \"\"\nromfile str \"\"\naddr int32 " + std::to_string(devfn) +
           "\nromsize uint32 4294967295\nx-pcie-lnksta-dllla bool true\nrombar uint32 1\n"
           "x-pcie-extcap-init bool true\nacpi-index uint32 0\nmultifunction bool false\nlegacy-addr str \"" +
           slot + "\"\n";
}

std::string regions(const std::string& path, const std::vector<std::string>& names)
{
    std::string text;
    for (const std::string& name : names) {
        text.append(name).append(" child<memory-region> \"").append(path).append("/").append(name).append("\"\n");
    }
    return text;
}

} // namespace

TEST_CASE("machine objects: a PCI device shows what QEMU's does, in its order, then what the model adds")
{
    const listed_machine m(config_with({{"i6300esb", "wd"}, {"pvpanic-pci", "pp"}}));
    const std::string path = "/machine/peripheral/wd";
    const std::string expected = pci_device("i6300esb", "/machine/i440fx/pci.0", true, 16, "02.0") +
                                 regions(path, {"bus master[0]", "bus master container[0]", "i6300esb[0]"});
    CHECK(m.all("wd").substr(0, expected.size()) == expected);
    CHECK(m.get("wd", "remaining") == "-1");
    CHECK(m.all("pp") ==
          pci_device("pvpanic-pci", "/machine/i440fx/pci.0", true, 24, "03.0") + "events uint8 3\n" +
              regions("/machine/peripheral/pp", {"bus master[0]", "bus master container[0]", "pvpanic[0]"}));
}

TEST_CASE("machine objects: an ISA device shows what QEMU's does")
{
    const listed_machine m(config_with({{"pvpanic"}, {"ib700"}}));
    const std::string first = "/machine/peripheral-anon/device[0]";
    const std::string bus = "parent_bus link<bus> \"/machine/unattached/device[3]/isa.0\"\nrealized bool true\n"
                            "hotplugged bool false\nhotpluggable bool false\n";
    CHECK(m.all(first) ==
          "type string \"pvpanic\"\n" + bus + "ioport uint16 1285\nevents uint8 3\n" + regions(first, {"pvpanic[0]"}));
    const std::string second = "/machine/peripheral-anon/device[1]";
    const std::string expected = "type string \"ib700\"\n" + bus + regions(second, {"ib700[0]"});
    CHECK(m.all(second).substr(0, expected.size()) == expected);
    const std::string io =
        "type string \"memory-region\"\ncontainer link<memory-region> \"/machine/unattached/io[0]\"\n";
    CHECK(m.all(second + "/ib700[0]") == io + "addr uint64 1089\nsize uint64 4\npriority uint32 0\n");
    CHECK(m.all(first + "/pvpanic[0]") == io + "addr uint64 1285\nsize uint64 1\npriority uint32 0\n");
}

TEST_CASE("machine objects: on a q35 nothing can be unplugged, and the bus has another name")
{
    const listed_machine m(config_with({{"i6300esb", "wd"}, {"ib700", "ib"}}, machine_type::q35));
    const std::string expected = pci_device("i6300esb", "/machine/q35/pcie.0", false, 8, "01.0");
    CHECK(m.all("wd").substr(0, expected.size()) == expected);
    CHECK(m.get("ib", "parent_bus") == "\"/machine/unattached/device[2]/isa.0\"");
}

TEST_CASE("machine objects: what a device was made with is what its object shows")
{
    device_request request{"i6300esb", "wd"};
    request.values.set("addr", std::int64_t{41});
    request.values.set("multifunction", true);
    request.values.set("acpi-index", std::uint64_t{7});
    const listed_machine m(config_with({request}));
    CHECK(m.get("wd", "addr") == "41");
    CHECK(m.get("wd", "legacy-addr") == "\"05.1\"");
    CHECK(m.get("wd", "multifunction") == "true");
    CHECK(m.get("wd", "acpi-index") == "7");
}

TEST_CASE("machine objects: the board's devices and the CPUs of a pc stand where QEMU has them")
{
    const listed_machine m(config_with({}));
    CHECK(m.get("/machine") == "\"pc-i440fx-7.2-machine\"");
    CHECK(m.get("/machine/unattached/device[0]") == "\"qemu64-x86_64-cpu\"");
    CHECK(m.get("/machine/unattached/device[2]") == "\"i440FX\"");
    CHECK(m.get("/machine/unattached/device[3]") == "\"PIIX3\"");
    CHECK(m.get("/machine/unattached/device[3]", "multifunction") == "true");
    CHECK(m.get("/machine/unattached/device[13]") == "\"i8042\"");
    CHECK(m.get("/machine/unattached/device[16]") == "\"port92\"");
    CHECK(m.get("/machine/unattached/device[17]") == "\"piix3-ide\"");
    CHECK(m.get("/machine/unattached/device[18]") == "\"PIIX4_PM\"");
    CHECK(m.get("/machine/unattached/device[18]", "legacy-addr") == "\"01.3\"");
    CHECK(m.get("/machine/unattached/device[18]", "s4_val") == "2");
    CHECK(m.get("pci.0", "child[3]") == "\"/machine/unattached/device[18]\"");
    CHECK(m.get("/objects/pc.ram", "size") == "134217728");
    CHECK(m.get("/machine", "memory-backend") == "\"/objects/pc.ram\"");
}

TEST_CASE("machine objects: without a keyboard controller and ACPI their devices are not there, nor counted")
{
    machine_config config = config_with({{"i6300esb", "wd"}, {"ib700", "ib"}});
    config.i8042 = false;
    config.acpi = false;
    const listed_machine m(config);
    CHECK(m.get("/machine/unattached/device[13]") == "\"piix3-ide\"");
    CHECK(m.get("/machine/unattached/device[14]") == "Device '/machine/unattached/device[14]' not found");
    CHECK(m.get("pci.0", "child[3]") == "\"/machine/peripheral/wd\"");
    CHECK(m.get("isa.0", "child[8]") == "\"/machine/peripheral/ib\"");
}

TEST_CASE("machine objects: the machine is of its version's type, and its power block has what it was given")
{
    machine_config config = config_with({});
    config.name = "pc-i440fx-2.0";
    config.power_management.set("s4_val", std::uint64_t{5});
    const listed_machine m(config);
    CHECK(m.get("/machine") == "\"pc-i440fx-2.0-machine\"");
    CHECK(m.get("/machine/unattached/device[18]", "s4_val") == "5");
    CHECK(m.get("/machine/unattached/device[18]", "smm-compat") == "true");
}

TEST_CASE("machine objects: a further CPU comes before the board's devices")
{
    machine_config config = config_with({{"ib700", "ib"}});
    config.cpus = 2;
    const listed_machine m(config);
    CHECK(m.machine.cpu_paths() ==
          std::vector<std::string>{"/machine/unattached/device[0]", "/machine/unattached/device[2]"});
    CHECK(m.get("/machine/unattached/device[2]", "core-id") == "1");
    CHECK(m.get("/machine/unattached/device[2]", "unavailable-features") == "[]");
    CHECK(m.get("/machine/unattached/device[4]") == "\"PIIX3\"");
    CHECK(m.get("/machine/unattached/device[19]") == "\"PIIX4_PM\"");
    CHECK(m.get("ib", "parent_bus") == "\"/machine/unattached/device[4]/isa.0\"");
}

TEST_CASE("machine objects: the board's devices of a q35 stand where QEMU has them")
{
    const listed_machine m(config_with({}, machine_type::q35));
    CHECK(m.get("/machine") == "\"pc-q35-7.2-machine\"");
    CHECK(m.get("/machine/unattached/device[2]") == "\"ICH9-LPC\"");
    CHECK(m.get("/machine/unattached/device[2]", "addr") == "248");
    CHECK(m.get("/machine/unattached/device[11]") == "\"i8042\"");
    CHECK(m.get("/machine/unattached/device[14]") == "\"port92\"");
    CHECK(m.get("/machine/q35/mch", "legacy-addr") == "\"00.0\"");
}

TEST_CASE("machine objects: an empty machine has its RAM and its containers")
{
    const listed_machine m(config_with({}, machine_type::none));
    CHECK(m.get("/machine") == "\"none-machine\"");
    CHECK(m.get("/machine/peripheral") == "\"container\"");
    CHECK(m.get("/objects/ram") == "\"memory-backend-ram\"");
}

TEST_CASE("machine objects: what a device was made with cannot be set, whatever the value, nor can it be unplugged")
{
    const listed_machine m(config_with({{"pvpanic", "pp"}, {"i6300esb"}}));
    const std::string named = "Attempt to set property 'events' on device 'pp' (type 'pvpanic') after it was realized";
    CHECK(m.set("pp", "events", 1) == named);
    CHECK(m.set("pp", "events", "x") == named);
    CHECK(m.set("/machine/peripheral-anon/device[0]", "romfile", "x") ==
          "Attempt to set property 'romfile' on anonymous device (type 'i6300esb') after it was realized");
    CHECK(m.set("pp", "type", "x") == "Property 'pvpanic.type' is not writable");
    CHECK(m.set("pp", "hotplugged", true) == "Property 'pvpanic.hotplugged' is not writable");
    CHECK(m.set("/machine/peripheral-anon/device[0]", "legacy-addr", "x") ==
          "Property 'i6300esb.legacy-addr' is not writable");
    CHECK(m.set("pp", "realized", 1) == "Invalid parameter type for 'realized', expected: boolean");
    CHECK(m.set("pp", "realized", true) == "done");
    CHECK(m.set("pp", "realized", false) == "Device 'pvpanic' cannot be unplugged");
}

TEST_CASE("machine objects: a BAR's memory region is where the guest has put it")
{
    listed_machine m(config_with({{"i6300esb", "wd"}}));
    bus::bus_initiator io("io", bus::initiator_kind::test);
    io.socket.bind(m.machine.io_ports());
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    const std::string region = "/machine/peripheral/wd/i6300esb[0]";
    CHECK(m.get(region, "addr") == "0");
    CHECK(m.get(region, "container") == "\"\"");
    const auto config_write = [&](std::uint32_t offset, std::uint32_t value) {
        io.write_value(0xCF8, 4, 0x8000'1000 + offset);
        io.write_value(0xCFC, 4, value);
    };
    config_write(0x10, 0xE000'0000);
    config_write(0x04, 2);
    CHECK(m.get(region, "addr") == "3758096384");
    CHECK(m.get(region, "container") == "\"/machine/unattached/pci[0]\"");
    CHECK(m.get(region, "size") == "16");
}
