// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <vigil/bus/bus_initiator.h>
#include <vigil/models/port92.h>

#include "i6300esb_rig.h"
#include "power_rig.h"

using vigil::models::port92;
using vigil::models::test::elaborate;
using vigil::models::test::reset_counter;
using vigil::runstate::reset_kind;

namespace {

constexpr std::uint8_t k_fast_reset = 0x01;
constexpr std::uint8_t k_a20 = 0x02;

struct port92_rig : sc_core::sc_module, reset_counter {
    explicit port92_rig(const sc_core::sc_module_name& name) : sc_module(name)
    {
        io.socket.bind(device.system_control);
        device.power.bind(*this);
        on_reset = [this] { device.reset(reset_kind::warm); };
        elaborate();
    }

    /// Writes the port and returns how many resets followed.
    unsigned out(unsigned width, std::uint32_t value)
    {
        const unsigned before = resets;
        CHECK(io.write_value(0, width, value) == tlm::TLM_OK_RESPONSE);
        return resets - before;
    }
    std::uint64_t in(unsigned width) { return io.read_value(0, width); }

    port92 device{"device"};
    vigil::bus::bus_initiator io{"io", vigil::bus::initiator_kind::test};
};

} // namespace

TEST_CASE("port92: the rising edge of bit 0 resets, and a reset clears that bit only")
{
    port92_rig r("rig");
    CHECK(r.in(1) == 0x00);
    CHECK(r.out(1, 0x00) == 0);
    CHECK(r.out(1, k_fast_reset) == 1);
    CHECK(r.in(1) == 0x00);
    CHECK(r.out(1, k_a20 | k_fast_reset) == 1);
    CHECK(r.in(1) == k_a20);
    CHECK(r.out(1, 0xFF & ~k_fast_reset) == 0);
    CHECK(r.in(1) == 0xFE);
    r.device.reset(reset_kind::wakeup);
    CHECK(r.in(1) == 0xFE);
    r.device.reset(reset_kind::cold);
    CHECK(r.in(1) == 0x00);
}

TEST_CASE("port92: a bit that stays set does not reset again")
{
    port92_rig r("rig");
    r.on_reset = nullptr;
    CHECK(r.out(1, k_fast_reset) == 1);
    CHECK(r.in(1) == k_fast_reset);
    CHECK(r.out(1, k_a20 | k_fast_reset) == 0);
    CHECK(r.out(1, 0x00) == 0);
    CHECK(r.out(1, k_fast_reset) == 1);
}

TEST_CASE("port92: a wide access is so many of the one byte")
{
    port92_rig r("rig");
    CHECK(r.out(2, 0x0001) == 1);
    CHECK(r.in(1) == 0x00);
    CHECK(r.out(2, 0x0100) == 1);
    CHECK(r.out(4, 0x0202'0202) == 0);
    CHECK(r.in(2) == 0x0202);
    CHECK(r.in(4) == 0x0202'0202);
    r.on_reset = nullptr;
    CHECK(r.out(4, 0x0001'0001) == 2);
}

TEST_CASE("port92: state is saved and restored, or refused whole")
{
    port92_rig r("rig");
    r.out(1, 0xA2);
    const auto state = r.device.save();
    r.device.reset(reset_kind::cold);
    REQUIRE_FALSE(r.device.restore(state).has_value());
    CHECK(r.in(1) == 0xA2);
    CHECK(std::get<std::uint64_t>(r.device.properties().front().get()) == 0xA2);
    auto bad = state;
    bad[0].value = std::uint64_t{0x100};
    CHECK(r.device.restore(bad).has_value());
    CHECK(r.device.restore({}).has_value());
    CHECK(r.in(1) == 0xA2);
}
