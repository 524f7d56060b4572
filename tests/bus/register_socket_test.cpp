// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <catch.h>

#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/target_socket.h>

#include "recorder.h"

using namespace vigil::bus;

namespace {

/// A register region of 16 bytes with an initiator bound to it.
struct bench {
    explicit bench(std::uint64_t size = 16, unsigned widest = 4, access_alignment alignment = access_alignment::natural)
        : region("region", size, widest, alignment)
    {
        initiator.socket.bind(region.socket);
        elaborate();
    }
    struct module : sc_core::sc_module {
        module(const sc_core::sc_module_name& name, std::uint64_t size, unsigned widest,
               access_alignment alignment) :sc_module(name),
            socket("socket", device, size, widest, alignment)
        {
        }
        recorder device;
        register_socket socket;
    };

    tlm::tlm_response_status send(access& payload)
    {
        sc_core::sc_time delay;
        initiator.socket->b_transport(payload, delay);
        return payload.get_response_status();
    }
    recorder& device() { return region.device; }

    module region;
    bus_initiator initiator{"initiator", initiator_kind::vcpu, 3};
};

} // namespace

TEST_CASE("register socket: widths 1, 2 and 4 reach the device as little-endian numbers")
{
    bench b;
    CHECK(b.initiator.write_value(0x4, 4, 0x11223344) == tlm::TLM_OK_RESPONSE);
    CHECK(b.initiator.write_value(0x6, 2, 0xAABB) == tlm::TLM_OK_RESPONSE);
    CHECK(b.initiator.write_value(0xF, 1, 0x5C) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "w4@4=11223344 w2@6=AABB w1@F=5C");
    CHECK(b.initiator.read_value(0x4, 4) == 0xAABB3344);
    CHECK(b.device().take() == "r4@4");
    const std::array<std::uint8_t, 4> expected{0x44, 0x33, 0xBB, 0xAA};
    std::array<std::uint8_t, 4> data{};
    CHECK(b.initiator.read(0x4, data.data(), 4) == tlm::TLM_OK_RESPONSE);
    CHECK(data == expected);
}

