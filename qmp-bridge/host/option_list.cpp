// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/host/option_list.h>

#include <algorithm>
#include <numeric>

namespace vigil::qmp_bridge {

namespace {

// One part of the list, commas undoubled; `rest` moves behind it.
std::string next_part(std::string_view& rest)
{
    std::string part;
    while (!rest.empty()) {
        const char c = rest.front();
        rest.remove_prefix(1);
        if (c == ',') {
            if (rest.empty() || rest.front() != ',') return part;
            rest.remove_prefix(1);
        }
        part += c;
    }
    return part;
}

std::size_t edits_between(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

} // namespace

std::string one_line(std::string message)
{
    const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7F'; };
    std::replace_if(message.begin(), message.end(), is_control, '?');
    return message;
}

runstate::refusal refuse(std::string what) { return {one_line(std::move(what))}; }

runstate::refusal option_place::refuse(const std::string& what) const
{
    return qmp_bridge::refuse(text.empty() ? what : text + ": " + what);
}

std::optional<bool> parse_switch(std::string_view text) noexcept
{
    for (const std::string_view yes : {"on", "yes", "true", "y"}) {
        if (text == yes) return true;
    }
    for (const std::string_view no : {"off", "no", "false", "n"}) {
        if (text == no) return false;
    }
    return std::nullopt;
}

option_list option_list::parse(std::string_view text, std::string_view implied_key,
                               const std::vector<std::string_view>& negatable)
{
    option_list list;
    bool first = true;
    while (!text.empty()) {
        const std::string part = next_part(text);
        const std::size_t equals = part.find('=');
        const bool negated = part.rfind("no", 0) == 0 && std::find(negatable.begin(), negatable.end(),
                                                                   std::string_view(part).substr(2)) != negatable.end();
        if (first && equals == std::string::npos && !implied_key.empty()) {
            list.entries_.emplace_back(implied_key, part);
        } else if (equals != std::string::npos) {
            list.entries_.emplace_back(part.substr(0, equals), part.substr(equals + 1));
        } else if (negated) {
            list.entries_.emplace_back(part.substr(2), "off");
        } else {
            list.entries_.emplace_back(part, "on");
        }
        first = false;
    }
    list.taken_.resize(list.entries_.size());
    return list;
}

std::optional<std::string> option_list::take(std::string_view key)
{
    std::optional<std::string> value;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (entries_[i].first != key) continue;
        value = entries_[i].second;
        taken_[i] = true;
    }
    return value;
}

runstate::result<bool> option_list::take_switch(std::string_view key, bool fallback)
{
    const auto value = take(key);
    if (!value) return fallback;
    if (const auto given = parse_switch(*value)) return *given;
    return refuse("Parameter '" + std::string(key) + "' expects 'on' or 'off'");
}

std::optional<std::string> option_list::unknown_key() const
{
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (!taken_[i]) return entries_[i].first;
    }
    return std::nullopt;
}

std::optional<std::string> nearest_match(std::string_view word, const std::vector<std::string_view>& candidates)
{
    std::optional<std::string> best;
    if (word.empty()) return std::nullopt;
    std::size_t fewest = word.size() <= 3 ? 1 : std::max<std::size_t>(2, word.size() / 2);
    for (const std::string_view candidate : candidates) {
        const std::size_t edits = edits_between(word, candidate);
        if (edits < fewest || (edits == fewest && !best)) {
            fewest = edits;
            best = std::string(candidate);
        }
    }
    return best;
}

} // namespace vigil::qmp_bridge
