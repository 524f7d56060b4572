// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/http_guard.h>

#include <string>
#include <string_view>

#include <catch.h>

using vigil::qmp_bridge::http_guard;

namespace {

// The verdict on `text` that comes byte by byte, and how many bytes it took.
http_guard::verdict judged(std::string_view text, std::size_t& taken)
{
    http_guard guard;
    http_guard::verdict verdict = http_guard::verdict::undecided;
    for (taken = 0; taken < text.size() && verdict == http_guard::verdict::undecided; ++taken) {
        verdict = guard.look_at(text.substr(taken, 1));
    }
    CHECK(guard.seen() == text.substr(0, taken));
    return verdict;
}

} // namespace

TEST_CASE("http guard: the beginnings of HTTP requests are told by their first word, whole or in pieces")
{
    for (const char* text :
         {"POST / HTTP/1.1\r\n", "GET /x HTTP/1.1", "PUT / HTTP/1.1", "OPTIONS * HTTP/1.1", "CONNECT a:1 HTTP/1.1",
          "HEAD / ", "DELETE / ", "PATCH / ", "TRACE / ", "PRI * HTTP/2.0", "Host: localhost", "host: x"}) {
        INFO(text);
        std::size_t taken = 0;
        CHECK(http_guard().look_at(text) == http_guard::verdict::http);
        CHECK(judged(text, taken) == http_guard::verdict::http);
    }
}

TEST_CASE("http guard: what QMP and qtest clients begin with is harmless, and so are other mistakes")
{
    for (const char* text : {"{\"execute\": \"qmp_capabilities\"}", "\xFF", " POST / HTTP/1.1", "endianness\n",
                             "outb 0x61 1\n", "[]", "\n", "POSTED", "POST\n", "GETTY ", "hosting", "PUTS"}) {
        INFO(text);
        std::size_t taken = 0;
        CHECK(http_guard().look_at(text) == http_guard::verdict::harmless);
        CHECK(judged(text, taken) == http_guard::verdict::harmless);
    }
    CHECK(http_guard().look_at("POS") == http_guard::verdict::undecided);
}
