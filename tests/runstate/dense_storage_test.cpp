// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/dense_storage.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include <catch.h>

using vigil::runstate::dense_ptr;
using vigil::runstate::make_dense;

namespace {

// What a device touches, of which `alive` are there.
struct device_part {
    explicit device_part(int& its_alive, bool fails = false) : alive(its_alive)
    {
        if (fails) throw std::runtime_error("no such device");
        ++alive;
    }
    ~device_part() { --alive; }
    device_part(const device_part&) = delete;
    device_part& operator=(const device_part&) = delete;

    int& alive;
    std::array<char, 180> rest{};
};

} // namespace

TEST_CASE("dense storage: thousands lie side by side, whatever else is allocated meanwhile")
{
    constexpr std::size_t count = 4000;
    int alive = 0;
    std::vector<dense_ptr<device_part>> parts;
    std::vector<std::vector<char>> modules;
    std::vector<std::uintptr_t> places;
    for (std::size_t i = 0; i < count; ++i) {
        modules.emplace_back(3000 + i % 7 * 100);
        parts.push_back(make_dense<device_part>(alive));
        places.push_back(reinterpret_cast<std::uintptr_t>(parts.back().get()));
        CHECK(places.back() % alignof(device_part) == 0);
    }
    CHECK(alive == count);

    std::size_t side_by_side = 0;
    std::sort(places.begin(), places.end());
    for (std::size_t i = 1; i < count; ++i) {
        REQUIRE(places[i] - places[i - 1] >= sizeof(device_part));
        if (places[i] - places[i - 1] < 2 * sizeof(device_part)) ++side_by_side;
    }
    CHECK(side_by_side > count * 9 / 10);
    parts.clear();
    CHECK(alive == 0);
}

TEST_CASE("dense storage: a place is used again, by one that failed to be made, too")
{
    int alive = 0;
    const auto kept = make_dense<device_part>(alive);
    const device_part* place = nullptr;
    {
        const auto gone = make_dense<device_part>(alive);
        place = gone.get();
    }
    CHECK_THROWS_AS(make_dense<device_part>(alive, true), std::runtime_error);
    CHECK(alive == 1);
    const auto next = make_dense<device_part>(alive);
    CHECK(next.get() == place);
}
