// SPDX-License-Identifier: Apache-2.0
// Vigil's sockets bound to those of other platforms: tlm_utils', 64-bit ones, and initiators of the non-blocking path.
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <catch.h>
#include <tlm_utils/multi_passthrough_initiator_socket.h>
#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <vigil/bus/address_router.h>
#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/memory.h>
#include <vigil/bus/msr_space.h>
#include <vigil/bus/width_adaptor.h>

#include "recorder.h"

using namespace vigil::bus;

namespace {

sc_core::sc_time ns(std::uint64_t count) { return {static_cast<double>(count), sc_core::SC_NS}; }

/// A CPU of a platform that never sets the streaming width and waits for what targets annotate.
template <unsigned Width = 32> struct foreign_cpu : sc_core::sc_module {
    explicit foreign_cpu(const sc_core::sc_module_name& name) : sc_module(name)
    {
        socket.register_invalidate_direct_mem_ptr(this, &foreign_cpu::invalidate);
    }
    tlm::tlm_response_status write(std::uint64_t address, std::uint64_t value, unsigned length)
    {
        access payload(tlm::TLM_WRITE_COMMAND, address, reinterpret_cast<std::uint8_t*>(&value), length);
        payload.set_streaming_width(0);
        socket->b_transport(payload, delay);
        return payload.get_response_status();
    }
    void invalidate(sc_dt::uint64 start, sc_dt::uint64 end) { lost = {start, end}; }

    tlm_utils::simple_initiator_socket<foreign_cpu, Width> socket{"socket"};
    sc_core::sc_time delay;
    std::array<std::uint64_t, 2> lost{};
};

/// A peripheral of another platform that notes its accesses; `Socket` is a target socket of tlm_utils.
template <template <class, unsigned> class Socket, unsigned Width = 32> struct foreign_target : sc_core::sc_module {
    explicit foreign_target(const sc_core::sc_module_name& name) : sc_module(name)
    {
        socket.register_b_transport(this, &foreign_target::b_transport);
        socket.register_get_direct_mem_ptr(this, &foreign_target::grant);
        socket.register_transport_dbg(this, &foreign_target::debug);
    }
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
    {
        seen += " " + std::to_string(payload.get_data_length()) + "@" + std::to_string(payload.get_address());
        delay += ns(2);
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    bool grant(tlm::tlm_generic_payload& /*payload*/, tlm::tlm_dmi& dmi)
    {
        dmi.set_dmi_ptr(bytes.data());
        dmi.set_end_address(bytes.size() - 1);
        dmi.allow_read();
        return true;
    }
    unsigned debug(tlm::tlm_generic_payload& payload) { return payload.get_data_length(); }

    Socket<foreign_target, Width> socket{"socket"};
    std::string seen;
    std::array<std::uint8_t, 16> bytes{};
};

/// tlm_utils' sockets by two parameters, whatever else a version of SystemC gives them.
template <class Module, unsigned Width> using simple_target = tlm_utils::simple_target_socket<Module, Width>;
template <class Module, unsigned Width> using passthrough_target = tlm_utils::passthrough_target_socket<Module, Width>;

/// Payloads that are acquired and released, as the non-blocking path asks.
struct no_manager : tlm::tlm_mm_interface {
    void free(tlm::tlm_generic_payload* payload) override { payload->reset(); }
};

/// An initiator of the approximately-timed coding style: one write, by phases where the target asks for them.
struct at_cpu : sc_core::sc_module {
    SC_HAS_PROCESS(at_cpu);
    at_cpu(const sc_core::sc_module_name& name, std::uint64_t at, unsigned bytes)
        : sc_module(name), address(at), length(bytes)
    {
        socket.register_nb_transport_bw(this, &at_cpu::nb_transport_bw);
        SC_THREAD(run);
    }
    void run()
    {
        access payload(tlm::TLM_WRITE_COMMAND, address, data.data(), length);
        payload.set_mm(&manager);
        payload.acquire();
        tlm::tlm_phase phase = tlm::BEGIN_REQ;
        sc_core::sc_time delay = ns(5);
        first_answer = socket->nb_transport_fw(payload, phase, delay);
        if (first_answer == tlm::TLM_COMPLETED) {
            wait(delay);
        } else {
            wait(done);
        }
        status = payload.get_response_status();
        finished = sc_core::sc_time_stamp();
        payload.set_data_ptr(nullptr);
        payload.release();
    }
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& /*payload*/, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay)
    {
        if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
        done.notify(delay);
        return tlm::TLM_COMPLETED;
    }

    std::uint64_t address;
    unsigned length;
    tlm_utils::simple_initiator_socket<at_cpu> socket{"socket"};
    std::array<std::uint8_t, 16> data{1, 2, 3, 4, 5, 6, 7, 8};
    no_manager manager;
    sc_core::sc_event done;
    tlm::tlm_sync_enum first_answer = tlm::TLM_ACCEPTED;
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    sc_core::sc_time finished;
};

} // namespace

