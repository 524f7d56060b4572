// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <boost/json/monotonic_resource.hpp>
#include <pthread.h>

#include "json_transcript.h"

using namespace vigil::qmp_bridge;
using namespace std::string_literals;

namespace {

struct sample {
    std::string input;
    json_transcript expected; ///< errors without their common "JSON parse error, "
};

json_transcript with_prefix(json_transcript lines)
{
    for (auto& line : lines) {
        if (line[0] == '!') line.insert(1, "JSON parse error, ");
    }
    return lines;
}

const std::string k_not_a_character = " is not a valid Unicode character";
const std::string k_bad_utf8 = "!invalid UTF-8 sequence in string";

const std::vector<sample>& parse_errors()
{
    static const std::vector<sample> samples = {
        {"}", {"!expecting value"}},
        {":", {"!expecting value"}},
        {",", {"!expecting value"}},
        {"]", {"!expecting value"}},
        {"{,}", {"!expecting value"}},
        {"{:}", {"!expecting value"}},
        {R"({"execute":})", {"!expecting value"}},
        {R"({"a":1,})", {"!expecting value"}},
        {R"({"a":1,,})", {"!expecting value"}},
        {R"({"a":1,"a":})", {"!expecting value"}},
        {R"({"a":1,"a":{"b":}})", {"!expecting value"}},
        {"[1,]", {"!expecting value"}},
        {"[,]", {"!expecting value"}},
        {"[}", {"!expecting value"}},
        {"{]", {"!expecting value"}},
        {R"({"execute" "x"})", {"!missing : in object pair"}},
        {R"({"a"})", {"!missing : in object pair"}},
        {R"({"a",})", {"!missing : in object pair"}},
        {R"({execute:"x"})", {"!invalid keyword 'execute'"}},
        {"nul ", {"!invalid keyword 'nul'"}},
        {"nulltrue ", {"!invalid keyword 'nulltrue'"}},
        {R"({"id":tru})", {"!invalid keyword 'tru'"}},
        {"garbage{}", {"!invalid keyword 'garbage'", "{}"}},
        {"{1:2}", {"!key is not a string in object"}},
        {"{1.5:2}", {"!key is not a string in object"}},
        {"{null:1}", {"!key is not a string in object"}},
        {R"({"a":1,true:1})", {"!key is not a string in object"}},
        {"{[1]:2}", {"!key is not a string in object"}},
        {"{{}:2}", {"!key is not a string in object"}},
        {"{[1 2]:2}", {"!expected separator in list"}},
        {R"({"a":1 "b":2})", {"!expected separator in dict"}},
        {R"({"a":1:2})", {"!expected separator in dict"}},
        {R"({"a":1])", {"!expected separator in dict"}},
        {R"({"id":0e1})", {"!expected separator in dict"}},
        {R"({"id":-0e1})", {"!expected separator in dict"}},
        {"[0e1]", {"!expected separator in list"}},
        {"0e1 ", {"0", "!invalid keyword 'e'", "1"}},
        {"[1 2]", {"!expected separator in list"}},
        {"[1:2]", {"!expected separator in list"}},
        {R"({"a":[1}])", {"!expected separator in list"}},
        {R"({"a":1,"a":2})", {"!duplicate key"}},
        {R"({"a":1,"\u0061":2})", {"!duplicate key"}},
        {R"({"execute":"a","id":1,"execute":"b"})", {"!duplicate key"}},
        {R"([1 2,{"a":1,"a":2}])", {"!expected separator in list"}},
        {R"("\x")", {"!invalid escape sequence in string"}},
        {R"("\B")", {"!invalid escape sequence in string"}},
        {R"({"\x":1})", {"!invalid escape sequence in string"}},
        {R"("\u12")", {"!\\u12\"" + k_not_a_character}},
        {R"('\u12')", {"!\\u12'" + k_not_a_character}},
        {R"("\u")", {"!\\u\"" + k_not_a_character}},
        {R"("a\u12zzzz")", {"!\\u12zz" + k_not_a_character}},
        {R"("\ud800")", {"!\\ud800" + k_not_a_character}},
        {R"("\ud800x")", {"!\\ud800" + k_not_a_character}},
        {R"("\ud800\n")", {"!\\ud800" + k_not_a_character}},
        {R"("\ud800\u0041")", {"!\\ud800" + k_not_a_character}},
        {R"("\ud800\ud800")", {"!\\ud800" + k_not_a_character}},
        {R"("\ud800\udc0")", {"!\\ud800" + k_not_a_character}},
        {R"("\udc00")", {"!\\udc00" + k_not_a_character}},
        {R"("\uDC00\uD800")", {"!\\uDC00" + k_not_a_character}},
        {R"("\ufffe")", {"!\\ufffe" + k_not_a_character}},
        {R"("\uFFFF")", {"!\\uFFFF" + k_not_a_character}},
        {R"("\uFDD0")", {"!\\uFDD0" + k_not_a_character}},
        {R"("\uFDEF")", {"!\\uFDEF" + k_not_a_character}},
        {R"("\uD83F\uDFFE")", {"!\\uD83F" + k_not_a_character}},
        {R"({"\ud800":1})", {"!\\ud800" + k_not_a_character}},
        {"\"\x80\"", {k_bad_utf8}},
        {"\"\xC3\"", {k_bad_utf8}},
        {"\"\xC3\\n\"", {k_bad_utf8}},
        {"\"\xC0\xAF\"", {k_bad_utf8}},
        {"\"\xC1\xBF\"", {k_bad_utf8}},
        {"\"\xE0\x80\x80\"", {k_bad_utf8}},
        {"\"\xE2\x82\"", {k_bad_utf8}},
        {"\"\xED\xA0\x80\"", {k_bad_utf8}},
        {"\"\xEF\xB7\x90\"", {k_bad_utf8}},
        {"\"\xEF\xBF\xBF\"", {k_bad_utf8}},
        {"\"\xF0\x80\x80\x80\"", {k_bad_utf8}},
        {"\"\xF4\x90\x80\x80\"", {k_bad_utf8}},
        {"\"\xF8\x88\x80\x80\x80\"", {k_bad_utf8}},
        {"\"\xFC\x84\x80\x80\x80\x80\"", {k_bad_utf8}},
        {"{\"\xE9\":1}", {k_bad_utf8}},
    };
    return samples;
}

const std::vector<sample>& strays()
{
    static const std::vector<sample> samples = {
        {"@", {"!stray '@'"}},
        {"T", {"!stray 'T'"}},
        {"True ", {"!stray 'T'"}},
        {"#", {"!stray '#'"}},
        {"/", {"!stray '/'"}},
        {"+", {"!stray '+'"}},
        {"+1 ", {"!stray '+'"}},
        {".5 ", {"!stray '.'"}},
        {"%", {"!stray '%'"}},
        {"01", {"!stray '01'"}},
        {"-01", {"!stray '-01'"}},
        {"00", {"!stray '00'"}},
        {"--", {"!stray '--'"}},
        {"-a", {"!stray '-a'"}},
        {"-,", {"!stray '-,'"}},
        {"1.x", {"!stray '1.x'"}},
        {"1.,", {"!stray '1.,'"}},
        {"1.e1", {"!stray '1.e'"}},
        {"1ex", {"!stray '1ex'"}},
        {"1e ", {"!stray '1e '"}},
        {"1e+}", {"!stray '1e+}'"}},
        {"[0E1]", {"!stray 'E'", "!expecting value"}},
        {"0E1 ", {"0", "!stray 'E'"}},
        {"1.5e--", {"!stray '1.5e--'"}},
        {"\0"s, {"!stray ''"}},
        {"\"ab\0cd\""s, {"!stray '\"ab'"}},
        {"\"ab\n", {"!stray '\"ab\n'"}},
        {"\"ab\t", {"!stray '\"ab\t'"}},
        {"\"ab\xFE", {"!stray '\"ab\xFE'"}},
        {"\"ab\xFF", {"!stray '\"ab\xFF'"}},
        {"\"ab\\\n", {"!stray '\"ab\\\n'"}},
        {"'ab\\\xFF", {"!stray ''ab\\\xFF'"}},
        {"\x7F", {"!stray '\x7F'"}},
        {"\xC3\xA9", {"!stray '\xC3'"}},
        {"\v", {"!stray '\v'"}},
        {"\f", {"!stray '\f'"}},
    };
    return samples;
}

const std::vector<sample>& recoveries()
{
    static const std::vector<sample> samples = {
        {R"({"a":%s})", {"!stray '%'", "!expecting value"}},
        {R"({"a":%s,"b":1}{})",
         {"!stray '%'", "!expecting value", "\"b\"", "!expecting value", "1", "!expecting value", "{}"}},
        {"@ 1 true \"x\" {}", {"!stray '@'", "{}"}},
        {"@\t1\n1\n", {"!stray '@'", "1"}},
        {"@1\r2\n", {"!stray '@'", "2"}},
        {"@]", {"!stray '@'", "!expecting value"}},
        {"@abc\x01", {"!stray '@'", "!stray '\x01'"}},
        {"@abc\0{}"s, {"!stray '@'", "!stray ''", "{}"}},
        {"@abc\xFE[]", {"!stray '@'", "!stray '\xFE'", "[]"}},
        {"\"ab\ncd\"{}", {"!stray '\"ab\n'", "{}"}},
        {"[[[[@]1 ", {"!stray '@'", "!expecting value", "1"}},
        {"01.5,[2]", {"!stray '01'", "!expecting value", "[2]"}},
        {"1T,", {"1", "!stray 'T'", "!expecting value"}},
        {"[1 2]3 ", {"!expected separator in list", "3"}},
        {R"({"a":[1}{"b":2}])", {"!expected separator in list"}},
        {"[}{}", {"!expecting value", "{}"}},
    };
    return samples;
}

const std::vector<sample>& values()
{
    static const std::vector<sample> samples = {
        {"{}", {"{}"}},
        {"[]", {"[]"}},
        {"1 ", {"1"}},
        {"1[]", {"1", "[]"}},
        {"true1 ", {"true", "1"}},
        {"1true ", {"1", "true"}},
        {"null\ntrue\rfalse\t", {"null", "true", "false"}},
        {"\"a\"'b'", {"\"a\"", "\"b\""}},
        {"1\"a\"1.5{}", {"1", "\"a\"", "1.5", "{}"}},
        {"1-2-3 ", {"1", "-2", "-3"}},
        {" \t\r\n{ \t\r\n\"a\" \t\r\n: \t\r\n1 \t\r\n, \t\r\n\"b\":[ ] } ", {R"({"a": 1, "b": []})"}},
        {R"({"z":1,"a":{"y":[1,[2,{}],"x"],"b":null}}{"q":true})",
         {R"({"z": 1, "a": {"y": [1, [2, {}], "x"], "b": null}})", R"({"q": true})"}},
        {R"({'it\'s':'"'})", {R"({"it's": "\""})"}},
        {R"({"":""})", {R"({"": ""})"}},
        {R"("\"\'\\\/\b\f\n\r\t")", {R"("\"'\\/\b\f\n\r\t")"}},
        {R"("\u0041\u00e9\u20AC\uD83D\uDE00")", {R"("A\u00E9\u20AC\uD83D\uDE00")"}},
        {"\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80/\"", {R"("\u00E9\u20AC\uD83D\uDE00/")"}},
        {"\"\xF0\x90\x80\x80\xF4\x8F\xBF\xBD\"", {R"("\uD800\uDC00\uDBFF\uDFFD")"}},
        {"\"\xC0\x80\\u0000\"", {R"("\u0000\u0000")"}},
        {"\"\x7F\"", {R"("\u007F")"}},
        {R"({"a\u0000b":1})", {R"({"a\u0000b": 1})"}},
        {"{\"k\xC3\xA9y\":1}", {R"({"k\u00E9y": 1})"}},
    };
    return samples;
}

