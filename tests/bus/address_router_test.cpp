// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <memory>

#include <catch.h>
#include <tlm_utils/simple_target_socket.h>

#include <vigil/bus/address_router.h>
#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/memory.h>

#include "recorder.h"

using namespace vigil::bus;

namespace {

/// A router with an initiator.
struct router_bench {
    router_bench() { initiator.socket.bind(router.target); }

    tlm::tlm_response_status send(tlm::tlm_generic_payload& payload)
    {
        sc_core::sc_time delay;
        initiator.socket->b_transport(payload, delay);
        return payload.get_response_status();
    }

    address_router router{"router"};
    bus_initiator initiator{"initiator", initiator_kind::test};
};

} // namespace

TEST_CASE("address router: targets see addresses from the start of their range")
{
    router_bench b;
    recorded_region low("low"), high("high");
    b.router.map(0x1000, 0x40, low.socket);
    b.router.map(0xFFFF'FFFF'FFFF'FFC0, 0, high.socket);
    elaborate();
    CHECK(b.initiator.write_value(0x1008, 4, 1) == tlm::TLM_OK_RESPONSE);
    CHECK(b.initiator.write_value(0xFFFF'FFFF'FFFF'FFFE, 2, 2) == tlm::TLM_OK_RESPONSE);
    CHECK(low.device.take() == "w4@8=1");
    CHECK(high.device.take() == "w2@3E=2");
}

TEST_CASE("address router: what nobody maps is an address error")
{
    router_bench b;
    recorded_region a("a");
    b.router.map(0x1000, 0x40, a.socket);
    elaborate();
    for (const std::uint64_t address : {0x0ULL, 0xFFFULL, 0x1040ULL, 0xFFFF'FFFF'FFFF'FFFFULL}) {
        CHECK(b.initiator.write_value(address, 1, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    CHECK(a.device.take().empty());
}

TEST_CASE("address router: before the end of elaboration nothing is found")
{
    router_bench b;
    recorded_region a("a");
    b.router.map(0, 0x40, a.socket);
    std::array<std::uint8_t, 4> data{};
    access early(tlm::TLM_READ_COMMAND, 0, data.data(), 4);
    sc_core::sc_time delay;
    b.router.target.get_base_interface().b_transport(early, delay);
    CHECK(early.get_response_status() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(a.device.take().empty());
}

TEST_CASE("address router: an empty router answers address errors")
{
    router_bench b;
    elaborate();
    CHECK(b.initiator.read_value(0, 4) == 0);
    CHECK(b.initiator.last_response() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    std::uint8_t byte = 0;
    CHECK(b.initiator.read_debug(0, &byte, 1) == 0);
}

TEST_CASE("address router: byte enables, streaming and length 0 need no target")
{
    router_bench b;
    elaborate();
    std::array<std::uint8_t, 8> data{};
    access enabled(tlm::TLM_READ_COMMAND, 0, data.data(), 4);
    enabled.set_byte_enable_ptr(data.data());
    CHECK(b.send(enabled) == tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    access streaming(tlm::TLM_READ_COMMAND, 0, data.data(), 8);
    streaming.set_streaming_width(4);
    CHECK(b.send(streaming) == tlm::TLM_BURST_ERROR_RESPONSE);
    access empty(tlm::TLM_READ_COMMAND, 0, data.data(), 0);
    CHECK(b.send(empty) == tlm::TLM_BURST_ERROR_RESPONSE);
}

TEST_CASE("address router: byte enables are cut into runs before targets see them")
{
    router_bench b;
    recorded_region left("left"), right("right");
    memory ram("ram", 0x100);
    b.router.map(0x0, 0x8, left.socket);
    b.router.map(0x8, 0x8, right.socket);
    b.router.map(0x100, 0x100, ram.socket, {0, 0});
    elaborate();
    std::array<std::uint8_t, 16> data{};
    for (unsigned i = 0; i < 16; ++i) data.at(i) = static_cast<std::uint8_t>(i);
    std::array<std::uint8_t, 16> enables{};
    for (unsigned i = 4; i < 14; ++i) enables.at(i) = 0xFF;
    access payload(tlm::TLM_WRITE_COMMAND, 0, data.data(), 16);
    payload.set_byte_enable_ptr(enables.data());
    payload.set_byte_enable_length(16);
    CHECK(b.send(payload) == tlm::TLM_OK_RESPONSE);
    CHECK(left.device.take() == "w4@4=7060504");
    CHECK(right.device.take() == "w4@0=B0A0908 w2@4=D0C");
    payload.set_address(0x100);
    CHECK(b.send(payload) == tlm::TLM_OK_RESPONSE);
    CHECK(ram.data()[3] == 0);
    CHECK(ram.data()[4] == 4);
    CHECK(ram.data()[13] == 13);
    CHECK(ram.data()[14] == 0);
    payload.set_address(0x4);
    CHECK(b.send(payload) == tlm::TLM_ADDRESS_ERROR_RESPONSE); // bytes 10h and 11h are nobody's
    CHECK(payload.get_byte_enable_ptr() == enables.data());
    CHECK(payload.get_address() == 0x4);
}

TEST_CASE("address router: streaming width 0 is warned of at the router's socket alone, once for each router")
{
    const report_log log;
    router_bench b;
    recorded_region a("a");
    address_router other("other");
    bus_initiator second("second", initiator_kind::vcpu);
    b.router.map(0, 0x40, a.socket);
    other.map(0, 0x40, a.socket);
    second.socket.bind(other.target);
    elaborate();
    std::array<std::uint8_t, 8> data{};
    access payload(tlm::TLM_READ_COMMAND, 0, data.data(), 8);
    payload.set_streaming_width(0);
    CHECK(b.send(payload) == tlm::TLM_OK_RESPONSE);
    CHECK(b.send(payload) == tlm::TLM_OK_RESPONSE);
    sc_core::sc_time delay;
    second.socket->b_transport(payload, delay);
    CHECK(payload.get_response_status() == tlm::TLM_OK_RESPONSE);
    CHECK(a.device.take() == "r4@0 r4@4 r4@0 r4@4 r4@0 r4@4");
    REQUIRE(log.entries().size() == 2);
    CHECK(log.entries()[0].text.find("router.target: ") == 0);
    CHECK(log.entries()[1].text.find("other.target: ") == 0);
}

TEST_CASE("address router: an unaligned dword is cut into naturally aligned pieces")
{
    router_bench b;
    recorded_region a("a");
    b.router.map(0x2000, 0x40, a.socket);
    elaborate();
    b.initiator.write_value(0x200B, 4, 0x00008600);
    CHECK(a.device.take() == "w1@B=0 w2@C=86 w1@E=0");
    b.initiator.write_value(0x200A, 4, 0x11223344);
    CHECK(a.device.take() == "w2@A=3344 w2@C=1122");
    b.initiator.write_value(0x200D, 2, 0x1122);
    CHECK(a.device.take() == "w1@D=22 w1@E=11");
    CHECK(b.initiator.read_value(0x200B, 4) == 0x11222233);
    CHECK(a.device.take() == "r1@B r2@C r1@E");
    CHECK(b.initiator.last_response() == tlm::TLM_OK_RESPONSE);
}

TEST_CASE("address router: a quadword is cut into two dwords, or goes whole where the target takes it")
{
    router_bench b;
    recorded_region narrow("narrow"), wide("wide", 64, 8);
    b.router.map(0x0, 0x40, narrow.socket);
    b.router.map(0x100, 0x40, wide.socket, {8, 0});
    elaborate();
    b.initiator.write_value(0x8, 8, 0x1122334455667788);
    CHECK(narrow.device.take() == "w4@8=55667788 w4@C=11223344");
    b.initiator.write_value(0x108, 8, 0x1122334455667788);
    CHECK(wide.device.take() == "w8@8=1122334455667788");
    b.initiator.write_value(0x104, 8, 0x1122334455667788);
    CHECK(wide.device.take() == "w4@4=55667788 w4@8=11223344");
}

TEST_CASE("address router: lengths of 3 and 16 are cut by the same rule")
{
    router_bench b;
    recorded_region a("a");
    b.router.map(0, 0x40, a.socket);
    elaborate();
    std::array<std::uint8_t, 16> data{};
    CHECK(b.initiator.read(0x4, data.data(), 3) == tlm::TLM_OK_RESPONSE);
    CHECK(a.device.take() == "r2@4 r1@6");
    CHECK(b.initiator.read(0x6, data.data(), 16) == tlm::TLM_OK_RESPONSE);
    CHECK(a.device.take() == "r2@6 r4@8 r4@C r4@10 r2@14");
}

TEST_CASE("address router: alignment counts from the start of the range")
{
    router_bench b;
    recorded_region a("a");
    b.router.map(0x1001, 0x40, a.socket);
    elaborate();
    b.initiator.write_value(0x1001, 4, 1);
    CHECK(a.device.take() == "w4@0=1");
    b.initiator.write_value(0x1004, 4, 0x11223344);
    CHECK(a.device.take() == "w1@3=44 w2@4=2233 w1@6=11");
}

TEST_CASE("address router: each piece finds its target anew")
{
    router_bench b;
    recorded_region left("left"), right("right");
    unclaimed background("background", 0xFF);
    b.router.map(0x0, 0x4, left.socket);
    b.router.map(0x8, 0x4, right.socket);
    b.router.map(0, 0, background.socket, {4, -1});
    elaborate();
    left.device.bytes = {0x11, 0x22, 0x33, 0x44};
    right.device.bytes = {0x55, 0x66};
    CHECK(b.initiator.read_value(0x2, 4) == 0xFFFF4433);
    CHECK(left.device.take() == "r2@2");
    CHECK(b.initiator.read_value(0x6, 4) == 0x6655FFFF);
    CHECK(right.device.take() == "r2@0");
}

TEST_CASE("address router: an aligned access goes whole to the target at its first address")
{
    router_bench b;
    recorded_region outer("outer"), inner("inner", 1, 1);
    b.router.map(0x40, 0x4, outer.socket);
    b.router.map(0x41, 0x1, inner.socket, {1, 1});
    elaborate();
    b.initiator.write_value(0x40, 4, 0x11223344);
    CHECK(outer.device.take() == "w4@0=11223344");
    CHECK(inner.device.take().empty());
    b.initiator.write_value(0x41, 1, 0x55);
    CHECK(inner.device.take() == "w1@0=55");
    b.initiator.write_value(0x41, 2, 0x6677);
    CHECK(inner.device.take() == "w1@0=77");
    CHECK(outer.device.take() == "w1@2=66");
}

TEST_CASE("address router: the higher priority wins, whatever the order of mapping")
{
    router_bench b;
    recorded_region low("low"), middle("middle"), high("high");
    b.router.map(0x10, 0x10, high.socket, {4, 2});
    b.router.map(0x0, 0x40, low.socket, {4, -1});
    b.router.map(0x8, 0x20, middle.socket);
    elaborate();
    for (const std::uint64_t address : {0x4ULL, 0xCULL, 0x14ULL, 0x24ULL, 0x3CULL})
        b.initiator.write_value(address, 4, 0);
    CHECK(low.device.take() == "w4@4=0 w4@3C=0");
    CHECK(middle.device.take() == "w4@4=0 w4@1C=0");
    CHECK(high.device.take() == "w4@4=0");
}

TEST_CASE("address router: ranges of equal priority that overlap are an error that names both sockets")
{
    address_router router("router");
    recorded_region a("a"), c("c");
    router.map(0x0, 0x40, a.socket);
    router.map(0x3C, 0x40, c.socket);
    const reported error = report_of([] { elaborate(); });
    CHECK(error.type == "/vigil/bus/overlap");
    CHECK(error.text.find("router") != std::string::npos);
    CHECK(error.text.find("a.socket") != std::string::npos);
    CHECK(error.text.find("c.socket") != std::string::npos);
    CHECK(error.text.find("priority") != std::string::npos);
}

TEST_CASE("address router: a movable range is nowhere at first, then where it is placed")
{
    router_bench b;
    recorded_region fixed("fixed"), moved("moved");
    b.router.map(0x1000, 0x40, fixed.socket);
    const std::size_t number = b.router.map_movable(0x40, moved.socket, {4, 1});
    elaborate();
    CHECK(b.initiator.write_value(0, 4, 1) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    b.router.place(number, 0x1020);
    CHECK(b.initiator.write_value(0x101C, 8, 0x2'0000'0001) == tlm::TLM_OK_RESPONSE);
    CHECK(fixed.device.take() == "w4@1C=1");
    CHECK(moved.device.take() == "w4@0=2");
    b.router.place(number, 0xFFFF'FFFF'FFFF'FFC0);
    CHECK(b.initiator.write_value(0x1020, 4, 3) == tlm::TLM_OK_RESPONSE);
    CHECK(b.initiator.write_value(0xFFFF'FFFF'FFFF'FFFC, 4, 4) == tlm::TLM_OK_RESPONSE);
    CHECK(fixed.device.take() == "w4@20=3");
    CHECK(moved.device.take() == "w4@3C=4");
    b.router.place(number, std::nullopt);
    CHECK(b.initiator.write_value(0xFFFF'FFFF'FFFF'FFFC, 4, 5) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(moved.device.take().empty());
}

TEST_CASE("address router: where movable ranges overlap with equal priority, the one mapped first wins")
{
    router_bench b;
    recorded_region first("first"), second("second");
    const std::size_t one = b.router.map_movable(0x40, first.socket);
    const std::size_t two = b.router.map_movable(0x40, second.socket);
    b.router.place(two, 0x1000); // before the end of elaboration, too
    elaborate();
    CHECK(b.initiator.write_value(0x1000, 4, 1) == tlm::TLM_OK_RESPONSE);
    CHECK(second.device.take() == "w4@0=1");
    b.router.place(one, 0x1000);
    CHECK(b.initiator.write_value(0x1000, 4, 2) == tlm::TLM_OK_RESPONSE);
    CHECK(first.device.take() == "w4@0=2");
    CHECK(second.device.take().empty());
}

TEST_CASE("address router: a movable range that cannot be mapped or placed is an error")
{
    address_router router("router");
    recorded_region a("a");
    CHECK(report_of([&] { router.map_movable(4, a.socket, {3, 0}); }).type == "/vigil/bus/map");
    CHECK(report_of([&] { router.place(0, 0x1000); }).type == "/vigil/bus/map");
    const std::size_t number = router.map_movable(0x40, a.socket);
    const reported beyond = report_of([&] { router.place(number, 0xFFFF'FFFF'FFFF'FFC1); });
    CHECK(beyond.type == "/vigil/bus/map");
    CHECK(beyond.text.find("a.socket") != std::string::npos);
    elaborate();
    CHECK(report_of([&] { router.map_movable(0x40, a.socket); }).type == "/vigil/bus/map");
}

TEST_CASE("address router: a wrong range, width or moment is an error")
{
    address_router router("router");
    recorded_region a("a");
    const reported range = report_of([&] { router.map(~std::uint64_t{0}, 2, a.socket); });
    CHECK(range.type == "/vigil/bus/map");
    CHECK(range.text.find("a.socket") != std::string::npos);
    CHECK(report_of([&] { router.map(0, 4, a.socket, {3, 0}); }).type == "/vigil/bus/map");
    elaborate();
    CHECK(report_of([&] { router.map(0, 4, a.socket); }).type == "/vigil/bus/map");
}

TEST_CASE("address router: memory takes any length in one piece, cut only where it ends")
{
    router_bench b;
    memory ram("ram", 0x1000), more("more", 0x1000);
    recorded_region hole("hole");
    b.router.map(0x0, 0x1000, ram.socket, {0, 0});
    b.router.map(0x1000, 0x1000, more.socket, {0, 0});
    b.router.map(0x800, 0x8, hole.socket, {4, 1});
    elaborate();
    std::array<std::uint8_t, 32> data{};
    for (unsigned i = 0; i < 32; ++i) data.at(i) = static_cast<std::uint8_t>(i + 1);
    CHECK(b.initiator.write(0x123, data.data(), 31) == tlm::TLM_OK_RESPONSE);
    CHECK(ram.data()[0x123] == 1);
    CHECK(ram.data()[0x123 + 30] == 31);

    CHECK(b.initiator.write(0xFF5, data.data(), 32) == tlm::TLM_OK_RESPONSE);
    CHECK(ram.data()[0xFFF] == 11);
    CHECK(more.data()[0] == 12);
    CHECK(more.data()[20] == 32);
    CHECK(more.data()[21] == 0);

    CHECK(b.initiator.write(0x7FF, data.data(), 10) == tlm::TLM_OK_RESPONSE);
    CHECK(hole.device.take() == "w4@0=5040302 w4@4=9080706");
    CHECK(ram.data()[0x7FF] == 1);
    CHECK(ram.data()[0x800] == 0);
    CHECK(ram.data()[0x808] == 10);
}

TEST_CASE("address router: after pieces the response is the first error, and the other pieces are done")
{
    router_bench b;
    recorded_region a("a", 6), c("c");
    b.router.map(0x0, 0x8, a.socket);
    b.router.map(0x10, 0x8, c.socket);
    elaborate();
    std::array<std::uint8_t, 20> data{};
    access payload(tlm::TLM_WRITE_COMMAND, 0x0, data.data(), 20);
    CHECK(b.send(payload) == tlm::TLM_ADDRESS_ERROR_RESPONSE); // 4@4 ends beyond a's six bytes
    CHECK(a.device.take() == "w4@0=0");
    CHECK(c.device.take() == "w4@0=0");
    CHECK(payload.get_address() == 0);
    CHECK(payload.get_data_ptr() == data.data());
    CHECK(payload.get_data_length() == 20);
    CHECK(payload.get_streaming_width() == 20);
}

TEST_CASE("address router: an access does not wrap round the end of the address space")
{
    router_bench b;
    recorded_region first("first"), last("last");
    b.router.map(0x0, 0x40, first.socket);
    b.router.map(0xFFFF'FFFF'FFFF'FFC0, 0x40, last.socket);
    elaborate();
    std::array<std::uint8_t, 8> data{};
    CHECK(b.initiator.read(0xFFFF'FFFF'FFFF'FFFC, data.data(), 8) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(last.device.take() == "r4@3C");
    CHECK(first.device.take().empty());
    CHECK(b.initiator.read_debug(0xFFFF'FFFF'FFFF'FFFC, data.data(), 8) == 4);
}

TEST_CASE("address router: address and data pointer are as before when a whole access returns")
{
    router_bench b;
    recorded_region a("a");
    b.router.map(0x1000, 0x40, a.socket);
    elaborate();
    std::array<std::uint8_t, 4> data{};
    access payload(tlm::TLM_READ_COMMAND, 0x1004, data.data(), 4);
    CHECK(b.send(payload) == tlm::TLM_OK_RESPONSE);
    CHECK(payload.get_address() == 0x1004);
    CHECK(payload.get_data_ptr() == data.data());
}

TEST_CASE("address router: debug transport is routed and ends at the first refusal")
{
    router_bench b;
    recorded_region a("a");
    memory ram("ram", 0x100);
    b.router.map(0x0, 0x8, a.socket);
    b.router.map(0x8, 0x8, ram.socket, {0, 0});
    elaborate();
    a.device.bytes = {1, 2, 3, 4, 5, 6, 7, 8};
    ram.write(0, std::array<std::uint8_t, 1>{9}.data(), 1);
    std::array<std::uint8_t, 32> data{};
    CHECK(b.initiator.read_debug(0x2, data.data(), 32) == 14);
    CHECK(data[0] == 3);
    CHECK(data[6] == 9);
    CHECK(a.device.take().empty());

    data.fill(0x77);
    access write(tlm::TLM_WRITE_COMMAND, 0x8, data.data(), 4);
    CHECK(b.initiator.socket->transport_dbg(write) == 4);
    CHECK(ram.data()[3] == 0x77);
    write.set_address(0x4);
    CHECK(b.initiator.socket->transport_dbg(write) == 0);
    CHECK(a.device.take().empty());
}

TEST_CASE("address router: DMI is refused and the non-blocking path completes at once")
{
    router_bench b;
    recorded_region a("a");
    b.router.map(0x1000, 0x40, a.socket);
    elaborate();
    std::array<std::uint8_t, 4> data{};
    access payload(tlm::TLM_READ_COMMAND, 0x1004, data.data(), 4);
    tlm::tlm_dmi dmi;
    CHECK_FALSE(b.initiator.socket->get_direct_mem_ptr(payload, dmi));
    CHECK(dmi.is_none_allowed());
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay;
    CHECK(b.initiator.socket->nb_transport_fw(payload, phase, delay) == tlm::TLM_COMPLETED);
    CHECK(a.device.take() == "r4@4");
}

TEST_CASE("address router: one socket may be mapped twice, and by two routers with many initiators")
{
    router_bench b;
    recorded_region a("a");
    address_router other("other");
    bus_initiator second("second", initiator_kind::vcpu), third("third", initiator_kind::vcpu);
    b.router.map(0x0, 0x40, a.socket);
    b.router.map(0x100, 0x40, a.socket);
    other.map(0x200, 0x40, a.socket);
    second.socket.bind(b.router.target);
    third.socket.bind(other.target);
    elaborate();
    b.initiator.write_value(0x0, 1, 1);
    second.write_value(0x104, 1, 2);
    third.write_value(0x208, 1, 3);
    CHECK(a.device.take() == "w1@0=1 w1@4=2 w1@8=3");
}

TEST_CASE("address router: routers nest, and the inner one's cuts are its own")
{
    router_bench b;
    recorded_region a("a");
    address_router inner("inner");
    inner.map(0x10, 0x10, a.socket, {2, 0});
    b.router.map(0x1000, 0x100, inner.target, {8, 0});
    elaborate();
    b.initiator.write_value(0x1018, 8, 0x1122334455667788);
    CHECK(a.device.take() == "w2@8=7788 w2@A=5566 w2@C=3344 w2@E=1122");
    CHECK(b.initiator.last_response() == tlm::TLM_OK_RESPONSE);
}

TEST_CASE("address router: any TLM-2.0 target socket can be mapped")
{
    struct foreign : sc_core::sc_module {
        explicit foreign(const sc_core::sc_module_name& name) : sc_module(name)
        {
            socket.register_b_transport(this, &foreign::b_transport);
        }
        void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
        {
            seen = payload.get_address();
            delay += sc_core::sc_time(3, sc_core::SC_NS);
            payload.set_response_status(tlm::TLM_OK_RESPONSE);
        }
        tlm_utils::simple_target_socket<foreign> socket{"socket"};
        std::uint64_t seen = 0;
    };
    router_bench b;
    foreign target("foreign");
    b.router.map(0x100, 0x10, target.socket);
    elaborate();
    CHECK(b.initiator.write_value(0x104, 4, 0) == tlm::TLM_OK_RESPONSE);
    CHECK(target.seen == 4);
    CHECK(b.initiator.delay() == sc_core::sc_time(3, sc_core::SC_NS));
}

TEST_CASE("address router: two sockets that lead to one interface can both be mapped")
{
    struct shared : sc_core::sc_module, blocking_target {
        explicit shared(const sc_core::sc_module_name& name) : sc_module(name)
        {
            left.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
            right.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
        }
        void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) override
        {
            ++count;
            payload.set_response_status(tlm::TLM_OK_RESPONSE);
        }
        unsigned transport_dbg(tlm::tlm_generic_payload&) override { return 0; }
        shared_target_socket left{"left"};
        shared_target_socket right{"right"};
        unsigned count = 0;
    };
    router_bench b;
    shared target("shared");
    b.router.map(0x0, 0x10, target.left);
    b.router.map(0x10, 0x10, target.right);
    elaborate();
    b.initiator.write_value(0x0, 4, 0);
    b.initiator.write_value(0x10, 4, 0);
    CHECK(target.count == 2);
}

TEST_CASE("address router: an SC_METHOD can access")
{
    struct caller : sc_core::sc_module {
        SC_HAS_PROCESS(caller);
        explicit caller(const sc_core::sc_module_name& name) : sc_module(name) { SC_METHOD(run); }
        void run() { initiator.write_value(0x3, 4, 0x11223344); }
        bus_initiator initiator{"initiator", initiator_kind::vcpu};
    };
    address_router router("router");
    recorded_region a("a");
    router.map(0x0, 0x40, a.socket);
    caller c("caller");
    c.initiator.socket.bind(router.target);
    elaborate();
    CHECK(a.device.take() == "w1@3=44 w2@4=2233 w1@6=11");
}