TEST_CASE("foreign sockets: a simple initiator reaches every kind of target behind a router")
{
    const report_log log;
    foreign_cpu<> cpu("cpu");
    address_router router("router");
    recorded_region registers("registers");
    memory ram("ram", 0x1000);
    foreign_target<simple_target> simple("simple");
    foreign_target<passthrough_target> passthrough("passthrough");
    cpu.socket.bind(router.target);
    router.map(0x0, 0x40, registers.socket);
    router.map(0x1000, 0x1000, ram.socket, {0, 0});
    router.map(0x2000, 0x100, simple.socket);
    router.map(0x3000, 0x100, passthrough.socket, {8, 0});
    elaborate();
    for (const std::uint64_t address : {0x8ULL, 0x1008ULL, 0x2008ULL, 0x3008ULL}) {
        CHECK(cpu.write(address, 0x1122334455667788, 8) == tlm::TLM_OK_RESPONSE);
    }
    CHECK(registers.device.take() == "w4@8=55667788 w4@C=11223344");
    CHECK(ram.data()[8] == 0x88);
    CHECK(simple.seen == " 4@8 4@12");
    CHECK(passthrough.seen == " 8@8");
    CHECK(cpu.delay == ns(6));
    CHECK(log.entries().size() == 1); // of the streaming width, at the router
}

