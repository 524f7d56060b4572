// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <cstdint>
#include <string>
#include <vector>

#include <vigil/sim/devices.h>
#include <vigil/sim/machine/machine.h>

#include "guest.h"

using namespace vigil;
using sim::device_request;

namespace {

device_request asked(const char* driver, const char* id, const char* bus = nullptr, int slot = -1)
{
    device_request one{driver, std::string(id)};
    if (bus != nullptr) one.bus = bus;
    if (slot >= 0) one.values.set("addr", std::int64_t{slot * 8});
    if (one.driver == "pcie-root-port") one.values.set("chassis", static_cast<std::uint64_t>(slot));
    if (one.driver == "pci-bridge") one.values.set("chassis_nr", std::uint64_t{1});
    return one;
}

sim::machine_config q35(std::vector<device_request> devices)
{
    return vigil::tests::machine_with(sim::machine_type::q35, std::move(devices));
}

/// A machine and its CPU.
struct inert_machine {
    explicit inert_machine(const sim::machine_config& config) : machine("machine", config)
    {
        REQUIRE_FALSE(machine.error());
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
    }

    std::uint64_t config(unsigned bus, unsigned slot, unsigned reg, unsigned width = 4)
    {
        return guest.config(bus, slot, reg, width);
    }
    void set(unsigned bus, unsigned slot, unsigned reg, std::uint64_t value, unsigned width = 4)
    {
        guest.set(bus, slot, reg, value, width);
    }

    sim::machine machine;
    vigil::tests::guest guest{machine};
};

std::string why_not(const sim::machine_config& config)
{
    const sim::machine machine("machine", config);
    if (!machine.error()) return "made";
    const std::string text = machine.error()->text; // after what asked for it
    return text.substr(text.find(": ") + 2);
}

} // namespace

TEST_CASE("inert: what libvirt puts into a q35 is found where it puts it, and the watchdog behind it barks")
{
    inert_machine m(q35({asked("pcie-root-port", "pci.1", "pcie.0", 1), asked("pcie-root-port", "pci.2", "pcie.0", 2),
                         asked("pcie-pci-bridge", "pci.3", "pci.1", 0), asked("qemu-xhci", "usb", "pci.2", 0),
                         asked("i6300esb", "watchdog0", "pci.3", 1), asked("VGA", "video0", "pcie.0", 3)}));
    CHECK(m.config(0, 1, 0) == 0x000C1B36);
    CHECK(m.config(0, 3, 0) == 0x11111234);
    CHECK(m.config(1, 0, 0) == 0xFFFFFFFF); // not before it is numbered
    m.set(0, 1, 0x18, 0x00020100);
    m.set(1, 0, 0x18, 0x00020201);
    m.set(0, 2, 0x18, 0x00030300);
    CHECK(m.config(1, 0, 0) == 0x000E1B36);
    CHECK(m.config(3, 0, 0) == 0x000D1B36);
    CHECK(m.config(2, 1, 0) == 0x25AB8086);

    for (const auto& [bus, slot] : {std::pair(0U, 1U), std::pair(1U, 0U)}) {
        m.set(bus, slot, 0x20, 0xFE00FE00);
        m.set(bus, slot, 0x04, 2, 2);
    }
    m.guest.arm_i6300esb(2, 1);
    CHECK(vigil::tests::barks(m.machine));
}

TEST_CASE("inert: every device is found with its identity, sizes its registers and survives a reset")
{
    for (const sim::device_row* each : sim::device_rows()) {
        const sim::device_row& row = *each;
        if (!row.is_inert || row.bus != sim::device_bus::pci) continue;
        CAPTURE(row.name);
        CHECK(sim::settable_properties(row).size() > sim::bus_properties(row.bus, {}).size() - 2);
        CHECK(sim::device_help(row).find(std::string(row.name) + " options:\n") == 0);
        CHECK(sim::device_help(row).find("rombar=<uint32>") != std::string::npos);
    }
    std::vector<device_request> all;
    int slot = 1;
    for (const sim::device_row* each : sim::device_rows()) {
        const sim::device_row& row = *each;
        if (!row.is_inert || row.bus != sim::device_bus::pci || slot == 31) continue;
        all.push_back(asked(std::string(row.name).c_str(), std::string(row.name).c_str(), nullptr, slot++));
        all.back().values.set("drive", std::string("d"));
        all.back().values.set("chassis", static_cast<std::uint64_t>(slot));
    }
    inert_machine m(q35(all));
    for (unsigned at = 1; at < static_cast<unsigned>(slot); ++at) {
        CAPTURE(all[at - 1].driver);
        const std::uint64_t identity = m.config(0, at, 0);
        CHECK(identity != 0xFFFFFFFF);
        const std::uint64_t capabilities = m.config(0, at, 0x34);
        for (unsigned reg = 0x10; reg < 0x28; reg += 4) {
            m.set(0, at, reg, 0xFFFFFFFF);
            const std::uint64_t sized = m.config(0, at, reg);
            m.set(0, at, reg, 0);
            CHECK((m.config(0, at, reg) & ~sized) == 0);
        }
        // A capability list that begins is one that ends.
        unsigned seen = 0;
        for (std::uint64_t next = capabilities & 0xFF; next != 0 && (m.config(0, at, 4) & 0x100000) != 0; ++seen) {
            REQUIRE(seen < 16);
            const std::uint64_t head = m.config(0, at, static_cast<unsigned>(next));
            m.set(0, at, static_cast<unsigned>(next), 0);
            CHECK((m.config(0, at, static_cast<unsigned>(next)) & 0xFFFF) == (head & 0xFFFF));
            next = head >> 8 & 0xFF;
        }
        m.set(0, at, 0x3C, 0x5A, 1);
    }
    m.machine.controller.control().system_reset();
    sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_US));
    for (unsigned at = 1; at < static_cast<unsigned>(slot); ++at) CHECK(m.config(0, at, 0x3C, 1) == 0);
}

