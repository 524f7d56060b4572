// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REPORT_MERGE_H
#define VIGIL_SIM_REPORT_MERGE_H

#include <string>
#include <vector>

#include <vigil/runstate/result.h>
#include <vigil/sim/report/reports.h>

namespace vigil::sim {

/// What came of joining the reports of shards.
struct merged_reports {
    totals counts;
    std::vector<std::string> missing;        ///< of the shards; stands in the reports as well
    std::vector<runstate::refusal> refusals; ///< of the reports that could not be written
};

/// Joins shards' reports in JSON lines, in the order of the shards, into `to`. A report that can't be read, a scenario
/// or a shard that comes twice, and shards of different divisions are refused before anything is written.
runstate::result<merged_reports> merge_reports(const std::vector<std::string>& from, const report_paths& to);

} // namespace vigil::sim

#endif
