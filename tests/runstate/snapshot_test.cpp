// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/snapshot.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <sys/stat.h>

#include <catch.h>

namespace {

using namespace vigil::runstate;
namespace fs = std::filesystem;
using byte_string = std::vector<std::uint8_t>;

struct folder {
    folder()
    {
        std::string name = (fs::temp_directory_path() / "vigil-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~folder() { fs::remove_all(path); }
    std::string file(const char* name) const { return (path / name).string(); }
    std::size_t entries() const
    {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
    }
    fs::path path;
};

snapshot sample() { return {{"machine", 0, {{"clock", std::uint64_t{7}}, {"run_state", byte_string{'o', 'k'}}}}}; }

std::string fault_of(const byte_string& bytes)
{
    const auto decoded = decode_snapshot(bytes);
    const auto* fault = std::get_if<std::string>(&decoded);
    return fault != nullptr ? *fault : "";
}

bool begins(const std::string& text, const std::string& with) { return text.compare(0, with.size(), with) == 0; }

void put(const std::string& path, const byte_string& bytes)
{
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

byte_string content(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

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
        REQUIRE(std::holds_alternative<snapshot>(decoded));
        const auto& read = std::get<snapshot>(decoded);
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

TEST_CASE("snapshot: what is not a regular file is neither read nor replaced")
{
    folder place;
    const auto why = [](const std::string& path) {
        const auto read = read_snapshot(path);
        return std::get<std::string>(read);
    };
    CHECK(why(place.file("none")) == "Could not read '" + place.file("none") + "': No such file or directory");
    CHECK(why(place.path.string()) == "Could not read '" + place.path.string() + "': not a regular file");
    CHECK(why("/dev/zero") == "Could not read '/dev/zero': not a regular file");
    REQUIRE(::mkfifo(place.file("fifo").c_str(), 0600) == 0);
    CHECK(why(place.file("fifo")) == "Could not read '" + place.file("fifo") + "': not a regular file");

    snapshot_writer over_fifo(place.file("fifo"));
    REQUIRE(over_fifo.error());
    CHECK(*over_fifo.error() == "Could not write '" + place.file("fifo") + "': not a regular file");
    CHECK(over_fifo.commit(sample()) == over_fifo.error());
    const snapshot_writer nowhere(place.file("no/such/folder"));
    REQUIRE(nowhere.error());
}

TEST_CASE("snapshot: a file is replaced whole or not at all, and nothing is left beside it")
{
    folder place;
    const std::string path = place.file("saved");
    put(path, {'o', 'l', 'd'});
    {
        snapshot_writer given_up(path);
        REQUIRE_FALSE(given_up.error());
        CHECK(place.entries() == 2);
    }
    CHECK(place.entries() == 1);
    CHECK(content(path) == byte_string{'o', 'l', 'd'});

    fs::create_symlink(path, place.file("link"));
    snapshot_writer writer(place.file("link"));
    CHECK_FALSE(writer.commit(sample()));
    CHECK(fs::is_symlink(place.file("link")));
    CHECK(content(path) == encode_snapshot(sample()));
    CHECK(place.entries() == 2);
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
