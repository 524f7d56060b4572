// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_SCENARIO_SCENARIO_SCRIPT_H
#define VIGIL_SIM_SCENARIO_SCENARIO_SCRIPT_H

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <vigil/runstate/result.h>
#include <vigil/sim/report/scenario_outcome.h>
#include <vigil/sim/scenario/test_bench.h>

namespace vigil::sim {

/// A scenario as its file defines it.
struct scenario_definition {
    std::string name; ///< the file's name without its ending, '/', and the scenario's own
    script_place where;
    std::vector<std::string> machine; ///< options as vigil-sim takes them
};

/// The command line of a machine that scenarios with these options run on: theirs, and what lets a bench reach it.
std::vector<std::string> machine_arguments(const std::vector<std::string>& given);

/// Options as one line, each quoted where it has to be.
std::string machine_line(const std::vector<std::string>& arguments);

/// Says what is wrong with a machine's options; nothing where they are right.
std::optional<runstate::refusal> check_machine(const std::vector<std::string>& given);

/// The seed of one scenario of a run: the same for the same name, whatever else runs.
std::uint64_t seed_of(std::uint64_t run_seed, const std::string& scenario);

/// A file of scenarios in Tcl, read by a safe interpreter: no files but those beside it, no programs, no sockets.
class scenario_script {
public:
    struct result {
        scenario_outcome outcome;
        bool undone; ///< the script is as it was before: what it defines next doesn't see that the scenario has run
    };
    /// Carries out the scenario that is being defined, with the variables as they are at that moment.
    using performance = std::function<result(test_bench& bench, std::uint64_t seed)>;
    /// Called at each definition.
    using defined = std::function<void(const scenario_definition&, const performance& perform)>;
    /// Whether a scenario is of interest; the definition of one that is not is passed over.
    using chosen = std::function<bool(const std::string& name)>;

    /// `seed` is the run's: of the random numbers that the file itself draws.
    scenario_script(std::string path, std::uint64_t seed, defined tell, chosen choose = {});
    ~scenario_script();
    scenario_script(const scenario_script&) = delete;
    scenario_script& operator=(const scenario_script&) = delete;

    /// Reads it to its end, or to the first error.
    std::optional<scenario_failure> read();

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// A table of all verbs, a line each, for people.
std::string verbs_text();

/// Called in a process of a scenario's own where memory runs out in the interpreter; it doesn't return.
void on_out_of_memory(void (*act)());

} // namespace vigil::sim

#endif