/// Input that stays without an answer, and what ends it when FF follows.
const std::vector<sample>& unfinished()
{
    static const std::vector<sample> samples = {
        {"", {"!stray '\xFF'"}},
        {"{", {"!stray '\xFF'"}},
        {"[[{\"a\":", {"!stray '\xFF'"}},
        {"{\"a\":[1}", {"!stray '\xFF'"}},
        {"{\"a\":tru", {"!stray '\xFF'"}},
        {"[12", {"!stray '\xFF'"}},
        {"\"abc", {"!stray '\"abc\xFF'"}},
        {"\"abc\\", {"!stray '\"abc\\\xFF'"}},
        {"-", {"!stray '-\xFF'"}},
        {"1.", {"!stray '1.\xFF'"}},
        {"nul", {"!invalid keyword 'nul'", "!stray '\xFF'"}},
        {"12", {"12", "!stray '\xFF'"}},
    };
    return samples;
}

std::vector<sample> all_samples()
{
    std::vector<sample> all;
    for (const auto* part : {&parse_errors(), &strays(), &recoveries(), &values()}) {
        all.insert(all.end(), part->begin(), part->end());
    }
    for (const auto& s : unfinished()) all.push_back({s.input + '\xFF', s.expected});
    return all;
}

void check(const std::vector<sample>& samples)
{
    for (const auto& s : samples) {
        INFO("input: " << s.input);
        CHECK(read_whole(s.input) == with_prefix(s.expected));
    }
}

