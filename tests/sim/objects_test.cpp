// SPDX-License-Identifier: Apache-2.0
// The machine's objects, as clients of the program see them.
#include <catch.h>

#include <string>

#include "simulator.h"

using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::simulator;

namespace {

struct qom_client {
    explicit qom_client(simulator& sim) : client(sim.qmp()) {}

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
