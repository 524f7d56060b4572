// SPDX-License-Identifier: Apache-2.0
// pvpanic's two faces, behind the routers and the PCI host that cut and place their accesses.
#include <catch.h>

#include <vigil/bus/address_router.h>
#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/memory.h>
#include <vigil/bus/pci_host.h>
#include <vigil/models/pvpanic.h>

#include "i6300esb_rig.h"

using vigil::bus::bus_initiator;
using vigil::bus::initiator_kind;
using vigil::models::pvpanic_isa;
using vigil::models::pvpanic_isa_parameters;
using vigil::models::pvpanic_pci;
using vigil::models::pvpanic_pci_parameters;
using vigil::models::test::elaborate;
using vigil::runstate::panic_info;
using vigil::runstate::report_context;
using vigil::runstate::reset_kind;

namespace {

/// Notes panics by a CPU as P, others as p, crash kernels as c, and shutdowns as s.
struct listener : vigil::runstate::panic_if {
    void guest_panicked(const std::optional<panic_info>& info, report_context context) override
    {
        CHECK_FALSE(info.has_value());
        heard += context == report_context::vcpu ? 'P' : 'p';
    }
    void guest_crashloaded(const std::optional<panic_info>& info) override
    {
        CHECK_FALSE(info.has_value());
        heard += 'c';
    }
    void guest_pvshutdown() override { heard += 's'; }
    std::string taken()
    {
        std::string all;
        all.swap(heard);
        return all;
    }
    std::string heard;
};

struct isa_rig : sc_core::sc_module, listener {
    explicit isa_rig(const sc_core::sc_module_name& name, const pvpanic_isa_parameters& parameters = {})
        : sc_module(name), device("device", parameters)
    {
        ports.map(0, 0x10000, nothing.socket, {4, -1});
        device.map(ports);
        device.panic.bind(*this);
        test.socket.bind(ports.target);
        cpu.socket.bind(ports.target);
        monitor.socket.bind(ports.target);
    }
    std::string out(std::uint64_t port, unsigned width, std::uint64_t value)
    {
        elaborate();
        CHECK(test.write_value(port, width, value) == tlm::TLM_OK_RESPONSE);
        return taken();
    }
    std::uint64_t in(std::uint64_t port, unsigned width)
    {
        elaborate();
        return test.read_value(port, width);
    }

    vigil::bus::address_router ports{"ports"};
    vigil::bus::unclaimed nothing{"nothing", 0xFF};
    pvpanic_isa device;
    bus_initiator test{"test", initiator_kind::test};
    bus_initiator cpu{"cpu", initiator_kind::vcpu, 3};
    bus_initiator monitor{"monitor", initiator_kind::host};
};

constexpr std::uint64_t k_base = 0xFEBF1000;

struct pci_rig : sc_core::sc_module, listener {
    explicit pci_rig(const sc_core::sc_module_name& name, const pvpanic_pci_parameters& parameters = {})
        : sc_module(name), device("device", parameters)
    {
        memory_router.map(0, 0, host.memory, {4, -1});
        port_router.map(0, 0x10000, host.io, {4, -1});
        port_router.map(0xCF8, 4, host.config_address);
        port_router.map(0xCFC, 4, host.config_data);
        memory.socket.bind(memory_router.target);
        ports.socket.bind(port_router.target);
        device.panic.bind(*this);
        REQUIRE_FALSE(host.attach(device, {3}).has_value());
    }
    void cfg(std::uint32_t offset, unsigned width, std::uint32_t value)
    {
        elaborate();
        ports.write_value(0xCF8, 4, 0x80001800U | (offset & 0xFCU));
        ports.write_value(0xCFC + (offset & 3), width, value);
    }
    std::uint64_t cfg(std::uint32_t offset, unsigned width)
    {
        elaborate();
        ports.write_value(0xCF8, 4, 0x80001800U | (offset & 0xFCU));
        return ports.read_value(0xCFC + (offset & 3), width);
    }
    void open_bar()
    {
        cfg(0x10, 4, k_base);
        cfg(0x04, 2, 2);
    }
    std::uint64_t read(std::uint64_t offset, unsigned width) { return memory.read_value(k_base + offset, width); }
    std::string write(std::uint64_t offset, unsigned width, std::uint64_t value)
    {
        CHECK(memory.write_value(k_base + offset, width, value) == tlm::TLM_OK_RESPONSE);
        return taken();
    }

    vigil::bus::address_router memory_router{"memory_router"};
    vigil::bus::address_router port_router{"port_router"};
    vigil::bus::pci_host host{"host"};
    pvpanic_pci device;
    bus_initiator memory{"memory", initiator_kind::vcpu};
    bus_initiator ports{"ports", initiator_kind::vcpu};
};

std::uint64_t number(vigil::runstate::inspectable& device, const std::string& name)
{
    for (const auto& p : device.properties()) {
        if (p.name == name) return std::get<std::uint64_t>(p.get());
    }
    return ~0ULL;
}

std::vector<std::string> messages;

void record(const sc_core::sc_report& report, const sc_core::sc_actions&)
{
    const std::string type = report.get_msg_type();
    if (type.find("/vigil/") == 0) messages.push_back(type + " " + report.get_msg());
}

} // namespace

