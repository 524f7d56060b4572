// SPDX-License-Identifier: Apache-2.0
// The words of the language that scenarios are written in.

#include <algorithm>
#include <string>

#include <unistd.h>

#include <vigil/sim/scenario/detail/script_context.h>
#include <vigil/sim/scenario/detail/script_variables.h>
#include <vigil/sim/scenario/device_registers.h>
#include <vigil/sim/scenario/watchdog_driver.h>

namespace vigil::sim {

namespace {

using words = std::vector<Tcl_Obj*>;

int usage_error(script_context& context, const words& given)
{
    const std::string_view name = text_of(given[0]);
    for (const verb& one : verbs()) {
        if (one.name == name) return script_error(context, "write '" + std::string(name) + " " + one.usage + "'");
    }
    return TCL_ERROR;
}

int give_number(script_context& context, const runstate::result<std::uint64_t>& value)
{
    if (!value) return script_error(context, value.why().text);
    return give_back(context, Tcl_NewWideIntObj(static_cast<Tcl_WideInt>(*value)));
}

int done(script_context& context, const std::optional<runstate::refusal>& why)
{
    return why ? script_error(context, why->text) : TCL_OK;
}

// A qtest line made of the verb and numbers; `most` counts the numbers.
int by_number(script_context& context, const words& given, std::size_t count, std::size_t most, bool answers)
{
    if (given.size() < count + 1 || given.size() > most + 1) return usage_error(context, given);
    std::string line(text_of(given[0]));
    for (std::size_t i = 1; i < given.size(); ++i) {
        const auto number = parse_number(text_of(given[i]));
        if (!number) {
            return script_error(context,
                                "'" + std::string(text_of(given[i])) + "' is no number; write one like 16 or 0x10");
        }
        line += " " + hex(*number);
    }
    if (answers) return give_number(context, context.bench->qtest_number(line));
    const auto answer = context.bench->qtest(line);
    return answer ? TCL_OK : script_error(context, answer.why().text);
}

int look(script_context& context, const words& given) { return by_number(context, given, 1, 1, true); }
int put(script_context& context, const words& given) { return by_number(context, given, 2, 2, false); }
int look_msr(script_context& context, const words& given) { return by_number(context, given, 1, 2, true); }
int put_msr(script_context& context, const words& given) { return by_number(context, given, 2, 3, false); }

int pci(script_context& context, const words& given)
{
    const bool reads = given.size() == 5 && text_of(given[1]) == "read";
    const bool writes = given.size() == 6 && text_of(given[1]) == "write";
    if (!reads && !writes) return usage_error(context, given);
    const auto device = device_view::find(*context.bench, text_of(given[2]));
    if (!device) return script_error(context, device.why().text);
    const auto offset = parse_number(text_of(given[3]));
    const auto width = parse_number(text_of(given[4]));
    const auto value = writes ? parse_number(text_of(given[5])) : std::optional<std::uint64_t>(0);
    if (!offset || *offset > 255 || !width || (*width != 1 && *width != 2 && *width != 4) || !value) {
        return script_error(context, "an offset up to 0xff and a width of 1, 2 or 4 are wanted");
    }
    const auto at = static_cast<unsigned>(*offset);
    const auto bytes = static_cast<unsigned>(*width);
    if (reads) return give_number(context, context.bench->read_config(device->devfn(), at, bytes));
    return done(context, context.bench->write_config(device->devfn(), at, bytes, *value));
}

int reg(script_context& context, const words& given)
{
    const bool reads = given.size() == 4 && text_of(given[1]) == "read";
    const bool writes = given.size() == 5 && text_of(given[1]) == "write";
    if (!reads && !writes) return usage_error(context, given);
    const auto device = device_view::find(*context.bench, text_of(given[2]));
    if (!device) return script_error(context, device.why().text);
    const auto one = device->find_register(text_of(given[3]));
    if (!one) return script_error(context, one.why().text);
    if (reads) return give_number(context, device->read(*context.bench, *one));
    const auto value = parse_number(text_of(given[4]));
    if (!value) return script_error(context, "'" + std::string(text_of(given[4])) + "' is no number");
    return done(context, device->write(*context.bench, *one, *value));
}

// The device that 'wdt' is about: the one that is named, or the machine's first watchdog.
runstate::result<device_view> watchdog_of(script_context& context, std::string_view id)
{
    if (!id.empty()) return device_view::find(*context.bench, id);
    for (const machine_device& device : context.bench->guest().devices()) {
        if (watchdog_driver::drives(device.row->name)) {
            return device_view::find(*context.bench, device.id.value_or(std::string(device.row->name)));
        }
    }
    return runstate::refusal{"the machine has no watchdog; give it one, as in 'machine {-device i6300esb}'"};
}

int wdt(script_context& context, const words& given)
{
    if (given.size() < 2) return usage_error(context, given);
    std::vector<std::string_view> arguments;
    std::string_view id;
    for (std::size_t i = 2; i < given.size(); ++i) {
        const std::string_view word = text_of(given[i]);
        if (word == "-of" && i + 1 < given.size()) {
            id = text_of(given[++i]);
        } else {
            arguments.push_back(word);
        }
    }
    auto device = watchdog_of(context, id);
    if (!device) return script_error(context, device.why().text);
    if (!watchdog_driver::drives(device->driver())) {
        return script_error(context, device->name() + " is no watchdog that 'wdt' drives; use 'reg' instead");
    }
    const watchdog_driver driver(*std::move(device));
    if (auto error = driver.act(*context.bench, text_of(given[1]), arguments))
        return script_error(context, error->text);
    using kind = timeline_mark::kind;
    const std::string_view operation = text_of(given[1]);
    const std::string& name = driver.device().name();
    if (operation == "kick") context.bench->add_mark(kind::kick, name, "");
    if (operation == "kick" || operation == "enable") context.bench->add_mark(kind::stage, name, "stage 1");
    if (operation == "stop" || operation == "disable") context.bench->add_mark(kind::stage, name, "stopped");
    return TCL_OK;
}

int qmp(script_context& context, const words& given)
{
    if (given.size() < 2 || given.size() > 3) return usage_error(context, given);
    const auto in_braces = [](std::string_view text) {
        const std::size_t begin = text.find_first_not_of(" \t\r\n");
        const bool whole = begin != std::string_view::npos && text[begin] == '{';
        return whole ? std::string(text) : "{" + std::string(text) + "}";
    };
    std::string text = in_braces(text_of(given[1]));
    if (text_of(given[1]).find('"') == std::string_view::npos) {
        text = "{\"execute\": \"" + std::string(text_of(given[1])) + "\"";
        if (given.size() == 3) text += ", \"arguments\": " + in_braces(text_of(given[2]));
        text += "}";
    } else if (given.size() == 3) {
        return usage_error(context, given);
    }
    const auto reply = context.bench->qmp(text);
    if (!reply) return script_error(context, reply.why().text);
    if (const auto* result = reply->if_contains("return")) return give_back(context, to_tcl(*result));
    const auto& error = reply->at("error").as_object();
    return script_error(context, std::string(qmp_bridge::as_view(error.at("class").as_string())) + ": " +
                                     std::string(qmp_bridge::as_view(error.at("desc").as_string())));
}

int now(script_context& context, const words& given)
{
    if (given.size() != 1) return usage_error(context, given);
    return give_back(context, Tcl_NewWideIntObj(context.bench->now().count()));
}

// Snapshots are files, as QMP has them, in the folder where the run keeps what is gone after it.
int move_machine(script_context& context, const std::string& name, const char* command)
{
    const std::string file = "file:" + std::to_string(::getpid()) + "-" + name + ".snapshot";
    const auto reply = context.bench->qmp(std::string("{\"execute\": \"") + command +
                                          "\", \"arguments\": {\"uri\": \"" + file + "\"}}");
    if (!reply) return script_error(context, reply.why().text);
    if (reply->contains("return")) return TCL_OK;
    return script_error(context,
                        std::string(qmp_bridge::as_view(reply->at("error").as_object().at("desc").as_string())));
}

int snapshot(script_context& context, const words& given)
{
    const std::string name(given.size() == 2 ? text_of(given[1]) : "");
    const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; };
    if (name.empty() || !std::all_of(name.begin(), name.end(), plain)) {
        return script_error(context, "a snapshot's name is made of letters, digits, '-' and '_'");
    }
    const int code = move_machine(context, name, "x-snapshot-save");
    if (code == TCL_OK) context.snapshots.insert(name);
    return code;
}

int restore(script_context& context, const words& given)
{
    if (given.size() != 2) return usage_error(context, given);
    const std::string name(text_of(given[1]));
    if (context.snapshots.count(name) == 0) {
        return script_error(context, "there is no snapshot '" + name + "'; 'snapshot " + name + "' makes one");
    }
    return move_machine(context, name, "x-snapshot-load");
}

int random(script_context& context, const words& given)
{
    Tcl_WideInt low = 0;
    Tcl_WideInt high = 0;
    if (given.size() != 3 || Tcl_GetWideIntFromObj(nullptr, given[1], &low) != TCL_OK ||
        Tcl_GetWideIntFromObj(nullptr, given[2], &high) != TCL_OK || low > high) {
        return usage_error(context, given);
    }
    const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
    const std::uint64_t drawn = span == 0 ? context.numbers() : context.numbers() % span;
    return give_back(context, Tcl_NewWideIntObj(static_cast<Tcl_WideInt>(static_cast<std::uint64_t>(low) + drawn)));
}

int note(script_context& context, const words& given)
{
    if (given.size() != 2) return usage_error(context, given);
    context.bench->add_mark(timeline_mark::kind::note, "", std::string(text_of(given[1])));
    return TCL_OK;
}

int skip(script_context& context, const words& given)
{
    if (given.size() != 2) return usage_error(context, given);
    return context.end(verdict::skipped, std::string(text_of(given[1])), "", "skip");
}

int leave(script_context& context, const words& given)
{
    int status = 0;
    if (given.size() > 2 || (given.size() == 2 && Tcl_GetIntFromObj(context.interp, given[1], &status) != TCL_OK)) {
        return usage_error(context, given);
    }
    ::_exit(status);
}

int put_line(script_context& context, const words& given)
{
    if (given.size() != 2) return usage_error(context, given);
    const std::string line = std::string(text_of(given[1])) + "\n";
    return ::write(STDOUT_FILENO, line.data(), line.size()) < 0
               ? script_error(context, "the standard output can't be written to")
               : TCL_OK;
}

int machine_options(script_context& context, const words& given)
{
    if (given.size() != 2) return usage_error(context, given);
    if (context.bench != nullptr) return script_error(context, "a scenario's machine is chosen before it begins");
    int count = 0;
    Tcl_Obj** all = nullptr;
    if (Tcl_ListObjGetElements(context.interp, given[1], &count, &all) != TCL_OK) return TCL_ERROR;
    std::vector<std::string> options;
    for (int i = 0; i < count; ++i) options.emplace_back(text_of(all[i]));
    if (auto error = check_machine(options)) return script_error(context, error->text);
    context.machine = std::move(options);
    return TCL_OK;
}

// Evaluates the body; what came of it is in the outcome.
void perform(script_context& context, Tcl_Obj* body, scenario_outcome& outcome)
{
    Tcl_EvalEx(context.interp, "info frame", -1, 0);
    Tcl_GetIntFromObj(nullptr, Tcl_GetObjResult(context.interp), &context.depth);
    --context.depth; // the question was in a frame of its own
    const int code = Tcl_EvalObjEx(context.interp, body, 0);
    if (code != TCL_ERROR || outcome.end != verdict::passed) return;
    outcome.end = verdict::error;
    const std::string message = Tcl_GetStringResult(context.interp);
    scenario_failure failure{outcome.where, "", message, ""};
    failure.where.line += static_cast<unsigned>(std::max(Tcl_GetErrorLine(context.interp) - 1, 0));
    if (message == context.error) {
        failure.where = context.error_place;
        failure.verb = context.error_verb;
    }
    outcome.failure = failure;
}

// What a body leaves behind in the interpreter is undone where it passed, and only where all of it can be.
class undoing {
public:
    explicit undoing(script_context& context)
        : context_(context), numbers_(context.numbers), census_(census_of(context.interp)), variables_(context.interp)
    {
    }

