// SPDX-License-Identifier: Apache-2.0
// What it costs to save a whole machine and to restore it: in memory, and through a file.
#include <cstdio>
#include <memory>
#include <string>

#include <unistd.h>

#include <benchmark/benchmark.h>

#include "platform.h"

namespace {

using namespace vigil::runstate;

void snapshot_save(benchmark::State& state)
{
    controller& machine = bench_platform::instance().machine.controller;
    std::size_t bytes = 0;
    for (auto _ : state) {
        const auto encoded = encode_snapshot(machine.save());
        bytes = encoded.size();
        benchmark::DoNotOptimize(encoded.data());
    }
    state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(snapshot_save)->Unit(benchmark::kMicrosecond);

void snapshot_restore(benchmark::State& state)
{
    controller& machine = bench_platform::instance().machine.controller;
    const auto encoded = encode_snapshot(machine.save());
    for (auto _ : state) {
        const auto decoded = decode_snapshot(encoded);
        if (!machine.restore(*decoded)) {
            state.SkipWithError("refused");
            break;
        }
    }
}
BENCHMARK(snapshot_restore)->Unit(benchmark::kMicrosecond);

void snapshot_through_a_file(benchmark::State& state)
{
    controller& machine = bench_platform::instance().machine.controller;
    const std::string path = "/tmp/vigil-bench-snapshot-" + std::to_string(::getpid());
    for (auto _ : state) {
        snapshot_files files;
        auto draft = files.create(file_place(path));
        benchmark::DoNotOptimize((*draft)->commit(machine.save()));
        const auto read = files.read(file_place(path), machine.most_bytes());
        if (!read) {
            state.SkipWithError("not read");
            break;
        }
        benchmark::DoNotOptimize(machine.restore(read->state));
    }
    std::remove(path.c_str());
}
BENCHMARK(snapshot_through_a_file)->Unit(benchmark::kMicrosecond);

} // namespace
