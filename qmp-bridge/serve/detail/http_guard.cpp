// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/http_guard.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace vigil::qmp_bridge {

namespace {

// Any of these begins an HTTP request (RFC 9110, RFC 5789, the preface of RFC 9113), and no line of QMP or qtest.
constexpr std::array<std::string_view, 11> k_beginnings{"CONNECT ", "DELETE ", "GET ", "HEAD ",  "OPTIONS ", "PATCH ",
                                                        "POST ",    "PRI ",    "PUT ", "TRACE ", "host:"};

bool same_letter(char a, char b)
{
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

} // namespace

http_guard::verdict http_guard::look_at(std::string_view bytes)
{
    seen_ += bytes;
    bool may_become_one = false;
    for (const std::string_view beginning : k_beginnings) {
        const std::size_t length = std::min(beginning.size(), seen_.size());
        if (!std::equal(seen_.begin(), seen_.begin() + static_cast<std::ptrdiff_t>(length), beginning.begin(),
                        same_letter)) {
            continue;
        }
        if (length == beginning.size()) return verdict::http;
        may_become_one = true;
    }
    return may_become_one ? verdict::undecided : verdict::harmless;
}

} // namespace vigil::qmp_bridge
