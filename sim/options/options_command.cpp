// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/options/options_command.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <vigil/qmp-bridge/schema/qapi_types.h>
#include <vigil/sim/options/option_rows.h>

namespace vigil::sim {

/// Arguments of query-command-line-options.
struct command_line_arguments {
    std::optional<std::string> option; ///< all of them where absent
};

/// One key of an option.
struct command_line_parameter_info {
    std::string_view name;
    key_kind type;
};

/// One row of query-command-line-options.
struct command_line_option_info {
    std::string_view option;
    std::vector<command_line_parameter_info> parameters; ///< empty: any, or they depend on what is named
};

} // namespace vigil::sim

namespace vigil::runstate {

template <> struct wire_names<sim::key_kind> {
    static constexpr std::array<std::string_view, 4> values{"string", "boolean", "number", "size"};
};

} // namespace vigil::runstate

namespace vigil::qmp_bridge {

template <> struct described<sim::key_kind> : enum_description {
    static constexpr std::string_view name = "CommandLineParameterType";
};
template <> struct described<sim::command_line_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"option", &sim::command_line_arguments::option}};
};
template <> struct described<sim::command_line_parameter_info> {
    static constexpr std::string_view name = "CommandLineParameterInfo";
    static constexpr std::tuple members{member{"name", &sim::command_line_parameter_info::name},
                                        member{"type", &sim::command_line_parameter_info::type}};
};
template <> struct described<sim::command_line_option_info> {
    static constexpr std::string_view name = "CommandLineOptionInfo";
    static constexpr std::tuple members{member{"option", &sim::command_line_option_info::option},
                                        member{"parameters", &sim::command_line_option_info::parameters}};
};

} // namespace vigil::qmp_bridge

namespace vigil::sim {

namespace {

template <class Keys> std::vector<command_line_parameter_info> parameters_of(const Keys& keys)
{
    std::vector<command_line_parameter_info> all;
    for (const option_key& one : keys) all.push_back({one.name, one.kind});
    return all;
}

} // namespace

qmp_bridge::own_command options_command()
{
    using answer = runstate::result<std::vector<command_line_option_info>>;
    const auto list = [](const qmp_bridge::command_context& /*c*/, const command_line_arguments& arguments) -> answer {
        std::vector<command_line_option_info> all;
        for (const option_group_row& group : option_groups()) {
            if (!has_option(group.name) || (arguments.option && *arguments.option != group.name)) continue;
            all.push_back(
                {group.name, group.name == "machine" ? parameters_of(machine_keys()) : parameters_of(group.keys)});
        }
        if (arguments.option && all.empty()) return runstate::refusal{"invalid option name: " + *arguments.option};
        return all;
    };
    return {"query-command-line-options", qmp_bridge::command_trait::allow_preconfig, list};
}

} // namespace vigil::sim
