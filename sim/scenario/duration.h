// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_SCENARIO_DURATION_H
#define VIGIL_SIM_SCENARIO_DURATION_H

#include <string>
#include <string_view>

#include <vigil/runstate/clock/time.h>
#include <vigil/runstate/result.h>

namespace vigil::sim {

/// Reads a length of time as scenarios write it: "30s", "1.5ms", "7ns", "2min", "1h"; exact to the nanosecond.
runstate::result<runstate::ns> parse_duration(std::string_view text);

/// The same the other way round, in the largest unit in which it is a whole number.
std::string duration_text(runstate::ns time);

} // namespace vigil::sim

#endif
