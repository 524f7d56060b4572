// SPDX-License-Identifier: Apache-2.0
#include "figures.h"
#include "measures.h"
#include "processes.h"
#include "table.h"
#include "watchdog_lines.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <unistd.h>

namespace vigil::bench {

namespace {

constexpr int k_scenarios = 5000;
constexpr int k_kicks = 10;
constexpr int k_runs_of_qemu = 5;
// One count of the preloads at the slow scale, ns, and the preloads.
constexpr long k_count_ns = 983'040;
constexpr long k_preload = 1000;

// Arms, kicks ten times, lets it expire, sees the event and the state.
std::string file_of_scenarios(int count, const char* more = "")
{
    const std::string path = fresh_socket() + ".tcl";
    std::ofstream(path) << "machine {-machine pc -device i6300esb -action watchdog=pause}\n"
                           "for {set n 0} {$n < "
                        << count
                        << "} {incr n} {\n"
                           "    scenario $n {\n"
                           "        wdt attach\n"
                           "        wdt preload 1000\n"
                           "        wdt enable\n"
                           "        for {set i 0} {$i < 10} {incr i} { run 900ms; wdt kick }\n"
                           "        expect event WATCHDOG action pause within 2s\n"
                           "        expect status watchdog\n"
                           "    }\n"
                           "}\n"
                        << more;
    return path;
}

// The same scenario with a QEMU to itself, whose clock qtest steps.
void scenario_on_qemu(const std::string& program)
{
    const simulator server(program, {"-accel", "qtest", "-action", "watchdog=pause"});
    peer qtest = server.qtest();
    peer qmp = server.qmp();
    const auto say = [&qtest](const std::string& lines) {
        qtest.send(lines);
        qtest.lines(static_cast<int>(std::count(lines.begin(), lines.end(), '\n')));
    };
    const std::string unlock = "writew 0xfebf000c 0x80\nwritew 0xfebf000c 0x86\n";
    const std::string preload = std::to_string(k_preload) + "\n";
    say(k_map_watchdog);
    say(unlock + "writel 0xfebf0000 " + preload + unlock + "writel 0xfebf0004 " + preload + k_enable_watchdog);
    for (int i = 0; i < k_kicks; ++i) say("clock_step 900000000\n" + unlock + "writew 0xfebf000c 0x100\n");
    say("clock_step " + std::to_string(2 * k_preload * k_count_ns) + "\n");
    qmp.line_with("\"WATCHDOG\"");
    qmp.line_with("\"STOP\"");
    qmp.send(k_query);
    qmp.line_with("\"watchdog\"");
    qmp.send("{\"execute\": \"quit\"}\n");
    qmp.lines(1);
}

// A QEMU whose clock can be stepped: that of the co-simulation tests, or the one in VIGIL_QTEST_QEMU.
std::optional<std::string> qemu_with_qtest()
{
    const char* const given = std::getenv("VIGIL_QTEST_QEMU");
    const std::string program = given != nullptr ? given : VIGIL_COSIM_QEMU;
    const bool works =
        run_to_end({program, "-accel", "qtest", "-machine", "none", "-display", "none", "-version"}) == 0;
    return works ? std::optional(program) : std::nullopt;
}

// Private memory, KiB, of the process in which a scenario runs, after as many others as `before`.
double private_kib_after(int before)
{
    const std::string file = file_of_scenarios(before, "scenario last { while 1 {} }\n");
    const child run(words{VIGIL_RUN, "--jobs", "1", "--isolate", "--timeout", "60s", file});
    ::usleep(1'500'000); // the last one is under way
    return private_kib(youngest_descendant(run.pid()));
}

} // namespace

bool with_scenarios() { return ::access(VIGIL_RUN, X_OK) == 0; }

double run_of_scenarios(int count, const words& more)
{
    const std::string file = file_of_scenarios(count);
    words command{VIGIL_RUN, "--transcripts", fresh_socket(), file};
    command.insert(command.end(), more.begin(), more.end());
    int status = 0;
    const double seconds = seconds_of([&] { status = run_to_end(command); });
    if (status != 0) {
        std::fprintf(stderr, "vigil-run did not pass the %d scenarios\n", count);
        std::exit(1);
    }
    return seconds;
}

void scenario_figures(int runs)
{
    if (!with_scenarios()) {
        print_words_row("scenarios, two at once", "not measured: vigil-run was not built");
        return;
    }
    series rate, rate_isolated, memory, growth;
    const auto qemu = qemu_with_qtest();
    for (int run = 0; run < runs; ++run) {
        const double seconds = run_of_scenarios(k_scenarios, {"--jobs", "2"}) / k_scenarios;
        rate.figure.push_back(1 / seconds);
        rate_isolated.figure.push_back(k_scenarios / 10 /
                                       run_of_scenarios(k_scenarios / 10, {"--jobs", "2", "--isolate"}));
        growth.add(seconds, run_of_scenarios(100, {"--jobs", "2"}) / 100);
        if (!qemu) continue;
        rate.baseline.push_back(k_runs_of_qemu / seconds_of([&] {
                                    for (int i = 0; i < k_runs_of_qemu; ++i) scenario_on_qemu(*qemu);
                                }));
    }
    memory.figure.push_back(private_kib_after(20));
    print_row_at_least("scenarios, two at once", rate, k_per_second, "a QEMU for each", 1000);
    if (qemu) {
        print_ratio_row("the same, in QEMU's rates", rate, 100);
    } else {
        print_words_row("the same, in QEMU's rates", "not measured: no QEMU with the qtest accelerator");
    }
    print_row("scenarios, each in a process of its own", rate_isolated, k_per_second, "");
    print_row("a scenario of 5000", growth, k_us, "of 100", 1.1);
    print_row_at_most("private memory of a scenario's process", memory, k_mib, 1024);
}

} // namespace vigil::bench
