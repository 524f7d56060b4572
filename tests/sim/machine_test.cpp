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
    config.devices.push_back({"i6300esb"});
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
    sim::device_request second{"i6300esb"};
    second.values.set("addr", std::int64_t{bus::pci_address{2}.devfn()});
    config.devices.push_back(second);
    sim::machine machine("machine", config);
    REQUIRE(machine.error());
    CHECK(machine.error()->text == "-device i6300esb: PCI: slot 2 function 0 not available for i6300esb, in use by "
                                   "i6300esb,id=(null)");
}

TEST_CASE("machine: a bus holds as many watchdogs as it has slots, and no more")
{
    machine_config config = with_watchdog(machine_type::pc, false);
    for (int i = 1; i < 31; ++i) config.devices.push_back({"i6300esb"});
    sim::machine machine("machine", config);
    REQUIRE(machine.error());
    CHECK(machine.error()->text.find("all in use or reserved") != std::string::npos);
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

TEST_CASE("machine: how much memory stays below 4 GiB can be said")
{
    machine_config config = with_watchdog(machine_type::q35, false);
    config.ram_bytes = 2ULL << 30;
    config.max_ram_below_4g = 1ULL << 30;
    platform p(config);
    p.memory.write_value(0x3FFF'FFFC, 4, 0x1111'1111);
    p.memory.write_value(0x1'3FFF'FFFC, 4, 0x3333'3333);
    CHECK(p.memory.read_value(0x3FFF'FFFC, 4) == 0x1111'1111);
    CHECK(p.memory.read_value(0x4000'0000, 4) == 0);
    CHECK(p.memory.read_value(0x1'3FFF'FFFC, 4) == 0x3333'3333);
}

TEST_CASE("machine: every device keeps its row and its final values, and an unknown one is refused by name")
{
    machine_config config = with_watchdog(machine_type::pc, false);
    config.devices.push_back({"pvpanic", "p"});
    config.devices.push_back({"bogus"});
    sim::machine machine("machine", config);
    REQUIRE(machine.error());
    CHECK(machine.error()->text == "-device bogus: 'bogus' is not a valid device model name");
    REQUIRE(machine.devices().size() == 2);
    const sim::machine_device& watchdog = machine.devices().front();
    CHECK(watchdog.row->name == "i6300esb");
    CHECK(watchdog.path == "/machine/peripheral-anon/device[0]");
    CHECK(watchdog.bus_path == "/machine/i440fx/pci.0");
    CHECK(*watchdog.values.find("addr") == sim::device_value(std::int64_t{16}));
    CHECK(watchdog.values.number("rombar") == 1);
    const sim::machine_device& panic = machine.devices().back();
    CHECK(panic.path == "/machine/peripheral/p");
    CHECK(panic.values.number("ioport") == 0x505);
    CHECK(panic.made.object->type_name() == "pvpanic");
}

TEST_CASE("machine: unclaimed ports read all ones, unclaimed memory zero, on a machine without PCI too")
{
    machine_config config;
    config.type = machine_type::none;
    platform p(config);
    CHECK(p.io.read_value(0x600, 4) == 0xFFFF'FFFF);
    CHECK(p.memory.read_value(0xFD00'0000, 4) == 0);
}

TEST_CASE("machine: a CPU that panics through pvpanic knows of its crash until the next reset, and others do not")
{
    machine_config config;
    config.cpus = 2;
    config.devices.push_back({"pvpanic", "panic"});
    platform p(config);
    runstate::action_set actions;
    actions.shutdown = runstate::shutdown_action::pause; // the panic must not end the run
    p.machine.controller.control().set_actions(actions);
    qmp_bridge::qom_tree objects;
    p.machine.list_objects(objects);
    const auto crash = [&](const char* cpu) {
        const auto got = objects.get(cpu, "crash-information");
        const auto* error = std::get_if<qmp_bridge::command_error>(&got);
        return error != nullptr ? error->desc : "known";
    };
    CHECK(crash("/machine/unattached/device[0]") == "No crash occurred");
    p.io.write_value(0x505, 1, 0x01);
    CHECK(crash("/machine/unattached/device[0]") == "No crash information");
    CHECK(crash("/machine/unattached/device[2]") == "No crash occurred");
    {
        const runstate::turn_guard turn(p.machine.controller.control());
        p.machine.controller.control().system_reset();
    }
    CHECK(crash("/machine/unattached/device[0]") == "No crash occurred");
    CHECK(std::get<runstate::property_value>(objects.get("panic", "ioport")) ==
          runstate::property_value(std::uint64_t{0x505}));
}

TEST_CASE("machine: a CPU that writes to the crash control register shows the five values")
{
    machine_config config;
    config.hyperv_crash = true;
    sim::machine machine("machine", config);
    bus::bus_initiator msr("msr", bus::initiator_kind::vcpu);
    msr.socket.bind(machine.msrs());
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (std::uint64_t i = 0; i < 5; ++i) msr.write_value(0x4000'0100 + i, 8, i + 1);
    msr.write_value(0x4000'0105, 8, 1ULL << 63);
    qmp_bridge::qom_tree objects;
    machine.list_objects(objects);
    const auto got = objects.get("device[0]", "crash-information");
    CHECK(std::get<runstate::property_value>(got) == runstate::property_value(runstate::panic_info{{1, 2, 3, 4, 5}}));
}
