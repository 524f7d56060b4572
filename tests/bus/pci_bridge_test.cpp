// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>

#include <catch.h>

#include <vigil/bus/address_router.h>
#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/pci_bridge.h>
#include <vigil/bus/pci_host.h>

#include "recorder.h"

using namespace vigil::bus;

namespace {

constexpr pci_identity k_port{0x1B36, 0x000C, 0x060400};
constexpr std::uint64_t k_ecam = 0xB0000000;

/// A host with a port at 00:04.0, on whose bus there is a bridge at slot 0, behind which is a function at slot 1; and a
/// function behind the port at slot 2, that can be plugged.
struct tree {
    tree()
    {
        ports.map(0, 0x10000, host.io, {4, -1});
        ports.map(0xCF8, 4, host.config_address);
        ports.map(0xCFC, 4, host.config_data);
        io.socket.bind(ports.target);
        mem.socket.bind(host.memory);
        REQUIRE_FALSE(host.attach(port, {4}));
        REQUIRE_FALSE(host.attach(bridge, {0}, &port));
        REQUIRE_FALSE(host.attach(function, {1}, &bridge));
        REQUIRE_FALSE(host.attach_unplugged(spare));
        elaborate();
    }

    void select(unsigned bus, unsigned slot, std::uint32_t reg)
    {
        io.write_value(0xCF8, 4, 0x80000000U | bus << 16 | slot << 11 | (reg & 0xFC));
    }
    std::uint64_t config(unsigned bus, unsigned slot, std::uint32_t reg, unsigned width = 4)
    {
        select(bus, slot, reg);
        return io.read_value(0xCFC + (reg & 3), width);
    }
    void set(unsigned bus, unsigned slot, std::uint32_t reg, std::uint64_t value, unsigned width = 4)
    {
        select(bus, slot, reg);
        io.write_value(0xCFC + (reg & 3), width, value);
    }
    // Numbers the buses 1 and 2.
    void enumerate()
    {
        set(0, 4, pci_bridge_reg::primary_bus, 0x00020100);
        set(1, 0, pci_bridge_reg::primary_bus, 0x00020201);
    }
    // Forwards memory from E0000000 for 1 MiB, and ports C000 to CFFF.
    void open(unsigned bus, unsigned slot)
    {
        set(bus, slot, pci_bridge_reg::memory_base, 0xE000E000);
        set(bus, slot, pci_bridge_reg::io_base, 0xC0C0, 2);
        set(bus, slot, pci_reg::command, pci_command::memory | pci_command::io, 2);
    }

    address_router ports{"ports"};
    pci_host host{"host"};
    pci_bridge port{"port", k_port, {true, 0, 0x005F}};
    pci_bridge bridge{"bridge", {0x1B36, 0x000E, 0x060400}, {}};
    sample_function function{"function"};
    sample_function spare{"spare", {0x8086, 0x1234, 0x088000}};
    bus_initiator io{"io", initiator_kind::vcpu, 1};
    bus_initiator mem{"mem", initiator_kind::vcpu, 1};
};

} // namespace

TEST_CASE("pci bridge: its header is of type 1, with windows that are closed or lie at 0")
{
    tree m;
    CHECK(m.config(0, 4, pci_reg::header_type, 1) == 0x01);
    CHECK(m.config(0, 4, pci_bridge_reg::primary_bus) == 0);
    CHECK(m.config(0, 4, pci_bridge_reg::io_base) == 0x000000F0);
    CHECK(m.config(0, 4, pci_bridge_reg::memory_base) == 0x0000FFF0);
    CHECK(m.config(0, 4, pci_bridge_reg::prefetchable_base) == 0x0001FFF1);
    m.enumerate();
    CHECK(m.config(1, 0, pci_bridge_reg::memory_base) == 0);
    for (const std::uint32_t reg : {0x1C, 0x20, 0x24, 0x28, 0x2C}) m.set(1, 0, reg, 0xFFFFFFFF);
    CHECK(m.config(1, 0, 0x1C) == 0x0000F0F0);
    CHECK(m.config(1, 0, 0x20) == 0xFFF0FFF0);
    CHECK(m.config(1, 0, 0x24) == 0xFFF1FFF1);
    CHECK(m.config(1, 0, 0x28) == 0xFFFFFFFF);
    m.set(1, 0, pci_bridge_reg::bridge_control, 0xFFFF, 2);
    CHECK(m.config(1, 0, pci_bridge_reg::bridge_control, 2) == 0x0BFF);
    m.bridge.reset_header();
    CHECK(m.bridge.secondary_bus() == 0);
}

