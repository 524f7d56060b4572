// SPDX-License-Identifier: Apache-2.0
#include "figures.h"
#include "processes.h"
#include "table.h"

#include <cstdlib>

#include <sys/wait.h>
#include <unistd.h>

namespace vigil::bench {

namespace {

constexpr int k_starts_a_run = 15;

struct start {
    double seconds;
    double resident_kib;
};

// The program connects, so that nobody disturbs it by asking again and again whether it listens.
start start_of(const std::string& program)
{
    const meeting_point here;
    words command = pc_with_watchdog(program);
    command.insert(command.end(), {"-S", "-qmp", "unix:" + here.path()});
    std::optional<child> server;
    const double seconds = seconds_of([&] {
        server.emplace(command);
        peer client = here.next();
        client.negotiate();
        client.send(k_query);
        client.lines(1);
    });
    return {seconds, server->resident_kib()};
}

start start_of_empty_program()
{
    int ends[2];
    if (::pipe(ends) != 0) std::exit(1);
    char text[64] = {};
    const double seconds = seconds_of([&] {
        const child empty([&] {
            ::dup2(ends[1], 1);
            ::execl(VIGIL_EMPTY, VIGIL_EMPTY, static_cast<char*>(nullptr));
        });
        ::close(ends[1]);
        if (::read(ends[0], text, sizeof text - 1) < 0) std::exit(1);
    });
    ::close(ends[0]);
    return {seconds, std::atof(text)};
}

} // namespace

void start_figures(int runs)
{
    series time, memory, time_of_qemu, memory_of_qemu;
    for (int run = 0; run < runs * k_starts_a_run; ++run) {
        const start empty = start_of_empty_program();
        const start vigil = start_of(VIGIL_SIM);
        time.add(vigil.seconds, empty.seconds);
        memory.add(vigil.resident_kib, empty.resident_kib);
        if (!with_qemu()) continue;
        const start qemu = start_of(k_qemu);
        time_of_qemu.add(vigil.seconds, qemu.seconds);
        memory_of_qemu.add(vigil.resident_kib, qemu.resident_kib);
    }
    print_row("start to first reply", time, k_ms, "empty `sc_main`", 1.25);
    if (with_qemu()) print_row("the same", time_of_qemu, k_ms, "QEMU");
    print_row("VmRSS then", memory, k_mib, "empty `sc_main`");
    if (with_qemu()) print_row("the same", memory_of_qemu, k_mib, "QEMU");
}

} // namespace vigil::bench
