// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include <benchmark/benchmark.h>
#include <systemc>

#include "platform.h"

// The library's own main must never be the one that runs.
int sc_main(int, char*[]) { return 99; }

void add_empty_target();

int main(int argc, char* argv[])
{
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    add_empty_target(); // everything is elaborated before the first benchmark
    bench_platform::instance();
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
