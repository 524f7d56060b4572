// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/commands/detail/qmp_handlers.h>

#include <optional>
#include <string_view>
#include <utility>

#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/runstate/migration.h>

namespace vigil::qmp_bridge::handlers {

namespace {

// The path of `file:PATH`, the one form of URI there is.
std::optional<std::string> path_of(const std::string& uri)
{
    constexpr std::string_view k_scheme = "file:";
    if (uri.compare(0, k_scheme.size(), k_scheme) != 0 || uri.size() == k_scheme.size()) return std::nullopt;
    return uri.substr(k_scheme.size());
}

// Has `act` done with the file that the argument names.
using migration_act = std::optional<runstate::refusal> (runstate::migration::*)(const runstate::file_place& file);

result<empty_object> with_file(const command_context& c, const std::string& uri, migration_act act)
{
    if (c.monitor.settings().migration == nullptr) return not_supported();
    const auto path = path_of(uri);
    if (!path) {
        return refusal{"Parameter 'uri' expects a valid migration protocol: file:PATH"};
    }
    const auto file = c.monitor.settings().locate(*path);
    if (!file) return file.why();
    return done_unless((c.monitor.settings().migration->*act)(*file));
}

} // namespace

result<empty_object> migrate(const command_context& c, const migrate_arguments& arguments)
{
    if (!arguments.uri) {
        const bool optional = c.monitor.settings().words >= vocabulary::v11_1; // for there may be channels instead
        return refusal{optional ? "need either 'uri' or 'channels' argument" : "Parameter 'uri' is missing"};
    }
    if (arguments.blk.value_or(false) || arguments.inc.value_or(false)) {
        return refusal{"Block migration is not supported: there are no block devices"};
    }
    if (arguments.resume.value_or(false)) {
        return refusal{"Cannot resume if there is no paused migration"};
    }
    return with_file(c, *arguments.uri, &runstate::migration::migrate); // `detach` means nothing over QMP, as in QEMU
}

result<migration_info> query_migrate(const command_context& c)
{
    if (c.monitor.settings().migration == nullptr) return migration_info{};
    auto progress = c.monitor.settings().migration->info();
    if (!progress) return migration_info{};
    return migration_info{progress->status, progress->total_time.count(), std::move(progress->error_desc)};
}

result<std::vector<migration_capability_status>> query_migrate_capabilities(const command_context& c)
{
    std::vector<migration_capability_status> all;
    for (const std::string_view name : runstate::wire_names<migration_capability>::values) {
        const auto one = *runstate::from_string<migration_capability>(name);
        all.push_back({one, c.monitor.has(one)});
    }
    return all;
}

result<empty_object> migrate_set_capabilities(const command_context& c,
                                              const migration_capabilities_arguments& arguments)
{
    for (const migration_capability_status& one : arguments.capabilities) c.monitor.set(one.capability, one.state);
    return empty_object{};
}

result<empty_object> migrate_incoming(const command_context& c, const uri_argument& arguments)
{
    return with_file(c, arguments.uri, &runstate::migration::incoming);
}

result<empty_object> snapshot_save(const command_context& c, const uri_argument& arguments)
{
    return with_file(c, arguments.uri, &runstate::migration::save_snapshot);
}

result<empty_object> snapshot_load(const command_context& c, const uri_argument& arguments)
{
    return with_file(c, arguments.uri, &runstate::migration::load_snapshot);
}

// A migration to a file is over before anything could pause it, and there is no other.

result<empty_object> migrate_pause(const command_context& /*c*/)
{
    return refusal{"migrate-pause is currently only supported during postcopy-active state"};
}

result<empty_object> migrate_recover(const command_context& /*c*/, const uri_argument& /*arguments*/)
{
    return refusal{"Migrate recover can only be run when postcopy is paused."};
}

// Nothing here waits for another side that could be cut off.

result<std::vector<yank_instance>> query_yank(const command_context& /*c*/) { return std::vector<yank_instance>{}; }

result<empty_object> yank(const command_context& /*c*/, const yank_arguments& arguments)
{
    if (arguments.instances.empty()) return empty_object{};
    return refusal{"Instance not found", error_class::device_not_found};
}

} // namespace vigil::qmp_bridge::handlers
