// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <vigil/qmp-bridge/json/json.h>

using namespace vigil::qmp_bridge;
using namespace std::string_literals;

namespace {

std::string printed(const json::value& value)
{
    std::string out;
    print_json(out, value);
    return out;
}

std::string printed_pretty(const json::value& value)
{
    std::string out;
    print_json_pretty(out, value);
    return out;
}

std::string printed_string(std::string_view text)
{
    std::string out;
    print_json_string(out, text);
    return out;
}

json::value read_back(const std::string& text)
{
    json_reader reader;
    reader.feed(text + "\r\n");
    auto item = reader.next();
    REQUIRE(item);
    REQUIRE(std::holds_alternative<json::value>(*item));
    CHECK_FALSE(reader.next());
    return std::get<json::value>(*item);
}

/// Makes values that must come back equal: no double that prints as an integer or not as a number.
class value_maker {
public:
    explicit value_maker(unsigned seed) : random_(seed) {}

    json::value value(unsigned depth)
    {
        switch (below(depth > 0 ? 8 : 6)) {
        case 0: return nullptr;
        case 1: return below(2) != 0;
        case 2: return static_cast<std::int64_t>(bits()) >> below(64);
        case 3: return bits() | std::uint64_t{1} << 63;
        case 4: return number();
        case 5: return json::string(text());
        case 6: {
            json::array array;
            for (unsigned n = below(6); n > 0; --n) array.push_back(value(depth - 1));
            return array;
        }
        default: {
            json::object object;
            for (unsigned n = below(30); n > 0; --n) object.emplace(text(), value(below(depth)));
            return object;
        }
        }
    }

private:
    std::uint64_t bits() { return random_(); }
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }

    double number()
    {
        for (;;) {
            const std::uint64_t pattern = bits();
            double candidate;
            std::memcpy(&candidate, &pattern, sizeof candidate);
            if (below(2) != 0) candidate = static_cast<double>(below(1000000)) / 1024;
            if (std::isfinite(candidate) && (std::trunc(candidate) != candidate || std::fabs(candidate) >= 1e17))
                return candidate;
        }
    }

    std::string text()
    {
        const std::vector<std::string> characters = {
            "a",  "Z",    " ",    "\"",  "'",        "\\",           "/",
            "\n", "\x7F", "\x01", "\0"s, "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
        std::string made;
        for (unsigned n = below(20); n > 0; --n) made += characters[below(static_cast<unsigned>(characters.size()))];
        return made;
    }

    std::mt19937_64 random_;
};

} // namespace

