// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QAPI_MACHINE_TYPES_H
#define VIGIL_QMP_BRIDGE_QAPI_MACHINE_TYPES_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <vigil/qmp-bridge/qapi_schema.h>

/// What QMP says of the machine, its objects and its monitors, described.
namespace vigil::qmp_bridge {

/// What the machine emulates (QAPI `SysEmuTarget`, of which there is only this).
enum class system_target : std::uint8_t { x86_64 };

} // namespace vigil::qmp_bridge

namespace vigil::runstate {

template <> struct wire_names<qmp_bridge::system_target> {
    static constexpr std::array<std::string_view, 1> values{"x86_64"};
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

/// One row of qom-list.
struct object_property_info {
    std::string name;
    std::string type;
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
                                        member{"type", &object_property_info::type}};
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
        member{"thread-id", &cpu_info_fast::thread_id}, member{"props", &cpu_info_fast::props},
        member{"qom-path", &cpu_info_fast::qom_path}, member{"cpu-index", &cpu_info_fast::cpu_index},
        member{"target", &cpu_info_fast::target}};
};

} // namespace vigil::qmp_bridge

#endif