TEST_CASE("pci bridge: configuration accesses pass to the numbers that software gave, by ports and by memory")
{
    tree m;
    CHECK(m.config(1, 0, 0) == 0xFFFFFFFF); // none yet
    m.enumerate();
    CHECK(m.config(1, 0, 0) == 0x000E1B36);
    CHECK(m.config(1, 1, 0) == 0xFFFFFFFF);
    CHECK(m.config(2, 1, 0) == 0x25AB8086);
    CHECK(m.config(3, 1, 0) == 0xFFFFFFFF);
    m.host.set_ecam_window(k_ecam, 256U << 20);
    CHECK(m.mem.read_value(k_ecam + (2U << 20) + (1U << 15), 4) == 0x25AB8086);
    CHECK(m.mem.read_value(k_ecam + (3U << 20) + (1U << 15), 4) == 0xFFFFFFFF);
    m.set(0, 4, pci_bridge_reg::subordinate_bus, 1, 1); // the port leads to bus 2 no more
    CHECK(m.config(2, 1, 0) == 0xFFFFFFFF);
    CHECK(m.config(1, 0, 0) == 0x000E1B36);
}

TEST_CASE("pci bridge: a BAR behind bridges is decoded while each of them forwards it, whole")
{
    tree m;
    m.enumerate();
    m.set(2, 1, 0x10, 0xE00FFFF0);
    m.set(2, 1, 0x18, 0xC100);
    m.set(2, 1, pci_reg::command, pci_command::memory | pci_command::io, 2);
    const auto seen = [&] {
        m.mem.write_value(0xE00FFFF4, 4, 1);
        m.io.write_value(0xC104, 1, 2);
        return m.function.memory_device.take() + "/" + m.function.io_device.take();
    };
    CHECK(seen() == "/");
    m.open(0, 4);
    CHECK(seen() == "/");
    m.open(1, 0);
    CHECK(seen() == "w4@4=1/w1@4=2");
    m.set(1, 0, pci_bridge_reg::memory_base, 0xE000E010); // begins above
    CHECK(seen() == "/w1@4=2");
    m.set(1, 0, pci_bridge_reg::prefetchable_base, 0xE000E000); // which will do, too
    CHECK(seen() == "w4@4=1/w1@4=2");
    m.set(1, 0, pci_bridge_reg::prefetchable_base_upper, 1);
    CHECK(seen() == "/w1@4=2");
    m.set(0, 4, pci_reg::command, pci_command::memory, 2);
    CHECK(seen() == "/");
}

TEST_CASE("pci bridge: a reset of the bus behind it is told when it begins")
{
    tree m;
    int resets = 0;
    m.port.secondary_reset = [&] { ++resets; };
    m.set(0, 4, pci_bridge_reg::bridge_control, 0x40, 2);
    CHECK(resets == 1);
    m.set(0, 4, pci_bridge_reg::bridge_control, 0x41, 2);
    CHECK(resets == 1);
    m.set(0, 4, pci_bridge_reg::bridge_control, 0x00, 2);
    m.set(0, 4, pci_bridge_reg::bridge_control, 0x40, 2);
    CHECK(resets == 2);
}

TEST_CASE("pci host: a function comes and goes while the platform runs")
{
    tree m;
    m.enumerate();
    m.open(0, 4);
    CHECK(m.host.at({2}, &m.port) == nullptr);
    CHECK(m.config(1, 2, 0) == 0xFFFFFFFF);
    REQUIRE_FALSE(m.host.plug(m.spare, {2}, &m.port));
    CHECK(m.host.at({2}, &m.port) == &m.spare);
    CHECK(m.host.plug(m.spare, {3}, &m.port) == std::string(m.spare.name()) + " is on a bus already");
    CHECK(m.host.free_slot(0, &m.port) == 1);
    CHECK(m.config(1, 2, 0) == 0x12348086);
    m.set(1, 2, 0x10, 0xE0000010);
    m.set(1, 2, pci_reg::command, pci_command::memory, 2);
    m.mem.write_value(0xE0000010, 4, 5);
    CHECK(m.spare.memory_device.take() == "w4@0=5");

    m.host.unplug(m.spare);
    CHECK(m.config(1, 2, 0) == 0xFFFFFFFF);
    m.mem.write_value(0xE0000010, 4, 6);
    CHECK(m.spare.memory_device.take().empty());
    m.host.unplug(m.spare); // nothing more happens
    CHECK(m.host.plug(m.spare, {0}, &m.port) == "slot 0 function 0 is in use by " + std::string(m.bridge.name()));
    REQUIRE_FALSE(m.host.plug(m.spare, {31, 7}));
    CHECK(m.host.at({31, 7}) == &m.spare);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
}

TEST_CASE("pci host: what hangs behind a bridge goes with it")
{
    tree m;
    m.enumerate();
    REQUIRE_FALSE(m.host.plug(m.spare, {5}, &m.bridge));
    CHECK(m.config(2, 5, 0) == 0x12348086);
    m.host.unplug(m.bridge);
    CHECK(m.config(2, 5, 0) == 0xFFFFFFFF);
    CHECK(m.config(2, 1, 0) == 0xFFFFFFFF);
    REQUIRE_FALSE(m.host.plug(m.bridge, {7}));
    m.set(0, 7, pci_bridge_reg::primary_bus, 0x00030300);
    CHECK(m.config(3, 5, 0) == 0x12348086);
}
