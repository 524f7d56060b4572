// SPDX-License-Identifier: Apache-2.0
// The TCO block's state as seen from outside: properties and snapshots.
#include <vigil/models/ich9_tco.h>

#include <algorithm>

using vigil::runstate::k_never;
using vigil::runstate::ns;
using vigil::runstate::property;
using vigil::runstate::property_value;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

constexpr const char* k_timer = "tco_timer";
constexpr const char* k_timeouts = "tco_timeouts";
constexpr std::uint64_t k_idle = ~std::uint64_t{0}; // the timer field of a watchdog that is not counting

/// A register's name in small letters, with that between its words.
std::string small(const char* name, char between)
{
    std::string text(name);
    for (char& c : text) {
        if (c == '_') c = between;
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

} // namespace

std::vector<property> ich9_tco::properties()
{
    std::vector<property> all;
    for (const register_row& row : register_table()) {
        all.push_back({small(row.name, '-'),
                       row.width == 1 ? "uint8" : "uint16",
                       std::string(row.name) + ": " + row.description + ".",
                       [this, &row] { return property_value(std::uint64_t{read_row(row, clock_.now())}); },
                       {}});
    }
    const auto time = [](ns t) { return property_value(t == k_never ? std::int64_t{-1} : std::int64_t{t.count()}); };
    all.push_back({"timeouts",
                   "uint8",
                   "The time-outs since the countdown was last started by TCO_RLD: 0 or 1.",
                   [this] { return property_value(std::uint64_t{timeouts_}); },
                   {}});
    all.push_back({"reboot-forbidden",
                   "bool",
                   "Whether the strap or GCS takes the effect from the second time-out.",
                   [this] { return property_value(reboot_forbidden()); },
                   {}});
    all.push_back({"remaining",
                   "int",
                   "What is left of the countdown, in virtual nanoseconds; -1 when stopped.",
                   [this, time] { return time(timer_.remaining()); },
                   {}});
    all.push_back({"deadline",
                   "int",
                   "When the countdown ends, in virtual nanoseconds; -1 when stopped.",
                   [this, time] { return time(timer_.deadline()); },
                   {}});
    return all;
}

saved_state ich9_tco::save() const
{
    saved_state state;
    for (const register_row& row : register_table()) {
        state.push_back({small(row.name, '_'), std::uint64_t{this->*row.value}});
    }
    state.push_back({k_timer, timer_.armed() ? static_cast<std::uint64_t>(timer_.deadline().count()) : k_idle});
    state.push_back({k_timeouts, std::uint64_t{timeouts_}});
    return state;
}

std::optional<std::string> ich9_tco::restore(const saved_state& state)
{
    runstate::saved_state_reader in(section(), state, k_saved_fields);
    std::array<std::uint16_t, k_registers> values{};
    for (std::size_t i = 0; i < k_registers; ++i) {
        const register_row& row = register_table()[i];
        const std::string name = small(row.name, '_');
        const std::uint64_t value = in.number(name, 0, UINT64_MAX);
        const auto possible = static_cast<std::uint16_t>(row.writable | row.own);
        in.require((value & ~std::uint64_t{possible}) == 0, "field '" + name + "' must have no bits outside " +
                                                                std::to_string(possible) + ", not " +
                                                                std::to_string(value));
        values[i] = static_cast<std::uint16_t>(value);
    }
    const std::uint64_t timer = in.number(k_timer, 0, UINT64_MAX);
    in.require(timer == k_idle || timer < static_cast<std::uint64_t>(k_never.count()),
               std::string("field '") + k_timer + "' must be below 2^63 - 1, or all ones when stopped, not " +
                   std::to_string(timer));
    const std::uint64_t timeouts = in.number(k_timeouts, 0, 1);
    if (in.fault()) return in.fault();
    for (std::size_t i = 0; i < k_registers; ++i) this->*register_table()[i].value = values[i];
    timeouts_ = static_cast<unsigned>(timeouts);
    if (timer == k_idle) {
        timer_.cancel();
    } else {
        timer_.arm(ns(static_cast<std::int64_t>(timer)));
    }
    follow_status();
    return std::nullopt;
}

} // namespace vigil::models
