// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/scenario/detail/script_variables.h>

#include <algorithm>

#include <vigil/sim/scenario/detail/script_context.h>

namespace vigil::sim {

namespace {

// The result of a script that can't fail, evaluated where the interpreter stands. Each is compiled once.
kept_value ask(Tcl_Interp* interp, const char* script)
{
    static std::map<const char*, kept_value> scripts;
    const auto found = scripts.emplace(script, kept_value(tcl_text(script))).first;
    Tcl_EvalObjEx(interp, found->second.get(), 0);
    kept_value result(Tcl_GetObjResult(interp));
    Tcl_ResetResult(interp);
    return result;
}

std::vector<kept_value> elements(Tcl_Obj* list)
{
    int count = 0;
    Tcl_Obj** all = nullptr;
    if (Tcl_ListObjGetElements(nullptr, list, &count, &all) != TCL_OK) return {};
    return std::vector<kept_value>(all, all + count);
}

} // namespace

std::string census_of(Tcl_Interp* interp)
{
    return std::string(text_of(ask(interp, "list [llength [info commands ::*]] [namespace children ::] "
                                           "[llength [namespace children ::oo]]")
                                   .get()));
}

script_variables::script_variables(Tcl_Interp* interp) : interp_(interp)
{
    Tcl_GetIntFromObj(nullptr, ask(interp, "info level").get(), &level_);
    all_ = level_ <= 1;
    if (!all_) return;
    globals_ = read(TCL_GLOBAL_ONLY);
    if (level_ == 1) locals_ = read(0);
}

bool script_variables::restore() const
{
    if (!all_) return false;
    const auto restore_scope = [this](const table& before, int scope) {
        const table now = read(scope);
        if (same(before, now)) return true;
        restore(before, now, scope);
        return same(before, read(scope));
    };
    // What a local one is linked to may be global: both are looked at again.
    const bool once = (level_ == 0 || restore_scope(locals_, 0)) && restore_scope(globals_, TCL_GLOBAL_ONLY);
    return once && (level_ == 0 || same(locals_, read(0)));
}

script_variables::table script_variables::read(int scope) const
{
    table all;
    const kept_value names = ask(interp_, scope == TCL_GLOBAL_ONLY ? "info globals" : "info locals");
    for (const kept_value& one : elements(names.get())) {
        const std::string name(text_of(one.get()));
        all.emplace(name, read(name, scope));
    }
    return all;
}

script_variables::variable script_variables::read(const std::string& name, int scope) const
{
    if (Tcl_Obj* const value = Tcl_GetVar2Ex(interp_, name.c_str(), nullptr, scope))
        return {false, {kept_value(value)}};
    const kept_value words(Tcl_NewListObj(0, nullptr));
    const std::string shown = (scope == TCL_GLOBAL_ONLY ? "::" : "") + name;
    for (const char* word : {"array", "get"}) Tcl_ListObjAppendElement(nullptr, words.get(), tcl_text(word));
    Tcl_ListObjAppendElement(nullptr, words.get(), tcl_text(shown));
    Tcl_EvalObjEx(interp_, words.get(), 0);
    variable found{true, elements(Tcl_GetObjResult(interp_))};
    Tcl_ResetResult(interp_);
    return found;
}

void script_variables::restore(const table& before, const table& now, int scope) const
{
    for (const auto& [name, value] : now) {
        if (before.count(name) == 0) Tcl_UnsetVar2(interp_, name.c_str(), nullptr, scope);
    }
    for (const auto& [name, value] : before) {
        const auto found = now.find(name);
        if (found != now.end() && same(value, found->second)) continue;
        if (found != now.end() && (value.array || found->second.array)) {
            Tcl_UnsetVar2(interp_, name.c_str(), nullptr, scope);
        }
        set(name, value, scope);
    }
}

void script_variables::set(const std::string& name, const variable& value, int scope) const
{
    if (!value.array) {
        Tcl_SetVar2Ex(interp_, name.c_str(), nullptr, value.values.front().get(), scope);
        return;
    }
    for (std::size_t i = 0; i + 1 < value.values.size(); i += 2) {
        const std::string key(text_of(value.values[i].get()));
        Tcl_SetVar2Ex(interp_, name.c_str(), key.c_str(), value.values[i + 1].get(), scope);
    }
}

bool script_variables::same(const table& a, const table& b)
{
    const auto equal = [](const auto& one, const auto& other) {
        return one.first == other.first && same(one.second, other.second);
    };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), equal);
}

// A value that is kept is never changed in its place, so that its address tells; only an array's keys are made anew.
bool script_variables::same(const variable& a, const variable& b)
{
    if (a.array != b.array || a.values.size() != b.values.size()) return false;
    const auto member = [](const variable& one) {
        std::map<std::string, Tcl_Obj*> all;
        for (std::size_t i = 0; i + 1 < one.values.size(); i += 2) {
            all.emplace(text_of(one.values[i].get()), one.values[i + 1].get());
        }
        return all;
    };
    return a.array ? member(a) == member(b) : a.values.front().get() == b.values.front().get();
}

} // namespace vigil::sim
