// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_COMMANDS_DETAIL_QMP_HANDLERS_H
#define VIGIL_QMP_BRIDGE_QMP_COMMANDS_DETAIL_QMP_HANDLERS_H

#include <string>
#include <vector>

#include <vigil/qmp-bridge/qmp/commands/command_handler.h>
#include <vigil/qmp-bridge/schema/detail/qapi_introspection_types.h>
#include <vigil/qmp-bridge/schema/qapi_firmware_types.h>
#include <vigil/qmp-bridge/schema/qapi_machine_types.h>
#include <vigil/qmp-bridge/schema/qapi_types.h>
#include <vigil/runstate/inspectable.h>

/// What executes the commands, by subject; the table of commands names each.
namespace vigil::qmp_bridge::handlers {

/// What the machine lacks, in QEMU's words.
inline refusal not_supported() { return {"this feature or command is not currently supported"}; }

// qmp_run_commands.cpp: the run state.
result<status_info> query_status(const command_context& c);
result<empty_object> stop(const command_context& c);
result<empty_object> cont(const command_context& c);
result<empty_object> system_reset(const command_context& c);
result<empty_object> system_powerdown(const command_context& c);
result<empty_object> system_wakeup(const command_context& c);
result<empty_object> quit(const command_context& c);
result<empty_object> inject_nmi(const command_context& c);
result<empty_object> watchdog_set_action(const command_context& c, const watchdog_set_action_arguments& arguments);
result<empty_object> set_action(const command_context& c, const set_action_arguments& arguments);
result<empty_object> exit_preconfig(const command_context& c);

// qmp_query_commands.cpp: the conversation, and what is fixed about the machine.
result<empty_object> qmp_capabilities(const command_context& c, const capabilities_arguments& arguments);
result<version_info> query_version(const command_context& c);
result<std::vector<command_info>> query_commands(const command_context& c);
result<std::vector<event_info>> query_events(const command_context& c);
result<std::vector<schema_info>> query_qmp_schema(const command_context& c);
result<qmp_clients_info> query_qmp_clients(const command_context& c);
result<name_info> query_name(const command_context& c);
result<uuid_info> query_uuid(const command_context& c);
result<target_info> query_target(const command_context& c);
result<kvm_info> query_kvm(const command_context& c);
result<accelerator_info> query_accelerators(const command_context& c);
result<std::vector<machine_info>> query_machines(const command_context& c);
result<current_machine_params> query_current_machine(const command_context& c);
result<memory_info> query_memory_size_summary(const command_context& c);
result<std::vector<cpu_info_fast>> query_cpus_fast(const command_context& c);
result<std::vector<hotpluggable_cpu>> query_hotpluggable_cpus(const command_context& c);
result<std::vector<iothread_info>> query_iothreads(const command_context& c);
result<std::vector<fdset_info>> query_fdsets(const command_context& c);
result<std::vector<chardev_info>> query_chardev(const command_context& c);
result<balloon_info> query_balloon(const command_context& c);
result<firmware_log> query_firmware_log(const command_context& c, const firmware_log_arguments& arguments);
result<empty_object> balloon(const command_context& c, const balloon_arguments& arguments);
result<std::string> human_monitor_command(const command_context& c, const human_monitor_arguments& arguments);

// qmp_migration_commands.cpp: the machine's state in files, and connections.
result<empty_object> migrate(const command_context& c, const migrate_arguments& arguments);
result<migration_info> query_migrate(const command_context& c);
result<empty_object> migrate_incoming(const command_context& c, const uri_argument& arguments);
result<empty_object> snapshot_save(const command_context& c, const uri_argument& arguments);
result<empty_object> snapshot_load(const command_context& c, const uri_argument& arguments);

result<std::vector<migration_capability_status>> query_migrate_capabilities(const command_context& c);
result<empty_object> migrate_set_capabilities(const command_context& c,
                                              const migration_capabilities_arguments& arguments);
result<empty_object> migrate_pause(const command_context& c);
result<empty_object> migrate_recover(const command_context& c, const uri_argument& arguments);
result<std::vector<yank_instance>> query_yank(const command_context& c);
result<empty_object> yank(const command_context& c, const yank_arguments& arguments);

// qmp_object_commands.cpp: the machine's objects.
result<runstate::property_value> qom_get(const command_context& c, const qom_get_arguments& arguments);
result<std::vector<object_property_info>> qom_list(const command_context& c, const qom_list_arguments& arguments);
result<std::vector<object_properties_values>> qom_list_get(const command_context& c,
                                                           const qom_list_get_arguments& arguments);
result<empty_object> object_add(const command_context& c, const object_options& arguments);
result<empty_object> object_del(const command_context& c, const object_id_argument& arguments);
result<empty_object> qom_set(const command_context& c, const qom_set_arguments& arguments);
result<std::vector<object_type_info>> qom_list_types(const command_context& c,
                                                     const qom_list_types_arguments& arguments);
result<std::vector<object_property_info>> qom_list_properties(const command_context& c,
                                                              const typename_argument& arguments);
result<std::vector<object_property_info>> device_list_properties(const command_context& c,
                                                                 const typename_argument& arguments);

} // namespace vigil::qmp_bridge::handlers

#endif
