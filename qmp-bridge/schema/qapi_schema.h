// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SCHEMA_QAPI_SCHEMA_H
#define VIGIL_QMP_BRIDGE_SCHEMA_QAPI_SCHEMA_H

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/json/json.h>
#include <vigil/qmp-bridge/schema/gathered_text.h>
#include <vigil/qmp-bridge/schema/vocabulary.h>
#include <vigil/runstate/inspectable.h>
#include <vigil/runstate/result.h>
#include <vigil/runstate/wire_names.h>

/// How the types that QMP speaks are described, once each (see qapi_types.h), and what follows from a description:
/// checking and reading arguments, printing, and tables to list.
namespace vigil::qmp_bridge {

using runstate::error_class;
using runstate::refusal;
using runstate::result;

// How a type is described: a specialisation of `described` with the QAPI name and, for a struct, its members.

/// The vocabularies that have something: all from the first to the last.
struct spoken {
    vocabulary since = vocabulary::v2_10;
    vocabulary until = k_newest_vocabulary;

    constexpr bool in(vocabulary words) const noexcept { return since <= words && words <= until; }
};

/// One member of a struct: its name on the wire, where it is (a pointer to member, or a function of the struct), and
/// the vocabularies that have it.
template <class Access> struct member {
    constexpr member(std::string_view wire_name, Access from, vocabulary first = vocabulary::v2_10,
                     vocabulary last = k_newest_vocabulary)
        : name(wire_name), access(from), words{first, last}
    {
    }

    std::string_view name;
    Access access;
    spoken words;
};

/// What an enumeration's description says unless it says otherwise.
struct enum_description {
    /// The vocabulary that first has `value`.
    template <class Enum> static constexpr vocabulary since(Enum /*value*/) { return vocabulary::v2_10; }
};

/// The description of `T`; see the specialisations. That of a union names the member that tells the branches apart, as
/// `tag`, and its enumeration, as `tag_type`; `members` are those that all branches share, and `branches` leads to a
/// std::variant with an alternative for each value of the enumeration, in order.
template <class T> struct described;

// The descriptions as plain tables.

/// The rows of a constexpr table.
template <class Row> class rows {
public:
    constexpr rows() = default;
    template <std::size_t N> constexpr rows(const std::array<Row, N>& table) : first_(table.data()), size_(N) {}

    constexpr const Row* begin() const noexcept { return first_; }
    constexpr const Row* end() const noexcept { return first_ + size_; }
    constexpr std::size_t size() const noexcept { return size_; }

private:
    const Row* first_ = nullptr;
    std::size_t size_ = 0;
};

/// The kinds of types.
enum class qapi_kind : std::uint8_t { boolean, integer, number, string, enumeration, array, object, any };

/// One value of an enumeration.
struct qapi_value {
    std::string_view name;
    vocabulary since;
};

struct qapi_member;
struct qapi_branch;

/// A type.
struct qapi_type {
    qapi_kind kind;
    std::string_view name;              ///< QAPI's; empty for an array or an implicit object
    rows<qapi_value> values{};          ///< of an enumeration
    const qapi_type* element = nullptr; ///< of an array
    rows<qapi_member> members{};        ///< of an object
    rows<qapi_branch> branches{};       ///< of a union: the first member says which one applies
};

/// One member of an object type.
struct qapi_member {
    std::string_view name;
    const qapi_type* type;
    bool optional;
    spoken words;
};

/// A branch of a union: the value that selects it, and an object type whose members join the union's own.
struct qapi_branch {
    std::string_view name;
    const qapi_type* type;
    vocabulary since;
};

namespace detail {

template <class T> struct is_optional : std::false_type {
};
template <class T> struct is_optional<std::optional<T>> : std::true_type {
};
template <class T> struct is_vector : std::false_type {
};
template <class T> struct is_vector<std::vector<T>> : std::true_type {
};

template <class T> struct without_optional {
    using type = T;
};
template <class T> struct without_optional<std::optional<T>> {
    using type = T;
};

template <class T>
inline constexpr bool is_text = std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>;

/// What member `Access` of `Struct` holds, `std::optional` included.
template <class Struct, class Access> using held = std::decay_t<std::invoke_result_t<Access, const Struct&>>;

template <class T, class = void> struct is_union : std::false_type {
};
template <class T> struct is_union<T, std::void_t<decltype(described<T>::tag)>> : std::true_type {
};

/// The std::variant of a union's branches.
template <class Union> using branches_of = held<Union, decltype(described<Union>::branches)>;

template <class Enum, std::size_t... Index>
constexpr std::array<qapi_value, sizeof...(Index)> values_of(std::index_sequence<Index...>)
{
    return {qapi_value{runstate::wire_names<Enum>::values[Index], described<Enum>::since(static_cast<Enum>(Index))}...};
}

template <class Enum>
inline constexpr auto k_values = values_of<Enum>(std::make_index_sequence<runstate::wire_names<Enum>::values.size()>{});

template <class T> constexpr qapi_type describe();

} // namespace detail

/// `T` as a table.
template <class T> inline constexpr qapi_type k_type = detail::describe<T>();

namespace detail {

template <class Struct, class Access> constexpr qapi_member describe_member(const member<Access>& one)
{
    using type = held<Struct, Access>;
    return {one.name, &k_type<typename without_optional<type>::type>, is_optional<type>::value, one.words};
}

template <class Struct>
inline constexpr auto k_members = std::apply(
    [](const auto&... one) {
        if constexpr (is_union<Struct>::value) {
            const qapi_member tag{described<Struct>::tag, &k_type<typename described<Struct>::tag_type>, false, {}};
            return std::array<qapi_member, 1 + sizeof...(one)>{tag, describe_member<Struct>(one)...};
        } else {
            return std::array<qapi_member, sizeof...(one)>{describe_member<Struct>(one)...};
        }
    },
    described<Struct>::members);

template <class Tag, class Branches, std::size_t... Index>
constexpr std::array<qapi_branch, sizeof...(Index)> branch_rows(std::index_sequence<Index...>)
{
    static_assert(sizeof...(Index) == runstate::wire_names<Tag>::values.size(), "a branch for each value of the tag");
    return {qapi_branch{runstate::wire_names<Tag>::values[Index], &k_type<std::variant_alternative_t<Index, Branches>>,
                        described<Tag>::since(static_cast<Tag>(Index))}...};
}

template <class Union>
inline constexpr auto k_branches = branch_rows<typename described<Union>::tag_type, branches_of<Union>>(
    std::make_index_sequence<std::variant_size_v<branches_of<Union>>>{});

template <class T> constexpr qapi_type describe()
{
    if constexpr (std::is_same_v<T, bool>) {
        return {qapi_kind::boolean, "bool"};
    } else if constexpr (std::is_integral_v<T>) {
        return {qapi_kind::integer, "int"};
    } else if constexpr (std::is_floating_point_v<T>) {
        return {qapi_kind::number, "number"};
    } else if constexpr (is_text<T>) {
        return {qapi_kind::string, "str"};
    } else if constexpr (std::is_same_v<T, runstate::property_value> || std::is_same_v<T, json::value>) {
        return {qapi_kind::any, "any"};
    } else if constexpr (std::is_enum_v<T>) {
        return {qapi_kind::enumeration, described<T>::name, k_values<T>};
    } else if constexpr (is_vector<T>::value) {
        return {qapi_kind::array, {}, {}, &k_type<typename T::value_type>};
    } else if constexpr (is_union<T>::value) {
        return {qapi_kind::object, described<T>::name, {}, nullptr, k_members<T>, k_branches<T>};
    } else {
        return {qapi_kind::object, described<T>::name, {}, nullptr, k_members<T>};
    }
}

} // namespace detail

// Reading.

/// What is wrong with a command's arguments, in QEMU's words, or nothing: members are looked at in schema order, then
/// those that the schema does not have.
std::optional<refusal> check_arguments(const qapi_type& type, const json::object& arguments, vocabulary words);

/// Arguments that `check_arguments` passed, as the C++ type.
template <class T> T read_checked(const json::object& object);

/// A value that `check_arguments` passed, as the C++ type.
template <class T> T read_checked(const json::value& value)
{
    if constexpr (std::is_same_v<T, json::value>) {
        return json::value(value, json::storage_ptr()); // on the heap, where it may outlive its request
    } else if constexpr (std::is_same_v<T, bool>) {
        return value.get_bool();
    } else if constexpr (std::is_integral_v<T>) {
        return value.to_number<T>();
    } else if constexpr (std::is_floating_point_v<T>) {
        return value.to_number<T>();
    } else if constexpr (detail::is_text<T>) {
        return T(as_view(value.get_string()));
    } else if constexpr (std::is_enum_v<T>) {
        return *runstate::from_string<T>(as_view(value.get_string()));
    } else if constexpr (detail::is_vector<T>::value) {
        T all;
        for (const json::value& one : value.get_array()) all.push_back(read_checked<typename T::value_type>(one));
        return all;
    } else {
        return read_checked<T>(value.get_object());
    }
}

/// Makes `branches` the alternative of that index, with what `object` holds for it.
template <class Branches, std::size_t... Index>
void read_branch(Branches& branches, std::size_t which, const json::object& object, std::index_sequence<Index...>)
{
    const auto read_one = [&](auto index) {
        constexpr std::size_t k_index = decltype(index)::value;
        if (which != k_index) return;
        branches.template emplace<k_index>(read_checked<std::variant_alternative_t<k_index, Branches>>(object));
    };
    (read_one(std::integral_constant<std::size_t, Index>{}), ...);
}

template <class T> T read_checked(const json::object& object)
{
    T all{};
    const auto read_member = [&](const auto& one) {
        using type = std::decay_t<decltype(all.*one.access)>;
        const json::value* value = object.if_contains(one.name);
        if (value) all.*one.access = read_checked<typename detail::without_optional<type>::type>(*value);
    };
    std::apply([&](const auto&... one) { (read_member(one), ...); }, described<T>::members);
    if constexpr (detail::is_union<T>::value) {
        using tag = typename described<T>::tag_type;
        const auto which = static_cast<std::size_t>(read_checked<tag>(object.at(described<T>::tag)));
        auto& branches = all.*described<T>::branches;
        read_branch(branches, which, object, std::make_index_sequence<std::variant_size_v<detail::branches_of<T>>>{});
    }
    return all;
}

// Printing.

namespace detail {

/// How a member of that name begins, after another: `, "name": `; with its value, where that is known.
template <std::size_t Size>
constexpr std::array<char, Size + 6> beginning_of(std::string_view name, std::string_view value = {})
{
    std::array<char, Size + 6> text{};
    std::size_t size = 0;
    for (const std::string_view piece : {std::string_view(", \""), name, std::string_view("\": "), value}) {
        for (const char c : piece) text[size++] = c;
    }
    return text;
}

template <class Struct, std::size_t Index>
inline constexpr std::string_view k_name = std::get<Index>(described<Struct>::members).name;
template <class Struct, std::size_t Index>
inline constexpr auto k_beginning = beginning_of<k_name<Struct, Index>.size()>(k_name<Struct, Index>);
template <class Struct, std::size_t Index>
inline constexpr auto k_true_member = beginning_of<k_name<Struct, Index>.size() + 4>(k_name<Struct, Index>, "true");
template <class Struct, std::size_t Index>
inline constexpr auto k_false_member = beginning_of<k_name<Struct, Index>.size() + 5>(k_name<Struct, Index>, "false");
template <class Union>
inline constexpr auto
    k_beginning_of_tag = beginning_of<std::string_view(described<Union>::tag).size()>(described<Union>::tag);

/// Appends it; the first member has no separator before it.
template <std::size_t Size> void begin_member(gathered_text& out, const std::array<char, Size>& beginning, bool& first)
{
    constexpr std::size_t k_separator = 2;
    if (std::exchange(first, false)) {
        out.append(beginning.data() + k_separator, Size - k_separator);
    } else {
        out.append(beginning.data(), Size);
    }
}

/// Appends the members of `value`, a union's tag and branch included.
template <class T> void print_members(gathered_text& out, const T& value, vocabulary words, bool& first);

template <class T> void print(gathered_text& out, const T& value, vocabulary words)
{
    if constexpr (std::is_same_v<T, bool>) {
        out += std::string_view(value ? "true" : "false");
    } else if constexpr (std::is_integral_v<T>) {
        std::array<char, 24> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
    } else if constexpr (std::is_floating_point_v<T>) {
        print_json(out.flush(), json::value(value));
    } else if constexpr (is_text<T>) {
        print_json_string(out.flush(), value);
    } else if constexpr (std::is_same_v<T, json::value>) {
        print_json(out.flush(), value);
    } else if constexpr (std::is_same_v<T, runstate::property_value>) {
        std::visit([&](const auto& held) { print(out, held, words); }, value);
    } else if constexpr (std::is_enum_v<T>) {
        out += '"'; // in which nothing is to be escaped
        out += runstate::to_string(value);
        out += '"';
    } else if constexpr (is_vector<T>::value) {
        std::string_view separator;
        out += '[';
        for (const auto& one : value) {
            out += std::exchange(separator, ", ");
            print(out, one, words);
        }
        out += ']';
    } else {
        bool first = true;
        out += '{';
        print_members(out, value, words, first);
        out += '}';
    }
}

template <class T, std::size_t Index>
void print_member(gathered_text& out, const T& value, vocabulary words, bool& first)
{
    constexpr auto& one = std::get<Index>(described<T>::members);
    if (!one.words.in(words)) return;
    decltype(auto) held = std::invoke(one.access, value);
    if constexpr (is_optional<std::decay_t<decltype(held)>>::value) {
        if (!held) return;
        begin_member(out, k_beginning<T, Index>, first);
        print(out, *held, words);
    } else if constexpr (std::is_same_v<std::decay_t<decltype(held)>, bool>) {
        held ? begin_member(out, k_true_member<T, Index>, first) : begin_member(out, k_false_member<T, Index>, first);
    } else {
        begin_member(out, k_beginning<T, Index>, first);
        print(out, held, words);
    }
}

template <class T, std::size_t... Index>
void print_own_members([[maybe_unused]] gathered_text& out, [[maybe_unused]] const T& value,
                       [[maybe_unused]] vocabulary words, [[maybe_unused]] bool& first, std::index_sequence<Index...>)
{
    (print_member<T, Index>(out, value, words, first), ...);
}

template <class T> void print_members(gathered_text& out, const T& value, vocabulary words, bool& first)
{
    using own = std::make_index_sequence<std::tuple_size_v<std::decay_t<decltype(described<T>::members)>>>;
    if constexpr (is_union<T>::value) {
        const auto& branches = std::invoke(described<T>::branches, value);
        begin_member(out, k_beginning_of_tag<T>, first);
        print(out, static_cast<typename described<T>::tag_type>(branches.index()), words);
        print_own_members(out, value, words, first, own{});
        std::visit([&](const auto& branch) { print_members(out, branch, words, first); }, branches);
    } else {
        print_own_members(out, value, words, first, own{});
    }
}

} // namespace detail

/// Appends `value` on one line, with the members that the vocabulary has, in schema order.
template <class T> void print(std::string& out, const T& value, vocabulary words)
{
    gathered_text text(out);
    detail::print(text, value, words);
    text.flush();
}

/// Whether the vocabulary has words for `event`: for itself, and for each enumeration value that it would say.
template <class Event> bool can_say(const Event& event, vocabulary words)
{
    const auto can_say_member = [&](const auto& one) {
        using type = detail::held<Event, decltype(one.access)>;
        if constexpr (std::is_enum_v<type>) {
            return !one.words.in(words) || described<type>::since(std::invoke(one.access, event)) <= words;
        } else {
            return true;
        }
    };
    return described<Event>::since <= words &&
           std::apply([&](const auto&... one) { return (can_say_member(one) && ...); }, described<Event>::members);
}

} // namespace vigil::qmp_bridge

#endif
