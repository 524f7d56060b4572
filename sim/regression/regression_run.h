// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REGRESSION_REGRESSION_RUN_H
#define VIGIL_SIM_REGRESSION_REGRESSION_RUN_H

#include <vigil/sim/regression/run_settings.h>

namespace vigil::sim {

/// Runs what the settings say, and returns the program's exit status: 0 all passed; 1 failures; 2 nothing could be run.
int run_regression(const run_settings& settings);

} // namespace vigil::sim

#endif
