// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/schema/gathered_text.h>

#include <cstddef>
#include <string>
#include <string_view>

#include <catch.h>

using vigil::qmp_bridge::gathered_text;

TEST_CASE("gathered text: pieces of any length arrive whole and in order")
{
    for (std::size_t size : {std::size_t(0), std::size_t(1), std::size_t(255), std::size_t(256), std::size_t(1000)}) {
        const std::string piece(size, 'p');
        std::string text = "before ";
        gathered_text line(text);
        line += 'a';
        line += piece;
        line += std::string_view();
        line += "b";
        line += piece;
        line.append("cd", 1);
        line.flush();
        CHECK(text.size() == 10 + 2 * size);
        CHECK(text.substr(0, 8) == "before a");
        CHECK(text.substr(8, size) == piece);
        CHECK(text.substr(8 + size) == 'b' + piece + 'c');
    }
}

TEST_CASE("gathered text: what is flushed comes before what the string is given, and stays")
{
    std::string text;
    gathered_text line(text);
    line += "one, ";
    line.flush() += "two, ";
    line += "three";
    CHECK(text == "one, two, ");
    line.flush();
    line.flush();
    CHECK(text == "one, two, three");
}
