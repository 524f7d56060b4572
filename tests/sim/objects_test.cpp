// SPDX-License-Identifier: Apache-2.0
// The machine's objects, as clients of the program see them.
#include <catch.h>

#include <string>
#include <utility>

#include "simulator.h"

using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::simulator;

namespace {

struct qom_client {
    explicit qom_client(simulator& sim) : client(sim.qmp()) {}
    explicit qom_client(connection its_own) : client(std::move(its_own)) {}

    std::string ask(const std::string& command, const std::string& arguments = "{}")
    {
        client.send("{\"execute\": \"" + command + "\", \"arguments\": " + arguments + "}\n");
        return client.read_line();
    }
    std::string get(const std::string& path, const std::string& property)
    {
        return ask("qom-get", "{\"path\": \"" + path + "\", \"property\": \"" + property + "\"}");
    }
    std::string list(const std::string& path) { return ask("qom-list", "{\"path\": \"" + path + "\"}"); }

    connection client;
};

} // namespace

TEST_CASE("objects: the program's tree has the machine, its devices, its objects and its character devices")
{
    simulator sim({"-device", "pvpanic,id=pp", "-object", "secret,id=s0,data=x", "-chardev", "null,id=idle"});
    qom_client qmp(sim);
    CHECK(qmp.list("/") == "{\"return\": [{\"name\": \"type\", \"type\": \"string\"}, "
                           "{\"name\": \"objects\", \"type\": \"child<container>\"}, "
                           "{\"name\": \"machine\", \"type\": \"child<pc-i440fx-7.2-machine>\"}, "
                           "{\"name\": \"chardevs\", \"type\": \"child<container>\"}]}");
    CHECK(qmp.get("/machine", "type") == "{\"return\": \"pc-i440fx-7.2-machine\"}");
    CHECK(qmp.get("/objects/s0", "type") == "{\"return\": \"secret\"}");
    CHECK(qmp.get("/objects/pc.ram", "type") == "{\"return\": \"memory-backend-ram\"}");
    CHECK(qmp.get("/chardevs/compat_monitor0", "type") == "{\"return\": \"chardev-socket\"}");
    CHECK(qmp.get("/chardevs/qtest", "type") == "{\"return\": \"chardev-socket\"}");
    CHECK(qmp.get("/chardevs/idle", "type") == "{\"return\": \"chardev-null\"}");
    CHECK(qmp.get("/machine/peripheral", "pp") == "{\"return\": \"/machine/peripheral/pp\"}");
    CHECK(qmp.get("/machine/peripheral-anon/device[0]", "realized") == "{\"return\": true}");
    CHECK(contains(qmp.ask("qom-list-types", "{\"implements\": \"conventional-pci-device\"}"), "\"i6300esb\""));
    CHECK(contains(qmp.ask("qom-list-types"), "\"tcg-accel\""));
    CHECK(contains(qmp.ask("qom-list-properties", "{\"typename\": \"i6300esb\"}"), "\"legacy-addr\""));
    CHECK(contains(qmp.ask("device-list-properties", "{\"typename\": \"ICH9-LPC\"}"), "\"noreboot\""));
}

TEST_CASE("objects: a device's id with a slash, as JSON may give it, is one name")
{
    simulator sim({"-device", R"({"driver": "ib700", "id": "a/b"})"});
    qom_client qmp(sim);
    CHECK(contains(qmp.list("/machine/peripheral"), "{\"name\": \"a/b\", \"type\": \"child<ib700>\"}"));
    CHECK(qmp.get("/machine/peripheral", "a/b") == "{\"return\": \"/machine/peripheral/a/b\"}");
    CHECK(contains(qmp.get("/machine/peripheral/a", "type"), "DeviceNotFound"));
}

TEST_CASE("objects: what libvirt asks before it takes a machine for its own is answered")
{
    simulator sim({"-smp", "2"});
    qom_client qmp(sim);
    CHECK(contains(qmp.ask("query-hotpluggable-cpus"), "\"qom-path\": \"/machine/unattached/device[2]\""));
    CHECK(qmp.get("/machine/unattached/device[0]", "unavailable-features") == "{\"return\": []}");
    CHECK(qmp.ask("query-migrate-capabilities") == "{\"return\": [{\"capability\": \"events\", \"state\": false}]}");
    CHECK(qmp.ask("migrate-set-capabilities", "{\"capabilities\": [{\"capability\": \"events\", \"state\": true}]}") ==
          "{\"return\": {}}");
    CHECK_FALSE(contains(qmp.ask("qom-list-properties", "{\"typename\": \"none-machine\"}"), "error"));
}

