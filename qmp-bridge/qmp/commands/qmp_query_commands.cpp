// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/commands/detail/qmp_handlers.h>

#include <utility>

#include <vigil/qmp-bridge/qmp/detail/hmp.h>
#include <vigil/qmp-bridge/qmp/detail/introspection.h>
#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp/qmp_session.h>
#include <vigil/qmp-bridge/qmp/qom_tree.h>

namespace vigil::qmp_bridge::handlers {

namespace {

cpu_instance_properties place_of_cpu(std::int64_t index) { return {0, index, 0}; }

} // namespace

result<empty_object> qmp_capabilities(const command_context& c, const capabilities_arguments& arguments)
{
    if (!c.session.negotiating()) {
        return refusal{"Capabilities negotiation is already complete, command ignored", error_class::command_not_found};
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
        return refusal{"Capability " + refused + " not available"};
    }
    c.session.end_negotiation(out_of_band);
    return empty_object{};
}

result<version_info> query_version(const command_context& c) { return version_of(c.monitor); }

result<std::vector<command_info>> query_commands(const command_context& c)
{
    std::vector<command_info> all;
    for (const command& one : commands()) {
        if (one.spoken_in(c.monitor.settings().words)) all.push_back({one.name});
    }
    for (const command& one : c.monitor.settings().commands) all.push_back({one.name});
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
    return introspect(c.monitor.settings().words, c.monitor.settings().commands);
}

result<qmp_clients_info> query_qmp_clients(const command_context& c)
{
    qmp_clients_info all{{}, c.monitor.events_dropped()};
    for (const qmp_session* one : c.monitor.sessions()) {
        all.clients.push_back({one->id(), one->server(), one->pretty(), one->negotiating(), one->out_of_band(),
                               c.monitor.unsent(*one, 0), one->events_dropped()});
    }
    return all;
}

result<name_info> query_name(const command_context& c) { return name_info{c.monitor.settings().machine.name}; }

result<uuid_info> query_uuid(const command_context& c) { return uuid_info{c.monitor.settings().machine.uuid}; }

result<target_info> query_target(const command_context& /*c*/) { return target_info{system_target::x86_64}; }

result<kvm_info> query_kvm(const command_context& /*c*/) { return kvm_info{false, true}; }

result<accelerator_info> query_accelerators(const command_context& c)
{
    return accelerator_info{c.monitor.settings().machine.accelerator, {"qtest", "tcg"}};
}

result<std::vector<machine_info>> query_machines(const command_context& c)
{
    return c.monitor.settings().machine.machines;
}

result<current_machine_params> query_current_machine(const command_context& c)
{
    return current_machine_params{c.monitor.settings().machine.wakeup_suspend_support};
}

result<memory_info> query_memory_size_summary(const command_context& c)
{
    return memory_info{c.monitor.settings().machine.ram_bytes, 0};
}

result<std::vector<iothread_info>> query_iothreads(const command_context& /*c*/)
{
    return std::vector<iothread_info>{}; // one thread runs everything
}

result<std::vector<chardev_info>> query_chardev(const command_context& c)
{
    if (!c.monitor.settings().chardevs) return std::vector<chardev_info>{};
    return c.monitor.settings().chardevs();
}

result<std::vector<fdset_info>> query_fdsets(const command_context& c) { return c.monitor.settings().machine.fdsets; }

result<balloon_info> query_balloon(const command_context& c)
{
    const machine_description& machine = c.monitor.settings().machine;
    if (!machine.balloon) return refusal{"No balloon device has been activated", error_class::device_not_active};
    return balloon_info{static_cast<std::int64_t>(machine.ram_bytes)};
}

result<firmware_log> query_firmware_log(const command_context& /*c*/, const firmware_log_arguments& /*arguments*/)
{
    return refusal{"firmware log buffer not found"}; // there is no firmware
}

// A wish, which no guest follows.
result<empty_object> balloon(const command_context& c, const balloon_arguments& arguments)
{
    if (const auto there = query_balloon(c); !there) return there.why();
    if (arguments.value <= 0) return refusal{"Parameter 'target' expects a size"};
    return empty_object{};
}

result<std::vector<cpu_info_fast>> query_cpus_fast(const command_context& c)
{
    std::vector<cpu_info_fast> all;
    const machine_description& machine = c.monitor.settings().machine;
    for (const std::string& path : machine.cpu_paths) {
        const auto index = static_cast<std::int64_t>(all.size());
        all.push_back(
            {machine.thread_id, place_of_cpu(index), path, index, system_target::x86_64, c.monitor.type_at(path)});
    }
    return all;
}

result<std::vector<hotpluggable_cpu>> query_hotpluggable_cpus(const command_context& c)
{
    const qom_tree* objects = c.monitor.settings().objects;
    const std::vector<std::string>& paths = c.monitor.settings().machine.cpu_paths;
    if (objects == nullptr || paths.empty()) {
        return refusal{"The feature 'query-hotpluggable-cpus' is not enabled"};
    }
    std::vector<hotpluggable_cpu> all;
    for (std::size_t i = paths.size(); i-- != 0;) { // QEMU lists the last one first
        const auto object = objects->find(paths[i]);
        if (!object) return object.why();
        all.push_back({(*object)->type, 1, place_of_cpu(static_cast<std::int64_t>(i)), paths[i]});
    }
    return all;
}

result<std::string> human_monitor_command(const command_context& c, const human_monitor_arguments& arguments)
{
    const auto cpus = static_cast<std::int64_t>(c.monitor.settings().machine.cpu_paths.size());
    if (arguments.cpu_index && (*arguments.cpu_index < 0 || *arguments.cpu_index >= cpus)) {
        return refusal{"Parameter 'cpu-index' expects a CPU number"};
    }
    return run_human_command(c.monitor, arguments.command_line);
}

} // namespace vigil::qmp_bridge::handlers
