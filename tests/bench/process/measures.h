// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_BENCH_PROCESS_MEASURES_H
#define VIGIL_TESTS_BENCH_PROCESS_MEASURES_H

#include "processes.h"

/// Single measurements that more than one program tabulates.
namespace vigil::bench {

/// Seconds from writing `stop` until the last of so many clients has read STOP; a median.
double stop_to_last_of(int clients, const std::string& program, const words& more);

/// Whether vigil-run was built.
bool with_scenarios();
/// Seconds in which vigil-run passes so many scenarios, as its further words say.
double run_of_scenarios(int count, const words& more);

} // namespace vigil::bench

#endif
