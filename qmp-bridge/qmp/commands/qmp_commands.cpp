// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/commands/qmp_commands.h>

#include <array>

#include <vigil/qmp-bridge/qmp/commands/detail/qmp_handlers.h>
#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp/qmp_session.h>

namespace vigil::qmp_bridge {

namespace {

template <auto Handler>
std::optional<refusal> run(const command& /*self*/, const command_context& c, const json::object& arguments,
                           std::string& returned)
{
    return detail::shape_of<decltype(Handler)>::run(*Handler, c, arguments, returned);
}

template <auto Handler>
constexpr command row(std::string_view name, unsigned traits = 0, vocabulary first = vocabulary::v2_10,
                      vocabulary last = k_newest_vocabulary)
{
    using shape = detail::shape_of<decltype(Handler)>;
    return {name,         &k_type<typename shape::arguments>, &k_type<typename shape::returned>, traits, first, last,
            &run<Handler>};
}

using namespace command_trait;

constexpr std::array k_commands{
    row<&handlers::qmp_capabilities>("qmp_capabilities", in_negotiation | allow_preconfig),
    row<&handlers::query_status>("query-status", allow_preconfig),
    row<&handlers::stop>("stop"),
    row<&handlers::cont>("cont"),
    row<&handlers::system_reset>("system_reset"),
    row<&handlers::system_powerdown>("system_powerdown"),
    row<&handlers::system_wakeup>("system_wakeup"),
    row<&handlers::quit>("quit", allow_preconfig),
    row<&handlers::inject_nmi>("inject-nmi"),
    row<&handlers::watchdog_set_action>("watchdog-set-action"),
    row<&handlers::set_action>("set-action", allow_preconfig),
    row<&handlers::exit_preconfig>("x-exit-preconfig", allow_preconfig),

    row<&handlers::query_version>("query-version", allow_preconfig),
    row<&handlers::query_commands>("query-commands", allow_preconfig),
    row<&handlers::query_qmp_schema>("query-qmp-schema", allow_preconfig),
    row<&handlers::query_events>("query-events", 0, vocabulary::v2_10, vocabulary::v2_10),
    row<&handlers::query_qmp_clients>("x-query-qmp-clients", allow_preconfig), // this program's own
    row<&handlers::query_name>("query-name", allow_preconfig),
    row<&handlers::query_uuid>("query-uuid", allow_preconfig),
    row<&handlers::query_target>("query-target"),
    row<&handlers::query_kvm>("query-kvm"),
    row<&handlers::query_accelerators>("query-accelerators", 0, vocabulary::v11_1),
    row<&handlers::query_machines>("query-machines"),
    row<&handlers::query_current_machine>("query-current-machine"),
    row<&handlers::query_memory_size_summary>("query-memory-size-summary"),
    row<&handlers::query_cpus_fast>("query-cpus-fast"),
    row<&handlers::query_hotpluggable_cpus>("query-hotpluggable-cpus", allow_preconfig),
    row<&handlers::query_iothreads>("query-iothreads", allow_preconfig),
    row<&handlers::query_fdsets>("query-fdsets"),
    row<&handlers::query_chardev>("query-chardev", allow_preconfig),
    row<&handlers::query_balloon>("query-balloon"),
    row<&handlers::balloon>("balloon"),
    row<&handlers::query_firmware_log>("query-firmware-log", 0, vocabulary::v11_1),
    row<&handlers::human_monitor_command>("human-monitor-command"),

    row<&handlers::migrate>("migrate"),
    row<&handlers::query_migrate>("query-migrate"),
    row<&handlers::query_migrate_capabilities>("query-migrate-capabilities"),
    row<&handlers::migrate_set_capabilities>("migrate-set-capabilities"),
    row<&handlers::migrate_incoming>("migrate-incoming"),
    row<&handlers::migrate_pause>("migrate-pause", allow_oob),
    row<&handlers::migrate_recover>("migrate-recover", allow_oob),
    row<&handlers::snapshot_save>("x-snapshot-save"), // QEMU's, without the x-, take other arguments
    row<&handlers::snapshot_load>("x-snapshot-load"),
    row<&handlers::query_yank>("query-yank", allow_oob),
    row<&handlers::yank>("yank", allow_oob),

    row<&handlers::qom_get>("qom-get", allow_preconfig),
    row<&handlers::qom_list>("qom-list", allow_preconfig),
    row<&handlers::qom_list_get>("qom-list-get", allow_preconfig, vocabulary::v11_1),
    row<&handlers::qom_set>("qom-set", allow_preconfig),
    row<&handlers::object_add>("object-add", allow_preconfig, vocabulary::v11_1),
    row<&handlers::object_del>("object-del", allow_preconfig, vocabulary::v11_1),
    row<&handlers::qom_list_types>("qom-list-types", allow_preconfig),
    row<&handlers::qom_list_properties>("qom-list-properties", allow_preconfig),
    row<&handlers::device_list_properties>("device-list-properties"),
};

} // namespace

vocabulary detail::words_of(const command_context& c) { return c.monitor.settings().words; }

std::function<void(command_outcome)> detail::answer_of_session(const command_context& c)
{
    return c.session.answer_later();
}

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
    switch (monitor.settings().words) {
    case vocabulary::v2_10: return {{0, 10, 2}, package};
    case vocabulary::v7_2: return {{0, 2, 7}, package};
    case vocabulary::v10_0: return {{13, 0, 10}, package};
    case vocabulary::v11_1: return {{3, 1, 11}, package};
    }
    return {{3, 1, 11}, package};
}

} // namespace vigil::qmp_bridge
