// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/scenario/scenario_script.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include <unistd.h>

#include <vigil/sim/options/options.h>
#include <vigil/sim/scenario/detail/script_context.h>
#include <vigil/sim/scenario/detail/script_variables.h>
#include <vigil/sim/scenario/device_registers.h>

namespace vigil::sim {

namespace {

// Nested evaluations; what a process's stack takes.
constexpr int k_deepest_nesting = 200;

// Commands of Tcl that scenarios go without: they would wait, load, or get at what a verb is.
constexpr const char* k_not_there[] = {"interp",  "vwait", "after",     "update",     "load", "unload",
                                       "package", "file",  "glob",      "fconfigure", "chan", "fileevent",
                                       "gets",    "read",  "coroutine", "encoding"};

// Commands of Tcl that change more than variables, beside proc and rename.
constexpr const char* k_changing[] = {"namespace",  "trace",         "oo::class", "oo::object",
                                      "oo::define", "oo::objdefine", "oo::copy",  "zlib"};

// A verb of one interpreter.
struct bound_verb {
    script_context* context;
    const verb* what;
};

bool is_verb(std::string_view name)
{
    while (name.substr(0, 2) == "::") name.remove_prefix(2);
    return std::any_of(verbs().begin(), verbs().end(), [&](const verb& one) { return one.name == name; });
}

int call_verb(ClientData data, Tcl_Interp* /*interp*/, int count, Tcl_Obj* const given[])
{
    const auto& bound = *static_cast<const bound_verb*>(data);
    script_context& context = *bound.context;
    if (context.bench == nullptr && !bound.what->anywhere) {
        return script_error(context, "'" + std::string(bound.what->name) + "' stands in the body of a scenario");
    }
    Tcl_ResetResult(context.interp);
    const std::string before = context.error;
    const int code = bound.what->act(context, std::vector<Tcl_Obj*>(given, given + count));
    if (code == TCL_ERROR && context.error != before && context.error_verb.empty())
        context.error_verb = bound.what->name;
    return code;
}

// A command of Tcl's own that must not take a verb's name.
struct guarded_command {
    script_context* context;
    Tcl_CmdInfo original;
};

int call_guarded(ClientData data, Tcl_Interp* interp, int count, Tcl_Obj* const given[])
{
    const auto& guard = *static_cast<const guarded_command*>(data);
    for (int i = 1; i < std::min(count, 3); ++i) {
        const std::string_view name = text_of(given[i]);
        const bool renames = text_of(given[0]) == "rename" || text_of(given[0]) == "::rename";
        if ((i == 1 || renames) && is_verb(name)) {
            return script_error(*guard.context, "'" + std::string(name) + "' is a verb, which can't be defined anew");
        }
    }
    guard.context->changed = true;
    return guard.original.objProc(guard.original.objClientData, interp, count, given);
}

// What Tcl calls before a command of `k_changing`, with its text.
int note_change(ClientData data, Tcl_Interp* /*interp*/, int count, Tcl_Obj* const given[])
{
    script_context& context = *static_cast<script_context*>(data);
    context.changed = true;
    if (count > 1 && text_of(given[1]).find("trace") != std::string_view::npos) context.traced = true;
    return TCL_OK;
}

// expr's rand() and srand(N), from the scenario's own numbers.
int draw(ClientData data, Tcl_Interp* interp, int count, Tcl_Obj* const given[])
{
    script_context& context = *static_cast<script_context*>(data);
    if (count == 2) {
        Tcl_WideInt seed = 0;
        if (Tcl_GetWideIntFromObj(interp, given[1], &seed) != TCL_OK) return TCL_ERROR;
        context.numbers.seed(static_cast<std::uint64_t>(seed));
    }
    constexpr double k_step = 1.0 / (std::uint64_t{1} << 53);
    return give_back(context, Tcl_NewDoubleObj(static_cast<double>(context.numbers() >> 11) * k_step));
}

// What Tcl calls where a command is not known.
int call_unknown(ClientData data, Tcl_Interp* /*interp*/, int count, Tcl_Obj* const given[])
{
    script_context& context = *static_cast<script_context*>(data);
    std::vector<std::string> known;
    for (const verb& one : verbs()) known.emplace_back(one.name);
    const std::string name = count > 1 ? std::string(text_of(given[1])) : std::string();
    const std::string near = nearest(name, known);
    return script_error(context, "there is no verb '" + name + "'" +
                                     (near.empty() ? "; vigil-run --verbs lists all" : "; is it '" + near + "'?"));
}

runstate::result<std::string> read_text(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in) return runstate::refusal{"the file can't be read"};
    if (text.find('\0') != std::string::npos) return runstate::refusal{"the file is binary; scenarios are text"};
    if (Tcl_CommandComplete(text.c_str()) == 0) {
        return runstate::refusal{
            "the file ends in the middle of a command: a brace, a bracket or a quote is not closed"};
    }
    return text;
}

} // namespace

