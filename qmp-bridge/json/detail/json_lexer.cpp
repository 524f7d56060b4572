// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/json/detail/json_lexer.h>

#include <algorithm>
#include <limits>
#include <utility>

#include <vigil/qmp-bridge/json/detail/json_buffer.h>

namespace vigil::qmp_bridge {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_quote(char c) { return c == '"' || c == '\''; }
const char* end_of_run(const char* at, const char* end)
{
    while (at != end && is(k_string_run, *at)) ++at;
    return at;
}
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

void json_lexer::pass(std::string_view bytes)
{
    if (bytes.empty()) return;
    counted_twice_ = false;
    const auto last = bytes.rfind('\n');
    if (last == std::string_view::npos) {
        next_.column += bytes.size();
        return;
    }
    next_.line += static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    next_.column = bytes.size() - last;
}

void json_lexer::begin_after(std::string_view blanks)
{
    pass(blanks);
    begin_ = position();
}

void json_lexer::locate(json_token& token, std::size_t last_bytes)
{
    pass(token.text.substr(token.text.size() - last_bytes));
    counted_twice_ =
        token.kind == token_kind::integer || token.kind == token_kind::real || token.kind == token_kind::word;
    token.begin = begin_;
}

void json_lexer::drop_partial()
{
    partial_given_ = false;
    empty(partial_);
}

const char* json_lexer::take_long(const char* from, const char* end, json_token& token)
{
    const auto size = static_cast<std::size_t>(end - from);
    const char* at = from;
    verdict found = verdict::unfinished;
    if (state_ == state::start) found = begin(*at++);
    if (found == verdict::unfinished) {
        // Up to here the token may grow: one byte beyond the limit is still looked at.
        const std::size_t room = token_limit_ + 1 - partial_.size();
        found = proceed(at, from + std::min(room, size), token.kind);
        if (found == verdict::unfinished && size < room) {
            partial_.append(from, end);
            if (counts_lines_) pass(std::string_view(from, size));
            return nullptr;
        }
    }
    if (found == verdict::stray) token.kind = token_kind::stray;
    if (found == verdict::unfinished) token.kind = token_kind::oversized;
    state_ = found == verdict::stray ? state::recovery : state::start;

    token.plain = plain_;
    token.text = std::string_view(from, static_cast<std::size_t>(at - from));
    if (!partial_.empty()) {
        partial_.append(token.text);
        partial_given_ = true;
        token.text = partial_;
    }
    if (counts_lines_) locate(token, static_cast<std::size_t>(at - from));
    return at;
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

const char* json_lexer::skip_after_stray(const char* at, const char* end)
{
    const char* const from = at;
    while (at != end && !is(k_ends_skip, *at)) ++at;
    if (counts_lines_) pass(std::string_view(from, static_cast<std::size_t>(at - from)));
    if (at == end) return at;
    state_ = state::start;
    counted_twice_ = true;
    return at;
}

json_lexer::verdict json_lexer::begin(char first)
{
    const auto opens = [this](state s) {
        state_ = s;
        return verdict::unfinished;
    };
    switch (first) {
    case '"':
    case '\'':
        quote_ = first;
        plain_ = true;
        return opens(state::in_string);
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
    for (;;) {
        if (state_ == state::in_string) at = end_of_run(at, end);
        if (at == end) return verdict::unfinished;
        const char c = *at++;
        if (state_ == state::after_backslash) {
            if (!is_allowed_in_string(c)) return verdict::stray;
            state_ = state::in_string;
        } else if (c == quote_) {
            return verdict::ended;
        } else if (c == '\\') {
            state_ = state::after_backslash;
            plain_ = false;
        } else if (!is_allowed_in_string(c)) {
            return verdict::stray;
        } else if (!is_quote(c)) {
            plain_ = false; // it may be no character
        }
    }
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
