// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/pci_function.h>

#include "recorder.h"

using namespace vigil::bus;

namespace {

/// A function with an initiator on its configuration space, attached to no host.
struct function_bench {
    explicit function_bench(const pci_identity& identity = {0x8086, 0x25AB, 0x088000}) : function("function", identity)
    {
        initiator.socket.bind(function.config);
        elaborate();
    }
    std::uint64_t read(std::uint32_t offset, unsigned width) { return initiator.read_value(offset, width); }
    void write(std::uint32_t offset, unsigned width, std::uint64_t value)
    {
        CHECK(initiator.write_value(offset, width, value) == tlm::TLM_OK_RESPONSE);
    }

    sample_function function;
    bus_initiator initiator{"initiator", initiator_kind::vcpu};
};

} // namespace

TEST_CASE("pci function: a fresh header has the identity and zeros")
{
    function_bench b;
    CHECK(b.read(0x00, 4) == 0x25AB8086);
    CHECK(b.read(0x04, 4) == 0);
    CHECK(b.read(0x08, 4) == 0x08800000);
    CHECK(b.read(0x0C, 4) == 0);
    CHECK(b.read(0x10, 4) == 0);
    CHECK(b.read(0x18, 4) == 1);
    CHECK(b.read(0x2C, 4) == 0x11001AF4);
    CHECK(b.read(0x34, 1) == 0);
    CHECK(b.read(0x3C, 4) == 0);
    CHECK(b.read(0x40, 4) == 0);
}

TEST_CASE("pci function: revision, subsystem and the multifunction bit come from the identity")
{
    function_bench b({0x8086, 0x7000, 0x060100, 2, 0x1234, 0x5678, true});
    CHECK(b.read(0x08, 4) == 0x06010002);
    CHECK(b.read(0x0C, 4) == 0x00800000);
    CHECK(b.read(0x2C, 4) == 0x56781234);
}

TEST_CASE("pci function: only the writable bits of the header take a write")
{
    function_bench b;
    for (std::uint32_t offset = 0; offset < 0x40; offset += 4) b.write(offset, 4, 0xFFFFFFFF);
    CHECK(b.read(0x00, 4) == 0x25AB8086);
    CHECK(b.read(0x04, 4) == 0x00000507);
    CHECK(b.read(0x08, 4) == 0x08800000);
    CHECK(b.read(0x0C, 4) == 0x000000FF);
    CHECK(b.read(0x10, 4) == 0xFFFFFFF0);
    CHECK(b.read(0x14, 4) == 0);
    CHECK(b.read(0x18, 4) == 0xFFFFFFF9);
    for (std::uint32_t offset = 0x1C; offset < 0x2C; offset += 4) CHECK(b.read(offset, 4) == 0);
    CHECK(b.read(0x2C, 4) == 0x11001AF4);
    CHECK(b.read(0x30, 4) == 0);
    CHECK(b.read(0x3C, 4) == 0x000000FF);
}

