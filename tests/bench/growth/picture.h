// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_BENCH_GROWTH_PICTURE_H
#define VIGIL_TESTS_BENCH_GROWTH_PICTURE_H

#include "power_law.h"

#include <string>
#include <vector>

namespace vigil::bench {

/// One measure of Vigil and of the naive model over the same numbers.
struct panel {
    std::string title;
    std::vector<cost_at> vigil, naive;
};

/// Draws the panels side by side, both axes logarithmic, as SVG; returns whether that went well.
bool draw(const std::string& path, const std::string& over, const std::vector<panel>& panels);

} // namespace vigil::bench

#endif
