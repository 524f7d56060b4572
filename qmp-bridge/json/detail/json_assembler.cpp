// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/json/detail/json_assembler.h>

#include <cassert>
#include <utility>

#include <vigil/qmp-bridge/json/detail/json_buffer.h>
#include <vigil/qmp-bridge/json/detail/json_number.h>
#include <vigil/qmp-bridge/json/detail/json_string.h>

namespace vigil::qmp_bridge {

namespace {

std::string_view between_quotes(std::string_view token) { return token.substr(1, token.size() - 2); }

} // namespace

void json_assembler::take(const json_token& token)
{
    if (!error_.empty()) return;
    auto& expected = expects();
    switch (expected) {
    case expectation::first_element:
        if (token.kind == token_kind::close_bracket) return close();
        return take_value(token);
    case expectation::first_key:
        if (token.kind == token_kind::close_brace) return close();
        return take_key(token);
    case expectation::key: return take_key(token);
    case expectation::value:
    case expectation::member: return take_value(token);
    case expectation::colon:
        if (token.kind != token_kind::colon) return fail("missing : in object pair", "expecting ':'");
        expected = expectation::member;
        return;
    case expectation::comma_in_array:
        if (token.kind == token_kind::close_bracket) return close();
        if (token.kind != token_kind::comma) return fail("expected separator in list", "expected ',' or ']'");
        expected = expectation::value;
        return;
    case expectation::comma_in_object:
        if (token.kind == token_kind::close_brace) return close();
        if (token.kind != token_kind::comma) return fail("expected separator in dict", "expected ',' or '}'");
        expected = expectation::key;
        return;
    }
}

void json_assembler::take_key(const json_token& token)
{
    if (token.kind != token_kind::string) {
        if (errors_ == json_errors::at_once) return fail("expecting key");
        return take_value(token); // and refuse it once it is complete
    }
    auto& object = open_.back();
    object.key = keys_.size();
    if (token.plain) {
        keys_.append(between_quotes(token.text));
    } else {
        std::string error;
        if (!decode_json_string(token.text, keys_, error)) return fail(std::move(error));
    }
    object.expects = expectation::colon;
}

void json_assembler::take_value(const json_token& token)
{
    switch (token.kind) {
    case token_kind::open_brace: open_.emplace_back(json::object_kind, storage_, expectation::first_key); return;
    case token_kind::open_bracket: open_.emplace_back(json::array_kind, storage_, expectation::first_element); return;
    case token_kind::string: return take_string(token);
    case token_kind::integer: return deliver(integer_value(token.text));
    case token_kind::real: return deliver(real_value(token.text));
    case token_kind::word:
        if (token.text == "true") return deliver(true);
        if (token.text == "false") return deliver(false);
        if (token.text == "null") return deliver(nullptr);
        return fail_at_word(token.text);
    default: return fail("expecting value");
    }
}

void json_assembler::take_string(const json_token& token)
{
    if (token.plain) return deliver(json::string_view(between_quotes(token.text)));
    json::string text(storage_);
    std::string error;
    if (!decode_json_string(token.text, text, error)) return fail(std::move(error));
    deliver(std::move(text));
}

void json_assembler::close()
{
    if (open_.size() == 1) return; // the value is complete
    json::value done = std::move(open_.back().container);
    open_.pop_back();
    deliver(std::move(done));
}

template <class Value> void json_assembler::deliver(Value&& value)
{
    if (open_.empty()) {
        result_.emplace(std::forward<Value>(value), storage_);
        return;
    }
    auto& parent = open_.back();
    switch (parent.expects) {
    case expectation::first_element:
    case expectation::value:
        parent.container.get_array().emplace_back(std::forward<Value>(value));
        parent.expects = expectation::comma_in_array;
        return;
    case expectation::member: {
        const auto key = std::string_view(keys_).substr(parent.key);
        if (!parent.container.get_object().emplace(key, std::forward<Value>(value)).second) {
            return fail("duplicate key");
        }
        keys_.resize(parent.key);
        parent.expects = expectation::comma_in_object;
        return;
    }
    default: return fail("key is not a string in object");
    }
}

void json_assembler::fail(std::string text)
{
    reset();
    error_ = "JSON parse error, " + std::move(text);
}

void json_assembler::fail(const char* text) { fail(std::string(text)); }

void json_assembler::fail(const char* old_text, const char* text)
{
    fail(errors_ == json_errors::at_once ? text : old_text);
}

void json_assembler::fail_at_word(std::string_view word) { fail("invalid keyword '" + std::string(word) + "'"); }

void json_assembler::finish(std::optional<json_item>& item)
{
    if (failed()) {
        item.emplace(json_error{std::move(error_)});
    } else {
        assert(open_.empty() ? result_.has_value() : open_.size() == 1);
        item.emplace(std::in_place_type<json::value>,
                     open_.empty() ? *std::move(result_) : std::move(open_.front().container));
    }
}

void json_assembler::reset()
{
    open_.clear();
    empty(keys_);
    result_.reset();
    error_.clear();
}

} // namespace vigil::qmp_bridge
