// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <vigil/qmp-bridge/qmp/qom_tree.h>
#include <vigil/sim/machine/machine.h>

#include "guest.h"

using namespace vigil;
using sim::device_request;

namespace {

/// A machine whose objects are listed, a CPU's way to its ports, and what it tells of devices that have gone.
struct hotplug_machine : runstate::run_listener {
    explicit hotplug_machine(const sim::machine_config& config) : machine("machine", config)
    {
        REQUIRE_FALSE(machine.error());
        machine.list_objects(tree);
        machine.controller.add_listener(*this);
        machine.devices_gone = [this] { ++calls; };
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
    }

    void on_event(const runstate::event& e) override
    {
        if (const auto* gone = std::get_if<runstate::device_deleted_event>(&e)) {
            told.push_back(gone->device.value_or("-") + " " + gone->path);
        }
    }
    std::vector<std::string> take_told()
    {
        machine.tell_of_gone();
        return std::exchange(told, {});
    }
    std::string plug(const char* driver, std::optional<std::string> id, int devfn = -1, const char* bus = nullptr)
    {
        device_request request{driver, std::move(id)};
        if (bus != nullptr) request.bus = bus;
        if (devfn >= 0) request.values.set("addr", std::int64_t{devfn});
        const auto refused = machine.plug(request);
        return refused ? refused->text : "";
    }
    std::string unplug(const char* name)
    {
        const auto refused = machine.unplug(name);
        return refused ? refused->text : "";
    }
    std::uint64_t config(unsigned bus, unsigned slot, unsigned reg) { return guest.config(bus, slot, reg); }
    void set(unsigned bus, unsigned slot, unsigned reg, std::uint64_t value, unsigned width = 4)
    {
        guest.set(bus, slot, reg, value, width);
    }
    std::vector<std::string> names(const qmp_bridge::qom_tree::node& of) const
    {
        std::vector<std::string> all;
        for (const auto& one : of.children()) all.push_back(one->name());
        return all;
    }

    qmp_bridge::qom_tree tree;
    sim::machine machine;
    vigil::tests::guest guest{machine};
    bus::bus_initiator& io = guest.io;
    bus::bus_initiator& mem = guest.mem;
    std::vector<std::string> told;
    int calls = 0;
};

sim::machine_config pc(std::vector<device_request> devices = {})
{
    return vigil::tests::machine_with(sim::machine_type::pc, std::move(devices));
}

sim::machine_config q35(std::vector<device_request> devices)
{
    return vigil::tests::machine_with(sim::machine_type::q35, std::move(devices));
}

constexpr unsigned k_inserted = 0xAE00;
constexpr unsigned k_asked_back = 0xAE04;
constexpr unsigned k_eject = 0xAE08;

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("hotplug: a watchdog comes, barks, and goes when the guest ejects it")
{
    hotplug_machine m(pc());
    CHECK(m.io.read_value(0xAE0C, 4) == 0xFFFFFFFC);
    CHECK(m.plug("i6300esb", "w", 7 * 8).empty());
    CHECK(m.io.read_value(k_inserted, 4) == 0x80);
    CHECK(m.io.read_value(0xAFE0, 2) == 2);
    CHECK(m.config(0, 7, 0) == 0x25AB8086);
    CHECK(m.names(m.tree.peripheral()) == texts{"w"});
    CHECK(std::get<bool>(*m.tree.get("w", "hotplugged")));

    m.guest.arm_i6300esb(0, 7);
    CHECK(vigil::tests::barks(m.machine));

    CHECK(m.unplug("w").empty());
    CHECK(m.unplug("w") == "Device w is already in the process of unplug");
    CHECK(m.io.read_value(k_asked_back, 4) == 0x80);
    CHECK(m.calls == 0);
    m.io.write_value(k_eject, 4, 0x80);
    CHECK(m.calls == 1);
    CHECK(m.config(0, 7, 0) == 0xFFFFFFFF);
    CHECK(m.names(m.tree.peripheral()).empty());
    CHECK(m.take_told() == texts{"w /machine/peripheral/w"});
    CHECK(m.take_told().empty());
    CHECK(m.io.read_value(k_asked_back, 4) == 0);
}

TEST_CASE("hotplug: what was asked back goes with a reset, lowest slot first, and what was not stays")
{
    hotplug_machine m(pc({{"i6300esb", "cold", {}, {}, {}}, {"i6300esb", "kept", {}, {}, {}}}));
    CHECK(m.plug("pvpanic-pci", std::nullopt, 9 * 8).empty());
    CHECK(m.plug("i6300esb", "a", 7 * 8).empty());
    CHECK(m.unplug("/machine/peripheral-anon/device[0]").empty());
    CHECK(m.unplug("a").empty());
    CHECK(m.unplug("/machine/peripheral/cold").empty());
    m.machine.controller.control().system_reset();
    sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_NS));
    CHECK(m.take_told() ==
          texts{"cold /machine/peripheral/cold", "a /machine/peripheral/a", "- /machine/peripheral-anon/device[0]"});
    CHECK(m.names(m.tree.peripheral()) == texts{"kept"});
    CHECK(m.config(0, 2, 0) == 0xFFFFFFFF);
    CHECK(m.config(0, 3, 0) == 0x25AB8086);
    CHECK(m.io.read_value(k_asked_back, 4) == 0);
}

