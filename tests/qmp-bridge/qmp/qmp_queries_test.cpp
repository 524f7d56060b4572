// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <string>
#include <string_view>
#include <vector>

#include <vigil/qmp-bridge/qmp/qom_tree.h>

#include "../fake_machine.h"

using namespace vigil;
using namespace vigil::qmp_bridge;

namespace {

std::string query(std::string_view name, std::string_view arguments = "{}")
{
    return R"({"execute": ")" + std::string(name) + R"(", "arguments": )" + std::string(arguments) + "}";
}

qom_tree tree_of_types()
{
    qom_tree tree;
    tree.types.add({"object", "", true, {{{"type", "string"}, true}}});
    tree.types.add({"interface", "", true});
    tree.types.add({"conventional", "interface", true});
    tree.types.add({"container", "object"});
    tree.types.add({"device", "object", true, {{{"realized", "bool"}, true}}});
    tree.types.add({"pci-device", "device", true});
    tree.types.add({"i6300esb",
                    "pci-device",
                    false,
                    {{{"addr", "int32", "Slot and optional function number", json::value(-1)}}, {{"name", "str"}}},
                    {"conventional"}});
    return tree;
}

// Asks a machine with these types.
std::string ask_types(std::string_view name, std::string_view arguments)
{
    const qom_tree tree = tree_of_types();
    fake_machine machine(vocabulary::v7_2, [&](qmp_monitor::options& o) { o.objects = &tree; });
    return ask(*negotiated(machine), query(name, arguments));
}

} // namespace

TEST_CASE("queries: what there is none of is an empty list, or the error that says so")
{
    fake_machine machine;
    const auto client = negotiated(machine);
    for (const std::string_view name : {"query-machines", "query-chardev", "query-iothreads", "query-cpus-fast"}) {
        CAPTURE(name);
        CHECK(ask(*client, query(name)) == lines({R"({"return": []})"}));
    }
    CHECK(ask(*client, query("query-balloon")) ==
          lines({error_text("DeviceNotActive", "No balloon device has been activated")}));
    CHECK(ask(*client, query("balloon", R"({"value": 1})")) ==
          lines({error_text("DeviceNotActive", "No balloon device has been activated")}));
    CHECK(ask(*client, query("query-hotpluggable-cpus")) ==
          lines({error_text("GenericError", "The feature 'query-hotpluggable-cpus' is not enabled")}));
    for (const std::string_view name : {"qom-list-types", "qom-list-properties", "device-list-properties"}) {
        CAPTURE(name);
        CHECK(ask(*client, query(name, name == "qom-list-types" ? "{}" : R"({"typename": "x"})")) ==
              lines({error_text("GenericError", "this feature or command is not currently supported")}));
    }
}

TEST_CASE("queries: what the machine is made of comes from its description")
{
    fake_machine machine(vocabulary::v7_2, [](qmp_monitor::options& o) {
        o.machine.ram_bytes = 5'000'000'000;
        o.machine.machines = {{"pc-i440fx-7.2", "pc", true, 255, true, false, false, "qemu64-x86_64-cpu", "pc.ram"},
                              {"none", std::nullopt, std::nullopt, 1, false, false, false, std::nullopt, "ram"}};
        o.chardevs = [] { return std::vector<chardev_info>{{"mon0", "unix:/tmp/qmp,server=on", true}}; };
    });
    const auto client = negotiated(machine);
    CHECK(ask(*client, query("query-memory-size-summary")) ==
          lines({R"({"return": {"base-memory": 5000000000, "plugged-memory": 0}})"}));
    CHECK(ask(*client, query("query-machines")) ==
          lines({R"({"return": [{"name": "pc-i440fx-7.2", "alias": "pc", "is-default": true, "cpu-max": 255, )"
                 R"("hotpluggable-cpus": true, "numa-mem-supported": false, "deprecated": false, )"
                 R"("default-cpu-type": "qemu64-x86_64-cpu", "default-ram-id": "pc.ram"}, )"
                 R"({"name": "none", "cpu-max": 1, "hotpluggable-cpus": false, "numa-mem-supported": false, )"
                 R"("deprecated": false, "default-ram-id": "ram"}]})"}));
    CHECK(ask(*client, query("query-chardev")) ==
          lines({R"({"return": [{"label": "mon0", "filename": "unix:/tmp/qmp,server=on", "frontend-open": true}]})"}));
}

