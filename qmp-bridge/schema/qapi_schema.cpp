// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/schema/qapi_schema.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace vigil::qmp_bridge {

namespace {

// Where a value stands among the arguments: a member of an object or an element of an array, inside another or not.
struct place {
    const place* outer = nullptr;
    std::string_view name; // of a member; empty for an element and for the arguments as a whole
    std::size_t index = 0; // of an element
};

// The place as errors spell it: 'enable[0]', 'outer.inner'.
std::string spelt(const place& at)
{
    std::string text;
    if (at.outer) text = spelt(*at.outer);
    if (!at.name.empty()) {
        if (!text.empty()) text += '.';
        text += at.name;
    } else if (at.outer) {
        text += '[' + std::to_string(at.index) + ']';
    }
    return text;
}

// A kind as errors spell it.
constexpr std::string_view expected(qapi_kind kind)
{
    switch (kind) {
    case qapi_kind::boolean: return "boolean";
    case qapi_kind::integer: return "integer";
    case qapi_kind::number: return "number";
    case qapi_kind::string:
    case qapi_kind::enumeration: return "string";
    case qapi_kind::array: return "array";
    case qapi_kind::object: return "object";
    case qapi_kind::any: return "any";
    }
    return {};
}

bool is_of_kind(const json::value& value, qapi_kind kind)
{
    switch (kind) {
    case qapi_kind::boolean: return value.is_bool();
    case qapi_kind::integer:
        return value.is_int64() ||
               (value.is_uint64() && value.get_uint64() <= std::uint64_t(std::numeric_limits<std::int64_t>::max()));
    case qapi_kind::number: return value.is_number();
    case qapi_kind::string:
    case qapi_kind::enumeration: return value.is_string();
    case qapi_kind::array: return value.is_array();
    case qapi_kind::object: return value.is_object();
    case qapi_kind::any: return true;
    }
    return false;
}

std::optional<refusal> check_members(const qapi_type& type, const json::object& object, const place& at,
                                     vocabulary words);

std::optional<refusal> check(const qapi_type& type, const json::value& value, const place& at, vocabulary words)
{
    if (!is_of_kind(value, type.kind)) {
        return refusal{"Invalid parameter type for '" + spelt(at) + "', expected: " + std::string(expected(type.kind))};
    }
    if (type.kind == qapi_kind::enumeration) {
        const std::string_view text = as_view(value.get_string());
        const bool known = std::any_of(type.values.begin(), type.values.end(),
                                       [&](const qapi_value& one) { return one.since <= words && one.name == text; });
        if (known) return std::nullopt;
        // An element of an array has no name of its own, and QEMU says so.
        const std::string_view name = at.name.empty() ? "null" : at.name;
        return refusal{"Parameter '" + std::string(name) + "' does not accept value '" + std::string(text) + "'"};
    }
    if (type.kind == qapi_kind::array) {
        place element{&at, {}, 0};
        for (const json::value& one : value.get_array()) {
            if (auto error = check(*type.element, one, element, words)) return error;
            ++element.index;
        }
        return std::nullopt;
    }
    if (type.kind == qapi_kind::object) return check_members(type, value.get_object(), at, words);
    return std::nullopt;
}

// The branch of a union that `object`, whose tag has been checked, selects; null where `type` is no union.
const qapi_type* selected_branch(const qapi_type& type, const json::object& object)
{
    if (type.branches.size() == 0) return nullptr;
    const std::string_view tag = as_view(object.at(type.members.begin()->name).get_string());
    const auto is_selected = [&](const qapi_branch& one) { return one.name == tag; };
    return std::find_if(type.branches.begin(), type.branches.end(), is_selected)->type;
}

// Checks those members of `object` that the table has; adds to `known` how many there are.
std::optional<refusal> check_known(const rows<qapi_member>& members, const json::object& object, const place& at,
                                   vocabulary words, std::size_t& known)
{
    for (const qapi_member& one : members) {
        if (!one.words.in(words)) continue;
        const place member_at{&at, one.name, 0};
        if (const json::value* value = object.if_contains(one.name)) {
            ++known;
            if (auto error = check(*one.type, *value, member_at, words)) return error;
        } else if (!one.optional) {
            return refusal{"Parameter '" + spelt(member_at) + "' is missing"};
        }
    }
    return std::nullopt;
}

bool has_member(const qapi_type& type, std::string_view name, vocabulary words)
{
    return std::any_of(type.members.begin(), type.members.end(),
                       [&](const qapi_member& one) { return one.words.in(words) && one.name == name; });
}

std::optional<refusal> check_members(const qapi_type& type, const json::object& object, const place& at,
                                     vocabulary words)
{
    std::size_t known = 0;
    if (auto error = check_known(type.members, object, at, words, known)) return error;
    const qapi_type* branch = selected_branch(type, object);
    if (branch != nullptr) {
        if (auto error = check_known(branch->members, object, at, words, known)) return error;
    }
    if (known == object.size()) return std::nullopt;
    for (const json::key_value_pair& pair : object) {
        const std::string_view name = key_of(pair);
        if (has_member(type, name, words) || (branch != nullptr && has_member(*branch, name, words))) continue;
        return refusal{"Parameter '" + spelt({&at, name, 0}) + "' is unexpected"};
    }
    return std::nullopt;
}

} // namespace

std::optional<refusal> check_arguments(const qapi_type& type, const json::object& arguments, vocabulary words)
{
    if (type.members.size() == 0 && arguments.empty()) return std::nullopt;
    return check_members(type, arguments, place{}, words);
}

} // namespace vigil::qmp_bridge