    bool undo(bool passed) const
    {
        context_.numbers = numbers_;
        return passed && !context_.changed && !context_.traced && plain_namespaces() && variables_.restore() &&
               census_of(context_.interp) == census_;
    }

private:
    // The file has neither namespaces nor objects, which have variables of their own.
    bool plain_namespaces() const
    {
        const auto after_count = [](const std::string& census) { return census.substr(census.find(' ')); };
        return after_count(census_) == after_count(context_.first_census);
    }

    script_context& context_;
    const std::mt19937_64 numbers_;
    const std::string census_;
    const script_variables variables_;
};

scenario_script::result perform(script_context& context, const scenario_definition& what, Tcl_Obj* body,
                                test_bench& bench, std::uint64_t seed)
{
    scenario_outcome outcome;
    outcome.name = what.name;
    outcome.where = what.where;
    outcome.machine = machine_line(what.machine);
    outcome.seed = seed;
    const undoing before(context);
    context.numbers.seed(seed);
    context.bench = &bench;
    context.definition = &what;
    context.outcome = &outcome;
    context.expected = 0;
    context.changed = false;
    context.snapshots.clear();
    context.error.clear();
    perform(context, body, outcome);
    outcome.virtual_time = bench.now();
    const bool passed = outcome.end == verdict::passed;
    if (!passed) {
        if (outcome.failure && !outcome.failure->expectation.empty()) {
            bench.add_mark(timeline_mark::kind::expectation, "", outcome.failure->expectation);
        }
        outcome.timeline = bench.timeline();
    }
    context.bench = nullptr;
    context.outcome = nullptr;
    context.definition = nullptr;
    return {outcome, before.undo(passed)};
}

int scenario(script_context& context, const words& given)
{
    if (context.bench != nullptr) return script_error(context, "a scenario can't stand in another");
    std::vector<std::string> machine = context.machine;
    if (given.size() == 5 && text_of(given[2]) == "-machine") {
        const std::vector<std::string> kept = context.machine;
        if (machine_options(context, {given[0], given[3]}) != TCL_OK) return TCL_ERROR;
        machine = std::exchange(context.machine, kept);
    } else if (given.size() != 3) {
        return usage_error(context, given);
    }
    const std::string_view name = text_of(given[1]);
    const auto odd = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
    if (name.empty() || std::any_of(name.begin(), name.end(), odd)) {
        return script_error(context, "a scenario's name is text on one line");
    }
    std::string full_name = context.file.stem().string() + "/" + std::string(name);
    if (context.choose && !context.choose(full_name)) return TCL_OK;
    const scenario_definition what{std::move(full_name), context.place(), std::move(machine)};
    Tcl_Obj* body = given.back();
    context.tell(what,
                 [&](test_bench& bench, std::uint64_t seed) { return perform(context, what, body, bench, seed); });
    return TCL_OK;
}

// Files beside the one that is read, or below its folder.
int source(script_context& context, const words& given)
{
    if (given.size() != 2) return usage_error(context, given);
    namespace fs = std::filesystem;
    std::error_code wrong;
    const fs::path folder = fs::canonical(context.file.parent_path().empty() ? "." : context.file.parent_path(), wrong);
    const fs::path file = fs::canonical(folder / fs::path(std::string(text_of(given[1]))), wrong);
    const std::string shown(text_of(given[1]));
    if (wrong) return script_error(context, "can't read '" + shown + "': " + wrong.message());
    if (std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first != folder.end()) {
        return script_error(context,
                            "'" + shown + "' is not in the folder of the scenario file, where alone files are read");
    }
    Tcl_Obj* const path = tcl_text((context.file.parent_path() / shown).string());
    Tcl_IncrRefCount(path);
    const int code = Tcl_FSEvalFileEx(context.interp, path, "utf-8");
    Tcl_DecrRefCount(path);
    return code;
}

} // namespace

