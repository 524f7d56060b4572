// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <random>
#include <string>

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <catch.h>

#include <vigil/bus/address_router.h>
#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/memory.h>
#include <vigil/bus/pci_host.h>

#include "recorder.h"

using namespace vigil::bus;

namespace {

/// A small PC: I/O ports with the configuration ports and a one-byte register at CF9, memory with RAM and the PCI hole,
/// one function at 00:02.0.
struct pc {
    pc()
    {
        ports.map(0, 0x10000, host.io, {4, -1});
        ports.map(0xCF8, 4, host.config_address);
        ports.map(0xCFC, 4, host.config_data);
        ports.map(0xCF9, 1, reset_port.socket, {1, 1});
        map.map(0, 0x1000, ram.socket, {0, 0});
        map.map(0, 0, host.memory, {4, -1});
        io.socket.bind(ports.target);
        mem.socket.bind(map.target);
        REQUIRE_FALSE(host.attach(function, {2}));
    }

    void select(std::uint32_t reg, unsigned slot = 2, unsigned fn = 0, unsigned bus = 0)
    {
        io.write_value(0xCF8, 4, 0x80000000U | bus << 16 | slot << 11 | fn << 8 | (reg & 0xFC));
    }
    std::uint64_t config(std::uint32_t reg, unsigned width, unsigned slot = 2, unsigned fn = 0, unsigned bus = 0)
    {
        select(reg, slot, fn, bus);
        return io.read_value(0xCFC + (reg & 3), width);
    }
    void set_config(std::uint32_t reg, unsigned width, std::uint64_t value)
    {
        select(reg);
        CHECK(io.write_value(0xCFC + (reg & 3), width, value) == tlm::TLM_OK_RESPONSE);
    }
    void open_bars()
    {
        set_config(0x10, 4, 0xE0000000);
        set_config(0x18, 4, 0xC100);
        set_config(0x04, 2, pci_command::memory | pci_command::io);
    }

    struct byte_port : sc_core::sc_module {
        explicit byte_port(const sc_core::sc_module_name& name) : sc_module(name) {}
        recorder device;
        register_socket socket{"socket", device, 1, 1};
    };

    address_router ports{"ports"};
    address_router map{"map"};
    memory ram{"ram", 0x1000};
    byte_port reset_port{"reset_port"};
    pci_host host{"host"};
    sample_function function{"function"};
    bus_initiator io{"io", initiator_kind::vcpu, 1};
    bus_initiator mem{"mem", initiator_kind::vcpu, 1};
};

} // namespace

TEST_CASE("pci host: the configuration ports reach the function at each width")
{
    pc m;
    elaborate();
    CHECK(m.config(0x00, 4) == 0x25AB8086);
    CHECK(m.config(0x02, 2) == 0x25AB);
    CHECK(m.config(0x0B, 1) == 0x08);
    m.set_config(0x40, 4, 0x11223344);
    m.set_config(0x43, 1, 0x55);
    CHECK(m.config(0x40, 4) == 0x55223344);
    m.set_config(0x60, 2, 0xABCD);
    CHECK(m.function.live == 0xABCD);
    CHECK(m.function.origin.vcpu == 1);
    CHECK(m.config(0x60, 4) == 0);
    CHECK(m.config(0x60, 2) == 0xABCD);
}

TEST_CASE("pci host: absent functions and other buses read all ones and lose writes")
{
    pc m;
    elaborate();
    CHECK(m.config(0, 4, 3) == 0xFFFFFFFF);
    CHECK(m.config(0, 2, 2, 1) == 0xFFFF);
    CHECK(m.config(0, 1, 2, 0, 1) == 0xFF);
    m.select(0x40, 3);
    CHECK(m.io.write_value(0xCFC, 4, 1) == tlm::TLM_OK_RESPONSE);
    CHECK(m.config(0x40, 4) == 0);
}

TEST_CASE("pci host: with bit 31 clear the data ports read all ones and lose writes")
{
    pc m;
    elaborate();
    m.io.write_value(0xCF8, 4, 0x00001040);
    CHECK(m.io.read_value(0xCFC, 4) == 0xFFFFFFFF);
    CHECK(m.io.write_value(0xCFC, 4, 0x11223344) == tlm::TLM_OK_RESPONSE);
    CHECK(m.config(0x40, 4) == 0);
}

TEST_CASE("pci host: the configuration address takes dword writes only and is read from its low byte")
{
    pc m;
    elaborate();
    m.io.write_value(0xCF8, 4, 0x80001234);
    CHECK(m.io.write_value(0xCF8, 2, 0xFFFF) == tlm::TLM_OK_RESPONSE);
    CHECK(m.io.write_value(0xCF8, 1, 0xFF) == tlm::TLM_OK_RESPONSE);
    CHECK(m.io.write_value(0xCFA, 2, 0xFFFF) == tlm::TLM_OK_RESPONSE);
    CHECK(m.io.write_value(0xCFB, 1, 0xFF) == tlm::TLM_OK_RESPONSE);
    CHECK(m.io.read_value(0xCF8, 4) == 0x80001234);
    CHECK(m.io.read_value(0xCF8, 2) == 0x1234);
    CHECK(m.io.read_value(0xCFA, 2) == 0x1234);
    CHECK(m.io.read_value(0xCFB, 1) == 0x34);
}

