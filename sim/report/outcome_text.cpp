// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/report/outcome_text.h>

#include <algorithm>
#include <numeric>

namespace vigil::sim {

std::optional<verdict> verdict_of(std::string_view word)
{
    const auto* const found = std::find_if(k_verdicts.begin(), k_verdicts.end(),
                                           [word](const verdict_word& row) { return row.word == word; });
    if (found == k_verdicts.end()) return std::nullopt;
    return found->end;
}

std::string text_of(const script_place& place)
{
    return place.line == 0 ? place.file : place.file + ":" + std::to_string(place.line);
}

std::string ending_of(const scenario_outcome& outcome)
{
    const std::string word(word_of(outcome.end));
    return outcome.end_detail.empty() ? word : word + " (" + outcome.end_detail + ")";
}

std::string headline_of(const scenario_outcome& outcome)
{
    if (!outcome.failure || outcome.failure->message.empty()) return ending_of(outcome);
    return outcome.failure->message;
}

std::string seconds_of(std::chrono::nanoseconds time)
{
    using namespace std::chrono;
    const auto whole = std::max<std::int64_t>(duration_cast<microseconds>(time).count(), 0);
    const std::string fraction = std::to_string(whole % 1'000'000);
    return std::to_string(whole / 1'000'000) + "." + std::string(6 - fraction.size(), '0') + fraction;
}

std::size_t totals::all() const { return std::accumulate(counts_.begin(), counts_.end(), std::size_t{0}); }

std::size_t totals::bad() const { return all() - of(verdict::passed) - of(verdict::skipped); }

} // namespace vigil::sim