TEST_CASE(
    "foreign sockets: a multi-socket of an interconnect reaches Vigil's targets, straight and with its own decoding")
{
    struct interconnect : sc_core::sc_module {
        explicit interconnect(const sc_core::sc_module_name& name) : sc_module(name)
        {
            in.register_b_transport(this, &interconnect::b_transport);
        }
        void b_transport(int /*from*/, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
        {
            const std::uint64_t address = payload.get_address();
            payload.set_address(address & 0xFFF); // it subtracts the start of the range
            out[static_cast<int>(address >> 12)]->b_transport(payload, delay);
            payload.set_address(address);
        }
        tlm_utils::multi_passthrough_target_socket<interconnect> in{"in"};
        tlm_utils::multi_passthrough_initiator_socket<interconnect> out{"out"};
    };
    const report_log log;
    foreign_cpu<> cpu("cpu"), second("second");
    interconnect bus("bus");
    recorded_region registers("registers");
    memory ram("ram", 0x1000);
    address_router router("router");
    recorded_region routed("routed");
    cpu.socket.bind(bus.in);
    second.socket.bind(bus.in);
    bus.out.bind(registers.socket);
    bus.out.bind(ram.socket);
    bus.out.bind(router.target);
    router.map(0, 0x40, routed.socket);
    elaborate();
    CHECK(cpu.write(0x0008, 0x1122334455667788, 8) == tlm::TLM_OK_RESPONSE);
    CHECK(second.write(0x1003, 0x55667788, 4) == tlm::TLM_OK_RESPONSE);
    CHECK(cpu.write(0x2001, 0x7788, 2) == tlm::TLM_OK_RESPONSE);
    CHECK(registers.device.take() == "w4@8=55667788 w4@C=11223344");
    CHECK(ram.data()[3] == 0x88);
    CHECK(routed.device.take() == "w1@1=88 w1@2=77");
    CHECK(log.entries().size() == 3); // each target socket says it once
}

TEST_CASE("foreign sockets: a router reaches a multi-socket, which several of them may share")
{
    struct peripheral : sc_core::sc_module {
        explicit peripheral(const sc_core::sc_module_name& name) : sc_module(name)
        {
            socket.register_b_transport(this, &peripheral::b_transport);
        }
        void b_transport(int from, tlm::tlm_generic_payload& payload, sc_core::sc_time& /*delay*/)
        {
            seen.emplace_back(from, payload.get_address());
            payload.set_response_status(tlm::TLM_OK_RESPONSE);
        }
        tlm_utils::multi_passthrough_target_socket<peripheral> socket{"socket"};
        std::vector<std::pair<int, std::uint64_t>> seen;
    };
    address_router left("left"), right("right");
    bus_initiator one("one", initiator_kind::vcpu), two("two", initiator_kind::vcpu);
    peripheral target("target");
    one.socket.bind(left.target);
    two.socket.bind(right.target);
    left.map(0x100, 0x10, target.socket);
    right.map(0x200, 0x10, target.socket);
    elaborate();
    CHECK(one.write_value(0x104, 4, 0) == tlm::TLM_OK_RESPONSE);
    CHECK(two.write_value(0x208, 4, 0) == tlm::TLM_OK_RESPONSE);
    REQUIRE(target.seen.size() == 2);
    CHECK(target.seen[0].second == 4);
    CHECK(target.seen[1].second == 8);
}

TEST_CASE("foreign sockets: an initiator of the non-blocking path is answered at once, with the time of the access")
{
    at_cpu direct("direct", 8, 4), routed("routed", 0x1004, 8), none("none", 0x2000, 4);
    recorded_region registers("registers");
    address_router router("router");
    recorded_region behind("behind");
    direct.socket.bind(registers.socket);
    routed.socket.bind(router.target);
    none.socket.bind(router.target);
    router.map(0x1000, 0x40, behind.socket);
    registers.socket.set_access_latency(ns(20));
    behind.socket.set_access_latency(ns(30));
    sc_core::sc_start(ns(100));
    CHECK(direct.first_answer == tlm::TLM_COMPLETED);
    CHECK(direct.status == tlm::TLM_OK_RESPONSE);
    CHECK(direct.finished == ns(25));
    CHECK(registers.device.take() == "w4@8=4030201");
    CHECK(registers.device.delay == ns(5));
    CHECK(routed.status == tlm::TLM_OK_RESPONSE);
    CHECK(routed.finished == ns(65)); // two pieces, each of which takes its time
    CHECK(behind.device.take() == "w4@4=4030201 w4@8=8070605");
    CHECK(none.status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(none.finished == ns(5));
}

TEST_CASE("width adaptor: a 64-bit CPU reaches Vigil's sockets, direct memory and debug transport included")
{
    const report_log log;
    foreign_cpu<64> cpu("cpu");
    width_adaptor<64> adaptor("adaptor");
    address_router router("router");
    recorded_region registers("registers");
    memory ram("ram", 0x1000);
    cpu.socket.bind(adaptor.target);
    adaptor.initiator.bind(router.target);
    router.map(0x0, 0x40, registers.socket);
    router.map(0x1000, 0x1000, ram.socket, {0, 0});
    elaborate();
    CHECK(cpu.write(0x8, 0x1122334455667788, 8) == tlm::TLM_OK_RESPONSE);
    CHECK(registers.device.take() == "w4@8=55667788 w4@C=11223344");
    std::array<std::uint8_t, 8> data{};
    access payload(tlm::TLM_READ_COMMAND, 0xC, data.data(), 8);
    CHECK(cpu.socket->transport_dbg(payload) == 8);
    CHECK(data[0] == 0x44);
    tlm::tlm_dmi dmi;
    payload.set_address(0x1800);
    REQUIRE(cpu.socket->get_direct_mem_ptr(payload, dmi));
    CHECK(dmi.get_dmi_ptr() == ram.data());
    CHECK(dmi.get_start_address() == 0x1000);
    ram.replace(memory_content::of(ram.size()));
    CHECK(cpu.lost == std::array<std::uint64_t, 2>{0x1000, 0x1FFF});
}

TEST_CASE("width adaptor: a 64-bit peripheral hangs behind a router, and answers by phases to whom asks so")
{
    bus_initiator initiator("initiator", initiator_kind::vcpu);
    at_cpu at("at", 8, 8);
    address_router router("router");
    width_adaptor<32, 64> routed("routed"), phased("phased");
    foreign_target<passthrough_target, 64> peripheral("peripheral");
    foreign_target<simple_target, 64> slow("slow"); // carries out b_transport in a process of its own
    initiator.socket.bind(router.target);
    router.map(0x1000, 0x100, routed.target, {8, 0});
    routed.initiator.bind(peripheral.socket);
    at.socket.bind(phased.target);
    phased.initiator.bind(slow.socket);
    sc_core::sc_start(ns(100));
    CHECK(initiator.write_value(0x1008, 8, 1) == tlm::TLM_OK_RESPONSE);
    CHECK(peripheral.seen == " 8@8");
    CHECK(initiator.delay() == ns(2));
    CHECK(at.first_answer != tlm::TLM_COMPLETED);
    CHECK(at.status == tlm::TLM_OK_RESPONSE);
    CHECK(at.finished == ns(7));
    CHECK(slow.seen == " 8@8");
}

namespace {

struct one_msr : sc_core::sc_module, msr_device {
    explicit one_msr(const sc_core::sc_module_name& name) : sc_module(name) {}
    bool write_msr(std::uint64_t /*index*/, std::uint64_t /*value*/, const access_context& context) override
    {
        delay = context.delay;
        return true;
    }
    std::optional<std::uint64_t> peek_msr(std::uint64_t /*index*/) const override { return 0; }
    sc_core::sc_time delay;
    msr_socket socket{"socket", *this};
};

/// Latencies of 3, 40 and 500 ns, and a CPU that starts each access 5 ns ahead of the kernel, at any resolution.
void check_access_times()
{
    recorded_region registers("registers");
    memory ram("ram", 0x1000);
    one_msr msr("msr");
    bus_initiator to_registers("to_registers", initiator_kind::vcpu), to_ram("to_ram", initiator_kind::vcpu);
    bus_initiator to_msr("to_msr", initiator_kind::vcpu);
    to_registers.socket.bind(registers.socket);
    to_ram.socket.bind(ram.socket);
    to_msr.socket.bind(msr.socket);
    at_cpu at("at", 8, 4);
    at.socket.bind(registers.socket);
    registers.socket.set_access_latency(ns(3));
    ram.set_access_latency(ns(40));
    msr.socket.set_access_latency(ns(500));
    CHECK(registers.socket.access_latency() == ns(3));
    sc_core::sc_start(ns(1000));
    CHECK(at.finished == ns(8));

    for (bus_initiator* initiator : {&to_registers, &to_ram, &to_msr}) initiator->delay() = ns(5);
    CHECK(to_registers.write_value(0, 4, 1) == tlm::TLM_OK_RESPONSE);
    CHECK(registers.device.delay == ns(5)); // the device sees when the access arrives
    CHECK(to_registers.delay() == ns(8));
    CHECK(to_registers.write_value(0, 8, 1) == tlm::TLM_OK_RESPONSE);
    CHECK(registers.device.delay == ns(11));
    CHECK(to_registers.delay() == ns(14));
    CHECK(to_registers.read_value(64, 4) == 0); // nothing is there to take time
    CHECK(to_registers.delay() == ns(14));
    CHECK(to_ram.write_value(0, 8, 1) == tlm::TLM_OK_RESPONSE);
    CHECK(to_ram.delay() == ns(45));
    CHECK(to_msr.write_value(0x10, 8, 1) == tlm::TLM_OK_RESPONSE);
    CHECK(msr.delay == ns(5));
    CHECK(to_msr.delay() == ns(505));
    std::array<std::uint8_t, 8> data{};
    for (bus_initiator* initiator : {&to_registers, &to_ram, &to_msr}) initiator->read_debug(0, data.data(), 8);
    CHECK(to_registers.delay() == ns(14));
    CHECK(to_ram.delay() == ns(45));
    CHECK(to_msr.delay() == ns(505));
    CHECK(sc_core::sc_time_stamp() == ns(1000));
}

} // namespace

TEST_CASE("access latency: it is added to each access, after it, at a resolution of 1 ps") { check_access_times(); }

TEST_CASE("access latency: likewise at a resolution of 1 fs")
{
    sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
    check_access_times();
}

TEST_CASE("access latency: likewise at a resolution of 1 ns")
{
    sc_core::sc_set_time_resolution(1, sc_core::SC_NS);
    check_access_times();
}