TEST_CASE("pci host: a byte at CF9 is the register inside, a dword at CF8 passes over it")
{
    pc m;
    elaborate();
    m.io.write_value(0xCF8, 4, 0x80001040);
    CHECK(m.reset_port.device.take().empty());
    m.io.write_value(0xCF9, 1, 0x06);
    CHECK(m.reset_port.device.take() == "w1@0=6");
    CHECK(m.io.read_value(0xCF8, 4) == 0x80001040);
    m.io.write_value(0xCF9, 2, 0x0702);
    CHECK(m.reset_port.device.take() == "w1@0=2");
    CHECK(m.io.read_value(0xCF8, 4) == 0x80001040);
    CHECK(m.io.read_value(0xCF9, 2) == 0x4002);
}

TEST_CASE("pci host: a dword at CFE writes the two low bytes only")
{
    pc m;
    elaborate();
    m.select(0x40);
    CHECK(m.io.write_value(0xCFE, 4, 0x11223344) == tlm::TLM_OK_RESPONSE);
    CHECK(m.config(0x40, 4) == 0x33440000);
    CHECK(m.config(0x44, 4) == 0);
    m.select(0x40);
    CHECK(m.io.read_value(0xCFE, 4) == 0xFFFF3344);
    CHECK(m.io.read_value(0xCFF, 2) == 0xFF33);
}

TEST_CASE("pci host: low bits in the configuration address shift the access within the function")
{
    pc m;
    elaborate();
    m.set_config(0x40, 4, 0x44332211);
    m.set_config(0x44, 4, 0x88776655);
    m.io.write_value(0xCF8, 4, 0x80001041);
    CHECK(m.io.read_value(0xCFC, 4) == 0x55443322);
    CHECK(m.io.read_value(0xCFD, 1) == 0x22);
    m.io.write_value(0xCF8, 4, 0x8000105F);
    CHECK(m.io.write_value(0xCFC, 4, 0xFFFFFFFF) == tlm::TLM_OK_RESPONSE);
    CHECK(m.function.live == 0x1234);

    m.set_config(0xFC, 4, 0x44332211);
    m.io.write_value(0xCF8, 4, 0x800010FD);
    CHECK(m.io.read_value(0xCFC, 4) == 0x00443322);
    m.io.write_value(0xCF8, 4, 0x800010FE);
    CHECK(m.io.read_value(0xCFC, 4) == 0x00004433);
    CHECK(m.io.write_value(0xCFC, 4, 0xAABBCCDD) == tlm::TLM_OK_RESPONSE);
    CHECK(m.config(0xFC, 4) == 0xCCDD2211);
}

