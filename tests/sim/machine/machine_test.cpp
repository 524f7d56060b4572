// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <catch.h>

#include <vigil/bus/bus_initiator.h>
#include <vigil/runstate/snapshot/snapshot.h>
#include <vigil/sim/machine/machine.h>

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
    CHECK(*watchdog.values.find("addr") == sim::device_value(std::int64_t{16}));
    CHECK(watchdog.values.number("rombar") == 1);
    const sim::machine_device& panic = machine.devices().back();
    CHECK(panic.id == "p");
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
        return got ? "known" : got.why().text;
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
    CHECK(*objects.get("panic", "ioport") == runstate::property_value(std::uint64_t{0x505}));
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
    CHECK(*got == runstate::property_value(runstate::panic_info{{1, 2, 3, 4, 5}}));
}

namespace {

constexpr std::uint32_t k_nothing = 0xFFFF'FFFF;
constexpr unsigned k_pm_slot = 1;
constexpr unsigned k_pm_function = 3;

// A file that version 0.1.0 wrote: of a paused machine with the power block at 600h, enable 0120, control 1C01, reset
// register 02 and port 92 A2.
runstate::snapshot saved_by_0_1_0(const std::string& machine)
{
    std::ifstream file(std::string(VIGIL_SNAPSHOTS) + "/0.1.0-" + machine + ".snapshot", std::ios::binary);
    const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
    auto read = runstate::decode_snapshot(bytes);
    REQUIRE(read);
    return *std::move(read);
}

machine_config bare(machine_type type)
{
    machine_config config;
    config.type = type;
    return config;
}

void check_restored_from_0_1_0(platform& p, const std::string& machine)
{
    // What that version lacked, otherwise than after power-on.
    p.io.write_value(0xB2, 2, 0x5AA5);
    p.io.write_value(0x64, 1, models::i8042_command::self_test);
    p.io.write_value(0x61, 1, 0x03);
    if (machine == "pc") {
        p.io.write_value(0xCF8, 4, 0x8000'0940);
        p.io.write_value(0xCFC, 4, 0x1234'5678);
    }
    const auto taken = p.machine.controller.restore(saved_by_0_1_0(machine));
    if (!taken) FAIL(taken.why().text);
    CHECK(p.io.read_value(0x602, 2) == 0x0120);
    CHECK(p.io.read_value(0x604, 2) == 0x1C01);
    CHECK(p.io.read_value(0xCF9, 1) == 0x02);
    CHECK(p.io.read_value(0x92, 1) == 0xA2);
    CHECK(p.io.read_value(0xB2, 2) == 0x0000);
    CHECK(p.io.read_value(0x64, 1) == models::i8042_status::idle);
    CHECK((p.io.read_value(0x61, 1) & 0x03) == 0);
    if (machine == "pc") {
        p.io.write_value(0xCF8, 4, 0x8000'0940);
        CHECK(p.io.read_value(0xCFC, 4) == 0);
    }
    // What is saved now is taken again.
    CHECK(p.machine.controller.restore(p.machine.controller.save()));
}

} // namespace

TEST_CASE("machine: a pc takes a snapshot of version 0.1.0")
{
    platform p(bare(machine_type::pc));
    check_restored_from_0_1_0(p, "pc");
}

TEST_CASE("machine: a q35 takes a snapshot of version 0.1.0")
{
    platform p(bare(machine_type::q35));
    check_restored_from_0_1_0(p, "q35");
}

TEST_CASE("machine: a snapshot with more or fewer ports than the machine has is refused whole")
{
    platform p(bare(machine_type::pc));
    p.io.write_value(0x92, 1, 0x02);
    const runstate::snapshot good = p.machine.controller.save();
    const auto refused = [&p](const runstate::snapshot& bad) {
        const auto taken = p.machine.controller.restore(bad);
        CHECK_FALSE(taken);
        CHECK(p.io.read_value(0x92, 1) == 0x02);
    };
    for (std::size_t i = 0; i < good.size(); ++i) {
        if (good[i].name != "reset_control") continue;
        runstate::snapshot bad = good;
        bad[i].fields.push_back({"other", std::uint64_t{0}});
        refused(bad);
        bad[i].fields = {good[i].fields.front()};
        refused(bad);
        bad[i].fields = good[i].fields;
        bad[i].fields[1].value = std::uint64_t{0xFE}; // taken before the fault in the next one, and given back
        bad[i].fields[2].value = std::uint64_t{0x100};
        refused(bad);
        bad[i].fields.clear();
        refused(bad);
    }
}

TEST_CASE("machine: a pc without ACPI has no power block and no APM ports, and cannot be woken")
{
    machine_config config = bare(machine_type::pc);
    config.acpi = false;
    platform p(config);
    CHECK(p.identity(k_pm_slot, k_pm_function) == k_nothing);
    CHECK(p.identity(k_pm_slot) == 0x7000'8086);
    CHECK_FALSE(p.machine.wakeup_supported());
    for (const std::uint64_t port : {0x600ULL, 0x604ULL, 0xB2ULL, 0xAFE0ULL}) {
        p.io.write_value(port, 2, 0x2000);
        CHECK(p.io.read_value(port, 4) == k_nothing);
    }
    CHECK(p.io.read_value(0x64, 1) == models::i8042_status::idle);
    CHECK(p.io.read_value(0xCF9, 1) == 0);
}

TEST_CASE("machine: a pc has the IDE function of its south bridge, header and storage")
{
    platform p(bare(machine_type::pc));
    constexpr unsigned k_ide_function = 1;
    CHECK(p.identity(1, k_ide_function) == 0x7010'8086);
    const auto at = [&p](std::uint32_t offset) {
        p.io.write_value(0xCF8, 4, 0x8000'0900 | offset);
        return std::uint64_t{0xCFC};
    };
    CHECK(p.io.read_value(at(0x04), 4) == 0x0280'0000);
    CHECK(p.io.read_value(at(0x08), 4) == 0x0101'8000);
    p.io.write_value(at(0x20), 4, 0xFFFF'FFFF);
    CHECK(p.io.read_value(at(0x20), 4) == 0xFFFF'FFF1);
    p.io.write_value(at(0x40), 4, 0x1234'5678);
    const runstate::snapshot saved = p.machine.controller.save();
    {
        const runstate::turn_guard turn(p.machine.controller.control());
        p.machine.controller.control().system_reset();
    }
    CHECK(p.io.read_value(at(0x20), 4) == 0x0000'0001);
    CHECK(p.io.read_value(at(0x40), 4) == 0x1234'5678);
    p.io.write_value(at(0x40), 4, 0);
    REQUIRE(p.machine.controller.restore(saved));
    CHECK(p.io.read_value(at(0x20), 4) == 0xFFFF'FFF1);
    CHECK(p.io.read_value(at(0x40), 4) == 0x1234'5678);
}

TEST_CASE("machine: on a q35 ACPI off changes nothing")
{
    machine_config config = bare(machine_type::q35);
    config.acpi = false;
    platform p(config);
    CHECK(p.identity(31) == 0x2918'8086);
    CHECK(p.machine.wakeup_supported());
    CHECK(p.io.read_value(0xB2, 2) == 0);
}

TEST_CASE("machine: without a keyboard controller ports 60 and 64 and 92 are gone and 61 stays")
{
    machine_config config = bare(machine_type::pc);
    config.i8042 = false;
    platform p(config);
    for (const std::uint64_t port : {0x60ULL, 0x64ULL, 0x92ULL}) {
        p.io.write_value(port, 1, 0xFE);
        p.io.write_value(port, 1, 0x01);
        CHECK(p.io.read_value(port, 1) == 0xFF);
    }
    CHECK(p.io.read_value(0x61, 1) == 0x30);
    CHECK(p.machine.controller.restore(p.machine.controller.save()));
    CHECK_FALSE(p.machine.controller.restore(saved_by_0_1_0("pc")));
}

TEST_CASE("machine: a wide access belongs to the port that it begins at")
{
    platform p(bare(machine_type::pc));
    CHECK(p.io.read_value(0x61, 4) == 0x2030'2030);
    p.io.write_value(0x64, 1, models::i8042_command::write_mode);
    p.io.write_value(0x61, 4, 0x2000'0000); // never reaches 64
    p.io.write_value(0x60, 1, 0x47);
    p.io.write_value(0x64, 1, models::i8042_command::read_mode);
    CHECK(p.io.read_value(0x60, 1) == 0x47);
    p.io.write_value(0xCF8, 4, 0x8000'0B80);
    p.io.write_value(0xCF9, 2, 0x0202);
    CHECK(p.io.read_value(0xCF9, 4) == 0x0202'0202);
    CHECK(p.io.read_value(0xCF8, 4) == 0x8000'0B80);
}
