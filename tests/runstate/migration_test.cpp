// SPDX-License-Identifier: Apache-2.0
// Migration and snapshots over a real controller; each case elaborates in a process of its own.
#include <vigil/runstate/controller.h>
#include <vigil/runstate/migration.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <new>
#include <string>
#include <utility>

#include <unistd.h>

#include <systemc>

#include <catch.h>

namespace {

using namespace vigil::runstate;

// One number that is saved and restored, and a timer that is armed for it.
struct timed_part final : snapshottable {
    timed_part(controller& machine, const char* its_name) : name(its_name), timer(machine.clock, [this] { ++fired; }) {}

    std::string_view section() const override { return name; }
    saved_state save() const override
    {
        if (no_memory_to_save) throw std::bad_alloc();
        return {{"value", value}};
    }
    prepared_restore prepare(const saved_state& state) override
    {
        saved_state_reader in(section(), state, 1);
        const std::uint64_t number = in.number("value", 0, most);
        if (in.fault()) return *in.fault();
        if (no_memory) throw std::bad_alloc();
        return [this, number] {
            ++taken_over;
            value = number;
            if (value == 0) {
                timer.cancel();
            } else {
                timer.arm(ns(static_cast<std::int64_t>(value)));
            }
        };
    }

    const char* name;
    std::uint64_t value = 0;
    std::uint64_t most = 1'000'000;
    bool no_memory = false;
    bool no_memory_to_save = false;
    int fired = 0;
    int taken_over = 0;
    vm_timer timer;
};

// Notes down states and events, blanks between.
struct event_recorder final : run_listener {
    std::string heard;
    void note(const std::string& word) { heard += (heard.empty() ? "" : " ") + word; }
    std::string taken() { return std::exchange(heard, std::string()); }
    void on_event(const event& e) override
    {
        note(std::string(event_name(e)));
        if (const auto* reset = std::get_if<reset_event>(&e)) note(std::string(to_string(reset->reason)));
    }
    void on_state_changed(run_state, run_state to) override { note(std::string(to_string(to))); }
    void on_log(std::string_view line) override { note("log[" + std::string(line) + "]"); }
};

struct migration_bench {
    explicit migration_bench(bool autostart = true)
    {
        machine.autostart(autostart);
        machine.add_listener(heard);
        machine.add_snapshottable(first);
        machine.add_snapshottable(second);
        moves.defer = [this](std::function<void()> job) { jobs.push_back(std::move(job)); };
    }
    ~migration_bench() { std::filesystem::remove(path); }

    // A command, then whatever it put off.
    std::string run(const std::function<std::optional<refusal>()>& command)
    {
        std::optional<refusal> refused;
        {
            const turn_guard turn(machine.control());
            refused = command();
        }
        while (!jobs.empty()) {
            const turn_guard turn(machine.control());
            const auto job = std::move(jobs.front());
            jobs.pop_front();
            job();
        }
        return refused ? refused->text : "";
    }
    std::string migrate()
    {
        return run([&] { return moves.migrate(file_place(path)); });
    }
    std::string load()
    {
        return run([&] { return moves.load_snapshot(file_place(path)); });
    }
    std::string save()
    {
        return run([&] { return moves.save_snapshot(file_place(path)); });
    }
    std::string arrive()
    {
        return run([&] { return moves.incoming(file_place(path)); });
    }
    // Any state, by a way that the table has.
    void enter(run_state state)
    {
        if (machine.control().state() == state) return;
        if (machine.control().running()) machine.control().set_state(run_state::paused);
        machine.control().set_state(run_state::prelaunch);
        if (state == run_state::debug || state == run_state::colo) machine.control().set_state(run_state::running);
        if (!can_transition(machine.control().state(), state)) machine.control().set_state(run_state::inmigrate);
        machine.control().set_state(state);
        heard.taken();
    }

    controller machine{"machine"};
    timed_part first{machine, "first"};
    timed_part second{machine, "second"};
    event_recorder heard;
    std::deque<std::function<void()>> jobs;
    migration moves{machine.control(), machine};
    std::string path =
        (std::filesystem::temp_directory_path() / ("vigil-migration-" + std::to_string(::getpid()))).string();
};

void start_once() { sc_core::sc_start(sc_core::SC_ZERO_TIME); }

constexpr run_state k_at_rest[] = {run_state::internal_error, run_state::io_error,      run_state::paused,
                                   run_state::prelaunch,      run_state::shutdown,      run_state::suspended,
                                   run_state::watchdog,       run_state::guest_panicked};

} // namespace

