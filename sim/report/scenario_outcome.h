// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REPORT_SCENARIO_OUTCOME_H
#define VIGIL_SIM_REPORT_SCENARIO_OUTCOME_H

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <vigil/runstate/clock/time.h>

/// What became of a regression run's scenarios, free of how they were run.
namespace vigil::sim {

/// How a scenario ended.
enum class verdict : std::uint8_t {
    passed,
    failed,        ///< an expectation or a check did not hold
    error,         ///< the script itself is wrong: an unknown verb, a bad argument, Tcl's own errors
    crashed,       ///< its process ended by a signal
    exited,        ///< its process ended by itself before the scenario did
    out_of_memory, ///< it wanted more than its limit
    timed_out,     ///< it took more wall-clock time than its limit
    interrupted,   ///< the run was ended before it
    lost,          ///< the node that ran it was lost
    skipped,       ///< it asked for that itself
};

/// A place in a scenario file.
struct script_place {
    std::string file;
    unsigned line = 0; ///< from 1; 0: not known
};

/// Something that happened in a scenario, for the picture of its timeline.
struct timeline_mark {
    enum class kind : std::uint8_t {
        state,       ///< the run state became `label`
        stage,       ///< the watchdog `source` came to the stage `label` ("stopped", "stage 1", "stage 2")
        kick,        ///< the watchdog `source` was reloaded
        event,       ///< the QMP event `label`, its data in `detail`
        expectation, ///< the expectation that failed: its deadline, its text in `label`
        note,        ///< the scenario's own words
    };
    kind what = kind::note;
    runstate::ns at{0}; ///< of the VM clock of its machine, which a restore may set back
    std::string source; ///< the device, by its name in the scenario; empty: the machine
    std::string label;
    std::string detail;
};

/// Why a scenario did not pass.
struct scenario_failure {
    script_place where;
    std::string verb;        ///< the verb at that place; empty: none was under way
    std::string message;     ///< one line: what was wrong, and what would be right
    std::string expectation; ///< as the script has it; empty: it was none
};

struct scenario_outcome {
    std::string name;    ///< unique in a run
    script_place where;  ///< its definition
    std::string machine; ///< its machine's options as one command line
    std::uint64_t seed = 0;
    verdict end = verdict::passed;
    std::string end_detail; ///< "SIGSEGV", "status 3"; empty where the verdict says it all
    std::optional<scenario_failure> failure;
    runstate::ns virtual_time{0};          ///< that passed on the VM clock
    std::chrono::nanoseconds wall_time{0}; ///< of its process
    std::vector<std::string> last_lines;   ///< of what it wrote to its standard output and error
    std::string transcript;                ///< the file that a replay takes; empty: there is none
    std::vector<timeline_mark> timeline;   ///< of a scenario that did not pass
};

} // namespace vigil::sim

#endif
