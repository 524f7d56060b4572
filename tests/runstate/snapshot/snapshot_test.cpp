// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/snapshot/snapshot.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <catch.h>

namespace {

using namespace vigil::runstate;
using byte_string = std::vector<std::uint8_t>;

// Bytes that count how many were read at a time.
struct counted_source final : byte_source {
    explicit counted_source(byte_string its_bytes) : bytes(std::move(its_bytes)) {}
    std::uint64_t size() const override { return bytes.size(); }
    std::optional<std::string> read(std::uint64_t at, std::uint8_t* to, std::size_t count) const override
    {
        longest = std::max(longest, count);
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, to);
        return fault;
    }
    byte_string bytes;
    std::optional<std::string> fault;
    mutable std::size_t longest = 0;
};

snapshot sample() { return {{"machine", 0, {{"clock", std::uint64_t{7}}, {"run_state", byte_string{'o', 'k'}}}}}; }

std::string fault_of(const byte_string& bytes)
{
    const auto decoded = decode_snapshot(bytes);
    return decoded ? "" : decoded.why().text;
}

bool begins(const std::string& text, const std::string& with) { return text.compare(0, with.size(), with) == 0; }

} // namespace

TEST_CASE("snapshot: the bytes of a small file")
{
    const byte_string expected{0x89, 'V',  'I',  'G',  'I', 'L', '\r', '\n',      // magic
                               1,    0,    0,    0,                               // version
                               0x51, 0x73, 0x54, 0x99,                            // CRC-32 of what follows the header
                               59,   0,    0,    0,    0,   0,   0,    0,         // its length
                               1,    0,    0,    0,                               // sections
                               7,    0,    'm',  'a',  'c', 'h', 'i',  'n',  'e', // a name
                               0,    0,    0,    0,                               // instance
                               2,    0,    0,    0,                               // fields
                               5,    0,    'c',  'l',  'o', 'c', 'k',  0,         // a number
                               7,    0,    0,    0,    0,   0,   0,    0,         //
                               9,    0,    'r',  'u',  'n', '_', 's',  't',  'a', 't', 'e',
                               1,    2,    0,    0,    0,   0,   0,    0,    0,   'o', 'k'};
    CHECK(encode_snapshot(sample()) == expected);
}

TEST_CASE("snapshot: whatever is written is read back")
{
    std::mt19937_64 random(7);
    for (int round = 0; round < 200; ++round) {
        snapshot state(random() % 5);
        for (snapshot_section& section : state) {
            section.name = std::string(random() % 20, 'n');
            section.instance = static_cast<std::uint32_t>(random());
            section.fields.resize(random() % 6);
            for (saved_field& field : section.fields) {
                field.name = std::string(random() % 300, 'f');
                if (random() % 2 == 0) {
                    field.value = random();
                } else {
                    field.value = byte_string(random() % 5000, static_cast<std::uint8_t>(random()));
                }
            }
        }
        const byte_string bytes = encode_snapshot(state);
        const auto decoded = decode_snapshot(bytes);
        REQUIRE(decoded);
        const snapshot& read = *decoded;
        REQUIRE(read.size() == state.size());
        for (std::size_t i = 0; i < read.size(); ++i) {
            CHECK(read[i].name == state[i].name);
            CHECK(read[i].instance == state[i].instance);
            CHECK(read[i].fields == state[i].fields);
        }
    }
}

TEST_CASE("snapshot: each kind of wrong file is called by its name")
{
    const byte_string good = encode_snapshot(sample());
    CHECK(fault_of({}) == "is empty");
    CHECK(fault_of({'Q', 'E', 'V', 'M', 0, 0, 0, 3}) == "is not a Vigil snapshot");
    for (std::size_t length = 1; length < good.size(); ++length) {
        CAPTURE(length);
        CHECK(begins(fault_of(byte_string(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length))),
                     "is truncated: "));
    }
    byte_string newer = good;
    newer[8] = 2;
    CHECK(fault_of(newer) == "has format version 2, newer than version 1, which this program reads");
    byte_string longer = good;
    longer.push_back(0);
    CHECK(fault_of(longer) == "is corrupted: 1 bytes follow its end");
}

TEST_CASE("snapshot: no flip of a single bit goes unnoticed")
{
    const byte_string good = encode_snapshot(sample());
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
        byte_string flipped = good;
        flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << (bit % 8));
        CAPTURE(bit);
        CHECK_FALSE(fault_of(flipped).empty());
    }
}

