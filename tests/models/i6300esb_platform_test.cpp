// SPDX-License-Identifier: Apache-2.0
// The watchdog behind a PCI host and a router: where accesses are cut to pieces, and where BAR 0 decodes.
#include <catch.h>

#include <vigil/bus/address_router.h>
#include <vigil/bus/pci_host.h>

#include "i6300esb_rig.h"

using vigil::models::i6300esb;
using namespace vigil::models::test;

namespace {

struct platform : sc_core::sc_module {
    explicit platform(const sc_core::sc_module_name& name) : sc_module(name)
    {
        memory.socket.bind(memory_router.target);
        ports.socket.bind(port_router.target);
        memory_router.map(0, 0, host.memory, {4, -1});
        port_router.map(0, 0x10000, host.io, {4, -1});
        port_router.map(0xCF8, 4, host.config_address);
        port_router.map(0xCFC, 4, host.config_data);
        REQUIRE_FALSE(host.attach(device, {3}).has_value());
        clock.start();
    }

    void cfg(std::uint32_t offset, unsigned width, std::uint32_t value)
    {
        ports.write_value(0xCF8, 4, 0x80001800U | (offset & 0xFCU));
        ports.write_value(0xCFC + (offset & 3), width, value);
    }
    std::uint32_t cfg(std::uint32_t offset, unsigned width)
    {
        ports.write_value(0xCF8, 4, 0x80001800U | (offset & 0xFCU));
        return static_cast<std::uint32_t>(ports.read_value(0xCFC + (offset & 3), width));
    }
    void map(std::uint32_t at)
    {
        base = at;
        cfg(pci_reg::bar0, 4, at);
        cfg(pci_reg::command, 2, pci_command::memory);
    }
    void mem(std::uint32_t offset, unsigned width, std::uint64_t value)
    {
        memory.write_value(base + offset, width, value);
    }
    std::uint64_t mem(std::uint32_t offset, unsigned width) { return memory.read_value(base + offset, width); }
    void unlock()
    {
        mem(reg::reload, 1, key::first);
        mem(reg::reload, 1, key::second);
    }
    std::uint64_t saved(const char* name) const { return field(device.save(), name); }
    void set_flag()
    {
        auto state = device.save();
        for (auto& f : state) {
            if (f.name == "previous_reboot") f.value = std::uint64_t{1};
        }
        REQUIRE_FALSE(device.restore(state).has_value());
    }

    vigil::runstate::vm_clock clock{"clock"};
    vigil::bus::address_router memory_router{"memory_router"};
    vigil::bus::address_router port_router{"port_router"};
    vigil::bus::pci_host host{"host"};
    i6300esb device{"device", clock};
    vigil::bus::bus_initiator memory{"memory", vigil::bus::initiator_kind::test};
    vigil::bus::bus_initiator ports{"ports", vigil::bus::initiator_kind::test};
    std::uint32_t base = 0;
};

} // namespace

TEST_CASE("i6300esb on a bus: wide and unaligned reads see the pieces they are cut into")
{
    platform p("platform");
    elaborate();
    p.map(0xFEBF0000);
    p.set_flag();
    CHECK(p.mem(reg::reload, 2) == 0x1200);
    CHECK(p.mem(reg::reload, 4) == 0);
    CHECK(p.mem(reg::general_interrupt_status, 8) == 0);
    CHECK(p.mem(reg::reload - 2, 4) == 0x12000000);
    CHECK(p.mem(reg::reload - 1, 4) == 0x00120000);
    CHECK(p.mem(reg::reload - 1, 2) == 0);
    CHECK(p.mem(reg::reload + 1, 2) == 0);
}

TEST_CASE("i6300esb on a bus: an 8-byte write at 0 sets preload 1 alone")
{
    platform p("platform");
    elaborate();
    p.map(0xFEBF0000);
    p.unlock();
    p.mem(reg::preload_value_1, 8, 0x0000001100000022);
    CHECK(p.saved("preload1") == 0x22);
    CHECK(p.saved("preload2") == 0xFFFFF);
    CHECK(p.saved("unlock_state") == 0);
}

TEST_CASE("i6300esb on a bus: the upper halves of 8-byte writes at 8 unlock")
{
    platform p("platform");
    elaborate();
    p.map(0xFEBF0000);
    p.mem(reg::general_interrupt_status, 8, 0x0000008000000000);
    CHECK(p.saved("unlock_state") == 1);
    p.mem(reg::general_interrupt_status, 8, 0x0000008600000000);
    CHECK(p.saved("unlock_state") == 2);
}

