// SPDX-License-Identifier: Apache-2.0
// The watchdog behind an I/O router, since the router's cuts are half of what its table says.
#include <catch.h>

#include <vigil/bus/address_router.h>
#include <vigil/bus/memory.h>
#include <vigil/models/ib700.h>

#include "i6300esb_rig.h"

using vigil::models::ib700;
using vigil::models::test::elaborate;
using vigil::models::test::field;
using vigil::models::test::pass;
using vigil::runstate::ns;
using vigil::runstate::reset_kind;

namespace {

constexpr std::int64_t k_second = 1'000'000'000;
constexpr std::int64_t k_never_fires = -1;
constexpr std::uint64_t k_idle = ~0ULL;

struct ib700_rig : sc_core::sc_module, vigil::runstate::watchdog_if {
    explicit ib700_rig(const sc_core::sc_module_name& name, bool bound = true) : sc_module(name)
    {
        io.socket.bind(ports.target);
        ports.map(0, 0x10000, nothing.socket, {4, -1});
        device.map(ports);
        if (bound) device.watchdog.bind(*this);
        clock.start();
    }

    void watchdog_expired() override
    {
        fired.push_back(clock.now().count());
        if (on_expired) on_expired();
    }

    void out(std::uint64_t port, unsigned width, std::uint64_t value)
    {
        elaborate();
        CHECK(io.write_value(port, width, value) == tlm::TLM_OK_RESPONSE);
    }
    std::uint64_t in(std::uint64_t port, unsigned width)
    {
        elaborate();
        return io.read_value(port, width);
    }
    /// In how many nanoseconds the watchdog will fire.
    std::int64_t remaining()
    {
        for (const auto& p : device.properties()) {
            if (p.name == "remaining") return std::get<std::int64_t>(p.get());
        }
        return -2;
    }
    /// What is left of a countdown of 30 s, or of none, after a write.
    std::int64_t after_write(bool was_counting, std::uint64_t port, unsigned width, std::uint64_t value)
    {
        out(0x441, 1, 0);
        if (was_counting) out(0x443, 1, 0);
        out(port, width, value);
        return remaining();
    }

    vigil::runstate::vm_clock clock{"clock"};
    vigil::bus::address_router ports{"ports"};
    vigil::bus::unclaimed nothing{"nothing", 0xFF};
    ib700 device{"device", clock};
    vigil::bus::bus_initiator io{"io", vigil::bus::initiator_kind::test};
    std::vector<std::int64_t> fired;
    std::function<void()> on_expired;
};

} // namespace

TEST_CASE("ib700: each of the sixteen times to the nanosecond")
{
    ib700_rig r("rig");
    for (unsigned n = 0; n < 16; ++n) {
        CAPTURE(n);
        for (const std::uint64_t port : {0x443U, 0x444U}) {
            const std::int64_t length = (30 - 2 * static_cast<std::int64_t>(n)) * k_second;
            r.fired.clear();
            r.out(port, 1, n);
            const std::int64_t start = r.clock.now().count();
            if (length > 0) {
                pass(ns(length - 1));
                CHECK(r.fired.empty());
                CHECK(r.remaining() == 1);
                pass(ns(1));
            } else {
                CHECK(r.fired.empty()); // not from inside the access
                pass(ns(0));
            }
            CHECK(r.fired == std::vector<std::int64_t>{start + length});
            CHECK(r.remaining() == k_never_fires);
        }
    }
    pass(ns(100 * k_second));
    CHECK(r.fired.size() == 1); // one shot
}

TEST_CASE("ib700: the high nibble is ignored")
{
    ib700_rig r("rig");
    r.out(0x443, 1, 0x1E);
    CHECK(r.remaining() == 2 * k_second);
    r.out(0x443, 1, 0xF0);
    CHECK(r.remaining() == 30 * k_second);
}

TEST_CASE("ib700: another enable is a kick, and takes the new time")
{
    ib700_rig r("rig");
    r.out(0x443, 1, 0xE);
    for (int i = 0; i < 5; ++i) {
        pass(ns(2 * k_second - 1));
        r.out(0x443, 1, 0xE);
    }
    CHECK(r.fired.empty());
    r.out(0x443, 1, 0xD);
    pass(ns(4 * k_second));
    CHECK(r.fired == std::vector<std::int64_t>{14 * k_second - 5});
}

TEST_CASE("ib700: ports 441 and 442 disable, whatever the value")
{
    ib700_rig r("rig");
    for (const std::uint64_t port : {0x441U, 0x442U}) {
        for (const std::uint64_t value : {0x00U, 0x01U, 0x0FU, 0xFFU}) {
            CAPTURE(port, value);
            CHECK(r.after_write(true, port, 1, value) == k_never_fires);
            CHECK(r.after_write(false, port, 1, value) == k_never_fires);
        }
    }
    pass(ns(100 * k_second));
    CHECK(r.fired.empty());
}

TEST_CASE("ib700: reads return all ones at every width")
{
    ib700_rig r("rig");
    r.out(0x443, 1, 0);
    for (std::uint64_t port = 0x440; port <= 0x445; ++port) {
        CAPTURE(port);
        CHECK(r.in(port, 1) == 0xFF);
        CHECK(r.in(port, 2) == 0xFFFF);
        CHECK(r.in(port, 4) == 0xFFFFFFFF);
        std::array<std::uint8_t, 4> data{};
        CHECK(r.io.read_debug(port, data.data(), 4) == 4);
        CHECK(data == std::array<std::uint8_t, 4>{0xFF, 0xFF, 0xFF, 0xFF});
    }
    CHECK(r.remaining() == 30 * k_second);
}

