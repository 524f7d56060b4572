// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/json/detail/json_string.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include <boost/json/string.hpp>

#include <vigil/qmp-bridge/json/utf8.h>

namespace vigil::qmp_bridge {

namespace {

constexpr std::size_t k_unicode_escape_size = 6; ///< of \uXXXX

std::optional<unsigned> hex_digit(char c)
{
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
    return std::nullopt;
}

/// The code unit of `\uXXXX` at the start of `text`, if that is there.
std::optional<std::uint32_t> code_unit(std::string_view text)
{
    if (text.size() < k_unicode_escape_size || text[0] != '\\' || text[1] != 'u') return std::nullopt;
    std::uint32_t unit = 0;
    for (std::size_t i = 2; i < k_unicode_escape_size; ++i) {
        const auto digit = hex_digit(text[i]);
        if (!digit) return std::nullopt;
        unit = unit << 4 | *digit;
    }
    return unit;
}

/// The character of `\uXXXX`, or of two of them that are a surrogate pair, at the start of `text`, if there is one;
/// takes its bytes off.
std::optional<std::uint32_t> take_unicode_escape(std::string_view& text)
{
    const auto first = code_unit(text);
    if (!first) return std::nullopt;
    std::uint32_t code = *first;
    std::size_t size = k_unicode_escape_size;
    if (code >= 0xD800 && code <= 0xDBFF) {
        const auto second = code_unit(text.substr(size));
        if (!second || *second < 0xDC00 || *second > 0xDFFF) return std::nullopt;
        code = 0x10000 + ((code & 0x3FF) << 10 | (*second & 0x3FF));
        size *= 2;
    }
    if (!is_unicode_character(code)) return std::nullopt;
    text.remove_prefix(size);
    return code;
}

/// What the escape `\c` stands for, \u excepted.
std::optional<char> simple_escape(char c)
{
    switch (c) {
    case '"':
    case '\'':
    case '\\':
    case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return std::nullopt;
    }
}

constexpr auto k_is_plain = [](char c) { return c != '\\' && static_cast<std::uint8_t>(c) < 0x80; };

} // namespace

template <typename String> bool decode_json_string(std::string_view token, String& out, std::string& error)
{
    // The closing quote stays in sight: a truncated \u is shown up to it.
    std::string_view rest = token.substr(1);
    out.reserve(out.size() + rest.size() - 1);
    while (rest.size() > 1) {
        const auto run =
            static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end() - 1, k_is_plain) - rest.begin());
        out.append(rest.substr(0, run));
        rest.remove_prefix(run);
        if (rest.size() == 1) break;

        if (rest[0] != '\\') {
            const auto sequence = read_utf8(rest.substr(0, rest.size() - 1));
            if (!sequence.code) {
                error = "invalid UTF-8 sequence in string";
                return false;
            }
            append_utf8(out, *sequence.code);
            rest.remove_prefix(sequence.size);
        } else if (rest[1] == 'u') {
            const auto shown = rest.substr(0, k_unicode_escape_size);
            const auto code = take_unicode_escape(rest);
            if (!code) {
                error.append(shown).append(" is not a valid Unicode character");
                return false;
            }
            append_utf8(out, *code);
        } else if (const auto c = simple_escape(rest[1])) {
            out.push_back(*c);
            rest.remove_prefix(2);
        } else {
            error = "invalid escape sequence in string";
            return false;
        }
    }
    return true;
}

template bool decode_json_string(std::string_view, std::string&, std::string&);
template bool decode_json_string(std::string_view, boost::json::string&, std::string&);

} // namespace vigil::qmp_bridge
