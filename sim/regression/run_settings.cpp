// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/regression/run_settings.h>

#include <algorithm>
#include <thread>

#include <vigil/sim/scenario/device_registers.h>
#include <vigil/sim/scenario/duration.h>
#include <vigil/sim/scenario/scenario_script.h>
#include <vigil/sim/version.h>

namespace vigil::sim {

namespace {

using failure = std::optional<runstate::refusal>;

runstate::refusal refused(const std::string& option, const std::string& value, const char* wants)
{
    return {option + " takes " + wants + ", not '" + value + "'"};
}

// A number from 1 to `most`.
failure take(unsigned& to, const std::string& option, const std::string& value, unsigned most)
{
    const auto number = parse_number(value);
    if (!number || *number < 1 || *number > most) {
        return refused(option, value, ("a number from 1 to " + std::to_string(most)).c_str());
    }
    to = static_cast<unsigned>(*number);
    return std::nullopt;
}

failure take_shard(run_settings& to, const std::string& value)
{
    const std::size_t slash = value.find('/');
    const auto shard = parse_number(value.substr(0, slash));
    const auto shards = slash == std::string::npos ? std::nullopt : parse_number(value.substr(slash + 1));
    if (!shard || !shards || *shard < 1 || *shard > *shards || *shards > 100'000) {
        return refused("--shard", value, "K/N with K from 1 to N");
    }
    to.shard = static_cast<unsigned>(*shard);
    to.shards = static_cast<unsigned>(*shards);
    return std::nullopt;
}

failure take_timeout(run_settings& to, const std::string& value)
{
    const auto time = parse_duration(value);
    if (!time || time->count() < 1'000'000) return refused("--timeout", value, "a length of time such as 60s");
    to.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(*time);
    return std::nullopt;
}

failure take_memory(run_settings& to, const std::string& value)
{
    unsigned mebibytes = 0;
    if (auto error = take(mebibytes, "--memory", value, 1'000'000)) return error;
    to.memory_bytes = std::uint64_t{mebibytes} * 1024 * 1024;
    return std::nullopt;
}

struct option_row {
    const char* name;
    const char* value; ///< null: it takes none
    const char* help;
    failure (*take)(run_settings& to, const std::string& value);
};

const std::vector<option_row>& options()
{
    using text = const std::string&;
    static const std::vector<option_row> all{
        {"--jobs", "N", "how many scenarios run at once (default: as many as there are processors)",
         [](run_settings& to, text value) { return take(to.jobs, "--jobs", value, 1024); }},
        {"--filter", "GLOB", "only scenarios whose name matches, as in 'kick*/*late*'; may be given again",
         [](run_settings& to, text value) { return to.filters.push_back(value), failure(); }},
        {"--list", nullptr, "prints the scenarios' names and places, and runs none",
         [](run_settings& to, text) { return to.list = true, failure(); }},
        {"--repeat", "N", "runs each scenario N times, each with a seed of its own",
         [](run_settings& to, text value) { return take(to.repeat, "--repeat", value, 1'000'000); }},
        {"--seed", "N", "what the scenarios' random numbers come from (default: 1)",
         [](run_settings& to, text value) -> failure {
             const auto number = parse_number(value);
             if (!number) return refused("--seed", value, "a number of up to 64 bits");
             to.seed = *number;
             return std::nullopt;
         }},
        {"--timeout", "TIME", "how much wall-clock time one scenario may take (default: 60s)", take_timeout},
        {"--memory", "MIB", "how much memory one scenario may take beside what its machine has (default: 256)",
         take_memory},
        {"--isolate", nullptr,
         "runs each scenario in a process of its own, also where one that has passed left nothing behind; slower",
         [](run_settings& to, text) { return to.isolate = true, failure(); }},
        {"--fail-fast", nullptr, "ends the run with the first scenario that fails",
         [](run_settings& to, text) { return to.fail_fast = true, failure(); }},
        {"--rerun-failed", "REPORT", "only the scenarios that did not pass in a report of --jsonl",
         [](run_settings& to, text value) { return to.rerun_failed = value, failure(); }},
        {"--shard", "K/N", "only part K of N of the scenarios, chosen by their names", take_shard},
        {"--transcripts", "FOLDER",
         "where failed scenarios leave what vigil-sim -replay takes (default: vigil-run.failed)",
         [](run_settings& to, text value) { return to.transcripts = value, failure(); }},
        {"--junit", "FILE", "writes a report for Jenkins, GitLab and their like",
         [](run_settings& to, text value) { return to.reports.junit = value, failure(); }},
        {"--tap", "FILE", "writes a report in TAP",
         [](run_settings& to, text value) { return to.reports.tap = value, failure(); }},
        {"--jsonl", "FILE", "writes a report in JSON lines, which --merge and --rerun-failed take",
         [](run_settings& to, text value) { return to.reports.jsonl = value, failure(); }},
        {"--html", "FILE", "writes a report as one page for a browser",
         [](run_settings& to, text value) { return to.reports.html = value, failure(); }},
        {"--merge", nullptr, "joins the reports (--jsonl) of shards, which stand in the place of files",
         [](run_settings& to, text) { return to.merge = true, failure(); }},
        {"--verbs", nullptr, "prints the verbs that scenarios are made of",
         [](run_settings& to, text) { return to.text = verbs_text(), failure(); }},
        {"--help", nullptr, "prints this text",
         [](run_settings& to, text) { return to.text = run_help_text(), failure(); }},
        {"--version", nullptr, "prints the version",
         [](run_settings& to, text) { return to.text = std::string("vigil-run ") + k_version + "\n", failure(); }},
    };
    return all;
}

runstate::refusal unknown_option(const std::string& name)
{
    std::vector<std::string> known;
    for (const option_row& row : options()) known.emplace_back(row.name);
    const std::string near = nearest(name, known);
    return {"there is no option '" + name + "'" + (near.empty() ? "; --help lists all" : "; is it " + near + "?")};
}

} // namespace

runstate::result<run_settings> parse_run_settings(const std::vector<std::string>& arguments)
{
    run_settings out;
    out.jobs = std::max(1U, std::thread::hardware_concurrency());
    bool only_places = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& word = arguments[i];
        if (only_places || word.size() < 2 || word[0] != '-') {
            out.places.push_back(word);
            continue;
        }
        if (word == "--") {
            only_places = true;
            continue;
        }
        const std::size_t equals = word.find('=');
        const std::string name = word.substr(0, equals);
        const auto row =
            std::find_if(options().begin(), options().end(), [&](const auto& one) { return one.name == name; });
        if (row == options().end()) return unknown_option(name);
        std::string value;
        if (row->value == nullptr && equals != std::string::npos) return runstate::refusal{name + " takes no value"};
        if (row->value != nullptr) {
            if (equals == std::string::npos && i + 1 == arguments.size()) {
                return runstate::refusal{name + " needs a value: " + name + " " + row->value};
            }
            value = equals != std::string::npos ? word.substr(equals + 1) : arguments[++i];
        }
        if (auto error = row->take(out, value)) return *std::move(error);
    }
    if (out.places.empty() && !out.text) {
        return runstate::refusal{"there is nothing to run; name files or folders of scenarios (--help says more)"};
    }
    return out;
}

std::string run_help_text()
{
    std::string text =
        "Usage: vigil-run [OPTIONS] FILES|FOLDERS\n\n"
        "Runs scenarios written in Tcl, each on a machine of its own; of a folder, all files *.tcl in it and\n"
        "below whose name does not begin with '_'.\n\n";
    for (const option_row& row : options()) {
        text += std::string("  ") + row.name + (row.value != nullptr ? std::string(" ") + row.value : "") +
                "\n        " + row.help + "\n";
    }
    return text + "\nExit status: 0 all passed; 1 failures; 2 nothing could be run.\n";
}

} // namespace vigil::sim
