// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/json/detail/json_assembler.h>

#include <cassert>
#include <utility>

#include <vigil/qmp-bridge/json/detail/json_buffer.h>
#include <vigil/qmp-bridge/json/detail/json_number.h>
#include <vigil/qmp-bridge/json/detail/json_string.h>

namespace vigil::qmp_bridge {

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
    if (errors_ == json_errors::at_once && token.kind != token_kind::string) return fail("expecting key");
    take_value(token);
}

void json_assembler::take_value(const json_token& token)
{
    switch (token.kind) {
    case token_kind::open_brace: open_.push_back({json::value(json::object_kind), 0, expectation::first_key}); return;
    case token_kind::open_bracket:
        open_.push_back({json::value(json::array_kind), 0, expectation::first_element});
        return;
    case token_kind::string: return take_string(token.text);
    case token_kind::integer: return deliver(integer_value(token.text));
    case token_kind::real: return deliver(real_value(token.text));
    case token_kind::word:
        if (token.text == "true") return deliver(true);
        if (token.text == "false") return deliver(false);
        if (token.text == "null") return deliver(nullptr);
        return fail("invalid keyword '" + std::string(token.text) + "'");
    default: return fail("expecting value");
    }
}

void json_assembler::take_string(std::string_view token)
{
    auto& expected = expects();
    std::string error;
    if (expected == expectation::first_key || expected == expectation::key) {
        open_.back().key = keys_.size();
        if (!decode_json_string(token, keys_, error)) return fail(std::move(error));
        expected = expectation::colon;
        return;
    }
    json::value value(json::string_kind);
    if (!decode_json_string(token, value.get_string(), error)) return fail(std::move(error));
    deliver(std::move(value));
}

void json_assembler::close()
{
    json::value done = std::move(open_.back().container);
    open_.pop_back();
    deliver(std::move(done));
}

void json_assembler::deliver(json::value&& value)
{
    if (open_.empty()) {
        result_ = std::move(value);
        return;
    }
    auto& parent = open_.back();
    switch (parent.expects) {
    case expectation::first_element:
    case expectation::value:
        parent.container.get_array().push_back(std::move(value));
        parent.expects = expectation::comma_in_array;
        return;
    case expectation::member: {
        const auto key = std::string_view(keys_).substr(parent.key);
        if (!parent.container.get_object().emplace(key, std::move(value)).second) return fail("duplicate key");
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

json_item json_assembler::finish()
{
    json_item item;
    if (error_.empty()) {
        assert(open_.empty());
        item = std::move(result_);
    } else {
        item = json_error{std::move(error_)};
    }
    reset();
    return item;
}

void json_assembler::reset()
{
    open_.clear();
    empty(keys_);
    result_ = nullptr;
    error_.clear();
}

} // namespace vigil::qmp_bridge
