// SPDX-License-Identifier: Apache-2.0
#include "figures.h"
#include "processes.h"
#include "table.h"

#include <unistd.h>

namespace vigil::bench {

namespace {

constexpr int k_rested_trips = 500;
constexpr int k_rest_us = 1000;

struct trip {
    double seconds;
    double server_cpu_seconds;
    double rested_seconds;
};

trip round_trip(const child& server, peer& client, const std::string& request)
{
    const auto once = [&] {
        client.send(request);
        client.lines(1);
    };
    const double before = server.cpu_seconds();
    const double seconds = seconds_of_trip(once);
    const double server_cpu_seconds = (server.cpu_seconds() - before) / k_trips;
    const double rested_seconds = median_seconds(
        k_rested_trips, [] { ::usleep(k_rest_us); }, once);
    return {seconds, server_cpu_seconds, rested_seconds};
}

trip round_trip_of_echo(void (*serve)(const std::string&))
{
    const std::string path = fresh_socket();
    const child server([&] { serve(path); });
    peer client(path);
    return round_trip(server, client, k_echoed);
}

trip round_trip_of(const std::string& program, const words& more)
{
    const simulator server(program, more);
    peer client = server.qmp();
    return round_trip(server.process(), client, k_query);
}

} // namespace

void round_trip_figures(int runs)
{
    const one_processor shared;
    series asio, blocking, qemu, rested, cpu;
    for (int run = 0; run < runs; ++run) {
        const trip echo = round_trip_of_echo(echo_with_asio);
        const trip vigil = round_trip_of(VIGIL_SIM, {});
        asio.add(vigil.seconds, echo.seconds);
        rested.add(vigil.rested_seconds, echo.rested_seconds);
        cpu.add(vigil.server_cpu_seconds, echo.server_cpu_seconds);
        blocking.add(vigil.seconds, round_trip_of_echo(echo_blocking).seconds);
        if (with_qemu()) qemu.add(vigil.seconds, round_trip_of(k_qemu, {"-S"}).seconds);
    }
    print_row("`query-status` round trip", asio, k_us, "Asio echo", 1.2);
    print_row("the same", blocking, k_us, "blocking echo");
    if (with_qemu()) print_row("the same", qemu, k_us, "QEMU");
    print_row("the same, server asleep before", rested, k_us, "Asio echo");
    print_row("the same, CPU time of the server", cpu, k_us, "Asio echo");
}

} // namespace vigil::bench
