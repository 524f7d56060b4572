// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <random>

#include <catch.h>

#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/register_target.h>
#include <vigil/bus/target_socket.h>

#include "recorder.h"

using namespace vigil::bus;

namespace {

/// A register region of 16 bytes with an initiator bound to it.
struct socket_bench {
    explicit socket_bench(std::uint64_t size = 16, unsigned widest = 4,
                          access_alignment alignment = access_alignment::natural)
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
    socket_bench b;
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

TEST_CASE("register socket: 3, 8 and 16 bytes and unaligned accesses are cut as a router would, lowest address first")
{
    socket_bench b;
    std::array<std::uint8_t, 16> data{};
    for (unsigned i = 0; i < 16; ++i) data.at(i) = static_cast<std::uint8_t>(i + 1);
    CHECK(b.initiator.write(0x4, data.data(), 3) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "w2@4=201 w1@6=3");
    CHECK(b.initiator.write_value(0x8, 8, 0x1122334455667788) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "w4@8=55667788 w4@C=11223344");
    CHECK(b.initiator.write(0, data.data(), 16) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "w4@0=4030201 w4@4=8070605 w4@8=C0B0A09 w4@C=100F0E0D");
    CHECK(b.initiator.read_value(0x2, 4) == 0x06050403);
    CHECK(b.device().take() == "r2@2 r2@4");
    CHECK(b.initiator.read_value(0x1, 2) == 0x0302);
    CHECK(b.device().take() == "r1@1 r1@2");
}

TEST_CASE("register socket: 64 bytes reach a region of 64, and what lies beyond a smaller one is an address error")
{
    socket_bench b(64);
    std::array<std::uint8_t, 128> data{};
    CHECK(b.initiator.read(0, data.data(), 64) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "r4@0 r4@4 r4@8 r4@C r4@10 r4@14 r4@18 r4@1C "
                               "r4@20 r4@24 r4@28 r4@2C r4@30 r4@34 r4@38 r4@3C");
    CHECK(b.initiator.read(0x38, data.data(), 64) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.device().take() == "r4@38 r4@3C");
    access huge(tlm::TLM_READ_COMMAND, 0x3C, data.data(), 0xFFFFFFFF);
    CHECK(b.send(huge) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.device().take() == "r4@3C");
    CHECK(huge.get_address() == 0x3C);
    CHECK(huge.get_data_ptr() == data.data());
    CHECK(huge.get_data_length() == 0xFFFFFFFF);
    access empty(tlm::TLM_READ_COMMAND, 0, data.data(), 0);
    CHECK(b.send(empty) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(b.device().take().empty());
}

TEST_CASE("register socket: a region takes accesses up to its own widest")
{
    socket_bench b(16, 8);
    CHECK(b.initiator.write_value(0x8, 8, 0x1122334455667788) == tlm::TLM_OK_RESPONSE);
    CHECK(b.initiator.read_value(0x8, 8) == 0x1122334455667788);
    CHECK(b.device().take() == "w8@8=1122334455667788 r8@8");
}

TEST_CASE("register socket: of a word, a one-byte region takes the first byte, and the rest is an address error")
{
    socket_bench b(1, 1);
    CHECK(b.initiator.write_value(0, 2, 0x1234) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.initiator.write_value(0, 1, 7) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "w1@0=34 w1@0=7");
}

TEST_CASE("register socket: a region without alignment takes any offset inside")
{
    socket_bench b(16, 4, access_alignment::any);
    CHECK(b.initiator.write_value(0x5, 4, 0x11223344) == tlm::TLM_OK_RESPONSE);
    CHECK(b.initiator.write_value(0xD, 4, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.device().take() == "w4@5=11223344");
    std::array<std::uint8_t, 4> data{};
    CHECK(b.initiator.read_debug(0x5, data.data(), 4) == 4);
    CHECK(data[0] == 0x44);
}

TEST_CASE("register socket: accesses outside the region are address errors")
{
    socket_bench b(14);
    CHECK(b.initiator.write_value(0xC, 4, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.initiator.write_value(0x10, 1, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.initiator.write_value(0xFFFFFFFFFFFFFFFC, 4, 0) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(b.initiator.write_value(0xC, 2, 0) == tlm::TLM_OK_RESPONSE);
}

TEST_CASE("register socket: byte enables of all ones are as none")
{
    socket_bench b;
    std::array<std::uint8_t, 8> data{1, 2, 3, 4, 5, 6, 7, 8};
    std::array<std::uint8_t, 8> enables{};
    enables.fill(0xFF);
    access payload(tlm::TLM_WRITE_COMMAND, 4, data.data(), 4);
    payload.set_byte_enable_ptr(enables.data());
    payload.set_byte_enable_length(4);
    CHECK(b.send(payload) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "w4@4=4030201");
    CHECK(payload.get_byte_enable_ptr() == enables.data());
    CHECK(payload.get_byte_enable_length() == 4);
    payload.set_byte_enable_length(1); // repeated
    CHECK(b.send(payload) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "w4@4=4030201");
    access quad(tlm::TLM_WRITE_COMMAND, 0, data.data(), 8);
    quad.set_byte_enable_ptr(enables.data());
    quad.set_byte_enable_length(8);
    CHECK(b.send(quad) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "w4@0=4030201 w4@4=8070605");
}

TEST_CASE("register socket: partial byte enables are carried out by runs of enabled bytes")
{
    socket_bench b;
    std::array<std::uint8_t, 8> data{1, 2, 3, 4, 5, 6, 7, 8};
    std::array<std::uint8_t, 8> enables{0xFF, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0};
    access payload(tlm::TLM_WRITE_COMMAND, 0, data.data(), 8);
    payload.set_byte_enable_ptr(enables.data());
    payload.set_byte_enable_length(8);
    CHECK(b.send(payload) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "w1@0=1 w1@3=4 w2@4=605 w1@6=7");

    b.device().bytes.fill(0xAA);
    std::array<std::uint8_t, 4> word{};
    std::array<std::uint8_t, 2> every_other{0, 0xFF};
    access read(tlm::TLM_READ_COMMAND, 8, word.data(), 4);
    read.set_byte_enable_ptr(every_other.data());
    read.set_byte_enable_length(2);
    CHECK(b.send(read) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "r1@9 r1@B");
    CHECK(word == std::array<std::uint8_t, 4>{0, 0xAA, 0, 0xAA});

    every_other.fill(0);
    CHECK(b.send(read) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take().empty());
}

TEST_CASE("register socket: byte enables that are none are refused")
{
    socket_bench b;
    std::array<std::uint8_t, 4> data{};
    std::array<std::uint8_t, 4> enables{0xFF, 0xFF, 0x01, 0xFF};
    access payload(tlm::TLM_WRITE_COMMAND, 0, data.data(), 4);
    payload.set_byte_enable_ptr(enables.data());
    payload.set_byte_enable_length(4);
    CHECK(b.send(payload) == tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    payload.set_byte_enable_length(0);
    CHECK(b.send(payload) == tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    CHECK(b.device().take().empty());
}

TEST_CASE("register socket: a streaming width of 0 is the length, with one warning that names the socket")
{
    const report_log log;
    socket_bench b;
    std::array<std::uint8_t, 8> data{1, 2, 3, 4, 5, 6, 7, 8};
    access payload(tlm::TLM_WRITE_COMMAND, 0, data.data(), 4);
    CHECK(b.send(payload) == tlm::TLM_OK_RESPONSE);
    CHECK(log.entries().empty());
    payload.set_streaming_width(0);
    CHECK(b.send(payload) == tlm::TLM_OK_RESPONSE);
    CHECK(payload.get_streaming_width() == 0);
    payload.set_data_length(8);
    CHECK(b.send(payload) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "w4@0=4030201 w4@0=4030201 w4@0=4030201 w4@4=8070605");
    REQUIRE(log.entries().size() == 1);
    CHECK(log.entries()[0].type == "/vigil/bus/streaming_width");
    CHECK(log.entries()[0].text.find("region.socket: ") == 0);
    payload.set_data_length(0);
    CHECK(b.send(payload) == tlm::TLM_BURST_ERROR_RESPONSE);
}

TEST_CASE("register socket: streaming is refused")
{
    socket_bench b;
    std::array<std::uint8_t, 4> data{};
    access streaming(tlm::TLM_WRITE_COMMAND, 0, data.data(), 4);
    streaming.set_streaming_width(2);
    CHECK(b.send(streaming) == tlm::TLM_BURST_ERROR_RESPONSE);
    streaming.set_streaming_width(8);
    CHECK(b.send(streaming) == tlm::TLM_OK_RESPONSE);
    CHECK(b.device().take() == "w4@0=0");
}

TEST_CASE("register socket: an ignored command does nothing, and no data pointer is an error")
{
    socket_bench b;
    access ignored(tlm::TLM_IGNORE_COMMAND, 0, nullptr, 4);
    CHECK(b.send(ignored) == tlm::TLM_OK_RESPONSE);
    access without_data(tlm::TLM_READ_COMMAND, 0, nullptr, 4);
    CHECK(b.send(without_data) == tlm::TLM_GENERIC_ERROR_RESPONSE);
    CHECK(b.device().take().empty());
}

TEST_CASE("register socket: the non-blocking path completes at once")
{
    socket_bench b;
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
    socket_bench b;
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
    socket_bench b;
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
    const report_log log;
    access foreign(tlm::TLM_READ_COMMAND, 8, data.data(), 8);
    foreign.set_streaming_width(0);
    foreign.set_byte_enable_ptr(data.data()); // says nothing here
    CHECK(b.initiator.socket->transport_dbg(foreign) == 8);
    CHECK(data[7] == 15);
    CHECK(log.entries().empty());
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
    socket_bench b;
    b.initiator.delay() = sc_core::sc_time(7, sc_core::SC_NS);
    b.initiator.write_value(0, 4, 1);
    CHECK(b.device().origin.kind == initiator_kind::vcpu);
    CHECK(b.device().origin.vcpu == 3);
    CHECK(b.device().delay == sc_core::sc_time(7, sc_core::SC_NS));
}

TEST_CASE("access origin: a payload without one is vCPU 0's")
{
    socket_bench b;
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

namespace {

/// A device that is its socket's target, and notes as one behind its interface does.
class recording_target final : public vigil::bus::register_target<recording_target> {
public:
    explicit recording_target(const vigil::bus::register_region& region) : register_target(region) {}

    std::uint64_t read(std::uint64_t offset, unsigned width, const vigil::bus::access_context& context)
    {
        return notes.read(offset, width, context);
    }
    void write(std::uint64_t offset, unsigned width, std::uint64_t value, const vigil::bus::access_context& context)
    {
        notes.write(offset, width, value, context);
    }
    std::uint64_t peek(std::uint64_t offset, unsigned width) const { return notes.peek(offset, width); }

    recorder notes;
};

struct target_region : sc_core::sc_module {
    target_region(const sc_core::sc_module_name& name, const vigil::bus::register_region& region)
        : sc_module(name), device(region)
    {
    }
    recording_target device;
    register_socket socket{"socket", device};
};

/// A payload as nobody would send it, and its data.
struct odd_payload : tlm::tlm_generic_payload {
    explicit odd_payload(std::mt19937& random)
    {
        const auto below = [&random](unsigned end) { return static_cast<unsigned>(random() % end); };
        for (std::uint8_t& byte : data) byte = static_cast<std::uint8_t>(random());
        for (std::uint8_t& enable : enables) enable = below(8) == 0 ? 0x01 : below(2) == 0 ? 0x00 : 0xFF;
        set_command(static_cast<tlm::tlm_command>(below(3)));
        set_address(below(16) == 0 ? std::uint64_t{0} - below(20) : below(24));
        set_data_ptr(below(16) == 0 ? nullptr : data.data());
        set_data_length(below(20));
        set_streaming_width(below(4) == 0 ? below(20) : get_data_length());
        if (below(4) == 0) {
            set_byte_enable_ptr(enables.data());
            set_byte_enable_length(below(5));
        }
    }
    std::array<std::uint8_t, 24> data{};
    std::array<std::uint8_t, 8> enables{};
};

} // namespace

TEST_CASE("register socket: a device that is the target answers as one behind its interface, whatever the payload")
{
    const unsigned widest = GENERATE(1U, 4U, 8U);
    const auto alignment = GENERATE(access_alignment::natural, access_alignment::any);
    const std::uint64_t size = GENERATE(std::uint64_t{16}, std::uint64_t{3});
    const std::uint64_t mask = alignment == access_alignment::natural ? ~std::uint64_t{0} : 0;
    report_log quiet;
    socket_bench::module behind("behind", size, widest, alignment);
    target_region itself("itself", {size, widest, mask});
    bus_initiator to_behind{"to_behind", initiator_kind::vcpu, 0}, to_itself{"to_itself", initiator_kind::vcpu, 0};
    to_behind.socket.bind(behind.socket);
    to_itself.socket.bind(itself.socket);
    elaborate();
    for (unsigned seed = 0; seed < 4000; ++seed) {
        std::mt19937 one(seed), same(seed);
        odd_payload first(one), second(same);
        sc_core::sc_time delay, same_delay;
        if (seed % 4 == 3) {
            CHECK(to_behind.socket->transport_dbg(first) == to_itself.socket->transport_dbg(second));
        } else {
            to_behind.socket->b_transport(first, delay);
            to_itself.socket->b_transport(second, same_delay);
        }
        INFO("seed " << seed);
        REQUIRE(second.get_response_status() == first.get_response_status());
        REQUIRE(second.data == first.data);
        REQUIRE(itself.device.notes.take() == behind.device.take());
        REQUIRE(same_delay == delay);
    }
}