TEST_CASE("pci function: from 40h on everything is storage, at any width and offset")
{
    function_bench b;
    b.write(0x40, 4, 0x12345678);
    b.write(0x41, 1, 0xAA);
    b.write(0xFE, 2, 0xBEEF);
    CHECK(b.read(0x40, 4) == 0x1234AA78);
    CHECK(b.read(0xFC, 4) == 0xBEEF0000);
    b.write(0x45, 4, 0x11223344);
    CHECK(b.read(0x44, 4) == 0x22334400);
    CHECK(b.read(0x47, 2) == 0x1122);
    CHECK(b.initiator.write_value(0xFE, 4, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.initiator.write_value(0x40, 8, 0x5566778811223344) == tlm::TLM_OK_RESPONSE);
    CHECK(b.read(0x44, 4) == 0x55667788);
}

TEST_CASE("pci function: an overlaid register answers to its own width, the storage behind it to others")
{
    function_bench b;
    b.write(0x60, 4, 0xDEADBEEF);
    CHECK(b.read(0x60, 2) == 0x1234);
    CHECK(b.read(0x60, 4) == 0xDEADBEEF);
    b.write(0x60, 2, 0x5678);
    CHECK(b.function.live == 0x5678);
    CHECK(b.read(0x60, 1) == 0xEF);
    CHECK(b.read(0x5F, 4) == 0xADBEEF00);
}

TEST_CASE("pci function: debug transport reads live registers and writes nothing")
{
    function_bench b;
    b.function.set_config(0x64, 4, 0x11223344);
    std::array<std::uint8_t, 8> data{};
    CHECK(b.initiator.read_debug(0x60, data.data(), 2) == 2);
    CHECK(data[0] == 0x34);
    CHECK(b.initiator.read_debug(0x64, data.data(), 8) == 8);
    CHECK(data[0] == 0x44);
    CHECK(b.initiator.read_debug(0xFC, data.data(), 8) == 4);
    access write(tlm::TLM_WRITE_COMMAND, 0x40, data.data(), 4);
    CHECK(b.initiator.socket->transport_dbg(write) == 0);
    CHECK(b.read(0x40, 4) == 0);
}

TEST_CASE("pci function: a BAR is decoded only while its command bit is set and its base is not 0")
{
    function_bench b;
    REQUIRE(b.function.bars().size() == 2);
    const pci_bar& memory = b.function.bars()[0];
    const pci_bar& io = b.function.bars()[1];
    CHECK(memory.index == 0);
    CHECK(io.index == 2);

    b.write(0x04, 2, pci_command::memory);
    CHECK_FALSE(b.function.bar_window(memory).enabled);
    b.write(0x10, 4, 0xE0000008);
    CHECK(b.read(0x10, 4) == 0xE0000000);
    CHECK(b.function.bar_window(memory).enabled);
    CHECK(b.function.bar_window(memory).base == 0xE0000000);

    b.write(0x18, 4, 0xC107);
    CHECK(b.read(0x18, 4) == 0xC101);
    CHECK_FALSE(b.function.bar_window(io).enabled);
    b.write(0x04, 2, pci_command::io);
    CHECK(b.function.bar_window(io).enabled);
    CHECK(b.function.bar_window(io).base == 0xC100);
    CHECK_FALSE(b.function.bar_window(memory).enabled);
}

TEST_CASE("pci function: a BAR that ends at the last byte of the 32-bit space is not decoded")
{
    function_bench b;
    b.write(0x04, 2, pci_command::memory | pci_command::io);
    b.write(0x10, 4, 0xFFFFFFFF);
    b.write(0x18, 4, 0xFFFFFFFF);
    CHECK_FALSE(b.function.bar_window(b.function.bars()[0]).enabled);
    CHECK_FALSE(b.function.bar_window(b.function.bars()[1]).enabled);
    b.write(0x10, 4, 0xFFFFFFE0);
    CHECK(b.function.bar_window(b.function.bars()[0]).enabled);
}

TEST_CASE("pci function: the carrier is told of changes of decoding and of nothing else")
{
    function_bench b;
    unsigned changes = 0;
    b.function.on_decode_change([&] { ++changes; });
    b.write(0x10, 4, 0xE0000000);
    CHECK(changes == 1);
    b.write(0x10, 4, 0xE0000000);
    b.write(0x04, 2, pci_command::bus_master);
    b.write(0x40, 4, 1);
    b.write(0x14, 4, 0xFFFFFFFF);
    CHECK(changes == 1);
    b.write(0x04, 2, pci_command::memory);
    CHECK(changes == 2);
    b.write(0x13, 1, 0xF0);
    CHECK(changes == 3);
    b.function.reset_header();
    CHECK(changes == 4);
    b.function.reset_header();
    CHECK(changes == 4);
    b.function.set_config(0x04, 2, pci_command::io);
    CHECK(changes == 5);
    b.function.restore_config_bytes(b.function.config_bytes());
    CHECK(changes == 6);
}

TEST_CASE("pci function: a reset clears the header's writable bits and keeps storage")
{
    function_bench b;
    b.function.set_config(0x06, 2, 0x0280);
    for (std::uint32_t offset = 0; offset < 0x40; offset += 4) b.write(offset, 4, 0xFFFFFFFF);
    b.write(0x40, 4, 0x12345678);
    b.write(0xFC, 4, 0xCAFEF00D);
    b.function.reset_header();
    CHECK(b.read(0x00, 4) == 0x25AB8086);
    CHECK(b.read(0x04, 4) == 0x02800000);
    CHECK(b.read(0x08, 4) == 0x08800000);
    CHECK(b.read(0x0C, 4) == 0);
    CHECK(b.read(0x10, 4) == 0);
    CHECK(b.read(0x18, 4) == 1);
    CHECK(b.read(0x2C, 4) == 0x11001AF4);
    CHECK(b.read(0x3C, 4) == 0);
    CHECK(b.read(0x40, 4) == 0x12345678);
    CHECK(b.read(0xFC, 4) == 0xCAFEF00D);
}

TEST_CASE("pci function: restored bytes do not change what is read-only")
{
    function_bench b;
    b.write(0x10, 4, 0xE0000000);
    b.write(0x04, 2, pci_command::memory);
    b.write(0x40, 4, 0x12345678);
    auto saved = b.function.config_bytes();
    b.function.reset_header();
    b.write(0x40, 4, 0);
    saved[0x00] = 0x77;
    saved[0x10] = 0xFF;
    b.function.restore_config_bytes(saved);
    CHECK(b.read(0x00, 4) == 0x25AB8086);
    CHECK(b.read(0x10, 4) == 0xE00000F0);
    CHECK(b.read(0x40, 4) == 0x12345678);
    CHECK(b.function.bar_window(b.function.bars()[0]).base == 0xE00000F0);
}

TEST_CASE("pci function: a wrong BAR is reported with the function's name")
{
    struct declared : pci_function {
        declared(const sc_core::sc_module_name& name, unsigned index, std::uint32_t size)
            : pci_function(name, {0x1234, 0x5678, 0})
        {
            add_bar(1, bar_kind::memory, 16, registers);
            add_bar(index, bar_kind::memory, size, registers);
        }
        recorder device;
        register_socket registers{"registers", device, 16};
    };
    const reported index = report_of([] { declared f("beyond", 6, 16); });
    CHECK(index.type == "/vigil/bus/bar");
    CHECK(index.text.find("beyond") != std::string::npos);
    CHECK(report_of([] { declared f("twice", 1, 16); }).type == "/vigil/bus/bar");
    CHECK(report_of([] { declared f("uneven", 0, 24); }).type == "/vigil/bus/bar");
    CHECK(report_of([] { declared f("empty", 0, 0); }).type == "/vigil/bus/bar");
    const reported fine = report_of([] {
        declared f("fine", 0, 16);
        CHECK(f.bars()[0].index == 0);
        CHECK(f.bars()[1].index == 1);
    });
    CHECK(fine.type.empty());
}

TEST_CASE("pci function: a second carrier is reported")
{
    sample_function function("function");
    function.on_decode_change([] {});
    const reported second = report_of([&] { function.on_decode_change([] {}); });
    CHECK(second.type == "/vigil/bus/carrier");
    CHECK(second.text.find("function") != std::string::npos);
    function.on_decode_change({});
    CHECK(report_of([&] { function.on_decode_change([] {}); }).type.empty());
}
