// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_STATE_TABLE_H
#define VIGIL_RUNSTATE_STATE_TABLE_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <vigil/runstate/clock/time.h>
#include <vigil/runstate/facts.h>
#include <vigil/runstate/inspectable.h>
#include <vigil/runstate/snapshot/saved_state.h>

/// A component's state as a plain struct, and a table that says of each variable how it is saved, checked, reset and
/// shown. What a variable is after power-on stands in the struct's declaration. One variable more is its declaration
/// and one row:
///
///     struct state {
///         bool enabled = false;
///         std::uint32_t preload = 0xFFFFF;
///     };
///     constexpr std::array k_state{
///         state_flag<&state::enabled>("enabled").shown("enabled", "Whether the watchdog counts."),
///         state_number<&state::preload>("preload", 0, 0xFFFFF).survives_reset(),
///     };
namespace vigil::runstate {

/// One variable of `State`; made by the functions below.
template <class State> struct state_row {
    const char* field; ///< the name of its field in a snapshot
    decltype(saved_field::value) (*save)(const State& from);
    void (*load)(const state_row& row, saved_state_reader& in, State& to); ///< takes the next field and checks it
    void (*copy)(const State& from, State& to);
    property_value (*show)(const state_row& row, const State& from);
    const char* type;                   ///< of the property: QOM's word
    std::uint64_t least = 0;            ///< of a number
    std::uint64_t most = 0;             ///< of a number; the bits that it may have; how many bytes
    const char* idle = nullptr;         ///< what a timer is that has no deadline
    const char* const* words = nullptr; ///< the names of a choice's values
    bool cleared_by_reset = true;       ///< false: by power-on (cold) only
    const char* property = nullptr;     ///< a read-only one; null: none
    const char* description = nullptr;  ///< of the property

    constexpr state_row survives_reset() const
    {
        state_row row = *this;
        row.cleared_by_reset = false;
        return row;
    }
    constexpr state_row shown(const char* as, const char* what_it_is) const
    {
        state_row row = *this;
        row.property = as;
        row.description = what_it_is;
        return row;
    }
};

/// The rows of a component, which stand in an array somewhere.
template <class State> class state_table {
public:
    template <std::size_t N>
    constexpr state_table(const std::array<state_row<State>, N>& rows) noexcept : rows_(rows.data()), size_(N)
    {
    }
    constexpr const state_row<State>* begin() const noexcept { return rows_; }
    constexpr const state_row<State>* end() const noexcept { return rows_ + size_; }
    constexpr std::size_t size() const noexcept { return size_; }

private:
    const state_row<State>* rows_;
    std::size_t size_;
};

/// What a row needs to know of a member of the state: a bool, a number, an enumeration, a time or bytes.
template <auto Member> struct state_variable;
template <class State, class Type, Type State::*Member> struct state_variable<Member> {
    using state = State;
    using row = state_row<State>;
    using bytes = std::vector<std::uint8_t>;

    static constexpr bool is_bytes = std::is_same_v<Type, bytes>;
    static constexpr bool is_time = std::is_same_v<Type, ns>;

    static std::uint64_t number(const State& from)
    {
        if constexpr (is_time) {
            return static_cast<std::uint64_t>((from.*Member).count());
        } else {
            return static_cast<std::uint64_t>(from.*Member);
        }
    }
    static Type of_number(std::uint64_t value)
    {
        if constexpr (is_time) {
            return ns(static_cast<std::int64_t>(value));
        } else {
            return static_cast<Type>(value);
        }
    }

    static decltype(saved_field::value) save(const State& from)
    {
        if constexpr (is_bytes) {
            return from.*Member;
        } else {
            return number(from);
        }
    }
    static decltype(saved_field::value) save_deadline(const State& from)
    {
        return from.*Member == k_never ? k_no_deadline : number(from);
    }

    static void load_number(const row& its, saved_state_reader& in, State& to)
    {
        to.*Member = of_number(in.number(its.field, its.least, its.most));
    }
    static void load_bits(const row& its, saved_state_reader& in, State& to)
    {
        to.*Member = of_number(in.bits(its.field, its.most));
    }
    static void load_deadline(const row& its, saved_state_reader& in, State& to)
    {
        const std::uint64_t value = in.number(its.field, 0, std::numeric_limits<std::uint64_t>::max());
        in.require(value == k_no_deadline || value < static_cast<std::uint64_t>(k_never.count()),
                   std::string("field '") + its.field + "' must be below 2^63 - 1, or all ones when " + its.idle +
                       ", not " + std::to_string(value));
        to.*Member = value == k_no_deadline ? k_never : of_number(value);
    }
    static void load_bytes(const row& its, saved_state_reader& in, State& to)
    {
        to.*Member = in.bytes(its.field);
        in.require((to.*Member).size() <= its.most, std::string("field '") + its.field + "' must have at most " +
                                                        std::to_string(its.most) + " bytes, not " +
                                                        std::to_string((to.*Member).size()));
    }

    static void copy(const State& from, State& to) { to.*Member = from.*Member; }

    static property_value show(const row& its, const State& from)
    {
        if (its.words != nullptr) return std::string(its.words[number(from)]);
        if constexpr (std::is_same_v<Type, bool>) return from.*Member;
        return number(from);
    }

    static constexpr const char* type()
    {
        if constexpr (std::is_same_v<Type, bool>) return "bool";
        constexpr const char* k_types[]{"uint8", "uint16", "uint32", "uint32", "uint64"};
        return k_types[sizeof(Type) / 2];
    }

private:
    static constexpr std::uint64_t k_no_deadline = std::numeric_limits<std::uint64_t>::max();
};

/// A bool; 0 or 1 in a snapshot.
template <auto Member> constexpr auto state_flag(const char* field)
{
    using variable = state_variable<Member>;
    return typename variable::row{
        field, variable::save, variable::load_number, variable::copy, variable::show, variable::type(), 0, 1};
}

/// A number, or a time, from `least` to `most`.
template <auto Member> constexpr auto state_number(const char* field, std::uint64_t least, std::uint64_t most)
{
    using variable = state_variable<Member>;
    return typename variable::row{
        field, variable::save, variable::load_number, variable::copy, variable::show, variable::type(), least, most};
}

/// A number that has no bits outside `mask`.
template <auto Member> constexpr auto state_bits(const char* field, std::uint64_t mask)
{
    using variable = state_variable<Member>;
    return typename variable::row{
        field, variable::save, variable::load_bits, variable::copy, variable::show, variable::type(), 0, mask};
}

/// When a timer ends, k_never where it is `idle` (the word for it); all ones then in a snapshot.
template <auto Member> constexpr auto state_deadline(const char* field, const char* idle)
{
    using variable = state_variable<Member>;
    return typename variable::row{
        field, variable::save_deadline, variable::load_deadline, variable::copy, variable::show, variable::type(), 0, 0,
        idle};
}

/// An enumeration, whose values from 0 on have these names; shown by name.
template <auto Member, std::size_t N>
constexpr auto state_choice(const char* field, const std::array<const char*, N>& words)
{
    using variable = state_variable<Member>;
    return
        typename variable::row{field, variable::save, variable::load_number, variable::copy, variable::show, "str", 0,
                               N - 1, nullptr,        words.data()};
}

/// At most `most` bytes.
template <auto Member> constexpr auto state_bytes(const char* field, std::size_t most)
{
    using variable = state_variable<Member>;
    return typename variable::row{field, variable::save, variable::load_bytes, variable::copy, nullptr, "", 0, most};
}

/// Adds a field for each row.
template <class Rows, class State> void append_fields(saved_state& to, const Rows& rows, const State& state)
{
    for (const auto& row : rows) to.push_back({row.field, row.save(state)});
}

/// A field for each row.
template <class Rows, class State> saved_state save_state(const Rows& rows, const State& state)
{
    saved_state all;
    append_fields(all, rows, state);
    return all;
}

/// The state that the next fields say, to be taken over once `in` has no fault; `now` is where a variable without a row
/// stays.
template <class Rows, class State> State load_state(saved_state_reader& in, const Rows& rows, const State& now)
{
    State then = now;
    for (const auto& row : rows) row.load(row, in, then);
    return then;
}

/// `prepare` of a component that consists of its rows, with nothing that depends on them.
template <class Rows, class State>
prepared_restore prepare_state(std::string_view section, const saved_state& saved, const Rows& rows, State& state)
{
    saved_state_reader in(section, saved, rows.size());
    const State then = load_state(in, rows, state);
    if (in.fault()) return *in.fault();
    return [&state, then] { state = then; };
}

/// A reset: the variables that it clears are as in `fresh`; after power-on (cold) all of them.
template <class Rows, class State>
void reset_state(const Rows& rows, State& state, reset_kind kind, const State& fresh = State())
{
    for (const auto& row : rows) {
        if (row.cleared_by_reset || kind == reset_kind::cold) row.copy(fresh, state);
    }
}

/// Adds the properties that rows declare; `state` outlives them.
template <class Rows, class State>
void append_properties(std::vector<property>& to, const Rows& rows, const State& state)
{
    for (const auto& row : rows) {
        if (row.property == nullptr) continue;
        to.push_back({row.property, row.type, row.description, [&row, &state] { return row.show(row, state); }, {}});
    }
}

} // namespace vigil::runstate

#endif