TEST_CASE("migration: a running machine stops, passes finish-migrate and ends in postmigrate, and cont goes on")
{
    migration_bench b;
    start_once();
    b.heard.taken();
    CHECK_FALSE(b.moves.info());
    const auto refused = b.moves.migrate(file_place(b.path));
    CHECK_FALSE(refused);
    CHECK(b.moves.info()->status == migration_status::active);
    CHECK(b.machine.control().state() == run_state::running);
    CHECK(b.moves.migrate(file_place(b.path))->text == "There's a migration process in progress");
    CHECK(b.run([] { return std::nullopt; }).empty());
    CHECK(b.heard.taken() == "finish-migrate STOP postmigrate");
    CHECK(b.moves.info()->status == migration_status::completed);
    CHECK(b.migrate() == "Can't migrate the vm that was paused due to previous migration");
    CHECK_FALSE(b.machine.control().cont());
    CHECK(b.heard.taken() == "RESUME running");
}

TEST_CASE("migration: from every state at rest it ends in postmigrate without an event, and arrives as it was")
{
    migration_bench b;
    start_once();
    for (const run_state state : k_at_rest) {
        CAPTURE(to_string(state));
        b.enter(state);
        CHECK(b.migrate().empty());
        CHECK(b.heard.taken() == "finish-migrate postmigrate");
        CHECK(b.load().empty());
        CHECK(b.machine.control().state() == state);
        b.heard.taken();
    }
}

TEST_CASE("migration: a machine that cannot be written stays as it was, and says why")
{
    migration_bench b;
    start_once();
    b.heard.taken();
    b.path = "/no/such/folder/file";
    CHECK(b.migrate() == "Could not create a file beside '/no/such/folder/file': No such file or directory");
    CHECK_FALSE(b.moves.info());
    b.path = (std::filesystem::temp_directory_path() / ("vigil-gone-" + std::to_string(::getpid()))).string();
    std::filesystem::create_directory(b.path);
    const std::string inside = b.path + "/file";
    CHECK_FALSE(b.moves.migrate(file_place(inside)));
    std::filesystem::remove_all(b.path); // before it is written
    CHECK(b.run([] { return std::nullopt; }).empty());
    CHECK(b.moves.info()->status == migration_status::failed);
    CHECK(b.moves.info()->error_desc == "Could not write '" + inside + "': No such file or directory");
    CHECK(b.machine.control().state() == run_state::running);
    CHECK(b.heard.taken().empty());
}

TEST_CASE("migration: an incoming machine leaves inmigrate for the saved state, and autostart decides about running")
{
    migration_bench b;
    start_once();
    CHECK(b.arrive() == "'-incoming' was not specified on the command line");
    CHECK(b.save().empty());
    b.enter(run_state::prelaunch);
    b.moves.await_incoming();
    CHECK(b.machine.control().state() == run_state::inmigrate);
    CHECK(b.save() == "Guest is waiting for an incoming migration");
    CHECK(b.load() == "Guest is waiting for an incoming migration");
    CHECK(b.migrate() == "Guest is waiting for an incoming migration");
    const std::string path = std::exchange(b.path, "/no/such/file");
    CHECK(b.arrive() == "Could not read '/no/such/file': No such file or directory");
    CHECK(b.machine.control().state() == run_state::inmigrate);
    b.path = path;
    b.machine.control().stop(); // remembered
    b.heard.taken();
    CHECK(b.arrive().empty());
    CHECK(b.heard.taken() == "paused");
    CHECK(b.arrive() == "The incoming migration has already been started");
}

TEST_CASE("migration: a machine saved running arrives running, with RESUME")
{
    migration_bench b;
    start_once();
    CHECK(b.save().empty());
    b.enter(run_state::prelaunch);
    b.moves.await_incoming();
    b.heard.taken();
    CHECK(b.arrive().empty());
    CHECK(b.heard.taken() == "RESUME running");
}

TEST_CASE("migration: a machine saved in debug, in which none can arrive, arrives paused")
{
    migration_bench b;
    start_once();
    b.machine.request_debug_stop();
    b.machine.control().serve();
    REQUIRE(b.machine.control().state() == run_state::debug);
    CHECK(b.save().empty());
    CHECK(b.load().empty());
    CHECK(b.machine.control().state() == run_state::paused);
}

TEST_CASE("snapshots: a running machine passes save-vm and goes on, and loading passes restore-vm")
{
    migration_bench b;
    start_once();
    b.heard.taken();
    CHECK(b.save().empty());
    CHECK(b.heard.taken() == "save-vm STOP RESUME running");
    CHECK(b.load().empty());
    CHECK(b.heard.taken() == "restore-vm STOP RESET snapshot-load prelaunch inmigrate RESUME running");
    b.machine.control().stop();
    b.heard.taken();
    CHECK(b.save().empty());
    CHECK(b.heard.taken().empty());
}

