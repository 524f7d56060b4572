// SPDX-License-Identifier: Apache-2.0
// The worked examples of the countdown, each to the nanosecond. They were observed on QEMU 7.2.
#include <catch.h>

#include <algorithm>
#include <functional>

#include "i6300esb_rig.h"

using namespace vigil::models::test;

namespace {

constexpr std::int64_t u = 983040; // one preload count of the 1 kHz scale, in ns

struct step {
    std::int64_t at;
    std::function<void(rig&)> act;
};

/// Plays the steps and checks the log one nanosecond before, and at, every time that occurs; then that nothing more
/// happens until `quiet_until`.
void play(rig& r, const std::vector<step>& steps, const std::vector<mark>& expected, std::int64_t quiet_until)
{
    std::vector<std::int64_t> times{quiet_until};
    for (const auto& s : steps) times.push_back(s.at);
    for (const auto& m : expected) times.push_back(m.at);
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());

    const auto until = [&expected](std::int64_t at) {
        std::vector<mark> due;
        for (const auto& m : expected) {
            if (m.at <= at) due.push_back(m);
        }
        return due;
    };
    for (const std::int64_t at : times) {
        if (at > 0) {
            r.run_to(at - 1);
            CHECK(r.log == until(at - 1));
        }
        r.run_to(at);
        for (const auto& s : steps) {
            if (s.at != at) continue;
            const auto before = r.log;
            s.act(r);
            CHECK(r.log == before); // nothing expires inside a register write
        }
        vigil::models::test::pass(vigil::runstate::ns(0));
        CHECK(r.log == until(at));
    }
}

step start(std::int64_t at, std::uint32_t configuration, std::uint32_t p1, std::uint32_t p2, std::uint32_t lock = 2)
{
    return {at, [=](rig& r) {
                r.cfg(reg::wdt_configuration, 2, configuration);
                r.preloads(p1, p2);
                r.lock(lock);
            }};
}

/// The marks of a full run: stage 1, stage 2 and the fact.
std::vector<mark> full(std::int64_t first, std::int64_t second) { return {{first, 1}, {second, 2}, {second, k_fact}}; }

step with_lock(std::int64_t at, std::uint32_t value)
{
    return {at, [=](rig& r) { r.lock(value); }};
}

const auto kick = [](rig& r) { r.kick(); };

} // namespace

TEST_CASE("i6300esb: example 1, 1 kHz scale")
{
    rig r("rig");
    play(r, {start(0, 0x0000, 1, 2)}, full(983040, 2949120), 100 * u);
}

TEST_CASE("i6300esb: example 1 at a later start")
{
    rig r("rig");
    play(r, {start(12345, 0x0000, 1, 2)}, full(12345 + 983040, 12345 + 2949120), 100 * u);
}

TEST_CASE("i6300esb: example 2, 1 MHz scale")
{
    rig r("rig");
    play(r, {start(0, 0x0004, 3, 5)}, full(2880, 7680), 100 * u);
}

TEST_CASE("i6300esb: example 3, default preloads at 1 kHz")
{
    rig r("rig");
    play(r, {with_lock(0, 2)}, full(1030791168000, 2061582336000), 3000000000000);
}

TEST_CASE("i6300esb: example 4, default preloads at 1 MHz")
{
    rig r("rig");
    play(r, {{0, [](rig& x) { x.cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel); }}, with_lock(0, 2)},
         full(1006632000, 2013264000), 3000000000);
}

TEST_CASE("i6300esb: example 5, what Linux programs for 30 seconds")
{
    rig r("rig");
    play(r,
         {{0,
           [](rig& x) {
               x.cfg(reg::wdt_configuration, 2, bit::wdt_int_type);
               x.preloads(0x3C00, 0x3C00);
               x.kick();
               x.lock(bit::wdt_enable);
           }}},
         full(15099494400, 30198988800), 40000000000);
}

TEST_CASE("i6300esb: example 6, preloads keep 20 bits")
{
    rig r("rig");
    play(r, {start(0, 0x0000, 0xFFF00001, 0x80000002)}, full(983040, 2949120), 100 * u);
}