struct scenario_script::impl {
    script_context context;
    std::vector<bound_verb> bound;
    std::vector<guarded_command> guarded;

    impl(std::string path, std::uint64_t seed, defined tell, chosen choose)
    {
        context.file = std::move(path);
        context.tell = std::move(tell);
        context.choose = std::move(choose);
        context.numbers.seed(seed_of(seed, context.file.stem().string()));
        context.interp = Tcl_CreateInterp();
        Tcl_MakeSafe(context.interp);
        Tcl_SetRecursionLimit(context.interp, k_deepest_nesting);
        for (const char* name : k_not_there) Tcl_DeleteCommand(context.interp, name);
        add_verbs();
        for (const char* name : {"proc", "rename"}) guard(name);
        Tcl_CreateObjCommand(context.interp, "unknown", call_unknown, &context, nullptr);
        for (const char* name : {"::tcl::mathfunc::rand", "::tcl::mathfunc::srand"}) {
            Tcl_CreateObjCommand(context.interp, name, draw, &context, nullptr);
        }
        watch_changes();
        context.first_census = census_of(context.interp);
    }
    ~impl() { Tcl_DeleteInterp(context.interp); }
    impl(const impl&) = delete;
    impl& operator=(const impl&) = delete;

    void add_verbs()
    {
        bound.reserve(verbs().size());
        for (const verb& one : verbs()) {
            bound.push_back({&context, &one});
            Tcl_CreateObjCommand(context.interp, one.name, call_verb, &bound.back(), nullptr);
        }
        guarded.reserve(2);
    }

    void watch_changes()
    {
        constexpr const char* k_name = "vigil_note_change";
        Tcl_CreateObjCommand(context.interp, k_name, note_change, &context, nullptr);
        for (const char* name : k_changing) {
            const std::string script = std::string("trace add execution ") + name + " enter " + k_name;
            Tcl_EvalEx(context.interp, script.c_str(), -1, TCL_EVAL_GLOBAL);
        }
        context.changed = context.traced = false;
    }

    void guard(const char* name)
    {
        guarded_command& one = guarded.emplace_back();
        one.context = &context;
        Tcl_GetCommandInfo(context.interp, name, &one.original);
        Tcl_CreateObjCommand(context.interp, name, call_guarded, &one, nullptr);
    }

    std::optional<scenario_failure> read()
    {
        const script_place whole{context.file.string(), 0};
        if (const auto text = read_text(context.file.string()); !text)
            return scenario_failure{whole, "", text.why().text, ""};
        Tcl_Obj* const path = tcl_text(context.file.string());
        Tcl_IncrRefCount(path);
        const int code = Tcl_FSEvalFileEx(context.interp, path, "utf-8");
        Tcl_DecrRefCount(path);
        if (code == TCL_OK || code == TCL_RETURN) return std::nullopt;
        scenario_failure failure{whole, "", Tcl_GetStringResult(context.interp), ""};
        failure.where.line = static_cast<unsigned>(std::max(Tcl_GetErrorLine(context.interp), 0));
        if (failure.message == context.error) {
            failure.where = context.error_place;
            failure.verb = context.error_verb;
        }
        return failure;
    }
};

scenario_script::scenario_script(std::string path, std::uint64_t seed, defined tell, chosen choose)
    : impl_(std::make_unique<impl>(std::move(path), seed, std::move(tell), std::move(choose)))
{
}

scenario_script::~scenario_script() = default;

std::optional<scenario_failure> scenario_script::read() { return impl_->read(); }

script_place script_context::place() const
{
    const auto frame = [this](const std::string& asked) {
        Tcl_EvalEx(interp, asked.c_str(), -1, 0);
        Tcl_Obj* const out = Tcl_GetObjResult(interp);
        Tcl_IncrRefCount(out);
        return out;
    };
    const auto member = [](Tcl_Obj* dict, const char* key) {
        Tcl_Obj* const name = tcl_text(key);
        Tcl_IncrRefCount(name);
        Tcl_Obj* value = nullptr;
        Tcl_DictObjGet(nullptr, dict, name, &value);
        Tcl_DecrRefCount(name);
        return value == nullptr ? std::string() : std::string(text_of(value));
    };
    Tcl_Obj* const deepest = frame("info frame");
    int levels = 0;
    Tcl_GetIntFromObj(nullptr, deepest, &levels);
    Tcl_DecrRefCount(deepest);
    script_place found{file.string(), definition != nullptr ? definition->where.line : 0};
    const int outermost = definition != nullptr ? depth : 0;
    for (int level = levels - 1; level > outermost; --level) {
        Tcl_Obj* const one = frame("info frame " + std::to_string(level));
        const std::string type = member(one, "type");
        const unsigned line = static_cast<unsigned>(parse_number(member(one, "line")).value_or(0));
        const std::string in_file = member(one, "file");
        Tcl_DecrRefCount(one);
        if (type == "source") {
            Tcl_ResetResult(interp);
            // Tcl has absolute paths; people are told of the one that they gave.
            const auto folder = std::filesystem::absolute(file).parent_path();
            return {(file.parent_path() / std::filesystem::path(in_file).lexically_relative(folder)).string(), line};
        }
        if (definition != nullptr && line > 0) found.line = definition->where.line + line - 1;
    }
    Tcl_ResetResult(interp);
    return found;
}

