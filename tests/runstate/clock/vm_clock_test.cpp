// SPDX-License-Identifier: Apache-2.0
// Each case elaborates and runs in a process of its own.
#include <vigil/runstate/clock/vm_clock.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <systemc>

#include <catch.h>
#include <report_of.h>

#include <vigil/runstate/clock/kernel_time.h>

#include "live_bytes.h"

namespace {

using namespace vigil::runstate;
using sc_core::sc_start;
using sc_core::sc_time;
using vigil::tests::live_bytes;

sc_time picoseconds(std::uint64_t count) { return sc_time::from_value(count); } // at the default resolution
sc_time nanoseconds(double count) { return sc_time(count, sc_core::SC_NS); }
// Runs what is to run now; sc_start() up to a time leaves what falls on its very end.
void settle()
{
    do {
        sc_start(sc_core::SC_ZERO_TIME);
    } while (sc_core::sc_pending_activity_at_current_time());
}

sc_time stamp() { return sc_core::sc_time_stamp(); }

void expect_exact_firing(const std::function<sc_time(ns)>& to_time)
{
    vm_clock clock("clock");
    std::vector<std::pair<ns, sc_time>> fired;
    std::vector<std::unique_ptr<vm_timer>> timers;
    const std::vector<ns> deadlines{ns(1),        ns(2),        ns(15),         ns(16),         ns(17),
                                    ns(7680),     ns(2949120),  ns(9999999),    ns(10000000),   ns(10000001),
                                    ns(10000002), ns(20000001), ns(1000000000), ns(1000000001), ns(3600000000000)};
    for (const ns deadline : deadlines) {
        timers.push_back(std::make_unique<vm_timer>(clock, [&fired, &clock, deadline] {
            fired.emplace_back(deadline, stamp());
            CHECK(clock.now() == deadline);
        }));
    }
    for (std::size_t i = timers.size(); i-- > 0;) timers[i]->arm(deadlines[i]);
    clock.start();
    sc_start(sc_time(3600.0, sc_core::SC_SEC));
    settle();
    REQUIRE(fired.size() == deadlines.size());
    for (std::size_t i = 0; i < fired.size(); ++i) {
        CAPTURE(deadlines[i].count());
        CHECK(fired[i].first == deadlines[i]);
        CHECK(fired[i].second == to_time(deadlines[i]));
    }
}

// Runs and stops the clock for random spans and checks after each that no part of a nanosecond is lost or won.
void expect_remainders_kept(std::uint64_t ticks_per_ns, unsigned seed)
{
    vm_clock clock("clock");
    std::mt19937 random(seed);
    std::uint64_t ran = 0; // ticks that the clock has run
    std::vector<std::uint64_t> fired;
    std::uint64_t started = 0;
    vm_timer timer(clock, [&] { fired.push_back(ran + stamp().value() - started); });
    std::uint64_t due = 0;
    settle();
    for (int round = 0; round < 3000; ++round) {
        if (!timer.armed()) {
            due = ran / ticks_per_ns + 1 + random() % 5000;
            timer.arm(ns(static_cast<std::int64_t>(due)));
        }
        clock.start();
        started = stamp().value();
        const std::uint64_t span = random() % (1500 * ticks_per_ns);
        sc_start(sc_time::from_value(span));
        if (random() % 2 == 0) settle();
        clock.stop();
        ran += span;
        REQUIRE(clock.now() == ns(static_cast<std::int64_t>(ran / ticks_per_ns)));
        if (!fired.empty()) {
            // To the tick, unless the clock stopped in that very tick and the kernel got to it after the next start.
            REQUIRE(fired.size() == 1);
            REQUIRE(fired.front() == due * ticks_per_ns);
            fired.clear();
        } else {
            REQUIRE(due * ticks_per_ns >= ran);
        }
        sc_start(sc_time::from_value(random() % 4 == 0 ? 0 : random() % (3000 * ticks_per_ns)));
        REQUIRE(clock.now() == ns(static_cast<std::int64_t>(ran / ticks_per_ns)));
        REQUIRE(fired.empty());
    }
}

} // namespace