TEST_CASE("queries: types are listed by what they are made from, abstract ones where they are asked for")
{
    const std::string concrete = R"({"name": "i6300esb", "parent": "pci-device"})";
    CHECK(ask_types("qom-list-types", "{}") ==
          lines({R"({"return": [{"name": "container", "parent": "object"}, )" + concrete + "]}"}));
    CHECK(ask_types("qom-list-types", R"({"implements": "device"})") == lines({R"({"return": [)" + concrete + "]}"}));
    CHECK(ask_types("qom-list-types", R"({"implements": "i6300esb", "abstract": true})") ==
          lines({R"({"return": [)" + concrete + "]}"}));
    CHECK(ask_types("qom-list-types", R"({"implements": "device", "abstract": true})") ==
          lines({R"({"return": [{"name": "device", "abstract": true, "parent": "object"}, )"
                 R"({"name": "pci-device", "abstract": true, "parent": "device"}, )" +
                 concrete + "]}"}));
    CHECK(ask_types("qom-list-types", R"({"implements": "object", "abstract": true})")
              .find(R"({"return": [{"name": "object", "abstract": true}, )") == 0);
    for (const std::string_view none : {"nope", ""}) {
        CHECK(ask_types("qom-list-types", R"({"implements": ")" + std::string(none) + "\"}") ==
              lines({R"({"return": []})"}));
    }
}

TEST_CASE("queries: an interface lists the types that implement it, and belongs to no object")
{
    const std::string concrete = R"({"name": "i6300esb", "parent": "pci-device"})";
    for (const std::string_view name : {"conventional", "interface"}) {
        CAPTURE(name);
        CHECK(ask_types("qom-list-types", R"({"implements": ")" + std::string(name) + "\"}") ==
              lines({R"({"return": [)" + concrete + "]}"}));
        CHECK(ask_types("qom-list-properties", R"({"typename": ")" + std::string(name) + "\"}") ==
              lines({error_text("GenericError", "Parameter 'typename' expects a QOM type")}));
    }
}

TEST_CASE("queries: a type's properties are its ancestors' and its own, without their defaults")
{
    CHECK(ask_types("qom-list-properties", R"({"typename": "i6300esb"})") ==
          lines({R"({"return": [{"name": "type", "type": "string"}, {"name": "realized", "type": "bool"}, )"
                 R"({"name": "addr", "type": "int32", "description": "Slot and optional function number"}, )"
                 R"({"name": "name", "type": "str"}]})"}));
    CHECK(ask_types("qom-list-properties", R"({"typename": "pci-device"})") ==
          lines({R"({"return": [{"name": "type", "type": "string"}, {"name": "realized", "type": "bool"}]})"}));
    CHECK(ask_types("qom-list-properties", R"({"typename": "nope"})") ==
          lines({error_text("DeviceNotFound", "Class 'nope' not found")}));
}

TEST_CASE("queries: the CPUs that are there, the last one first, as those that can be plugged")
{
    qom_tree tree;
    for (const char* name : {"device[0]", "device[2]"}) tree.unattached().add(name, "qemu64-x86_64-cpu");
    fake_machine machine(vocabulary::v7_2, [&](qmp_monitor::options& o) {
        o.objects = &tree;
        o.machine.cpu_paths = {"/machine/unattached/device[0]", "/machine/unattached/device[2]"};
    });
    const auto row = [](int core, const char* path) {
        return R"({"type": "qemu64-x86_64-cpu", "vcpus-count": 1, "props": {"core-id": )" + std::to_string(core) +
               R"(, "thread-id": 0, "socket-id": 0}, "qom-path": "/machine/unattached/)" + path + "\"}";
    };
    CHECK(ask(*negotiated(machine), query("query-hotpluggable-cpus")) ==
          lines({R"({"return": [)" + row(1, "device[2]") + ", " + row(0, "device[0]") + "]}"}));
}