TEST_CASE("i6300esb: example 7, both preloads zero expire at the enabling instant")
{
    rig r("rig");
    play(r, {start(777, 0x0000, 0, 0)}, full(777, 777), 100 * u);
    CHECK(r.lock() == 0x00);
}

TEST_CASE("i6300esb: example 8, preload 1 zero")
{
    rig r("rig");
    play(r, {start(777, 0x0000, 0, 5)}, full(777, 777 + 4915200), 100 * u);
}

TEST_CASE("i6300esb: example 9, kicks in stage 1 and in stage 2 return to stage 1")
{
    rig r("rig");
    play(r, {start(0, 0x0000, 10, 20), {5 * u, kick}, {20 * u, kick}},
         {{15 * u, 1}, {30 * u, 1}, {49152000, 2}, {49152000, k_fact}}, 200 * u);
}

TEST_CASE("i6300esb: example 10, a kick while disabled has no effect")
{
    rig r("rig");
    play(r,
         {{0,
           [](rig& x) {
               x.preloads(10, 20);
               x.kick();
           }},
          with_lock(100 * u, 2)},
         {{108134400, 1}, {130 * u, 2}, {130 * u, k_fact}}, 200 * u);
}

TEST_CASE("i6300esb: example 11, preloads changed while counting wait for the next start of their stage")
{
    rig r("rig");
    play(r, {start(0, 0x0000, 10, 20), {2 * u, [](rig& x) { x.preloads(100, 3); }}}, full(10 * u, 13 * u), 200 * u);
}

TEST_CASE("i6300esb: example 12, a new clock scale waits for the next start of a stage")
{
    rig r("rig");
    play(r, {start(0, 0x0000, 10, 20), {2 * u, [](rig& x) { x.cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel); }}},
         full(10 * u, 9849600), 200 * u);
}

TEST_CASE("i6300esb: example 13, enabling again does not restart")
{
    rig r("rig");
    play(r, {start(0, 0x0000, 10, 20), with_lock(2 * u, 2)}, full(10 * u, 30 * u), 200 * u);
}

TEST_CASE("i6300esb: example 14, disabled in stage 2 and enabled again it starts in stage 1")
{
    rig r("rig");
    play(r, {start(0, 0x0000, 10, 20), with_lock(12 * u, 0), with_lock(100 * u, 2)},
         {{10 * u, 1}, {110 * u, 1}, {130 * u, 2}, {130 * u, k_fact}}, 200 * u);
}

TEST_CASE("i6300esb: example 15, locked it cannot be disabled, and its own reset unlocks")
{
    rig r("rig");
    play(r,
         {start(0, 0x0000, 1, 1, 3),
          {0,
           [](rig& x) {
               x.lock(0);
               CHECK(x.lock() == (bit::wdt_enable | bit::wdt_lock));
           }}},
         full(u, 2 * u), 100 * u);
    CHECK(r.lock() == 0x00);
}

TEST_CASE("i6300esb: example 16, with the reboot output disabled the countdown just stops")
{
    rig r("rig");
    play(r,
         {start(0, 0x0020, 1, 2),
          {50 * u,
           [](rig& x) {
               CHECK(x.lock() == bit::wdt_enable);
               CHECK(x.mem(reg::reload, 2) == 0);
               CHECK(x.saved("timer") == UINT64_MAX);
               x.kick();
           }}},
         {{u, 1}, {3 * u, 2}, {51 * u, 1}, {53 * u, 2}}, 100 * u);
    CHECK(r.lock() == bit::wdt_enable);
    CHECK(r.mem(reg::reload, 2) == 0);
}

TEST_CASE("i6300esb: example 17, free-running the stages alternate")
{
    rig r("rig");
    play(r, {start(0, 0x0020, 1, 2, 6)}, {{u, 1}, {3 * u, 2}, {4 * u, 1}, {6 * u, 2}, {7 * u, 1}, {9 * u, 2}},
         10 * u - 1);
    CHECK(r.lock() == (bit::wdt_tout_cnf | bit::wdt_enable));
}

