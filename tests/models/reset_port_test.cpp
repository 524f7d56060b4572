// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <vigil/bus/bus_initiator.h>
#include <vigil/models/reset_port.h>

using vigil::models::reset_control;
using vigil::runstate::reset_kind;
using vigil::runstate::shutdown_cause;

namespace {

/// Ends elaboration where that has not happened yet, so that sockets lead somewhere.
void elaborate()
{
    if (!sc_core::sc_start_of_simulation_invoked()) sc_core::sc_start(sc_core::SC_ZERO_TIME);
}

/// The three ports and a power block that resets at once.
struct rig : sc_core::sc_module, vigil::runstate::power_if {
    explicit rig(const sc_core::sc_module_name& name, std::uint8_t remembered = 0x02)
        : sc_module(name), device("device", remembered)
    {
        cf9.socket.bind(device.reset_register);
        p92.socket.bind(device.system_control);
        p64.socket.bind(device.keyboard_controller);
        device.power.bind(*this);
    }

    void request_reset(shutdown_cause cause) override
    {
        ++resets;
        CHECK(cause == shutdown_cause::guest_reset);
        if (reset_at_once) device.reset(reset_kind::warm);
    }
    void request_shutdown(shutdown_cause) override { FAIL("not asked for"); }
    void request_powerdown() override { FAIL("not asked for"); }
    void request_suspend() override { FAIL("not asked for"); }
    void request_suspend_disk() override { FAIL("not asked for"); }
    bool request_wakeup() override { return false; }
    void triple_fault() override { FAIL("not asked for"); }

    /// Writes a port and returns how many resets followed.
    unsigned write(vigil::bus::bus_initiator& port, std::uint8_t value)
    {
        elaborate();
        const unsigned before = resets;
        CHECK(port.write_value(0, 1, value) == tlm::TLM_OK_RESPONSE);
        return resets - before;
    }
    static std::uint64_t read(vigil::bus::bus_initiator& port)
    {
        elaborate();
        return port.read_value(0, 1);
    }

    reset_control device;
    vigil::bus::bus_initiator cf9{"cf9", vigil::bus::initiator_kind::test};
    vigil::bus::bus_initiator p92{"p92", vigil::bus::initiator_kind::test};
    vigil::bus::bus_initiator p64{"p64", vigil::bus::initiator_kind::test};
    unsigned resets = 0;
    bool reset_at_once = true;
};

} // namespace

TEST_CASE("reset_control: port CF9 resets with bit 2 and remembers without it")
{
    rig r("rig");
    CHECK(rig::read(r.cf9) == 0x00);
    for (unsigned value = 0; value < 256; ++value) {
        CAPTURE(value);
        const bool resets = (value & 0x04) != 0;
        CHECK(r.write(r.cf9, static_cast<std::uint8_t>(value)) == (resets ? 1U : 0U));
        CHECK(rig::read(r.cf9) == (resets ? 0U : value & 0x02));
    }
    r.write(r.cf9, 0x02);
    CHECK(rig::read(r.cf9) == 0x02);
    r.device.reset(reset_kind::warm);
    CHECK(rig::read(r.cf9) == 0x00);
}

TEST_CASE("reset_control: the ICH9 remembers bits 3 and 1")
{
    rig r("rig", 0x0A);
    CHECK(r.write(r.cf9, 0xFB) == 0);
    CHECK(rig::read(r.cf9) == 0x0A);
}

TEST_CASE("reset_control: port 64 resets on the even commands F0 to FE")
{
    rig r("rig");
    for (unsigned value = 0; value < 256; ++value) {
        CAPTURE(value);
        const bool resets = value >= 0xF0 && value % 2 == 0;
        CHECK(r.write(r.p64, static_cast<std::uint8_t>(value)) == (resets ? 1U : 0U));
        CHECK((rig::read(r.p64) & 0x03) == 0); // both buffers empty
    }
}

TEST_CASE("reset_control: port 92 resets on the rising edge of bit 0")
{
    rig r("rig");
    CHECK(r.write(r.p92, 0x00) == 0);
    CHECK(r.write(r.p92, 0x01) == 1);
    CHECK(rig::read(r.p92) == 0x00);
    CHECK(r.write(r.p92, 0x03) == 1);
    CHECK(rig::read(r.p92) == 0x02);
    CHECK(r.write(r.p92, 0xFE) == 0);
    CHECK(rig::read(r.p92) == 0xFE);

    r.reset_at_once = false;
    CHECK(r.write(r.p92, 0x01) == 1);
    CHECK(rig::read(r.p92) == 0x01);
    CHECK(r.write(r.p92, 0x03) == 0); // no edge
    CHECK(r.write(r.p92, 0x00) == 0);
    CHECK(r.write(r.p92, 0x01) == 1);
    r.write(r.p92, 0xFF);
    r.device.reset(reset_kind::warm);
    CHECK(rig::read(r.p92) == 0xFE);
    r.device.reset(reset_kind::cold);
    CHECK(rig::read(r.p92) == 0x00);
}

TEST_CASE("reset_control: with nobody bound a reset is asked of nobody")
{
    reset_control device("device");
    vigil::bus::bus_initiator cf9("cf9", vigil::bus::initiator_kind::test);
    cf9.socket.bind(device.reset_register);
    elaborate();
    CHECK(cf9.write_value(0, 1, 0x06) == tlm::TLM_OK_RESPONSE);
    CHECK(cf9.read_value(0, 1) == 0);
}

TEST_CASE("reset_control: ports are one byte wide")
{
    rig r("rig");
    elaborate();
    CHECK(r.cf9.write_value(0, 2, 0x0404) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(r.resets == 0);
}

TEST_CASE("reset_control: state is saved and restored, or refused whole")
{
    rig r("rig");
    r.write(r.cf9, 0x02);
    r.write(r.p92, 0xA2);
    const auto state = r.device.save();
    r.device.reset(reset_kind::cold);
    REQUIRE_FALSE(r.device.restore(state).has_value());
    CHECK(rig::read(r.cf9) == 0x02);
    CHECK(rig::read(r.p92) == 0xA2);
    CHECK(r.resets == 0);
    for (const auto& p : r.device.properties()) {
        CHECK(std::get<std::uint64_t>(p.get()) == (p.name == "reset-register" ? 0x02U : 0xA2U));
    }

    auto bad = state;
    bad[0].value = std::uint64_t{0x04};
    CHECK(r.device.restore(bad).has_value());
    bad = state;
    bad[1].value = std::uint64_t{0x100};
    CHECK(r.device.restore(bad).has_value());
    bad = state;
    bad[1].name = "other";
    CHECK(r.device.restore(bad).has_value());
    bad.pop_back();
    CHECK(r.device.restore(bad).has_value());
    CHECK(rig::read(r.cf9) == 0x02);
    CHECK(rig::read(r.p92) == 0xA2);
}
