// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_BENCH_GROWTH_FIGURES_H
#define VIGIL_TESTS_BENCH_GROWTH_FIGURES_H

#include "picture.h"

#include <vector>

/// Each measures a group of figures in so many runs and prints their rows.
namespace vigil::bench {

/// What grows in proportion: an exponent of 1, and what noise adds to it.
inline constexpr double k_linear = 1.1;

/// Register reads beside an empty b_transport.
void access_figures(int runs);
/// One to 100,000 watchdogs beside a naive model; returns what there is to draw.
std::vector<panel> watchdog_figures(int runs);
/// How the cost of clients, devices and scenarios grows.
void growth_figures(int runs);

} // namespace vigil::bench

#endif
