// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_JSON_UTF8_H
#define VIGIL_QMP_BRIDGE_JSON_UTF8_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vigil::qmp_bridge {

/// Whether `code` is a Unicode scalar value and no noncharacter.
constexpr bool is_unicode_character(std::uint32_t code)
{
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    const bool noncharacter = (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFE) == 0xFFFE;
    return code <= 0x10FFFF && !surrogate && !noncharacter;
}

/// One sequence of UTF-8, well-formed or not.
struct utf8_sequence {
    std::optional<std::uint32_t> code; ///< empty where the sequence is no valid character
    std::size_t size;                  ///< bytes; of a broken sequence, those that belong together
};

/// Reads the sequence at the start of `text`, which must not be empty. Overlong forms are invalid, except C0 80 for
/// NUL (modified UTF-8).
utf8_sequence read_utf8(std::string_view text);

/// Appends `code`, a valid character, to a string type.
template <typename String> void append_utf8(String& out, std::uint32_t code)
{
    const auto byte = [&out](std::uint32_t bits) { out.push_back(static_cast<char>(bits)); };
    const auto continuation = [&](unsigned shift) { byte(0x80 | (code >> shift & 0x3F)); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xC0 | code >> 6);
        continuation(0);
    } else if (code < 0x10000) {
        byte(0xE0 | code >> 12);
        continuation(6);
        continuation(0);
    } else {
        byte(0xF0 | code >> 18);
        continuation(12);
        continuation(6);
        continuation(0);
    }
}

} // namespace vigil::qmp_bridge

#endif
