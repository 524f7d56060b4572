// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <map>
#include <optional>
#include <vector>

#include <catch.h>
#include <tlm_utils/simple_target_socket.h>

#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/msr_space.h>

#include "recorder.h"

using namespace vigil::bus;

namespace {

/// A device with the MSRs that were put into it; reading one through RDMSR adds 1 to it.
struct msr_file : sc_core::sc_module, msr_device {
    explicit msr_file(const sc_core::sc_module_name& name) : sc_module(name) {}

    std::optional<std::uint64_t> read_msr(std::uint64_t index, const access_context& context) override
    {
        origin = context.origin();
        const auto value = peek_msr(index);
        if (value) ++values[index];
        return value;
    }
    bool write_msr(std::uint64_t index, std::uint64_t value, const access_context& context) override
    {
        origin = context.origin();
        delay = context.delay;
        if (values.count(index) == 0) return false;
        values[index] = value;
        return true;
    }
    std::optional<std::uint64_t> peek_msr(std::uint64_t index) const override
    {
        const auto found = values.find(index);
        if (found == values.end()) return std::nullopt;
        return found->second;
    }

    std::map<std::uint64_t, std::uint64_t> values;
    access_origin origin{initiator_kind::host, 99};
    sc_core::sc_time delay;
    msr_socket socket{"socket", *this};
};

/// A space with an initiator and a device that has MSRs 10h and 11h of the four that are given to it.
struct msr_space_bench {
    msr_space_bench()
    {
        initiator.socket.bind(space.target);
        file.values = {{0x10, 5}, {0x11, 6}};
        space.map(0x10, 4, file.socket);
    }

    tlm::tlm_response_status send(tlm::tlm_generic_payload& payload)
    {
        sc_core::sc_time delay;
        payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        initiator.socket->b_transport(payload, delay);
        return payload.get_response_status();
    }

    msr_space space{"space"};
    msr_file file{"file"};
    bus_initiator initiator{"initiator", initiator_kind::vcpu, 3};
};

} // namespace

