// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SCHEMA_QAPI_MACHINE_TYPES_H
#define VIGIL_QMP_BRIDGE_SCHEMA_QAPI_MACHINE_TYPES_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/json/json.h>
#include <vigil/qmp-bridge/schema/qapi_types.h>

/// What QMP says of the machine, its objects and its monitors, described.
namespace vigil::qmp_bridge {

/// What the machine emulates (QAPI `SysEmuTarget`, of which there is only this).
enum class system_target : std::uint8_t { x86_64 };

/// What can be yanked (QAPI `YankInstanceType`).
enum class yank_instance_type : std::uint8_t { block_node, chardev, migration };

/// What a migration may do beyond moving the machine (QAPI `MigrationCapability`, of which there is only this).
enum class migration_capability : std::uint8_t { events };

/// What can be made while the machine is there (QAPI `ObjectType`).
enum class object_type : std::uint8_t { monitor_hmp, monitor_qmp };

/// What becomes of a monitor when its chardev closes (QAPI `MonitorQMPCloseAction`).
enum class monitor_close_action : std::uint8_t { none, remove };

} // namespace vigil::qmp_bridge

namespace vigil::runstate {

template <> struct wire_names<qmp_bridge::system_target> {
    static constexpr std::array<std::string_view, 1> values{"x86_64"};
};

template <> struct wire_names<qmp_bridge::yank_instance_type> {
    static constexpr std::array<std::string_view, 3> values{"block-node", "chardev", "migration"};
};

template <> struct wire_names<qmp_bridge::migration_capability> {
    static constexpr std::array<std::string_view, 1> values{"events"};
};

template <> struct wire_names<qmp_bridge::object_type> {
    static constexpr std::array<std::string_view, 2> values{"monitor-hmp", "monitor-qmp"};
};
template <> struct wire_names<qmp_bridge::monitor_close_action> {
    static constexpr std::array<std::string_view, 2> values{"none", "delete"};
};

} // namespace vigil::runstate