TEST_CASE("i6300esb: example 18, free-running with the reboot output enabled is watchdog mode")
{
    rig r("rig");
    play(r,
         {start(0, 0x0000, 1, 2, 6),
          {10 * u,
           [](rig& x) {
               CHECK(x.lock() == 0x00);
               CHECK(x.cfg(reg::wdt_configuration, 2) == 0x0000);
               x.lock(bit::wdt_enable);
           }}},
         {{u, 1},
          {3 * u, 2},
          {3 * u, k_fact},
          {10 * u + 1030791168000, 1},
          {10 * u + 2061582336000, 2},
          {10 * u + 2061582336000, k_fact}},
         3000000000000);
}

TEST_CASE("i6300esb: example 19, the previous-reboot flag survives resets until it is cleared")
{
    using vigil::runstate::reset_kind;
    rig r("rig");
    play(r, {start(0, 0x0004, 1, 2)}, full(960, 2880), 100 * u);
    CHECK(r.mem(reg::reload, 2) == 0x1200);
    CHECK(r.mem(reg::reload, 1) == 0);
    CHECK(r.mem(reg::reload, 4) == 0);
    r.device.reset(reset_kind::warm);
    r.device.reset(reset_kind::warm);
    CHECK(r.mem(reg::reload, 2) == 0x1200);
    r.mem(reg::reload, 2, bit::wdt_timeout); // without unlocking
    CHECK(r.mem(reg::reload, 2) == 0x1200);
    r.unlock();
    r.mem(reg::reload, 4, bit::wdt_timeout);
    CHECK(r.mem(reg::reload, 2) == 0x1200);
    r.unlock();
    r.mem(reg::reload, 1, 0x00);
    r.mem(reg::reload, 4, 0x1200);
    CHECK(r.mem(reg::reload, 2) == 0x1200);
    r.kick();
    CHECK(r.mem(reg::reload, 2) == 0x1200);
    r.reload(bit::wdt_timeout);
    CHECK(r.mem(reg::reload, 2) == 0);
}

TEST_CASE("i6300esb: bit 9 and bit 12 each clear the previous-reboot flag, and kick in the same write")
{
    rig r("rig");
    for (const std::uint32_t value : {0x0200U, 0x1000U, 0x0300U, 0x1100U, 0x1200U, 0xFFFFU}) {
        CAPTURE(value);
        r.log.clear();
        const std::int64_t begin = r.clock.now().count();
        start(0, 0x0004, 1, 2).act(r);
        r.run_to(begin + 2880);
        CHECK(r.log == full(begin + 960, begin + 2880));
        REQUIRE(r.mem(reg::reload, 2) == 0x1200);
        r.log.clear();
        start(0, 0x0004, 10, 1000).act(r);
        r.run_to(begin + 2880 + 960);
        r.reload(value);
        CHECK(r.mem(reg::reload, 2) == 0);
        const bool kicked = (value & 0x0100) != 0;
        r.run_to(begin + 2880 + 9600);
        CHECK(r.log.size() == (kicked ? 0U : 1U));
        r.run_to(begin + 2880 + 10560);
        CHECK(r.log.size() == 1);
        r.device.reset(vigil::runstate::reset_kind::cold);
    }
}

TEST_CASE("i6300esb: free-running with both preloads zero, the restart comes one preload count late")
{
    rig r("rig");
    play(r, {start(0, 0x0024, 0, 0, 6)},
         {{0, 1}, {0, 2}, {960, 1}, {960, 2}, {1920, 1}, {1920, 2}, {2880, 1}, {2880, 2}}, 3839);
    r.cfg(reg::wdt_configuration, 2, bit::wdt_output);
    r.log.clear();
    r.run_to(3840 + u);
    CHECK(r.log == std::vector<mark>{{3840, 1}, {3840, 2}, {3840 + u, 1}, {3840 + u, 2}});
}

