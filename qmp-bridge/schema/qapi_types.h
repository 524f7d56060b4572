// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SCHEMA_QAPI_TYPES_H
#define VIGIL_QMP_BRIDGE_SCHEMA_QAPI_TYPES_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/schema/qapi_schema.h>
#include <vigil/runstate/actions.h>
#include <vigil/runstate/events.h>
#include <vigil/runstate/migration.h>
#include <vigil/runstate/run_state.h>

/// The types that QMP speaks and their descriptions.
namespace vigil::qmp_bridge {

/// What a client may enable when it negotiates (QAPI `QMPCapability`).
enum class qmp_capability : std::uint8_t { oob };

/// The kind of extra information about a panic (QAPI `GuestPanicInformationType`, of which only this is ever sent).
enum class panic_information_type : std::uint8_t { hyper_v };

} // namespace vigil::qmp_bridge

namespace vigil::runstate {

template <> struct wire_names<error_class> {
    static constexpr std::array<std::string_view, 4> values{"GenericError", "CommandNotFound", "DeviceNotFound",
                                                            "DeviceNotActive"};
};

template <> struct wire_names<qmp_bridge::qmp_capability> {
    static constexpr std::array<std::string_view, 1> values{"oob"};
};

template <> struct wire_names<qmp_bridge::panic_information_type> {
    static constexpr std::array<std::string_view, 1> values{"hyper-v"};
};

} // namespace vigil::runstate