TEST_CASE("objects: a monitor comes and goes on a character device that nobody speaks on")
{
    const vigil::tests::workspace place;
    const std::string c2 = (place.path / "c2").string();
    simulator sim({"-qemu-version", "11.1", "-S", "-chardev", "socket,id=c2,path=" + c2 + ",server=on,wait=off"});
    qom_client qmp(sim);
    connection early = sim.program.connect(c2);
    const auto add = [&qmp](const std::string& members) { return qmp.ask("object-add", "{" + members + "}"); };
    const auto says = [](const char* text) { return std::string("\"desc\": \"") + text + "\"}}"; };
    const std::string monitor = R"("qom-type": "monitor-qmp", "id": "m2")";
    CHECK(contains(add(monitor + R"(, "chardev": "nope")"), says("chardev \\\"nope\\\" not found")));
    CHECK(contains(add(monitor), says("Parameter 'chardev' is missing")));
    CHECK(contains(add(monitor + R"(, "chardev": "compat_monitor0")"),
                   says("chardev 'compat_monitor0' is already in use")));
    CHECK(contains(add(R"("qom-type": "bogus", "id": "m2")"),
                   says("Parameter 'qom-type' does not accept value 'bogus'")));
    CHECK(contains(qmp.ask("object-del", R"({"id": "m2"})"), says("object 'm2' not found")));

    CHECK(add(monitor + R"(, "chardev": "c2")") == "{\"return\": {}}");
    CHECK(contains(early.read_line(), "\"major\": 11"));
    early.send("{\"execute\": \"qmp_capabilities\"}\n");
    CHECK(early.read_line() == "{\"return\": {}}");
    qom_client late(sim.program.connect(c2));
    CHECK(contains(late.client.read_line(), "\"major\": 11"));
    late.client.send("{\"execute\": \"qmp_capabilities\"}\n");
    CHECK(late.client.read_line() == "{\"return\": {}}");
    CHECK(contains(add(R"("qom-type": "monitor-qmp", "id": "m3", "chardev": "c2")"),
                   says("chardev 'c2' is already in use")));
    CHECK(contains(qmp.list("/objects"), "{\"name\": \"m2\", \"type\": \"child<monitor-qmp>\"}"));
    CHECK(contains(qmp.ask("qom-list-get", R"({"paths": ["/objects/m2"]})"),
                   R"({"name": "chardev", "value": "c2", "type": "string"})"));

    // Both hear of what happens, and neither can take its own monitor away.
    CHECK(contains(late.ask("cont"), "RESUME"));
    CHECK(contains(early.read_line(), "RESUME"));
    CHECK(late.client.read_line() == "{\"return\": {}}");
    CHECK(contains(late.ask("object-del", R"({"id": "m2"})"), says("Cannot delete the current QMP monitor")));
    qmp.client.read_line();
    CHECK(
        contains(qmp.ask("object-del", R"({"id": "compat_monitor0"})"), says("Cannot delete the current QMP monitor")));
    CHECK(qmp.ask("object-del", R"({"id": "m2"})") == "{\"return\": {}}");
    late.client.send("{\"execute\": \"query-status\"}\n"); // nobody answers any more, and the others go on
    CHECK(contains(qmp.ask("query-status"), "running"));
    CHECK(add(monitor + R"(, "chardev": "c2")") == "{\"return\": {}}");
    CHECK(contains(early.read_line(), "\"QMP\""));
}

