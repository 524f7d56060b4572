// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp_commands.h>

#include <array>
#include <utility>
#include <variant>

#include <vigil/qmp-bridge/qmp_handlers.h>
#include <vigil/qmp-bridge/qmp_monitor.h>

namespace vigil::qmp_bridge {

namespace {

using handlers::result;

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
    row<&handlers::qmp_capabilities>("qmp_capabilities", phase::any),
    row<&handlers::query_status>("query-status"),
    row<&handlers::stop>("stop"),
    row<&handlers::cont>("cont"),
    row<&handlers::system_reset>("system_reset"),
    row<&handlers::system_powerdown>("system_powerdown"),
    row<&handlers::system_wakeup>("system_wakeup"),
    row<&handlers::quit>("quit"),
    row<&handlers::inject_nmi>("inject-nmi"),
    row<&handlers::watchdog_set_action>("watchdog-set-action"),
    row<&handlers::set_action>("set-action"),
    row<&handlers::query_version>("query-version"),
    row<&handlers::query_commands>("query-commands"),
    row<&handlers::query_name>("query-name"),
    row<&handlers::query_uuid>("query-uuid"),
    row<&handlers::query_target>("query-target"),
    row<&handlers::query_kvm>("query-kvm"),
    row<&handlers::query_current_machine>("query-current-machine"),
    row<&handlers::migrate>("migrate"),
    row<&handlers::query_migrate>("query-migrate"),
    row<&handlers::migrate_incoming>("migrate-incoming"),
    row<&handlers::snapshot_save>("snapshot-save"),
    row<&handlers::snapshot_load>("snapshot-load"),
    row<&handlers::qom_get>("qom-get"),
    row<&handlers::qom_list>("qom-list"),
    row<&handlers::qom_set>("qom-set"),
    row<&handlers::query_cpus_fast>("query-cpus-fast"),
    row<&handlers::human_monitor_command>("human-monitor-command"),
    row<&handlers::query_qmp_schema>("query-qmp-schema"),
    row<&handlers::query_events>("query-events", phase::command_mode, band::in, vocabulary::v2_10),
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
