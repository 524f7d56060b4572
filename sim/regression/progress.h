// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REGRESSION_PROGRESS_H
#define VIGIL_SIM_REGRESSION_PROGRESS_H

#include <chrono>
#include <cstddef>

#include <vigil/sim/report/reports.h>

namespace vigil::sim {

/// Tells people on standard error how a run goes: a bar on a terminal, lines elsewhere; of scenarios that do not pass,
/// always a few lines.
class progress {
public:
    explicit progress(std::size_t all);

    void add(const scenario_outcome& outcome, const totals& counts);
    /// The run is over.
    void finish(const totals& counts, std::chrono::nanoseconds wall_time);

private:
    void wipe(); ///< the bar
    void draw(const totals& counts);

    const std::size_t all_;
    const bool terminal_;
    std::chrono::steady_clock::time_point drawn_{};
    std::size_t told_ = 0; ///< failures, in full
    bool bar_ = false;     ///< stands there
};

} // namespace vigil::sim

#endif