TEST_CASE("hotplug: a device that comes again is as new, with what it is given then")
{
    hotplug_machine m(pc());
    for (int i = 0; i < 20; ++i) {
        CAPTURE(i);
        device_request request{"pvpanic-pci", "p"};
        request.values.set("events", static_cast<std::uint64_t>(i % 4));
        request.values.set("addr", std::int64_t{(4 + i) * 8});
        REQUIRE_FALSE(m.machine.plug(request));
        const auto slot = static_cast<unsigned>(4 + i);
        CHECK(m.config(0, slot, 0x10) == 0);
        m.set(0, slot, 0x10, 0xFE000000);
        m.set(0, slot, 0x04, 2, 2);
        CHECK(m.mem.read_value(0xFE000000, 1) == static_cast<std::uint64_t>(i % 4));
        CHECK(m.unplug("p").empty());
        m.io.write_value(k_eject, 4, std::uint64_t{1} << slot);
        CHECK(m.mem.read_value(0xFE000000, 1) == 0);
    }
    CHECK(m.take_told().size() == 20);
}

TEST_CASE("hotplug: there are so many of a kind, and a further one is refused in words")
{
    hotplug_machine m(pc());
    for (int i = 0; i < 4; ++i) CHECK(m.plug("i6300esb", "w" + std::to_string(i)).empty());
    CHECK(m.plug("i6300esb", "more") ==
          "No more than 4 i6300esb can be added while the machine runs; give further ones at its start");
    CHECK(m.plug("pvpanic-pci", "p").empty());
}

TEST_CASE("hotplug: what cannot come is refused in QEMU's words, and changes nothing")
{
    hotplug_machine m(pc({{"i6300esb", "cold", {}, {}, {}}, {"ib700", "isa", {}, {}, {}}}));
    CHECK(m.plug("i6300esb", "cold") == "Duplicate device ID 'cold'");
    CHECK(m.plug("i6300esb", "a", -1, "pci.9") == "Bus 'pci.9' not found");
    CHECK(m.plug("i6300esb", "a", -1, "isa.0") == "Device 'i6300esb' can't go on ISA bus");
    CHECK(m.plug("ib700", "a") == "Bus 'isa.0' does not support hotplugging");
    CHECK(m.plug("i6300esb", "a", 2 * 8) ==
          "PCI: slot 2 function 0 not available for i6300esb, in use by i6300esb,id=cold");
    CHECK(m.plug("i6300esb", "a", 2 * 8 + 1) ==
          "PCI: slot 2 function 0 already occupied by i6300esb, new func i6300esb cannot be exposed to guest.");
    CHECK(m.unplug("isa") == "Bus 'isa.0' does not support hotplugging");
    CHECK(m.unplug("nobody") == "Device 'nobody' not found");
    CHECK(m.io.read_value(k_inserted, 4) == 0);
    CHECK(m.names(m.tree.peripheral()) == texts{"cold", "isa"});
}

TEST_CASE("hotplug: without ACPI nothing tells the guest, and no bus takes devices")
{
    sim::machine_config config = pc();
    config.acpi = false;
    hotplug_machine m(config);
    CHECK(m.plug("i6300esb", "a") == "Bus 'pci.0' does not support hotplugging");
    CHECK(m.io.read_value(k_inserted, 4) == 0xFFFFFFFF);
}

TEST_CASE("hotplug: on a q35 the ports and bridges take devices, numbered as QEMU does, and the root bus none")
{
    device_request r1{"pcie-root-port", "r1"};
    device_request r2{"pcie-root-port", "r2"};
    device_request r3{"pcie-root-port", "r3"};
    r2.values.set("chassis", std::uint64_t{2});
    r3.values.set("chassis", std::uint64_t{3});
    r3.values.set("hotplug", false);
    hotplug_machine m(q35({r1,
                           r2,
                           r3,
                           {"pcie-pci-bridge", "pb", "r1", {}, {}},
                           {"qemu-xhci", "u", "r3", {}, {}},
                           {"usb-tablet", "t", "u.0", {}, {}}}));
    CHECK(m.plug("i6300esb", "a") == "Bus 'pcie.0' does not support hotplugging");
    CHECK(m.plug("i6300esb", "a", -1, "r3") == "Bus 'r3' does not support hotplugging");
    CHECK(m.unplug("r1") == "Bus 'pcie.0' does not support hotplugging");
    CHECK(m.plug("i6300esb", "x", -1, "r2").empty());
    CHECK(m.plug("i6300esb", "y", 3 * 8, "pb").empty());
    const auto told_on = [&](unsigned bus) {
        m.io.write_value(0xCD0, 4, bus);
        return m.io.read_value(0xCC0, 4);
    };
    CHECK(told_on(0) == 1);
    CHECK(told_on(1) == 0);
    CHECK(m.io.read_value(0xCCC, 4) == 0xFFFFFFFE); // the bridge stays
    CHECK(told_on(2) == 8);
    CHECK(m.unplug("y").empty());
    m.io.write_value(0xCD0, 4, 2);
    m.io.write_value(0xCC8, 4, 8);
    CHECK(m.take_told() == texts{"y /machine/peripheral/y"});
    // One that is not on PCI goes by itself.
    CHECK(m.unplug("t").empty());
    CHECK(m.take_told() == texts{"t /machine/peripheral/t"});
}

TEST_CASE("hotplug: a machine with a device that came is saved and restored with it")
{
    hotplug_machine m(pc());
    REQUIRE(m.plug("i6300esb", "w", 7 * 8).empty());
    m.set(0, 7, 0x10, 0xFE000000);
    const runstate::snapshot saved = m.machine.controller.save();
    m.set(0, 7, 0x10, 0xFD000000);
    CHECK(m.io.read_value(k_inserted, 4) == 0x80);
    REQUIRE(m.machine.controller.restore(saved));
    CHECK(m.config(0, 7, 0x10) == 0xFE000000);
    CHECK(m.io.read_value(k_inserted, 4) == 0x80);
}
