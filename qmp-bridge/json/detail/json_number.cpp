// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/json/detail/json_number.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <system_error>

namespace vigil::qmp_bridge {

namespace {

template <typename Integer> std::optional<Integer> parse_integer(std::string_view token)
{
    Integer number{};
    const auto result = std::from_chars(token.data(), token.data() + token.size(), number);
    if (result.ec != std::errc{}) return std::nullopt;
    return number;
}

/// Whether a number that no double can hold is too large, rather than too small: whether its first significant digit
/// stands left of the point once the exponent is applied.
bool is_huge(std::string_view token)
{
    if (token.front() == '-') token.remove_prefix(1);
    const auto mantissa = token.substr(0, token.find_first_of("eE"));
    const auto point = std::min(mantissa.find('.'), mantissa.size());
    const auto first = mantissa.find_first_not_of("0.");
    if (first == std::string_view::npos) return false;

    std::int64_t exponent = 0;
    if (mantissa.size() != token.size()) {
        auto digits = token.substr(mantissa.size() + 1);
        if (digits.front() == '+') digits.remove_prefix(1);
        if (const auto parsed = parse_integer<std::int64_t>(digits)) {
            exponent = *parsed;
        } else {
            return digits.front() != '-';
        }
    }
    const auto position = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
    return exponent > -position;
}

} // namespace

boost::json::value integer_value(std::string_view token)
{
    if (const auto number = parse_integer<std::int64_t>(token)) return *number;
    if (token.front() != '-') {
        if (const auto number = parse_integer<std::uint64_t>(token)) return *number;
    }
    return real_value(token);
}

double real_value(std::string_view token)
{
    double number = 0;
    const auto result = std::from_chars(token.data(), token.data() + token.size(), number);
    if (result.ec == std::errc::result_out_of_range) {
        number = is_huge(token) ? std::numeric_limits<double>::infinity() : 0.0;
        if (token.front() == '-') number = -number;
    }
    return number;
}

} // namespace vigil::qmp_bridge
