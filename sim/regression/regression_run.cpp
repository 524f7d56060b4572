// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/regression/regression_run.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <unordered_set>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vigil/sim/regression/progress.h>
#include <vigil/sim/regression/scenario_plan.h>
#include <vigil/sim/regression/scenario_process.h>
#include <vigil/sim/regression/zygote.h>
#include <vigil/sim/report/merge.h>
#include <vigil/sim/report/outcome_json.h>

namespace vigil::sim {

namespace {

volatile std::sig_atomic_t the_signal = 0;

void take_signal(int number) { the_signal = number; }

void tell_user(const std::string& text) { std::fprintf(stderr, "vigil-run: %s\n", text.c_str()); }

int complain_of(const std::vector<runstate::refusal>& refusals)
{
    for (const auto& why : refusals) tell_user(why.text);
    return refusals.empty() ? 0 : 1;
}

// A folder that is gone with the run.
class passing_folder {
public:
    passing_folder()
    {
        const char* const base = std::getenv("TMPDIR");
        std::string name = std::string(base != nullptr ? base : "/tmp") + "/vigil-run.XXXXXX";
        if (::mkdtemp(name.data()) != nullptr) path_ = name;
    }
    ~passing_folder()
    {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    passing_folder(const passing_folder&) = delete;
    passing_folder& operator=(const passing_folder&) = delete;

    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

class regression {
public:
    regression(const run_settings& settings, const scenario_plan& plan)
        : settings_(settings), plan_(plan), reports_(settings.reports),
          progress_(plan.scenarios.size() * settings.repeat + plan.broken.size())
    {
    }

    int run()
    {
        if (complain_of(reports_.refusals()) != 0) return 2;
        if (folder_.path().empty()) {
            tell_user("no folder can be made for the run in $TMPDIR");
            return 2;
        }
        for (const scenario_outcome& one : plan_.broken) add(one);
        for (const zygote_task& task : tasks()) run(task);
        return finish();
    }

private:
    std::vector<zygote_task> tasks() const
    {
        std::vector<zygote_task> all;
        std::map<std::vector<std::string>, std::size_t> places;
        for (const planned_scenario& one : plan_.scenarios) {
            const auto place = places.emplace(one.what.machine, all.size());
            if (place.second) all.push_back({one.what.machine, {}, folder_.path()});
            all[place.first->second].scenarios.push_back(&one);
        }
        return all;
    }

    bool over() const { return the_signal != 0 || (settings_.fail_fast && reports_.counts().bad() > 0); }

    void run(const zygote_task& task)
    {
        std::unordered_set<std::string> missing;
        for (const planned_scenario* one : task.scenarios) missing.insert(one->what.name);
        if (!over()) carry_out(task, missing);
        for (const planned_scenario* one : task.scenarios) {
            if (missing.count(one->what.name) == 0) continue;
            add(untold(*one));
        }
    }

    void carry_out(const zygote_task& task, std::unordered_set<std::string>& missing)
    {
        const int output = ::memfd_create("vigil-run-machine", MFD_CLOEXEC);
        std::vector<int> from;
        std::vector<int> to;
        const std::size_t keepers = std::min<std::size_t>(settings_.jobs, task.scenarios.size() * settings_.repeat);
        while (from.size() < keepers) {
            int ends[2];
            if (::pipe2(ends, O_CLOEXEC) != 0) break;
            from.push_back(ends[0]);
            to.push_back(ends[1]);
        }
        if (output < 0 || to.empty()) {
            last_words_ = {"no pipe can be made"};
            return;
        }
        const pid_t child = ::fork();
        if (child == 0) {
            enter_zygote(output);
            live_as_zygote(task, settings_, to);
        }
        for (const int fd : to) ::close(fd);
        read_lines(
            from, [&](const std::string& line) { take(line, missing); }, [this] { return over(); });
        for (const int fd : from) ::close(fd);
        if (child > 0) {
            if (over()) ::kill(-child, SIGKILL);
            await_end(child);
        }
        last_words_ = last_lines(output);
        ::close(output);
    }

    static void enter_zygote(int output)
    {
        ::setpgid(0, 0);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        std::signal(SIGINT, SIG_DFL);
        std::signal(SIGTERM, SIG_DFL);
        send_output_to(output);
    }

    void take(const std::string& line, std::unordered_set<std::string>& missing)
    {
        const auto outcome = outcome_from(line);
        if (!outcome) return;
        const std::size_t mark = settings_.repeat > 1 ? outcome->name.rfind(" #") : std::string::npos;
        missing.erase(outcome->name.substr(0, mark));
        add(*outcome);
    }

    // A scenario of which nothing came.
    scenario_outcome untold(const planned_scenario& one) const
    {
        scenario_outcome outcome;
        outcome.name = one.what.name;
        outcome.where = one.what.where;
        outcome.machine = machine_line(one.what.machine);
        if (the_signal != 0) {
            outcome.end = verdict::interrupted;
        } else if (over()) {
            outcome.end = verdict::skipped;
            outcome.end_detail = "after a failure";
        } else {
            outcome.end = verdict::error;
            outcome.last_lines = last_words_;
            const std::string why = last_words_.empty() ? "its process ended" : last_words_.back();
            scenario_failure& failure = outcome.failure.emplace();
            failure.where = one.what.where;
            failure.verb = "machine";
            failure.message = "its machine can't be made: " + why;
        }
        return outcome;
    }

    void add(const scenario_outcome& outcome)
    {
        reports_.add(outcome);
        progress_.add(outcome, reports_.counts());
    }

    int finish()
    {
        run_summary summary;
        summary.began = began_;
        summary.wall_time = std::chrono::steady_clock::now() - started_;
        summary.seed = settings_.seed;
        summary.shard = settings_.shard;
        summary.shards = settings_.shards;
        if (the_signal != 0) summary.remarks.emplace_back("the run was interrupted");
        progress_.finish(reports_.counts(), summary.wall_time);
        const bool unwritten = complain_of(reports_.finish(summary)) != 0;
        return unwritten || the_signal != 0 || reports_.counts().bad() > 0 ? 1 : 0;
    }

    const run_settings& settings_;
    const scenario_plan& plan_;
    const std::chrono::system_clock::time_point began_ = std::chrono::system_clock::now();
    const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    passing_folder folder_;
    class reports reports_;
    progress progress_;
    std::vector<std::string> last_words_; ///< of the last machine
};

int merge(const run_settings& settings)
{
    const auto merged = merge_reports(settings.places, settings.reports);
    if (!merged) {
        tell_user(merged.why().text);
        return 2;
    }
    for (const std::string& what : merged->missing) tell_user(what);
    std::printf("%zu scenarios, %zu of them bad\n", merged->counts.all(), merged->counts.bad());
    return complain_of(merged->refusals) != 0 || merged->counts.bad() > 0 || !merged->missing.empty() ? 1 : 0;
}

int list(const scenario_plan& plan)
{
    for (const planned_scenario& one : plan.scenarios) {
        std::printf("%s\t%s\n", one.what.name.c_str(), text_of(one.what.where).c_str());
    }
    for (const scenario_outcome& one : plan.broken) {
        tell_user(text_of(one.where) + ": " + headline_of(one));
    }
    return plan.broken.empty() ? 0 : 1;
}

} // namespace

int run_regression(const run_settings& settings)
{
    if (settings.merge) return merge(settings);
    struct sigaction action {};
    action.sa_handler = take_signal;
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    const auto plan = plan_scenarios(settings, [] { return the_signal != 0; });
    if (!plan) {
        tell_user(plan.why().text);
        return 2;
    }
    if (plan->found == 0 && plan->broken.empty()) {
        tell_user("the files define no scenario");
        return 2;
    }
    if (settings.list) return list(*plan);
    if (plan->scenarios.empty() && plan->broken.empty()) {
        if (settings.shards == 1) {
            tell_user("none of the " + std::to_string(plan->found) + " scenarios is chosen");
            return 2;
        }
        tell_user("shard " + std::to_string(settings.shard) + "/" + std::to_string(settings.shards) +
                  " has no scenario in it; that is no failure");
    }
    return regression(settings, *plan).run();
}

} // namespace vigil::sim