TEST_CASE("snapshot: what is longer than a piece is the same in pieces and whole")
{
    byte_string many(300'001);
    for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<std::uint8_t>(i * i >> 7);
    const snapshot whole{{"a", 0, {{"many", many}, {"number", std::uint64_t{7}}, {"more", many}}}};
    snapshot in_pieces = whole;
    for (const std::size_t i : {0, 2}) {
        in_pieces[0].fields[i].value = std::shared_ptr<const byte_source>(std::make_shared<counted_source>(many));
    }
    const byte_string bytes = encode_snapshot(whole);
    CHECK(encode_snapshot(in_pieces) == bytes);

    std::size_t longest = 0;
    const auto header = encode_body(in_pieces, [&](const std::uint8_t*, std::size_t count) {
        longest = std::max(longest, count);
        return std::nullopt;
    });
    CHECK(header->bytes == byte_string(bytes.begin(), bytes.begin() + 24));
    CHECK(longest <= 65'536);
}

TEST_CASE("snapshot: of a file with long fields, no more than the limits is read into memory")
{
    const byte_string many(200'000, 9);
    const snapshot state{{"a", 0, {{"short", byte_string{1, 2}}, {"long", many}}}};
    const auto file = std::make_shared<counted_source>(encode_snapshot(state));
    const auto decoded = decode_snapshot(file, {300'000, 1000, 4000});
    REQUIRE(decoded);
    CHECK(file->longest <= 65'536);
    const saved_state& fields = decoded->state[0].fields;
    CHECK(fields[0] == state[0].fields[0]);
    const auto& source = std::get<std::shared_ptr<const byte_source>>(fields[1].value);
    byte_string back(source->size());
    CHECK_FALSE(source->read(0, back.data(), back.size()));
    CHECK(back == many);

    saved_state_reader in("a", fields, 2);
    in.bytes("short");
    in.bytes("long");
    CHECK(in.fault() == std::string("a: field 2 must be 'long' with fewer bytes, not 200000"));
}

TEST_CASE("snapshot: neither a long body nor many fields make the reader allocate what they ask for")
{
    const auto fault = [](const byte_string& bytes, const reading_limits& limits) {
        const auto decoded = decode_snapshot(std::make_shared<counted_source>(bytes), limits);
        return decoded.why().text;
    };
    const byte_string good = encode_snapshot(sample());
    CHECK(fault(good, {good.size() - 25, 1000, 4000}) ==
          "is too large for this machine: the state in it has 59 bytes, this machine's has 58 at most");
    const snapshot many{{"a", 0, saved_state(100'000, saved_field{"", std::uint64_t{1}})}};
    CHECK(begins(fault(encode_snapshot(many), {UINT64_MAX, 1000, 100'000}), "is corrupted: no field can be read"));
}

TEST_CASE("snapshot: a source that fails is told, in the words of the source")
{
    const auto broken = std::make_shared<counted_source>(byte_string(100, 1));
    broken->fault = "is on fire";
    const snapshot state{{"a", 0, {{"b", std::shared_ptr<const byte_source>(broken)}}}};
    const auto ignore = [](const std::uint8_t*, std::size_t) { return std::nullopt; };
    CHECK(encode_body(state, ignore).why().text == "is on fire");
    CHECK(decode_snapshot(broken, {UINT64_MAX, 1000, 1000}).why().text == "is on fire");
}

TEST_CASE("saved state: the first fault is told, and nothing is taken after it")
{
    const saved_state state{{"first", std::uint64_t{5}}, {"second", byte_string{1, 2}}, {"third", std::uint64_t{9}}};
    saved_state_reader good("part", state, 3);
    CHECK(good.number("first", 0, 5) == 5);
    CHECK(good.bytes("second", 2) == byte_string{1, 2});
    CHECK(good.number("third", 9, 9) == 9);
    CHECK_FALSE(good.fault());

    saved_state_reader range("part", state, 3);
    CHECK(range.number("first", 6, 8) == 0);
    CHECK(range.bytes("second").empty());
    CHECK(range.fault() == std::string("part: field 'first' must be 6 to 8, not 5"));

    saved_state_reader length("part", state, 3);
    length.number("first", 0, 9);
    CHECK(length.bytes("second", 3).empty());
    CHECK(length.fault() == std::string("part: field 2 must be 'second' with 3 bytes, not 2"));

    CHECK(saved_state_reader("part", state, 1).fault() == std::string("part: 1 field expected, 3 found"));
    saved_state_reader kind("part", state, 3);
    kind.bytes("first");
    CHECK(kind.fault() == std::string("part: field 1 must be 'first' with bytes"));
    saved_state_reader name("part", state, 3);
    name.number("other", 0, 9);
    CHECK(name.fault() == std::string("part: field 1 must be 'other' with a number"));
}
