// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_MIGRATION_H
#define VIGIL_RUNSTATE_MIGRATION_H

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <vigil/runstate/clock/host_time.h>
#include <vigil/runstate/result.h>
#include <vigil/runstate/run_control.h>
#include <vigil/runstate/snapshot/snapshot_store.h>
#include <vigil/runstate/wire_names.h>

namespace vigil::runstate {

/// Where a migration stands (QAPI `MigrationStatus`, of which only these are reached).
enum class migration_status : std::uint8_t { active, completed, failed };

template <> struct wire_names<migration_status> {
    static constexpr std::array<std::string_view, 3> values{"active", "completed", "failed"};
};

/// A machine as migration sees it; `controller` is one.
struct movable_machine {
    /// The machine's state now.
    virtual snapshot save() const = 0;
    /// Gives the clock and every component the saved state, and returns the run state that was saved, for the caller
    /// to enter. Or returns what does not fit, with everything as it was.
    virtual result<run_state> restore(const snapshot& saved) = 0;
    /// The most bytes that its state takes in a file.
    virtual std::uint64_t most_bytes() const = 0;

protected:
    ~movable_machine() = default;
};

/// Moves one machine's state into files and out of them, and takes the machine through the run states that go with it.
/// Virtual time stands still meanwhile: what is restored continues at the saved nanosecond.
///
/// Every function is for the main loop's side, inside a turn. A refusal leaves the machine as it was.
class migration {
public:
    migration(run_control& control, movable_machine& machine) : control_(control), machine_(machine) {}

    /// Runs a job soon, in a turn of its own (`pump::post`): what goes on after a command has been answered. Must be
    /// set before `migrate`, `start_incoming` and `incoming` are used.
    std::function<void(std::function<void()>)> defer;
    /// The host's monotonic clock, for how long a migration took.
    std::function<std::chrono::microseconds()> host_time = monotonic_time;
    /// Where the files are; the host's where null. Must outlive the migration.
    snapshot_store* store = nullptr;
    /// Called when virtual time has been set to that of a file, for timers that are not the machine's.
    std::function<void()> clock_set;

    /// `migrate` to a file: answers at once, or refuses where the file cannot be created. Then the state is written, as
    /// the file's other reader will find it, and the machine ends in postmigrate; where writing fails, `info` tells,
    /// and nothing has changed.
    std::optional<refusal> migrate(const file_place& file);

    /// -incoming: from now on the machine is in inmigrate, until `incoming` succeeds. Before the simulation starts.
    void await_incoming();

    /// `migrate-incoming`, and -incoming with a file: loads the state; the machine leaves inmigrate for the saved state
    /// right after. Refused where the machine does not wait for it, or the file does not fit.
    std::optional<refusal> incoming(const file_place& file);

    /// Saves the machine as it is now; it goes on.
    std::optional<refusal> save_snapshot(const file_place& file);

    /// Puts the machine back to the saved state, run state and virtual time included.
    std::optional<refusal> load_snapshot(const file_place& file);

    struct progress {
        migration_status status;
        std::optional<std::string> error_desc; ///< why it failed
        std::chrono::milliseconds total_time;  ///< of host time, so far or until the end
    };

    /// The migration under way or the last one; nothing before the first.
    std::optional<progress> info() const;

private:
    void begin();
    void end(migration_status status, std::optional<std::string> error = std::nullopt);
    std::optional<refusal> unless_movable() const; ///< why the machine's state cannot be saved or replaced now
    snapshot_store& files() noexcept { return store != nullptr ? *store : files_of_host_; }
    result<run_state> load(const file_place& file);

    run_control& control_;
    movable_machine& machine_;
    snapshot_files files_of_host_;
    bool expecting_ = false; ///< -incoming was asked for
    std::optional<migration_status> status_;
    std::optional<std::string> error_;
    std::chrono::microseconds began_{0};
    std::chrono::microseconds ended_{0};
};

} // namespace vigil::runstate

#endif
