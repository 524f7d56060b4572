// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/migration.h>

#include <new>
#include <utility>
#include <variant>

namespace vigil::runstate {

namespace {

// Takes what there is, or returns the text of why there is nothing.
template <class From, class To> std::optional<refusal> take(std::variant<From, std::string> from, To& to)
{
    if (auto* error = std::get_if<std::string>(&from)) return refusal{std::move(*error)};
    to = std::move(std::get<From>(from));
    return std::nullopt;
}

std::optional<refusal> write(snapshot_draft& draft, const snapshot& state)
{
    snapshot_checksum unused = 0;
    return take(draft.commit(state), unused);
}

// What `act` returns, or that the memory did not suffice for it.
template <class Act> std::optional<refusal> within_memory(const Act& act)
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
    if (auto* refused = std::get_if<refusal>(&saved)) return std::move(*refused);
    begin();
    defer([this, state = std::get<run_state>(saved)] {
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
    if (auto* refused = std::get_if<refusal>(&saved)) return std::move(*refused);
    control_.snapshot_loaded(std::get<run_state>(saved));
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

std::variant<run_state, refusal> migration::load(const file_place& file)
{
    std::variant<run_state, refusal> restored;
    auto refused = within_memory([&]() -> std::optional<refusal> {
        stored_snapshot stored;
        if (auto unread = take(files().read(file, machine_.most_bytes()), stored)) return unread;
        restored = machine_.restore(stored.state);
        if (const auto* unfit = std::get_if<refusal>(&restored)) {
            return refusal{"'" + file.shown() + "' does not fit this machine: " + unfit->text};
        }
        return std::nullopt;
    });
    if (refused) return std::move(*refused);
    if (clock_set) clock_set();
    return restored;
}

} // namespace vigil::runstate
