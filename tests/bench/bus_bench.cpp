// SPDX-License-Identifier: Apache-2.0
// What a register access costs on its way through router, PCI decode and device, against a b_transport that goes
// nowhere.
#include <memory>

#include <benchmark/benchmark.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include "platform.h"

namespace {

struct empty_pair : sc_core::sc_module {
    explicit empty_pair(const sc_core::sc_module_name& name) : sc_module(name)
    {
        target.register_b_transport(this, &empty_pair::b_transport);
        initiator.bind(target);
    }
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&)
    {
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    tlm_utils::simple_initiator_socket<empty_pair> initiator{"initiator"};
    tlm_utils::simple_target_socket<empty_pair> target{"target"};
};

std::unique_ptr<empty_pair> the_empty_pair;

void empty_b_transport(benchmark::State& state)
{
    std::uint32_t value = 0;
    tlm::tlm_generic_payload payload;
    sc_core::sc_time delay;
    for (auto _ : state) {
        payload.set_command(tlm::TLM_READ_COMMAND);
        payload.set_address(0);
        payload.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
        payload.set_data_length(4);
        payload.set_streaming_width(4);
        payload.set_byte_enable_ptr(nullptr);
        payload.set_dmi_allowed(false);
        payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        the_empty_pair->initiator->b_transport(payload, delay);
        benchmark::DoNotOptimize(value);
    }
}
BENCHMARK(empty_b_transport);

void register_read(benchmark::State& state)
{
    bench_platform& platform = bench_platform::instance();
    for (auto _ : state) {
        benchmark::DoNotOptimize(platform.memory.read_value(bench_platform::k_bar0 + 0x8, 4));
    }
}
BENCHMARK(register_read);

void config_read(benchmark::State& state)
{
    bench_platform& platform = bench_platform::instance();
    for (auto _ : state) benchmark::DoNotOptimize(platform.io.read_value(0xCFC, 2));
}
BENCHMARK(config_read);

void wrmsr_of_a_crash_parameter(benchmark::State& state)
{
    bench_platform& platform = bench_platform::instance();
    std::uint64_t value = 0;
    for (auto _ : state) platform.msr.write_value(vigil::models::hyperv_msr::crash_p0, 8, ++value);
}
BENCHMARK(wrmsr_of_a_crash_parameter);

void kick_of_three_writes(benchmark::State& state)
{
    bench_platform& platform = bench_platform::instance();
    platform.preload(0xFFFFF, 0xFFFFF);
    platform.enable();
    for (auto _ : state) platform.kick();
    platform.config_write(0x68, 1, 0);
}
BENCHMARK(kick_of_three_writes);

} // namespace

void add_empty_target() { the_empty_pair = std::make_unique<empty_pair>("empty"); }