json::value read_one(std::string_view text)
{
    json_reader reader;
    reader.feed(text);
    auto item = reader.next();
    REQUIRE(item);
    REQUIRE(std::holds_alternative<json::value>(*item));
    CHECK_FALSE(reader.next());
    return std::get<json::value>(*item);
}

/// Requires that `input` reads as `whole`, byte by byte and cut in two anywhere.
void require_same_in_portions(const std::string& input, const json_transcript& whole, json_limits limits = {},
                              json_errors errors = json_errors::when_balanced)
{
    INFO("input: " << input);
    REQUIRE(read_in_portions(input, 1, limits, errors) == whole);
    for (std::size_t first = 0; first <= input.size(); ++first) {
        REQUIRE(read_in_two(input, first, limits, errors) == whole);
    }
}

json_transcript read_at_once(std::string_view input, json_limits limits = {})
{
    return read_whole(input, limits, json_errors::at_once);
}

/// Errors as QEMU 11.1 tells them: behind line and column stands "JSON parse error, ".
const std::vector<sample>& errors_at_once()
{
    static const std::vector<sample> samples = {
        {"{,}{}", {"!1:2: expecting key", "{}"}},
        {R"({"a":1,}{})", {"!1:8: expecting key", "{}"}},
        {"{1:2}", {"!1:2: expecting key"}},
        {"{execute:1}", {"!1:2: expecting key"}},
        {"{{}:1}[]", {"!1:2: expecting key", "[]"}},
        {R"({"a"}{})", {"!1:5: expecting ':'", "{}"}},
        {R"({"a" 1 {}}{})", {"!1:6: expecting ':'", "{}"}},
        {R"({"a":1 "b":2})", {"!1:8: expected ',' or '}'"}},
        {"[1 2]{}", {"!1:4: expected ',' or ']'", "{}"}},
        {"[:]{}", {"!1:2: expecting value", "{}"}},
        {"}", {"!1:1: expecting value"}},
        {R"(["\q" 1]{})", {"!1:2: invalid escape sequence in string", "{}"}},
        // The byte that ended a number, a word or the skipping counts twice.
        {"[1}", {"!1:4: expected ',' or ']'"}},
        {"[1 }", {"!1:4: expected ',' or ']'"}},
        {"tru}", {"!1:1: invalid keyword 'tru'", "!1:5: expecting value"}},
        {"[tru}]{}", {"!1:2: invalid keyword 'tru'", "!1:6: expecting value", "{}"}},
        {"@}", {"!1:1: stray '@'", "!1:3: expecting value"}},
        {"[00]{}", {"!1:2: stray '00'", "!1:5: expecting value", "{}"}},
        {"@\n}", {"!1:1: stray '@'", "!2:1: expecting value"}},
        // Lines end by LF, columns are bytes.
        {"{\"a\"\n\n:1,\t2}{}", {"!3:5: expecting key", "{}"}},
        {"\r\n\t'\xC3\xA9'}", {R"("\u00E9")", "!2:6: expecting value"}},
        {"\"ab\n ]", {"!1:1: stray '\"ab\n'", "!2:3: expecting value"}},
        // A key that is there already shows where its value ends.
        {R"({"execute":"query-status","execute":"stop"})", {"!1:37: duplicate key"}},
        {R"({"a":1,"a":{"a":1}}{})", {"!1:19: duplicate key", "{}"}},
        {R"({"a":1,"a":[2 3]}{})", {"!1:15: expected ',' or ']'", "{}"}},
        // What follows an error up to the balancing bracket has none.
        {R"({"a":1:2)", {"!1:8: expected ',' or '}'"}},
        {R"([1 2,@ ]{})", {"!1:4: expected ',' or ']'", "!1:9: expecting value", "{}"}},
        {R"([1 2 "\q" tru [,]]{})", {"!1:4: expected ',' or ']'", "{}"}},
        {"[1 {2}]{}", {"!1:4: expected ',' or ']'", "{}"}},
        {"[1 [2] [3]]{}", {"!1:4: expected ',' or ']'", "{}"}},
        {"[[1 2}]]{}", {"!1:5: expected ',' or ']'", "!1:7: expecting value", "!1:8: expecting value", "{}"}},
    };
    return samples;
}

