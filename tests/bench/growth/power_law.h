// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_BENCH_GROWTH_POWER_LAW_H
#define VIGIL_TESTS_BENCH_GROWTH_POWER_LAW_H

#include <cmath>
#include <vector>

namespace vigil::bench {

/// What so many of something cost.
struct cost_at {
    double number;
    double cost;
};

/// The exponent of the power law that is closest to the points, by least squares over the logarithms; 1 where the cost
/// is proportional to the number. The numbers must differ.
inline double exponent_of(const std::vector<cost_at>& points)
{
    double x = 0, y = 0, xx = 0, xy = 0;
    for (const cost_at& point : points) {
        const double log_number = std::log(point.number), log_cost = std::log(point.cost);
        x += log_number;
        y += log_cost;
        xx += log_number * log_number;
        xy += log_number * log_cost;
    }
    const auto count = static_cast<double>(points.size());
    return (count * xy - x * y) / (count * xx - x * x);
}

} // namespace vigil::bench

#endif
