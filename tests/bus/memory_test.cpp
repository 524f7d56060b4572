// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include <catch.h>

#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/memory.h>

#include "recorder.h"

using namespace vigil::bus;

TEST_CASE("memory: it is zero at first and keeps what is written, at any length and alignment")
{
    memory ram("ram", 0x10000);
    bus_initiator initiator("initiator", initiator_kind::host);
    initiator.socket.bind(ram.socket);
    elaborate();
    CHECK(ram.size() == 0x10000);
    CHECK(initiator.read_value(0x1003, 8) == 0);
    CHECK(initiator.write_value(0x1003, 8, 0x1122334455667788) == tlm::TLM_OK_RESPONSE);
    CHECK(initiator.read_value(0x1004, 4) == 0x44556677);
    CHECK(ram.data()[0x1003] == 0x88);
    std::array<std::uint8_t, 4099> block{};
    block.fill(0x5A);
    CHECK(initiator.write(0x2001, block.data(), block.size()) == tlm::TLM_OK_RESPONSE);
    CHECK(initiator.read_value(0x2000, 2) == 0x5A00);
    CHECK(initiator.read_value(0x2001 + 4098, 2) == 0x005A);
}

TEST_CASE("memory: accesses that start or end outside are address errors")
{
    memory ram("ram", 0x1000);
    bus_initiator initiator("initiator", initiator_kind::host);
    initiator.socket.bind(ram.socket);
    elaborate();
    CHECK(initiator.write_value(0xFFC, 4, 1) == tlm::TLM_OK_RESPONSE);
    CHECK(initiator.write_value(0xFFD, 4, 1) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(initiator.write_value(0x1000, 1, 1) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(initiator.write_value(0xFFFF'FFFF'FFFF'FFFF, 4, 1) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(initiator.read_value(0xFFC, 4) == 1);
}

TEST_CASE("memory: streaming and length 0 are refused, byte enables and streaming width 0 are carried out")
{
    const report_log log;
    memory ram("ram", 0x1000);
    bus_initiator initiator("initiator", initiator_kind::host);
    initiator.socket.bind(ram.socket);
    elaborate();
    sc_core::sc_time delay;
    std::array<std::uint8_t, 8> data{1, 2, 3, 4, 5, 6, 7, 8};
    access payload(tlm::TLM_WRITE_COMMAND, 0, data.data(), 8);
    payload.set_byte_enable_ptr(data.data());
    payload.set_byte_enable_length(8);
    initiator.socket->b_transport(payload, delay);
    CHECK(payload.get_response_status() == tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    std::array<std::uint8_t, 4> enables{0xFF, 0xFF, 0, 0};
    payload.set_byte_enable_ptr(enables.data());
    payload.set_byte_enable_length(4);
    initiator.socket->b_transport(payload, delay);
    CHECK(payload.get_response_status() == tlm::TLM_OK_RESPONSE);
    CHECK(initiator.read_value(0, 8) == 0x0000060500000201);
    payload.set_byte_enable_ptr(nullptr);
    payload.set_streaming_width(4);
    initiator.socket->b_transport(payload, delay);
    CHECK(payload.get_response_status() == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(initiator.read(0, data.data(), 0) == tlm::TLM_BURST_ERROR_RESPONSE);
    access ignored(tlm::TLM_IGNORE_COMMAND, 0, nullptr, 4);
    initiator.socket->b_transport(ignored, delay);
    CHECK(ignored.get_response_status() == tlm::TLM_OK_RESPONSE);
    CHECK(log.entries().empty());
    for (int i = 0; i < 2; ++i) {
        payload.set_streaming_width(0);
        initiator.socket->b_transport(payload, delay);
        CHECK(payload.get_response_status() == tlm::TLM_OK_RESPONSE);
    }
    CHECK(initiator.read_value(0, 8) == 0x0807060504030201);
    REQUIRE(log.entries().size() == 1);
    CHECK(log.entries()[0].text.find("ram.socket: ") == 0);
}

TEST_CASE("memory: debug transport reads and writes up to the end")
{
    memory ram("ram", 0x10);
    bus_initiator initiator("initiator", initiator_kind::host);
    initiator.socket.bind(ram.socket);
    elaborate();
    std::array<std::uint8_t, 8> data{1, 2, 3, 4, 5, 6, 7, 8};
    access write(tlm::TLM_WRITE_COMMAND, 0xC, data.data(), 8);
    CHECK(initiator.socket->transport_dbg(write) == 4);
    CHECK(ram.data()[0xF] == 4);
    data.fill(0);
    CHECK(initiator.read_debug(0xE, data.data(), 8) == 2);
    CHECK(data[1] == 4);
    CHECK(initiator.read_debug(0x10, data.data(), 1) == 0);
    access ignored(tlm::TLM_IGNORE_COMMAND, 0, data.data(), 4);
    CHECK(initiator.socket->transport_dbg(ignored) == 0);
}

TEST_CASE("memory: many gibibytes cost nothing until they are written")
{
    memory ram("ram", std::uint64_t{1} << 36);
    bus_initiator initiator("initiator", initiator_kind::host);
    initiator.socket.bind(ram.socket);
    elaborate();
    const std::uint64_t last = (std::uint64_t{1} << 36) - 4;
    CHECK(initiator.write_value(last, 4, 0xCAFE) == tlm::TLM_OK_RESPONSE);
    CHECK(initiator.read_value(last, 4) == 0xCAFE);
    CHECK(initiator.read_value(last / 2, 4) == 0);
}

TEST_CASE("memory: a size that the host refuses is reported with the module's name")
{
    const reported none = report_of([] { memory ram("none", 0); });
    CHECK(none.type == "/vigil/bus/memory");
    CHECK(none.text.find("none") != std::string::npos);
    CHECK(report_of([] { memory ram("huge", std::uint64_t{1} << 62); }).type == "/vigil/bus/memory");
}

TEST_CASE("unclaimed: reads give the fill at any length and writes are lost")
{
    unclaimed ports("ports", 0xFF);
    bus_initiator initiator("initiator", initiator_kind::host);
    initiator.socket.bind(ports.socket);
    elaborate();
    CHECK(initiator.write_value(0x1234, 4, 0) == tlm::TLM_OK_RESPONSE);
    CHECK(initiator.read_value(0x1234, 1) == 0xFF);
    CHECK(initiator.read_value(0x1233, 8) == ~std::uint64_t{0});
    std::array<std::uint8_t, 3> data{};
    CHECK(initiator.read(0, data.data(), 3) == tlm::TLM_OK_RESPONSE);
    CHECK(data[2] == 0xFF);
    CHECK(initiator.read(0, data.data(), 0) == tlm::TLM_BURST_ERROR_RESPONSE);
    std::array<std::uint8_t, 3> enables{0, 0xFF, 0};
    data.fill(0);
    access enabled(tlm::TLM_READ_COMMAND, 0, data.data(), 3);
    enabled.set_byte_enable_ptr(enables.data());
    enabled.set_byte_enable_length(3);
    sc_core::sc_time delay;
    initiator.socket->b_transport(enabled, delay);
    CHECK(enabled.get_response_status() == tlm::TLM_OK_RESPONSE);
    CHECK(data == std::array<std::uint8_t, 3>{0, 0xFF, 0});
    data.fill(0);
    CHECK(initiator.read_debug(7, data.data(), 3) == 3);
    CHECK(data[0] == 0xFF);
    access write(tlm::TLM_WRITE_COMMAND, 0, data.data(), 3);
    CHECK(initiator.socket->transport_dbg(write) == 0);
}

TEST_CASE("bus initiator: values of 1, 2, 4 and 8 bytes travel lowest byte first")
{
    memory ram("ram", 0x100);
    bus_initiator initiator("initiator", initiator_kind::host);
    initiator.socket.bind(ram.socket);
    elaborate();
    for (const unsigned width : {1U, 2U, 4U, 8U}) {
        const std::uint8_t guard = 0xEE;
        ram.write(width, &guard, 1);
        CHECK(initiator.write_value(0, width, 0x1122334455667788) == tlm::TLM_OK_RESPONSE);
        CHECK(ram.data()[0] == 0x88);
        CHECK(ram.data()[width] == 0xEE);
        const std::uint64_t mask = width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * width)) - 1;
        CHECK(initiator.read_value(0, width) == (0x1122334455667788 & mask));
    }
}

TEST_CASE("bus initiator: a failed read gives 0 and keeps its response")
{
    memory ram("ram", 0x10);
    bus_initiator initiator("initiator", initiator_kind::host);
    initiator.socket.bind(ram.socket);
    elaborate();
    const std::vector<std::uint8_t> ones(0x10, 0xFF);
    ram.write(0, ones.data(), ones.size());
    CHECK(initiator.read_value(0xE, 4) == 0);
    CHECK(initiator.last_response() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(initiator.read_value(0, 9) == 0);
    CHECK(initiator.last_response() == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(initiator.write_value(0, 9, 0) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(ram.data()[0] == 0xFF);
}

TEST_CASE("memory: it can be given another content in one step, and whoever holds the old one still has it")
{
    memory ram("ram", 0x10000);
    bus_initiator initiator("initiator", initiator_kind::host);
    initiator.socket.bind(ram.socket);
    elaborate();
    initiator.write_value(0x3004, 4, 0x11223344);
    const auto old = ram.content();
    CHECK(old->pages_in_use() == std::vector<std::uint64_t>{3});
    std::shared_ptr<memory_content> fresh = memory_content::of(ram.size());
    REQUIRE(fresh != nullptr);
    CHECK(fresh->pages_in_use().empty());
    const std::uint8_t byte = 0x5A;
    fresh->write(0x5000, &byte, 1);
    ram.replace(fresh);
    CHECK(initiator.read_value(0x3004, 4) == 0);
    CHECK(initiator.read_value(0x5000, 1) == 0x5A);
    initiator.write_value(0x6000, 1, 1);
    CHECK(ram.content()->pages_in_use() == std::vector<std::uint64_t>{5, 6});
    CHECK(old->data()[0x3004] == 0x44);
    CHECK(memory_content::of(std::uint64_t{1} << 62) == nullptr);
}
