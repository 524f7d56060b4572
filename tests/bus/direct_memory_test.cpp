// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <utility>
#include <vector>

#include <catch.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <vigil/bus/address_router.h>
#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/memory.h>
#include <vigil/bus/pci_host.h>

#include "recorder.h"

using namespace vigil::bus;

namespace {

using span = std::pair<std::uint64_t, std::uint64_t>; ///< first and last address

/// A CPU that asks for direct memory and notes what is taken back.
struct dmi_cpu : sc_core::sc_module {
    explicit dmi_cpu(const sc_core::sc_module_name& name) : sc_module(name)
    {
        socket.register_invalidate_direct_mem_ptr(this, &dmi_cpu::invalidate);
    }
    bool ask(std::uint64_t address)
    {
        access payload(tlm::TLM_READ_COMMAND, address, nullptr, 4);
        return socket->get_direct_mem_ptr(payload, dmi);
    }
    span range() const { return {dmi.get_start_address(), dmi.get_end_address()}; }
    std::uint8_t* at(std::uint64_t address) const { return dmi.get_dmi_ptr() + (address - dmi.get_start_address()); }
    std::vector<span> take()
    {
        std::vector<span> taken;
        taken.swap(lost);
        return taken;
    }

    tlm_utils::simple_initiator_socket<dmi_cpu> socket{"socket"};
    tlm::tlm_dmi dmi;
    std::vector<span> lost;

private:
    void invalidate(sc_dt::uint64 start, sc_dt::uint64 end) { lost.emplace_back(start, end); }
};

constexpr std::uint64_t k_last = ~std::uint64_t{0};

} // namespace

TEST_CASE("direct memory: a memory grants all of itself, and payloads say so")
{
    memory ram("ram", 0x10000);
    dmi_cpu cpu("cpu");
    cpu.socket.bind(ram.socket);
    ram.set_access_latency(sc_core::sc_time(3, sc_core::SC_NS));
    elaborate();
    std::uint32_t word = 0x11223344;
    access payload(tlm::TLM_WRITE_COMMAND, 0x100, reinterpret_cast<std::uint8_t*>(&word), 4);
    sc_core::sc_time delay;
    cpu.socket->b_transport(payload, delay);
    CHECK(payload.is_dmi_allowed());
    REQUIRE(cpu.ask(0x8000));
    CHECK(cpu.range() == span{0, 0xFFFF});
    CHECK(cpu.dmi.is_read_write_allowed());
    CHECK(cpu.dmi.get_read_latency() == sc_core::sc_time(3, sc_core::SC_NS));
    CHECK(cpu.dmi.get_write_latency() == sc_core::sc_time(3, sc_core::SC_NS));
    CHECK(std::memcmp(cpu.at(0x100), &word, 4) == 0);
    *cpu.at(0xFFFF) = 0x5A;
    CHECK(ram.data()[0xFFFF] == 0x5A);

    CHECK_FALSE(cpu.ask(0x10000));
    CHECK(cpu.range() == span{0x10000, k_last});
    CHECK(cpu.dmi.is_none_allowed());
}

TEST_CASE("direct memory: what is written through it is part of what is saved")
{
    memory ram("ram", 0x10000);
    dmi_cpu cpu("cpu");
    cpu.socket.bind(ram.socket);
    elaborate();
    CHECK(ram.content()->pages_in_use().empty());
    REQUIRE(cpu.ask(0));
    *cpu.at(0x3004) = 1;
    CHECK(ram.content()->pages_in_use() == std::vector<std::uint64_t>{3});
}

