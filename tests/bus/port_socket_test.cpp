// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <string>

#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/memory.h>
#include <vigil/bus/port_socket.h>

namespace {

using namespace vigil::bus;

constexpr std::uint8_t k_nothing = 0xEE;

/// A counter that a guest's read advances beside a byte of storage, behind sockets of either reach.
struct counting_device : sc_core::sc_module {
    struct state {
        std::uint8_t stored = 0;
    };
    using row = register_row<counting_device, std::uint8_t, state>;

    explicit counting_device(const sc_core::sc_module_name& name) : sc_module(name)
    {
        ports.map(0, 0x100, nothing.socket, {4, -1});
        both.map(ports);
        counter.map_at(ports, 0x40);
        limited.map_at(ports, 0x50);
        io.socket.bind(ports.target);
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
    }

    static const std::array<row, 2>& table() noexcept
    {
        static constexpr std::array<row, 2> k_rows{{
            {0x20,
             1,
             "COUNTER",
             0x10,
             {&counting_device::read_counter, &counting_device::counter_was_read},
             &counting_device::counter_written,
             "a read advances it"},
            {0x21, 1, "STORED", 0, nullptr, nullptr, "storage", register_rule::none, 0x7F, &state::stored},
        }};
        return k_rows;
    }
    std::uint8_t read_counter() const { return count; }
    void counter_was_read() { ++count; }
    void counter_written(std::uint8_t value, const access_context& context)
    {
        heard += std::to_string(value) + (context.origin().kind == initiator_kind::vcpu ? "v " : "- ");
    }

    std::uint64_t in(std::uint64_t port, unsigned width) { return io.read_value(port, width); }
    void out(std::uint64_t port, unsigned width, std::uint64_t value)
    {
        CHECK(io.write_value(port, width, value) == tlm::TLM_OK_RESPONSE);
    }

    std::uint8_t count = 0x10;
    std::string heard;
    state state_;
    address_router ports{"ports"};
    unclaimed nothing{"nothing", k_nothing};
    port_socket<counting_device, state> both{"both", *this, state_, table()};
    port_socket<counting_device, state> counter{"counter", *this, state_, table(), 0x20, 1};
    port_socket<counting_device, state> limited{"limited", *this, state_, table(), {2, false, 0x99}};
    bus_initiator io{"io", initiator_kind::vcpu, 0};
};

} // namespace

TEST_CASE("port socket: a wide access is one of each port in turn, and starts over")
{
    counting_device d("device");
    CHECK(d.in(0x20, 1) == 0x10);
    d.out(0x20, 4, 0x04FF'0201);
    CHECK(d.heard == "1v 255v ");
    CHECK(d.in(0x20, 4) == 0x0412'0411);
    d.out(0x20, 2, 0xFF05);
    CHECK(d.in(0x21, 1) == 0x7F);
    CHECK(d.in(0x40, 4) == 0x1615'1413);
    CHECK(d.in(0x22, 1) == k_nothing);
}

TEST_CASE("port socket: a look from outside has no effect")
{
    counting_device d("device");
    std::uint8_t looked[4]{};
    CHECK(d.io.read_debug(0x40, looked, 1) == 1);
    CHECK(looked[0] == 0x10);
    CHECK(d.io.read_debug(0x20, looked, 2) == 2);
    CHECK(looked[0] == 0x10);
    CHECK(d.count == 0x10);
    CHECK(d.heard.empty());
}

TEST_CASE("port socket: an access reaches no further than said")
{
    counting_device d("device");
    d.state_.stored = 0x33;
    CHECK(d.in(0x50, 2) == 0x3310);
    CHECK(d.in(0x50, 4) == 0x9999'9999);
    CHECK(d.count == 0x11);
    d.out(0x50, 4, 0x0102'0304);
    CHECK(d.heard.empty());
    CHECK(d.state_.stored == 0x33);
    d.out(0x50, 2, 0x4402);
    CHECK(d.heard == "2v ");
    CHECK(d.state_.stored == 0x44);
}