TEST_CASE("pci host: without a router the ports cut odd accesses as one would, and refuse what is beyond them")
{
    pci_host host("host");
    sample_function function("function");
    bus_initiator address("address", initiator_kind::vcpu), data("data", initiator_kind::vcpu);
    address.socket.bind(host.config_address);
    data.socket.bind(host.config_data);
    REQUIRE_FALSE(host.attach(function, {2}));
    elaborate();
    address.write_value(0, 4, 0x80001040);
    for (bus_initiator* port : {&address, &data}) {
        CHECK(port->write_value(0, 3, 0) == tlm::TLM_OK_RESPONSE);
        CHECK(port->write_value(1, 2, 0) == tlm::TLM_OK_RESPONSE);
        CHECK(port->write_value(4, 4, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
        std::array<std::uint8_t, 4> bytes{};
        access enabled(tlm::TLM_READ_COMMAND, 0, bytes.data(), 4);
        enabled.set_byte_enable_ptr(bytes.data());
        sc_core::sc_time delay;
        port->socket->b_transport(enabled, delay);
        CHECK(enabled.get_response_status() == tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
        bytes.fill(0xFF);
        enabled.set_byte_enable_length(4);
        access read(tlm::TLM_READ_COMMAND, 0, bytes.data(), 4);
        port->socket->b_transport(read, delay);
        CHECK(read.get_response_status() == tlm::TLM_OK_RESPONSE);
    }
    CHECK(address.read_value(0, 4) == 0x80001040); // bytes and words do not reach it
    CHECK(data.write_value(1, 2, 0x2211) == tlm::TLM_OK_RESPONSE);
    CHECK(data.read_value(0, 4) == 0x00221100);
    CHECK(data.write_value(0, 8, 0xAABBCCDD'44332211) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(data.read_value(0, 4) == 0x44332211);
    CHECK(address.write_value(0, 8, 0x80001000) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(data.read_value(0, 4) == 0x25AB8086);
    std::array<std::uint8_t, 8> bytes{};
    CHECK(data.read_debug(1, bytes.data(), 8) == 3);
    CHECK(bytes[0] == 0x80);
    CHECK(address.read_debug(0, bytes.data(), 8) == 4);
}

TEST_CASE("pci host: without a router memory and I/O space cut accesses as one would")
{
    pci_host host("host");
    sample_function function("function");
    bus_initiator mem("mem", initiator_kind::vcpu), io("io", initiator_kind::vcpu);
    bus_initiator address("address", initiator_kind::vcpu), data("data", initiator_kind::vcpu);
    mem.socket.bind(host.memory);
    io.socket.bind(host.io);
    address.socket.bind(host.config_address);
    data.socket.bind(host.config_data);
    REQUIRE_FALSE(host.attach(function, {2}));
    elaborate();
    const auto set_config = [&](std::uint32_t reg, std::uint32_t value) {
        address.write_value(0, 4, 0x80001000 | reg);
        data.write_value(0, 4, value);
    };
    set_config(0x10, 0xE0000000);
    set_config(0x18, 0xC100);
    set_config(0x04, pci_command::memory | pci_command::io);

    mem.write_value(0xE0000000, 8, 0x1122334455667788);
    CHECK(function.memory_device.take() == "w4@0=55667788 w4@4=11223344");
    std::array<std::uint8_t, 64> line{};
    CHECK(mem.read(0xDFFFFFF8, line.data(), 64) == tlm::TLM_OK_RESPONSE);
    CHECK(function.memory_device.take() == "r4@0 r4@4 r4@8 r4@C");
    CHECK(line[7] == 0);
    CHECK(line[8] == 0x88);
    CHECK(line[63] == 0);
    CHECK(io.read_value(0xC106, 4) == 0xFFFF0000);
    CHECK(function.io_device.take() == "r2@6");
    mem.read_debug(0xDFFFFFFC, line.data(), 12);
    CHECK(line[4] == 0x88);
    CHECK(line[11] == 0x11);
    CHECK(mem.read_value(0xFFFF'FFFF'FFFF'FFFC, 8) == 0);
    CHECK(mem.last_response() == tlm::TLM_ADDRESS_ERROR_RESPONSE); // nothing wraps round

    host.set_ecam_window(0xB0000000, 256U << 20);
    CHECK(mem.read_value(0xB0010000, 8) == 0x00000003'25AB8086);
    CHECK(mem.read_value(0xB0010001, 4) == 0x0325AB80);
    CHECK(mem.read(0xB00100E0, line.data(), 64) == tlm::TLM_OK_RESPONSE);
    CHECK(line[31] == 0);
    CHECK(line[32] == 0xFF); // beyond 256 bytes
}

TEST_CASE("pci host: an aligned quadword goes whole where a BAR takes it")
{
    struct wide : pci_function {
        explicit wide(const sc_core::sc_module_name& name) : pci_function(name, {0x1B36, 0x0011, 0x088000})
        {
            add_bar(0, bar_kind::memory, 16, registers);
        }
        recorder device;
        register_socket registers{"registers", device, 16, 8};
    };
    pci_host host("host");
    wide function("function");
    bus_initiator mem("mem", initiator_kind::vcpu), io("io", initiator_kind::vcpu);
    mem.socket.bind(host.memory);
    REQUIRE_FALSE(host.attach(function, {2}));
    io.socket.bind(function.config);
    elaborate();
    io.write_value(0x10, 4, 0xE0000000);
    io.write_value(0x04, 2, pci_command::memory);
    mem.write_value(0xE0000008, 8, 0x1122334455667788);
    mem.write_value(0xE0000004, 8, 0);
    CHECK(function.device.take() == "w8@8=1122334455667788 w4@4=0 w4@8=0");
}

TEST_CASE("pci host: each of its sockets takes streaming width 0 as the length, with one warning")
{
    const report_log log;
    pci_host host("host");
    const std::array<shared_target_socket*, 4> sockets{&host.config_address, &host.config_data, &host.memory, &host.io};
    bus_initiator address("address", initiator_kind::vcpu), data("data", initiator_kind::vcpu);
    bus_initiator mem("mem", initiator_kind::vcpu), io("io", initiator_kind::vcpu);
    const std::array<bus_initiator*, 4> initiators{&address, &data, &mem, &io};
    for (std::size_t i = 0; i < 4; ++i) initiators.at(i)->socket.bind(*sockets.at(i));
    elaborate();
    std::array<std::uint8_t, 4> bytes{};
    access payload(tlm::TLM_READ_COMMAND, 0, bytes.data(), 4);
    payload.set_streaming_width(0);
    for (std::size_t i = 0; i < 8; ++i) {
        sc_core::sc_time delay;
        initiators.at(i % 4)->socket->b_transport(payload, delay);
        CHECK(payload.get_response_status() == tlm::TLM_OK_RESPONSE);
    }
    REQUIRE(log.entries().size() == 4);
    CHECK(log.entries()[0].text.find("host.config_address: ") == 0);
    CHECK(log.entries()[1].text.find("host.config_data: ") == 0);
    CHECK(log.entries()[2].text.find("host.memory: ") == 0);
    CHECK(log.entries()[3].text.find("host.io: ") == 0);
}

TEST_CASE("pci host: a BAR's size is found by writing ones")
{
    pc m;
    elaborate();
    m.set_config(0x04, 2, pci_command::memory);
    m.set_config(0x10, 4, 0xFFFFFFFF);
    CHECK(m.config(0x10, 4) == 0xFFFFFFF0);
    CHECK(m.mem.read_value(0xFFFFFFF0, 4) == 0);
    CHECK(m.function.memory_device.take().empty());
    m.set_config(0x18, 4, 0xFFFFFFFF);
    CHECK(m.config(0x18, 4) == 0xFFFFFFF9);
}

TEST_CASE("pci host: BARs decode memory and ports, unclaimed addresses read zeros and ones")
{
    pc m;
    elaborate();
    CHECK(m.mem.read_value(0xE0000000, 4) == 0);
    CHECK(m.io.read_value(0xC100, 4) == 0xFFFFFFFF);
    m.open_bars();
    m.mem.write_value(0xE0000004, 4, 0x11223344);
    CHECK(m.function.memory_device.take() == "w4@4=11223344");
    CHECK(m.mem.read_value(0xE0000004, 4) == 0x11223344);
    m.io.write_value(0xC102, 2, 0x5566);
    CHECK(m.function.io_device.take() == "w2@2=5566");
    CHECK(m.mem.read_value(0xE0000010, 4) == 0);
    CHECK(m.io.read_value(0xC108, 2) == 0xFFFF);
    CHECK(m.mem.write_value(0xDFFFFFFC, 4, 1) == tlm::TLM_OK_RESPONSE);
    CHECK(m.io.write_value(0xC0FF, 1, 1) == tlm::TLM_OK_RESPONSE);
}

TEST_CASE("pci host: an unaligned access runs into a BAR and out of it in pieces")
{
    pc m;
    elaborate();
    m.open_bars();
    m.function.memory_device.bytes.fill(0xAA);
    CHECK(m.mem.read_value(0xDFFFFFFE, 4) == 0xAAAA0000);
    CHECK(m.mem.read_value(0xE000000E, 4) == 0x0000AAAA);
    m.function.memory_device.take();
    m.mem.write_value(0xE000000B, 4, 0x00008600);
    CHECK(m.function.memory_device.take() == "w1@B=0 w2@C=86 w1@E=0");
    m.mem.write_value(0xE0000000, 8, 0x1122334455667788);
    CHECK(m.function.memory_device.take() == "w4@0=55667788 w4@4=11223344");
}

TEST_CASE("pci host: moving a BAR moves the window at once and clearing the command bit hides it")
{
    pc m;
    elaborate();
    m.open_bars();
    m.mem.write_value(0xE0000000, 4, 1);
    m.set_config(0x10, 4, 0xE0001000);
    m.mem.write_value(0xE0000000, 4, 2);
    m.mem.write_value(0xE0001000, 4, 3);
    CHECK(m.function.memory_device.take() == "w4@0=1 w4@0=3");
    m.set_config(0x04, 2, 0);
    m.mem.write_value(0xE0001000, 4, 4);
    CHECK(m.mem.read_value(0xE0001000, 4) == 0);
    CHECK(m.io.read_value(0xC100, 1) == 0xFF);
    CHECK(m.function.memory_device.take().empty());
    m.set_config(0x04, 2, pci_command::memory);
    CHECK(m.mem.read_value(0xE0001000, 4) == 3);
    m.set_config(0x10, 4, 0);
    CHECK(m.mem.read_value(0x0, 4) == 0);
    m.set_config(0x10, 4, 0xE0001000);
    m.function.reset_header();
    CHECK(m.mem.read_value(0xE0001000, 4) == 0);
    CHECK(m.function.memory_device.take() == "r4@0");
}

TEST_CASE("pci host: RAM mapped above the PCI space hides a BAR")
{
    pc m;
    elaborate();
    m.open_bars();
    m.set_config(0x10, 4, 0x100);
    m.mem.write_value(0x100, 4, 5);
    CHECK(m.function.memory_device.take().empty());
    CHECK(m.ram.data()[0x100] == 5);
}

TEST_CASE("pci host: where windows overlap the function attached first wins")
{
    pc m;
    sample_function second("second");
    REQUIRE_FALSE(m.host.attach(second, {3}));
    elaborate();
    m.open_bars();
    m.select(0x10, 3);
    m.io.write_value(0xCFC, 4, 0xE0000000);
    m.select(0x04, 3);
    m.io.write_value(0xCFC, 2, pci_command::memory);
    m.mem.write_value(0xE0000000, 4, 1);
    CHECK(m.function.memory_device.take() == "w4@0=1");
    CHECK(second.memory_device.take().empty());
    m.set_config(0x04, 2, 0);
    m.mem.write_value(0xE0000000, 4, 2);
    CHECK(second.memory_device.take() == "w4@0=2");
}

TEST_CASE("pci host: the ECAM window reaches configuration space with the same widths")
{
    pc m;
    elaborate();
    const std::uint64_t base = 0xB0000000;
    const std::uint64_t fn = base + (2 << 15);
    CHECK(m.mem.read_value(fn, 4) == 0);
    m.host.set_ecam_window(base, 256U << 20);
    CHECK(m.mem.read_value(fn, 4) == 0x25AB8086);
    m.mem.write_value(fn + 0x60, 2, 0x4321);
    CHECK(m.function.live == 0x4321);
    CHECK(m.mem.read_value(fn + 0x60, 4) == 0);
    m.mem.write_value(fn + 0x42, 4, 0x11223344);
    CHECK(m.config(0x40, 4) == 0x33440000);
    CHECK(m.config(0x44, 4) == 0x00001122);
    m.host.set_ecam_window(base, 0);
    CHECK(m.mem.read_value(fn, 4) == 0);
}

TEST_CASE("pci host: beyond 256 bytes, beyond bus 0 and beyond the functions ECAM reads all ones")
{
    pc m;
    elaborate();
    const std::uint64_t base = 0xB0000000;
    const std::uint64_t fn = base + (2 << 15);
    m.host.set_ecam_window(base, 256U << 20);
    CHECK(m.mem.read_value(fn + 0x100, 4) == 0xFFFFFFFF);
    CHECK(m.mem.write_value(fn + 0x100, 4, 0) == tlm::TLM_OK_RESPONSE);
    CHECK(m.mem.read_value(fn + 0xFE, 4) == 0xFFFF0000);
    CHECK(m.mem.read_value(fn + 0x1000, 4) == 0xFFFFFFFF);
    CHECK(m.mem.read_value(fn + (1 << 20), 2) == 0xFFFF);
    CHECK(m.mem.read_value(base + (256U << 20), 4) == 0);
    CHECK(m.mem.read_value(base - 4, 4) == 0);
}

TEST_CASE("pci host: the ECAM window moves, and may be moved through itself")
{
    pc m;
    /// A bridge whose dword at 60h is the window's base.
    struct bridge : pci_function {
        bridge(const sc_core::sc_module_name& name, pci_host& host)
            : pci_function(name, {0x8086, 0x29C0, 0x060000}), host_(host)
        {
        }
        void config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                          const access_context& context) override
        {
            pci_function::config_write(offset, width, value, context);
            const std::uint32_t bar = config_read(0x60, 4);
            host_.set_ecam_window(bar & 0xF0000000, (bar & 1) != 0 ? 256U << 20 : 0);
        }
        pci_host& host_;
    };
    bridge b("bridge", m.host);
    REQUIRE_FALSE(m.host.attach(b, {0}));
    elaborate();
    m.select(0x60, 0);
    m.io.write_value(0xCFC, 4, 0xB0000001);
    CHECK(m.mem.read_value(0xB0000000, 4) == 0x29C08086);
    CHECK(m.mem.write_value(0xB0000060, 4, 0xC0000001) == tlm::TLM_OK_RESPONSE);
    CHECK(m.mem.read_value(0xB0000000, 4) == 0);
    CHECK(m.mem.read_value(0xC0000000, 4) == 0x29C08086);
    CHECK(m.mem.write_value(0xC0000060, 4, 0) == tlm::TLM_OK_RESPONSE);
    CHECK(m.mem.read_value(0xC0000000, 4) == 0);
}

namespace {

/// A host with a function in slot 2 behind two windows that a bus subtracts the start of, and ECAM open at the first.
struct windowed {
    static constexpr std::uint64_t k_ecam = 0x30000000;
    static constexpr std::uint64_t k_mmio = 0x40000000;
    static constexpr std::uint64_t k_function = 2 << 15; ///< in ECAM

    windowed()
    {
        ecam.socket.bind(ecam_window.target);
        mmio.socket.bind(mmio_window.target);
        absolute.socket.bind(host.memory);
        REQUIRE_FALSE(host.attach(function, {2}));
        host.set_ecam_window(k_ecam, 256U << 20);
    }

    pci_host host{"host"};
    sample_function function{"function"};
    pci_memory_window ecam_window{"ecam_window", host, k_ecam};
    pci_memory_window mmio_window{"mmio_window", host, k_mmio};
    bus_initiator ecam{"ecam", initiator_kind::vcpu};
    bus_initiator mmio{"mmio", initiator_kind::vcpu};
    bus_initiator absolute{"absolute", initiator_kind::vcpu};
};

} // namespace

TEST_CASE("pci memory window: addresses count from its base, to ECAM and to BARs, each from its own")
{
    const report_log log;
    windowed w;
    elaborate();
    CHECK(w.ecam.read_value(windowed::k_function, 4) == 0x25AB8086);
    CHECK(w.ecam.write_value(windowed::k_function + 0x10, 4, 0x40001000) == tlm::TLM_OK_RESPONSE);
    CHECK(w.ecam.write_value(windowed::k_function + 0x04, 2, pci_command::memory) == tlm::TLM_OK_RESPONSE);
    CHECK(w.mmio.write_value(0x1000, 8, 0x1122334455667788) == tlm::TLM_OK_RESPONSE);
    CHECK(w.function.memory_device.take() == "w4@0=55667788 w4@4=11223344");
    CHECK(w.absolute.read_value(0x40001004, 4) == 0x11223344);
    std::array<std::uint8_t, 8> data{};
    CHECK(w.mmio.read_debug(0xFFC, data.data(), 8) == 8);
    CHECK(data[3] == 0);
    CHECK(data[4] == 0x88);
    CHECK(w.mmio.read_value(0x2000, 4) == 0);
    CHECK(w.mmio.last_response() == tlm::TLM_OK_RESPONSE);
    CHECK(w.mmio.write_value(0xFFFF'FFFF'C000'0000, 4, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE); // beyond 64 bits
    CHECK(log.entries().empty());
}

TEST_CASE(
    "pci host: ECAM accesses that arrive without the window's base are errors, with one warning that says the base")
{
    const report_log log;
    windowed w;
    elaborate();
    std::array<std::uint8_t, 4> data{};
    CHECK(w.absolute.read_debug(windowed::k_function, data.data(), 4) == 0);
    CHECK(log.entries().empty());
    for (const std::uint64_t address : {std::uint64_t{0}, windowed::k_function, windowed::k_function}) {
        CHECK(w.absolute.read_value(address, 4) == 0);
        CHECK(w.absolute.last_response() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    REQUIRE(log.entries().size() == 1);
    CHECK(log.entries()[0].type == "/vigil/bus/window_base");
    CHECK(log.entries()[0].text ==
          "host.memory: an access to 0x0 reaches nothing, and none has reached the ECAM window at 0x30000000; where "
          "the bus subtracts the start of that window, bind it to a pci_memory_window of base 0x30000000");

    // Somebody who knows where the window is shows that low addresses are meant.
    CHECK(w.absolute.read_value(windowed::k_ecam + windowed::k_function, 4) == 0x25AB8086);
    CHECK(w.absolute.read_value(windowed::k_function, 4) == 0);
    CHECK(w.absolute.last_response() == tlm::TLM_OK_RESPONSE);
    CHECK(log.entries().size() == 1);
}

TEST_CASE("pci memory window: another window's base, or absolute addresses, are warned of likewise")
{
    const report_log log;
    windowed w;
    elaborate();
    CHECK(w.mmio.read_value(windowed::k_function, 4) == 0);
    CHECK(w.mmio.last_response() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(w.ecam.read_value(windowed::k_ecam + windowed::k_function, 4) == 0);
    CHECK(w.ecam.last_response() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    REQUIRE(log.entries().size() == 2);
    CHECK(log.entries()[0].text.find("mmio_window.target: an access to 0x10000 reaches nothing with base 0x40000000") ==
          0);
    CHECK(log.entries()[0].text.find("pci_memory_window of base 0x30000000") != std::string::npos);
    CHECK(log.entries()[1].text.find("ecam_window.target: an access to 0x30010000 reaches nothing") == 0);
    CHECK(log.entries()[1].text.find("bind it to the host's socket `memory`") != std::string::npos);
}

TEST_CASE("pci host: with ECAM closed low addresses of memory space read zero, and nothing is warned of")
{
    const report_log log;
    windowed w;
    w.host.set_ecam_window(windowed::k_ecam, 0);
    elaborate();
    CHECK(w.absolute.read_value(windowed::k_function, 4) == 0);
    CHECK(w.absolute.last_response() == tlm::TLM_OK_RESPONSE);
    CHECK(log.entries().empty());
}

TEST_CASE("pci host: the ECAM window wins over a BAR")
{
    pc m;
    elaborate();
    m.open_bars();
    m.host.set_ecam_window(0xE0000000, 256U << 20);
    CHECK(m.mem.read_value(0xE0000000, 4) == 0xFFFFFFFF);
    m.host.set_ecam_window(0, 0);
    CHECK(m.mem.read_value(0xE0000000, 4) == 0);
    CHECK(m.function.memory_device.take() == "r4@0");
}

TEST_CASE("pci host: a reset forgets the configuration address")
{
    pc m;
    elaborate();
    m.select(0x40);
    m.host.reset();
    CHECK(m.io.read_value(0xCF8, 4) == 0);
    CHECK(m.io.read_value(0xCFC, 4) == 0xFFFFFFFF);
}

TEST_CASE("pci host: debug transport reads everything and changes nothing")
{
    pc m;
    elaborate();
    m.open_bars();
    m.function.memory_device.bytes.fill(0x5A);
    std::array<std::uint8_t, 4> data{};
    CHECK(m.mem.read_debug(0xE0000004, data.data(), 4) == 4);
    CHECK(data[3] == 0x5A);
    CHECK(m.mem.read_debug(0xD0000000, data.data(), 4) == 4);
    CHECK(data[3] == 0);
    CHECK(m.io.read_debug(0x1000, data.data(), 4) == 4);
    CHECK(data[3] == 0xFF);
    m.select(0x00);
    CHECK(m.io.read_debug(0xCFC, data.data(), 4) == 4);
    CHECK(data[3] == 0x25);
    CHECK(m.io.read_debug(0xCF8, data.data(), 4) == 4);
    CHECK(data[3] == 0x80);
    m.host.set_ecam_window(0xB0000000, 256U << 20);
    CHECK(m.mem.read_debug(0xB0000000 + (2 << 15), data.data(), 4) == 4);
    CHECK(data[3] == 0x25);
    CHECK(m.mem.read_debug(0xB0000000, data.data(), 4) == 4);
    CHECK(data[3] == 0xFF);

    data.fill(0);
    for (const std::uint64_t address : {0xE0000004ULL, 0xD0000000ULL, 0xB0000000ULL, 0xB0010040ULL}) {
        access write(tlm::TLM_WRITE_COMMAND, address, data.data(), 4);
        CHECK(m.mem.socket->transport_dbg(write) == 0);
    }
    for (const std::uint64_t address : {0xCF8ULL, 0xCFCULL, 0xCF9ULL, 0x1000ULL}) {
        access write(tlm::TLM_WRITE_COMMAND, address, data.data(), 4);
        CHECK(m.io.socket->transport_dbg(write) == 0);
    }
    CHECK(m.io.read_value(0xCF8, 4) == 0x80001000);
    CHECK(m.function.memory_device.take().empty());
    CHECK(m.reset_port.device.take().empty());
}

TEST_CASE("pci host: DMI is refused and the non-blocking path completes at once")
{
    pc m;
    elaborate();
    m.open_bars();
    std::array<std::uint8_t, 4> data{};
    access payload(tlm::TLM_READ_COMMAND, 0xE0000000, data.data(), 4);
    tlm::tlm_dmi dmi;
    CHECK_FALSE(m.mem.socket->get_direct_mem_ptr(payload, dmi));
    CHECK(dmi.is_none_allowed());
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay;
    CHECK(m.mem.socket->nb_transport_fw(payload, phase, delay) == tlm::TLM_COMPLETED);
    CHECK(payload.get_address() == 0xE0000000);
    CHECK(m.function.memory_device.take() == "r4@0");
}

TEST_CASE("pci host: a taken or impossible place is refused with a reason")
{
    pci_host host("host");
    sample_function a("a"), c("c");
    CHECK(host.free_slot() == 0);
    CHECK_FALSE(host.attach(a, {2, 1}));
    CHECK(host.attach(c, {2, 1}) == "slot 2 function 1 is in use by a");
    CHECK(host.attach(c, {32}).has_value());
    CHECK(host.attach(c, {0, 8}).has_value());
    CHECK(host.attach(a, {3}) == "a is attached already");
    CHECK(host.at({2, 1}) == &a);
    CHECK(host.at({2, 0}) == nullptr);
    CHECK(host.at({99, 0}) == nullptr);
    CHECK(host.free_slot(1) == 1);
    CHECK(host.free_slot(2) == 3);
    CHECK(host.free_slot(31) == 31);
    CHECK_FALSE(host.free_slot(32));
    CHECK_FALSE(host.attach(c, {31}));
    CHECK_FALSE(host.free_slot(31));
}

TEST_CASE("pci host: a function attached to a second host is reported")
{
    pci_host host("host"), other("other");
    sample_function a("a");
    CHECK_FALSE(host.attach(a, {1}));
    CHECK(report_of([&] { other.attach(a, {1}); }).type == "/vigil/bus/carrier");
}

TEST_CASE("pci host: a host without users and a function without host elaborate")
{
    pci_host host("host");
    sample_function alone("alone"), attached("attached");
    CHECK_FALSE(host.attach(attached, {1}));
    elaborate();
    CHECK(host.at({1}) == &attached);
}

TEST_CASE("pci host: two machines live side by side in one simulation")
{
    struct machine : sc_core::sc_module {
        explicit machine(const sc_core::sc_module_name& name) : sc_module(name) {}
        pc parts;
    };
    machine first("first"), second("second");
    elaborate();
    first.parts.open_bars();
    first.parts.mem.write_value(0xE0000000, 4, 1);
    second.parts.mem.write_value(0xE0000000, 4, 2);
    CHECK(first.parts.function.memory_device.take() == "w4@0=1");
    CHECK(second.parts.function.memory_device.take().empty());
}

TEST_CASE("pci host: a port block is decoded where the function says, whatever the command register says")
{
    struct bridge : pci_function {
        explicit bridge(const sc_core::sc_module_name& name) : pci_function(name, {0x8086, 0x7113, 0x068000})
        {
            add_port_block(8, first_registers);
            add_port_block(4, second_registers);
        }
        using pci_function::decode_port_block;
        recorder first;
        recorder second;
        register_socket first_registers{"first_registers", first, 8};
        register_socket second_registers{"second_registers", second, 4};
    };
    struct machine : pc {
        machine() { REQUIRE_FALSE(host.attach(function_with_blocks, {3})); }
        bridge function_with_blocks{"bridge"};
    };
    machine m;
    elaborate();
    bridge& b = m.function_with_blocks;
    CHECK(m.io.read_value(0x600, 4) == 0xFFFFFFFF);
    b.decode_port_block(0, {true, 0x600});
    CHECK(m.io.read_value(0x604, 4) == 0);
    CHECK(m.io.read_value(0x608, 4) == 0xFFFFFFFF);
    CHECK(b.first.take() == "r4@4");
    b.decode_port_block(1, {true, 0x604}); // hidden by the first
    m.io.write_value(0x604, 2, 0x1234);
    CHECK(b.first.take() == "w2@4=1234");
    CHECK(b.second.take().empty());
    b.decode_port_block(0, {true, 0xFFF8});
    m.io.write_value(0x604, 1, 0x12);
    m.io.write_value(0xFFFF, 1, 0x34);
    CHECK(b.second.take() == "w1@0=12");
    CHECK(b.first.take() == "w1@7=34");
    b.decode_port_block(0, {false, 0xFFF8});
    b.decode_port_block(1, {});
    CHECK(m.io.read_value(0xFFFF, 1) == 0xFF);
    CHECK(m.io.read_value(0x604, 1) == 0xFF);
}

namespace {

struct function_with_memory_block : pci_function {
    explicit function_with_memory_block(const sc_core::sc_module_name& name)
        : pci_function(name, {0x8086, 0x2918, 0x060100})
    {
        add_memory_block(0x20, registers);
    }
    using pci_function::decode_memory_block;
    recorder device;
    register_socket registers{"registers", device, 0x20};
};

} // namespace

TEST_CASE("pci host: a memory block is decoded where the function says and wins over BARs")
{
    struct machine : pc {
        machine() { REQUIRE_FALSE(host.attach(bridge, {3})); }
        function_with_memory_block bridge{"bridge"};
    };
    machine m;
    elaborate();
    m.open_bars();
    CHECK(m.mem.read_value(0xD0000000, 4) == 0);
    CHECK(m.bridge.device.take().empty());
    m.bridge.decode_memory_block(0, {true, 0xD0000000});
    m.mem.write_value(0xD000001C, 8, 1);
    CHECK(m.bridge.device.take() == "w4@1C=1");
    m.bridge.decode_memory_block(0, {true, 0xE0000000});
    m.mem.write_value(0xE0000000, 4, 2);
    CHECK(m.bridge.device.take() == "w4@0=2");
    CHECK(m.function.memory_device.take().empty());
    m.bridge.decode_memory_block(0, {true, 0}); // RAM is in front of the background
    m.mem.write_value(0, 4, 3);
    CHECK(m.bridge.device.take().empty());
    m.bridge.decode_memory_block(0, {});
    m.mem.write_value(0xE0000000, 4, 4);
    CHECK(m.function.memory_device.take() == "w4@0=4");
}

TEST_CASE("pci host: with an overlay a memory block hides RAM too")
{
    struct machine : pc {
        machine() { host.overlay(map, 1); }
    };
    struct full_machine : sc_core::sc_module {
        explicit full_machine(const sc_core::sc_module_name& name) : sc_module(name)
        {
            map.map(0, 0x1000, ram.socket, {0, 0});
            map.map(0, 0, host.memory, {4, -1});
            host.overlay(map, 1);
            mem.socket.bind(map.target);
            REQUIRE_FALSE(host.attach(bridge, {3}));
        }
        address_router map{"map"};
        memory ram{"ram", 0x1000};
        pci_host host{"host"};
        function_with_memory_block bridge{"bridge"};
        bus_initiator mem{"mem", initiator_kind::vcpu, 1};
    };
    full_machine m("machine");
    CHECK(report_of([] { machine late; }).type == "/vigil/bus/overlay"); // a function is attached already
    elaborate();
    m.mem.write_value(0x800, 4, 0x11);
    m.bridge.decode_memory_block(0, {true, 0x800});
    m.mem.write_value(0x800, 4, 0x22);
    CHECK(m.bridge.device.take() == "w4@0=22");
    m.bridge.decode_memory_block(0, {true, 0x1000}); // beyond RAM
    CHECK(m.mem.read_value(0x800, 4) == 0x11);
    m.mem.write_value(0x1000, 4, 0x33);
    CHECK(m.bridge.device.take() == "w4@0=33");
}

TEST_CASE("pci host: a memory BAR below 16 bytes is decoded to its size")
{
    struct small : pci_function {
        explicit small(const sc_core::sc_module_name& name) : pci_function(name, {0x1B36, 0x0011, 0x088000})
        {
            add_bar(0, bar_kind::memory, 2, registers);
        }
        recorder device;
        register_socket registers{"registers", device, 4};
    };
    struct machine : pc {
        machine() { REQUIRE_FALSE(host.attach(tiny, {3})); }
        small tiny{"tiny"};
    };
    machine m;
    elaborate();
    const auto set_config = [&m](std::uint32_t reg, std::uint32_t value) {
        m.select(reg, 3);
        m.io.write_value(0xCFC, 4, value);
    };
    set_config(0x10, 0xFFFFFFFF);
    CHECK(m.config(0x10, 4, 3) == 0xFFFFFFFE);
    set_config(0x10, 0xE0000006);
    set_config(0x04, pci_command::memory);
    CHECK(m.config(0x10, 4, 3) == 0xE0000006);
    m.tiny.device.bytes[1] = 0x55;
    CHECK(m.mem.read_value(0xE0000007, 1) == 0x55);
    CHECK(m.tiny.device.take() == "r1@1");
    CHECK(m.mem.read_value(0xE0000005, 1) == 0);
    CHECK(m.mem.read_value(0xE0000008, 1) == 0);
    CHECK(m.tiny.device.take().empty());
}

namespace {

/// Hands everything on as it is, by sockets that a router knows nothing of.
struct relay : sc_core::sc_module {
    explicit relay(const sc_core::sc_module_name& name) : sc_module(name) { in.register_b_transport(this, &relay::on); }
    void on(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) { out->b_transport(payload, delay); }

    tlm_utils::simple_target_socket<relay> in{"in"};
    tlm_utils::simple_initiator_socket<relay> out{"out"};
};

/// Two routers with the same map, one of which cannot see that a PCI host is behind it.
struct both_ways {
    explicit both_ways(std::uint64_t window_base)
        : low_window("low_window", machine.host, 0), high_window("high_window", machine.host, window_base)
    {
        machine.host.set_ecam_window(0xB000'0000, 0x10'0000);
        low.out.bind(low_window.target);
        high.out.bind(high_window.target);
        seeing.map(0, 0, low_window.target, {4, -1});
        seeing.map(0x8000, 0x100, high_window.target);
        blind.map(0, 0, low.in, {4, -1});
        blind.map(0x8000, 0x100, high.in);
        first.socket.bind(seeing.target);
        second.socket.bind(blind.target);
    }

    pc machine;
    pci_memory_window low_window, high_window;
    relay low{"low"}, high{"high"};
    address_router seeing{"seeing"}, blind{"blind"};
    bus_initiator first{"first", initiator_kind::vcpu}, second{"second", initiator_kind::vcpu};
};

/// What an access answers and does.
std::string outcome(both_ways& m, bus_initiator& by, bool write, std::uint64_t address, unsigned length, unsigned seed)
{
    std::array<std::uint8_t, 16> data{};
    for (std::uint8_t& byte : data) byte = static_cast<std::uint8_t>(seed++);
    const auto status = write ? by.write(address, data.data(), length) : by.read(address, data.data(), length);
    std::string text = std::to_string(status);
    for (const std::uint8_t byte : data) text += " " + std::to_string(byte);
    return text + m.machine.function.memory_device.take();
}

void compare_both_ways(std::uint64_t window_base)
{
    both_ways m(window_base);
    elaborate();
    m.machine.open_bars();
    std::mt19937 random(static_cast<unsigned>(window_base));
    const std::array<std::uint64_t, 2> bars{0x100, 0xE000'0000};
    const std::array<std::uint64_t, 4> places{0x100, 0xE000'0000, 0x8000,
                                              0xB000'0000}; // 8000 shows what is at the base
    std::uint64_t place = 0;
    for (int step = 0; step < 50'000; ++step) {
        if (random() % 8 == 0) {
            m.machine.set_config(0x10, 4, bars[random() % bars.size()] + 16 * (random() % 2));
            m.machine.set_config(0x04, 2, random() % 8 != 0 ? pci_command::memory : 0);
        }
        if (random() % 4 == 0) place = places[random() % places.size()];
        const std::uint64_t address = place + random() % 0x30;
        const unsigned length = 1 + random() % 16;
        const bool write = place != 0xB000'0000 && random() % 2 == 0;
        INFO("step " << step << ": " << length << " bytes at " << std::hex << address);
        REQUIRE(outcome(m, m.first, write, address, length, static_cast<unsigned>(step)) ==
                outcome(m, m.second, write, address, length, static_cast<unsigned>(step)));
    }
}

} // namespace

TEST_CASE("pci host: a router that passes it over changes no access") { compare_both_ways(0xE000'0000); }

TEST_CASE("pci host: a router does not pass a window over whose base would cut accesses otherwise")
{
    compare_both_ways(0xE000'0003);
}
