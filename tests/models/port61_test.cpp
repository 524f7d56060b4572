// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <vigil/bus/bus_initiator.h>
#include <vigil/models/port61.h>

#include "i6300esb_rig.h"

using vigil::models::port61;
using vigil::models::test::elaborate;
using vigil::models::test::pass;
using vigil::models::test::same;
using vigil::runstate::ns;
using vigil::runstate::reset_kind;

namespace {

constexpr std::uint8_t k_gate = 0x01;
constexpr std::uint8_t k_speaker = 0x02;
constexpr std::uint8_t k_refresh = 0x10;
constexpr std::uint8_t k_output = 0x20;

// Half of timer 2's period, 32768 counts of 1.193182 MHz, ends at this nanosecond.
constexpr std::int64_t k_half_period = 27'462'701;

struct port61_rig : sc_core::sc_module {
    explicit port61_rig(const sc_core::sc_module_name& name) : sc_module(name)
    {
        io.socket.bind(device.system_control);
        clock.start();
        elaborate();
    }
    std::uint64_t in(unsigned width = 1) { return io.read_value(0, width); }
    void out(unsigned width, std::uint32_t value) { CHECK(io.write_value(0, width, value) == tlm::TLM_OK_RESPONSE); }

    vigil::runstate::vm_clock clock{"clock"};
    port61 device{"device", clock};
    vigil::bus::bus_initiator io{"io", vigil::bus::initiator_kind::test};
};

} // namespace

TEST_CASE("port61: the refresh bit toggles with every byte read")
{
    port61_rig r("rig");
    CHECK(r.in() == (k_output | k_refresh));
    CHECK(r.in() == k_output);
    CHECK(r.in(4) == 0x2030'2030);
    std::uint8_t looked[4]{};
    CHECK(r.io.read_debug(0, looked, 1) == 1); // looking does not toggle
    CHECK(looked[0] == (k_output | k_refresh));
    CHECK(r.in() == (k_output | k_refresh));
}

TEST_CASE("port61: gate and speaker bits are stored, the others are not")
{
    port61_rig r("rig");
    r.out(1, 0xFF);
    CHECK(r.in() == (k_output | k_refresh | k_speaker | k_gate));
    r.out(2, 0x0201); // the last byte counts
    CHECK(r.in() == (k_output | k_speaker));
    r.device.reset(reset_kind::warm);
    CHECK(r.in() == (k_output | k_refresh | k_speaker));
    r.device.reset(reset_kind::cold);
    CHECK(r.in() == (k_output | k_refresh));
}

TEST_CASE("port61: timer 2 is a square wave of 65536 counts that the gate's rising edge starts anew")
{
    port61_rig r("rig");
    pass(ns(k_half_period - 1));
    CHECK((r.in() & k_output) != 0);
    pass(ns(1));
    CHECK((r.in() & k_output) == 0);
    r.out(1, k_gate);
    CHECK((r.in() & k_output) != 0);
    pass(ns(k_half_period));
    r.out(1, k_gate); // no edge
    CHECK((r.in() & k_output) == 0);
    pass(ns(k_half_period));
    CHECK((r.in() & k_output) != 0);
}

TEST_CASE("port61: state is saved and restored, or refused whole")
{
    port61_rig r("rig");
    pass(ns(k_half_period));
    r.out(1, k_gate | k_speaker);
    r.in();
    const auto state = r.device.save();
    r.device.reset(reset_kind::cold);
    CHECK_FALSE(same(r.device.save(), state));
    REQUIRE_FALSE(r.device.restore(state).has_value());
    CHECK(same(r.device.save(), state));
    auto bad = state;
    bad[3].value = ~std::uint64_t{0};
    CHECK(r.device.restore(bad).has_value());
    CHECK(r.device.restore({}).has_value());
    CHECK(same(r.device.save(), state));
}
