// SPDX-License-Identifier: Apache-2.0
#include "figures.h"

#include "../process/processes.h"
#include "../process/table.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>

namespace vigil::bench {

namespace {

// How many watchdogs: one, and what is measured over three decades.
constexpr int k_one = 1, k_few = 100, k_thousand = 1'000, k_many = 10'000, k_most = 100'000;
constexpr int k_counts[] = {k_one, 10, k_few, k_thousand, k_many, k_most};

/// What one of so many watchdogs costs in each run: seconds, and KiB.
struct costs {
    std::vector<double> making, memory, kick, expiry;

    void add(const std::vector<double>& line)
    {
        making.push_back(line.at(1) * 1e-6);
        memory.push_back(line.at(2) / 1024);
        kick.push_back(line.at(3) * 1e-9);
        expiry.push_back(line.at(4) * 1e-9);
    }
};
using costs_by_count = std::map<int, costs>;
using cost = std::vector<double> costs::*;

/// What commands print, of each number the least of two times that they are run in turn: what else the machine does
/// meanwhile only adds.
std::vector<std::vector<double>> least_of_two(const std::vector<std::vector<std::string>>& commands)
{
    std::vector<std::vector<double>> least;
    for (const std::vector<std::string>& one : commands) least.push_back(numbers_from(one));
    for (std::size_t i = 0; i < commands.size(); ++i) {
        const std::vector<double> again = numbers_from(commands[i]);
        for (std::size_t k = 0; k < again.size(); ++k) least[i].at(k) = std::min(least[i].at(k), again[k]);
    }
    return least;
}

series against(const costs& ours, cost of, const costs& others) { return {ours.*of, others.*of}; }

/// What each costs.
std::vector<cost_at> each(const costs_by_count& all, cost of)
{
    std::vector<cost_at> points;
    for (const auto& [count, figures] : all) points.push_back({double(count), median(figures.*of)});
    return points;
}

/// What all together cost.
std::vector<cost_at> totals(const costs_by_count& all, cost of)
{
    std::vector<cost_at> points = each(all, of);
    for (cost_at& point : points) point.cost *= point.number;
    return points;
}

double exponent_from_few_on(const costs_by_count& all, cost of)
{
    std::vector<cost_at> points = totals(all, of);
    points.erase(points.begin(), points.begin() + std::distance(all.begin(), all.find(k_few)));
    return exponent_of(points);
}

std::vector<cost_at> in_nanoseconds(std::vector<cost_at> points)
{
    for (cost_at& point : points) point.cost *= 1e9;
    return points;
}

void print_kicks(const costs_by_count& vigil, const costs_by_count& naive, const costs_by_count& still)
{
    constexpr double k_spread = 3;          // from 100 to 100,000
    constexpr double k_part_of_naive = 0.1; // at 100,000
    const auto kick = &costs::kick;
    const char* const reaching = "three writes that start nothing";
    print_row("kick, 100 watchdogs", against(vigil.at(k_few), kick, naive.at(k_few)), k_ns, "naive model");
    print_row("the same", against(vigil.at(k_few), kick, still.at(k_few)), k_ns, reaching);
    print_row("kick, 10,000 watchdogs", against(vigil.at(k_many), kick, vigil.at(k_few)), k_ns, "of 100", k_spread);
    print_row("kick, 100,000 watchdogs", against(vigil.at(k_most), kick, vigil.at(k_few)), k_ns, "of 100", k_spread);
    print_row("the same", against(vigil.at(k_most), kick, naive.at(k_most)), k_ns, "naive model", k_part_of_naive);
    print_row("the same", against(vigil.at(k_most), kick, still.at(k_most)), k_ns, reaching);
    print_exponent_row("exponent of kicking all of 100 to 100,000", exponent_from_few_on(vigil, kick), 1.16);
    print_exponent_row("the same of three writes that start nothing", exponent_from_few_on(still, kick));
}

} // namespace

std::vector<panel> watchdog_figures(int runs)
{
    costs_by_count vigil, naive, still;
    costs huge_pages;
    for (int run = 0; run < runs; ++run) {
        huge_pages.add(
            least_of_two({{"env", "GLIBC_TUNABLES=glibc.malloc.hugetlb=1", VIGIL_SCALE, std::to_string(k_most)}})
                .at(0));
        for (const int count : k_counts) {
            const std::string number = std::to_string(count);
            const auto of =
                least_of_two({{VIGIL_SCALE, number}, {VIGIL_SCALE, number, "naive"}, {VIGIL_SCALE, number, "still"}});
            vigil[count].add(of.at(0));
            naive[count].add(of.at(1));
            still[count].add(of.at(2));
        }
    }
    const costs &ours = vigil[k_most], &others = naive[k_most];
    print_row_wanted("memory of an idle `i6300esb`, of 100,000", against(ours, &costs::memory, others), k_kib,
                     "naive model", 4);
    print_kicks(vigil, naive, still);
    print_row_wanted("making and elaborating one of 100,000", against(ours, &costs::making, vigil[k_thousand]), k_us,
                     "of 1,000", 10e-6);
    print_row("the same", against(ours, &costs::making, others), k_us, "naive model");
    print_row_wanted("the same, in huge pages", against(huge_pages, &costs::making, ours), k_us, "in usual ones",
                     10e-6);
    print_exponent_row("exponent of making 100 to 100,000", exponent_from_few_on(vigil, &costs::making), k_linear);
    print_row_wanted("expiry of one of 100,000, all at once", against(ours, &costs::expiry, others), k_ns,
                     "naive model", 150e-9);
    print_exponent_row("exponent of 100 to 100,000 expiring", exponent_from_few_on(vigil, &costs::expiry));
    return {{"a kick, in ns", in_nanoseconds(each(vigil, &costs::kick)), in_nanoseconds(each(naive, &costs::kick))},
            {"memory of each, in KiB", each(vigil, &costs::memory), each(naive, &costs::memory)}};
}

} // namespace vigil::bench
