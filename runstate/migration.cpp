// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/migration.h>

#include <new>
#include <utility>

namespace vigil::runstate {

namespace {

// Takes what there is, or returns why there is nothing.
template <class From, class To> std::optional<refusal> take(result<From> from, To& to)
{
    if (!from) return std::move(from).why();
    to = *std::move(from);
    return std::nullopt;
}

std::optional<refusal> write(snapshot_draft& draft, const snapshot& state)
{
    snapshot_checksum unused = 0;
    return take(draft.commit(state), unused);
}

// What `act` returns, or that the memory did not suffice for it.
template <class Act> auto within_memory(const Act& act) -> decltype(act())
{
    try {
        return act();
    } catch (const std::bad_alloc&) {
        return refusal{"There is not enough memory for it"};
    }
}

} // namespace

// The texts of the refusals are QEMU's (migration/migration.c) wherever QEMU has the case.

std::optional<refusal> migration::migrate(const file_place& file)
{
    if (status_ == migration_status::active) return refusal{"There's a migration process in progress"};
    if (auto refused = unless_movable()) return refused;
    if (control_.state() == run_state::postmigrate) {
        return refusal{"Can't migrate the vm that was paused due to previous migration"};
    }
    std::shared_ptr<snapshot_draft> draft;
    if (auto refused = within_memory([&] { return take(files().create(file), draft); })) return refused;

    begin();
    defer([this, draft] {
        if (control_.exiting()) return;
        if (auto refused = within_memory([&] { return write(*draft, machine_.save()); })) {
            end(migration_status::failed, std::move(refused->text));
            return;
        }
        control_.migrated_out();
        end(migration_status::completed);
    });
    return std::nullopt;
}

void migration::await_incoming()
{
    expecting_ = true;
    control_.set_state(run_state::inmigrate);
}

std::optional<refusal> migration::incoming(const file_place& file)
{
    if (!expecting_) return refusal{"'-incoming' was not specified on the command line"};
    if (status_) return refusal{"The incoming migration has already been started"};
    auto saved = load(file);
    if (!saved) return std::move(saved).why();
    begin();
    defer([this, state = *saved] {
        end(migration_status::completed);
        control_.arrive(state);
    });
    return std::nullopt;
}

std::optional<refusal> migration::save_snapshot(const file_place& file)
{
    if (auto refused = unless_movable()) return refused;
    std::unique_ptr<snapshot_draft> draft;
    snapshot state;
    auto refused = within_memory([&] {
        state = machine_.save(); // as it runs, not as it is stopped for saving
        return take(files().create(file), draft);
    });
    if (refused) return refused;
    control_.while_saving([&] { refused = within_memory([&] { return write(*draft, state); }); });
    return refused;
}

std::optional<refusal> migration::load_snapshot(const file_place& file)
{
    if (status_ == migration_status::active) return refusal{"There's a migration process in progress"};
    if (auto refused = unless_movable()) return refused;
    auto saved = load(file);
    if (!saved) return std::move(saved).why();
    control_.snapshot_loaded(*saved);
    return std::nullopt;
}

std::optional<migration::progress> migration::info() const
{
    if (!status_) return std::nullopt;
    const auto until = *status_ == migration_status::active ? host_time() : ended_;
    return progress{*status_, error_, std::chrono::duration_cast<std::chrono::milliseconds>(until - began_)};
}

void migration::begin()
{
    status_ = migration_status::active;
    error_.reset();
    began_ = host_time();
}

void migration::end(migration_status status, std::optional<std::string> error)
{
    status_ = status;
    error_ = std::move(error);
    ended_ = host_time();
}

std::optional<refusal> migration::unless_movable() const
{
    if (control_.state() != run_state::inmigrate) return std::nullopt;
    return refusal{"Guest is waiting for an incoming migration"};
}

result<run_state> migration::load(const file_place& file)
{
    auto restored = within_memory([&]() -> result<run_state> {
        const auto stored = files().read(file, machine_.most_bytes());
        if (!stored) return stored.why();
        auto state = machine_.restore(stored->state);
        if (!state) return refusal{"'" + file.shown() + "' does not fit this machine: " + state.why().text};
        return state;
    });
    if (restored && clock_set) clock_set();
    return restored;
}

} // namespace vigil::runstate
