// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QTEST_DETAIL_QTEST_TEXT_H
#define VIGIL_QMP_BRIDGE_QTEST_DETAIL_QTEST_TEXT_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How qtest writes numbers and bytes; see `qtest_session` for what is accepted.
namespace vigil::qmp_bridge::qtest_text {

std::optional<std::uint64_t> parse_unsigned(std::string_view text) noexcept;
std::optional<std::int64_t> parse_signed(std::string_view text) noexcept;

/// Appends `value` with at least so many digits, lower case, without 0x.
void append_hex(std::string& out, std::uint64_t value, int least_digits);
void append_decimal(std::string& out, std::int64_t value);
/// Appends 0x and two digits a byte.
void append_bytes(std::string& out, const std::vector<std::uint8_t>& bytes);
void append_base64(std::string& out, const std::vector<std::uint8_t>& bytes);

/// Nothing where `text` is not RFC 4648 base64 with its padding.
std::optional<std::vector<std::uint8_t>> decode_base64(std::string_view text);
/// The value of the byte at `index` of the data word `text` of `write`; zero where the word has ended before.
std::uint8_t data_byte(std::string_view text, std::size_t index) noexcept;

/// `word` in quotes, cut where long and with control characters written as \x0d.
std::string quoted(std::string_view word);
/// `value` with 0x.
std::string hex(std::uint64_t value);

} // namespace vigil::qmp_bridge::qtest_text

#endif
