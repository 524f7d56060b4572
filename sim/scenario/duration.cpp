// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/scenario/duration.h>

#include <array>
#include <cstdint>
#include <limits>

namespace vigil::sim {

namespace {

struct unit {
    std::string_view word;
    std::int64_t length; ///< ns
};

constexpr std::array<unit, 6> k_units{{
    {"h", 3'600'000'000'000},
    {"min", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

} // namespace

runstate::result<runstate::ns> parse_duration(std::string_view text)
{
    const std::string shown = "'" + std::string(text.substr(0, 40)) + "'";
    const auto refused = [&shown](const std::string& why) { return runstate::refusal{shown + why}; };
    std::size_t end = 0;
    while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
    const std::string_view number = text.substr(0, end);
    const unit* found = nullptr;
    for (const unit& one : k_units) {
        if (one.word == text.substr(end)) found = &one;
    }
    if (number.empty() || number.front() == '.' || number.back() == '.' || found == nullptr) {
        return refused(" is no length of time; write a number and h, min, s, ms, us or ns, as in 30s");
    }
    constexpr std::int64_t k_most = std::numeric_limits<std::int64_t>::max();
    std::int64_t total = 0;
    std::int64_t digit_length = found->length;
    bool fraction = false;
    for (const char c : number) {
        if (c == '.') {
            if (fraction) return refused(" has two decimal points");
            fraction = true;
            continue;
        }
        const std::int64_t digit = c - '0';
        if (fraction) {
            const bool whole = digit_length != 0 && digit_length % 10 == 0;
            if (!whole && digit != 0) return refused(" is finer than a nanosecond");
            digit_length /= 10;
            if (total > k_most - digit * digit_length) return refused(" is longer than 292 years");
            total += digit * digit_length;
        } else {
            if (total > (k_most - digit * found->length) / 10) return refused(" is longer than 292 years");
            total = total * 10 + digit * found->length;
        }
    }
    return runstate::ns(total);
}

std::string duration_text(runstate::ns time)
{
    for (const unit& one : k_units) {
        if (time.count() % one.length == 0 && time.count() != 0) {
            return std::to_string(time.count() / one.length) + std::string(one.word);
        }
    }
    return "0s";
}

} // namespace vigil::sim