TEST_CASE("pvpanic: bit 0 is a panic, bit 1 alone a crash kernel, the rest nothing")
{
    isa_rig r("rig");
    for (unsigned value = 0; value < 256; ++value) {
        CAPTURE(value);
        CHECK(r.out(0x505, 1, value) == ((value & 1) != 0 ? "p" : (value & 2) != 0 ? "c" : ""));
    }
}

TEST_CASE("pvpanic: every write is a fresh report")
{
    isa_rig r("rig");
    CHECK(r.out(0x505, 1, 1) == "p");
    CHECK(r.out(0x505, 1, 1) == "p");
    CHECK(r.out(0x505, 1, 2) == "c");
    CHECK(r.in(0x505, 1) == 3);
}

TEST_CASE("pvpanic: wide reads of the port replicate the byte, its neighbours are nobody's")
{
    isa_rig r("rig");
    CHECK(r.in(0x505, 1) == 0x03);
    CHECK(r.in(0x505, 2) == 0x0303);
    CHECK(r.in(0x505, 4) == 0x03030303);
    CHECK(r.in(0x504, 1) == 0xFF);
    CHECK(r.in(0x504, 2) == 0xFFFF);
    CHECK(r.in(0x506, 1) == 0xFF);
    std::uint8_t byte = 0;
    CHECK(r.test.read_debug(0x505, &byte, 1) == 1);
    CHECK(byte == 0x03);
    CHECK(r.heard.empty());
}

TEST_CASE("pvpanic: wide writes to the port are one report a byte, lowest first")
{
    isa_rig r("rig");
    CHECK(r.out(0x505, 2, 0x0100) == "p");
    CHECK(r.out(0x505, 2, 0x0101) == "pp");
    CHECK(r.out(0x505, 2, 0x0001) == "p");
    CHECK(r.out(0x505, 4, 0x02000001) == "pc");
    CHECK(r.out(0x504, 1, 0x01).empty());
    CHECK(r.out(0x504, 2, 0x0101).empty());
    CHECK(r.out(0x506, 1, 0x01).empty());
}

TEST_CASE("pvpanic: a CPU reports as such, host and test as the main loop")
{
    isa_rig r("rig");
    CHECK(r.out(0x505, 1, 1) == "p");
    r.cpu.write_value(0x505, 1, 1);
    CHECK(r.taken() == "P");
    r.monitor.write_value(0x505, 1, 1);
    CHECK(r.taken() == "p");
}

TEST_CASE("pvpanic: the events parameter limits reads and not writes")
{
    isa_rig r("rig", {0x510, 1});
    CHECK(r.in(0x510, 1) == 0x01);
    CHECK(r.in(0x510, 4) == 0x01010101);
    CHECK(r.in(0x505, 1) == 0xFF);
    CHECK(r.out(0x510, 1, 2) == "c");
    CHECK(r.device.type_name() == "pvpanic");
    CHECK(number(r.device, "events") == 1);
    CHECK(number(r.device, "ioport") == 0x510);
}

TEST_CASE("pvpanic: unknown bits are logged once")
{
    sc_core::sc_report_handler::set_handler(record);
    sc_core::sc_report_handler::set_verbosity_level(sc_core::SC_HIGH);
    isa_rig r("rig");
    CHECK(r.out(0x505, 1, 3) == "p");
    CHECK(messages.empty());
    CHECK(r.out(0x505, 1, 4).empty());
    CHECK(r.out(0x505, 1, 0xFD) == "p");
    REQUIRE(messages.size() == 1);
    CHECK(messages[0] == "/vigil/models/pvpanic rig.device: guest error: unknown bits in the written value 4; they are "
                         "ignored, here and later");
    sc_core::sc_report_handler::set_handler(nullptr);
}

TEST_CASE("pvpanic: with nobody bound a panic is told to nobody")
{
    pvpanic_isa device("device");
    bus_initiator io("io", initiator_kind::vcpu);
    io.socket.bind(device.event);
    elaborate();
    CHECK(io.write_value(0, 1, 0x03) == tlm::TLM_OK_RESPONSE);
    CHECK(io.read_value(0, 1) == 0x03);
}

TEST_CASE("pvpanic: two devices may stand on one port, and the one of higher priority hears")
{
    struct pair : isa_rig {
        explicit pair(const sc_core::sc_module_name& name) : isa_rig(name) { second.map(ports, 1); }
        pvpanic_isa second{"second", pvpanic_isa_parameters{0x505, 1}};
    };
    pair r("rig");
    CHECK(r.in(0x505, 1) == 0x01);
    CHECK(r.out(0x505, 1, 1).empty()); // to the second, which is unbound
}

