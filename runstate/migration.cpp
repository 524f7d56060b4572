// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/migration.h>

#include <utility>
#include <variant>

namespace vigil::runstate {

// The texts of the refusals are QEMU's (migration/migration.c) wherever QEMU has the case.

std::optional<refusal> migration::migrate(const std::string& path)
{
    if (status_ == migration_status::active) return refusal{"There's a migration process in progress"};
    if (auto refused = unless_movable()) return refused;
    if (control_.state() == run_state::postmigrate) {
        return refusal{"Can't migrate the vm that was paused due to previous migration"};
    }
    auto writer = std::make_shared<snapshot_writer>(path);
    if (writer->error()) return refusal{*writer->error()};

    begin();
    defer([this, writer] {
        if (control_.exiting()) return;
        if (auto error = writer->commit(machine_.save())) {
            end(migration_status::failed, std::move(error));
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

std::optional<refusal> migration::incoming(const std::string& path)
{
    if (!expecting_) return refusal{"'-incoming' was not specified on the command line"};
    if (status_) return refusal{"The incoming migration has already been started"};
    auto saved = load(path);
    if (auto* refused = std::get_if<refusal>(&saved)) return std::move(*refused);
    begin();
    defer([this, state = std::get<run_state>(saved)] {
        end(migration_status::completed);
        control_.arrive(state);
    });
    return std::nullopt;
}

std::optional<refusal> migration::save_snapshot(const std::string& path)
{
    if (auto refused = unless_movable()) return refused;
    snapshot_writer writer(path);
    if (writer.error()) return refusal{*writer.error()};
    const snapshot state = machine_.save(); // as it runs, not as it is stopped for saving
    std::optional<std::string> error;
    control_.while_saving([&] { error = writer.commit(state); });
    if (error) return refusal{*error};
    return std::nullopt;
}

std::optional<refusal> migration::load_snapshot(const std::string& path)
{
    if (status_ == migration_status::active) return refusal{"There's a migration process in progress"};
    if (auto refused = unless_movable()) return refused;
    auto saved = load(path);
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

std::variant<run_state, refusal> migration::load(const std::string& path)
{
    auto read = read_snapshot(path);
    if (auto* error = std::get_if<std::string>(&read)) return refusal{std::move(*error)};
    auto restored = machine_.restore(std::get<snapshot>(read));
    if (auto* refused = std::get_if<refusal>(&restored)) {
        return refusal{"'" + path + "' does not fit this machine: " + refused->text};
    }
    if (clock_set) clock_set();
    return restored;
}

} // namespace vigil::runstate