TEST_CASE("MSR space: an address is an index, and one address is 8 bytes, least significant first")
{
    msr_space_bench b;
    elaborate();
    CHECK(b.initiator.write_value(0x10, 8, 0x1122334455667788) == tlm::TLM_OK_RESPONSE);
    CHECK(b.initiator.write_value(0x11, 8, ~std::uint64_t{0}) == tlm::TLM_OK_RESPONSE);
    CHECK(b.file.values[0x10] == 0x1122334455667788);
    const std::array<std::uint8_t, 8> expected{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
    std::array<std::uint8_t, 8> data{};
    CHECK(b.initiator.read(0x10, data.data(), 8) == tlm::TLM_OK_RESPONSE);
    CHECK(data == expected);
    CHECK(b.initiator.read_value(0x11, 8) == ~std::uint64_t{0});
}

TEST_CASE("MSR space: an MSR that nobody has is an address error")
{
    msr_space_bench b;
    elaborate();
    for (const std::uint64_t index : {0x0ULL, 0xFULL, 0x12ULL, 0x13ULL, 0x14ULL, 0x80ULL, 0xFFFF'FFFFULL,
                                      0x1'0000'0010ULL, 0xFFFF'FFFF'FFFF'FFFFULL}) {
        CAPTURE(index);
        CHECK(b.initiator.write_value(index, 8, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
        CHECK(b.initiator.read_value(index, 8) == 0);
        CHECK(b.initiator.last_response() == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
}

TEST_CASE("MSR space: an empty space answers address errors")
{
    msr_space space("space");
    bus_initiator initiator("initiator", initiator_kind::vcpu);
    initiator.socket.bind(space.target);
    elaborate();
    CHECK(initiator.write_value(0, 8, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    std::array<std::uint8_t, 8> data{};
    CHECK(initiator.read_debug(0, data.data(), 8) == 0);
}

TEST_CASE("MSR space: lengths other than 8 are burst errors, and nothing happens")
{
    msr_space_bench b;
    bus_initiator direct("direct", initiator_kind::vcpu);
    direct.socket.bind(b.file.socket);
    elaborate();
    std::array<std::uint8_t, 16> data{};
    for (const unsigned length : {0U, 1U, 2U, 4U, 7U, 9U, 16U}) {
        CAPTURE(length);
        for (const auto command : {tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND}) {
            access payload(command, 0x10, data.data(), length);
            CHECK(b.send(payload) == tlm::TLM_BURST_ERROR_RESPONSE);
            payload.set_address(0x999);
            CHECK(b.send(payload) == tlm::TLM_BURST_ERROR_RESPONSE);
        }
        CHECK(direct.write(0x10, data.data(), length) == tlm::TLM_BURST_ERROR_RESPONSE);
    }
    CHECK(b.file.values[0x10] == 5);
}

TEST_CASE("MSR space: partial byte enables, streaming and no data are refused, and an ignored command does nothing")
{
    msr_space_bench b;
    elaborate();
    std::array<std::uint8_t, 8> data{};
    access enabled(tlm::TLM_WRITE_COMMAND, 0x10, data.data(), 8);
    std::array<std::uint8_t, 8> enables{0xFF, 0xFF, 0xFF, 0xFF};
    enabled.set_byte_enable_ptr(enables.data());
    for (const unsigned count : {0U, 8U}) { // none, and one half
        enabled.set_byte_enable_length(count);
        CHECK(b.send(enabled) == tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    }
    access streaming(tlm::TLM_WRITE_COMMAND, 0x10, data.data(), 8);
    streaming.set_streaming_width(4);
    CHECK(b.send(streaming) == tlm::TLM_BURST_ERROR_RESPONSE);
    access without_data(tlm::TLM_WRITE_COMMAND, 0x10, nullptr, 8);
    CHECK(b.send(without_data) == tlm::TLM_GENERIC_ERROR_RESPONSE);
    access ignored(tlm::TLM_IGNORE_COMMAND, 0x10, nullptr, 8);
    CHECK(b.send(ignored) == tlm::TLM_OK_RESPONSE);
    CHECK(b.file.values[0x10] == 5);
    streaming.set_streaming_width(16);
    CHECK(b.send(streaming) == tlm::TLM_OK_RESPONSE);
    CHECK(b.file.values[0x10] == 0);
}

TEST_CASE("MSR space: byte enables of all ones are as none, streaming width 0 is as 8 with one warning for each socket")
{
    const report_log log;
    msr_space_bench b;
    bus_initiator direct("direct", initiator_kind::vcpu);
    direct.socket.bind(b.file.socket);
    elaborate();
    std::array<std::uint8_t, 8> data{7};
    std::uint8_t ones = 0xFF;
    access payload(tlm::TLM_WRITE_COMMAND, 0x10, data.data(), 8);
    payload.set_byte_enable_ptr(&ones);
    payload.set_byte_enable_length(1);
    CHECK(b.send(payload) == tlm::TLM_OK_RESPONSE);
    CHECK(b.file.values[0x10] == 7);
    CHECK(log.entries().empty());
    payload.set_streaming_width(0);
    for (int i = 0; i < 2; ++i) {
        data[0] = 8;
        CHECK(b.send(payload) == tlm::TLM_OK_RESPONSE);
        CHECK(b.file.values[0x10] == 8);
    }
    sc_core::sc_time delay;
    direct.socket->b_transport(payload, delay);
    CHECK(payload.get_response_status() == tlm::TLM_OK_RESPONSE);
    REQUIRE(log.entries().size() == 2);
    CHECK(log.entries()[0].text.find("space.target: ") == 0);
    CHECK(log.entries()[1].text.find("file.socket: ") == 0);
    payload.set_command(tlm::TLM_READ_COMMAND);
    CHECK(b.initiator.socket->transport_dbg(payload) == 8);
}

TEST_CASE("MSR space: one device is shared by all vCPUs, and sees which one it is")
{
    msr_space_bench b;
    bus_initiator other("other", initiator_kind::vcpu, 1), host("host", initiator_kind::host);
    other.socket.bind(b.space.target);
    host.socket.bind(b.space.target);
    elaborate();
    b.initiator.delay() = sc_core::sc_time(7, sc_core::SC_NS);
    b.initiator.write_value(0x10, 8, 42);
    CHECK(b.file.origin.kind == initiator_kind::vcpu);
    CHECK(b.file.origin.vcpu == 3);
    CHECK(b.file.delay == sc_core::sc_time(7, sc_core::SC_NS));
    CHECK(other.read_value(0x10, 8) == 42);
    CHECK(b.file.origin.vcpu == 1);
    CHECK(host.read_value(0x10, 8) == 43); // reading has its side effect
    CHECK(b.file.origin.kind == initiator_kind::host);
    std::array<std::uint8_t, 8> data{};
    access plain(tlm::TLM_READ_COMMAND, 0x10, data.data(), 8);
    CHECK(b.send(plain) == tlm::TLM_OK_RESPONSE);
    CHECK(b.file.origin.kind == initiator_kind::vcpu);
    CHECK(b.file.origin.vcpu == 0);
}

TEST_CASE("MSR space: any TLM-2.0 target can be mapped and sees the payload as it was sent")
{
    struct foreign : sc_core::sc_module {
        explicit foreign(const sc_core::sc_module_name& name) : sc_module(name)
        {
            socket.register_b_transport(this, &foreign::b_transport);
        }
        void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
        {
            seen.push_back(payload.get_address());
            origin = payload.get_extension<access_origin>();
            delay += sc_core::sc_time(3, sc_core::SC_NS);
            payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
        }
        tlm_utils::simple_target_socket<foreign> socket{"socket"};
        std::vector<std::uint64_t> seen;
        const access_origin* origin = nullptr;
    };
    msr_space_bench b;
    foreign target("foreign");
    b.space.map(0xC0000080, 1, target.socket);
    b.space.map(0xFFFFFFFF, 1, target.socket);
    elaborate();
    access_origin origin(initiator_kind::vcpu, 7);
    std::array<std::uint8_t, 8> data{};
    access payload(tlm::TLM_WRITE_COMMAND, 0xC0000080, data.data(), 8);
    payload.set_extension(&origin);
    CHECK(b.send(payload) == tlm::TLM_GENERIC_ERROR_RESPONSE);
    CHECK(target.origin == &origin);
    CHECK(payload.get_address() == 0xC0000080);
    CHECK(payload.get_data_length() == 8);
    payload.clear_extension(&origin);
    b.initiator.write_value(0xFFFFFFFF, 8, 0);
    CHECK(target.seen == std::vector<std::uint64_t>{0xC0000080, 0xFFFFFFFF});
    CHECK(b.initiator.delay() == sc_core::sc_time(3, sc_core::SC_NS));
}

TEST_CASE("MSR space: debug transport reads one whole MSR without side effects, and never writes")
{
    msr_space_bench b;
    elaborate();
    std::array<std::uint8_t, 16> data{};
    CHECK(b.initiator.read_debug(0x10, data.data(), 8) == 8);
    CHECK(data[0] == 5);
    CHECK(b.file.values[0x10] == 5);
    CHECK(b.initiator.read_debug(0x12, data.data(), 8) == 0);
    CHECK(b.initiator.read_debug(0x20, data.data(), 8) == 0);
    CHECK(b.initiator.read_debug(0x10, data.data(), 4) == 0);
    CHECK(b.initiator.read_debug(0x10, data.data(), 16) == 0);
    access write(tlm::TLM_WRITE_COMMAND, 0x10, data.data(), 8);
    CHECK(b.initiator.socket->transport_dbg(write) == 0);
    CHECK(b.file.values[0x10] == 5);
    CHECK(b.file.origin.kind == initiator_kind::host); // as at first: no access came
}

TEST_CASE("MSR space: DMI is refused and the non-blocking path completes at once")
{
    msr_space_bench b;
    elaborate();
    std::array<std::uint8_t, 8> data{9};
    access payload(tlm::TLM_WRITE_COMMAND, 0x10, data.data(), 8);
    tlm::tlm_dmi dmi;
    CHECK_FALSE(b.initiator.socket->get_direct_mem_ptr(payload, dmi));
    CHECK(dmi.is_none_allowed());
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay;
    CHECK(b.initiator.socket->nb_transport_fw(payload, phase, delay) == tlm::TLM_COMPLETED);
    CHECK(payload.get_response_status() == tlm::TLM_OK_RESPONSE);
    CHECK(b.file.values[0x10] == 9);
}

TEST_CASE("MSR space: a wrong range, a range given twice or a wrong moment is an error")
{
    msr_space_bench b;
    msr_file other("other");
    CHECK(report_of([&] { b.space.map(0x20, 0, other.socket); }).type == "/vigil/bus/map");
    CHECK(report_of([&] { b.space.map(0xFFFFFFFF, 2, other.socket); }).type == "/vigil/bus/map");
    for (const std::uint32_t first : {0xFU, 0x10U, 0x13U}) {
        const reported overlap = report_of([&] { b.space.map(first, 2, other.socket); });
        CHECK(overlap.type == "/vigil/bus/overlap");
        CHECK(overlap.text.find("space: file.socket at MSR 0x10-0x13 and other.socket at MSR 0x") == 0);
    }
    b.space.map(0x14, 0x1'0000'0000 - 0x14, other.socket);
    elaborate();
    const reported late = report_of([&] { b.space.map(0, 1, other.socket); });
    CHECK(late.type == "/vigil/bus/map");
    CHECK(late.text.find("other.socket") != std::string::npos);
    other.values[0x14] = 1;
    CHECK(b.initiator.read_value(0x14, 8) == 1);
}
