// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <vigil/bus/bus_initiator.h>
#include <vigil/sim/machine.h>

using namespace vigil;
using sim::machine_config;
using sim::machine_type;

namespace {

// A CPU on a machine, elaborated.
struct platform {
    explicit platform(const machine_config& config) : machine("machine", config)
    {
        io.socket.bind(machine.io_ports());
        memory.socket.bind(machine.memory());
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
    }

    std::uint32_t identity(unsigned slot, unsigned function = 0)
    {
        io.write_value(0xCF8, 4, 0x8000'0000U | slot << 11 | function << 8);
        return static_cast<std::uint32_t>(io.read_value(0xCFC, 4));
    }

    sim::machine machine;
    bus::bus_initiator io{"io", bus::initiator_kind::vcpu};
    bus::bus_initiator memory{"memory", bus::initiator_kind::vcpu};
};

machine_config with_watchdog(machine_type type, bool defaults)
{
    machine_config config;
    config.type = type;
    config.default_vga = config.default_nic = defaults;
    config.devices.push_back({"i6300esb", {}, {}});
    return config;
}

constexpr std::uint32_t k_watchdog = 0x25AB'8086;

} // namespace

TEST_CASE("machine: a pc has its bridges, and the watchdog in slot 2 without defaults")
{
    platform p(with_watchdog(machine_type::pc, false));
    CHECK(p.identity(0) == 0x1237'8086);
    CHECK(p.identity(1) == 0x7000'8086);
    CHECK(p.identity(2) == k_watchdog);
    CHECK(p.identity(3) == 0xFFFF'FFFF);
}

TEST_CASE("machine: a pc with default devices has the watchdog in slot 4")
{
    platform p(with_watchdog(machine_type::pc, true));
    CHECK(p.identity(2) == 0xFFFF'FFFF);
    CHECK(p.identity(4) == k_watchdog);
}

TEST_CASE("machine: a q35 has the watchdog in slot 1 without defaults")
{
    platform p(with_watchdog(machine_type::q35, false));
    CHECK(p.identity(0) == 0x29C0'8086);
    CHECK(p.identity(1) == k_watchdog);
    CHECK(p.identity(31) == 0x2918'8086);
}

TEST_CASE("machine: a q35 with default devices has the watchdog in slot 3")
{
    platform p(with_watchdog(machine_type::q35, true));
    CHECK(p.identity(3) == k_watchdog);
}

TEST_CASE("machine: a second device in the same place is refused by name")
{
    machine_config config = with_watchdog(machine_type::pc, false);
    config.devices.push_back({"i6300esb", {}, bus::pci_address{2, 0}});
    sim::machine machine("machine", config);
    REQUIRE(machine.error());
    CHECK(*machine.error() ==
          "-device i6300esb: PCI: slot 2 function 0 not available for i6300esb, in use by i6300esb");
}

TEST_CASE("machine: a bus holds as many watchdogs as it has slots, and no more")
{
    machine_config config = with_watchdog(machine_type::pc, false);
    for (int i = 1; i < 31; ++i) config.devices.push_back({"i6300esb", {}, {}});
    sim::machine machine("machine", config);
    REQUIRE(machine.error());
    CHECK(machine.error()->find("all in use or reserved") != std::string::npos);
    CHECK(machine.watchdogs().size() == 30);
}

TEST_CASE("machine: memory beyond the PCI hole goes on at 4 GiB")
{
    machine_config config = with_watchdog(machine_type::pc, false);
    config.ram_bytes = 4ULL << 30;
    platform p(config);
    p.memory.write_value(0xBFFF'FFFC, 4, 0x1111'1111);
    p.memory.write_value(0xC000'0000, 4, 0x2222'2222);
    p.memory.write_value(0x1'0000'0000, 4, 0x3333'3333);
    CHECK(p.memory.read_value(0xBFFF'FFFC, 4) == 0x1111'1111);
    CHECK(p.memory.read_value(0xC000'0000, 4) == 0);
    CHECK(p.memory.read_value(0x1'0000'0000, 4) == 0x3333'3333);
    CHECK(p.memory.read_value(0x1'3FFF'FFFC, 4) == 0);
    CHECK(p.memory.last_response() == tlm::TLM_OK_RESPONSE);
}

TEST_CASE("machine: unclaimed ports read all ones, unclaimed memory zero, on a machine without PCI too")
{
    machine_config config;
    config.type = machine_type::none;
    platform p(config);
    CHECK(p.io.read_value(0x600, 4) == 0xFFFF'FFFF);
    CHECK(p.memory.read_value(0xFD00'0000, 4) == 0);
}
