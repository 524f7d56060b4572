// SPDX-License-Identifier: Apache-2.0
// Writes all reports of a run that never was: sample_reports COUNT FOLDER. Every hundredth scenario failed, each in one
// of the ways that there are.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <vigil/sim/report/reports.h>

using namespace vigil::sim;
using kind = timeline_mark::kind;
using std::chrono::milliseconds;

namespace {

void fail(scenario_outcome& outcome, verdict end)
{
    outcome.end = end;
    if (end == verdict::crashed) outcome.end_detail = "SIGSEGV";
    outcome.machine = "-M pc -device i6300esb,id=wdt -action watchdog=pause";
    auto& failure = outcome.failure.emplace();
    failure.where = {outcome.where.file, outcome.where.line + 9};
    failure.verb = "expect";
    failure.message = "no event WATCHDOG came until 31 s; the last one was STOP at 30 s <&> ]]>";
    failure.expectation = "expect event WATCHDOG action pause within 31s";
    outcome.last_lines = {"arming wdt", "kicked 3 times \x1b[31mred\x1b[0m"};
    outcome.transcript = "out/" + outcome.name + ".transcript";
    outcome.timeline = {{kind::state, milliseconds(0), "", "prelaunch", ""},
                        {kind::state, milliseconds(900), "", "running", ""},
                        {kind::stage, milliseconds(1000), "wdt", "stage 1", ""},
                        {kind::kick, milliseconds(3000), "wdt", "", ""},
                        {kind::kick, milliseconds(6000), "wdt", "", ""},
                        {kind::kick, milliseconds(9000), "wdt", "", ""},
                        {kind::note, milliseconds(9500), "", "the guest hangs from here on", ""},
                        {kind::stage, milliseconds(19000), "wdt", "stage 2", ""},
                        {kind::event, milliseconds(30000), "", "STOP", ""},
                        {kind::state, milliseconds(30000), "", "paused", ""},
                        {kind::expectation, milliseconds(31000), "", "event WATCHDOG within 31 s", ""}};
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) return 2;
    const unsigned long count = std::strtoul(argv[1], nullptr, 10);
    const std::string folder = argv[2];
    reports to({folder + "/o.xml", folder + "/o.tap", folder + "/o.jsonl", folder + "/o.html"});
    for (unsigned long i = 0; i < count; ++i) {
        scenario_outcome outcome;
        outcome.name = (i % 3 == 0 ? "wdt: kick " : "panic: policy ") + std::to_string(i);
        outcome.where = {i % 3 == 0 ? "tests/scenarios/kicks.tcl" : "tests/scenarios/panics.tcl", 12};
        outcome.seed = i;
        outcome.wall_time = std::chrono::microseconds(700 + i * 37 % 900);
        outcome.virtual_time = std::chrono::seconds(i % 60);
        if (i % 100 == 0) fail(outcome, k_verdicts.at(1 + i / 100 % (k_verdicts.size() - 1)).end);
        to.add(outcome);
    }
    run_summary summary;
    summary.title = "Nightly watchdog regression";
    summary.began = std::chrono::system_clock::time_point(std::chrono::hours(24 * 365 * 56));
    summary.wall_time = milliseconds(8200);
    summary.seed = 1;
    const auto refusals = to.finish(summary);
    for (const auto& why : refusals) std::fprintf(stderr, "%s\n", why.text.c_str());
    return refusals.empty() ? 0 : 1;
}
