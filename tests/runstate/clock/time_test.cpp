// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/clock/time.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <catch.h>

using namespace vigil::runstate;

namespace {

__extension__ using wide = __int128;

constexpr std::int64_t k_least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t k_most = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t k_all = std::numeric_limits<std::uint64_t>::max();

// Numbers of every length, both ends of the range, and their neighbours.
std::vector<std::int64_t> numbers()
{
    std::vector<std::int64_t> all{0};
    std::mt19937_64 random(20101);
    for (unsigned bit = 0; bit < 64; ++bit) {
        const std::uint64_t power = std::uint64_t{1} << bit;
        for (const std::uint64_t one : {power - 1, power, power + 1, power + random() % power}) {
            all.push_back(static_cast<std::int64_t>(one));
            all.push_back(static_cast<std::int64_t>(~one));
        }
    }
    return all;
}

ns held(wide value) { return ns(static_cast<std::int64_t>(std::clamp<wide>(value, k_least, k_most))); }

} // namespace

TEST_CASE("time: a sum and a difference are exact where they fit and held at the ends where they do not")
{
    for (const std::int64_t a : numbers()) {
        for (const std::int64_t b : numbers()) {
            CAPTURE(a, b);
            REQUIRE(saturating_add(ns(a), ns(b)) == held(wide{a} + b));
            REQUIRE(saturating_sub(ns(a), ns(b)) == held(wide{a} - b));
        }
    }
}

TEST_CASE("time: ticks are exact where they fit, held at the end where they do not, and never negative")
{
    for (const std::uint64_t per_ns : {std::uint64_t{1}, std::uint64_t{1000}, std::uint64_t{1'000'000}, k_all}) {
        for (const std::int64_t a : numbers()) {
            CAPTURE(per_ns, a);
            const wide exact = std::max<wide>(a, 0) * static_cast<wide>(per_ns);
            REQUIRE(to_ticks(ns(a), per_ns) == static_cast<std::uint64_t>(std::min<wide>(exact, k_all)));
            const auto ticks = static_cast<std::uint64_t>(a);
            REQUIRE(from_ticks(ticks, per_ns) == held(static_cast<wide>(ticks / per_ns)));
        }
    }
}

TEST_CASE("time: what fits comes back from ticks as it went in")
{
    for (const std::uint64_t per_ns : {std::uint64_t{1}, std::uint64_t{1000}, std::uint64_t{1'000'000}}) {
        for (const std::int64_t a : numbers()) {
            if (a < 0 || to_ticks(ns(a), per_ns) == k_all) continue;
            CAPTURE(per_ns, a);
            REQUIRE(from_ticks(to_ticks(ns(a), per_ns), per_ns) == ns(a));
        }
    }
}
