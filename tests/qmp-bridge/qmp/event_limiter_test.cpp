// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <vigil/qmp-bridge/qmp/event_limiter.h>

using vigil::qmp_bridge::event_limiter;
using vigil::runstate::ns;

namespace {

constexpr ns k_second{1'000'000'000};

// A limiter with a clock of its own: what is offered and when, what is sent and when.
class limiter_clock {
public:
    void offer_at(std::int64_t time, const std::string& line)
    {
        run_until(ns(time));
        limiter_.offer(line);
    }

    void run_until(ns time)
    {
        while (!timers_.empty() && *timers_.begin() <= time) {
            now_ = *timers_.begin();
            timers_.erase(timers_.begin());
            limiter_.on_timer();
        }
        now_ = time;
    }

    using history = std::vector<std::pair<std::int64_t, std::string>>;

    const history& sent() const { return sent_; }
    std::size_t timers() const { return timers_.size(); }

private:
    ns now_{0};
    std::vector<ns> timers_;
    history sent_;
    event_limiter limiter_{k_second, [this](ns period) { timers_.push_back(now_ + period); },
                           [this](const std::string& line) { sent_.emplace_back(now_.count(), line); }};
};

using history = limiter_clock::history;

} // namespace

TEST_CASE("event_limiter: the first event goes at once, the last of a period when it ends")
{
    limiter_clock clock;
    clock.offer_at(0, "none");
    clock.offer_at(2, "none");
    clock.offer_at(3, "debug");
    clock.offer_at(4, "inject-nmi");
    CHECK(clock.sent() == history{{0, "none"}});
    clock.offer_at(1'000'000'002, "late");
    CHECK(clock.sent() == history{{0, "none"}, {1'000'000'000, "inject-nmi"}});
    clock.run_until(ns(5'000'000'000));
    CHECK(clock.sent() == history{{0, "none"}, {1'000'000'000, "inject-nmi"}, {2'000'000'000, "late"}});
}

TEST_CASE("event_limiter: after a quiet period the next event goes at once")
{
    limiter_clock clock;
    clock.offer_at(0, "a");
    clock.offer_at(1, "b");
    clock.offer_at(2'000'000'000, "c"); // the period that "b" began ended at this very moment
    CHECK(clock.sent() == history{{0, "a"}, {1'000'000'000, "b"}, {2'000'000'000, "c"}});
    CHECK(clock.timers() == 1);
}

TEST_CASE("event_limiter: an event just before the end of a period is held, one at its end is not")
{
    limiter_clock clock;
    clock.offer_at(0, "a");
    clock.offer_at(999'999'999, "b");
    CHECK(clock.sent() == history{{0, "a"}});
    clock.run_until(k_second);
    CHECK(clock.sent() == history{{0, "a"}, {1'000'000'000, "b"}});
    clock.run_until(2 * k_second);
    clock.offer_at(2'000'000'000, "c");
    CHECK(clock.sent().back() == std::pair<std::int64_t, std::string>{2'000'000'000, "c"});
}

TEST_CASE("event_limiter: an idle limiter has no timer")
{
    limiter_clock clock;
    CHECK(clock.timers() == 0);
    clock.offer_at(0, "a");
    CHECK(clock.timers() == 1);
    clock.run_until(k_second);
    CHECK(clock.timers() == 0);
}

TEST_CASE("event_limiter: an event offered while one is being sent is held")
{
    std::vector<std::string> sent;
    event_limiter* limiter = nullptr;
    event_limiter under_test(
        k_second, [](ns) {},
        [&](const std::string& line) {
            sent.push_back(line);
            if (sent.size() == 1) limiter->offer("second");
        });
    limiter = &under_test;
    under_test.offer("first");
    CHECK(sent == std::vector<std::string>{"first"});
    under_test.on_timer();
    CHECK(sent == std::vector<std::string>{"first", "second"});
}
