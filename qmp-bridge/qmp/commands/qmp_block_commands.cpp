// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/commands/detail/qmp_handlers.h>

#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>

#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp/qmp_session.h>

namespace vigil::qmp_bridge::handlers {

namespace {

// The most bytes of a configuration file.
constexpr std::size_t k_most_configuration = 64 * 1024;

result<empty_object> done_unless_error(std::optional<command_error> error)
{
    if (error) return std::move(*error);
    return empty_object{};
}

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
std::optional<command_error> refusal(const file_content& configuration)
{
    if (const auto* error = std::get_if<std::error_code>(&configuration)) {
        return generic_error("Could not read blkdebug config file: " + error->message());
    }
    if (!says_something(std::get<std::string>(configuration))) return std::nullopt;
    return generic_error("The blkdebug config file must be empty: rules are not supported, as nothing is ever read or "
                         "written");
}

} // namespace

void blockdev_add(const command_context& c, const blockdev_options& options, answer_later<empty_object> done)
{
    qmp_monitor& monitor = c.monitor;
    if (auto error = monitor.blocks().refusal(options)) {
        done(std::move(*error));
        return;
    }
    const auto* debug = std::get_if<blkdebug_options>(&options.driver);
    if (debug == nullptr || !debug->config) {
        done(done_unless_error(monitor.blocks().add(options)));
        return;
    }
    if (!monitor.settings().read_file) {
        done(not_supported());
        return;
    }
    const auto file = monitor.settings().locate(*debug->config);
    if (const auto* refused = std::get_if<runstate::refusal>(&file)) {
        done(generic_error(refused->text));
        return;
    }
    const auto go_on = [&monitor, options, done = std::move(done)](const file_content& configuration) {
        auto error = refusal(configuration);
        if (!error) error = monitor.blocks().add(options);
        done(done_unless_error(std::move(error)));
    };
    c.session.hold(monitor.settings().read_file(std::get<runstate::file_place>(file), k_most_configuration, go_on));
}

result<empty_object> blockdev_del(const command_context& c, const blockdev_del_arguments& arguments)
{
    return done_unless_error(c.monitor.blocks().remove(arguments.node_name));
}

result<std::vector<block_device_info>> query_named_block_nodes(const command_context& c,
                                                               const named_block_nodes_arguments& arguments)
{
    return c.monitor.blocks().list(arguments.flat.value_or(false));
}

result<std::vector<block_info>> query_block(const command_context& /*c*/) { return std::vector<block_info>{}; }

result<std::vector<block_stats>> query_blockstats(const command_context& c, const blockstats_arguments& arguments)
{
    if (!arguments.query_nodes.value_or(false)) return std::vector<block_stats>{}; // no guest has a device
    return c.monitor.blocks().statistics();
}

} // namespace vigil::qmp_bridge::handlers