TEST_CASE("i6300esb: free-running with both preloads zero, no stage begins after the end of virtual time")
{
    rig r("rig");
    r.clock.stop();
    r.clock.restore(ns::max() - ns(1'000'000));
    r.clock.start();
    r.cfg(reg::wdt_configuration, 2, bit::wdt_output | bit::wdt_pre_sel); // 1 MHz scale, no reboot output
    r.preloads(0, 0);
    r.lock(bit::wdt_tout_cnf | bit::wdt_enable);
    pass(ns(2'000'000));
    CHECK(r.clock.now() == ns::max());
    CHECK(r.log.size() == 2 * (1'000'000 / 960 + 1));
    CHECK(r.saved("timer") == ~std::uint64_t{0});
    r.lock(0x00);
    r.lock(bit::wdt_tout_cnf | bit::wdt_enable);
    pass(ns(0));
    CHECK(r.saved("timer") == ~std::uint64_t{0});
}

TEST_CASE("i6300esb: free-running with one preload zero is exact")
{
    rig r("rig");
    play(r, {start(0, 0x0024, 0, 1, 6)}, {{0, 1}, {960, 2}, {960, 1}, {1920, 2}, {1920, 1}}, 2879);
    r.lock(0);
    r.log.clear();
    const std::int64_t begin = r.clock.now().count();
    r.preloads(1, 0);
    r.lock(bit::wdt_tout_cnf | bit::wdt_enable);
    r.run_to(begin + 1920);
    CHECK(r.log == std::vector<mark>{{begin + 960, 1}, {begin + 960, 2}, {begin + 1920, 1}, {begin + 1920, 2}});
}

TEST_CASE("i6300esb: the mode changes while counting, and counts at the next end of stage 2")
{
    rig r("rig");
    play(r, {start(0, 0x0024, 1, 2), with_lock(1000, 6), with_lock(3000, 2)},
         {{960, 1}, {2880, 2}, {3840, 1}, {5760, 2}}, 20000);
}

TEST_CASE("i6300esb: a kick and a preload work while locked")
{
    rig r("rig");
    play(r,
         {start(0, 0x0004, 10, 10, 3),
          {4800,
           [](rig& x) {
               x.preload1(2);
               x.kick();
           }},
          with_lock(5000, 7)},
         full(4800 + 1920, 4800 + 1920 + 9600), 100000);
}

TEST_CASE("i6300esb: the countdown stands still while virtual time does")
{
    rig r("rig");
    start(0, 0x0004, 10, 10).act(r);
    r.run_to(5000);
    r.clock.stop();
    vigil::models::test::pass(std::chrono::seconds(2));
    CHECK(r.log.empty());
    r.clock.start();
    r.run_to(9599);
    CHECK(r.log.empty());
    r.run_to(19200);
    CHECK(r.log == full(9600, 19200));
}

TEST_CASE("i6300esb: an overdue stage 1 starts stage 2 when it runs")
{
    rig r("rig");
    start(0, 0x0004, 10, 10).act(r);
    r.run_to(5000);
    r.clock.stop();
    r.clock.skip(std::chrono::milliseconds(1));
    CHECK(r.log.empty());
    r.clock.start();
    r.clock.run_due();
    CHECK(r.log == std::vector<mark>{{1005000, 1}});
    r.run_to(1005000 + 9600);
    CHECK(r.log == full(1005000, 1005000 + 9600));
}

TEST_CASE("i6300esb: a countdown starts at the initiator's local time")
{
    rig r("rig");
    r.cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel);
    r.preloads(10, 20);
    r.config.delay() = sc_core::sc_time(500, sc_core::SC_NS);
    r.lock(bit::wdt_enable);
    CHECK(r.saved("timer") == 500 + 9600);
    r.memory.delay() = sc_core::sc_time(700, sc_core::SC_NS);
    r.kick();
    CHECK(r.saved("timer") == 700 + 9600);
    r.run_to(700 + 28800);
    CHECK(r.log == full(700 + 9600, 700 + 28800));
}
