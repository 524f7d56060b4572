// SPDX-License-Identifier: Apache-2.0
// A query-status from bytes to bytes, without a socket.
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp/qmp_session.h>

#include "platform.h"

namespace {

void query_status(benchmark::State& state)
{
    vigil::qmp_bridge::qmp_monitor::options options;
    options.arm_limiter = [](vigil::runstate::ns) {};
    vigil::qmp_bridge::qmp_monitor monitor(bench_platform::instance().machine.controller.control(), options);
    const auto session = monitor.new_session();
    session->opened();
    session->feed(R"({"execute": "qmp_capabilities"})");
    session->execute_one();
    session->output.sent(session->output.size());
    const std::string request = R"({"execute": "query-status"})";
    for (auto _ : state) {
        session->feed(request);
        session->execute_one();
        benchmark::DoNotOptimize(session->output.unsent().data());
        session->output.sent(session->output.size());
    }
}
BENCHMARK(query_status);

} // namespace
