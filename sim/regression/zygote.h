// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REGRESSION_ZYGOTE_H
#define VIGIL_SIM_REGRESSION_ZYGOTE_H

#include <string>
#include <vector>

#include <vigil/sim/regression/run_settings.h>
#include <vigil/sim/regression/scenario_plan.h>

namespace vigil::sim {

/// Scenarios of one machine, in the order of their files.
struct zygote_task {
    std::vector<std::string> machine;
    std::vector<const planned_scenario*> scenarios;
    std::string folder; ///< where snapshots go
};

/// The life of the process that has the machine: elaborates it once, and has the scenarios run by as many keepers (see
/// `scenario_keeper`) as there are descriptors in `to`, each of which tells its outcomes to one of them. To be called
/// in a process of its own; does not return.
[[noreturn]] void live_as_zygote(const zygote_task& task, const run_settings& settings, const std::vector<int>& to);

/// What the program's sc_main does and returns.
int zygote_main();

} // namespace vigil::sim

#endif
