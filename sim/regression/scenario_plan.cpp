// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/regression/scenario_plan.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <unordered_set>

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <vigil/sim/regression/scenario_process.h>
#include <vigil/sim/report/outcome_json.h>

namespace vigil::sim {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

bool is_scenario_file(const fs::path& path)
{
    return path.extension() == ".tcl" && path.filename().string().front() != '_';
}

// One line for each scenario, and one for an error.
void tell_definition(int to, const scenario_definition& what)
{
    json::object line;
    line["name"] = what.name;
    line["file"] = what.where.file;
    line["line"] = what.where.line;
    line["machine"] = json::array(what.machine.begin(), what.machine.end());
    const std::string text = json::serialize(line) + "\n";
    write_all(to, text.data(), text.size());
}

scenario_outcome broken(const std::string& name, const std::string& file, const std::string& message)
{
    scenario_outcome outcome;
    outcome.name = name;
    outcome.where.file = file;
    outcome.end = verdict::error;
    scenario_failure& failure = outcome.failure.emplace();
    failure.where.file = file;
    failure.message = message;
    return outcome;
}

// The process in which a file is read; it does not return.
[[noreturn]] void read_file_here(const std::string& file, const run_settings& settings, int to, int output)
{
    send_output_to(output);
    enter_limits({settings.timeout, settings.memory_bytes});
    scenario_script script(file, settings.seed,
                           [to](const scenario_definition& what, const auto&) { tell_definition(to, what); });
    if (const auto failure = script.read()) {
        scenario_outcome outcome = broken(fs::path(file).stem().string(), file, failure->message);
        outcome.where = failure->where;
        *outcome.failure = *failure;
        const std::string line = json::serialize(json::object{{"broken", to_json(outcome)}}) + "\n";
        write_all(to, line.data(), line.size());
    }
    ::_exit(0);
}

// Puts together what the processes tell.
class planner {
public:
    planner(const run_settings& settings, const std::function<bool()>& stop) : settings_(settings), stop_(stop) {}

    runstate::result<scenario_plan> plan(const std::vector<std::string>& files)
    {
        if (settings_.rerun_failed) {
            auto report = load_outcomes(*settings_.rerun_failed);
            if (!report) return std::move(report).why();
            for (const scenario_outcome& one : report->outcomes) {
                if (is_bad(one.end)) again_.insert(one.name);
            }
        }
        for (const std::string& file : files) {
            read(file);
            if (stop_()) return runstate::refusal{"interrupted while the files were read; nothing was run"};
        }
        return std::move(plan_);
    }

private:
    void read(const std::string& file)
    {
        int ends[2];
        const int output = ::memfd_create("vigil-run-output", MFD_CLOEXEC);
        if (output < 0 || ::pipe2(ends, O_CLOEXEC) != 0) {
            plan_.broken.push_back(broken(fs::path(file).stem().string(), file, "no pipe can be made for its reader"));
            return;
        }
        const pid_t child = ::fork();
        if (child == 0) read_file_here(file, settings_, ends[1], output);
        ::close(ends[1]);
        read_lines(
            {ends[0]}, [&](const std::string& line) { take(file, line); }, stop_);
        ::close(ends[0]);
        if (child > 0 && stop_()) ::kill(child, SIGKILL);
        const int status = child > 0 ? await_end(child) : 0;
        if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            scenario_outcome outcome =
                broken(fs::path(file).stem().string(), file, "the file could not be read to its end");
            tell_end(status, outcome);
            outcome.last_lines = last_lines(output);
            plan_.broken.push_back(outcome);
        }
        ::close(output);
    }

    void take(const std::string& file, const std::string& line)
    {
        const json::object all = json::parse(line).as_object();
        if (const auto* error = all.if_contains("broken")) {
            if (auto outcome = outcome_from(json::serialize(*error))) plan_.broken.push_back(*outcome);
            return;
        }
        planned_scenario one;
        one.file = file;
        one.what.name = all.at("name").as_string().c_str();
        one.what.where.file = all.at("file").as_string().c_str();
        one.what.where.line = all.at("line").to_number<unsigned>();
        for (const auto& word : all.at("machine").as_array()) one.what.machine.emplace_back(word.as_string().c_str());
        add(std::move(one));
    }

    void add(planned_scenario one)
    {
        const std::string& name = one.what.name;
        ++plan_.found;
        if (!names_.insert(name).second) {
            scenario_outcome outcome = broken(name + " (again)", one.what.where.file,
                                              "there is another scenario '" + name + "'; names are unique in a run");
            outcome.where = outcome.failure->where = one.what.where;
            if (duplicates_.insert(name).second) plan_.broken.push_back(outcome);
            return;
        }
        const auto fits = [&name](const std::string& filter) { return matches(name, filter); };
        if (!settings_.filters.empty() && std::none_of(settings_.filters.begin(), settings_.filters.end(), fits)) {
            return;
        }
        if (settings_.rerun_failed && again_.count(name) == 0) return;
        if (shard_of(name, settings_.shards) != settings_.shard) return;
        plan_.scenarios.push_back(std::move(one));
    }

    const run_settings& settings_;
    const std::function<bool()>& stop_;
    scenario_plan plan_;
    std::unordered_set<std::string> names_;
    std::unordered_set<std::string> duplicates_;
    std::unordered_set<std::string> again_;
};

} // namespace

runstate::result<std::vector<std::string>> find_scenario_files(const std::vector<std::string>& places)
{
    std::vector<std::string> files;
    std::set<std::string> seen;
    const auto add = [&](const fs::path& path) {
        std::error_code wrong;
        if (seen.insert(fs::weakly_canonical(path, wrong).string()).second) files.push_back(path.string());
    };
    for (const std::string& place : places) {
        std::error_code wrong;
        const fs::file_status about = fs::status(place, wrong);
        if (!fs::exists(about)) return runstate::refusal{"there is no file or folder '" + place + "'"};
        if (!fs::is_directory(about)) {
            add(place);
            continue;
        }
        std::vector<fs::path> found;
        for (fs::recursive_directory_iterator at(place, wrong), end; !wrong && at != end; at.increment(wrong)) {
            if (is_scenario_file(at->path())) found.push_back(at->path());
        }
        if (wrong) return runstate::refusal{"can't read the folder '" + place + "': " + wrong.message()};
        std::sort(found.begin(), found.end());
        for (const fs::path& path : found) add(path);
    }
    if (files.empty()) return runstate::refusal{"there is no scenario file (*.tcl) in '" + places.front() + "'"};
    return files;
}

unsigned shard_of(const std::string& name, unsigned shards)
{
    return static_cast<unsigned>(seed_of(0, name) % shards) + 1;
}

bool matches(const std::string& name, const std::string& filter)
{
    return ::fnmatch(filter.c_str(), name.c_str(), 0) == 0;
}

runstate::result<scenario_plan> plan_scenarios(const run_settings& settings, const std::function<bool()>& stop)
{
    const auto files = find_scenario_files(settings.places);
    if (!files) return files.why();
    return planner(settings, stop).plan(*files);
}

} // namespace vigil::sim