TEST_CASE("pvpanic-pci: identity and the probe of a BAR of 2 bytes")
{
    pci_rig r("rig");
    CHECK(r.cfg(0x00, 4) == 0x00111B36);
    CHECK(r.cfg(0x08, 4) == 0x08800001);
    CHECK(r.cfg(0x0E, 1) == 0x00);
    CHECK(r.cfg(0x2C, 4) == 0x11001AF4);
    CHECK(r.cfg(0x3D, 1) == 0x00);
    CHECK(r.cfg(0x10, 4) == 0);
    r.cfg(0x10, 4, 0xFFFFFFFF);
    CHECK(r.cfg(0x10, 4) == 0xFFFFFFFE);
    CHECK(r.cfg(0x14, 4) == 0);
}

TEST_CASE("pvpanic-pci: reads at each width")
{
    pci_rig r("rig");
    r.open_bar();
    CHECK(r.read(0, 1) == 0x03);
    CHECK(r.read(1, 1) == 0x03);
    CHECK(r.read(0, 2) == 0x0303);
    CHECK(r.read(0, 4) == 0x03030303);
    CHECK(r.read(0, 8) == 0x03030303);
    for (const unsigned width : {1U, 2U, 4U}) CHECK(r.read(width < 4 ? 2 : 4, width) == 0);
    CHECK(r.read(3, 1) == 0);
    CHECK(r.heard.empty());
}

TEST_CASE("pvpanic-pci: writes are one report a byte")
{
    pci_rig r("rig");
    r.open_bar();
    CHECK(r.write(0, 1, 0x01) == "P");
    CHECK(r.write(1, 1, 0x01) == "P");
    CHECK(r.write(1, 1, 0x02) == "c");
    CHECK(r.write(0, 2, 0x0100) == "P");
    CHECK(r.write(0, 4, 0x01000000) == "P");
    CHECK(r.write(0, 2, 0x0101) == "PP");
    CHECK(r.write(0, 8, 0x0101) == "PP");
    CHECK(r.write(2, 1, 0x01).empty());
    CHECK(r.write(4, 4, 0x01010101).empty());
}

TEST_CASE("pvpanic-pci: decoded at any even base, while command bit 1 is set")
{
    pci_rig r("rig", {1});
    r.cfg(0x10, 4, k_base);
    CHECK(r.read(0, 1) == 0);
    CHECK(r.write(0, 1, 1).empty());
    r.cfg(0x04, 2, 1);
    CHECK(r.read(0, 1) == 0);
    r.cfg(0x04, 2, 2);
    CHECK(r.read(0, 1) == 0x01);
    r.cfg(0x10, 4, k_base + 6);
    CHECK(r.read(0, 1) == 0);
    CHECK(r.read(6, 2) == 0x0101);
    CHECK(r.read(8, 1) == 0);
}

TEST_CASE("pvpanic-pci: a reset ends the decoding, and power-on clears storage")
{
    pci_rig r("rig");
    r.open_bar();
    r.cfg(0x80, 4, 0x12345678);
    r.device.reset(reset_kind::warm);
    CHECK(r.read(0, 1) == 0);
    CHECK(r.cfg(0x10, 4) == 0);
    CHECK(r.cfg(0x80, 4) == 0x12345678);
    r.device.reset(reset_kind::cold);
    CHECK(r.cfg(0x80, 4) == 0);
}

TEST_CASE("pvpanic-pci: state is saved and restored, or refused whole")
{
    pci_rig r("rig");
    r.open_bar();
    r.cfg(0x80, 4, 0x12345678);
    const auto state = r.device.save();
    r.device.reset(reset_kind::cold);
    REQUIRE_FALSE(r.device.restore(state).has_value());
    CHECK(r.read(0, 1) == 0x03);
    CHECK(r.cfg(0x80, 4) == 0x12345678);
    CHECK(number(r.device, "events") == 3);
    CHECK(r.device.type_name() == "pvpanic-pci");

    auto bad = state;
    std::get<std::vector<std::uint8_t>>(bad[0].value)[0] = 0x37;
    CHECK(r.device.restore(bad).has_value());
    bad = state;
    std::get<std::vector<std::uint8_t>>(bad[0].value).pop_back();
    CHECK(r.device.restore(bad).has_value());
    bad = state;
    bad[0].name = "other";
    CHECK(r.device.restore(bad).has_value());
    bad[0] = {"config", std::uint64_t{1}};
    CHECK(r.device.restore(bad).has_value());
    CHECK(r.device.restore({}).has_value());
    CHECK(r.read(0, 1) == 0x03);
}

TEST_CASE("pvpanic: a shutdown is reported where bit 2 is known, after a panic and a crash kernel")
{
    pvpanic_isa_parameters parameters;
    parameters.shutdown = true;
    isa_rig r("r", parameters);
    elaborate();
    for (const unsigned bits : {0x04U, 0x0CU, 0x05U, 0x06U, 0x08U}) r.test.write_value(0x505, 1, bits);
    CHECK(r.taken() == "sspc");
}