json_transcript with_position(json_transcript lines)
{
    for (auto& line : lines) {
        if (line[0] == '!') line.insert(line.find(' ') + 1, "JSON parse error, ");
    }
    return lines;
}

json::value random_value(std::mt19937& random, unsigned levels)
{
    static const std::vector<std::string> texts = {"",
                                                   "a",
                                                   "execute",
                                                   "it's",
                                                   "\"\\/\b\n\t",
                                                   "\x01\x7F",
                                                   "\xC3\xA9\xE2\x82\xAC",
                                                   "\xF0\x9F\x98\x80",
                                                   "a\0b"s,
                                                   "[1, {\"b\": 2}]"};
    const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    switch (below(levels == 0 ? 6 : 8)) {
    case 0: return nullptr;
    case 1: return below(2) == 0;
    case 2: return static_cast<std::int64_t>(random()) - static_cast<std::int64_t>(random());
    case 3: return std::numeric_limits<std::uint64_t>::max() - random();
    case 4: return std::ldexp(static_cast<double>(random()) + 0.5, static_cast<int>(below(600)) - 300);
    case 5: return json::value(texts[below(texts.size())]);
    case 6: {
        json::array list;
        for (auto n = below(4); n > 0; --n) list.push_back(random_value(random, levels - 1));
        return list;
    }
    default: {
        json::object object;
        for (auto n = below(4); n > 0; --n) object[texts[below(texts.size())]] = random_value(random, levels - 1);
        return object;
    }
    }
}

std::string repeated(std::string_view text, std::size_t times)
{
    std::string all;
    all.reserve(text.size() * times);
    for (; times > 0; --times) all += text;
    return all;
}

