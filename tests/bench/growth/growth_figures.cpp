// SPDX-License-Identifier: Apache-2.0
#include "figures.h"

#include "../process/measures.h"
#include "../process/table.h"

namespace vigil::bench {

namespace {

constexpr int k_clients[] = {1, 2, 5, 10, 20, 50};
constexpr int k_devices[] = {1, 10, 100, 1000};
constexpr int k_scenarios[] = {100, 300, 1000, 3000};

/// The exponent of a cost over numbers, each measured in each run.
template <std::size_t N, class Measure> double exponent_over(const int (&numbers)[N], int runs, Measure cost)
{
    std::vector<std::vector<double>> costs(N);
    for (int run = 0; run < runs; ++run) {
        for (std::size_t i = 0; i < N; ++i) costs[i].push_back(cost(numbers[i]));
    }
    std::vector<cost_at> points;
    for (std::size_t i = 0; i < N; ++i) points.push_back({double(numbers[i]), median(costs[i])});
    return exponent_of(points);
}

} // namespace

void growth_figures(int runs)
{
    const double of_devices = exponent_over(k_devices, runs, [](int devices) {
        return devices * numbers_from({VIGIL_ACCESS, std::to_string(devices)}).at(0);
    });
    print_exponent_row("exponent of reading each of 1 to 1,000 devices on a router", of_devices);

    const double of_clients = exponent_over(k_clients, runs, [](int clients) {
        const one_processor shared;
        return stop_to_last_of(clients, VIGIL_SIM, {"-S", "-bios", halting_bios()});
    });
    print_exponent_row("exponent of `stop` to STOP at the last of 1 to 50 clients", of_clients, k_linear);

    const std::string scenarios = "exponent of passing 100 to 3,000 scenarios";
    if (!with_scenarios()) {
        print_words_row(scenarios, "not measured: vigil-run was not built");
        return;
    }
    print_exponent_row(scenarios,
                       exponent_over(k_scenarios, runs,
                                     [](int count) {
                                         return run_of_scenarios(count, {"--jobs", "2"});
                                     }),
                       k_linear);
}

} // namespace vigil::bench
