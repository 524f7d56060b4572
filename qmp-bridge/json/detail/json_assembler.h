// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_JSON_DETAIL_JSON_ASSEMBLER_H
#define VIGIL_QMP_BRIDGE_JSON_DETAIL_JSON_ASSEMBLER_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include <vigil/qmp-bridge/json/detail/json_lexer.h>
#include <vigil/qmp-bridge/json/json.h>

namespace vigil::qmp_bridge {

/// Builds one value from its tokens as they come, and remembers the first thing wrong with them. When a value ends is
/// the caller's business: without an error, it ends when the brackets balance.
class json_assembler {
public:
    explicit json_assembler(json_errors errors) noexcept : errors_(errors) {}

    /// Takes any token but a stray or an oversized one.
    void take(const json_token& token);

    /// Whether something is wrong.
    bool failed() const noexcept { return !error_.empty(); }

    /// The value or the first error; starts over.
    json_item finish();

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
        json::value container;
        std::size_t key; ///< where the pending key starts in `keys_`
        expectation expects;
    };

    void take_key(const json_token& token);
    void take_value(const json_token& token);
    void take_string(std::string_view token);
    void close();
    void deliver(json::value&& value);
    void fail(std::string text);
    /// Fails in the words of QEMU 7.2, or in those of 11.1.
    void fail(const char* old_text, const char* text) { fail(errors_ == json_errors::at_once ? text : old_text); }
    expectation& expects() { return open_.empty() ? top_expects_ : open_.back().expects; }

    json_errors errors_;
    expectation top_expects_ = expectation::value;
    std::vector<frame> open_;
    std::string keys_; ///< the pending keys of the open objects, outermost first
    json::value result_;
    std::string error_; ///< the first; empty while there is none
};

} // namespace vigil::qmp_bridge

#endif