const std::string k_nesting_error = "!JSON nesting depth limit exceeded";
const std::string k_size_error = "!JSON token size limit exceeded";
const std::string k_count_error = "!JSON token count limit exceeded";

} // namespace

TEST_CASE("json reader: values of every kind are read") { check(values()); }

TEST_CASE("json reader: of what is wrong with a value the first is reported") { check(parse_errors()); }

TEST_CASE("json reader: bytes that begin no token are strays") { check(strays()); }

TEST_CASE("json reader: after an error reading goes on where QEMU's does") { check(recoveries()); }

TEST_CASE("json reader: the byte FF ends any partial input with one error, and service goes on")
{
    for (const auto& s : unfinished()) {
        INFO("input: " << s.input);
        CHECK(read_whole(s.input).empty());
        auto expected = with_prefix(s.expected);
        expected.push_back("{}");
        CHECK(read_whole(s.input + "\xFF{}") == expected);
    }
}

TEST_CASE("json reader: the portions in which input arrives make no difference")
{
    const json_limits small{2, 12, 6};
    for (const auto& s : all_samples()) {
        require_same_in_portions(s.input, read_whole(s.input));
        require_same_in_portions(s.input, read_whole(s.input, small), small);
        require_same_in_portions(s.input, read_at_once(s.input), {}, json_errors::at_once);
        require_same_in_portions(s.input, read_at_once(s.input, small), small, json_errors::at_once);
    }
}

TEST_CASE("json reader: told at once, an error has its line and column, and the rest of its value none")
{
    for (const auto& s : errors_at_once()) {
        INFO("input: " << s.input);
        CHECK(read_at_once(s.input) == with_position(s.expected));
        require_same_in_portions(s.input, with_position(s.expected), {}, json_errors::at_once);
    }
}

TEST_CASE("json reader: told at once, an error comes with the token that is wrong")
{
    json_reader reader({}, json_errors::at_once);
    reader.feed(R"({"a":[1)");
    CHECK_FALSE(reader.next());
    reader.feed("}");
    json_transcript transcript;
    append_ready(transcript, reader);
    CHECK(transcript == json_transcript{"!1:9: JSON parse error, expected ',' or ']'"});

    reader.feed("\n}{\n");
    reader.reset(); // another conversation has lines of its own
    reader.feed("}");
    append_ready(transcript, reader);
    CHECK(transcript.back() == "!1:1: JSON parse error, expecting value");
}

TEST_CASE("json reader: told at once, a limit ends with the value that exceeds it")
{
    const std::string deep = repeated("[", 1026) + repeated("]", 1026);
    CHECK(read_at_once(deep + "{}") == json_transcript{k_nesting_error, "{}"});
    CHECK(read_at_once("[1,1,1 1,1]{}", {9, 999, 4}) == json_transcript{k_count_error, "{}"});
    CHECK(read_at_once("[1 1,1,1,1]{}", {9, 999, 4}) ==
          json_transcript{"!1:4: JSON parse error, expected ',' or ']'", "{}"});
    CHECK(read_at_once("[1 1 \"1234567890[]", {9, 10, 9}) ==
          json_transcript{"!1:4: JSON parse error, expected ',' or ']'", "[]"});
}

TEST_CASE("json reader: both ways of telling errors refuse the same, and read the same values")
{
    std::mt19937 random(2011);
    const auto outcome = [](const std::string& input, json_errors errors) {
        const auto read = parse_json(input, errors);
        std::string text = "refused";
        if (const auto* value = std::get_if<json::value>(&read)) print_json(text = {}, *value);
        return text;
    };
    for (int i = 0; i < 5000; ++i) {
        std::string line;
        print_json(line, random_value(random, 4));
        if (i % 4 != 0) line[random() % line.size()] = static_cast<char>(random());
        INFO(line);
        CHECK(outcome(line, json_errors::at_once) == outcome(line, json_errors::when_balanced));
    }
}

