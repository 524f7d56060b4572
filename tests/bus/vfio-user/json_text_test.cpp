// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/vfio-user/detail/json_text.h>

#include <string>

#include <catch.h>

using vigil::bus::is_json_object;

TEST_CASE("json text: objects of all kinds of members are objects")
{
    for (const char* text : {
             "{}",
             " {\t} \r\n",
             R"({"capabilities": {"max_msg_fds": 16, "migration": {"pgsize": 4096}, "write_multiple": true}})",
             R"({"a": [], "b": [1, [2], {"c": null}], "d": false})",
             R"({"numbers": [0, -1, 10.25, 1e9, -0.5E-3, 2E+1]})",
             R"({"strings": ["", "\"\\\/\b\f\n\r\t", "\u00e9é"]})",
         }) {
        INFO(text);
        CHECK(is_json_object(text));
    }
}

TEST_CASE("json text: what is not one object is refused")
{
    for (const char* text : {
             "",
             " ",
             "[]",
             "1",
             "null",
             "{",
             "}",
             "{}}",
             "{} x",
             "{,}",
             R"({"a"})",
             R"({"a":})",
             R"({"a": 1,})",
             R"({"a" 1})",
             R"({a: 1})",
             R"({"a": [1,]})",
             R"({"a": [1 2]})",
             R"({"a": 01})",
             R"({"a": -})",
             R"({"a": 1.})",
             R"({"a": .5})",
             R"({"a": 1e})",
             R"({"a": +1})",
             R"({"a": tru})",
             R"({"a": nulls})",
             R"({"a": "})",
             R"({"a": "\x"})",
             R"({"a": "\u12"})",
             R"({"a": "\u12g4"})",
             R"({"a": "\)",
             "{\"a\": \"\x01\"}",
         }) {
        INFO(text);
        CHECK(!is_json_object(text));
    }
    CHECK(!is_json_object(std::string("{}\0", 3)));
}

TEST_CASE("json text: nesting has a bound")
{
    const auto nested = [](std::size_t depth) {
        return "{\"a\": " + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    CHECK(is_json_object(nested(31)));
    CHECK(!is_json_object(nested(32)));
    CHECK(!is_json_object(nested(1'000'000)));
}
