// SPDX-License-Identifier: Apache-2.0
// What a 4-byte register read costs. usage: vigil_access [DEVICES]; prints one line. Without an argument it is the
// nanoseconds of an empty b_transport, of a read through a pc's router, PCI host and i6300esb, and of one by a direct
// bind to the device, measured in turn. With a number it is the nanoseconds of a read where so many devices on one
// router are read in turn. The least time counts, for what else the machine does only adds.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <limits>
#include <string>

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <vigil/bus/address_router.h>
#include <vigil/models/i6300esb.h>

#include "platform.h"

namespace {

constexpr std::uint64_t k_status = 0x8; // General Interrupt Status
constexpr int k_rounds = 10'000;        // about a second, in some part of which nothing else disturbs
constexpr int k_reads = 5'000;

struct empty_target : sc_core::sc_module {
    explicit empty_target(const sc_core::sc_module_name& name) : sc_module(name)
    {
        socket.register_b_transport(this, &empty_target::b_transport);
    }
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& /*delay*/)
    {
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    tlm_utils::simple_target_socket<empty_target> socket{"socket"};
};

// Reads as a CPU model does that knows nothing of Vigil.
struct reader : sc_core::sc_module {
    explicit reader(const sc_core::sc_module_name& name) : sc_module(name) {}

    void read(std::uint64_t address)
    {
        payload.set_command(tlm::TLM_READ_COMMAND);
        payload.set_address(address);
        payload.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
        payload.set_data_length(sizeof value);
        payload.set_streaming_width(sizeof value);
        payload.set_byte_enable_ptr(nullptr);
        payload.set_dmi_allowed(false);
        payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        socket->b_transport(payload, delay);
        if (!payload.is_response_ok()) std::abort();
    }

    /// Nanoseconds of a read, where the addresses from `first` on are read in turn.
    double nanoseconds(std::uint64_t first, std::uint64_t step = 0, int addresses = 1)
    {
        using steady = std::chrono::steady_clock;
        const auto begin = steady::now();
        int done = 0;
        for (; done < k_reads; done += addresses) {
            for (int i = 0; i < addresses; ++i) read(first + step * static_cast<unsigned>(i));
        }
        return std::chrono::duration<double, std::nano>(steady::now() - begin).count() / done;
    }

    tlm_utils::simple_initiator_socket<reader> socket{"socket"};
    tlm::tlm_generic_payload payload;
    sc_core::sc_time delay;
    std::uint32_t value = 0;
};

struct watchdog_sink : vigil::runstate::watchdog_if {
    void watchdog_expired() override {}
};

class least {
public:
    void take(double value) noexcept { value_ = std::min(value_, value); }
    double value() const noexcept { return value_; }

private:
    double value_ = std::numeric_limits<double>::max();
};

void measure_paths()
{
    empty_target nowhere("nowhere");
    reader to_nowhere("to_nowhere"), through_all("through_all"), direct("direct");
    vigil::runstate::vm_clock clock("clock");
    watchdog_sink sink;
    vigil::models::i6300esb device("device", clock);
    device.watchdog.bind(sink);
    to_nowhere.socket.bind(nowhere.socket);
    direct.socket.bind(device.registers);
    const bench_platform platform([&](auto& machine) { through_all.socket.bind(machine.memory()); });

    least of_nowhere, of_all, of_direct;
    for (int round = 0; round < k_rounds; ++round) {
        of_nowhere.take(to_nowhere.nanoseconds(0));
        of_all.take(through_all.nanoseconds(bench_platform::k_bar0 + k_status));
        of_direct.take(direct.nanoseconds(k_status));
    }
    std::printf("%.3f %.3f %.3f\n", of_nowhere.value(), of_all.value(), of_direct.value());
}

void measure_router(int count)
{
    constexpr std::uint64_t k_step = 0x1000;
    vigil::runstate::vm_clock clock("clock");
    vigil::bus::address_router router("router");
    watchdog_sink sink;
    std::deque<vigil::models::i6300esb> devices;
    for (int i = 0; i < count; ++i) {
        auto& one = devices.emplace_back(("device" + std::to_string(i)).c_str(), clock);
        one.watchdog.bind(sink);
        router.map(k_step * static_cast<unsigned>(i), one.registers.size(), one.registers);
    }
    reader all("all");
    all.socket.bind(router.target);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);

    least figure;
    for (int round = 0; round < k_rounds; ++round) figure.take(all.nanoseconds(k_status, k_step, count));
    std::printf("%.3f\n", figure.value());
}

} // namespace

int sc_main(int, char*[]) { return 99; }

int main(int argc, char* argv[])
{
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    sc_core::sc_report_handler::set_actions(sc_core::SC_WARNING, sc_core::SC_DO_NOTHING); // that nothing is simulated
    const int count = argc == 2 ? std::atoi(argv[1]) : 0;
    if (argc > 2 || (argc == 2 && (count <= 0 || count > 10'000))) {
        std::fprintf(stderr, "usage: vigil_access [DEVICES]\n");
        return 2;
    }
    if (count == 0) {
        measure_paths();
    } else {
        measure_router(count);
    }
    return 0;
}
