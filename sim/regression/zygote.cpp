// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/regression/zygote.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <unordered_map>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <systemc>

#include <vigil/qmp-bridge/serve/local_clients.h>
#include <vigil/sim/options/options.h>
#include <vigil/sim/regression/scenario_process.h>
#include <vigil/sim/report/outcome_json.h>
#include <vigil/sim/scenario/test_bench.h>
#include <vigil/sim/simulation.h>

namespace vigil::sim {

namespace {

using steady = std::chrono::steady_clock;

// What a child says to its machine: a head, then the bytes.
struct said_head {
    std::uint32_t server;
    std::uint32_t count;
};

std::string read_whole(int fd)
{
    struct stat about {};
    if (::fstat(fd, &about) != 0) return {};
    std::string text(static_cast<std::size_t>(about.st_size), '\0');
    std::size_t at = 0;
    while (at < text.size()) {
        const ssize_t got = ::pread(fd, text.data() + at, text.size() - at, static_cast<off_t>(at));
        if (got <= 0) break;
        at += static_cast<std::size_t>(got);
    }
    text.resize(at);
    return text;
}

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

// Where one child at a time runs: what it leaves stands in files in memory, which outlive it.
struct slot {
    pid_t child = 0; ///< 0: none
    scenario_outcome known;
    steady::time_point began;
    int result = ::memfd_create("vigil-run-result", MFD_CLOEXEC);
    int said = ::memfd_create("vigil-run-said", MFD_CLOEXEC);
    int output = ::memfd_create("vigil-run-output", MFD_CLOEXEC);

    void clear() const
    {
        for (const int fd : {result, said, output}) {
            if (::ftruncate(fd, 0) == 0) ::lseek(fd, 0, SEEK_SET);
        }
    }
};

class zygote {
public:
    zygote(const zygote_task& task, const run_settings& settings, int to)
        : task_(task), settings_(settings), to_(to), slots_(settings.jobs)
    {
        for (const planned_scenario* one : task.scenarios) wanted_.emplace(one->what.name, one);
    }

    int live()
    {
        const auto parsed = parse_options(machine_arguments(task_.machine));
        if (!parsed) return 1; // which the plan has looked at
        options_ = *parsed;
        auto files = runstate::file_access::confined_to(task_.folder);
        if (!files) {
            std::fprintf(stderr, "%s\n", files.why().text.c_str());
            return 1;
        }
        sc_core::sc_set_time_resolution(1, sc_core::SC_NS);
        run_.emplace(options_, *std::move(files), [this](qmp_bridge::local_clients& clients) { read_files(clients); });
        return run_->run();
    }

private:
    void read_files(qmp_bridge::local_clients& clients)
    {
        clients_ = &clients;
        note_address_space();
        std::string before;
        for (const planned_scenario* one : task_.scenarios) {
            if (one->file == before) continue;
            before = one->file;
            scenario_script script(one->file, settings_.seed,
                                   [this](const scenario_definition& what, const auto& perform) {
                                       if (wanted_.erase(what.name) == 0) return;
                                       for (unsigned i = 1; i <= settings_.repeat; ++i) run(what, i, perform);
                                   });
            script.read(); // which the plan has done before, and has told what came of it
        }
        while (await_child()) {}
        std::fflush(nullptr);
        ::_exit(0);
    }

    void run(const scenario_definition& what, unsigned turn, const scenario_script::performance& perform)
    {
        slot& place = free_slot();
        scenario_outcome& known = place.known;
        known = {};
        known.name = settings_.repeat == 1 ? what.name : what.name + " #" + std::to_string(turn);
        known.where = what.where;
        known.machine = machine_line(what.machine);
        known.seed = seed_of(settings_.seed, known.name);
        place.clear();
        place.began = steady::now();
        place.child = ::fork();
        if (place.child == 0) carry_out(place, perform);
        if (place.child < 0) {
            place.child = 0;
            known.end = verdict::lost;
            known.end_detail = "no process could be made for it";
            tell(known);
        }
    }