const std::vector<verb>& verbs()
{
    static const std::vector<verb> all{
        {"machine", "{OPTIONS}", "the machine of the scenarios that follow: options as vigil-sim takes them",
         machine_options, true},
        {"scenario", "NAME ?-machine {OPTIONS}? {BODY}", "a scenario, on a machine of its own", scenario, true},
        {"source", "FILE", "reads a file beside this one", source, true},
        {"random", "LOW HIGH", "a whole number from LOW to HIGH, drawn from the scenario's own seed", random, true},
        {"puts", "TEXT", "a line for the report of a scenario that does not pass", put_line, true},
        {"wdt", "OPERATION ?ARGUMENTS? ?-of DEVICE?",
         "drives a watchdog: attach, preload A B, scale 1kHz|1MHz, reboot on|off, enable, kick, stop, lock", wdt},
        {"run", "DURATION | until EVENT ?MEMBER VALUE …? ?within DURATION?",
         "lets virtual time pass; returns how many nanoseconds did", run},
        {"qmp", "COMMAND ?{ARGUMENTS}? | {JSON}", "executes a QMP command; returns its result as a dict", qmp},
        {"expect",
         "event EVENT ?MEMBER VALUE …? ?within DURATION? | no event … | status STATE | register DEVICE NAME VALUE",
         "ends the scenario as failed where it is not so", expect},
        {"check", "{EXPRESSION}", "ends the scenario as failed where the expression is false", check},
        {"now", "", "the VM clock, in nanoseconds", now},
        {"reg", "read DEVICE REGISTER | write DEVICE REGISTER VALUE", "a device's register, by its datasheet's name",
         reg},
        {"pci", "read DEVICE OFFSET WIDTH | write DEVICE OFFSET WIDTH VALUE", "configuration space of a PCI device",
         pci},
        {"inb", "PORT", "reads a byte from an I/O port", look},
        {"inw", "PORT", "reads 2 bytes from an I/O port", look},
        {"inl", "PORT", "reads 4 bytes from an I/O port", look},
        {"outb", "PORT VALUE", "writes a byte to an I/O port", put},
        {"outw", "PORT VALUE", "writes 2 bytes to an I/O port", put},
        {"outl", "PORT VALUE", "writes 4 bytes to an I/O port", put},
        {"readb", "ADDRESS", "reads a byte of memory", look},
        {"readw", "ADDRESS", "reads 2 bytes of memory", look},
        {"readl", "ADDRESS", "reads 4 bytes of memory", look},
        {"readq", "ADDRESS", "reads 8 bytes of memory", look},
        {"writeb", "ADDRESS VALUE", "writes a byte of memory", put},
        {"writew", "ADDRESS VALUE", "writes 2 bytes of memory", put},
        {"writel", "ADDRESS VALUE", "writes 4 bytes of memory", put},
        {"writeq", "ADDRESS VALUE", "writes 8 bytes of memory", put},
        {"rdmsr", "INDEX ?CPU?", "reads a model-specific register", look_msr},
        {"wrmsr", "INDEX VALUE ?CPU?", "writes a model-specific register", put_msr},
        {"snapshot", "NAME", "saves the machine's state", snapshot},
        {"restore", "NAME", "brings the machine back to a saved state", restore},
        {"note", "TEXT", "words for the report's timeline", note},
        {"skip", "REASON", "ends the scenario as skipped", skip},
        {"exit", "?STATUS?", "ends the scenario's process, which is never a pass", leave, true},
    };
    return all;
}

std::string verbs_text()
{
    std::string text;
    for (const verb& one : verbs()) {
        text += std::string(one.name) + (*one.usage != '\0' ? " " : "") + one.usage + "\n        " + one.help + "\n";
    }
    return text;
}

} // namespace vigil::sim
