// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/options/option_values.h>

#include <charconv>
#include <limits>

namespace vigil::sim {

namespace {

std::optional<unsigned> parse_hex(std::string_view text)
{
    if (text.substr(0, 2) == "0x") text.remove_prefix(2);
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return number;
}

} // namespace

std::optional<bus::pci_address> parse_pci_address(std::string_view text)
{
    const std::size_t dot = text.find('.');
    const auto slot = parse_hex(text.substr(0, dot));
    const auto function = dot == std::string_view::npos ? std::optional<unsigned>(0) : parse_hex(text.substr(dot + 1));
    if (!slot || !function || *slot > 31 || *function > 7) return std::nullopt;
    return bus::pci_address{static_cast<std::uint8_t>(*slot), static_cast<std::uint8_t>(*function)};
}

std::optional<std::uint64_t> parse_uint64(std::string_view text)
{
    const bool negative = text.substr(0, 1) == "-";
    if (negative) text.remove_prefix(1);
    int base = 10;
    if (text.substr(0, 2) == "0x" || text.substr(0, 2) == "0X") {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text.front() == '0') {
        base = 8;
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return negative ? 0 - number : number;
}

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t most)
{
    const bool hexadecimal = text.substr(0, 2) == "0x";
    if (hexadecimal) text.remove_prefix(2);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, hexadecimal ? 16 : 10);
    if (error != std::errc{} || end != text.data() + text.size() || number > most) return std::nullopt;
    return number;
}

std::optional<std::uint64_t> parse_size(std::string_view text, unsigned shift)
{
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (!suffix.empty()) {
        constexpr std::string_view units = "BKMGT";
        const char unit = static_cast<char>(suffix.front() & ~0x20);
        const std::size_t place = units.find(unit);
        if (suffix.size() != 1 || place == std::string_view::npos) return std::nullopt;
        shift = static_cast<unsigned>(place) * 10;
    }
    if (number > std::numeric_limits<std::uint64_t>::max() >> shift) return std::nullopt;
    return number << shift;
}

std::optional<std::uint64_t> parse_millionths(std::string_view text)
{
    constexpr std::uint64_t most = 1'000'000'000'000;
    std::uint64_t millionths = 0;
    std::uint64_t weight = 1'000'000;
    bool after_point = false;
    bool any = false;
    for (const char c : text) {
        if (c == '.' && !after_point) {
            after_point = true;
            continue;
        }
        if (c < '0' || c > '9') return std::nullopt;
        any = true;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (after_point) {
            weight /= 10;
            if (weight == 0) return std::nullopt;
            millionths += digit * weight;
        } else {
            if (millionths > most) return std::nullopt;
            millionths = millionths * 10 + digit * weight;
        }
    }
    if (!any || millionths == 0 || millionths > most) return std::nullopt;
    return millionths;
}

bool is_date(std::string_view text)
{
    constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd";
    constexpr std::size_t k_day_only = 10;
    if (text.size() != form.size() && text.size() != k_day_only) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool right = form[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i];
        if (!right) return false;
    }
    return true;
}

std::optional<std::string> parse_uuid(std::string_view text)
{
    constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text.size() != form.size()) return std::nullopt;
    std::string uuid(text);
    for (std::size_t i = 0; i < form.size(); ++i) {
        char& c = uuid[i];
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
        const bool right = form[i] == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (!right) return std::nullopt;
    }
    return uuid;
}

} // namespace vigil::sim
