// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_COMMANDS_H
#define VIGIL_QMP_BRIDGE_QMP_COMMANDS_H

#include <optional>
#include <string>
#include <string_view>

#include <vigil/qmp-bridge/json.h>
#include <vigil/qmp-bridge/qapi_types.h>

namespace vigil::qmp_bridge {

class qmp_monitor;
class qmp_session;

/// Who is asked, and by whom.
struct command_context {
    qmp_monitor& monitor;
    qmp_session& session;
};

/// A command, as its handler describes it.
struct command {
    std::string_view name;
    const qapi_type* arguments;
    const qapi_type* returns;
    bool in_negotiation; ///< exists before capabilities are negotiated
    bool allow_oob;      ///< may be executed out of band
    vocabulary last;     ///< the last vocabulary that has it

    constexpr bool spoken_in(vocabulary words) const noexcept { return words <= last; }

    /// Executes it with arguments that `check_arguments` passed; appends the value to return to `returned`, on one
    /// line, or says why not.
    std::optional<command_error> (*run)(const command_context& context, const json::object& arguments,
                                        std::string& returned);
};

/// Every command.
rows<command> commands() noexcept;

/// The command spelt `name` (case matters), or null where the vocabulary has none.
const command* find_command(std::string_view name, vocabulary words = vocabulary::v7_2) noexcept;

/// The version that the vocabulary stands for, with the machine's `package`.
version_info version_of(const qmp_monitor& monitor);

} // namespace vigil::qmp_bridge

#endif
