// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_HOST_SANDBOX_H
#define VIGIL_SIM_HOST_SANDBOX_H

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace vigil::sim {

/// What -sandbox on leaves allowed besides serving (the keys are QEMU's): nothing, unless asked for.
struct sandbox_rules {
    /// How system calls that change the user or the group are answered.
    enum class privileges : std::uint8_t {
        deny,
        children, ///< refused to this process; as a filter is inherited, the same as `deny` for what it starts
        allow,    ///< capabilities are kept, too
    };

    bool obsolete = false; ///< obsolete=allow: system calls that nothing uses any more
    privileges elevateprivileges = privileges::deny;
    bool spawn = false;           ///< spawn=allow: new processes and programs
    bool resourcecontrol = false; ///< resourcecontrol=allow: priorities, affinity and limits
};

/// Gives up for good what serving open sockets, the clock and snapshots does not need: new privileges, capabilities
/// other than those over files, and, by a filter, every system call outside a list. What is refused fails with EPERM;
/// nothing is killed for it. Returns why it could not be done, after which part of it may hold.
///
/// `prepare` is called once privileges are given up and before system calls are filtered: threads that it starts are
/// confined as the caller is. What other threads there are would keep their capabilities.
///
/// Once inside, sockets can connect but not listen, and no memory can be made executable, so nothing is loaded.
std::optional<std::string> enter_sandbox(const sandbox_rules& rules, const std::function<void()>& prepare = {});

} // namespace vigil::sim

#endif