namespace vigil::qmp_bridge {

/// No arguments, or no value to return: `{}`.
struct empty_object {};

/// query-status.
struct status_info {
    runstate::run_state status;
    bool singlestep;
    bool running;
};

/// The parts of a version number.
struct version_triple {
    std::int64_t micro;
    std::int64_t minor;
    std::int64_t major;
};

/// query-version.
struct version_info {
    version_triple qemu;
    std::string_view package;
};

/// The body of the greeting.
struct greeting {
    version_info version;
    std::vector<qmp_capability> capabilities;
};

/// One row of query-commands.
struct command_info {
    std::string_view name;
};

/// query-name.
struct name_info {
    std::optional<std::string_view> name;
};

/// query-uuid.
struct uuid_info {
    std::string_view uuid;
};

/// query-kvm.
struct kvm_info {
    bool enabled;
    bool present;
};

/// Arguments of migrate.
struct migrate_arguments {
    std::optional<std::string> uri;
    std::optional<bool> blk;
    std::optional<bool> inc;
    std::optional<bool> detach;
    std::optional<bool> resume;
};

/// Arguments of migrate-incoming, x-snapshot-save and x-snapshot-load.
struct uri_argument {
    std::string uri;
};

/// query-migrate; all absent before the first migration.
struct migration_info {
    std::optional<runstate::migration_status> status;
    std::optional<std::int64_t> total_time; ///< milliseconds of host time
    std::optional<std::string> error_desc;
};

/// Arguments of human-monitor-command.
struct human_monitor_arguments {
    std::string command_line;
    std::optional<std::int64_t> cpu_index;
};

/// One row of query-events.
struct event_info {
    std::string_view name;
};

/// Host real time for event timestamps; −1, −1 where the host has none.
struct timestamp {
    std::int64_t seconds;
    std::int64_t microseconds;
};

/// Arguments of qmp_capabilities.
struct capabilities_arguments {
    std::optional<std::vector<qmp_capability>> enable;
};

/// Arguments of watchdog-set-action.
struct watchdog_set_action_arguments {
    runstate::watchdog_action action{};
};

/// Arguments of set-action.
struct set_action_arguments {
    std::optional<runstate::reboot_action> reboot;
    std::optional<runstate::shutdown_action> shutdown;
    std::optional<runstate::panic_action> panic;
    std::optional<runstate::watchdog_action> watchdog;
};

/// What is known of a Hyper-V panic, apart from its being one.
struct hyperv_panic_parameters {
    std::array<std::uint64_t, 5> arg;
};

/// What an event's description says unless it says otherwise.
struct event_description {
    static constexpr std::string_view name{};              ///< of the data; implicit types have none
    static constexpr vocabulary since = vocabulary::v2_10; ///< the vocabulary that first has the event
    static constexpr bool limited = false;                 ///< at most one per second (QEMU: monitor/monitor.c)
    static constexpr std::tuple<> members{};
};

template <> struct described<runstate::run_state> : enum_description {
    static constexpr std::string_view name = "RunState";
};
template <> struct described<runstate::reboot_action> : enum_description {
    static constexpr std::string_view name = "RebootAction";
};
template <> struct described<runstate::shutdown_action> : enum_description {
    static constexpr std::string_view name = "ShutdownAction";
};
template <> struct described<runstate::panic_action> : enum_description {
    static constexpr std::string_view name = "PanicAction";
    static constexpr vocabulary since(runstate::panic_action value)
    {
        return value == runstate::panic_action::none ? vocabulary::v7_2 : vocabulary::v2_10;
    }
};
template <> struct described<runstate::watchdog_action> : enum_description {
    static constexpr std::string_view name = "WatchdogAction";
};
template <> struct described<runstate::guest_panic_action> : enum_description {
    static constexpr std::string_view name = "GuestPanicAction";
    static constexpr vocabulary since(runstate::guest_panic_action value)
    {
        return value == runstate::guest_panic_action::run ? vocabulary::v7_2 : vocabulary::v2_10;
    }
};
template <> struct described<runstate::shutdown_cause> : enum_description {
    static constexpr std::string_view name = "ShutdownCause";
};
template <> struct described<error_class> : enum_description {
    static constexpr std::string_view name = "QapiErrorClass";
};
template <> struct described<qmp_capability> : enum_description {
    static constexpr std::string_view name = "QMPCapability";
};
template <> struct described<panic_information_type> : enum_description {
    static constexpr std::string_view name = "GuestPanicInformationType";
};
template <> struct described<runstate::migration_status> : enum_description {
    static constexpr std::string_view name = "MigrationStatus";
};

template <> struct described<refusal> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"class", &refusal::kind}, member{"desc", &refusal::text}};
};
template <> struct described<empty_object> {
    static constexpr std::string_view name{};
    static constexpr std::tuple<> members{};
};
template <> struct described<status_info> {
    static constexpr std::string_view name = "StatusInfo";
    static constexpr std::tuple members{
        member{"status", &status_info::status},
        member{"singlestep", &status_info::singlestep, vocabulary::v2_10, vocabulary::v7_2},
        member{"running", &status_info::running}};
};
template <> struct described<version_triple> {
    static constexpr std::string_view name = "VersionTriple";
    static constexpr std::tuple members{member{"micro", &version_triple::micro},
                                        member{"minor", &version_triple::minor},
                                        member{"major", &version_triple::major}};
};
template <> struct described<version_info> {
    static constexpr std::string_view name = "VersionInfo";
    static constexpr std::tuple members{member{"qemu", &version_info::qemu}, member{"package", &version_info::package}};
};
template <> struct described<greeting> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"version", &greeting::version},
                                        member{"capabilities", &greeting::capabilities}};
};
template <> struct described<command_info> {
    static constexpr std::string_view name = "CommandInfo";
    static constexpr std::tuple members{member{"name", &command_info::name}};
};
template <> struct described<name_info> {
    static constexpr std::string_view name = "NameInfo";
    static constexpr std::tuple members{member{"name", &name_info::name}};
};
template <> struct described<uuid_info> {
    static constexpr std::string_view name = "UuidInfo";
    static constexpr std::tuple members{member{"UUID", &uuid_info::uuid}};
};
template <> struct described<kvm_info> {
    static constexpr std::string_view name = "KvmInfo";
    static constexpr std::tuple members{member{"enabled", &kvm_info::enabled}, member{"present", &kvm_info::present}};
};
template <> struct described<timestamp> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"seconds", &timestamp::seconds},
                                        member{"microseconds", &timestamp::microseconds}};
};
template <> struct described<capabilities_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"enable", &capabilities_arguments::enable}};
};
template <> struct described<watchdog_set_action_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"action", &watchdog_set_action_arguments::action}};
};
template <> struct described<set_action_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{
        member{"reboot", &set_action_arguments::reboot}, member{"shutdown", &set_action_arguments::shutdown},
        member{"panic", &set_action_arguments::panic}, member{"watchdog", &set_action_arguments::watchdog}};
};

