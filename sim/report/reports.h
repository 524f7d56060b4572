// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REPORT_REPORTS_H
#define VIGIL_SIM_REPORT_REPORTS_H

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <vigil/runstate/result.h>
#include <vigil/sim/report/outcome_text.h>
#include <vigil/sim/report/scenario_outcome.h>

namespace vigil::sim {

/// Where the reports go; a missing one is not written. "-" is the standard output, for `tap` or `jsonl`.
struct report_paths {
    std::optional<std::string> junit;
    std::optional<std::string> tap;
    std::optional<std::string> jsonl;
    std::optional<std::string> html;
};

/// What is known of a run only as a whole.
struct run_summary {
    std::string title = "vigil-run";
    std::chrono::system_clock::time_point began{};
    std::chrono::nanoseconds wall_time{0};
    std::uint64_t seed = 0;
    unsigned shard = 1; ///< from 1
    unsigned shards = 1;
    std::vector<std::string> remarks; ///< what a reader must know of the whole: a missing shard, an interruption
};

/// The reports of a run, written as the outcomes come in. A file gets its name once it is complete, so that none is
/// ever half written; one that can't be written is told of, and the others go on.
class reports {
public:
    explicit reports(const report_paths& paths);
    ~reports();
    reports(reports&&) noexcept;
    reports& operator=(reports&&) noexcept;

    /// Why reports can't be written, one refusal for each of them; so far.
    std::vector<runstate::refusal> refusals() const;

    void add(const scenario_outcome& outcome);

    /// Completes every report. To be called once, as the last. Returns what `refusals` does then.
    std::vector<runstate::refusal> finish(const run_summary& summary);

    /// Of the outcomes that were added.
    const totals& counts() const noexcept { return counts_; }

private:
    struct report;

    std::vector<std::unique_ptr<report>> reports_;
    totals counts_;
};

} // namespace vigil::sim

#endif