TEST_CASE("ib700: 2-byte writes at each port")
{
    ib700_rig r("rig");
    CHECK(r.after_write(false, 0x443, 2, 0x000E) == 30 * k_second); // 2 s, then 30 s at 444
    CHECK(r.after_write(false, 0x443, 2, 0x0E00) == 2 * k_second);
    CHECK(r.after_write(false, 0x444, 2, 0x000E) == 2 * k_second); // the high byte is nobody's
    CHECK(r.after_write(false, 0x444, 2, 0x0E00) == 30 * k_second);
    CHECK(r.after_write(true, 0x441, 2, 0x0E0E) == k_never_fires);
    CHECK(r.after_write(true, 0x442, 2, 0x0E00) == k_never_fires); // does not reach 443
    CHECK(r.after_write(false, 0x442, 2, 0x0E00) == k_never_fires);
    CHECK(r.after_write(true, 0x440, 2, 0x0E0E) == 30 * k_second);
    CHECK(r.after_write(false, 0x440, 2, 0x0E0E) == k_never_fires);
    CHECK(r.after_write(true, 0x445, 2, 0x0E0E) == 30 * k_second);
}

TEST_CASE("ib700: 4-byte writes do nothing")
{
    ib700_rig r("rig");
    for (const std::uint64_t port : {0x440U, 0x441U, 0x442U, 0x443U, 0x444U}) {
        CAPTURE(port);
        CHECK(r.after_write(true, port, 4, 0x0E0E0E0E) == 30 * k_second);
        CHECK(r.after_write(false, port, 4, 0x0E0E0E0E) == k_never_fires);
    }
}

TEST_CASE("ib700: the countdown starts when the access takes place")
{
    ib700_rig r("rig");
    elaborate();
    pass(ns(100));
    r.io.delay() = sc_core::sc_time(7, sc_core::SC_NS);
    r.out(0x443, 1, 0xE);
    pass(ns(2 * k_second + 6));
    CHECK(r.fired.empty());
    pass(ns(1));
    CHECK(r.fired == std::vector<std::int64_t>{2 * k_second + 107});
}

TEST_CASE("ib700: it does not fire while the clock stands still")
{
    ib700_rig r("rig");
    r.out(0x443, 1, 0xE);
    pass(ns(k_second));
    r.clock.stop();
    pass(ns(100 * k_second));
    CHECK(r.fired.empty());
    CHECK(r.remaining() == k_second);
    r.clock.start();
    pass(ns(k_second));
    CHECK(r.fired == std::vector<std::int64_t>{2 * k_second});
}

TEST_CASE("ib700: any reset disables")
{
    ib700_rig r("rig");
    for (const reset_kind kind : {reset_kind::cold, reset_kind::warm, reset_kind::wakeup}) {
        r.out(0x443, 1, 0xE);
        r.device.reset(kind);
        CHECK(r.remaining() == k_never_fires);
    }
    pass(ns(10 * k_second));
    CHECK(r.fired.empty());
}

TEST_CASE("ib700: it is idle after firing even where the action enabled it again")
{
    ib700_rig r("rig");
    r.on_expired = [&r] { r.out(0x443, 1, 0xE); };
    r.out(0x443, 1, 0xE);
    pass(ns(2 * k_second));
    CHECK(r.fired.size() == 1);
    CHECK(r.remaining() == k_never_fires);
}

TEST_CASE("ib700: with nobody bound it fires for nobody")
{
    ib700_rig r("rig", false);
    r.out(0x443, 1, 0xF);
    pass(ns(0));
    CHECK(r.fired.empty());
    CHECK(r.remaining() == k_never_fires);
}

TEST_CASE("ib700: of two devices on the same ports the one of higher priority gets the accesses")
{
    struct pair : ib700_rig {
        explicit pair(const sc_core::sc_module_name& name) : ib700_rig(name) { second.map(ports, 1); }
        ib700 second{"second", clock};
    };
    pair r("rig");
    r.out(0x443, 1, 0xE);
    CHECK(r.remaining() == k_never_fires);
    CHECK(field(r.second.save(), "timer") == 2 * k_second);
}

TEST_CASE("ib700: state is saved and restored, or refused whole")
{
    ib700_rig r("rig");
    elaborate();
    pass(ns(5));
    CHECK(r.device.section() == "ib700_wdt");
    CHECK(r.device.type_name() == "ib700");
    const auto idle = r.device.save();
    CHECK(field(idle, "timer") == k_idle);
    r.out(0x443, 1, 0xE);
    const auto counting = r.device.save();
    CHECK(field(counting, "timer") == 2 * k_second + 5);
    for (const auto& p : r.device.properties()) {
        if (p.name == "enabled") CHECK(std::get<bool>(p.get()));
        if (p.name == "deadline") CHECK(std::get<std::int64_t>(p.get()) == 2 * k_second + 5);
    }

    REQUIRE_FALSE(r.device.restore(idle).has_value());
    CHECK(r.remaining() == k_never_fires);
    REQUIRE_FALSE(r.device.restore(counting).has_value());
    CHECK(r.remaining() == 2 * k_second);

    auto bad = counting;
    bad[0].value = std::uint64_t{1} << 63;
    CHECK(r.device.restore(bad).has_value());
    bad = counting;
    bad[0].name = "other";
    CHECK(r.device.restore(bad).has_value());
    bad = counting;
    bad[0].value = std::vector<std::uint8_t>{1};
    CHECK(r.device.restore(bad).has_value());
    bad.push_back(counting[0]);
    CHECK(r.device.restore(bad).has_value());
    CHECK(r.device.restore({}).has_value());
    CHECK(r.remaining() == 2 * k_second);

    pass(ns(2 * k_second));
    CHECK(r.fired == std::vector<std::int64_t>{2 * k_second + 5});
}