TEST_CASE("json printer: integers are exact")
{
    CHECK(printed(0) == "0");
    CHECK(printed(-1) == "-1");
    CHECK(printed(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    CHECK(printed(std::numeric_limits<std::int64_t>::max()) == "9223372036854775807");
    CHECK(printed(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
}

TEST_CASE("json printer: doubles have up to 17 significant digits")
{
    const std::vector<std::pair<double, std::string>> rows = {
        {1.0, "1"},
        {1e3, "1000"},
        {0.1, "0.10000000000000001"},
        {18446744073709551616.0, "1.8446744073709552e+19"},
        {0.0, "0"},
        {-0.0, "0"},
        {-1.5, "-1.5"},
        {1e16, "10000000000000000"},
        {1e17, "1e+17"},
        {1e-4, "0.0001"},
        {1e-5, "1.0000000000000001e-05"},
        {1e-7, "9.9999999999999995e-08"},
        {1e100, "1e+100"},
        {5e-324, "4.9406564584124654e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {-1.7976931348623157e308, "-1.7976931348623157e+308"},
        {std::numeric_limits<double>::infinity(), "1.7976931348623157e+308"},
        {-std::numeric_limits<double>::infinity(), "-1.7976931348623157e+308"},
    };
    for (const auto& [number, text] : rows) CHECK(printed(number) == text);
    CHECK(printed(read_back("[1e400, {\"a\": -1e400}]")) ==
          R"([1.7976931348623157e+308, {"a": -1.7976931348623157e+308}])");
    CHECK(printed(read_back("-0.0")) == "0");
}

TEST_CASE("json printer: strings are ASCII on the wire")
{
    CHECK(printed_string("") == "\"\"");
    CHECK(printed_string("plain /'text'") == "\"plain /'text'\"");
    CHECK(printed_string("\"\\\b\f\n\r\t") == R"("\"\\\b\f\n\r\t")");
    CHECK(printed_string("\x01\x1F\x7F\0"s) == R"("\u0001\u001F\u007F\u0000")");
    CHECK(printed_string("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80/") == R"("\u00E9\u20AC\uD83D\uDE00/")");
    CHECK(printed_string("\xC0\x80") == R"("\u0000")");
}

TEST_CASE("json printer: each sequence of bytes that is no character becomes one U+FFFD")
{
    CHECK(printed_string("\xFF") == R"("\uFFFD")");
    CHECK(printed_string("a\x80\x80z") == R"("a\uFFFD\uFFFDz")");
    CHECK(printed_string("\xC3") == R"("\uFFFD")");
    CHECK(printed_string("\xC3\"") == R"("\uFFFD\"")");
    CHECK(printed_string("\xE2\x82z") == R"("\uFFFDz")");
    CHECK(printed_string("\xC1\xBF") == R"("\uFFFD")");
    CHECK(printed_string("\xED\xA0\x80") == R"("\uFFFD")");
    CHECK(printed_string("\xEF\xBF\xBE") == R"("\uFFFD")");
    CHECK(printed_string("\xF4\x90\x80\x80") == R"("\uFFFD")");
}

TEST_CASE("json printer: one line has a blank after each comma and colon")
{
    const json::value value = {{"return", {{"a", json::array{1, "x", nullptr, true, false}}, {"b", json::object{}}}},
                               {"id", json::array{}}};
    CHECK(printed(value) == R"({"return": {"a": [1, "x", null, true, false], "b": {}}, "id": []})");
    CHECK(printed(json::array{}) == "[]");
    CHECK(printed(json::object{}) == "{}");
    CHECK(printed(json::array{json::array{}, json::object{}}) == "[[], {}]");
}

TEST_CASE("json printer: what is printed is appended")
{
    std::string out = "x";
    print_json(out, 1);
    print_json_pretty(out, 2);
    print_json_string(out, "3");
    CHECK(out == "x12\"3\"");
}

TEST_CASE("json printer: several lines indent by four blanks")
{
    CHECK(printed_pretty(json::object{}) == "{\r\n}");
    CHECK(printed_pretty(json::array{}) == "[\r\n]");
    CHECK(printed_pretty(7) == "7");
    const json::value value = {{"return", json::object{}}, {"list", {1, json::array{}}}};
    CHECK(printed_pretty(value) == "{\r\n"
                                   "    \"return\": {\r\n"
                                   "    },\r\n"
                                   "    \"list\": [\r\n"
                                   "        1,\r\n"
                                   "        [\r\n"
                                   "        ]\r\n"
                                   "    ]\r\n"
                                   "}");
}

TEST_CASE("json printer: however deep the nesting, a line is indented by 64 blanks at most")
{
    constexpr std::size_t k_depth = 1000;
    constexpr std::size_t k_numbers = 1000;
    json::value value = json::array(k_numbers, json::value(1));
    for (std::size_t i = 1; i < k_depth; ++i) value = json::array{std::move(value)};
    const std::string text = printed_pretty(value);
    CHECK(read_back(text) == value);
    CHECK(text.find(std::string(64, ' ') + "1,\r\n") != std::string::npos);
    CHECK(text.find(std::string(65, ' ')) == std::string::npos);
    CHECK(text.size() < (k_numbers + 2 * k_depth) * 70);
}

TEST_CASE("json printer: what is printed reads back equal")
{
    constexpr unsigned k_depth = 5;
    value_maker maker(7);
    for (int i = 0; i < 3000; ++i) {
        const json::value value = maker.value(k_depth);
        const std::string text = printed(value);
        INFO(text);
        REQUIRE(read_back(text) == value);
        REQUIRE(read_back(printed_pretty(value)) == value);
        REQUIRE(printed(read_back(text)) == text);
    }
}
