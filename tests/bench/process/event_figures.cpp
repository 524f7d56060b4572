// SPDX-License-Identifier: Apache-2.0
#include "figures.h"
#include "measures.h"
#include "processes.h"
#include "table.h"
#include "watchdog_lines.h"

#include <algorithm>

#include <unistd.h>

namespace vigil::bench {

namespace {

constexpr int k_clients = 10;
constexpr int k_stops = 500;
constexpr int k_expiries = 500;
constexpr int k_paced_expiries = 50;
constexpr int k_echo_trips = 2'000;
constexpr int k_echo_rest_us = 1000;

double echo_round_trip(int times, int rest_us)
{
    const std::string path = fresh_socket();
    const child server([&] { echo_with_asio(path); });
    peer client(path);
    const auto rest = [&] {
        if (rest_us != 0) ::usleep(static_cast<useconds_t>(rest_us));
    };
    return median_seconds(times, rest, [&] {
        client.send(k_echoed);
        client.lines(1);
    });
}

// From writing the clock_step in which the watchdog expires until WATCHDOG is read.
double expiry_to_event(int rest_us)
{
    const simulator server(VIGIL_SIM, {"-accel", "qtest", "-action", "watchdog=none"});
    peer qmp = server.qmp();
    peer qtest = server.qtest();
    qtest.send(k_map_watchdog);
    qtest.lines(4);
    bool stepped = false;
    const auto arm = [&] {
        if (stepped) qtest.lines(1);
        stepped = true;
        // One such event a second is told at once.
        qtest.send("clock_step 1000000000\n" + preload_lines(1000, 2000) + k_enable_watchdog);
        qtest.lines(11);
        if (rest_us != 0) ::usleep(static_cast<useconds_t>(rest_us));
    };
    return median_seconds(k_expiries, arm, [&] {
        qtest.send("clock_step 3000000\n");
        qmp.line_with("\"WATCHDOG\"");
    });
}

// With the wall clock: how long after the watchdog's time, counted from the write that starts it, STOP is read. The
// times differ, so that what counts in milliseconds is seen to.
double lateness(const std::string& program, const words& more)
{
    const simulator server(program, more);
    peer qmp = server.qmp();
    peer qtest = server.qtest();
    qtest.send(k_map_watchdog);
    qtest.lines(4);
    std::vector<double> late;
    for (int i = 0; i < k_paced_expiries; ++i) {
        const int stage1 = 1000, stage2 = 2000 + 37 * i;
        qtest.send(preload_lines(stage1, stage2));
        qtest.lines(8);
        const double seconds = seconds_of([&] {
            qtest.send(k_enable_watchdog);
            qmp.line_with("\"STOP\"");
        });
        late.push_back(seconds - watchdog_seconds(stage1, stage2));
        qtest.lines(2);
        qmp.send("{\"execute\": \"cont\"}\n");
        qmp.line_with("\"return\"");
    }
    return median(late);
}

} // namespace

double stop_to_last_of(int clients, const std::string& program, const words& more)
{
    const simulator server(program, more, std::max(clients, k_clients));
    std::vector<peer> all;
    for (int i = 0; i < clients; ++i) all.push_back(server.qmp(i));
    const auto order = [&](const char* command, const char* event) {
        all.front().send(command);
        for (peer& client : all) client.line_with(event);
    };
    bool stopped = false;
    const auto run_on = [&] {
        if (stopped) all.front().line_with("\"return\"");
        order("{\"execute\": \"cont\"}\n", "\"RESUME\"");
        all.front().line_with("\"return\"");
        stopped = true;
    };
    return median_seconds(k_stops, run_on, [&] { order("{\"execute\": \"stop\"}\n", "\"STOP\""); });
}

void event_figures(int runs)
{
    const one_processor shared;
    const words halted{"-S", "-bios", halting_bios()};
    const words paused{"-action", "watchdog=pause", "-bios", halting_bios()};
    series fan_out, fan_out_of_qemu, expiry, rested, paced;
    for (int run = 0; run < runs; ++run) {
        const double to_ten = stop_to_last_of(k_clients, VIGIL_SIM, halted);
        fan_out.add(to_ten, stop_to_last_of(1, VIGIL_SIM, halted));
        expiry.add(expiry_to_event(0), echo_round_trip(k_echo_trips, 0));
        rested.add(expiry_to_event(k_echo_rest_us), echo_round_trip(k_expiries, k_echo_rest_us));
        const double late = lateness(VIGIL_SIM, paused);
        paced.figure.push_back(late);
        if (!with_qemu()) continue;
        fan_out_of_qemu.add(to_ten, stop_to_last_of(k_clients, k_qemu, halted));
        paced.baseline.push_back(lateness(k_qemu, paused));
    }
    print_row("`stop` to STOP at the last of 10 clients", fan_out, k_us, "at 1 client", 3);
    if (with_qemu()) print_row("the same", fan_out_of_qemu, k_us, "QEMU");
    print_row("expiry (`clock_step`) to WATCHDOG", expiry, k_us, "Asio echo", 2);
    print_row("the same, server asleep before", rested, k_us, "Asio echo");
    print_row("expiry (wall clock) to STOP", paced, k_us, "QEMU");
}

} // namespace vigil::bench