TEST_CASE("direct memory: another content takes it back, and it can be asked for again")
{
    memory ram("ram", 0x10000);
    dmi_cpu cpu("cpu"), other("other");
    cpu.socket.bind(ram.socket);
    other.socket.bind(ram.socket);
    elaborate();
    ram.replace(memory_content::of(ram.size()));
    CHECK(cpu.take().empty()); // nobody had any
    REQUIRE(cpu.ask(0));
    std::shared_ptr<memory_content> fresh = memory_content::of(ram.size());
    const std::uint8_t byte = 0x77;
    fresh->write(0x10, &byte, 1);
    ram.replace(fresh);
    CHECK(cpu.take() == std::vector<span>{{0, 0xFFFF}});
    CHECK(other.take() == std::vector<span>{{0, 0xFFFF}});
    REQUIRE(cpu.ask(0));
    CHECK(*cpu.at(0x10) == 0x77);
}

TEST_CASE("direct memory: a router shows it where it is mapped, up to what lies over it")
{
    memory ram("ram", 0x10000);
    recorded_region registers("registers");
    address_router router("router");
    dmi_cpu cpu("cpu");
    cpu.socket.bind(router.target);
    router.map(0x80000000, 0x8000, ram.socket, {0, 0}); // half of it
    router.map(0x80004000, 0x40, registers.socket, {4, 1});
    elaborate();
    const std::uint8_t byte = 0x77;
    ram.write(0x5000, &byte, 1);

    REQUIRE(cpu.ask(0x80000010));
    CHECK(cpu.range() == span{0x80000000, 0x80003FFF});
    CHECK(cpu.dmi.get_dmi_ptr() == ram.data());
    REQUIRE(cpu.ask(0x80005000));
    CHECK(cpu.range() == span{0x80004040, 0x80007FFF});
    CHECK(cpu.dmi.get_dmi_ptr() == ram.data() + 0x4040);
    CHECK(*cpu.at(0x80005000) == 0x77);

    CHECK_FALSE(cpu.ask(0x80004004)); // refused for the registers alone
    CHECK(cpu.range() == span{0x80004000, 0x8000403F});
    CHECK_FALSE(cpu.ask(0x1000)); // a hole, up to the RAM
    CHECK(cpu.range() == span{0x1000, 0x7FFFFFFF});
    CHECK_FALSE(cpu.ask(0x90000000));
    CHECK(cpu.range() == span{0x90000000, k_last});
}

TEST_CASE("direct memory: routers nest")
{
    memory ram("ram", 0x10000);
    address_router inner("inner"), outer("outer");
    dmi_cpu cpu("cpu");
    cpu.socket.bind(outer.target);
    inner.map(0x1000, 0x10000, ram.socket, {0, 0});
    outer.map(0x40000000, 0x8000, inner.target, {0, 0});
    elaborate();
    REQUIRE(cpu.ask(0x40002000));
    CHECK(cpu.range() == span{0x40001000, 0x40007FFF});
    CHECK(cpu.dmi.get_dmi_ptr() == ram.data());
    ram.replace(memory_content::of(ram.size()));
    CHECK(cpu.take() == std::vector<span>{{0x40001000, 0x40007FFF}});
}

