// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_JSON_DETAIL_JSON_ASSEMBLER_H
#define VIGIL_QMP_BRIDGE_JSON_DETAIL_JSON_ASSEMBLER_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

#include <vigil/qmp-bridge/json/detail/json_lexer.h>
#include <vigil/qmp-bridge/json/json.h>

namespace vigil::qmp_bridge {

/// Builds one value from its tokens as they come, and remembers the first thing wrong with them. When a value ends is
/// the caller's business: without an error, it ends when the brackets balance.
class json_assembler {
public:
    /// `storage` is for the values.
    json_assembler(json_errors errors, json::storage_ptr storage) noexcept
        : errors_(errors), storage_(std::move(storage))
    {
    }

    /// Takes any token but a stray or an oversized one.
    void take(const json_token& token);

    /// Whether something is wrong.
    bool failed() const noexcept { return !error_.empty(); }

    /// Makes `item` the value or the first error; to be followed by `reset`.
    void finish(std::optional<json_item>& item);

    /// Starts over.
    void reset();

private:
    /// What may come next, at the innermost open container or at the top.
    enum class expectation : std::uint8_t {
        value,
        first_element, ///< or the end of the array
        comma_in_array,
        first_key, ///< or the end of the object
        key,
        colon,
        member,
        comma_in_object,
    };

    struct frame {
        template <class Kind>
        frame(Kind kind, const json::storage_ptr& storage, expectation first) : container(kind, storage), expects(first)
        {
        }

        json::value container;
        std::size_t key = 0; ///< where the pending key starts in `keys_`
        expectation expects;
    };

    void take_key(const json_token& token);
    void take_value(const json_token& token);
    void take_string(const json_token& token);
    void close();
    template <class Value> void deliver(Value&& value);
    // Each is a call of its own, so that what goes well has no string to make or to unwind.
    void fail(std::string text);
    void fail(const char* text);
    void fail(const char* old_text, const char* text); ///< in the words of QEMU 7.2, or in those of 11.1
    void fail_at_word(std::string_view word);
    expectation& expects() { return open_.empty() ? top_expects_ : open_.back().expects; }

    json_errors errors_;
    json::storage_ptr storage_;
    expectation top_expects_ = expectation::value;
    std::vector<frame> open_;           ///< outermost first, which stays when it is closed
    std::string keys_;                  ///< the pending keys of the open objects, outermost first
    std::optional<json::value> result_; ///< where it is no container
    std::string error_;                 ///< the first; empty while there is none
};

} // namespace vigil::qmp_bridge

#endif