    // In the child.
    [[noreturn]] void carry_out(const slot& place, const scenario_script::performance& perform)
    {
        ::dup2(place.output, STDOUT_FILENO);
        ::dup2(place.output, STDERR_FILENO);
        enter_limits({settings_.timeout, settings_.memory_bytes});
        test_bench bench(*run_, *clients_, [&place](unsigned server, std::string_view bytes) {
            const said_head head{server, static_cast<std::uint32_t>(bytes.size())};
            std::string frame(reinterpret_cast<const char*>(&head), sizeof head);
            frame += bytes;
            write_all(place.said, frame.data(), frame.size());
        });
        scenario_outcome outcome = perform(bench, place.known.seed);
        outcome.name = place.known.name;
        const std::string line = boost::json::serialize(to_json(outcome));
        write_all(place.result, line.data(), line.size());
        ::_exit(0);
    }

    slot& free_slot()
    {
        while (true) {
            for (slot& one : slots_) {
                if (one.child == 0) return one;
            }
            await_child();
        }
    }

    // False where there is none.
    bool await_child()
    {
        int status = 0;
        const pid_t ended = ::waitpid(-1, &status, 0);
        if (ended < 0) return errno == EINTR;
        for (slot& one : slots_) {
            if (one.child == ended) conclude(one, status);
        }
        return true;
    }

    void conclude(slot& place, int status)
    {
        place.child = 0;
        scenario_outcome outcome = place.known;
        const std::string line =
            WIFEXITED(status) && WEXITSTATUS(status) == 0 ? read_whole(place.result) : std::string();
        if (auto told = outcome_from(line)) {
            outcome = *std::move(told);
        } else {
            tell_end(status, outcome);
        }
        outcome.wall_time = steady::now() - place.began;
        if (outcome.end != verdict::passed) outcome.last_lines = last_lines(place.output);
        if (is_bad(outcome.end)) outcome.transcript = record(place, outcome.name);
        tell(outcome);
    }

    void tell(const scenario_outcome& outcome) const
    {
        const std::string line = boost::json::serialize(to_json(outcome)) + "\n";
        if (!write_all(to_, line.data(), line.size())) ::_exit(1); // nobody listens any more
    }

    // Has a child say again what the scenario said, and writes that down; returns the file, or nothing.
    std::string record(const slot& place, const std::string& scenario)
    {
        const std::string said = read_whole(place.said);
        std::error_code wrong;
        std::filesystem::create_directories(settings_.transcripts, wrong);
        const std::string path = (std::filesystem::path(settings_.transcripts) / file_name_of(scenario)).string();
        const pid_t child = ::fork();
        if (child == 0) say_again(said, path);
        int status = 0;
        while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        return std::filesystem::exists(path, wrong) ? path : std::string();
    }

    [[noreturn]] void say_again(const std::string& said, const std::string& path)
    {
        enter_limits({settings_.timeout, settings_.memory_bytes});
        if (run_->record_to(path)) ::_exit(1);
        test_bench bench(*run_, *clients_, {});
        for (std::size_t at = 0; at + sizeof(said_head) <= said.size();) {
            said_head head{};
            said.copy(reinterpret_cast<char*>(&head), sizeof head, at);
            at += sizeof head;
            bench.repeat(head.server, std::string_view(said).substr(at, head.count));
            at += head.count;
        }
        run_->end_record();
        ::_exit(0);
    }

    const zygote_task& task_;
    const run_settings& settings_;
    const int to_;
    std::unordered_map<std::string, const planned_scenario*> wanted_;
    std::vector<slot> slots_;
    sim_options options_;
    std::optional<simulation> run_;
    qmp_bridge::local_clients* clients_ = nullptr;
};

zygote* the_zygote = nullptr; // for the kernel's entry

} // namespace

int zygote_main() { return the_zygote != nullptr ? the_zygote->live() : 99; }

void live_as_zygote(const zygote_task& task, const run_settings& settings, int to)
{
    zygote one(task, settings, to);
    the_zygote = &one;
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    char name[] = "vigil-run";
    char* arguments[] = {name, nullptr};
    const int status = sc_core::sc_elab_and_sim(1, arguments);
    ::_exit(status != 0 ? status : 1);
}

} // namespace vigil::sim