template <> struct described<migrate_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"uri", &migrate_arguments::uri},
                                        member{"blk", &migrate_arguments::blk, vocabulary::v2_10, vocabulary::v10_0},
                                        member{"inc", &migrate_arguments::inc, vocabulary::v2_10, vocabulary::v10_0},
                                        member{"detach", &migrate_arguments::detach},
                                        member{"resume", &migrate_arguments::resume}};
};
template <> struct described<uri_argument> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"uri", &uri_argument::uri}};
};
template <> struct described<migration_info> {
    static constexpr std::string_view name = "MigrationInfo";
    static constexpr std::tuple members{member{"status", &migration_info::status},
                                        member{"total-time", &migration_info::total_time},
                                        member{"error-desc", &migration_info::error_desc}};
};
template <> struct described<human_monitor_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"command-line", &human_monitor_arguments::command_line},
                                        member{"cpu-index", &human_monitor_arguments::cpu_index}};
};
template <> struct described<event_info> {
    static constexpr std::string_view name = "EventInfo";
    static constexpr std::tuple members{member{"name", &event_info::name}};
};
/// A Hyper-V crash parameter as a member of its own.
template <std::size_t Index> constexpr std::uint64_t crash_argument(const hyperv_panic_parameters& parameters)
{
    return parameters.arg[Index];
}

template <> struct described<hyperv_panic_parameters> {
    static constexpr std::string_view name = "GuestPanicInformationHyperV";
    static constexpr std::tuple members{member{"arg1", &crash_argument<0>}, member{"arg2", &crash_argument<1>},
                                        member{"arg3", &crash_argument<2>}, member{"arg4", &crash_argument<3>},
                                        member{"arg5", &crash_argument<4>}};
};

/// A union in QAPI, whose only branch here is hyper-v.
template <> struct described<runstate::hyperv_panic_info> {
    static std::variant<hyperv_panic_parameters> as_union(const runstate::hyperv_panic_info& info)
    {
        return hyperv_panic_parameters{info.arg};
    }

    static constexpr std::string_view name = "GuestPanicInformation";
    static constexpr std::string_view tag = "type";
    using tag_type = panic_information_type;
    static constexpr std::tuple<> members{};
    static constexpr auto branches = &as_union;
};

template <> struct described<runstate::shutdown_event> : event_description {
    static constexpr std::tuple members{member{"guest", &runstate::shutdown_event::guest},
                                        member{"reason", &runstate::shutdown_event::reason, vocabulary::v7_2}};
};
template <> struct described<runstate::reset_event> : event_description {
    static constexpr std::tuple members{member{"guest", &runstate::reset_event::guest},
                                        member{"reason", &runstate::reset_event::reason, vocabulary::v7_2}};
};
template <> struct described<runstate::powerdown_event> : event_description {
};
template <> struct described<runstate::stop_event> : event_description {
};
template <> struct described<runstate::resume_event> : event_description {
};
template <> struct described<runstate::suspend_event> : event_description {
};
template <> struct described<runstate::suspend_disk_event> : event_description {
};
template <> struct described<runstate::wakeup_event> : event_description {
};
template <> struct described<runstate::watchdog_event> : event_description {
    static constexpr bool limited = true;
    static constexpr std::tuple members{member{"action", &runstate::watchdog_event::action}};
};
template <> struct described<runstate::guest_panicked_event> : event_description {
    static constexpr std::tuple members{member{"action", &runstate::guest_panicked_event::action},
                                        member{"info", &runstate::guest_panicked_event::info}};
};
template <> struct described<runstate::guest_crashloaded_event> : event_description {
    static constexpr vocabulary since = vocabulary::v7_2;
    static constexpr std::tuple members{member{"action", &runstate::guest_crashloaded_event::action},
                                        member{"info", &runstate::guest_crashloaded_event::info}};
};

template <> struct described<runstate::guest_pvshutdown_event> : event_description {
    static constexpr vocabulary since = vocabulary::v10_0;
    static constexpr std::string_view name = "";
    static constexpr std::tuple<> members{};
};

template <> struct described<runstate::device_deleted_event> : event_description {
    static constexpr std::tuple members{member{"device", &runstate::device_deleted_event::device},
                                        member{"path", &runstate::device_deleted_event::path}};
};

/// An event.
struct qapi_event {
    std::string_view name;
    const qapi_type* data;
    vocabulary since;
    bool limited; ///< at most one per second
};

namespace detail {

template <class Event> struct events_of;
template <class... Event> struct events_of<std::variant<Event...>> {
    static constexpr std::array<qapi_event, sizeof...(Event)> table{
        qapi_event{Event::name, &k_type<Event>, described<Event>::since, described<Event>::limited}...};
};

} // namespace detail

/// Every event.
inline constexpr rows<qapi_event> k_events{detail::events_of<runstate::event>::table};

} // namespace vigil::qmp_bridge

#endif
