// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REPORT_OUTCOME_TEXT_H
#define VIGIL_SIM_REPORT_OUTCOME_TEXT_H

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <vigil/sim/report/scenario_outcome.h>

/// The words that every report uses for the same thing.
namespace vigil::sim {

struct verdict_word {
    verdict end;
    std::string_view word;
};

/// In the order of the enumeration.
inline constexpr std::array<verdict_word, 10> k_verdicts{{
    {verdict::passed, "passed"},
    {verdict::failed, "failed"},
    {verdict::error, "error"},
    {verdict::crashed, "crashed"},
    {verdict::exited, "exited"},
    {verdict::out_of_memory, "out of memory"},
    {verdict::timed_out, "timed out"},
    {verdict::interrupted, "interrupted"},
    {verdict::lost, "lost"},
    {verdict::skipped, "skipped"},
}};

constexpr std::size_t index_of(verdict end) { return static_cast<std::size_t>(end); }
constexpr std::string_view word_of(verdict end) { return k_verdicts.at(index_of(end)).word; }
std::optional<verdict> verdict_of(std::string_view word);

/// Whether a run with such a scenario has failed.
constexpr bool is_bad(verdict end) { return end != verdict::passed && end != verdict::skipped; }

/// "folder/file.tcl:12"; without the line where it is not known; empty where nothing is.
std::string text_of(const script_place& place);

/// "crashed (SIGSEGV)".
std::string ending_of(const scenario_outcome& outcome);

/// The one line that tells why it did not pass.
std::string headline_of(const scenario_outcome& outcome);

/// Seconds with six digits after the point.
std::string seconds_of(std::chrono::nanoseconds time);

/// How many scenarios ended how.
class totals {
public:
    void add(verdict end) { ++counts_.at(index_of(end)); }
    std::size_t of(verdict end) const { return counts_.at(index_of(end)); }
    std::size_t all() const;
    std::size_t bad() const;

private:
    std::array<std::size_t, k_verdicts.size()> counts_{};
};

} // namespace vigil::sim

#endif
