// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/clock/timer_queue.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch.h>

namespace {

using namespace vigil::runstate;

// Runs what is due; asks for the time before each.
template <class Now> bool run_due(timer_queue& queue, Now now)
{
    bool any = false;
    while (auto due = queue.take_due(now())) {
        any = true;
        due->on_expiry();
    }
    return any;
}

// A queue whose timers write down their names.
struct bench {
    timer_queue queue;
    std::string ran;

    timer_queue::handle add(char name)
    {
        return queue.add([this, name] { ran += name; });
    }
    std::string run(ns now)
    {
        ran.clear();
        run_due(queue, [now] { return now; });
        return ran;
    }
};

// The same contract in the most simple-minded way.
struct model {
    struct timer {
        bool used = false;
        ns deadline = k_never;
        std::uint64_t arming = 0;
    };
    std::vector<timer> timers;
    std::uint64_t armings = 0;

    ns next() const
    {
        ns earliest = k_never;
        for (const timer& t : timers) earliest = std::min(earliest, t.deadline);
        return earliest;
    }
    std::vector<std::size_t> run(ns now)
    {
        std::vector<std::size_t> due;
        for (std::size_t i = 0; i < timers.size(); ++i) {
            if (timers[i].deadline <= now && timers[i].deadline != k_never) due.push_back(i);
        }
        std::sort(due.begin(), due.end(), [this](std::size_t a, std::size_t b) {
            return timers[a].deadline != timers[b].deadline ? timers[a].deadline < timers[b].deadline
                                                            : timers[a].arming < timers[b].arming;
        });
        for (const std::size_t i : due) timers[i].deadline = k_never;
        return due;
    }
};

} // namespace

TEST_CASE("timer queue: an empty queue has no deadline and runs nothing")
{
    bench b;
    CHECK(b.queue.next_deadline() == k_never);
    CHECK(!run_due(b.queue, [] { return ns(1000); }));
    const auto a = b.add('a');
    CHECK(b.queue.next_deadline() == k_never);
    CHECK(b.queue.deadline(a) == k_never);
    CHECK(b.run(ns(1000)).empty());
}

TEST_CASE("timer queue: timers run in the order of their deadlines")
{
    bench b;
    const auto a = b.add('a');
    const auto c = b.add('c');
    const auto d = b.add('d');
    b.queue.arm(a, ns(30));
    b.queue.arm(c, ns(10));
    b.queue.arm(d, ns(20));
    CHECK(b.queue.next_deadline() == ns(10));
    CHECK(b.run(ns(9)).empty());
    CHECK(b.run(ns(10)) == "c");
    CHECK(b.queue.deadline(c) == k_never);
    CHECK(b.queue.next_deadline() == ns(20));
    CHECK(b.run(ns(30)) == "da");
    CHECK(b.queue.next_deadline() == k_never);
}

TEST_CASE("timer queue: among equal deadlines the one armed first runs first")
{
    bench b;
    std::vector<timer_queue::handle> timers;
    for (char name = 'a'; name <= 'h'; ++name) timers.push_back(b.add(name));
    for (const int i : {3, 1, 4, 0, 5, 2, 6, 7}) b.queue.arm(timers[static_cast<std::size_t>(i)], ns(5));
    CHECK(b.run(ns(5)) == "dbeafcgh");

    for (const auto timer : timers) b.queue.arm(timer, ns(5));
    b.queue.arm(timers[0], ns(5)); // armed anew: last now
    CHECK(b.run(ns(5)) == "bcdefgha");
}

TEST_CASE("timer queue: the arming order holds for timers moved later and back")
{
    bench b;
    const auto a = b.add('a');
    const auto c = b.add('c');
    b.queue.arm(a, ns(5));
    b.queue.arm(c, ns(5));
    b.queue.arm(a, ns(50));
    b.queue.arm(a, ns(5));
    CHECK(b.run(ns(5)) == "ca");
}

TEST_CASE("timer queue: a kicked timer runs at its last deadline only")
{
    bench b;
    const auto watchdog = b.add('w');
    const auto other = b.add('o');
    b.queue.arm(other, ns(500));
    for (int i = 0; i < 1000; ++i) b.queue.arm(watchdog, ns(100 + i));
    CHECK(b.queue.deadline(watchdog) == ns(1099));
    CHECK(b.queue.next_deadline() == ns(500));
    CHECK(b.run(ns(1098)) == "o");
    CHECK(b.queue.next_deadline() == ns(1099));
    CHECK(b.run(ns(1099)) == "w");
}

TEST_CASE("timer queue: a timer may be moved nearer, cancelled and armed again")
{
    bench b;
    const auto a = b.add('a');
    b.queue.arm(a, ns(100));
    b.queue.arm(a, ns(10));
    CHECK(b.queue.next_deadline() == ns(10));
    b.queue.cancel(a);
    CHECK(b.queue.deadline(a) == k_never);
    CHECK(b.run(ns(1000)).empty());
    b.queue.arm(a, ns(20));
    b.queue.cancel(a);
    b.queue.arm(a, ns(30));
    CHECK(b.run(ns(29)).empty());
    CHECK(b.run(ns(30)) == "a");
    b.queue.arm(a, k_never);
    CHECK(b.queue.next_deadline() == k_never);
    CHECK(b.run(k_never - ns(1)).empty());
    CHECK(b.run(k_never).empty());
}

TEST_CASE("timer queue: what falls due while timers run is run too")
{
    timer_queue queue;
    ns now{10};
    std::vector<ns> ran;
    timer_queue::handle timer = 0;
    timer = queue.add([&] {
        ran.push_back(queue.deadline(timer));
        if (ran.size() < 3) queue.arm(timer, now);
        now += ns(1);
    });
    queue.arm(timer, ns(10));
    CHECK(run_due(queue, [&] { return now; }));
    CHECK(ran.size() == 3);
    CHECK(std::count(ran.begin(), ran.end(), k_never) == 3); // disarmed by the time it runs
    CHECK(!run_due(queue, [&] { return now; }));
}

