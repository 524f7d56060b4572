// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/json/json.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <boost/container/small_vector.hpp>

#include <vigil/qmp-bridge/json/utf8.h>

namespace vigil::qmp_bridge {

namespace {

constexpr std::size_t k_indent = 4;               ///< blanks per level
constexpr std::size_t k_deepest_indentation = 16; ///< levels

template <typename Integer> void print_integer(std::string& out, Integer number)
{
    std::array<char, 24> digits;
    const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    out.append(digits.data(), result.ptr);
}

void print_double(std::string& out, double number)
{
    constexpr int k_precision = 17;
    std::array<char, 32> digits;
    if (number == 0) number = 0; // of either sign
    number = std::clamp(number, std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max());
    const auto result =
        std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::general, k_precision);
    out.append(digits.data(), result.ptr);
}

void print_unit(std::string& out, std::uint32_t unit)
{
    constexpr std::string_view k_digits = "0123456789ABCDEF";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += k_digits[unit >> shift & 0xF];
}

void print_escaped(std::string& out, std::uint32_t code)
{
    switch (code) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
    }
    if (code < 0x10000) {
        print_unit(out, code);
    } else {
        print_unit(out, 0xD800 + ((code - 0x10000) >> 10));
        print_unit(out, 0xDC00 + ((code - 0x10000) & 0x3FF));
    }
}

constexpr auto k_is_printed_as_is = [](char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
};

void print_scalar(std::string& out, const json::value& value)
{
    switch (value.kind()) {
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
    case json::kind::int64: print_integer(out, value.get_int64()); return;
    case json::kind::uint64: print_integer(out, value.get_uint64()); return;
    case json::kind::double_: print_double(out, value.get_double()); return;
    case json::kind::string: print_json_string(out, value.get_string()); return;
    default: out += "null"; return;
    }
}

/// Walks a value without recursion, for a value may be nested deeper than the stack of a coroutine bears.
class printer {
public:
    printer(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}

    void print(const json::value& value)
    {
        begin(value);
        while (!open_.empty()) step();
    }

private:
    /// A container under way: the elements or members from `next` on are still to print.
    struct frame {
        const json::value* container;
        std::size_t next;
    };

    void begin(const json::value& value)
    {
        if (value.is_structured()) {
            out_ += value.is_object() ? '{' : '[';
            open_.push_back({&value, 0});
        } else {
            print_scalar(out_, value);
        }
    }

    void step()
    {
        auto& [container, next] = open_.back();
        const auto* object = container->if_object();
        const auto size = object != nullptr ? object->size() : container->get_array().size();
        if (next == size) {
            open_.pop_back();
            break_line();
            out_ += object != nullptr ? '}' : ']';
            return;
        }
        if (next > 0) out_ += pretty_ ? "," : ", ";
        break_line();
        const auto index = next++;
        if (object == nullptr) return begin(container->get_array()[index]);
        const auto& member = object->begin()[index];
        print_json_string(out_, member.key());
        out_ += ": ";
        begin(member.value());
    }

    void break_line()
    {
        if (!pretty_) return;
        out_ += "\r\n";
        out_.append(k_indent * std::min(open_.size(), k_deepest_indentation), ' ');
    }

    std::string& out_;
    bool pretty_;
    boost::container::small_vector<frame, 8> open_;
};

} // namespace

void print_json_string(std::string& out, std::string_view text)
{
    constexpr std::uint32_t k_replacement = 0xFFFD;
    out += '"';
    while (!text.empty()) {
        const auto run =
            static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), k_is_printed_as_is) - text.begin());
        out.append(text.substr(0, run));
        text.remove_prefix(run);
        if (text.empty()) break;
        const auto sequence = read_utf8(text);
        print_escaped(out, sequence.code.value_or(k_replacement));
        text.remove_prefix(sequence.size);
    }
    out += '"';
}

void print_json(std::string& out, const json::value& value) { printer(out, false).print(value); }

void print_json_pretty(std::string& out, const json::value& value) { printer(out, true).print(value); }

} // namespace vigil::qmp_bridge
