// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REGRESSION_SCENARIO_KEEPER_H
#define VIGIL_SIM_REGRESSION_SCENARIO_KEEPER_H

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include <vigil/sim/regression/claims.h>
#include <vigil/sim/regression/shared_bytes.h>
#include <vigil/sim/regression/zygote.h>
#include <vigil/sim/report/scenario_outcome.h>
#include <vigil/sim/scenario/scenario_script.h>
#include <vigil/sim/simulation.h>

namespace vigil::sim {

/// Keeps a machine on which nothing has run yet, and has scenarios run one after the other: at the first that nobody
/// has taken, it forks a process which runs that one, and goes on in the file from there. Where a scenario has passed
/// and left nothing behind, the process takes its machine back to the beginning and runs the next one; where it has
/// not, or ended the process, the keeper goes on from where it stands and forks another. What does not pass is run in a
/// process of its own before it counts: no scenario fails for what ran before it.
///
/// Several keepers, each in a process of its own, share the scenarios between them by way of `claims`.
class scenario_keeper {
public:
    /// Everything must outlive it. `to` is where outcomes are told, each in a line of JSON.
    scenario_keeper(simulation& run, qmp_bridge::local_clients& clients, const zygote_task& task,
                    const run_settings& settings, claims& taken, int to);
    ~scenario_keeper();
    scenario_keeper(const scenario_keeper&) = delete;
    scenario_keeper& operator=(const scenario_keeper&) = delete;

    /// Reads the scenarios' files to their end. It returns in the keeper's process alone.
    void keep();

private:
    /// One run of a scenario; `number` is its place in `claims`.
    struct turn {
        std::size_t number;
        std::string name; ///< with the number of the repetition, if there are several
        const scenario_definition& what;
        const scenario_script::performance& perform;
    };
    using steady = std::chrono::steady_clock;

    void read(const std::string& file);
    bool wants(const std::string& name) const;
    void meet(const scenario_definition& what, const scenario_script::performance& perform);

    // In the keeper.
    void run_in_fresh(const turn& one);
    void conclude(const turn& one, int status);
    std::string record(const std::string& scenario); ///< the transcript's file, or nothing
    [[noreturn]] void say_again(const std::string& path);

    // In a process that it has forked.
    void enter();
    void run_here(const turn& one);
    bool is_first() const noexcept { return so_far_ == 0; } ///< the scenario at hand, in its process

    scenario_outcome blank(const turn& one) const;
    void tell(const scenario_outcome& outcome) const;

    /// What both know, in memory that they share.
    struct desk {
        std::size_t number; ///< of the scenario under way
        bool busy;          ///< there is one
    };

    simulation& run_;
    qmp_bridge::local_clients& clients_;
    const zygote_task& task_;
    const run_settings& settings_;
    claims& taken_;
    const int to_;
    const runstate::controller::moment beginning_;
    std::unordered_map<std::string, std::size_t> numbers_; ///< of the first turn of each scenario, by its name
    shared_bytes said_;                                    ///< by the scenario under way
    shared_bytes result_;                                  ///< of the first one of a process, where it did not pass
    const int output_;                                     ///< of its process
    desk* desk_;
    bool forked_ = false;
    std::size_t so_far_ = 0; ///< run in this process
    steady::time_point began_;
};

} // namespace vigil::sim

#endif