TEST_CASE("queries: migration capabilities are kept as they were set, and the log says what they do not do")
{
    fake_machine machine;
    const auto client = negotiated(machine);
    const auto state = [](const char* word) {
        return lines({R"({"return": [{"capability": "events", "state": )" + std::string(word) + "}]}"});
    };
    const auto set = [&](const char* word) {
        return ask(*client,
                   query("migrate-set-capabilities",
                         R"({"capabilities": [{"capability": "events", "state": )" + std::string(word) + "}]}"));
    };
    CHECK(ask(*client, query("query-migrate-capabilities")) == state("false"));
    CHECK(set("true") == lines({R"({"return": {}})"}));
    CHECK(ask(*client, query("query-migrate-capabilities")) == state("true"));
    REQUIRE(machine.log_lines.size() == 1);
    CHECK(machine.log_lines.front().find("'events'") != std::string::npos);
    CHECK(set("false") == lines({R"({"return": {}})"}));
    CHECK(ask(*client, query("query-migrate-capabilities")) == state("false"));
    CHECK(ask(*client,
              query("migrate-set-capabilities", R"({"capabilities": [{"capability": "bogus", "state": true}]})")) ==
          lines({error_text("GenericError", "Parameter 'capability' does not accept value 'bogus'")}));
}

TEST_CASE("queries: a device type's properties, and what is none")
{
    CHECK(ask_types("device-list-properties", R"({"typename": "i6300esb"})") ==
          lines({R"({"return": [{"name": "addr", "type": "int32", "description": "Slot and optional function number", )"
                 R"("default-value": -1}, {"name": "name", "type": "str"}]})"}));
    CHECK(ask_types("device-list-properties", R"({"typename": "nope"})") ==
          lines({error_text("DeviceNotFound", "Device 'nope' not found")}));
    for (const std::string_view name : {"device", "container", "object"}) {
        CAPTURE(name);
        CHECK(ask_types("device-list-properties", R"({"typename": ")" + std::string(name) + "\"}") ==
              lines({error_text("GenericError", "Parameter 'typename' expects a non-abstract device type")}));
    }
}

TEST_CASE("queries: each client is told apart, with what waits for it and what it missed")
{
    fake_machine machine(vocabulary::v7_2, [](qmp_monitor::options& o) { o.event_queue_bytes = 100; });
    const auto asking = negotiated_oob(machine);
    auto left = machine.monitor().new_session();
    left.reset();
    const auto slow = machine.monitor().new_session(true, "mon1");
    slow->opened();
    ask(*slow, query("qmp_capabilities"));
    const auto greeting = machine.monitor().new_session(false, "mon2");
    // The one that does not read keeps what fits.
    for (const std::string_view name : {"cont", "stop", "cont", "stop"}) ask(*asking, query(name));
    CHECK(machine.monitor().events_dropped() == slow->events_dropped());
    CHECK(slow->events_dropped() > 0);
    const std::string dropped = std::to_string(slow->events_dropped());
    CHECK(ask(*asking, query("x-query-qmp-clients")) ==
          lines({R"({"return": {"clients": [)"
                 R"({"id": 1, "server": "", "pretty": false, "negotiating": false, "oob": true, "queued-bytes": 0, )"
                 R"("events-dropped": 0}, )"
                 R"({"id": 3, "server": "mon1", "pretty": true, "negotiating": false, "oob": false, "queued-bytes": )" +
                 std::to_string(slow->output.size()) + R"(, "events-dropped": )" + dropped +
                 R"(}, {"id": 4, "server": "mon2", "pretty": false, "negotiating": true, "oob": false, )"
                 R"("queued-bytes": 0, "events-dropped": 0}], "events-dropped": )" +
                 dropped + "}}"}));
}

TEST_CASE("queries: from 11.1 on there is a command for the firmware's log, and no log")
{
    fake_machine machine(vocabulary::v11_1);
    const auto client = negotiated(machine);
    CHECK(ask(*client, query("query-firmware-log", R"({"max-size": 5})")) ==
          lines({error_text("GenericError", "firmware log buffer not found")}));
    fake_machine before(vocabulary::v10_0);
    const auto other = negotiated(before);
    CHECK(ask(*other, query("query-firmware-log")) ==
          lines({error_text("CommandNotFound", "The command query-firmware-log has not been found")}));
}
