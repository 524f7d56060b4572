// SPDX-License-Identifier: Apache-2.0
// Whole-process figures of vigil-sim, as one Markdown table: each against a baseline measured in the same runs, in
// turn; medians, and the median of the runs' ratios. Ends with status 1 where a limit is missed.

#include "figures.h"
#include "table.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

struct group {
    const char* name;
    void (*measure)(int runs);
};

constexpr group k_groups[] = {
    {"round-trip", vigil::bench::round_trip_figures}, {"pipeline", vigil::bench::pipeline_figures},
    {"event", vigil::bench::event_figures},           {"qtest", vigil::bench::qtest_figures},
    {"vfio-user", vigil::bench::vfio_user_figures},   {"scenarios", vigil::bench::scenario_figures},
    {"start", vigil::bench::start_figures},
};

} // namespace

int main(int argc, char* argv[])
{
    int runs = 7;
    std::string json;
    std::vector<group> chosen;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto* found =
            std::find_if(std::begin(k_groups), std::end(k_groups), [&](const group& one) { return word == one.name; });
        if (found != std::end(k_groups)) {
            chosen.push_back(*found);
        } else if (word == "--json" && i + 1 < argc) {
            json = argv[++i];
        } else if (runs = std::atoi(argv[i]); runs <= 0) {
            std::fprintf(stderr,
                         "usage: %s [RUNS] [--json FILE] [round-trip | pipeline | event | qtest | vfio-user | "
                         "scenarios | start]...\n",
                         argv[0]);
            return 2;
        }
    }
    if (chosen.empty()) chosen.assign(std::begin(k_groups), std::end(k_groups));

    vigil::bench::print_head(runs);
    for (const group& one : chosen) one.measure(runs);
    if (!json.empty() && !vigil::bench::write_json(json)) {
        std::fprintf(stderr, "cannot write %s\n", json.c_str());
        return 2;
    }
    return vigil::bench::limits_missed() == 0 ? 0 : 1;
}
