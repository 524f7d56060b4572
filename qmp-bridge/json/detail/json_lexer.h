// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_JSON_DETAIL_JSON_LEXER_H
#define VIGIL_QMP_BRIDGE_JSON_DETAIL_JSON_LEXER_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vigil::qmp_bridge {

enum class token_kind : std::uint8_t {
    open_brace,
    close_brace,
    open_bracket,
    close_bracket,
    colon,
    comma,
    word,      ///< a run of a-z
    string,    ///< with its quotes, escapes as they came
    integer,   ///< a number without fraction and exponent
    real,      ///< a number with either
    stray,     ///< what had been consumed when it turned out to be no token, the offending byte last
    oversized, ///< a token that grew beyond the limit
};

namespace detail {

constexpr std::array<token_kind, 256> list_structural_bytes()
{
    std::array<token_kind, 256> kinds{};
    for (token_kind& kind : kinds) kind = token_kind::stray;
    kinds['{'] = token_kind::open_brace;
    kinds['}'] = token_kind::close_brace;
    kinds['['] = token_kind::open_bracket;
    kinds[']'] = token_kind::close_bracket;
    kinds[':'] = token_kind::colon;
    kinds[','] = token_kind::comma;
    return kinds;
}

} // namespace detail

/// What each byte is by itself: a structural character, or a stray where it is none.
inline constexpr std::array<token_kind, 256> k_structural_bytes = detail::list_structural_bytes();

/// What bytes are, beside that.
enum byte_class : std::uint8_t {
    k_blank = 1,      ///< white space between tokens
    k_string_run = 2, ///< ASCII that stands for itself in a string, whatever the quotes
    k_ends_skip = 4,  ///< ends the skipping after a stray
};

namespace detail {

constexpr std::array<std::uint8_t, 256> classify_bytes()
{
    std::array<std::uint8_t, 256> classes{};
    for (unsigned byte = 0; byte < classes.size(); ++byte) {
        const bool control = byte < 0x20;
        const bool never_utf8 = byte >= 0xFE;
        const bool structural = k_structural_bytes[byte] != token_kind::stray;
        unsigned bits = 0;
        if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') bits |= k_blank;
        if (!control && byte < 0x80 && byte != '"' && byte != '\'' && byte != '\\') bits |= k_string_run;
        if ((control && byte != '\t') || never_utf8 || structural) bits |= k_ends_skip;
        classes[byte] = static_cast<std::uint8_t>(bits);
    }
    return classes;
}

inline constexpr std::array<std::uint8_t, 256> k_byte_classes = classify_bytes();

} // namespace detail

/// Whether a byte is of a class.
inline bool is(byte_class wanted, char c)
{
    return (detail::k_byte_classes[static_cast<std::uint8_t>(c)] & wanted) != 0;
}

/// Where a token begins. QEMU counts the byte twice that ended a number, a word or the skipping after a stray: what
/// begins with it is one column further.
struct json_position {
    std::size_t line = 1;
    std::size_t column = 1; ///< in bytes
};

struct json_token {
    token_kind kind;
    bool plain; ///< of a string: it stands for what is between its quotes
    std::string_view text;
    json_position begin;
};

/// Cuts bytes into the tokens of QEMU's JSON dialect, whatever the portions they come in. After a stray it skips to a
/// structural character, a control character other than TAB, or FE/FF.
class json_lexer {
public:
    /// `token_limit`: the bytes beyond which a token is oversized. Where `counts_lines` is false, every position is
    /// that of the first byte.
    json_lexer(std::size_t token_limit, bool counts_lines);

    /// Moves `at` to the end of the next token and returns true; or to `end`, where that comes first. The token's text
    /// holds until the next call, or until those bytes go.
    bool next(const char*& at, const char* end, json_token& token)
    {
        if (partial_given_) drop_partial();
        if (state_ == state::recovery) at = skip_after_stray(at, end);
        at = skip_blanks(at, end);
        if (at == end) return false;
        const token_kind kind = k_structural_bytes[static_cast<std::uint8_t>(*at)];
        if (kind == token_kind::stray || state_ != state::start) {
            const char* const token_end = take_long(at, end, token);
            at = token_end != nullptr ? token_end : end;
            return token_end != nullptr;
        }
        token.kind = kind;
        token.text = std::string_view(at++, 1);
        if (counts_lines_) locate(token, 1);
        return true;
    }

    /// Where white space ends and a token may begin; `at` amid a token.
    const char* skip_blanks(const char* at, const char* end)
    {
        if (state_ != state::start) return at;
        const char* const from = at;
        while (at != end && is(byte_class::k_blank, *at)) ++at;
        if (counts_lines_) begin_after(std::string_view(from, static_cast<std::size_t>(at - from)));
        return at;
    }

    /// The token that a begun one is where no more bytes come, if any.
    bool finish(json_token& token);

    /// Where a token would begin that came next.
    json_position position() const noexcept;

    /// The bytes of a token begun that it keeps.
    std::size_t held() const noexcept { return partial_.size(); }

    /// As before the first byte.
    void reset();

private:
    enum class state : std::uint8_t {
        start,
        recovery,
        in_word,
        in_string,
        after_backslash,
        after_minus,
        after_zero,
        in_integer,
        after_point,
        in_fraction,
        after_e,
        after_exponent_sign,
        in_exponent,
    };
    enum class verdict : std::uint8_t { unfinished, ended, stray };

    const char* skip_after_stray(const char* at, const char* end);
    void drop_partial();
    /// Takes in what is more than a structural character, or what follows of it; returns where it ends, or null where
    /// it does not yet.
    const char* take_long(const char* from, const char* end, json_token& token);

    // Lines and columns.
    void pass(std::string_view bytes);
    void begin_after(std::string_view blanks);
    void locate(json_token& token, std::size_t last_bytes); ///< the last bytes of its text are new

    verdict begin(char first);
    verdict proceed(const char*& at, const char* end, token_kind& kind);
    verdict proceed_string(const char*& at, const char* end);
    verdict proceed_number(const char*& at, const char* end, token_kind& kind);

    std::size_t token_limit_;
    bool counts_lines_;
    state state_ = state::start;
    char quote_ = '"';
    bool plain_ = true;          ///< nothing in the string begun stands for anything but itself
    bool partial_given_ = false; ///< the last token's text lies in `partial_`
    std::string partial_;        ///< the token's bytes from earlier portions
    json_position next_;         ///< of the next byte
    json_position begin_;        ///< of the token begun
    bool counted_twice_ = false; ///< the next byte
};

} // namespace vigil::qmp_bridge

#endif
