// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_JSON_DETAIL_JSON_LEXER_H
#define VIGIL_QMP_BRIDGE_JSON_DETAIL_JSON_LEXER_H

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

/// Where a token begins. QEMU counts the byte twice that ended a number, a word or the skipping after a stray: what
/// begins with it is one column further.
struct json_position {
    std::size_t line = 1;
    std::size_t column = 1; ///< in bytes
};

struct json_token {
    token_kind kind;
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

    /// Takes bytes off `input` up to the end of a token and returns true; or takes all and returns false. The token's
    /// text holds until the next call, or until `input`'s bytes go.
    bool next(std::string_view& input, json_token& token);

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

    const char* skip(const char* at, const char* end); ///< white space, or after a stray
    void pass(const char* from, const char* to)
    {
        if (counts_lines_ && from != to) count(from, to);
    }
    void count(const char* from, const char* to); ///< lines and columns
    verdict begin(char first, token_kind& kind);
    verdict proceed(const char*& at, const char* end, token_kind& kind);
    verdict proceed_string(const char*& at, const char* end);
    verdict proceed_number(const char*& at, const char* end, token_kind& kind);

    std::size_t token_limit_;
    bool counts_lines_;
    state state_ = state::start;
    char quote_ = '"';
    bool partial_given_ = false; ///< the last token's text lies in `partial_`
    std::string partial_;        ///< the token's bytes from earlier portions
    json_position next_;         ///< of the next byte
    json_position begin_;        ///< of the token begun
    bool counted_twice_ = false; ///< the next byte
};

} // namespace vigil::qmp_bridge

#endif