TEST_CASE("vm clock: it begins at zero, standing still")
{
    vm_clock clock("clock");
    CHECK(clock.now() == ns(0));
    CHECK(!clock.running());
    CHECK(clock.next_deadline() == k_never);
    CHECK(!clock.run_due());
    sc_start(nanoseconds(100));
    CHECK(clock.now() == ns(0));
    clock.start();
    clock.start();
    CHECK(clock.running());
    sc_start(nanoseconds(42));
    CHECK(clock.now() == ns(42));
    clock.stop();
    clock.stop();
    sc_start(nanoseconds(100));
    CHECK(clock.now() == ns(42));
}

TEST_CASE("vm clock: timers fire exactly at their deadlines with a resolution of 1 ps")
{
    expect_exact_firing(
        [](ns deadline) { return sc_time::from_value(static_cast<std::uint64_t>(deadline.count()) * 1000); });
}

TEST_CASE("vm clock: timers fire exactly at their deadlines with a resolution of 1 ns")
{
    sc_core::sc_set_time_resolution(1, sc_core::SC_NS);
    expect_exact_firing([](ns deadline) { return sc_time::from_value(static_cast<std::uint64_t>(deadline.count())); });
}

TEST_CASE("vm clock: stops and starts keep the remainder to the tick with a resolution of 1 ps")
{
    expect_remainders_kept(1000, 1);
}

TEST_CASE("vm clock: stops and starts keep the remainder to the tick with a resolution of 1 ns")
{
    sc_core::sc_set_time_resolution(1, sc_core::SC_NS);
    expect_remainders_kept(1, 2);
}

TEST_CASE("vm clock: stops and starts keep the remainder to the tick with a resolution of 1 fs")
{
    sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
    expect_remainders_kept(1000000, 3);
}

TEST_CASE("vm clock: halves of a nanosecond add up over stops")
{
    vm_clock clock("clock");
    std::vector<sc_time> fired;
    vm_timer timer(clock, [&] { fired.push_back(stamp()); });
    timer.arm(ns(3));
    sc_start(picoseconds(250));
    for (int i = 0; i < 5; ++i) { // 600 ps running, 400 ps not
        clock.start();
        sc_start(picoseconds(600));
        settle();
        clock.stop();
        sc_start(picoseconds(400));
    }
    // 3000 ps were reached with the fifth span, at 250 + 4 * 1000 + 600.
    REQUIRE(fired.size() == 1);
    CHECK(fired.front() == picoseconds(4850));
    CHECK(clock.now() == ns(3));
}

TEST_CASE("vm clock: a resolution coarser than 1 ns is reported")
{
    sc_core::sc_set_time_resolution(10, sc_core::SC_NS);
    CHECK(report_of([] { vm_clock clock("clock"); }).type == "/vigil/runstate/resolution");
}

TEST_CASE("vm clock: while stopped, a skip moves the number and runs nothing")
{
    vm_clock clock("clock");
    int fired = 0;
    vm_timer timer(clock, [&] { ++fired; });
    timer.arm(ns(100));
    sc_start(nanoseconds(10));
    clock.skip(ns(60));
    CHECK(clock.now() == ns(60));
    CHECK(timer.remaining() == ns(40));
    clock.skip(ns(0));
    clock.skip(ns(-5));
    CHECK(clock.now() == ns(60));
    clock.skip(ns(60));
    sc_start(nanoseconds(10));
    CHECK(clock.now() == ns(120));
    CHECK(timer.remaining() == ns(0));
    CHECK(!clock.run_due());
    CHECK(fired == 0);
    clock.start();
    CHECK(fired == 0);
    CHECK(clock.run_due());
    CHECK(fired == 1);
    clock.skip(ns(1000)); // not while it runs
    CHECK(clock.now() == ns(120));
}

TEST_CASE("vm clock: a skip is held at the end of the range")
{
    vm_clock clock("clock");
    clock.skip(ns::max() - ns(5));
    clock.skip(ns::max());
    CHECK(clock.now() == ns::max());
    clock.start();
    sc_start(nanoseconds(10));
    CHECK(clock.now() == ns::max());
    CHECK(clock.now(nanoseconds(10)) == ns::max());
    CHECK(clock.time_until(k_never) == sc_core::SC_ZERO_TIME);
}

