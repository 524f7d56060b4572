// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qtest/detail/qtest_text.h>

#include <array>
#include <limits>

namespace vigil::qmp_bridge::qtest_text {

namespace {

constexpr std::uint64_t k_all = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t k_quoted = 64; // characters of a wrong word that are quoted

constexpr std::string_view k_hex_digits = "0123456789abcdef";
constexpr std::string_view k_base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t k_no_digit = 0xff;

using digit_values = std::array<std::uint8_t, 256>;

constexpr digit_values no_digits()
{
    digit_values values{};
    for (std::uint8_t& value : values) value = k_no_digit;
    return values;
}

constexpr digit_values hex_values()
{
    digit_values values = no_digits();
    for (std::uint8_t i = 0; i < 10; ++i) values[static_cast<std::size_t>('0') + i] = i;
    for (std::uint8_t i = 0; i < 6; ++i) {
        values[static_cast<std::size_t>('a') + i] = static_cast<std::uint8_t>(10 + i);
        values[static_cast<std::size_t>('A') + i] = static_cast<std::uint8_t>(10 + i);
    }
    return values;
}

constexpr digit_values base64_values()
{
    digit_values values = no_digits();
    for (std::uint8_t i = 0; i < 64; ++i) values[static_cast<unsigned char>(k_base64_digits[i])] = i;
    return values;
}

constexpr digit_values k_hex = hex_values();
constexpr digit_values k_base64 = base64_values();

std::uint8_t digit(const digit_values& values, char c) noexcept { return values[static_cast<unsigned char>(c)]; }

// A number's sign and magnitude.
struct magnitude {
    bool negative;
    std::uint64_t value;
};

std::optional<magnitude> parse_magnitude(std::string_view text) noexcept
{
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end && (*at == ' ' || (*at >= '\t' && *at <= '\r'))) ++at;
    magnitude number{false, 0};
    if (at != end && (*at == '-' || *at == '+')) number.negative = *at++ == '-';
    if (at == end) return std::nullopt;
    unsigned base = 10;
    if (*at == '0') {
        base = 8;
        if (end - at > 2 && (at[1] == 'x' || at[1] == 'X')) {
            base = 16;
            at += 2;
        }
    }
    if (base == 16) {
        do {
            const std::uint8_t d = digit(k_hex, *at);
            if (d == k_no_digit || number.value > k_all >> 4) return std::nullopt;
            number.value = number.value << 4 | d;
        } while (++at != end);
        return number;
    }
    do {
        const std::uint8_t d = digit(k_hex, *at);
        if (d >= base || number.value > (k_all - d) / base) return std::nullopt;
        number.value = number.value * base + d;
    } while (++at != end);
    return number;
}

} // namespace

std::optional<std::uint64_t> parse_unsigned(std::string_view text) noexcept
{
    const std::optional<magnitude> number = parse_magnitude(text);
    if (!number) return std::nullopt;
    return number->negative ? 0 - number->value : number->value;
}

std::optional<std::int64_t> parse_signed(std::string_view text) noexcept
{
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    const std::optional<magnitude> number = parse_magnitude(text);
    if (!number || number->value > most + (number->negative ? 1 : 0)) return std::nullopt;
    return static_cast<std::int64_t>(number->negative ? 0 - number->value : number->value);
}

void append_hex(std::string& out, std::uint64_t value, int least_digits)
{
    std::array<char, 16> digits;
    std::size_t first = digits.size();
    do {
        digits[--first] = k_hex_digits[value & 15];
        value >>= 4;
        --least_digits;
    } while (value != 0 || least_digits > 0);
    out.append(digits.data() + first, digits.size() - first);
}

void append_decimal(std::string& out, std::int64_t value)
{
    std::array<char, 20> digits;
    std::size_t first = digits.size();
    std::uint64_t rest = static_cast<std::uint64_t>(value);
    if (value < 0) rest = 0 - rest;
    do {
        digits[--first] = static_cast<char>('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0) digits[--first] = '-';
    out.append(digits.data() + first, digits.size() - first);
}

void append_bytes(std::string& out, const std::vector<std::uint8_t>& bytes)
{
    const std::size_t start = out.size();
    out.resize(start + 2 * bytes.size());
    char* to = out.data() + start;
    for (const std::uint8_t byte : bytes) {
        *to++ = k_hex_digits[byte >> 4];
        *to++ = k_hex_digits[byte & 15];
    }
}

void append_base64(std::string& out, const std::vector<std::uint8_t>& bytes)
{
    const std::size_t start = out.size();
    out.resize(start + (bytes.size() + 2) / 3 * 4);
    char* to = out.data() + start;
    const auto put = [&to](unsigned group, unsigned digits) {
        for (unsigned n = 0; n < 4; ++n) *to++ = n < digits ? k_base64_digits[group >> (18 - 6 * n) & 63] : '=';
    };
    std::size_t i = 0;
    for (; i + 2 < bytes.size(); i += 3) put(unsigned{bytes[i]} << 16 | unsigned{bytes[i + 1]} << 8 | bytes[i + 2], 4);
    if (i + 1 < bytes.size()) {
        put(unsigned{bytes[i]} << 16 | unsigned{bytes[i + 1]} << 8, 3);
    } else if (i < bytes.size()) {
        put(unsigned{bytes[i]} << 16, 2);
    }
}

std::optional<std::vector<std::uint8_t>> decode_base64(std::string_view text)
{
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    text.remove_suffix(padding);
    std::vector<std::uint8_t> bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    unsigned group = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const std::uint8_t d = digit(k_base64, c);
        if (d == k_no_digit) return std::nullopt;
        group = (group << 6 | d) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<std::uint8_t>(group >> bits));
        }
    }
    return bytes;
}

std::uint8_t data_byte(std::string_view text, std::size_t index) noexcept
{
    const std::size_t at = 2 + 2 * index;
    if (at + 1 >= text.size()) return 0;
    const auto nibble = [](char c) {
        const std::uint8_t d = digit(k_hex, c);
        return d == k_no_digit ? 0U : unsigned{d};
    };
    return static_cast<std::uint8_t>(nibble(text[at]) << 4 | nibble(text[at + 1]));
}

std::string quoted(std::string_view word)
{
    std::string text = "'";
    for (const char c : word.substr(0, k_quoted)) {
        if (static_cast<unsigned char>(c) < 0x20) {
            text += "\\x";
            append_hex(text, static_cast<unsigned char>(c), 2);
        } else {
            text += c;
        }
    }
    return text + (word.size() > k_quoted ? "...'" : "'");
}

std::string hex(std::uint64_t value)
{
    std::string text = "0x";
    append_hex(text, value, 1);
    return text;
}

} // namespace vigil::qmp_bridge::qtest_text
