// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/block/block_commands.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp/qmp_session.h>
#include <vigil/sim/block/block_types.h>

namespace vigil::sim {

namespace {

using qmp_bridge::answer_later;
using qmp_bridge::command_context;
using qmp_bridge::done_unless;
using qmp_bridge::empty_object;
using qmp_bridge::own_command;
using runstate::refusal;
using runstate::result;

constexpr std::int64_t k_size = 1024LL * 1024 * 1024; // of every node
constexpr std::size_t k_longest_name = 31;
constexpr std::size_t k_most_nodes = 1024;
constexpr std::size_t k_most_configuration = 64 * 1024; // bytes
constexpr std::string_view k_null_driver = "null-co";
constexpr std::string_view k_null_filename = "null-co://";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_well_formed(const std::string& name)
{
    const auto may_follow = [](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    };
    return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), may_follow);
}

// The nodes that clients have added.
class block_nodes {
public:
    // Why a node cannot be added under the name that it asks for; nothing where it can.
    std::optional<refusal> check_name(const std::optional<std::string>& name) const
    {
        if (!name) return refusal{"'node-name' must be specified for the root node"};
        if (!is_well_formed(*name)) return refusal{"Invalid node-name: '" + *name + "'"};
        if (find(*name) != nodes_.end()) return refusal{"Duplicate nodes with node-name='" + *name + "'"};
        if (name->size() > k_longest_name) return refusal{"Node name too long"};
        if (nodes_.size() >= k_most_nodes) return refusal{"There are too many block nodes"};
        return std::nullopt;
    }

    // Adds a node, and its image where it has one, or says why not.
    std::optional<refusal> add(const blockdev_options& options)
    {
        if (auto refused = check_name(options.node_name)) return refused;
        const auto* debug = std::get_if<blkdebug_options>(&options.driver);
        if (debug == nullptr) {
            nodes_.push_back({*options.node_name, k_null_driver, std::string(k_null_filename), true, {}});
            return std::nullopt;
        }
        const std::string image = "#block" + std::to_string(next_number_++); // which no client can give
        const std::string filename = "blkdebug:" + debug->config.value_or("") + ":" + std::string(k_null_filename);
        nodes_.push_back({*options.node_name, "blkdebug", filename, true, image});
        nodes_.push_back({image, k_null_driver, std::string(k_null_filename), false, {}});
        return std::nullopt;
    }

    // Removes a node that a client added, and its image, or says why not.
    std::optional<refusal> remove(const std::string& name)
    {
        const auto found = find(name);
        if (found == nodes_.end()) return refusal{"Failed to find node with node-name='" + name + "'"};
        if (!found->by_client) return refusal{"Node " + name + " is not owned by the monitor"};
        nodes_.erase(found, found + (found->image.empty() ? 1 : 2)); // an image comes after its node
        return std::nullopt;
    }

    // What there is, the newest first; each with what it stands on, unless `flat`.
    std::vector<block_device_info> list(bool flat) const
    {
        std::vector<block_device_info> all;
        for (auto one = nodes_.rbegin(); one != nodes_.rend(); ++one) {
            block_device_info info{one->filename, one->name, one->driver, 0, {}, {}};
            info.image = {one->filename, one->driver, k_size, std::nullopt};
            if (!one->image.empty() && !flat) {
                info.backing_file_depth = 1;
                info.image.backing_image = backing_image_info{std::string(k_null_filename), k_null_driver, k_size};
            }
            all.push_back(std::move(info));
        }
        return all;
    }

private:
    struct node {
        std::string name;
        std::string_view driver;
        std::string filename;
        bool by_client;    // rather than with another node
        std::string image; // the name of the node that it stands on; empty: none
    };

    std::vector<node>::const_iterator find(const std::string& name) const
    {
        return std::find_if(nodes_.begin(), nodes_.end(), [&](const node& one) { return one.name == name; });
    }

    std::vector<node> nodes_;
    unsigned next_number_ = 0;
};

// Whether a configuration says anything, beside comments.
bool says_something(std::string_view text)
{
    while (!text.empty()) {
        if (text.front() != '#' && text.front() != '\n') return true;
        const std::size_t end = text.find('\n');
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return false;
}

// Why a node cannot have the configuration that was read; nothing where it can.
std::optional<refusal> check_configuration(const qmp_bridge::file_content& configuration)
{
    if (const auto* error = std::get_if<std::error_code>(&configuration)) {
        return refusal{"Could not read blkdebug config file: " + error->message()};
    }
    if (!says_something(std::get<std::string>(configuration))) return std::nullopt;
    return refusal{"The blkdebug config file must be empty: rules are not supported, as nothing is ever read or "
                   "written"};
}

// blockdev-add, once the configuration that it names has been read.
void add_node(const command_context& c, const blockdev_options& options, const answer_later<empty_object>& done,
              const std::shared_ptr<block_nodes>& nodes, const host_file_reader& read_file)
{
    if (auto refused = nodes->check_name(options.node_name)) return done(*std::move(refused));
    const auto* debug = std::get_if<blkdebug_options>(&options.driver);
    if (debug == nullptr || !debug->config) return done(done_unless(nodes->add(options)));
    const auto file = c.monitor.settings().locate(*debug->config);
    if (!file) return done(file.why());
    const auto go_on = [nodes, options, done](const qmp_bridge::file_content& configuration) {
        auto refused = check_configuration(configuration);
        if (!refused) refused = nodes->add(options);
        done(done_unless(std::move(refused)));
    };
    c.session.hold(read_file(*file, k_most_configuration, go_on));
}

} // namespace

std::vector<own_command> block_commands(host_file_reader read_file)
{
    const auto nodes = std::make_shared<block_nodes>();
    const auto add = [nodes, read_file = std::move(read_file)](
                         const command_context& c, const blockdev_options& options, answer_later<empty_object> done) {
        add_node(c, options, done, nodes, read_file);
    };
    const auto remove = [nodes](const command_context& /*c*/, const blockdev_del_arguments& arguments) {
        return done_unless(nodes->remove(arguments.node_name));
    };
    const auto list = [nodes](const command_context& /*c*/, const named_block_nodes_arguments& arguments) {
        return result<std::vector<block_device_info>>(nodes->list(arguments.flat.value_or(false)));
    };
    const auto devices = [](const command_context& /*c*/, const query_block_arguments& /*arguments*/) {
        return result<std::vector<block_info>>(std::vector<block_info>{});
    };
    using namespace qmp_bridge::command_trait;
    return {own_command("blockdev-add", allow_preconfig, add), own_command("blockdev-del", allow_preconfig, remove),
            own_command("query-named-block-nodes", allow_preconfig, list),
            own_command("query-block", allow_preconfig, devices)};
}

} // namespace vigil::sim
