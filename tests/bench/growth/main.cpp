// SPDX-License-Identifier: Apache-2.0
// What an access, a kick and a watchdog cost, and how that grows, as one Markdown table, which run.sh prints. Ratios
// are of figures measured in turn in the same runs, and their medians. Ends with status 1 where one misses its goal.

#include "figures.h"

#include "../process/table.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

struct options {
    int runs = 5;
    std::string json, svg;
};

bool read(int argc, char* argv[], options& into)
{
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--json" && i + 1 < argc) {
            into.json = argv[++i];
        } else if (word == "--svg" && i + 1 < argc) {
            into.svg = argv[++i];
        } else if (into.runs = std::atoi(argv[i]); into.runs <= 0) {
            return false;
        }
    }
    return true;
}

bool written(bool well, const std::string& path)
{
    if (!well) std::fprintf(stderr, "cannot write %s\n", path.c_str());
    return well;
}

} // namespace

int main(int argc, char* argv[])
{
    using namespace vigil::bench;
    options chosen;
    if (!read(argc, argv, chosen)) {
        std::fprintf(stderr, "usage: %s [RUNS] [--json FILE] [--svg FILE]\n", argv[0]);
        return 2;
    }
    print_head(chosen.runs);
    access_figures(chosen.runs);
    const std::vector<panel> panels = watchdog_figures(chosen.runs);
    growth_figures(chosen.runs);
    if (!chosen.json.empty() && !written(write_json(chosen.json), chosen.json)) return 2;
    if (!chosen.svg.empty() && !written(draw(chosen.svg, "number of watchdogs", panels), chosen.svg)) return 2;
    return limits_missed() == 0 ? 0 : 1;
}