TEST_CASE("vm clock: an access annotated with any delay comes no earlier than now")
{
    vm_clock clock("clock");
    clock.start();
    sc_start(nanoseconds(7));
    CHECK(clock.now(nanoseconds(3)) == ns(10));
    CHECK(clock.now(sc_core::sc_max_time()) == ns(static_cast<std::int64_t>(~std::uint64_t{0} / 1000)));
}

TEST_CASE("vm clock: where simulated time outlasts 2^63 ns virtual time is held, and no timer goes wrong")
{
    sc_core::sc_set_time_resolution(1, sc_core::SC_NS);
    vm_clock clock("clock");
    int endless = 0;
    std::unique_ptr<vm_timer> timer;
    timer = std::make_unique<vm_timer>(clock, [&] {
        ++endless;
        timer->arm(saturating_add(clock.now(), ns(3)));
    });
    clock.skip(ns::max() - ns(10));
    timer->arm(ns::max() - ns(9));
    clock.start();
    sc_start(sc_time::from_value(std::uint64_t{1} << 63));
    settle();
    CHECK(endless == 3); // 9, 6 and 3 ns before the end; then it is armed for never
    CHECK_FALSE(timer->armed());
    CHECK(clock.now() == ns::max());
}

TEST_CASE("vm clock: a leap moves virtual time without simulated time, and what falls due runs")
{
    vm_clock clock("clock");
    std::vector<ns> ran;
    vm_timer near(clock, [&] { ran.push_back(clock.now()); });
    vm_timer far(clock, [&] { ran.push_back(clock.now()); });
    clock.start();
    near.arm(ns(100));
    far.arm(ns(5000));
    sc_start(nanoseconds(10));
    const sc_time before = stamp();
    clock.leap(ns(200));
    CHECK(clock.now() == ns(210));
    settle();
    CHECK(stamp() == before);
    CHECK(ran == std::vector<ns>{ns(210)});
    sc_start(nanoseconds(4789));
    CHECK(ran.size() == 1);
    sc_start(nanoseconds(1));
    settle();
    CHECK(ran == std::vector<ns>{ns(210), ns(5000)});
    clock.leap(ns(-1));
    CHECK(clock.now() == ns(5000));
    clock.leap(ns::max());
    CHECK(clock.now() == ns::max());
    clock.stop();
    clock.leap(ns(1));
    CHECK(clock.now() == ns::max());
}

TEST_CASE("vm clock: a timer beyond the end of the kernel's time waits for a leap")
{
    sc_core::sc_set_time_resolution(1, sc_core::SC_FS); // the end comes after five hours
    vm_clock clock("clock");
    int ran = 0;
    vm_timer timer(clock, [&] { ++ran; });
    clock.start();
    const ns day = std::chrono::hours(24);
    timer.arm(day);
    sc_start(sc_core::sc_max_time() - sc_time(1, sc_core::SC_MS));
    CHECK(ran == 0);
    while (kernel_time_left() > sc_core::SC_ZERO_TIME) sc_start(kernel_time_left());
    CHECK(sc_core::sc_time_stamp() < sc_core::sc_max_time());
    CHECK(ran == 0);
    CHECK(clock.time_until(day) > sc_core::SC_ZERO_TIME);
    clock.leap(day - clock.now());
    CHECK(clock.run_due());
    CHECK(ran == 1);
}

TEST_CASE("vm clock: what is overdue at a start runs without time passing, in order")
{
    vm_clock clock("clock");
    std::string ran;
    vm_timer a(clock, [&] { ran += 'a'; });
    vm_timer b(clock, [&] { ran += 'b'; });
    vm_timer c(clock, [&] { ran += 'c'; });
    a.arm(ns(20));
    b.arm(ns(10));
    c.arm(ns(31));
    clock.skip(ns(30));
    sc_start(nanoseconds(5));
    CHECK(ran.empty());
    clock.start();
    CHECK(ran.empty());
    settle();
    CHECK(ran == "ba");
    CHECK(stamp() == nanoseconds(5));
    sc_start(nanoseconds(1));
    settle();
    CHECK(ran == "bac");
}