TEST_CASE("snapshots: the saved nanosecond goes on, timers fire at it, also after time has passed")
{
    migration_bench b;
    start_once();
    sc_core::sc_start(100, sc_core::SC_NS);
    b.first.value = 500;
    CHECK(b.save().empty());
    sc_core::sc_start(1000, sc_core::SC_NS);
    CHECK(b.load().empty());
    CHECK(b.machine.clock.now() == ns(100));
    sc_core::sc_start(399, sc_core::SC_NS);
    start_once();
    CHECK(b.first.fired == 0);
    sc_core::sc_start(1, sc_core::SC_NS);
    start_once();
    CHECK(b.first.fired == 1);
    CHECK(b.machine.clock.now() == ns(500));
}

TEST_CASE("snapshots: what one component refuses, none takes over")
{
    migration_bench b;
    start_once();
    b.first.value = 700;
    b.second.value = 900;
    CHECK(b.save().empty());
    b.first.value = 1;
    b.second.most = 800;
    b.second.value = 2;
    b.heard.taken();
    CHECK(b.load() == "'" + b.path + "' does not fit this machine: second: field 'value' must be 0 to 800, not 900");
    CHECK(b.first.value == 1);
    CHECK(b.first.taken_over == 0); // not even to be taken back
    CHECK(b.second.value == 2);
    CHECK(b.heard.taken().empty());
    CHECK(b.machine.clock.running());
}

TEST_CASE("snapshots: a run state that no machine can be saved in is refused by name, and nothing changes")
{
    migration_bench b;
    start_once();
    b.first.value = 7;
    const snapshot whole = b.machine.save();
    for (std::size_t i = 0; i < k_run_state_count; ++i) {
        const auto state = static_cast<run_state>(i);
        const std::string name(to_string(state));
        CAPTURE(name);
        snapshot saved = whole;
        saved[0].fields[0].value = std::vector<std::uint8_t>(name.begin(), name.end());
        saved[1].fields[0].value = std::uint64_t{8};
        b.first.value = 7;
        const auto restored = b.machine.restore(saved);
        const bool passing = state == run_state::inmigrate || state == run_state::finish_migrate ||
                             state == run_state::restore_vm || state == run_state::save_vm;
        CHECK(static_cast<bool>(restored) == !passing);
        CHECK(b.first.value == (passing ? 7 : 8));
        if (!passing) continue;
        CHECK(restored.why().text == "machine: no machine can be saved in run state '" + name + "'");
    }
}

TEST_CASE("snapshots: where the memory does not suffice, it is a refusal and everything is as it was")
{
    migration_bench b;
    start_once();
    b.first.value = 700;
    b.second.value = 900;
    CHECK(b.save().empty());
    b.first.value = 1;
    b.second.value = 2;
    b.heard.taken();
    b.second.no_memory = true;
    CHECK(b.load() == "'" + b.path + "' does not fit this machine: there is not enough memory for it");
    CHECK(b.first.value == 1);
    CHECK(b.first.taken_over == 0);
    CHECK(b.second.value == 2);
    CHECK(b.heard.taken().empty());
    CHECK(b.machine.clock.running());
    b.second.no_memory_to_save = true;
    CHECK(b.save() == "There is not enough memory for it");
    CHECK(b.migrate().empty());
    CHECK(b.moves.info()->error_desc == "There is not enough memory for it");
    CHECK(b.machine.control().state() == run_state::running);
    CHECK(b.heard.taken().empty());
}

TEST_CASE("snapshots: sections that are missing, added or in another order are refused by name")
{
    migration_bench b;
    start_once();
    const snapshot whole = b.machine.save();
    const auto refused = [&](const snapshot& state) { return b.machine.restore(state).why().text; };
    CHECK(refused({}) == "the first section must be 'machine'");
    CHECK(refused({whole[0], whole[1]}) ==
          "section 'second' 0 is missing; the machine must be made with the same options");
    CHECK(refused({whole[0], whole[2], whole[1]}) ==
          "section 'second' 0 found where this machine has 'first' 0; it must be made with the same options");
    CHECK(refused({whole[0], whole[1], whole[2], whole[2]}) ==
          "section 'second' 0 is not in this machine; it must be made with the same options");
    snapshot unknown = whole;
    unknown[0].fields[0].value = std::vector<std::uint8_t>{'x'};
    CHECK(refused(unknown) == "machine: field 'run_state' must name a run state");
}

TEST_CASE("colo: entered and left through the controller")
{
    migration_bench b;
    start_once();
    b.heard.taken();
    CHECK(b.machine.control().set_state(run_state::colo));
    CHECK_FALSE(b.machine.clock.running());
    CHECK(b.machine.control().set_state(run_state::running));
    CHECK(b.heard.taken() == "colo running");
}
