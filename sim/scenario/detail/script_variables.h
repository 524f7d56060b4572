// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_SCENARIO_DETAIL_SCRIPT_VARIABLES_H
#define VIGIL_SIM_SCENARIO_DETAIL_SCRIPT_VARIABLES_H

#include <map>
#include <string>
#include <vector>

#include <tcl.h>

namespace vigil::sim {

/// A Tcl value that is there for as long as it lives.
class kept_value {
public:
    explicit kept_value(Tcl_Obj* value) : value_(value) { Tcl_IncrRefCount(value_); }
    ~kept_value() { Tcl_DecrRefCount(value_); }
    kept_value(const kept_value& other) : kept_value(other.value_) {}
    kept_value& operator=(const kept_value&) = delete;

    Tcl_Obj* get() const noexcept { return value_; }

private:
    Tcl_Obj* const value_;
};

/// How many commands, namespaces and objects an interpreter has, as text to be compared.
std::string census_of(Tcl_Interp* interp);

/// The variables that a script reaches where it stands, global ones and those of its procedure, as they are at one
/// moment.
class script_variables {
public:
    explicit script_variables(Tcl_Interp* interp);

    /// Whether these are all: no other procedure's lie between.
    bool all() const noexcept { return all_; }
    /// Has them as they were then; false where that can't be.
    bool restore() const;

private:
    struct variable {
        bool array;
        std::vector<kept_value> values; ///< a scalar's; an array's keys and values in turn
    };
    using table = std::map<std::string, variable>;

    table read(int scope) const;
    variable read(const std::string& name, int scope) const;
    void restore(const table& before, const table& now, int scope) const;
    static bool same(const table& a, const table& b);
    static bool same(const variable& a, const variable& b);
    void set(const std::string& name, const variable& value, int scope) const;

    Tcl_Interp* const interp_;
    int level_ = 0;
    bool all_;
    table globals_;
    table locals_;
};

} // namespace vigil::sim

#endif