TEST_CASE("objects: device_add and device_del take and refuse what QEMU's do, in its words")
{
    simulator sim({"-S", "-nodefaults", "-device", "i6300esb,id=cold,addr=4", "-device", "ib700,id=isa", "-device",
                   "pci-bridge,id=br,chassis_nr=1,addr=5", "-global", "pvpanic-pci.events=1"});
    qom_client qmp(sim);
    const std::string done = "{\"return\": {}}";
    const auto refused = [](const std::string& text, const char* name = "GenericError") {
        return std::string("{\"error\": {\"class\": \"") + name + "\", \"desc\": \"" + text + "\"}}";
    };
    const struct {
        const char* arguments;
        std::string answer;
    } added[] = {
        {R"({"driver": "i6300esb", "addr": "6"})", done},
        {R"({"driver": "i6300esb", "id": "a", "addr": "7"})", done},
        {R"({"driver": "i6300esb", "id": "a", "addr": "8"})", refused("Duplicate device ID 'a'")},
        {R"({"driver": "bogus", "id": "b"})", refused("'bogus' is not a valid device model name")},
        {R"({"driver": "i6300esb", "id": "c", "nope": "1"})", refused("Property 'i6300esb.nope' not found")},
        {R"({"id": "d"})", refused("Parameter 'driver' is missing")},
        {R"({"driver": "i6300esb", "id": "e", "bus": "pci.9"})", refused("Bus 'pci.9' not found")},
        {R"({"driver": "i6300esb", "id": "f", "addr": "7"})",
         refused("PCI: slot 7 function 0 not available for i6300esb, in use by i6300esb,id=a")},
        {R"({"driver": "i6300esb", "id": "h", "multifunction": "x"})",
         refused("Parameter 'multifunction' expects 'on' or 'off'")},
        {R"({"driver": "i6300esb", "id": "h2", "multifunction": true, "addr": "9"})", done},
        {R"({"driver": "i6300esb", "id": 5})", done},
        {R"({"driver": 5})", refused("'5' is not a valid device model name")},
        {R"({"driver": "ib700", "id": "i"})", refused("Bus 'isa.0' does not support hotplugging")},
        {R"({"driver": "pvpanic-pci", "id": "k"})", done},
        {R"({"driver": "ICH9-LPC", "id": "l"})", refused("Parameter 'driver' expects a pluggable device type")},
        {R"({"driver": "VGA"})", refused("Parameter 'driver' expects a pluggable device type")},
        {R"({"driver": "i6300esb", "id": "type"})", refused("Duplicate device ID 'type'")},
        {R"({"driver": "i6300esb", "id": "1x"})", refused("Parameter 'id' expects an identifier")},
        {R"({"driver": "i6300esb", "rombar": "x"})", refused("Parameter 'rombar' expects integer")},
        {R"({"driver": "i6300esb", "bus": 3})", refused("Bus '3' not found")},
        {R"({"driver": "i6300esb", "x-intx": true})", refused("x-intx is for the start of the machine")},
    };
    for (const auto& one : added) {
        CAPTURE(one.arguments);
        CHECK(qmp.ask("device_add", one.arguments) == one.answer);
    }
    CHECK(qmp.get("/machine/peripheral/a", "hotplugged") == "{\"return\": true}");
    CHECK(qmp.get("/machine/peripheral/k", "events") == "{\"return\": 1}");
    const auto remove = [&](const char* id) { return qmp.ask("device_del", std::string("{\"id\": \"") + id + "\"}"); };
    CHECK(remove("zz") == refused("Device 'zz' not found", "DeviceNotFound"));
    CHECK(remove("a") == done);
    CHECK(remove("a") == refused("Device a is already in the process of unplug"));
    CHECK(remove("/machine/peripheral/k") == done);
    CHECK(remove("isa") == refused("Bus 'isa.0' does not support hotplugging"));
    CHECK(remove("br") == done); // which never goes
    CHECK(qmp.ask("device_del") == refused("Parameter 'id' is missing"));

    connection qtest = sim.program.connect("qtest");
    qtest.send("outl 0xae08 0x80\n");
    CHECK(qtest.read_line() == "OK");
    const std::string gone = qmp.client.read_line();
    CHECK(contains(
        gone, "\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"a\", \"path\": \"/machine/peripheral/a\"}"));
    CHECK(contains(qmp.ask("system_reset"), "\"event\": \"RESET\""));
    CHECK(qmp.client.read_line() == done);
    CHECK(contains(qmp.client.read_line(), "{\"device\": \"k\", \"path\": \"/machine/peripheral/k\"}"));
    CHECK(contains(qmp.list("/machine/peripheral"), "\"br\""));
    CHECK(qmp.ask("device_add", R"({"driver": "i6300esb", "id": "a", "addr": "7"})") == done);
}
