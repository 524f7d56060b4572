// SPDX-License-Identifier: Apache-2.0
#include "figures.h"
#include "processes.h"
#include "table.h"
#include "watchdog_lines.h"

namespace vigil::bench {

namespace {

constexpr int k_batch_lines = 500;
constexpr int k_batches = 400;

// Server CPU seconds per line of batched 4-byte register reads.
double line_of(const std::string& program, const words& more)
{
    const simulator server(program, more);
    peer qtest = server.qtest();
    qtest.send(k_map_watchdog);
    qtest.lines(4);
    std::string batch;
    for (int i = 0; i < k_batch_lines; ++i) batch += "readl 0xfebf0008\n";
    const auto once = [&] {
        qtest.send(batch);
        qtest.lines(k_batch_lines);
    };
    once();
    const double before = server.process().cpu_seconds();
    for (int i = 0; i < k_batches; ++i) once();
    return (server.process().cpu_seconds() - before) / (k_batches * k_batch_lines);
}

} // namespace

void qtest_figures(int runs)
{
    series line;
    for (int run = 0; run < runs; ++run) {
        line.figure.push_back(line_of(VIGIL_SIM, {"-accel", "qtest"}));
        if (with_qemu()) line.baseline.push_back(line_of(k_qemu, {"-S"}));
    }
    print_row("qtest line, CPU time of the server", line, k_us, "QEMU");
}

} // namespace vigil::bench
