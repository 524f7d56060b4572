// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <vector>

#include <vigil/models/i6300esb_rules.h>

using vigil::models::i6300esb_admit;
using vigil::models::i6300esb_stage_length;
using vigil::runstate::ns;
using state = vigil::models::i6300esb_unlock;

namespace {

struct write {
    unsigned width;
    std::uint64_t offset;
    std::uint64_t value;
};

struct sequence {
    const char* what;
    std::vector<write> writes;
    state end;
    bool last_admitted = false;
};

const write b80{1, 0xC, 0x80};
const write b86{1, 0xC, 0x86};

const std::vector<sequence> k_sequences{
    {"80 86", {b80, b86}, state::unlocked},
    {"86 80", {b86, b80}, state::half},
    {"86 80 86", {b86, b80, b86}, state::unlocked},
    {"80 80 86", {b80, b80, b86}, state::unlocked},
    {"80 86 86", {b80, b86, b86}, state::unlocked},
    {"80 86 w2 0086", {b80, b86, {2, 0xC, 0x86}}, state::locked, true},
    {"80 86 w4 86", {b80, b86, {4, 0xC, 0x86}}, state::locked, true},
    {"80 86 80", {b80, b86, b80}, state::half},
    {"80 86 80 86", {b80, b86, b80, b86}, state::unlocked},
    {"80 55 86", {b80, {1, 0xC, 0x55}, b86}, state::unlocked},
    {"80 w2 1234 86", {b80, {2, 0xC, 0x1234}, b86}, state::unlocked},
    {"80 w4[0] 86", {b80, {4, 0x0, 0x1234}, b86}, state::unlocked},
    {"80 w2 0100 86", {b80, {2, 0xC, 0x0100}, b86}, state::unlocked},
    {"w2 80 w2 86", {{2, 0xC, 0x80}, {2, 0xC, 0x86}}, state::unlocked},
    {"w4 80 w4 86", {{4, 0xC, 0x80}, {4, 0xC, 0x86}}, state::unlocked},
    {"w1 80 w4 86", {b80, {4, 0xC, 0x86}}, state::unlocked},
    {"w4 80 w2 86", {{4, 0xC, 0x80}, {2, 0xC, 0x86}}, state::unlocked},
    {"w2 80 w1 86", {{2, 0xC, 0x80}, b86}, state::unlocked},
    {"w2 180 w2 86", {{2, 0xC, 0x180}, {2, 0xC, 0x86}}, state::locked},
    {"w4 80 w4 186", {{4, 0xC, 0x80}, {4, 0xC, 0x186}}, state::half},
    {"w2 80 w2 8086", {{2, 0xC, 0x80}, {2, 0xC, 0x8086}}, state::half},
    {"keys at 0", {{1, 0x0, 0x80}, {1, 0x0, 0x86}}, state::locked},
    {"keys at 8", {{1, 0x8, 0x80}, {1, 0x8, 0x86}}, state::locked},
    {"keys at D", {{1, 0xD, 0x80}, {1, 0xD, 0x86}}, state::locked},
    {"unlocked w2[0]", {b80, b86, {2, 0x0, 0x1234}}, state::locked, true},
    {"unlocked w2[8]", {b80, b86, {2, 0x8, 0x1234}}, state::locked, true},
    {"unlocked w2[E]", {b80, b86, {2, 0xE, 0x1234}}, state::locked, true},
    {"unlocked w4[8]", {b80, b86, {4, 0x8, 0x1234}}, state::locked, true},
    {"unlocked w4[0] 80", {b80, b86, {4, 0x0, 0x80}}, state::locked, true},
    {"unlocked w2[C] 0", {b80, b86, {2, 0xC, 0x0}}, state::locked, true},
    {"unlocked w1[0]", {b80, b86, {1, 0x0, 0x12}}, state::unlocked},
    {"unlocked w1[C]", {b80, b86, {1, 0xC, 0x12}}, state::unlocked},
    {"unlocked w1[F]", {b80, b86, {1, 0xF, 0xFF}}, state::unlocked},
    {"unlocked w4[C] 200", {b80, b86, {4, 0xC, 0x200}}, state::locked, true},
    {"unlocked w2[C] 100", {b80, b86, {2, 0xC, 0x100}}, state::locked, true},
    {"a second kick", {b80, b86, {2, 0xC, 0x100}, {2, 0xC, 0x100}}, state::locked, false},
    {"one key", {b80}, state::half},
    {"the other key", {b86}, state::locked},
    {"nothing", {{4, 0x0, 0x1234}}, state::locked, false},
};

} // namespace

TEST_CASE("i6300esb rules: every unlocking sequence ends as documented")
{
    for (const auto& s : k_sequences) {
        INFO(s.what);
        state unlock = state::locked;
        bool admitted = false;
        for (const auto& w : s.writes) admitted = i6300esb_admit(unlock, w.offset, w.width, w.value);
        CHECK(unlock == s.end);
        CHECK(admitted == s.last_admitted);
    }
}

TEST_CASE("i6300esb rules: the length of a stage is exact")
{
    CHECK(i6300esb_stage_length(1, false) == ns(983040));
    CHECK(i6300esb_stage_length(1, true) == ns(960));
    CHECK(i6300esb_stage_length(0, false) == ns(0));
    CHECK(i6300esb_stage_length(0, true) == ns(0));
    CHECK(i6300esb_stage_length(0x3C00, false) == ns(15099494400));
    CHECK(i6300esb_stage_length(0xFFFFF, false) == ns(1030791168000));
    CHECK(i6300esb_stage_length(0xFFFFF, true) == ns(1006632000));
    static_assert(i6300esb_stage_length(2, false) == ns(1966080));
}