TEST_CASE("json: a text of its own is one value, or what is wrong with it")
{
    struct row {
        const char* text;
        const char* when_balanced;
        const char* at_once;
    };
    const row rows[] = {
        {"{", "JSON parse error, premature EOI", "1:2: JSON parse error, premature end of input"},
        {R"({"a")", "JSON parse error, premature EOI", "1:5: JSON parse error, premature end of input"},
        {R"({"a":1)", "JSON parse error, premature EOI", "1:8: JSON parse error, premature end of input"},
        {R"({"a":tru)", "JSON parse error, invalid keyword 'tru'", "1:6: JSON parse error, invalid keyword 'tru'"},
        {R"({"a":[1 2)", "JSON parse error, expected separator in list", "1:9: JSON parse error, expected ',' or ']'"},
        {R"({"a":"x)", "JSON parse error, stray '\"x'", "1:6: JSON parse error, stray '\"x'"},
        {R"({"a":-)", "JSON parse error, stray '-'", "1:6: JSON parse error, stray '-'"},
        {"{@}", "JSON parse error, stray '@'", "1:2: JSON parse error, stray '@'"},
        {"{}}", "Expecting at most one JSON value", "Expecting at most one JSON value"},
        {"{} {", "Expecting at most one JSON value", "Expecting at most one JSON value"},
        {"{} x", "Expecting at most one JSON value", "Expecting at most one JSON value"},
        {" ", "Expecting a JSON value", "Expecting a JSON value"},
    };
    for (const row& one : rows) {
        INFO(one.text);
        CHECK(std::get<json_error>(parse_json(one.text, json_errors::when_balanced)).text == one.when_balanced);
        CHECK(std::get<json_error>(parse_json(one.text, json_errors::at_once)).text == one.at_once);
    }
    CHECK(std::get<json::value>(parse_json("12", json_errors::at_once)) == json::value(12));
    CHECK(std::get<json::value>(parse_json(" {} ", json_errors::at_once)).is_object());
}

TEST_CASE("json reader: values of any shape are read as they were printed, cut in two anywhere, spoilt or not")
{
    std::mt19937 random(1994);
    for (int i = 0; i < 1000; ++i) {
        std::string line;
        print_json(line, random_value(random, 4));
        require_same_in_portions(line + "\n", {line});
        std::string spoilt = line;
        spoilt[random() % spoilt.size()] = static_cast<char>(random());
        spoilt += "\n{}";
        require_same_in_portions(spoilt, read_whole(spoilt));
        require_same_in_portions(spoilt, read_at_once(spoilt), {}, json_errors::at_once);
    }
}

TEST_CASE("json reader: integers are exact from -2^63 to 2^64-1 and doubles beyond")
{
    CHECK(read_one("0 ") == json::value(std::int64_t{0}));
    CHECK(read_one("-0 ").is_int64());
    CHECK(read_one("-0 ") == json::value(std::int64_t{0}));
    CHECK(read_one("9223372036854775807 ") == json::value(std::numeric_limits<std::int64_t>::max()));
    CHECK(read_one("-9223372036854775808 ") == json::value(std::numeric_limits<std::int64_t>::min()));
    CHECK(read_one("9223372036854775808 ").is_uint64());
    CHECK(read_one("18446744073709551615 ") == json::value(std::numeric_limits<std::uint64_t>::max()));
    CHECK(read_one("18446744073709551616 ") == json::value(18446744073709551616.0));
    CHECK(read_one("-9223372036854775809 ") == json::value(-9223372036854775809.0));
    CHECK(read_one("1.0 ") == json::value(1.0));
    CHECK(read_one("1E0 ") == json::value(1.0));
    CHECK(read_one("-0.0 ").is_double());
    CHECK(std::signbit(read_one("-0.0 ").get_double()));
}

TEST_CASE("json reader: doubles beyond the range are infinite or zero")
{
    constexpr double k_infinity = std::numeric_limits<double>::infinity();
    CHECK(read_one("1e400 ").get_double() == k_infinity);
    CHECK(read_one("-1e+400 ").get_double() == -k_infinity);
    CHECK(read_one("1e99999999999999999999 ").get_double() == k_infinity);
    CHECK(read_one("1e-400 ").get_double() == 0);
    CHECK(read_one("1e-99999999999999999999 ").get_double() == 0);
    CHECK(read_one("0.0e400 ").get_double() == 0);
    CHECK(read_one("0.0e99999999999999999999 ").get_double() == 0);
    CHECK(read_one("5e-324 ").get_double() == std::numeric_limits<double>::denorm_min());
    CHECK(read_one("1.7976931348623159e308 ").get_double() == k_infinity);
    CHECK(read_one(repeated("9", 400) + " ").get_double() == k_infinity);
    CHECK(read_one("-" + repeated("9", 400) + " ").get_double() == -k_infinity);
    CHECK(read_one("0." + repeated("0", 400) + "1 ").get_double() == 0);
    CHECK(read_one("0." + repeated("0", 400) + "1e401 ").get_double() == 1);
    CHECK(read_one("1" + repeated("0", 400) + "e-400 ").get_double() == 1);
}

TEST_CASE("json reader: numbers have the value that strtod gives them")
{
    std::mt19937 random(1);
    const auto below = [&random](unsigned n) { return static_cast<unsigned>(random() % n); };
    for (int i = 0; i < 20000; ++i) {
        std::string text = below(2) != 0 ? "-" : "";
        text += static_cast<char>('1' + below(9));
        for (unsigned n = below(24); n > 0; --n) text += static_cast<char>('0' + below(10));
        text += '.';
        for (unsigned n = 1 + below(24); n > 0; --n) text += static_cast<char>('0' + below(10));
        if (below(4) != 0) text += (below(2) != 0 ? "e-" : "E+") + std::to_string(below(360));
        INFO(text);
        const double expected = std::strtod(text.c_str(), nullptr);
        const double number = read_one(text + " ").get_double();
        CHECK(std::memcmp(&number, &expected, sizeof number) == 0);
    }
}

