// SPDX-License-Identifier: Apache-2.0
#include "figures.h"
#include "processes.h"
#include "table.h"

#include <algorithm>

namespace vigil::bench {

namespace {

constexpr int k_replies = 100'000;
constexpr int k_replies_of_qemu = 5'000;

// Half of `depth` requests are sent whenever half of the replies have come, so that the server always has some to do.
double replies_per_second(const std::string& program, const words& more, int depth, int replies)
{
    const simulator server(program, more);
    peer client = server.qmp();
    const int half = depth / 2;
    const int halves = replies / half;
    std::string requests;
    for (int i = 0; i < half; ++i) requests += k_query;
    const double seconds = seconds_of([&] {
        client.send(requests);
        for (int i = 1; i < halves; ++i) {
            client.send(requests);
            client.lines(half);
        }
        client.lines(half);
    });
    return halves * half / seconds;
}

} // namespace

void pipeline_figures(int runs)
{
    constexpr double k_least = 200'000;
    constexpr double k_least_times_qemu = 20;
    for (const int depth : {10, 100, 1000}) {
        series rate;
        for (int run = 0; run < runs; ++run) {
            rate.figure.push_back(replies_per_second(VIGIL_SIM, {}, depth, k_replies));
            if (with_qemu()) {
                rate.baseline.push_back(replies_per_second(k_qemu, {"-S"}, depth, k_replies_of_qemu));
            }
        }
        const double least = with_qemu() ? std::min(k_least, k_least_times_qemu * median(rate.baseline)) : k_least;
        print_row_at_least("`query-status` replies, " + std::to_string(depth) + " under way", rate, k_per_second,
                           "QEMU", least);
    }
}

} // namespace vigil::bench
