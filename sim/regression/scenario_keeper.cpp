// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/regression/scenario_keeper.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <optional>
#include <utility>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>

#include <vigil/runstate/clock/kernel_time.h>
#include <vigil/sim/regression/scenario_process.h>
#include <vigil/sim/report/outcome_json.h>
#include <vigil/sim/scenario/test_bench.h>

namespace vigil::sim {

namespace {

// After so many, or with so much time behind it, a process makes room for a fresh one.
constexpr std::size_t k_most_per_process = 1000;
constexpr std::chrono::hours k_longest_simulated{24 * 365};

// What a scenario says to its machine: a head, then the bytes.
struct said_head {
    std::uint32_t server;
    std::uint32_t count;
};

// A file's name made of a scenario's.
std::string file_name_of(const std::string& scenario)
{
    std::string name;
    for (const char c : scenario) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '+';
        name += plain ? c : '_';
    }
    constexpr std::size_t k_longest = 180;
    char number[24];
    std::snprintf(number, sizeof number, "-%08x", static_cast<unsigned>(seed_of(0, scenario)));
    return name.substr(0, k_longest) + number + ".jsonl";
}

std::string line_of(const scenario_outcome& outcome) { return boost::json::serialize(to_json(outcome)) + "\n"; }

} // namespace

scenario_keeper::scenario_keeper(simulation& run, qmp_bridge::local_clients& clients, const zygote_task& task,
                                 const run_settings& settings, claims& taken, int to)
    : run_(run), clients_(clients), task_(task), settings_(settings), taken_(taken), to_(to),
      beginning_(run.guest().controller.this_moment()), output_(::memfd_create("vigil-run-output", MFD_CLOEXEC))
{
    void* const memory = ::mmap(nullptr, sizeof(desk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    desk_ = new (memory) desk{};
    for (const planned_scenario* one : task.scenarios) {
        numbers_.emplace(one->what.name, numbers_.size() * settings.repeat);
    }
    note_address_space();
}

scenario_keeper::~scenario_keeper()
{
    ::munmap(desk_, sizeof(desk));
    ::close(output_);
}

void scenario_keeper::keep()
{
    std::string before;
    for (const planned_scenario* one : task_.scenarios) {
        if (one->file != before) read(one->file);
        before = one->file;
    }
    if (forked_) ::_exit(0);
}

void scenario_keeper::read(const std::string& file)
{
    scenario_script script(
        file, settings_.seed, [this](const scenario_definition& what, const auto& perform) { meet(what, perform); },
        [this](const std::string& name) { return wants(name); });
    script.read(); // which the plan has done before, and has told what came of it
}

bool scenario_keeper::wants(const std::string& name) const { return numbers_.count(name) != 0; }

void scenario_keeper::meet(const scenario_definition& what, const scenario_script::performance& perform)
{
    const std::size_t number = numbers_.at(what.name);
    for (unsigned i = 0; i < settings_.repeat; ++i) {
        const std::string mark = settings_.repeat == 1 ? "" : " #" + std::to_string(i + 1);
        const turn one{number + i, what.name + mark, what, perform};
        while (!forked_ && taken_.take_for_fresh(one.number)) run_in_fresh(one);
        if (forked_ && (is_first() || taken_.take(one.number))) run_here(one);
    }
}

void scenario_keeper::run_in_fresh(const turn& one)
{
    began_ = steady::now();
    *desk_ = {one.number, true};
    const pid_t child = ::fork();
    if (child == 0) {
        enter();
        return; // to run it, and to go on from here
    }
    if (child < 0) {
        scenario_outcome outcome = blank(one);
        outcome.end = verdict::lost;
        outcome.end_detail = "no process could be made for it";
        tell(outcome);
        return;
    }
    const int status = await_end(child);
    if (!desk_->busy) return;
    if (desk_->number == one.number) {
        conclude(one, status);
    } else {
        taken_.leave_to_fresh(desk_->number);
    }
}

void scenario_keeper::conclude(const turn& one, int status)
{
    scenario_outcome outcome = blank(one);
    const bool orderly = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (auto told = orderly ? outcome_from(std::string(result_.all())) : std::nullopt) {
        outcome = *std::move(told);
    } else {
        if (::write(to_, "\n", 1) < 0) ::_exit(1); // it may have ended in the middle of a line
        tell_end(status, outcome);
    }
    outcome.wall_time = steady::now() - began_;
    outcome.last_lines = last_lines(output_);
    if (is_bad(outcome.end)) outcome.transcript = record(outcome.name);
    tell(outcome);
}

std::string scenario_keeper::record(const std::string& scenario)
{
    if (!said_.complete()) return {};
    std::error_code wrong;
    std::filesystem::create_directories(settings_.transcripts, wrong);
    const std::string path = (std::filesystem::path(settings_.transcripts) / file_name_of(scenario)).string();
    const pid_t child = ::fork();
    if (child == 0) say_again(path);
    if (child > 0) await_end(child);
    return std::filesystem::exists(path, wrong) ? path : std::string();
}

void scenario_keeper::say_again(const std::string& path)
{
    send_output_to(output_);
    enter_limits({settings_.timeout, settings_.memory_bytes});
    if (run_.record_to(path)) ::_exit(1);
    test_bench bench(run_, clients_, {});
    const std::string_view said = said_.all();
    for (std::size_t at = 0; at + sizeof(said_head) <= said.size();) {
        said_head head{};
        said.copy(reinterpret_cast<char*>(&head), sizeof head, at);
        at += sizeof head;
        bench.repeat(head.server, said.substr(at, head.count));
        at += head.count;
    }
    run_.end_record();
    ::_exit(0);
}

void scenario_keeper::enter()
{
    forked_ = true;
    if (::ftruncate(output_, 0) == 0) ::lseek(output_, 0, SEEK_SET);
    send_output_to(output_);
    result_.clear();
    enter_limits({settings_.timeout, settings_.memory_bytes});
}

void scenario_keeper::run_here(const turn& one)
{
    const auto began = steady::now();
    if (!is_first()) {
        *desk_ = {one.number, true};
        start_time(settings_.timeout);
    }
    said_.clear();
    scenario_script::result result;
    bool undoable = false;
    {
        test_bench bench(run_, clients_, [this](unsigned server, std::string_view bytes) {
            const said_head head{server, static_cast<std::uint32_t>(bytes.size())};
            said_.add({reinterpret_cast<const char*>(&head), sizeof head});
            said_.add(bytes);
        });
        result = one.perform(bench, seed_of(settings_.seed, one.name));
        undoable = result.undone && bench.can_be_undone();
    }
    result.outcome.name = one.name;
    if (result.outcome.end != verdict::passed) {
        if (is_first()) result_.add(line_of(result.outcome));
        ::_exit(0); // the keeper sees to it, and to a scenario that is not the first
    }
    result.outcome.wall_time = steady::now() - began;
    tell(result.outcome);
    desk_->busy = false;
    const bool worn =
        ++so_far_ >= k_most_per_process || runstate::to_ns(sc_core::sc_time_stamp()) >= k_longest_simulated;
    if (settings_.isolate || !undoable || worn || run_.return_to(beginning_)) ::_exit(0);
}

scenario_outcome scenario_keeper::blank(const turn& one) const
{
    scenario_outcome outcome;
    outcome.name = one.name;
    outcome.where = one.what.where;
    outcome.machine = machine_line(one.what.machine);
    outcome.seed = seed_of(settings_.seed, one.name);
    return outcome;
}

void scenario_keeper::tell(const scenario_outcome& outcome) const
{
    const std::string line = line_of(outcome);
    if (!write_all(to_, line.data(), line.size())) ::_exit(1); // nobody listens any more
}

} // namespace vigil::sim
