// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/state_table.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <catch.h>

namespace {

using namespace vigil::runstate;

enum class lock : std::uint8_t { open, shut };

struct state {
    bool enabled = true;
    std::uint16_t preload = 7;
    std::uint32_t bits = 0;
    lock its_lock = lock::open;
    ns timer = k_never;
    ns since{5};
    std::vector<std::uint8_t> replies = {};
    std::uint64_t not_in_the_table = 1;
};

constexpr std::array<const char*, 2> k_locks{"open", "shut"};
constexpr std::array k_rows{
    state_flag<&state::enabled>("enabled").shown("counts", "Whether it counts."),
    state_number<&state::preload>("preload", 3, 900).survives_reset().shown("preload", "What it starts from."),
    state_bits<&state::bits>("bits", 0xF0),
    state_choice<&state::its_lock>("lock", k_locks).shown("lock", "How far it is."),
    state_deadline<&state::timer>("timer", "idle"),
    state_number<&state::since>("since", 0, 1000),
    state_bytes<&state::replies>("replies", 2),
};

state odd()
{
    state s;
    s.enabled = false;
    s.preload = 800;
    s.bits = 0x50;
    s.its_lock = lock::shut;
    s.timer = ns(4000);
    s.since = ns(999);
    s.replies = {1, 2};
    s.not_in_the_table = 2;
    return s;
}

saved_state with(saved_state saved, std::size_t field, decltype(saved_field::value) value)
{
    saved[field].value = std::move(value);
    return saved;
}

std::string fault_of(const saved_state& saved)
{
    state now;
    const prepared_restore prepared = prepare_state("part", saved, k_rows, now);
    const auto* const fault = std::get_if<std::string>(&prepared);
    return fault != nullptr ? *fault : "";
}

} // namespace

TEST_CASE("state table: each row is a field, in the order of the rows")
{
    const saved_state saved = save_state(k_rows, odd());
    const saved_state expected{{"enabled", std::uint64_t{0}},
                               {"preload", std::uint64_t{800}},
                               {"bits", std::uint64_t{0x50}},
                               {"lock", std::uint64_t{1}},
                               {"timer", std::uint64_t{4000}},
                               {"since", std::uint64_t{999}},
                               {"replies", std::vector<std::uint8_t>{1, 2}}};
    CHECK((saved == expected));
}

TEST_CASE("state table: a timer without a deadline is saved as all ones")
{
    CHECK(std::get<std::uint64_t>(save_state(k_rows, state{})[4].value) == UINT64_MAX);
}

TEST_CASE("state table: nothing changes before a prepared state is taken over, and then everything with a row")
{
    state now;
    const saved_state saved = save_state(k_rows, odd());
    const prepared_restore prepared = prepare_state("part", saved, k_rows, now);
    CHECK((save_state(k_rows, now) == save_state(k_rows, state{})));
    std::get<restoration>(prepared)();
    CHECK((save_state(k_rows, now) == saved));
    CHECK(now.not_in_the_table == 1);
}

TEST_CASE("state table: what a row does not allow is refused by the field's name")
{
    const saved_state good = save_state(k_rows, odd());
    CHECK(fault_of(good).empty());
    CHECK(fault_of(with(good, 0, std::uint64_t{2})) == "part: field 'enabled' must be 0 to 1, not 2");
    CHECK(fault_of(with(good, 1, std::uint64_t{2})) == "part: field 'preload' must be 3 to 900, not 2");
    CHECK(fault_of(with(good, 1, std::uint64_t{901})) == "part: field 'preload' must be 3 to 900, not 901");
    CHECK(fault_of(with(good, 2, std::uint64_t{1})) == "part: field 'bits' must have no bits outside 240, not 1");
    CHECK(fault_of(with(good, 3, std::uint64_t{2})) == "part: field 'lock' must be 0 to 1, not 2");
    CHECK(fault_of(with(good, 4, UINT64_MAX - 1)) ==
          "part: field 'timer' must be below 2^63 - 1, or all ones when idle, not 18446744073709551614");
    CHECK(fault_of(with(good, 4, UINT64_MAX)).empty());
    CHECK(fault_of(with(good, 5, std::uint64_t{1001})) == "part: field 'since' must be 0 to 1000, not 1001");
    CHECK(fault_of(with(good, 6, std::vector<std::uint8_t>(3))) ==
          "part: field 'replies' must have at most 2 bytes, not 3");
    CHECK(fault_of(with(good, 6, std::uint64_t{3})) == "part: field 7 must be 'replies' with bytes");
    CHECK(fault_of({}) == "part: 7 fields expected, 0 found");
}

TEST_CASE("state table: a reset clears what does not survive it, power-on all")
{
    state now = odd();
    reset_state(k_rows, now, reset_kind::warm);
    CHECK(now.enabled);
    CHECK(now.preload == 800);
    CHECK(now.timer == k_never);
    CHECK(now.replies.empty());
    CHECK(now.not_in_the_table == 2);
    state other;
    other.preload = 77;
    reset_state(k_rows, now, reset_kind::cold, other);
    CHECK(now.preload == 77);
}

TEST_CASE("state table: rows are shown as read-only properties of the variable's type, in their order")
{
    state now = odd();
    std::vector<property> all;
    append_properties(all, k_rows, now);
    REQUIRE(all.size() == 3);
    CHECK(all[0].name == "counts");
    CHECK(all[0].type == "bool");
    CHECK(all[0].description == "Whether it counts.");
    CHECK((all[0].get() == property_value(false)));
    CHECK(all[1].type == "uint16");
    CHECK((all[1].get() == property_value(std::uint64_t{800})));
    CHECK(all[2].type == "str");
    CHECK((all[2].get() == property_value(std::string("shut"))));
    now.preload = 4;
    CHECK((all[1].get() == property_value(std::uint64_t{4})));
    for (const property& p : all) CHECK_FALSE(p.set);
}

TEST_CASE("prepared parts: the first fault stands for the whole, and nothing is taken over before all are good")
{
    std::string heard;
    const auto part = [&](const char* word) { return restoration([&heard, word] { heard += word; }); };
    prepared_parts good("whole");
    good.add(part("a"));
    good.add(part("b"));
    const prepared_restore prepared = good.whole();
    CHECK(heard.empty());
    std::get<restoration>(prepared)();
    CHECK(heard == "ab");

    prepared_parts bad("whole");
    bad.add(part("a"));
    bad.add("second: wrong");
    bad.add("third: wrong");
    CHECK(std::get<std::string>(bad.whole()) == "whole: second: wrong");
    CHECK(heard == "ab");
}