TEST_CASE("vm clock: a timer armed for the past or for now never runs inside arm")
{
    vm_clock clock("clock");
    clock.start();
    sc_start(nanoseconds(50));
    int fired = 0;
    vm_timer timer(clock, [&] { ++fired; });
    for (const ns deadline : {ns(0), ns(-1000), ns(50), ns::min()}) {
        timer.arm(deadline);
        CHECK(fired == 0);
        CHECK(timer.remaining() == ns(0));
        settle();
        CHECK(fired == 1);
        CHECK(stamp() == nanoseconds(50));
        fired = 0;
    }
}

TEST_CASE("vm clock: run_due runs what is due at once, and the kernel event does not run it again")
{
    vm_clock clock("clock");
    clock.start();
    sc_start(nanoseconds(50));
    int fired = 0;
    vm_timer timer(clock, [&] { ++fired; });
    timer.arm(ns(50));
    CHECK(clock.run_due());
    CHECK(fired == 1);
    CHECK(!clock.run_due());
    sc_start(nanoseconds(50));
    CHECK(fired == 1);
}

TEST_CASE("vm clock: an annotated delay is a later moment, but not while stopped")
{
    vm_clock clock("clock");
    sc_start(picoseconds(400));
    CHECK(clock.now(nanoseconds(5)) == ns(0));
    clock.start();
    CHECK(clock.now(sc_core::SC_ZERO_TIME) == ns(0));
    CHECK(clock.now(picoseconds(999)) == ns(0));
    CHECK(clock.now(picoseconds(1000)) == ns(1));
    sc_start(picoseconds(600));
    CHECK(clock.now() == ns(0));
    CHECK(clock.now(picoseconds(400)) == ns(1));
    CHECK(clock.now(nanoseconds(1000)) == ns(1000));
    clock.stop();
    CHECK(clock.now(nanoseconds(1000)) == ns(0));
}

TEST_CASE("vm clock: time_until is the simulated time to a deadline, to the tick")
{
    vm_clock clock("clock");
    sc_start(picoseconds(100));
    CHECK(clock.time_until(ns(7)) == nanoseconds(7)); // were it to run
    clock.start();
    sc_start(picoseconds(2300));
    CHECK(clock.time_until(ns(7)) == picoseconds(4700));
    CHECK(clock.time_until(ns(3)) == picoseconds(700));
    CHECK(clock.time_until(ns(2)) == sc_core::SC_ZERO_TIME);
    CHECK(clock.time_until(ns(-5)) == sc_core::SC_ZERO_TIME);
    CHECK(clock.time_until(ns::min()) == sc_core::SC_ZERO_TIME);
    CHECK(clock.time_until(k_never) > nanoseconds(1e15));
    clock.stop();
    CHECK(clock.time_until(ns(3)) == picoseconds(700));
    sc_start(clock.time_until(ns(3)));
    CHECK(clock.now() == ns(2));
    clock.start();
    sc_start(clock.time_until(ns(3)));
    CHECK(clock.now() == ns(3));
}

TEST_CASE("vm clock: a timer tells its deadline and what is left")
{
    vm_clock clock("clock");
    clock.start();
    vm_timer timer(clock, [] {});
    CHECK(!timer.armed());
    CHECK(timer.deadline() == k_never);
    CHECK(timer.remaining() == k_never);
    timer.arm(ns(30));
    CHECK(timer.armed());
    CHECK(timer.deadline() == ns(30));
    CHECK(clock.next_deadline() == ns(30));
    sc_start(nanoseconds(12));
    CHECK(timer.remaining() == ns(18));
    clock.stop();
    sc_start(nanoseconds(12));
    CHECK(timer.remaining() == ns(18));
    timer.cancel();
    CHECK(timer.remaining() == k_never);
    CHECK(clock.next_deadline() == k_never);
}

TEST_CASE("vm clock: no timer fires while stopped, however long, and the deadline moves by the pause")
{
    vm_clock clock("clock");
    std::vector<sc_time> fired;
    vm_timer timer(clock, [&] { fired.push_back(stamp()); });
    clock.start();
    timer.arm(ns(1000));
    sc_start(nanoseconds(999));
    clock.stop();
    sc_start(sc_time(100, sc_core::SC_SEC));
    CHECK(fired.empty());
    clock.start();
    sc_start(nanoseconds(5));
    REQUIRE(fired.size() == 1);
    CHECK(fired.front() == sc_time(100, sc_core::SC_SEC) + nanoseconds(1000));
}

