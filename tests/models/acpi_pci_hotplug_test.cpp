// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <cstdint>
#include <string>
#include <vector>

#include <vigil/bus/address_router.h>
#include <vigil/bus/bus_initiator.h>
#include <vigil/models/acpi_pci_hotplug.h>

using namespace vigil;
using models::acpi_pci_hotplug;

namespace {

constexpr std::uint64_t k_registers = 0xAE00;
constexpr std::uint64_t k_gpe0 = 0xAFE0;

struct hotplug_rig {
    hotplug_rig()
    {
        ports.map(k_registers, acpi_pci_hotplug::k_registers, hotplug.registers, {4});
        ports.map(k_gpe0, acpi_pci_hotplug::k_gpe0, hotplug.gpe0, {2});
        cpu.socket.bind(ports.target);
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
    }

    acpi_pci_hotplug::platform platform()
    {
        acpi_pci_hotplug::platform slots;
        slots.removable = [](std::uint32_t bus) { return bus == 0 ? 0xFFFFFFFC : 0xFFFFFFFF; };
        slots.acpi_index = [](std::uint32_t bus, unsigned slot) { return bus == 0 && slot == 4 ? 7U : 0U; };
        slots.eject = [this](std::uint32_t bus, unsigned slot) {
            ejected.push_back(std::to_string(bus) + "/" + std::to_string(slot));
        };
        return slots;
    }

    std::uint64_t read(unsigned offset, unsigned width = 4) { return cpu.read_value(k_registers + offset, width); }
    void write(unsigned offset, std::uint64_t value, unsigned width = 4)
    {
        cpu.write_value(k_registers + offset, width, value);
    }
    std::uint64_t gpe(unsigned offset, unsigned width) { return cpu.read_value(k_gpe0 + offset, width); }

    std::vector<std::string> ejected;
    acpi_pci_hotplug hotplug{"hotplug", platform()};
    bus::address_router ports{"ports"};
    bus::bus_initiator cpu{"cpu", bus::initiator_kind::vcpu, 1};
};

} // namespace

TEST_CASE("acpi pci hotplug: what was put in is told once, and what is asked back until it goes")
{
    hotplug_rig r;
    CHECK(r.gpe(0, 2) == 0);
    r.hotplug.inserted(0, 7);
    CHECK(r.gpe(0, 2) == 0x0002);
    CHECK(r.read(0) == 0x80);
    CHECK(r.read(0) == 0);
    r.hotplug.ask_back(0, 7);
    CHECK(r.read(4) == 0x80);
    CHECK(r.read(4) == 0x80);
    r.write(8, 0x180);
    CHECK(r.ejected == std::vector<std::string>{"0/7"});
    CHECK(r.read(4) == 0x80); // the platform says when it has gone
    r.hotplug.gone(0, 7);
    CHECK(r.read(4) == 0);
    CHECK(r.read(8) == 0);
}

TEST_CASE("acpi pci hotplug: the other registers are about the bus that was chosen")
{
    hotplug_rig r;
    CHECK(r.read(0x0C) == 0xFFFFFFFC);
    r.hotplug.inserted(3, 1);
    CHECK(r.read(0) == 0);
    r.write(0x10, 3);
    CHECK(r.read(0x10) == 3);
    CHECK(r.read(0x0C) == 0xFFFFFFFF);
    CHECK(r.read(0) == 2);
    r.write(8, 4);
    CHECK(r.ejected == std::vector<std::string>{"3/2"});
    r.write(0x10, 9); // of which nothing is known
    CHECK(r.read(0) == 0);
    CHECK(r.read(4) == 0);
}

TEST_CASE("acpi pci hotplug: a device's acpi-index is asked for by its slot")
{
    hotplug_rig r;
    CHECK(r.read(0x14) == 0);
    r.write(0x14, 0x10);
    CHECK(r.read(0x14) == 7);
    r.write(0x14, 0x20);
    CHECK(r.read(0x14) == 0);
}

TEST_CASE("acpi pci hotplug: narrow accesses read zero and write nothing")
{
    hotplug_rig r;
    r.hotplug.inserted(0, 7);
    CHECK(r.read(0, 1) == 0);
    CHECK(r.read(0, 2) == 0);
    r.write(8, 0x80, 1);
    r.write(8, 0, 4);
    CHECK(r.ejected.empty());
    CHECK(r.read(0) == 0x80);
}

TEST_CASE("acpi pci hotplug: GPE0 has a status that ones clear, and an enable that is stored, by bytes and words")
{
    hotplug_rig r;
    r.hotplug.inserted(0, 7);
    r.cpu.write_value(k_gpe0 + 2, 2, 0xA55A);
    CHECK(r.gpe(2, 1) == 0x5A);
    CHECK(r.gpe(3, 1) == 0xA5);
    r.cpu.write_value(k_gpe0 + 3, 1, 0x11);
    CHECK(r.gpe(2, 2) == 0x115A);
    r.cpu.write_value(k_gpe0 + 1, 1, 0xFF);
    CHECK(r.gpe(0, 2) == 0x0002);
    r.cpu.write_value(k_gpe0, 1, 0x02);
    CHECK(r.gpe(0, 2) == 0);
}

TEST_CASE("acpi pci hotplug: a saved state comes back, and a wrong one is refused whole")
{
    hotplug_rig r;
    r.hotplug.inserted(2, 5);
    r.hotplug.ask_back(0, 3);
    r.write(0x10, 2);
    const runstate::saved_state saved = r.hotplug.save();
    r.hotplug.reset(runstate::reset_kind::warm);
    CHECK(r.read(0x10) == 0);
    CHECK(r.read(4) == 0);
    CHECK_FALSE(r.hotplug.restore(saved));
    CHECK(r.read(0x10) == 2);
    CHECK(r.read(0) == 0x20);
    r.write(0x10, 0);
    CHECK(r.read(4) == 0x08);
    runstate::saved_state wrong = saved;
    std::get<std::vector<std::uint8_t>>(wrong.back().value).pop_back();
    CHECK(r.hotplug.restore(wrong) == "acpi_pci_hotplug: buses: not so many times 12 bytes");
}