TEST_CASE("inert: virtio is transitional on a bus, and modern behind a port of PCI Express")
{
    inert_machine m(q35({asked("virtio-balloon-pci", "a", "pcie.0", 1), asked("pcie-root-port", "p", "pcie.0", 2),
                         asked("virtio-balloon-pci", "b", "p", 0), asked("pcie-pci-bridge", "c", "pcie.0", 3),
                         asked("virtio-net-pci", "d", "c", 4)}));
    m.set(0, 2, 0x18, 0x00010100);
    m.set(0, 3, 0x18, 0x00020200);
    CHECK(m.config(0, 1, 0) == 0x10021AF4);
    CHECK(m.config(1, 0, 0) == 0x10451AF4);
    CHECK(m.config(1, 0, 8, 1) == 1);
    CHECK(m.config(2, 4, 0) == 0x10001AF4);
}

TEST_CASE("inert: the buses that there are have QEMU's names")
{
    CHECK(why_not(q35({asked("qemu-xhci", "usb"), asked("usb-tablet", "t", "usb.0"), asked("virtio-scsi-pci", "s"),
                       asked("virtio-serial-pci", "v"), asked("virtserialport", "x", "v.0"), asked("ich9-ahci", "sata"),
                       asked("ide-cd", "cd", "sata.5"), asked("ide-cd", "cd2", "ide.0"), asked("scsi-cd", "cd3", "s.0"),
                       asked("intel-hda", "h"), asked("hda-duplex", "hd", "h.0")})) == "made");
}

TEST_CASE("inert: a bus that does not fit is refused in QEMU's words")
{
    CHECK(why_not(q35({asked("i6300esb", "w", "nope")})) == "Bus 'nope' not found");
}

TEST_CASE("inert: a device that cannot go on PCI Express says so")
{
    CHECK(why_not(q35({asked("pcie-root-port", "rp", "pcie.0", 1), asked("ib700", "w", "rp")})) ==
          "Device 'ib700' can't go on PCIE bus");
}

TEST_CASE("inert: without a controller there is no bus for a tablet")
{
    CHECK(why_not(q35({asked("usb-tablet", "t")})) == "No 'usb-bus' bus found for device 'usb-tablet'");
}

TEST_CASE("inert: two root ports need a chassis or a slot each")
{
    CHECK(why_not(q35({{"pcie-root-port", "a"}, {"pcie-root-port", "b"}})) == "Can't add chassis slot, error -16");
}

TEST_CASE("inert: a conventional bridge needs a chassis")
{
    CHECK(why_not(q35({{"pci-bridge", "a"}})) ==
          "Bridge chassis not specified. Each bridge is required to be assigned a "
          "unique chassis id > 0.");
}

TEST_CASE("inert: a disk needs a drive")
{
    CHECK(why_not(q35({asked("virtio-scsi-pci", "s"), asked("scsi-hd", "d")})) == "drive property not set");
}

TEST_CASE("inert: a reset of the bus behind a bridge resets what is there")
{
    inert_machine m(q35({asked("pcie-root-port", "p", "pcie.0", 2), asked("pcie-pci-bridge", "c", "p", 0),
                         asked("i6300esb", "w", "c", 1), asked("i6300esb", "x", "pcie.0", 3)}));
    m.set(0, 2, 0x18, 0x00020100);
    m.set(1, 0, 0x18, 0x00020201);
    m.set(2, 1, 0x10, 0xFE000000);
    m.set(0, 3, 0x10, 0xFD000000);
    m.set(0, 2, 0x3E, 0x40, 2);
    CHECK(m.config(0, 3, 0x10) == 0xFD000000);
    CHECK(m.config(1, 0, 0x18) == 0); // the bridge behind has lost its numbers
    m.set(1, 0, 0x18, 0x00020201);
    CHECK(m.config(2, 1, 0x10) == 0);
}