TEST_CASE("timer queue: a clock that stops meanwhile holds the rest back")
{
    timer_queue queue;
    bool stopped = false;
    int ran = 0;
    const auto first = queue.add([&] { ++ran, stopped = true; });
    const auto second = queue.add([&] { ++ran; });
    queue.arm(first, ns(1));
    queue.arm(second, ns(1));
    const auto clock = [&] { return stopped ? ns::min() : ns(5); };
    CHECK(run_due(queue, clock));
    CHECK(ran == 1);
    CHECK(!run_due(queue, clock));
    stopped = false;
    CHECK(run_due(queue, clock));
    CHECK(ran == 2);
}

TEST_CASE("timer queue: a callback may remove its own timer and others, and add new ones")
{
    timer_queue queue;
    std::string ran;
    timer_queue::handle a = 0;
    timer_queue::handle c = 0;
    const std::string long_enough_for_the_heap = "the callback's own storage must outlive it";
    a = queue.add([&, long_enough_for_the_heap] {
        queue.remove(a);
        queue.remove(c);
        for (int i = 0; i < 100; ++i) {
            const auto fresh = queue.add([&ran] { ran += 'n'; });
            if (i < 3) queue.arm(fresh, ns(1));
        }
        ran += long_enough_for_the_heap.substr(0, 3);
    });
    c = queue.add([&ran] { ran += 'c'; });
    queue.arm(a, ns(1));
    queue.arm(c, ns(1));
    CHECK(run_due(queue, [] { return ns(1); }));
    CHECK(ran == "thennn");
    CHECK(queue.next_deadline() == k_never);
}

TEST_CASE("timer queue: a removed timer's handle is given out again, disarmed")
{
    bench b;
    const auto a = b.add('a');
    b.queue.arm(a, ns(5));
    b.queue.remove(a);
    b.queue.remove(a);
    CHECK(b.queue.next_deadline() == k_never);
    const auto c = b.add('c');
    CHECK(c == a);
    CHECK(b.queue.deadline(c) == k_never);
    const auto d = b.add('d');
    CHECK(d != c);
    CHECK(b.run(ns(5)).empty());
}

TEST_CASE("timer queue: random operations agree with a naive model")
{
    for (unsigned seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const auto pick = [&random](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
        timer_queue queue;
        model expected;
        std::vector<std::size_t> ran;
        ns now{0};
        const int range = seed % 3 == 0 ? 8 : 1000;                 // a narrow one makes many equal deadlines
        const std::array<int, 6> lengths{10, 20, 20, 50, 200, 900}; // of timers as devices have them
        for (int step = 0; step < 4000; ++step) {
            const int operation = pick(100);
            std::vector<std::size_t> used;
            for (std::size_t i = 0; i < expected.timers.size(); ++i) {
                if (expected.timers[i].used) used.push_back(i);
            }
            if (used.empty() || (operation < 5 && used.size() < 60)) {
                timer_queue::handle added = 0;
                auto self = std::make_shared<std::size_t>(0);
                added = queue.add([&ran, self] { ran.push_back(*self); });
                *self = added;
                if (added >= expected.timers.size()) expected.timers.resize(added + 1);
                REQUIRE(!expected.timers[added].used);
                expected.timers[added].used = true;
            } else {
                const std::size_t i = used[static_cast<std::size_t>(pick(static_cast<int>(used.size())))];
                const auto timer = static_cast<timer_queue::handle>(i);
                if (operation < 8) {
                    queue.remove(timer);
                    expected.timers[i] = model::timer{};
                } else if (operation < 65) {
                    const ns length(seed % 3 == 1 ? lengths[i % lengths.size()] : pick(range) - range / 8);
                    const ns deadline = now + length;
                    queue.arm(timer, deadline);
                    expected.timers[i].deadline = deadline;
                    expected.timers[i].arming = ++expected.armings;
                } else if (operation < 75) {
                    queue.cancel(timer);
                    expected.timers[i].deadline = k_never;
                } else if (operation < 90) {
                    REQUIRE(queue.next_deadline() == expected.next());
                } else {
                    now += ns(pick(range / 4 + 1));
                    ran.clear();
                    const bool any = run_due(queue, [now] { return now; });
                    const std::vector<std::size_t> due = expected.run(now);
                    REQUIRE(ran == due);
                    REQUIRE(any == !due.empty());
                }
                REQUIRE(queue.deadline(timer) == expected.timers[i].deadline);
            }
        }
    }
}

TEST_CASE("timer queue: a hundred thousand timers run in order")
{
    constexpr std::size_t count = 100000;
    timer_queue queue;
    ns last{-1};
    std::size_t ran = 0;
    bool ordered = true;
    std::mt19937 random(7);
    std::vector<ns> deadlines(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto timer = queue.add([&, i] {
            ordered = ordered && deadlines[i] >= last;
            last = deadlines[i];
            ++ran;
        });
        deadlines[i] = ns(random() % 1000000);
        queue.arm(timer, deadlines[i]);
    }
    for (std::size_t i = 0; i < count; i += 2) { // move half of them, later and earlier
        deadlines[i] = ns(random() % 1000000);
        queue.arm(static_cast<timer_queue::handle>(i), deadlines[i]);
    }
    CHECK(queue.next_deadline() == *std::min_element(deadlines.begin(), deadlines.end()));
    CHECK(run_due(queue, [] { return ns(1000000); }));
    CHECK(ran == count);
    CHECK(ordered);
}
