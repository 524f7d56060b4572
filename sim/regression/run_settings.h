// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REGRESSION_RUN_SETTINGS_H
#define VIGIL_SIM_REGRESSION_RUN_SETTINGS_H

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <vigil/runstate/result.h>
#include <vigil/sim/report/reports.h>

namespace vigil::sim {

/// Everything that the command line of vigil-run can say.
struct run_settings {
    std::vector<std::string> places; ///< files and folders
    unsigned jobs = 1;
    std::vector<std::string> filters; ///< a scenario's name matches one of them
    bool list = false;
    unsigned repeat = 1;
    std::uint64_t seed = 1;
    std::chrono::milliseconds timeout{60'000}; ///< wall-clock time of one scenario
    std::uint64_t memory_bytes = 256U * 1024 * 1024;
    bool isolate = false; ///< each scenario in a process of its own
    bool fail_fast = false;
    std::optional<std::string> rerun_failed; ///< a report in JSON lines
    unsigned shard = 1;                      ///< from 1
    unsigned shards = 1;
    report_paths reports;
    std::string transcripts = "vigil-run.failed"; ///< the folder where failed scenarios leave theirs
    bool merge = false;                           ///< the places are reports to be joined
    std::optional<std::string> text;              ///< to be printed instead of running
};

/// Reads a command line without the program's name; a refusal is one line.
runstate::result<run_settings> parse_run_settings(const std::vector<std::string>& arguments);

/// The text of --help.
std::string run_help_text();

} // namespace vigil::sim

#endif
