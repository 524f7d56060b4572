// SPDX-License-Identifier: Apache-2.0
// A kick is a store: moving a deadline later, with one timer and with many.
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "platform.h"

namespace {

using vigil::runstate::ns;

void move_deadline_later(benchmark::State& state)
{
    vigil::runstate::timer_queue queue;
    std::vector<vigil::runstate::timer_queue::handle> timers;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        timers.push_back(queue.add([] {}));
        queue.arm(timers.back(), ns(1'000'000 + i));
    }
    std::int64_t deadline = 2'000'000;
    std::size_t next = 0;
    for (auto _ : state) {
        queue.arm(timers[next], ns(deadline++));
        if (++next == timers.size()) next = 0;
    }
}
BENCHMARK(move_deadline_later)->Arg(1)->Arg(100)->Arg(100'000);

} // namespace