TEST_CASE("json reader: members keep the order of the text, in large objects too")
{
    constexpr int k_members = 20000;
    std::string text = "{";
    for (int i = 0; i < k_members; ++i) text += "\"key" + std::to_string(k_members - i) + "\": 0, ";
    text += "\"last\": 0}";
    CHECK(read_whole(text) == json_transcript{text});
}

TEST_CASE("json reader: 1024 levels are read, and the 1025th starts over in mid-input")
{
    const std::string deepest = repeated("[", 1024) + repeated("]", 1024);
    CHECK(read_whole(deepest) == json_transcript{deepest});

    json_transcript expected = {k_nesting_error};
    expected.insert(expected.end(), 1025, "!JSON parse error, expecting value");
    CHECK(read_whole(repeated("[", 1025) + repeated("]", 1025)) == expected);

    const std::string in_request = "{\"id\": " + repeated("[", 1023) + repeated("]", 1023) + "}";
    CHECK(read_whole(in_request) == json_transcript{in_request});
    CHECK(read_whole("{\"id\": " + repeated("[", 1024)) == json_transcript{k_nesting_error});
    CHECK(read_whole(repeated("{\"a\":", 1025)).front() == k_nesting_error);
}

TEST_CASE("json reader: nesting counts also where the value is wrong already")
{
    CHECK(read_whole("[,[[[", {3, 1000, 1000}) == json_transcript{k_nesting_error});
}

TEST_CASE("json reader: a value may have 2097152 tokens")
{
    const std::string elements = repeated("1,", 1048574);
    const auto fitting = read_whole("[" + elements + "[]]1 ");
    REQUIRE(fitting.size() == 2);
    CHECK(fitting[0].size() == 3 * 1048574 + 4);
    CHECK(fitting[1] == "1");

    CHECK(read_whole("[" + elements + "1,1]") == json_transcript{k_count_error});
    CHECK(read_whole("[" + elements + "1,1,1]") ==
          json_transcript{k_count_error, "1", "!JSON parse error, expecting value"});
}

TEST_CASE("json reader: each token counts one byte more than its text")
{
    const json_limits limits{1024, 10, 1024};
    CHECK(read_whole("\"123456\"", limits) == json_transcript{"\"123456\""});
    CHECK(read_whole("\"1234567\"", limits) == json_transcript{"\"1234567\""});
    CHECK(read_whole("\"12345678\"", limits) == json_transcript{k_size_error});
    CHECK(read_whole("[1,1,1]", limits) == json_transcript{k_size_error, "!JSON parse error, expecting value"});
    CHECK(read_whole("[1, 11]", limits) == json_transcript{k_size_error});
    CHECK(read_whole("[123 ]", limits) == json_transcript{"[123]"});
    CHECK(read_whole("1 22 333 4444 1 ", limits) == json_transcript{"1", "22", "333", "4444", "1"});
}

TEST_CASE("json reader: a token that grows beyond the limit is given up at once")
{
    const json_limits limits{1024, 10, 1024};
    CHECK(read_whole("\"123456789", limits).empty());
    CHECK(read_whole("\"1234567890", limits) == json_transcript{k_size_error});
    CHECK(read_whole("\"1234567890[]", limits) == json_transcript{k_size_error, "[]"});
    CHECK(read_whole("\"123456789\n[]", limits) == json_transcript{"!JSON parse error, stray '\"123456789\n'", "[]"});
    CHECK(read_whole("[12345678901[]", limits) == json_transcript{k_size_error, "[]"});
    CHECK(read_whole("1234567890 ", limits) == json_transcript{k_size_error});
    CHECK(read_whole("abcdefghijk[]", limits) == json_transcript{k_size_error, "[]"});
}

TEST_CASE("json reader: a string may have just under 64 MiB")
{
    constexpr std::size_t k_portion = 64 * 1024;
    constexpr std::size_t k_longest = 64 * 1024 * 1024 - 3;
    std::string text = '"' + std::string(k_longest, 'x') + '"';
    const auto read = read_in_portions(text, k_portion);
    REQUIRE(read.size() == 1);
    CHECK((read[0] == text));

    text = '"' + std::string(k_longest + 1, 'x') + '"';
    CHECK(read_in_portions(text, k_portion) == json_transcript{k_size_error});

    text = '"' + std::string(k_longest + 2, 'x');
    CHECK(read_in_portions(text + "x{}", k_portion) == json_transcript{k_size_error, "{}"});
}

TEST_CASE("json reader: nothing comes before something is fed")
{
    json_reader reader;
    CHECK_FALSE(reader.next());
    reader.feed("");
    CHECK_FALSE(reader.next());
}