int script_context::end(verdict how, std::string message, std::string expectation, const char* what)
{
    outcome->end = how;
    outcome->failure = scenario_failure{place(), what, std::move(message), std::move(expectation)};
    Tcl_CancelEval(interp, nullptr, nullptr, TCL_CANCEL_UNWIND);
    return TCL_ERROR;
}

int script_error(script_context& context, const std::string& message)
{
    context.error = message;
    context.error_verb.clear();
    context.error_place = context.place();
    Tcl_SetObjResult(context.interp, tcl_text(message));
    return TCL_ERROR;
}

int give_back(script_context& context, Tcl_Obj* value)
{
    Tcl_SetObjResult(context.interp, value);
    return TCL_OK;
}

std::string_view text_of(Tcl_Obj* word)
{
    int length = 0;
    const char* const text = Tcl_GetStringFromObj(word, &length);
    return {text, static_cast<std::size_t>(length)};
}

Tcl_Obj* tcl_text(std::string_view text) { return Tcl_NewStringObj(text.data(), static_cast<int>(text.size())); }

Tcl_Obj* to_tcl(const boost::json::value& value)
{
    if (value.is_object()) {
        Tcl_Obj* const dict = Tcl_NewDictObj();
        for (const auto& member : value.get_object()) {
            Tcl_DictObjPut(nullptr, dict, tcl_text(qmp_bridge::key_of(member)), to_tcl(member.value()));
        }
        return dict;
    }
    if (value.is_array()) {
        Tcl_Obj* const list = Tcl_NewListObj(0, nullptr);
        for (const auto& item : value.get_array()) Tcl_ListObjAppendElement(nullptr, list, to_tcl(item));
        return list;
    }
    if (value.is_string()) return tcl_text(qmp_bridge::as_view(value.get_string()));
    if (value.is_bool()) return Tcl_NewBooleanObj(value.get_bool() ? 1 : 0);
    std::string text;
    if (!value.is_null()) qmp_bridge::print_json(text, value);
    return tcl_text(text);
}

std::vector<std::string> machine_arguments(const std::vector<std::string>& given)
{
    std::vector<std::string> all = given;
    for (const char* one :
         {"-accel", "qtest", "-display", "none", "-qtest-log", "none", "-qmp", "unix:vigil-run.qmp,server=on,wait=off",
          "-qtest", "unix:vigil-run.qtest,server=on,wait=off"}) {
        all.emplace_back(one);
    }
    return all;
}

std::string machine_line(const std::vector<std::string>& arguments)
{
    std::string line;
    for (const std::string& one : arguments) {
        const bool plain = !one.empty() && one.find_first_of(" \t'\"\\$*?;&|<>()") == std::string::npos;
        line += (line.empty() ? "" : " ") + (plain ? one : "'" + one + "'");
    }
    return line;
}

std::optional<runstate::refusal> check_machine(const std::vector<std::string>& given)
{
    const auto options = parse_options(machine_arguments(given));
    if (!options) return options.why();
    if (options->text) return runstate::refusal{"an option that only prints something makes no machine"};
    if (options->monitors.size() != 1 || options->trace || options->replay || options->daemonize || options->pidfile ||
        options->timeline || options->guest_trace || options->incoming || options->preconfig) {
        return runstate::refusal{"a scenario's machine has no monitors, transcripts or files of its own; "
                                 "give it -machine, -device, -action and their like"};
    }
    return std::nullopt;
}

std::uint64_t seed_of(std::uint64_t run_seed, const std::string& scenario)
{
    std::uint64_t hash = 0xCBF29CE484222325 ^ run_seed; // FNV-1a, and a last stir
    for (const char c : scenario) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    hash ^= hash >> 29;
    hash *= 0xBF58476D1CE4E5B9;
    return hash ^ (hash >> 32);
}

namespace {

void (*the_memory_ran_out)() = nullptr;

[[noreturn]] void panic(const char* /*format*/, ...)
{
    if (the_memory_ran_out != nullptr) the_memory_ran_out();
    std::abort();
}

} // namespace

void on_out_of_memory(void (*act)())
{
    the_memory_ran_out = act;
    Tcl_SetPanicProc(panic);
}

} // namespace vigil::sim
