// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <map>
#include <optional>

#include <catch.h>

#include <vigil/bus/address_router.h>
#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/msr_space.h>
#include <vigil/bus/msr_window.h>

#include "recorder.h"

using namespace vigil::bus;

namespace {

/// MSRs 100h to 102h, the last of which cannot be looked at without a read; each read through RDMSR adds 1.
struct shy_msr_file : sc_core::sc_module, msr_device {
    explicit shy_msr_file(const sc_core::sc_module_name& name) : sc_module(name) {}

    std::optional<std::uint64_t> read_msr(std::uint64_t index, const access_context& /*context*/) override
    {
        const auto found = values.find(index);
        if (found == values.end()) return std::nullopt;
        ++reads;
        return found->second++;
    }
    bool write_msr(std::uint64_t index, std::uint64_t value, const access_context& context) override
    {
        const auto found = values.find(index);
        if (found == values.end()) return false;
        ++writes;
        origin = context.origin();
        delay = context.delay;
        found->second = value;
        return true;
    }
    std::optional<std::uint64_t> peek_msr(std::uint64_t index) const override
    {
        const auto found = values.find(index);
        if (found == values.end() || index == 0x102) return std::nullopt;
        return found->second;
    }

    std::map<std::uint64_t, std::uint64_t> values{{0x100, 0x11112222'33334444}, {0x101, 5}, {0x102, 6}};
    unsigned reads = 0;
    unsigned writes = 0;
    access_origin origin;
    sc_core::sc_time delay;
    msr_socket socket{"socket", *this};
};

/// A window on MSRs 100h to 103h at 4000h of a router with two CPUs.
struct msr_window_bench {
    msr_window_bench()
    {
        space.map(0x100, 4, file.socket);
        window.msrs.bind(space.target);
        router.map(0x4000, 32, window.target, {8, 0});
        cpu.socket.bind(router.target);
        other.socket.bind(router.target);
    }

    shy_msr_file file{"file"};
    msr_space space{"space"};
    msr_window window{"window", 0x100, 4};
    address_router router{"router"};
    bus_initiator cpu{"cpu", initiator_kind::vcpu, 1};
    bus_initiator other{"other", initiator_kind::vcpu, 2};
};

} // namespace

TEST_CASE("MSR window: 8 bytes are one RDMSR or WRMSR, with the CPU and the time of the access")
{
    msr_window_bench b;
    elaborate();
    b.cpu.delay() = sc_core::sc_time(7, sc_core::SC_NS);
    CHECK(b.cpu.read_value(0x4000, 8) == 0x11112222'33334444);
    CHECK(b.cpu.write_value(0x4008, 8, 0xAAAA'BBBB'CCCC'DDDD) == tlm::TLM_OK_RESPONSE);
    CHECK(b.file.values[0x101] == 0xAAAA'BBBB'CCCC'DDDD);
    CHECK(b.file.origin.vcpu == 1);
    CHECK(b.file.delay == sc_core::sc_time(7, sc_core::SC_NS));
    CHECK(b.file.reads == 1);
    CHECK(b.file.writes == 1);
}

TEST_CASE("MSR window: an MSR that nobody has and what is no half are errors")
{
    msr_window_bench b;
    bus_initiator direct("direct", initiator_kind::vcpu);
    direct.socket.bind(b.window.target);
    elaborate();
    CHECK(b.cpu.write_value(0x4018, 8, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.cpu.read_value(0x4018, 4) == 0);
    CHECK(b.cpu.last_response() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.cpu.write_value(0x4000, 1, 0) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(b.cpu.write_value(0x4002, 2, 0) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(direct.write_value(0x20, 8, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.file.writes == 0);
}

TEST_CASE("MSR window: a range that is empty or goes beyond the last index is an error")
{
    CHECK(report_of([] { msr_window none("none", 1, 0); }).type == "/vigil/bus/msr_window");
    const reported beyond = report_of([] { msr_window wrong("wrong", 1, 0x1'0000'0000); });
    CHECK(beyond.type == "/vigil/bus/msr_window");
    CHECK(beyond.text.find("wrong: ") == 0);
}

TEST_CASE("MSR window: the low half is held until the high half comes, and both are written at once")
{
    msr_window_bench b;
    elaborate();
    CHECK(b.cpu.write_value(0x4000, 4, 0xCCCCDDDD) == tlm::TLM_OK_RESPONSE);
    CHECK(b.file.writes == 0);
    CHECK(b.file.values[0x100] == 0x11112222'33334444);
    CHECK(b.cpu.write_value(0x4004, 4, 0xAAAABBBB) == tlm::TLM_OK_RESPONSE);
    CHECK(b.file.writes == 1);
    CHECK(b.file.values[0x100] == 0xAAAABBBB'CCCCDDDD);
    // It is held for one write alone: the next high half goes with the low half that the MSR has.
    b.file.values[0x100] = 0x55556666'77778888;
    CHECK(b.cpu.write_value(0x4004, 4, 0x99990000) == tlm::TLM_OK_RESPONSE);
    CHECK(b.file.values[0x100] == 0x99990000'77778888);
    CHECK(b.file.reads == 0);
    // Where the MSR shows nothing, that is 0.
    CHECK(b.cpu.write_value(0x4014, 4, 0x99990000) == tlm::TLM_OK_RESPONSE);
    CHECK(b.file.values[0x102] == 0x99990000'00000000);
}

TEST_CASE("MSR window: two halves are one read, and a high half alone is one as well")
{
    msr_window_bench b;
    elaborate();
    CHECK(b.cpu.read_value(0x4000, 4) == 0x33334444);
    b.file.values[0x100] = 0x99999999'99999999;
    CHECK(b.cpu.read_value(0x4004, 4) == 0x11112222);
    CHECK(b.file.reads == 1);
    CHECK(b.cpu.read_value(0x4004, 4) == 0x99999999);
    CHECK(b.file.reads == 2);
    // A write ends what was kept.
    CHECK(b.cpu.read_value(0x4000, 4) == 0x9999999A);
    CHECK(b.cpu.write_value(0x4000, 8, 0x12345678'00000000) == tlm::TLM_OK_RESPONSE);
    CHECK(b.cpu.read_value(0x4004, 4) == 0x12345678);
}

TEST_CASE("MSR window: halves are each CPU's and each MSR's own, and a whole write or a reset ends them")
{
    msr_window_bench b;
    elaborate();
    b.cpu.write_value(0x4000, 4, 0x11111111);
    b.other.write_value(0x4000, 4, 0x22222222);
    b.cpu.write_value(0x4008, 4, 0x33333333);
    b.cpu.write_value(0x4004, 4, 0xAAAAAAAA);
    CHECK(b.file.values[0x100] == 0xAAAAAAAA'11111111);
    b.other.write_value(0x4004, 4, 0xBBBBBBBB);
    CHECK(b.file.values[0x100] == 0xBBBBBBBB'22222222);
    b.cpu.write_value(0x4008, 8, 0x44444444);
    b.cpu.write_value(0x400C, 4, 0xCCCCCCCC);
    CHECK(b.file.values[0x101] == 0xCCCCCCCC'44444444);
    b.cpu.write_value(0x4008, 4, 0x55555555);
    CHECK(b.cpu.read_value(0x4000, 4) == 0x22222222);
    b.window.reset();
    b.cpu.write_value(0x400C, 4, 0xDDDDDDDD);
    CHECK(b.file.values[0x101] == 0xDDDDDDDD'44444444);
    b.file.values[0x100] = 0x66666666'00000000;
    CHECK(b.cpu.read_value(0x4004, 4) == 0x66666666);
}

TEST_CASE("MSR window: longer accesses go MSR by MSR, with byte enables and streaming width 0 as on every socket")
{
    const report_log log;
    msr_window_bench b;
    bus_initiator direct("direct", initiator_kind::vcpu);
    direct.socket.bind(b.window.target);
    elaborate();
    std::array<std::uint8_t, 16> data{1, 0, 0, 0, 0, 0, 0, 0, 2};
    CHECK(direct.write(0, data.data(), 16) == tlm::TLM_OK_RESPONSE);
    CHECK(b.file.values[0x100] == 1);
    CHECK(b.file.values[0x101] == 2);
    std::array<std::uint8_t, 16> enables{};
    for (unsigned i = 8; i < 16; ++i) enables.at(i) = 0xFF;
    data.fill(0x77);
    access payload(tlm::TLM_WRITE_COMMAND, 0, data.data(), 16);
    payload.set_byte_enable_ptr(enables.data());
    payload.set_byte_enable_length(16);
    payload.set_streaming_width(0);
    sc_core::sc_time delay;
    direct.socket->b_transport(payload, delay);
    CHECK(payload.get_response_status() == tlm::TLM_OK_RESPONSE);
    CHECK(b.file.values[0x100] == 1);
    CHECK(b.file.values[0x101] == 0x7777777777777777);
    REQUIRE(log.entries().size() == 1);
    CHECK(log.entries()[0].text.find("window.target: ") == 0);
    CHECK(payload.get_address() == 0);
    CHECK(payload.get_data_ptr() == data.data());
}

TEST_CASE("MSR window: debug transport reads any length without side effects, and never writes")
{
    msr_window_bench b;
    bus_initiator direct("direct", initiator_kind::vcpu);
    direct.socket.bind(b.window.target);
    elaborate();
    std::array<std::uint8_t, 32> data{};
    CHECK(b.cpu.read_debug(0x4000, data.data(), 16) == 16);
    CHECK(data[0] == 0x44);
    CHECK(data[7] == 0x11);
    CHECK(data[8] == 5);
    CHECK(direct.read_debug(6, data.data(), 3) == 3);
    CHECK(data[0] == 0x11);
    CHECK(data[2] == 5);
    CHECK(direct.read_debug(0, data.data(), 32) == 16); // the third shows nothing
    CHECK(direct.read_debug(32, data.data(), 1) == 0);
    access write(tlm::TLM_WRITE_COMMAND, 0, data.data(), 8);
    CHECK(direct.socket->transport_dbg(write) == 0);
    CHECK(b.file.reads == 0);
    CHECK(b.file.writes == 0);
}
