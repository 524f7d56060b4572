// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/json/utf8.h>

namespace vigil::qmp_bridge {

namespace {

/// Bytes of the sequence that `lead` opens: 1 for ASCII, up to 6 in the old, wider UTF-8; 0 where it opens none.
unsigned announced_size(std::uint8_t lead)
{
    if (lead < 0x80) return 1;
    if (lead < 0xC0) return 0;
    if (lead < 0xE0) return 2;
    if (lead < 0xF0) return 3;
    if (lead < 0xF8) return 4;
    if (lead < 0xFC) return 5;
    if (lead < 0xFE) return 6;
    return 0;
}

/// The smallest code that needs `size` bytes.
std::uint32_t smallest_code(unsigned size) { return size == 2 ? 0x80 : std::uint32_t{1} << (5 * size - 4); }

} // namespace

utf8_sequence read_utf8(std::string_view text)
{
    const auto lead = static_cast<std::uint8_t>(text[0]);
    const unsigned size = announced_size(lead);
    if (size == 0) return {std::nullopt, 1};
    if (size == 1) return {lead, 1};

    std::uint32_t code = lead & (0x7FU >> size);
    for (unsigned i = 1; i < size; ++i) {
        const auto next = i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
        if ((next & 0xC0) != 0x80) return {std::nullopt, i};
        code = code << 6 | (next & 0x3FU);
    }
    const bool overlong = code < smallest_code(size) && !(size == 2 && code == 0);
    if (overlong || !is_unicode_character(code)) return {std::nullopt, size};
    return {code, size};
}

} // namespace vigil::qmp_bridge
