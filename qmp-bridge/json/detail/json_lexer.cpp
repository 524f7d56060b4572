// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/json/detail/json_lexer.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <vigil/qmp-bridge/json/detail/json_buffer.h>

namespace vigil::qmp_bridge {

namespace {

enum byte_class : std::uint8_t {
    k_blank = 1,      ///< white space between tokens
    k_string_run = 2, ///< stands for itself in a string, whatever the quotes
    k_ends_skip = 4,  ///< ends the skipping after a stray
};

constexpr std::array<std::uint8_t, 256> classify_bytes()
{
    std::array<std::uint8_t, 256> classes{};
    for (unsigned byte = 0; byte < classes.size(); ++byte) {
        const bool control = byte < 0x20;
        const bool never_utf8 = byte >= 0xFE;
        const bool structural = byte == '{' || byte == '}' || byte == '[' || byte == ']' || byte == ':' || byte == ',';
        unsigned bits = 0;
        if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') bits |= k_blank;
        if (!control && !never_utf8 && byte != '"' && byte != '\'' && byte != '\\') bits |= k_string_run;
        if ((control && byte != '\t') || never_utf8 || structural) bits |= k_ends_skip;
        classes[byte] = static_cast<std::uint8_t>(bits);
    }
    return classes;
}

constexpr std::array<std::uint8_t, 256> k_classes = classify_bytes();

bool is(byte_class wanted, char c) { return (k_classes[static_cast<std::uint8_t>(c)] & wanted) != 0; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_allowed_in_string(char c)
{
    const auto byte = static_cast<std::uint8_t>(c);
    return byte >= 0x20 && byte < 0xFE;
}

} // namespace

json_lexer::json_lexer(std::size_t token_limit, bool counts_lines)
    : token_limit_(std::min(token_limit, std::numeric_limits<std::size_t>::max() / 2)), counts_lines_(counts_lines)
{
}

void json_lexer::reset()
{
    state_ = state::start;
    partial_given_ = false;
    empty(partial_);
    next_ = {};
    counted_twice_ = false;
}

json_position json_lexer::position() const noexcept { return {next_.line, next_.column + (counted_twice_ ? 1 : 0)}; }

void json_lexer::count(const char* from, const char* to)
{
    counted_twice_ = false;
    const std::string_view passed(from, static_cast<std::size_t>(to - from));
    const auto last = passed.rfind('\n');
    if (last == std::string_view::npos) {
        next_.column += passed.size();
        return;
    }
    next_.line += static_cast<std::size_t>(std::count(from, to, '\n'));
    next_.column = passed.size() - last;
}

bool json_lexer::next(std::string_view& input, json_token& token)
{
    if (partial_given_) {
        partial_given_ = false;
        empty(partial_);
    }

    const char* const end = input.data() + input.size();
    const char* const token_begin = skip(input.data(), end);
    if (counts_lines_ && state_ == state::start) begin_ = position();
    // Up to here the token may grow: one byte beyond the limit is still looked at.
    const std::size_t room = token_limit_ + 1 - partial_.size();
    const bool limited = static_cast<std::size_t>(end - token_begin) >= room;
    const char* const stop = limited ? token_begin + room : end;

    const char* at = token_begin;
    token_kind kind{};
    verdict found = verdict::unfinished;
    if (at != stop && state_ == state::start) found = begin(*at++, kind);
    if (found == verdict::unfinished && at != stop) found = proceed(at, stop, kind);

    const auto consumed = static_cast<std::size_t>(at - token_begin);
    pass(token_begin, at);
    input.remove_prefix(static_cast<std::size_t>(at - input.data()));
    if (found == verdict::unfinished && !limited) {
        partial_.append(token_begin, consumed);
        return false;
    }

    state_ = found == verdict::stray ? state::recovery : state::start;
    if (found == verdict::unfinished) {
        kind = token_kind::oversized;
    } else if (found == verdict::stray) {
        kind = token_kind::stray;
    }
    if (counts_lines_) {
        counted_twice_ = kind == token_kind::integer || kind == token_kind::real || kind == token_kind::word;
        token.begin = begin_;
    }
    token.kind = kind;
    token.text = std::string_view(token_begin, consumed);
    if (!partial_.empty()) {
        partial_.append(token_begin, consumed);
        partial_given_ = true;
        token.text = partial_;
    }
    return true;
}

bool json_lexer::finish(json_token& token)
{
    const state last = std::exchange(state_, state::start);
    counted_twice_ = true;
    token.text = partial_;
    token.begin = begin_;
    switch (last) {
    case state::start:
    case state::recovery: counted_twice_ = false; return false;
    case state::in_word: token.kind = token_kind::word; break;
    case state::after_zero:
    case state::in_integer: token.kind = token_kind::integer; break;
    case state::in_fraction:
    case state::in_exponent: token.kind = token_kind::real; break;
    default: token.kind = token_kind::stray; break;
    }
    partial_given_ = true;
    return true;
}

const char* json_lexer::skip(const char* at, const char* end)
{
    const char* const from = at;
    if (state_ == state::recovery) {
        at = std::find_if(at, end, [](char c) { return is(k_ends_skip, c); });
        pass(from, at);
        if (at == end) return at;
        state_ = state::start;
        counted_twice_ = true;
    }
    if (state_ == state::start) {
        const char* const blank = at;
        at = std::find_if_not(at, end, [](char c) { return is(k_blank, c); });
        pass(blank, at);
    }
    return at;
}

json_lexer::verdict json_lexer::begin(char first, token_kind& kind)
{
    const auto is_token = [&kind](token_kind k) {
        kind = k;
        return verdict::ended;
    };
    const auto opens = [this](state s) {
        state_ = s;
        return verdict::unfinished;
    };
    switch (first) {
    case '{': return is_token(token_kind::open_brace);
    case '}': return is_token(token_kind::close_brace);
    case '[': return is_token(token_kind::open_bracket);
    case ']': return is_token(token_kind::close_bracket);
    case ':': return is_token(token_kind::colon);
    case ',': return is_token(token_kind::comma);
    case '"':
    case '\'': quote_ = first; return opens(state::in_string);
    case '-': return opens(state::after_minus);
    case '0': return opens(state::after_zero);
    default: break;
    }
    if (is_digit(first)) return opens(state::in_integer);
    if (is_letter(first)) return opens(state::in_word);
    return verdict::stray;
}

json_lexer::verdict json_lexer::proceed(const char*& at, const char* end, token_kind& kind)
{
    switch (state_) {
    case state::in_string:
    case state::after_backslash: kind = token_kind::string; return proceed_string(at, end);
    case state::in_word:
        kind = token_kind::word;
        at = std::find_if_not(at, end, [](char c) { return is_letter(c); });
        return at == end ? verdict::unfinished : verdict::ended;
    default: return proceed_number(at, end, kind);
    }
}

json_lexer::verdict json_lexer::proceed_string(const char*& at, const char* end)
{
    while (at != end) {
        if (state_ == state::after_backslash) {
            if (!is_allowed_in_string(*at++)) return verdict::stray;
            state_ = state::in_string;
            continue;
        }
        while (is(k_string_run, *at)) {
            if (++at == end) return verdict::unfinished;
        }
        const char c = *at++;
        if (c == quote_) return verdict::ended;
        if (c == '\\') {
            state_ = state::after_backslash;
        } else if (!is_allowed_in_string(c)) {
            return verdict::stray;
        }
    }
    return verdict::unfinished;
}

json_lexer::verdict json_lexer::proceed_number(const char*& at, const char* end, token_kind& kind)
{
    // In the states that can end a number, another byte ends it and is not consumed; in the others it is a stray.
    for (; at != end; ++at) {
        const char c = *at;
        switch (state_) {
        case state::after_minus:
            if (!is_digit(c)) return ++at, verdict::stray;
            state_ = c == '0' ? state::after_zero : state::in_integer;
            break;
        case state::after_zero:
        case state::in_integer:
            if (c == '.') {
                state_ = state::after_point;
            } else if (state_ == state::in_integer && (c == 'e' || c == 'E')) {
                state_ = state::after_e;
            } else if (!is_digit(c)) {
                kind = token_kind::integer;
                return verdict::ended;
            } else if (state_ == state::after_zero) {
                return ++at, verdict::stray;
            }
            break;
        case state::after_point:
            if (!is_digit(c)) return ++at, verdict::stray;
            state_ = state::in_fraction;
            break;
        case state::in_fraction:
            if (c == 'e' || c == 'E') {
                state_ = state::after_e;
            } else if (!is_digit(c)) {
                kind = token_kind::real;
                return verdict::ended;
            }
            break;
        case state::after_e:
            if (c == '+' || c == '-') {
                state_ = state::after_exponent_sign;
                break;
            }
            [[fallthrough]];
        case state::after_exponent_sign:
            if (!is_digit(c)) return ++at, verdict::stray;
            state_ = state::in_exponent;
            break;
        default: // in_exponent
            if (!is_digit(c)) {
                kind = token_kind::real;
                return verdict::ended;
            }
            break;
        }
    }
    return verdict::unfinished;
}

} // namespace vigil::qmp_bridge
