// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_COMMANDS_QMP_COMMANDS_H
#define VIGIL_QMP_BRIDGE_QMP_COMMANDS_QMP_COMMANDS_H

#include <optional>
#include <string>
#include <string_view>

#include <vigil/qmp-bridge/json/json.h>
#include <vigil/qmp-bridge/schema/qapi_types.h>

namespace vigil::qmp_bridge {

class qmp_monitor;
class qmp_session;

/// Who is asked, and by whom.
struct command_context {
    qmp_monitor& monitor;
    qmp_session& session;
};

/// What a command may do beyond being executed in its turn, on a machine that is complete (QEMU:
/// docs/devel/qapi-code-gen).
namespace command_trait {
constexpr unsigned in_negotiation = 1;  ///< exists before capabilities are negotiated
constexpr unsigned allow_oob = 2;       ///< may be executed out of band
constexpr unsigned allow_preconfig = 4; ///< may be executed before the machine is initialised
constexpr unsigned any_arguments = 8;   ///< its arguments are not checked, and it may have others than its type names
} // namespace command_trait

/// A command, as its handler describes it.
struct command {
    std::string_view name;
    const qapi_type* arguments;
    const qapi_type* returns;
    unsigned traits;  ///< of `command_trait`
    vocabulary first; ///< the vocabularies that have it, from this one
    vocabulary last;  ///< to this one

    constexpr bool has(unsigned trait) const noexcept { return (traits & trait) != 0; }
    constexpr bool spoken_in(vocabulary words) const noexcept { return first <= words && words <= last; }

    /// Executes `self` with arguments that `check_arguments` passed, or with any where the trait says so; appends the
    /// value to return to `returned`, on one line, or says why not. A command that asked the session to answer later
    /// does neither.
    std::optional<refusal> (*run)(const command& self, const command_context& context, const json::object& arguments,
                                  std::string& returned);
};

/// The commands that every monitor has (see `qmp_monitor::find_command` for all that one has).
rows<command> commands() noexcept;

/// The one of them spelt `name` (case matters), or null where the vocabulary has none.
const command* find_command(std::string_view name, vocabulary words = k_newest_vocabulary) noexcept;

/// The version that the vocabulary stands for, with the machine's `package`.
version_info version_of(const qmp_monitor& monitor);

} // namespace vigil::qmp_bridge

#endif