TEST_CASE("vm clock: what is armed while stopped counts from the start")
{
    vm_clock clock("clock");
    std::vector<sc_time> fired;
    vm_timer far(clock, [] {});
    vm_timer near(clock, [&] { fired.push_back(stamp()); });
    clock.start();
    far.arm(ns(9000000));
    sc_start(picoseconds(1500));
    clock.stop();
    near.arm(ns(2));
    sc_start(nanoseconds(10));
    clock.start();
    sc_start(picoseconds(499));
    CHECK(fired.empty());
    sc_start(picoseconds(1));
    settle();
    REQUIRE(fired.size() == 1);
    CHECK(fired.front() == picoseconds(1500 + 10000 + 500));
}

TEST_CASE("vm clock: timers due together run in the order of their arming")
{
    vm_clock clock("clock");
    std::string ran;
    std::vector<std::unique_ptr<vm_timer>> timers;
    for (char name = 'a'; name <= 'f'; ++name) {
        timers.push_back(std::make_unique<vm_timer>(clock, [&ran, name] { ran += name; }));
    }
    for (const std::size_t i :
         {std::size_t(4), std::size_t(2), std::size_t(0), std::size_t(5), std::size_t(1), std::size_t(3)}) {
        timers[i]->arm(ns(10));
    }
    clock.start();
    sc_start(nanoseconds(11));
    CHECK(ran == "ecafbd");
}

TEST_CASE("vm clock: a callback that stops the clock holds back what is due with it")
{
    vm_clock clock("clock");
    std::string ran;
    vm_timer a(clock, [&] { ran += 'a', clock.stop(); });
    vm_timer b(clock, [&] { ran += 'b'; });
    a.arm(ns(10));
    b.arm(ns(10));
    clock.start();
    sc_start(nanoseconds(100));
    CHECK(ran == "a");
    CHECK(clock.now() == ns(10));
    clock.start();
    settle();
    CHECK(ran == "ab");
    CHECK(stamp() == nanoseconds(100));
}

TEST_CASE("vm clock: a callback that stops and starts the clock changes nothing")
{
    vm_clock clock("clock");
    std::vector<sc_time> fired;
    vm_timer a(clock, [&] {
        clock.stop();
        clock.start();
    });
    vm_timer b(clock, [&] { fired.push_back(stamp()); });
    a.arm(ns(10));
    b.arm(ns(20));
    clock.start();
    sc_start(nanoseconds(100));
    REQUIRE(fired.size() == 1);
    CHECK(fired.front() == nanoseconds(20));
}

TEST_CASE("vm clock: a periodic timer keeps its period over a year of virtual time")
{
    sc_core::sc_set_time_resolution(1, sc_core::SC_NS);
    vm_clock clock("clock");
    int fired = 0;
    const ns period = std::chrono::hours(24);
    std::unique_ptr<vm_timer> timer;
    timer = std::make_unique<vm_timer>(clock, [&] {
        ++fired;
        CHECK(clock.now() == fired * period);
        timer->arm(clock.now() + period);
    });
    timer->arm(period);
    clock.start();
    sc_start(sc_time(24.0 * 3600 * 365, sc_core::SC_SEC));
    settle();
    CHECK(fired == 365);
}

TEST_CASE("vm clock: a timer may be destroyed while armed, or by its own callback")
{
    vm_clock clock("clock");
    std::string ran;
    auto a = std::make_unique<vm_timer>(clock, [&] { ran += 'a'; });
    std::unique_ptr<vm_timer> b;
    b = std::make_unique<vm_timer>(clock, [&] {
        b.reset();
        ran += 'b';
    });
    a->arm(ns(10));
    b->arm(ns(20));
    clock.start();
    sc_start(nanoseconds(5));
    a.reset();
    sc_start(nanoseconds(50));
    CHECK(ran == "b");
    CHECK(clock.next_deadline() == k_never);
}