TEST_CASE("direct memory: one that is mapped twice is taken back at both places")
{
    memory ram("ram", 0x1000), other("other", 0x1000);
    address_router router("router");
    dmi_cpu cpu("cpu");
    cpu.socket.bind(router.target);
    router.map(0x0, 0x1000, ram.socket, {0, 0});
    router.map(0x1000, 0x1000, other.socket, {0, 0});
    router.map(0xFFFF'FFFF'FFFF'F000, 0, ram.socket, {0, 0});
    elaborate();
    REQUIRE(cpu.ask(0xFFFF'FFFF'FFFF'F800));
    CHECK(cpu.range() == span{0xFFFF'FFFF'FFFF'F000, k_last});
    ram.replace(memory_content::of(ram.size()));
    CHECK(cpu.take() == std::vector<span>{{0, 0xFFF}, {0xFFFF'FFFF'FFFF'F000, k_last}});
}

TEST_CASE("direct memory: a movable range takes back what it comes to hide, and what it leaves")
{
    memory ram("ram", 0x10000);
    recorded_region registers("registers");
    address_router router("router");
    dmi_cpu cpu("cpu");
    cpu.socket.bind(router.target);
    router.map(0, 0x10000, ram.socket, {0, 0});
    const std::size_t number = router.map_movable(0x40, registers.socket, {4, 1});
    elaborate();
    router.place(number, 0x2000);
    CHECK(cpu.take().empty()); // nobody has asked
    router.place(number, std::nullopt);
    REQUIRE(cpu.ask(0));
    CHECK(cpu.range() == span{0, 0xFFFF});
    router.place(number, 0x4000);
    CHECK(cpu.take() == std::vector<span>{{0x4000, 0x403F}});
    REQUIRE(cpu.ask(0));
    CHECK(cpu.range() == span{0, 0x3FFF});
    router.place(number, 0x8000);
    CHECK(cpu.take() == std::vector<span>{{0x4000, 0x403F}, {0x8000, 0x803F}});
    router.place(number, 0x8000);
    CHECK(cpu.take().empty());
    router.place(number, std::nullopt);
    CHECK(cpu.take() == std::vector<span>{{0x8000, 0x803F}});
}

TEST_CASE("direct memory: a memory block of a PCI function hides RAM from it, too")
{
    struct chipset : pci_function {
        explicit chipset(const sc_core::sc_module_name& name) : pci_function(name, {0x8086, 0x2918, 0x060100})
        {
            add_memory_block(0x20, registers);
        }
        using pci_function::decode_memory_block;
        recorder device;
        register_socket registers{"registers", device, 0x20};
    };
    memory ram("ram", 0x10000);
    address_router router("router");
    pci_host host("host");
    chipset bridge("bridge");
    dmi_cpu cpu("cpu");
    cpu.socket.bind(router.target);
    router.map(0, 0x10000, ram.socket, {0, 0});
    router.map(0, 0, host.memory, {4, -1});
    host.overlay(router, 1);
    REQUIRE_FALSE(host.attach(bridge, {3}));
    elaborate();
    REQUIRE(cpu.ask(0x1000));
    CHECK(cpu.range() == span{0, 0xFFFF});
    CHECK_FALSE(cpu.ask(0xE0000000)); // PCI memory is refused up to the end, and RAM is not
    CHECK(cpu.range() == span{0x10000, k_last});
    bridge.decode_memory_block(0, {true, 0x800});
    CHECK(cpu.take() == std::vector<span>{{0x800, 0x81F}});
    REQUIRE(cpu.ask(0x1000));
    CHECK(cpu.range() == span{0x820, 0xFFFF});
}

TEST_CASE("direct memory: another target's grant is translated, and one that is not about the address is none")
{
    struct foreign : sc_core::sc_module {
        explicit foreign(const sc_core::sc_module_name& name) : sc_module(name)
        {
            socket.register_get_direct_mem_ptr(this, &foreign::grant);
        }
        bool grant(tlm::tlm_generic_payload& /*payload*/, tlm::tlm_dmi& dmi)
        {
            dmi.set_dmi_ptr(bytes);
            dmi.set_start_address(0x100);
            dmi.set_end_address(0x1FF);
            dmi.allow_read();
            return true;
        }
        tlm_utils::simple_target_socket<foreign> socket{"socket"};
        std::uint8_t bytes[0x100] = {};
    };
    foreign target("foreign");
    address_router router("router");
    dmi_cpu cpu("cpu");
    cpu.socket.bind(router.target);
    router.map(0x1000, 0x180, target.socket);
    elaborate();
    REQUIRE(cpu.ask(0x1104));
    CHECK(cpu.range() == span{0x1100, 0x117F});
    CHECK(cpu.dmi.is_read_allowed());
    CHECK_FALSE(cpu.dmi.is_write_allowed());
    CHECK_FALSE(cpu.ask(0x1004));
    CHECK(cpu.range() == span{0x1004, 0x1004});
    target.socket->invalidate_direct_mem_ptr(0x110, 0x2FF);
    CHECK(cpu.take() == std::vector<span>{{0x1110, 0x117F}});
}
