// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <vigil/bus/bus_initiator.h>
#include <vigil/models/reset_register.h>

#include "i6300esb_rig.h"
#include "power_rig.h"

using vigil::models::k_ich9_reset_register;
using vigil::models::reset_register;
using vigil::models::reset_register_parameters;
using vigil::models::test::elaborate;
using vigil::models::test::reset_counter;
using vigil::runstate::reset_kind;

namespace {

constexpr std::uint8_t k_reset_cpu = 0x04;
constexpr std::uint8_t k_system_reset = 0x02;

/// Port CF9 and a power block that resets at once.
struct reset_register_rig : sc_core::sc_module, reset_counter {
    explicit reset_register_rig(const sc_core::sc_module_name& name, const reset_register_parameters& parameters = {})
        : sc_module(name), device("device", parameters)
    {
        cf9.socket.bind(device.control);
        device.power.bind(*this);
        on_reset = [this] { device.reset(reset_kind::warm); };
        elaborate();
    }

    /// Writes the port and returns how many resets followed.
    unsigned out(unsigned width, std::uint32_t value)
    {
        const unsigned before = resets;
        CHECK(cf9.write_value(0, width, value) == tlm::TLM_OK_RESPONSE);
        return resets - before;
    }
    std::uint64_t in(unsigned width) { return cf9.read_value(0, width); }

    reset_register device;
    vigil::bus::bus_initiator cf9{"cf9", vigil::bus::initiator_kind::test};
};

} // namespace

TEST_CASE("reset_register: bit 2 resets and other values are remembered")
{
    reset_register_rig r("rig");
    CHECK(r.in(1) == 0x00);
    for (unsigned value = 0; value < 256; ++value) {
        CAPTURE(value);
        const bool resets = (value & k_reset_cpu) != 0;
        CHECK(r.out(1, value) == (resets ? 1U : 0U));
        CHECK(r.in(1) == (resets ? 0U : value & k_system_reset));
    }
    r.out(1, k_system_reset);
    CHECK(r.in(1) == k_system_reset);
    r.device.reset(reset_kind::warm);
    CHECK(r.in(1) == 0x00);
}

TEST_CASE("reset_register: the ICH9 remembers bits 3 and 1")
{
    reset_register_rig r("rig", k_ich9_reset_register);
    CHECK(r.out(1, 0xFF & ~k_reset_cpu) == 0);
    CHECK(r.in(1) == 0x0A);
}

TEST_CASE("reset_register: on the PIIX3 a wide access is so many of the one register")
{
    reset_register_rig r("rig");
    CHECK(r.out(2, k_reset_cpu << 8) == 1);
    CHECK(r.out(4, 0x0006'0602) == 2);
    CHECK(r.out(4, 0x0A0A'0A0A) == 0);
    CHECK(r.in(2) == 0x0202);
    CHECK(r.in(4) == 0x0202'0202);
    CHECK(r.out(2, 0x0002) == 0); // the last byte counts
    CHECK(r.in(1) == 0x00);
}

TEST_CASE("reset_register: on the ICH9 a wide access is one of its lowest byte")
{
    reset_register_rig r("rig", k_ich9_reset_register);
    CHECK(r.out(2, k_reset_cpu << 8) == 0);
    CHECK(r.out(2, 0xFF00 | k_system_reset) == 0);
    CHECK(r.in(1) == k_system_reset);
    CHECK(r.in(2) == k_system_reset);
    CHECK(r.in(4) == k_system_reset);
    CHECK(r.out(4, k_reset_cpu) == 1);
}

TEST_CASE("reset_register: with nobody bound a reset is asked of nobody")
{
    reset_register device("device");
    vigil::bus::bus_initiator cf9("cf9", vigil::bus::initiator_kind::test);
    cf9.socket.bind(device.control);
    elaborate();
    CHECK(cf9.write_value(0, 1, k_reset_cpu | k_system_reset) == tlm::TLM_OK_RESPONSE);
    CHECK(cf9.read_value(0, 1) == 0);
}

TEST_CASE("reset_register: state is saved and restored, or refused whole")
{
    reset_register_rig r("rig");
    r.out(1, k_system_reset);
    const auto state = r.device.save();
    r.device.reset(reset_kind::cold);
    REQUIRE_FALSE(r.device.restore(state).has_value());
    CHECK(r.in(1) == k_system_reset);
    CHECK(r.resets == 0);
    CHECK(std::get<std::uint64_t>(r.device.properties().front().get()) == k_system_reset);

    auto bad = state;
    bad[0].value = std::uint64_t{k_reset_cpu};
    CHECK(r.device.restore(bad).has_value());
    bad = state;
    bad[0].name = "other";
    CHECK(r.device.restore(bad).has_value());
    CHECK(r.device.restore({}).has_value());
    CHECK(r.in(1) == k_system_reset);
}