TEST_CASE("i6300esb on a bus: 4-byte writes at B unlock through their middle piece")
{
    platform p("platform");
    elaborate();
    p.map(0xFEBF0000);
    p.mem(reg::reload - 1, 4, 0x00008000);
    p.mem(reg::reload - 1, 4, 0x00008600);
    CHECK(p.saved("unlock_state") == 2);
}

TEST_CASE("i6300esb on a bus: an unaligned 2-byte write is two bytes and consumes nothing")
{
    platform p("platform");
    elaborate();
    p.map(0xFEBF0000);
    for (const std::uint32_t offset : {0x0BU, 0x0DU, 0x01U, 0x07U}) {
        CAPTURE(offset);
        p.unlock();
        p.mem(offset, 2, 0x1234);
        CHECK(p.saved("unlock_state") == 2);
    }
}

TEST_CASE("i6300esb on a bus: a 4-byte write at A is two 2-byte pieces and consumes the unlocking")
{
    platform p("platform");
    elaborate();
    p.map(0xFEBF0000);
    p.unlock();
    p.mem(reg::reload - 2, 4, 0x12340000);
    CHECK(p.saved("unlock_state") == 0);
}

TEST_CASE("i6300esb on a bus: BAR 0 decodes only while the memory bit is set, and moves at once")
{
    platform p("platform");
    elaborate();
    p.map(0xFEBF0000);
    p.set_flag();
    p.mem(reg::reload, 1, key::first);
    p.cfg(pci_reg::command, 2, 0x0505);
    CHECK(p.mem(reg::reload, 2) == 0);
    p.mem(reg::reload, 1, key::second); // lost
    CHECK(p.saved("unlock_state") == 1);

    p.cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel); // works while hidden
    p.cfg(reg::wdt_lock, 1, bit::wdt_enable);
    CHECK(p.saved("enabled") == 1);

    p.map(0xE0001230);
    CHECK(p.mem(reg::reload, 2) == 0x1200);
    p.mem(reg::reload, 1, key::second);
    CHECK(p.saved("unlock_state") == 2);
    CHECK(p.memory.read_value(0xFEBF000C, 2) == 0);
    CHECK(p.memory.read_value(0xE0001240, 4) == 0);
    CHECK(p.saved("enabled") == 1);
}

TEST_CASE("i6300esb on a bus: the countdown runs with BAR 0 hidden")
{
    platform p("platform");
    elaborate();
    p.cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel);
    p.cfg(reg::wdt_lock, 1, bit::wdt_enable);
    pass(ns(2013264000 - 1));
    CHECK(p.cfg(reg::wdt_lock, 1) == bit::wdt_enable);
    pass(ns(1));
    CHECK(p.cfg(reg::wdt_lock, 1) == 0x00);
    p.map(0xFEBF0000);
    CHECK(p.mem(reg::reload, 2) == 0x1200);
}

TEST_CASE("i6300esb on a bus: configuration widths reach the registers through the ports")
{
    platform p("platform");
    elaborate();
    CHECK(p.cfg(pci_reg::vendor_id, 4) == 0x25AB8086);
    p.cfg(pci_reg::bar0, 4, 0xFFFFFFFF);
    CHECK(p.cfg(pci_reg::bar0, 4) == 0xFFFFFFF0);
    p.cfg(reg::wdt_configuration, 2, 0xFFFF);
    CHECK(p.cfg(reg::wdt_configuration, 2) == (bit::wdt_output | bit::wdt_pre_sel | 0x11));
    CHECK(p.cfg(reg::wdt_configuration, 4) == 0);
    p.cfg(reg::wdt_configuration + 1, 2, 0x1234); // two bytes of storage, or lost: never the register
    CHECK(p.cfg(reg::wdt_configuration, 2) == (bit::wdt_output | bit::wdt_pre_sel | 0x11));
    p.cfg(reg::wdt_lock, 4, 0x00000002);
    CHECK(p.cfg(reg::wdt_lock, 1) == 0x00);
    p.cfg(reg::wdt_lock, 1, bit::wdt_enable);
    CHECK(p.cfg(reg::wdt_lock, 1) == bit::wdt_enable);
    CHECK(p.cfg(reg::wdt_lock, 4) == 0x00000002);
}
