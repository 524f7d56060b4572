// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp_commands.h>

#include <array>
#include <utility>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/hmp.h>
#include <vigil/qmp-bridge/introspection.h>
#include <vigil/qmp-bridge/qapi_machine_types.h>
#include <vigil/qmp-bridge/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp_session.h>
#include <vigil/qmp-bridge/qom_tree.h>

namespace vigil::qmp_bridge {

namespace {

// What a handler returns.
template <class T> using result = std::variant<T, command_error>;

result<empty_object> done_unless(const std::optional<runstate::refusal>& refused)
{
    if (refused) return command_error{error_class::generic_error, refused->text};
    return empty_object{};
}

result<empty_object> qmp_capabilities(const command_context& c, const capabilities_arguments& arguments)
{
    if (!c.session.negotiating()) {
        return command_error{error_class::command_not_found,
                             "Capabilities negotiation is already complete, command ignored"};
    }
    bool out_of_band = false;
    std::string refused;
    for (const qmp_capability one : arguments.enable.value_or(std::vector<qmp_capability>{})) {
        if (c.monitor.offers(one)) {
            out_of_band = out_of_band || one == qmp_capability::oob;
            continue;
        }
        if (!refused.empty()) refused += ", ";
        refused += runstate::to_string(one);
    }
    if (!refused.empty()) {
        return command_error{error_class::generic_error, "Capability " + refused + " not available"};
    }
    c.session.end_negotiation(out_of_band);
    return empty_object{};
}

result<status_info> query_status(const command_context& c)
{
    const runstate::run_state state = c.monitor.control().state();
    return status_info{state, false, state == runstate::run_state::running};
}

result<empty_object> stop(const command_context& c)
{
    c.monitor.control().stop();
    return empty_object{};
}

result<empty_object> cont(const command_context& c) { return done_unless(c.monitor.control().cont()); }

result<empty_object> system_reset(const command_context& c)
{
    c.monitor.control().system_reset();
    return empty_object{};
}

result<empty_object> system_powerdown(const command_context& c)
{
    c.monitor.control().system_powerdown();
    return empty_object{};
}

result<empty_object> system_wakeup(const command_context& c)
{
    if (!c.monitor.settings().machine.wakeup_suspend_support) {
        return command_error{error_class::generic_error, "wake-up from suspend is not supported by this guest"};
    }
    return done_unless(c.monitor.control().system_wakeup());
}

result<empty_object> quit(const command_context& c)
{
    c.monitor.control().quit();
    return empty_object{};
}

result<empty_object> inject_nmi(const command_context& c) { return done_unless(c.monitor.control().inject_nmi()); }

result<empty_object> watchdog_set_action(const command_context& c, const watchdog_set_action_arguments& arguments)
{
    runstate::action_set actions = c.monitor.control().actions();
    actions.watchdog = arguments.action;
    c.monitor.control().set_actions(actions);
    return empty_object{};
}

result<empty_object> set_action(const command_context& c, const set_action_arguments& arguments)
{
    runstate::action_set actions = c.monitor.control().actions();
    actions.reboot = arguments.reboot.value_or(actions.reboot);
    actions.shutdown = arguments.shutdown.value_or(actions.shutdown);
    actions.panic = arguments.panic.value_or(actions.panic);
    actions.watchdog = arguments.watchdog.value_or(actions.watchdog);
    c.monitor.control().set_actions(actions);
    return empty_object{};
}

result<version_info> query_version(const command_context& c) { return version_of(c.monitor); }

result<std::vector<command_info>> query_commands(const command_context& c)
{
    std::vector<command_info> all;
    for (const command& one : commands()) {
        if (one.spoken_in(c.monitor.settings().words)) all.push_back({one.name});
    }
    return all;
}

result<std::vector<event_info>> query_events(const command_context& c)
{
    std::vector<event_info> all;
    for (const qapi_event& one : k_events) {
        if (one.since <= c.monitor.settings().words) all.push_back({one.name});
    }
    return all;
}

result<std::vector<schema_info>> query_qmp_schema(const command_context& c)
{
    return introspect(c.monitor.settings().words);
}

result<name_info> query_name(const command_context& c) { return name_info{c.monitor.settings().machine.name}; }

result<uuid_info> query_uuid(const command_context& c) { return uuid_info{c.monitor.settings().machine.uuid}; }

result<target_info> query_target(const command_context& /*c*/) { return target_info{system_target::x86_64}; }

result<kvm_info> query_kvm(const command_context& /*c*/) { return kvm_info{false, true}; }

result<current_machine_params> query_current_machine(const command_context& c)
{
    return current_machine_params{c.monitor.settings().machine.wakeup_suspend_support};
}

// What the machine lacks, in QEMU's words.
command_error not_supported()
{
    return {error_class::generic_error, "this feature or command is not currently supported"};
}

// The path of `file:PATH`, the one form of URI there is.
std::optional<std::string> path_of(const std::string& uri)
{
    constexpr std::string_view k_scheme = "file:";
    if (uri.compare(0, k_scheme.size(), k_scheme) != 0 || uri.size() == k_scheme.size()) return std::nullopt;
    return uri.substr(k_scheme.size());
}

// Has `act` done with the file that the argument names.
using migration_act = std::optional<runstate::refusal> (runstate::migration::*)(const std::string& path);

result<empty_object> with_file(const command_context& c, const std::string& uri, migration_act act)
{
    if (c.monitor.settings().migration == nullptr) return not_supported();
    const auto path = path_of(uri);
    if (!path) {
        return command_error{error_class::generic_error,
                             "Parameter 'uri' expects a valid migration protocol: file:PATH"};
    }
    const auto file = c.monitor.settings().files.resolve(*path);
    if (const auto* refused = std::get_if<runstate::refusal>(&file)) return done_unless(*refused);
    return done_unless((c.monitor.settings().migration->*act)(std::get<std::string>(file)));
}

result<empty_object> migrate(const command_context& c, const migrate_arguments& arguments)
{
    if (arguments.blk.value_or(false) || arguments.inc.value_or(false)) {
        return command_error{error_class::generic_error,
                             "Block migration is not supported: there are no block devices"};
    }
    if (arguments.resume.value_or(false)) {
        return command_error{error_class::generic_error, "Cannot resume if there is no paused migration"};
    }
    return with_file(c, arguments.uri, &runstate::migration::migrate); // `detach` means nothing over QMP, as in QEMU
}

result<migration_info> query_migrate(const command_context& c)
{
    if (c.monitor.settings().migration == nullptr) return migration_info{};
    auto progress = c.monitor.settings().migration->info();
    if (!progress) return migration_info{};
    return migration_info{progress->status, progress->total_time.count(), std::move(progress->error_desc)};
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

result<runstate::property_value> qom_get(const command_context& c, const qom_get_arguments& arguments)
{
    if (c.monitor.settings().objects == nullptr) return not_supported();
    auto got = c.monitor.settings().objects->get(arguments.path, arguments.property);
    if (auto* error = std::get_if<command_error>(&got)) return std::move(*error);
    return std::get<runstate::property_value>(std::move(got));
}

result<std::vector<object_property_info>> qom_list(const command_context& c, const qom_list_arguments& arguments)
{
    if (c.monitor.settings().objects == nullptr) return not_supported();
    auto listed = c.monitor.settings().objects->list(arguments.path);
    if (auto* error = std::get_if<command_error>(&listed)) return std::move(*error);
    std::vector<object_property_info> all;
    for (qom_tree::entry& one : std::get<std::vector<qom_tree::entry>>(listed)) {
        all.push_back({std::move(one.name), std::move(one.type)});
    }
    return all;
}

result<empty_object> qom_set(const command_context& c, const qom_set_arguments& arguments)
{
    if (c.monitor.settings().objects == nullptr) return not_supported();
    if (auto error = c.monitor.settings().objects->set(arguments.path, arguments.property, arguments.value)) {
        return std::move(*error);
    }
    return empty_object{};
}

result<std::vector<cpu_info_fast>> query_cpus_fast(const command_context& c)
{
    std::vector<cpu_info_fast> all;
    const machine_description& machine = c.monitor.settings().machine;
    for (const std::string& path : machine.cpu_paths) {
        const auto index = static_cast<std::int64_t>(all.size());
        all.push_back({machine.thread_id, {0, index, 0}, path, index, system_target::x86_64});
    }
    return all;
}

result<std::string> human_monitor_command(const command_context& c, const human_monitor_arguments& arguments)
{
    const auto cpus = static_cast<std::int64_t>(c.monitor.settings().machine.cpu_paths.size());
    if (arguments.cpu_index && (*arguments.cpu_index < 0 || *arguments.cpu_index >= cpus)) {
        return command_error{error_class::generic_error, "Parameter 'cpu-index' expects a CPU number"};
    }
    return run_human_command(c.monitor, arguments.command_line);
}

// A handler's types, taken from its signature.
template <auto Handler> struct signature;

template <class Returned, result<Returned> (*Handler)(const command_context&)> struct signature<Handler> {
    using arguments = empty_object;
    using returned = Returned;
    static result<Returned> call(const command_context& c, const json::object& /*arguments*/) { return Handler(c); }
};

template <class Returned, class Arguments, result<Returned> (*Handler)(const command_context&, const Arguments&)>
struct signature<Handler> {
    using arguments = Arguments;
    using returned = Returned;
    static result<Returned> call(const command_context& c, const json::object& arguments)
    {
        return Handler(c, read_checked<Arguments>(arguments));
    }
};

template <auto Handler>
std::optional<command_error> run(const command_context& c, const json::object& arguments, std::string& returned)
{
    auto outcome = signature<Handler>::call(c, arguments);
    if (auto* error = std::get_if<command_error>(&outcome)) return std::move(*error);
    print(returned, std::get<0>(outcome), c.monitor.settings().words);
    return std::nullopt;
}

enum class phase : std::uint8_t { command_mode, any };
enum class band : std::uint8_t { in, in_or_out };

template <auto Handler>
constexpr command row(std::string_view name, phase when = phase::command_mode, band how = band::in,
                      vocabulary last = vocabulary::v7_2)
{
    return {name,
            &k_type<typename signature<Handler>::arguments>,
            &k_type<typename signature<Handler>::returned>,
            when == phase::any,
            how == band::in_or_out,
            last,
            &run<Handler>};
}

constexpr std::array k_commands{
    row<&qmp_capabilities>("qmp_capabilities", phase::any),
    row<&query_status>("query-status"),
    row<&stop>("stop"),
    row<&cont>("cont"),
    row<&system_reset>("system_reset"),
    row<&system_powerdown>("system_powerdown"),
    row<&system_wakeup>("system_wakeup"),
    row<&quit>("quit"),
    row<&inject_nmi>("inject-nmi"),
    row<&watchdog_set_action>("watchdog-set-action"),
    row<&set_action>("set-action"),
    row<&query_version>("query-version"),
    row<&query_commands>("query-commands"),
    row<&query_name>("query-name"),
    row<&query_uuid>("query-uuid"),
    row<&query_target>("query-target"),
    row<&query_kvm>("query-kvm"),
    row<&query_current_machine>("query-current-machine"),
    row<&migrate>("migrate"),
    row<&query_migrate>("query-migrate"),
    row<&migrate_incoming>("migrate-incoming"),
    row<&snapshot_save>("snapshot-save"),
    row<&snapshot_load>("snapshot-load"),
    row<&qom_get>("qom-get"),
    row<&qom_list>("qom-list"),
    row<&qom_set>("qom-set"),
    row<&query_cpus_fast>("query-cpus-fast"),
    row<&human_monitor_command>("human-monitor-command"),
    row<&query_qmp_schema>("query-qmp-schema"),
    row<&query_events>("query-events", phase::command_mode, band::in, vocabulary::v2_10),
};

} // namespace

rows<command> commands() noexcept { return k_commands; }

const command* find_command(std::string_view name, vocabulary words) noexcept
{
    // Names differ in length more often than not, so that this compares few characters.
    for (const command& one : k_commands) {
        if (one.name == name && one.spoken_in(words)) return &one;
    }
    return nullptr;
}

version_info version_of(const qmp_monitor& monitor)
{
    const std::string_view package = monitor.settings().machine.package;
    if (monitor.settings().words == vocabulary::v7_2) return {{0, 2, 7}, package};
    return {{0, 10, 2}, package};
}

} // namespace vigil::qmp_bridge