TEST_CASE("json reader: input fed before the last was fetched queues up")
{
    json_reader reader;
    reader.feed("[1][2");
    reader.feed("]{\"a\":");
    reader.feed("3}4 ");
    json_transcript transcript;
    append_ready(transcript, reader);
    CHECK(transcript == json_transcript{"[1]", "[2]", R"({"a": 3})", "4"});
}

TEST_CASE("json reader: a reset forgets all there was")
{
    for (const auto* partial : {"{\"a\":[", "\"abc", "12", "@skipping", "[1}", "{} {} {}", "[1 2"}) {
        INFO("partial: " << partial);
        json_reader reader;
        reader.feed(partial);
        (void)reader.next();
        reader.reset();
        CHECK_FALSE(reader.next());
        reader.feed("{\"b\":1}");
        json_transcript transcript;
        append_ready(transcript, reader);
        CHECK(transcript == json_transcript{R"({"b": 1})"});
    }
}

TEST_CASE("json reader: a reader moved to goes on in mid-value")
{
    json_reader first;
    first.feed("{\"a\":\"x");
    CHECK_FALSE(first.next());
    json_reader second = std::move(first);
    second.feed("y\"}");
    json_transcript transcript;
    append_ready(transcript, second);
    CHECK(transcript == json_transcript{R"({"a": "xy"})"});
}

TEST_CASE("json reader: values lie in the storage that it was given, all of each")
{
    boost::json::monotonic_resource storage;
    json_reader reader({}, json_errors::when_balanced, &storage);
    reader.feed(R"({"a": ["plain", "esc\u00e4ped", {"b": 1}]} "text")");
    const auto object = reader.next();
    const auto text = reader.next();
    REQUIRE((object && text));
    CHECK(std::get<json::value>(*text).storage().get() == &storage);
    const auto& value = std::get<json::value>(*object);
    CHECK(value.storage().get() == &storage);
    for (const json::value& one : value.at("a").as_array()) CHECK(one.storage().get() == &storage);
}

TEST_CASE("json reader: the deepest value needs no more stack than a coroutine has")
{
    constexpr std::size_t k_stack = 1024 * 1024;
    pthread_attr_t attributes;
    REQUIRE(pthread_attr_init(&attributes) == 0);
    REQUIRE(pthread_attr_setstacksize(&attributes, k_stack) == 0);
    json_transcript transcript;
    const auto body = [](void* result) -> void* {
        const std::string deep = repeated("{\"a\":[", 512) + repeated("]}", 512) + repeated("[", 1030);
        *static_cast<json_transcript*>(result) = read_in_portions(deep, 7);
        return nullptr;
    };
    pthread_t thread;
    REQUIRE(pthread_create(&thread, &attributes, body, &transcript) == 0);
    REQUIRE(pthread_join(thread, nullptr) == 0);
    pthread_attr_destroy(&attributes);
    REQUIRE(transcript.size() == 2);
    CHECK(transcript[1] == k_nesting_error);
}

TEST_CASE("json reader: garbage gives the same answers in any portions, and FF ends it")
{
    const std::vector<std::string> scraps = {"{",
                                             "}",
                                             "[",
                                             "]",
                                             ":",
                                             ",",
                                             " ",
                                             "\n",
                                             "\t",
                                             "\"",
                                             "'",
                                             "\\",
                                             "\"a\"",
                                             "'b'",
                                             "\"execute\":",
                                             "null",
                                             "tru",
                                             "false",
                                             "0",
                                             "1",
                                             "-",
                                             "12.5",
                                             "e",
                                             "E+3",
                                             ".",
                                             "T",
                                             "@",
                                             "%s",
                                             "\xFF",
                                             "\xFE",
                                             "\xC3\xA9",
                                             "\x80",
                                             "\\u",
                                             "d800",
                                             "\\udc00",
                                             "\x01",
                                             "\0"s,
                                             "{\"id\":[1,{}]}"};
    const json_limits small{3, 40, 12};
    std::mt19937 random(20240229);
    for (int i = 0; i < 20000; ++i) {
        std::string input;
        for (auto n = random() % 30; n > 0; --n) {
            if (random() % 8 == 0) {
                input += static_cast<char>(random() % 256);
            } else {
                input += scraps[random() % scraps.size()];
            }
        }
        const auto& limits = i % 2 == 0 ? json_limits{} : small;
        const auto whole = read_whole(input, limits);
        if (i % 9 == 0) require_same_in_portions(input, whole, limits);
        REQUIRE(read_in_portions(input, 1, limits) == whole);
        REQUIRE(read_in_two(input, random() % (input.size() + 1), limits) == whole);
        // After a flush any reader serves.
        const auto served = read_whole(input + "\xFF{\"id\":1}", limits);
        REQUIRE(served.back() == R"({"id": 1})");
    }
}