namespace vigil::qmp_bridge {

/// query-target.
struct target_info {
    system_target arch;
};

/// query-current-machine.
struct current_machine_params {
    bool wakeup_suspend_support;
};

/// Arguments of qom-get.
struct qom_get_arguments {
    std::string path;
    std::string property;
};

/// Arguments of qom-list.
struct qom_list_arguments {
    std::string path;
};

/// Arguments of qom-set.
struct qom_set_arguments {
    std::string path;
    std::string property;
    json::value value;
};

/// One row of qom-list, qom-list-properties and device-list-properties.
struct object_property_info {
    std::string name;
    std::string type;
    std::optional<std::string> description = {};
    std::optional<json::value> default_value = {};
};

/// Where a CPU sits.
struct cpu_instance_properties {
    std::int64_t socket_id;
    std::int64_t core_id;
    std::int64_t thread_id;
};

/// One row of query-cpus-fast.
struct cpu_info_fast {
    std::int64_t thread_id;
    cpu_instance_properties props;
    std::string_view qom_path;
    std::int64_t cpu_index;
    system_target target;
    std::string_view qom_type = {};
};

/// One row of query-hotpluggable-cpus.
struct hotpluggable_cpu {
    std::string_view type;
    std::int64_t vcpus_count;
    cpu_instance_properties props;
    std::optional<std::string_view> qom_path; ///< of a CPU that is there
};

/// One row of query-migrate-capabilities and of migrate-set-capabilities.
struct migration_capability_status {
    migration_capability capability;
    bool state;
};

/// Arguments of migrate-set-capabilities.
struct migration_capabilities_arguments {
    std::vector<migration_capability_status> capabilities;
};

/// One row of query-machines.
struct machine_info {
    std::string_view name;
    std::optional<std::string_view> alias;
    std::optional<bool> is_default; ///< present where true
    std::int64_t cpu_max;
    bool hotpluggable_cpus;
    bool numa_mem_supported;
    bool deprecated;
    std::optional<std::string_view> default_cpu_type;
    std::optional<std::string_view> default_ram_id;
    bool acpi = false; ///< it can have ACPI
};

/// query-accelerators.
struct accelerator_info {
    std::string enabled;
    std::vector<std::string_view> present;
};

/// Arguments of qom-list-get.
struct qom_list_get_arguments {
    std::vector<std::string> paths;
};

/// A property with its value, where it has one.
struct object_property_value {
    std::string name;
    std::string type;
    std::optional<runstate::property_value> value;
};

/// The properties of one object.
struct object_properties_values {
    std::vector<object_property_value> properties;
};

/// What monitor-hmp may be given.
struct monitor_hmp_options {
    std::string chardev;
    std::optional<bool> readline;
};

/// What monitor-qmp may be given.
struct monitor_qmp_options {
    std::string chardev;
    std::optional<bool> pretty;
    std::optional<monitor_close_action> close_action;
};

/// Arguments of object-add.
struct object_options {
    std::string id;
    std::variant<monitor_hmp_options, monitor_qmp_options> type;
};

/// Arguments of object-del.
struct object_id_argument {
    std::string id;
};

/// query-memory-size-summary, in bytes.
struct memory_info {
    std::uint64_t base_memory;
    std::optional<std::uint64_t> plugged_memory;
};

/// query-balloon.
struct balloon_info {
    std::int64_t actual;
};

/// Arguments of balloon.
struct balloon_arguments {
    std::int64_t value;
};

/// One row of query-iothreads.
struct iothread_info {
    std::string id;
    std::int64_t thread_id;
    std::int64_t poll_max_ns;
    std::int64_t poll_grow;
    std::int64_t poll_shrink;
    std::int64_t aio_max_batch;
};

/// One row of query-chardev.
struct chardev_info {
    std::string label;
    std::string filename;
    bool frontend_open;
};

/// A descriptor in a set.
struct fdset_fd_info {
    std::int64_t fd;
    std::optional<std::string> opaque; ///< whatever whoever gave it wants to be reminded of
};

/// One row of query-fdsets.
struct fdset_info {
    std::int64_t fdset_id;
    std::vector<fdset_fd_info> fds;
};

/// Arguments of qom-list-types.
struct qom_list_types_arguments {
    std::optional<std::string> implements;
    std::optional<bool> abstract;
};

/// One row of qom-list-types.
struct object_type_info {
    std::string_view name;
    std::optional<bool> abstract; ///< present where true
    std::optional<std::string_view> parent;
};

/// Arguments of qom-list-properties and device-list-properties.
struct typename_argument {
    std::string type_name;
};

/// The other side of a block node's connection.
struct yank_block_node {
    std::string node_name;
};

/// The other side of a character device's connection.
struct yank_chardev {
    std::string id;
};

/// Something that can be cut off from its other side.
struct yank_instance {
    std::variant<yank_block_node, yank_chardev, empty_object> what;
};

/// Arguments of yank.
struct yank_arguments {
    std::vector<yank_instance> instances;
};

/// One client of the monitors.
struct qmp_client_info {
    std::uint64_t id;        ///< numbered from 1 in the order they came
    std::string_view server; ///< the label of the character device; empty where it has none
    bool pretty;
    bool negotiating;
    bool oob;
    std::uint64_t queued_bytes; ///< that it has not read
    std::uint64_t events_dropped;
};

/// x-query-qmp-clients, which is not QEMU's: who is connected to the monitors, and who does not read.
struct qmp_clients_info {
    std::vector<qmp_client_info> clients;
    std::uint64_t events_dropped; ///< in all, of clients that have left, too
};

template <> struct described<system_target> : enum_description {
    static constexpr std::string_view name = "SysEmuTarget";
};
template <> struct described<target_info> {
    static constexpr std::string_view name = "TargetInfo";
    static constexpr std::tuple members{member{"arch", &target_info::arch}};
};
template <> struct described<current_machine_params> {
    static constexpr std::string_view name = "CurrentMachineParams";
    static constexpr std::tuple members{
        member{"wakeup-suspend-support", &current_machine_params::wakeup_suspend_support}};
};
template <> struct described<qom_get_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"path", &qom_get_arguments::path},
                                        member{"property", &qom_get_arguments::property}};
};
template <> struct described<qom_list_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"path", &qom_list_arguments::path}};
};
template <> struct described<qom_set_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"path", &qom_set_arguments::path},
                                        member{"property", &qom_set_arguments::property},
                                        member{"value", &qom_set_arguments::value}};
};
template <> struct described<object_property_info> {
    static constexpr std::string_view name = "ObjectPropertyInfo";
    static constexpr std::tuple members{member{"name", &object_property_info::name},
                                        member{"type", &object_property_info::type},
                                        member{"description", &object_property_info::description},
                                        member{"default-value", &object_property_info::default_value}};
};
template <> struct described<cpu_instance_properties> {
    static constexpr std::string_view name = "CpuInstanceProperties";
    static constexpr std::tuple members{member{"core-id", &cpu_instance_properties::core_id},
                                        member{"thread-id", &cpu_instance_properties::thread_id},
                                        member{"socket-id", &cpu_instance_properties::socket_id}};
};
template <> struct described<cpu_info_fast> {
    static constexpr std::string_view name = "CpuInfoFast";
    static constexpr std::tuple members{
        member{"thread-id", &cpu_info_fast::thread_id}, member{"qom-type", &cpu_info_fast::qom_type, vocabulary::v11_1},
        member{"props", &cpu_info_fast::props},         member{"qom-path", &cpu_info_fast::qom_path},
        member{"cpu-index", &cpu_info_fast::cpu_index}, member{"target", &cpu_info_fast::target}};
};
template <> struct described<hotpluggable_cpu> {
    static constexpr std::string_view name = "HotpluggableCPU";
    static constexpr std::tuple members{
        member{"type", &hotpluggable_cpu::type}, member{"vcpus-count", &hotpluggable_cpu::vcpus_count},
        member{"props", &hotpluggable_cpu::props}, member{"qom-path", &hotpluggable_cpu::qom_path}};
};
template <> struct described<migration_capability> : enum_description {
    static constexpr std::string_view name = "MigrationCapability";
};
template <> struct described<migration_capability_status> {
    static constexpr std::string_view name = "MigrationCapabilityStatus";
    static constexpr std::tuple members{member{"capability", &migration_capability_status::capability},
                                        member{"state", &migration_capability_status::state}};
};
template <> struct described<migration_capabilities_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"capabilities", &migration_capabilities_arguments::capabilities}};
};
template <> struct described<yank_instance_type> : enum_description {
    static constexpr std::string_view name = "YankInstanceType";
};
template <> struct described<machine_info> {
    static constexpr std::string_view name = "MachineInfo";
    static constexpr std::tuple members{member{"name", &machine_info::name},
                                        member{"alias", &machine_info::alias},
                                        member{"is-default", &machine_info::is_default},
                                        member{"cpu-max", &machine_info::cpu_max},
                                        member{"hotpluggable-cpus", &machine_info::hotpluggable_cpus},
                                        member{"numa-mem-supported", &machine_info::numa_mem_supported},
                                        member{"deprecated", &machine_info::deprecated},
                                        member{"default-cpu-type", &machine_info::default_cpu_type},
                                        member{"default-ram-id", &machine_info::default_ram_id},
                                        member{"acpi", &machine_info::acpi, vocabulary::v11_1}};
};
template <> struct described<accelerator_info> {
    static constexpr std::string_view name = "AcceleratorInfo";
    static constexpr std::tuple members{member{"enabled", &accelerator_info::enabled},
                                        member{"present", &accelerator_info::present}};
};
template <> struct described<qom_list_get_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"paths", &qom_list_get_arguments::paths}};
};
template <> struct described<object_property_value> {
    static constexpr std::string_view name = "ObjectPropertyValue";
    static constexpr std::tuple members{member{"name", &object_property_value::name},
                                        member{"value", &object_property_value::value},
                                        member{"type", &object_property_value::type}};
};
template <> struct described<object_properties_values> {
    static constexpr std::string_view name = "ObjectPropertiesValues";
    static constexpr std::tuple members{member{"properties", &object_properties_values::properties}};
};
template <> struct described<object_type> : enum_description {
    static constexpr std::string_view name = "ObjectType";
};
template <> struct described<monitor_close_action> : enum_description {
    static constexpr std::string_view name = "MonitorQMPCloseAction";
};
template <> struct described<monitor_hmp_options> {
    static constexpr std::string_view name = "MonitorHMPProperties";
    static constexpr std::tuple members{member{"chardev", &monitor_hmp_options::chardev},
                                        member{"readline", &monitor_hmp_options::readline}};
};
template <> struct described<monitor_qmp_options> {
    static constexpr std::string_view name = "MonitorQMPProperties";
    static constexpr std::tuple members{member{"chardev", &monitor_qmp_options::chardev},
                                        member{"pretty", &monitor_qmp_options::pretty},
                                        member{"close-action", &monitor_qmp_options::close_action}};
};
template <> struct described<object_options> {
    static constexpr std::string_view name = "ObjectOptions";
    static constexpr std::string_view tag = "qom-type";
    using tag_type = object_type;
    static constexpr std::tuple members{member{"id", &object_options::id}};
    static constexpr auto branches = &object_options::type;
};
template <> struct described<object_id_argument> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"id", &object_id_argument::id}};
};
template <> struct described<memory_info> {
    static constexpr std::string_view name = "MemoryInfo";
    static constexpr std::tuple members{member{"base-memory", &memory_info::base_memory},
                                        member{"plugged-memory", &memory_info::plugged_memory}};
};
template <> struct described<balloon_info> {
    static constexpr std::string_view name = "BalloonInfo";
    static constexpr std::tuple members{member{"actual", &balloon_info::actual}};
};
template <> struct described<balloon_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"value", &balloon_arguments::value}};
};
template <> struct described<iothread_info> {
    static constexpr std::string_view name = "IOThreadInfo";
    static constexpr std::tuple members{member{"id", &iothread_info::id},
                                        member{"thread-id", &iothread_info::thread_id},
                                        member{"poll-max-ns", &iothread_info::poll_max_ns},
                                        member{"poll-grow", &iothread_info::poll_grow},
                                        member{"poll-shrink", &iothread_info::poll_shrink},
                                        member{"aio-max-batch", &iothread_info::aio_max_batch}};
};
template <> struct described<chardev_info> {
    static constexpr std::string_view name = "ChardevInfo";
    static constexpr std::tuple members{member{"label", &chardev_info::label},
                                        member{"filename", &chardev_info::filename},
                                        member{"frontend-open", &chardev_info::frontend_open}};
};
template <> struct described<fdset_fd_info> {
    static constexpr std::string_view name = "FdsetFdInfo";
    static constexpr std::tuple members{member{"fd", &fdset_fd_info::fd}, member{"opaque", &fdset_fd_info::opaque}};
};
template <> struct described<fdset_info> {
    static constexpr std::string_view name = "FdsetInfo";
    static constexpr std::tuple members{member{"fdset-id", &fdset_info::fdset_id}, member{"fds", &fdset_info::fds}};
};
template <> struct described<qom_list_types_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"implements", &qom_list_types_arguments::implements},
                                        member{"abstract", &qom_list_types_arguments::abstract}};
};
template <> struct described<object_type_info> {
    static constexpr std::string_view name = "ObjectTypeInfo";
    static constexpr std::tuple members{member{"name", &object_type_info::name},
                                        member{"abstract", &object_type_info::abstract},
                                        member{"parent", &object_type_info::parent}};
};
template <> struct described<typename_argument> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"typename", &typename_argument::type_name}};
};
template <> struct described<yank_block_node> {
    static constexpr std::string_view name = "YankInstanceBlockNode";
    static constexpr std::tuple members{member{"node-name", &yank_block_node::node_name}};
};
template <> struct described<yank_chardev> {
    static constexpr std::string_view name = "YankInstanceChardev";
    static constexpr std::tuple members{member{"id", &yank_chardev::id}};
};
template <> struct described<yank_instance> {
    static constexpr std::string_view name = "YankInstance";
    static constexpr std::string_view tag = "type";
    using tag_type = yank_instance_type;
    static constexpr std::tuple<> members{};
    static constexpr auto branches = &yank_instance::what;
};
template <> struct described<yank_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"instances", &yank_arguments::instances}};
};
template <> struct described<qmp_client_info> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"id", &qmp_client_info::id},
                                        member{"server", &qmp_client_info::server},
                                        member{"pretty", &qmp_client_info::pretty},
                                        member{"negotiating", &qmp_client_info::negotiating},
                                        member{"oob", &qmp_client_info::oob},
                                        member{"queued-bytes", &qmp_client_info::queued_bytes},
                                        member{"events-dropped", &qmp_client_info::events_dropped}};
};
template <> struct described<qmp_clients_info> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"clients", &qmp_clients_info::clients},
                                        member{"events-dropped", &qmp_clients_info::events_dropped}};
};

} // namespace vigil::qmp_bridge

#endif