TEST_CASE("register socket: lengths 0, 3, 8 and 16 and unaligned accesses are burst errors")
{
    bench b;
    std::array<std::uint8_t, 16> data{};
    for (unsigned length : {0U, 3U, 5U, 8U, 16U, 0xFFFFFFFFU}) {
        access payload(tlm::TLM_READ_COMMAND, 0, data.data(), length);
        CHECK(b.send(payload) == tlm::TLM_BURST_ERROR_RESPONSE);
    }
    CHECK(b.initiator.write_value(0x1, 2, 0) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(b.initiator.write_value(0x2, 4, 0) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(b.device().take().empty());
}

TEST_CASE("register socket: a region takes accesses up to its own widest")
{
    bench b(16, 8);
    CHECK(b.initiator.write_value(0x8, 8, 0x1122334455667788) == tlm::TLM_OK_RESPONSE);
    CHECK(b.initiator.read_value(0x8, 8) == 0x1122334455667788);
    CHECK(b.device().take() == "w8@8=1122334455667788 r8@8");
}

TEST_CASE("register socket: a one-byte region refuses a word")
{
    bench b(1, 1);
    CHECK(b.initiator.write_value(0, 2, 0) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(b.initiator.write_value(0, 1, 7) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "w1@0=7");
}

TEST_CASE("register socket: a region without alignment takes any offset inside")
{
    bench b(16, 4, access_alignment::any);
    CHECK(b.initiator.write_value(0x5, 4, 0x11223344) == tlm::TLM_OK_RESPONSE);
    CHECK(b.initiator.write_value(0xD, 4, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.device().take() == "w4@5=11223344");
    std::array<std::uint8_t, 4> data{};
    CHECK(b.initiator.read_debug(0x5, data.data(), 4) == 4);
    CHECK(data[0] == 0x44);
}

TEST_CASE("register socket: accesses outside the region are address errors")
{
    bench b(14);
    CHECK(b.initiator.write_value(0xC, 4, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.initiator.write_value(0x10, 1, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.initiator.write_value(0xFFFFFFFFFFFFFFFC, 4, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.initiator.write_value(0xC, 2, 0) == tlm::TLM_OK_RESPONSE);
}

TEST_CASE("register socket: byte enables and streaming are refused")
{
    bench b;
    std::array<std::uint8_t, 4> data{};
    std::array<std::uint8_t, 4> enables{0xFF, 0xFF, 0xFF, 0xFF};
    access enabled(tlm::TLM_WRITE_COMMAND, 0, data.data(), 4);
    enabled.set_byte_enable_ptr(enables.data());
    enabled.set_byte_enable_length(4);
    CHECK(b.send(enabled) == tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);

    access streaming(tlm::TLM_WRITE_COMMAND, 0, data.data(), 4);
    streaming.set_streaming_width(2);
    CHECK(b.send(streaming) == tlm::TLM_BURST_ERROR_RESPONSE);
    streaming.set_streaming_width(8);
    CHECK(b.send(streaming) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "w4@0=0");
}

TEST_CASE("register socket: an ignored command does nothing, and no data pointer is an error")
{
    bench b;
    access ignored(tlm::TLM_IGNORE_COMMAND, 0, nullptr, 4);
    CHECK(b.send(ignored) == tlm::TLM_OK_RESPONSE);
    access without_data(tlm::TLM_READ_COMMAND, 0, nullptr, 4);
    CHECK(b.send(without_data) == tlm::TLM_GENERIC_ERROR_RESPONSE);
    CHECK(b.device().take().empty());
}

TEST_CASE("register socket: the non-blocking path completes at once")
{
    bench b;
    std::array<std::uint8_t, 4> data{1, 2, 3, 4};
    access payload(tlm::TLM_WRITE_COMMAND, 8, data.data(), 4);
    sc_core::sc_time delay(5, sc_core::SC_NS);
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    CHECK(b.initiator.socket->nb_transport_fw(payload, phase, delay) == tlm::TLM_COMPLETED);
    CHECK(payload.get_response_status() == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "w4@8=4030201");
    CHECK(b.device().delay == sc_core::sc_time(5, sc_core::SC_NS));

    phase = tlm::END_RESP;
    CHECK(b.initiator.socket->nb_transport_fw(payload, phase, delay) == tlm::TLM_ACCEPTED);
    CHECK(b.device().take().empty());
}

TEST_CASE("register socket: DMI is refused for all addresses")
{
    bench b;
    access payload(tlm::TLM_READ_COMMAND, 4, nullptr, 4);
    tlm::tlm_dmi dmi;
    dmi.allow_read_write();
    dmi.set_start_address(4);
    dmi.set_end_address(7);
    CHECK_FALSE(b.initiator.socket->get_direct_mem_ptr(payload, dmi));
    CHECK(dmi.is_none_allowed());
    CHECK(dmi.get_start_address() == 0);
    CHECK(dmi.get_end_address() == ~sc_dt::uint64{0});
}

TEST_CASE("register socket: debug transport peeks in pieces and never writes")
{
    bench b;
    for (unsigned i = 0; i < 16; ++i) b.device().bytes.at(i) = static_cast<std::uint8_t>(i);
    std::array<std::uint8_t, 32> data{};
    CHECK(b.initiator.read_debug(1, data.data(), 32) == 15);
    CHECK(data[0] == 1);
    CHECK(data[14] == 15);
    CHECK(data[15] == 0);
    CHECK(b.initiator.read_debug(16, data.data(), 1) == 0);
    access write(tlm::TLM_WRITE_COMMAND, 0, data.data(), 4);
    CHECK(b.initiator.socket->transport_dbg(write) == 0);
    CHECK(b.device().take().empty());
    CHECK(b.device().bytes[1] == 1);
}

TEST_CASE("register socket: a wrong size or width is reported with the socket's name")
{
    struct module : sc_core::sc_module {
        module(const sc_core::sc_module_name& name, std::uint64_t size, unsigned widest) :sc_module(name),
            socket("socket", device, size, widest)
        {
        }
        recorder device;
        register_socket socket;
    };
    const reported size = report_of([] { module m("empty", 0, 4); });
    CHECK(size.type == "/vigil/bus/register_socket");
    CHECK(size.text.find("empty.socket") != std::string::npos);
    CHECK(report_of([] { module m("odd", 16, 3); }).type == "/vigil/bus/register_socket");
}

TEST_CASE("register socket: the device sees the origin and the delay of an access")
{
    bench b;
    b.initiator.delay() = sc_core::sc_time(7, sc_core::SC_NS);
    b.initiator.write_value(0, 4, 1);
    CHECK(b.device().origin.kind == initiator_kind::vcpu);
    CHECK(b.device().origin.vcpu == 3);
    CHECK(b.device().delay == sc_core::sc_time(7, sc_core::SC_NS));
}

TEST_CASE("access origin: a payload without one is vCPU 0's")
{
    bench b;
    std::array<std::uint8_t, 4> data{};
    access payload(tlm::TLM_WRITE_COMMAND, 0, data.data(), 4);
    CHECK(b.send(payload) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().origin.kind == initiator_kind::vcpu);
    CHECK(b.device().origin.vcpu == 0);
}

TEST_CASE("access origin: it is cloned and copied with its payload")
{
    const access_origin test(initiator_kind::test, 0);
    tlm::tlm_extension_base* const clone = test.clone();
    CHECK(static_cast<access_origin*>(clone)->kind == initiator_kind::test);
    clone->copy_from(access_origin(initiator_kind::vcpu, 5));
    CHECK(static_cast<access_origin*>(clone)->kind == initiator_kind::vcpu);
    CHECK(static_cast<access_origin*>(clone)->vcpu == 5);
    clone->free();
}
