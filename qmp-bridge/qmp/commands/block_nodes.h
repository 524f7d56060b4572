// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_COMMANDS_BLOCK_NODES_H
#define VIGIL_QMP_BRIDGE_QMP_COMMANDS_BLOCK_NODES_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vigil/qmp-bridge/schema/qapi_block_types.h>

namespace vigil::qmp_bridge {

/// The block nodes that clients have added. No guest's device stands on them: they have names and sizes, and nothing is
/// ever read or written.
class block_nodes {
public:
    /// Why a node cannot be added under the name that it asks for; nothing where it can.
    std::optional<command_error> refusal(const blockdev_options& options) const;

    /// Adds a node, and its image where it has one, or says why not.
    std::optional<command_error> add(const blockdev_options& options);

    /// Removes a node that a client added, and its image, or says why not.
    std::optional<command_error> remove(const std::string& name);

    /// What there is, the newest first; each with what it stands on, unless `flat`.
    std::vector<block_device_info> list(bool flat) const;

    /// What has been done with each, the oldest first.
    std::vector<block_stats> statistics() const;

private:
    struct node {
        std::string name;
        bool added_by_client; ///< rather than with another node
        std::string_view driver;
        std::string filename;
        std::int64_t size;
        bool read_only;
        std::string image; ///< the name of the node that it stands on; empty: none
    };

    const node* find(std::string_view name) const;
    std::optional<command_error> refusal(const std::string& name) const;
    std::string new_name();

    std::vector<node> nodes_;
    unsigned next_number_ = 0;
};

} // namespace vigil::qmp_bridge

#endif
