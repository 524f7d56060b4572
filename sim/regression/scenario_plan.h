// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REGRESSION_SCENARIO_PLAN_H
#define VIGIL_SIM_REGRESSION_SCENARIO_PLAN_H

#include <functional>
#include <string>
#include <vector>

#include <vigil/runstate/result.h>
#include <vigil/sim/regression/run_settings.h>
#include <vigil/sim/scenario/scenario_script.h>

namespace vigil::sim {

/// A scenario that is to run, and the file that defines it.
struct planned_scenario {
    scenario_definition what;
    std::string file;
};

/// What is to run.
struct scenario_plan {
    std::vector<planned_scenario> scenarios; ///< in the order of their files, and in them
    std::vector<scenario_outcome> broken;    ///< files that can't be read to their end, and names that come twice
    std::size_t found = 0;                   ///< before filters and shards
};

/// The scenario files that the places name, in a fixed order; a refusal names a place that is none.
runstate::result<std::vector<std::string>> find_scenario_files(const std::vector<std::string>& places);

/// Which of `shards` parts a scenario is in, from 1: by its name alone.
unsigned shard_of(const std::string& name, unsigned shards);

/// Whether a name matches a filter, as a shell's globs do, but that '*' takes '/' as well.
bool matches(const std::string& name, const std::string& filter);

/// Reads every file, each in a process of its own, and chooses what the settings ask for; refused where `stop` returns
/// true meanwhile.
runstate::result<scenario_plan> plan_scenarios(const run_settings& settings, const std::function<bool()>& stop);

} // namespace vigil::sim

#endif
