// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REPORT_OUTCOME_JSON_H
#define VIGIL_SIM_REPORT_OUTCOME_JSON_H

#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include <vigil/runstate/result.h>
#include <vigil/sim/report/reports.h>
#include <vigil/sim/report/scenario_outcome.h>

namespace vigil::sim {

/// What is empty is left out.
boost::json::object to_json(const scenario_outcome& outcome);

/// An outcome as `to_json` has it, read back from one line; nothing where it is none.
std::optional<scenario_outcome> outcome_from(const std::string& line);

/// The last line of a complete report.
boost::json::object to_json(const run_summary& summary, const totals& counts);

/// A report of JSON lines, read back.
struct loaded_report {
    std::string path;
    std::vector<scenario_outcome> outcomes;
    std::optional<run_summary> summary; ///< none: whoever wrote it was ended before the run was
};

/// A line that is no outcome, a name that comes twice, or a count that is not the summary's is refused with file and
/// line.
runstate::result<loaded_report> load_outcomes(const std::string& path);

} // namespace vigil::sim

#endif
