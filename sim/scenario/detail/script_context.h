// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_SCENARIO_DETAIL_SCRIPT_CONTEXT_H
#define VIGIL_SIM_SCENARIO_DETAIL_SCRIPT_CONTEXT_H

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>
#include <tcl.h>

#include <vigil/sim/scenario/scenario_script.h>

namespace vigil::sim {

/// What the verbs of one file act upon.
struct script_context {
    Tcl_Interp* interp = nullptr;
    std::filesystem::path file;
    scenario_script::defined tell;
    scenario_script::chosen choose;
    std::vector<std::string> machine; ///< of the scenarios that name none
    std::mt19937_64 numbers;
    std::string first_census; ///< of the interpreter, before the file was read
    bool traced = false;      ///< the file has commands or variables watched

    // Of the scenario under way.
    test_bench* bench = nullptr; ///< null: none is
    const scenario_definition* definition = nullptr;
    int depth = 0; ///< of the frame that the scenario is in
    scenario_outcome* outcome = nullptr;
    std::size_t expected = 0;        ///< how many of the bench's events were looked at
    bool changed = false;            ///< it has changed more of the interpreter than variables
    std::set<std::string> snapshots; ///< that it has saved, by their names

    // The last error that a verb made.
    std::string error;
    std::string error_verb;
    script_place error_place;

    /// Where the script is.
    script_place place() const;

    /// Ends the scenario; nothing of it is carried out any more, whatever it catches. Returns what a verb returns then.
    int end(verdict how, std::string message, std::string expectation, const char* verb);
};

/// One word of the language that scenarios are written in.
struct verb {
    const char* name;
    const char* usage; ///< what follows it
    const char* help;
    int (*act)(script_context& context, const std::vector<Tcl_Obj*>& words); ///< the verb itself is the first word
    bool anywhere = false;                                                   ///< also outside a scenario
};

const std::vector<verb>& verbs();

/// An error in the script, which it may catch.
int script_error(script_context& context, const std::string& message);
int give_back(script_context& context, Tcl_Obj* value);
std::string_view text_of(Tcl_Obj* word);
Tcl_Obj* tcl_text(std::string_view text);
Tcl_Obj* to_tcl(const boost::json::value& value);

int expect(script_context& context, const std::vector<Tcl_Obj*>& words);
int check(script_context& context, const std::vector<Tcl_Obj*>& words);
int run(script_context& context, const std::vector<Tcl_Obj*>& words);

} // namespace vigil::sim

#endif