TEST_CASE("vm clock: random arming, cancelling and stopping keeps every firing exact")
{
    vm_clock clock("clock");
    std::mt19937 random(11);
    constexpr std::size_t count = 40;
    std::vector<std::unique_ptr<vm_timer>> timers;
    std::vector<ns> expected(count, k_never);
    std::uint64_t ran = 0;     // ticks that the clock has run before `started`
    std::uint64_t started = 0; // kernel ticks
    bool exact = true;
    int fired = 0;
    for (std::size_t i = 0; i < count; ++i) {
        timers.push_back(std::make_unique<vm_timer>(clock, [&, i] {
            const std::uint64_t at = ran + stamp().value() - started;
            exact = exact && at == static_cast<std::uint64_t>(expected[i].count()) * 1000;
            expected[i] = k_never;
            ++fired;
        }));
    }
    settle();
    for (int round = 0; round < 4000; ++round) {
        for (int i = 0; i < 5; ++i) {
            const std::size_t t = random() % count;
            if (random() % 4 == 0) {
                timers[t]->cancel();
                expected[t] = k_never;
            } else {
                static constexpr std::uint64_t ranges[] = {20, 3000, 40000000};
                expected[t] = clock.now() + ns(1 + static_cast<std::int64_t>(random() % ranges[random() % 3]));
                timers[t]->arm(expected[t]);
            }
        }
        static constexpr std::uint64_t spans[] = {700, 2000000, 9000000000};
        const std::uint64_t span = random() % spans[random() % 3];
        clock.start();
        started = stamp().value();
        sc_start(sc_time::from_value(span));
        settle();
        clock.stop();
        ran += span;
        REQUIRE(exact);
        for (const ns deadline : expected) REQUIRE(deadline > clock.now());
        if (random() % 3 == 0) sc_start(sc_time::from_value(random() % 20000000));
    }
    CHECK(fired > 3000);
}

TEST_CASE("vm clock: alternating near and far deadlines leave a bounded number of dead notifications")
{
    vm_clock clock("clock");
    vm_timer watchdog(clock, [] {});
    vm_timer tick(clock, [] {});
    clock.start();
    sc_start(nanoseconds(1));
    const auto kick = [&](int rounds) {
        for (int i = 0; i < rounds; ++i) {
            watchdog.arm(clock.now() + ns(30000000000)); // far: half a minute
            tick.arm(clock.now() + ns(100));             // near
            sc_start(nanoseconds(i % 3 == 0 ? 150 : 50));
            tick.cancel();
        }
    };
    kick(1000);
    const std::size_t before = live_bytes();
    kick(300000);
    CHECK(live_bytes() <= before + 4096);
}

TEST_CASE("vm clock: kicks far ahead, without time passing, take no memory")
{
    vm_clock clock("clock");
    vm_timer watchdog(clock, [] {});
    clock.start();
    watchdog.arm(ns(1000));
    sc_start(nanoseconds(1));
    const std::size_t before = live_bytes();
    for (int i = 0; i < 1000000; ++i) watchdog.arm(clock.now() + ns(1000 + i % 1000));
    CHECK(live_bytes() <= before);
}

TEST_CASE("vm clock: stops and starts without time passing take no memory")
{
    vm_clock clock("clock");
    vm_timer watchdog(clock, [] {});
    watchdog.arm(ns(5000000));
    sc_start(picoseconds(1700));
    clock.start();
    sc_start(picoseconds(1700));
    clock.stop();
    const std::size_t before = live_bytes();
    for (int i = 0; i < 100000; ++i) {
        clock.start();
        clock.stop();
    }
    CHECK(live_bytes() <= before + 4096);
    clock.skip(ns(6000000)); // overdue from now on
    for (int i = 0; i < 100000; ++i) {
        clock.start();
        clock.stop();
    }
    CHECK(live_bytes() <= before + 4096);
}

TEST_CASE("vm clock: two clocks stop independently")
{
    vm_clock a("a");
    vm_clock b("b");
    std::string ran;
    vm_timer on_a(a, [&] { ran += 'a'; });
    vm_timer on_b(b, [&] { ran += 'b'; });
    on_a.arm(ns(10));
    on_b.arm(ns(20));
    a.start();
    b.start();
    sc_start(nanoseconds(5));
    a.stop();
    sc_start(nanoseconds(16));
    CHECK(ran == "b");
    a.start();
    sc_start(nanoseconds(6));
    CHECK(ran == "ba");
    CHECK(a.now() == ns(11));
    CHECK(b.now() == ns(27));
}
