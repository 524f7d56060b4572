// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/commands/block_nodes.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include <vigil/qmp-bridge/qmp/detail/qdict_order.h>

namespace vigil::qmp_bridge {

namespace {

constexpr std::int64_t k_default_size = 1024LL * 1024 * 1024;
constexpr std::int64_t k_sector = 512;
constexpr std::int64_t k_largest_size = std::numeric_limits<std::int64_t>::max() / k_sector * k_sector;
constexpr std::size_t k_longest_name = 31;
constexpr std::size_t k_most_nodes = 1024;
constexpr std::string_view k_null_driver = "null-co";
constexpr std::string_view k_blkdebug_driver = "blkdebug";
constexpr std::string_view k_null_filename = "null-co://";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_well_formed(const std::string& name)
{
    const auto may_follow = [](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    };
    return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), may_follow);
}

std::optional<command_error> check(const null_options& options)
{
    if (options.size.value_or(0) < 0) {
        return generic_error("Parameter 'size' expects a non-negative number below 2^64");
    }
    if (options.size.value_or(0) > k_largest_size) return generic_error("Parameter 'size' is too large");
    if (options.latency_ns.value_or(0) < 0) return generic_error("latency-ns is invalid");
    return std::nullopt;
}

std::int64_t virtual_size(const null_options& options)
{
    return (options.size.value_or(k_default_size) + (k_sector - 1)) / k_sector * k_sector;
}

// How a node is spelt whose options do not fit the driver's own way of writing a file name.
void print_options(std::string& out, const json::object& options)
{
    std::string_view separator = "{";
    for (const json::key_value_pair* one : in_qdict_order(options)) {
        out += std::exchange(separator, ", ");
        print_json_string(out, {one->key().data(), one->key().size()});
        out += ": ";
        if (const json::object* inner = one->value().if_object()) {
            print_options(out, *inner);
        } else {
            print_json(out, one->value());
        }
    }
    out += '}';
}

std::string spelt(const json::object& options)
{
    std::string text = "json:";
    print_options(text, options);
    return text;
}

json::object as_json(const null_options& options)
{
    json::object all;
    all.emplace("driver", json::string_view(k_null_driver.data(), k_null_driver.size()));
    if (options.size) all.emplace("size", *options.size);
    if (options.read_zeroes) all.emplace("read-zeroes", *options.read_zeroes);
    return all;
}

std::string filename_of(const null_options& options)
{
    const json::object all = as_json(options);
    return all.size() == 1 ? std::string(k_null_filename) : spelt(all);
}

std::string filename_of(const blkdebug_options& options)
{
    const auto& image = std::get<null_options>(options.image.driver);
    const std::string image_name = filename_of(image);
    if (image_name == k_null_filename) return "blkdebug:" + options.config.value_or("") + ":" + image_name;
    json::object all;
    all.emplace("driver", json::string_view(k_blkdebug_driver.data(), k_blkdebug_driver.size()));
    all.emplace("image", as_json(image));
    if (options.config) all.emplace("config", *options.config);
    return spelt(all);
}

} // namespace

std::optional<command_error> block_nodes::refusal(const blockdev_options& options) const
{
    if (!options.node_name) return generic_error("'node-name' must be specified for the root node");
    return refusal(*options.node_name);
}

std::optional<command_error> block_nodes::refusal(const std::string& name) const
{
    if (!is_well_formed(name)) return generic_error("Invalid node-name: '" + name + "'");
    if (find(name) != nullptr) return generic_error("Duplicate nodes with node-name='" + name + "'");
    if (name.size() > k_longest_name) return generic_error("Node name too long");
    if (nodes_.size() >= k_most_nodes) return generic_error("There are too many block nodes");
    return std::nullopt;
}

std::optional<command_error> block_nodes::add(const blockdev_options& options)
{
    if (auto error = refusal(options)) return error;
    const bool read_only = options.read_only.value_or(false);
    if (const auto* plain = std::get_if<null_options>(&options.driver)) {
        if (auto error = check(*plain)) return error;
        nodes_.push_back(
            {*options.node_name, true, k_null_driver, filename_of(*plain), virtual_size(*plain), read_only, {}});
        return std::nullopt;
    }
    const auto& debug = std::get<blkdebug_options>(options.driver);
    const auto& image = std::get<null_options>(debug.image.driver);
    if (debug.image.node_name) {
        if (auto error = refusal(*debug.image.node_name)) return error;
        if (debug.image.node_name == options.node_name) {
            return generic_error("Duplicate nodes with node-name='" + *options.node_name + "'");
        }
    }
    if (auto error = check(image)) return error;
    const std::string image_name = debug.image.node_name ? *debug.image.node_name : new_name();
    const std::int64_t size = virtual_size(image);
    nodes_.push_back({*options.node_name, true, k_blkdebug_driver, filename_of(debug), size, read_only, image_name});
    nodes_.push_back(
        {image_name, false, k_null_driver, filename_of(image), size, debug.image.read_only.value_or(read_only), {}});
    return std::nullopt;
}

std::optional<command_error> block_nodes::remove(const std::string& name)
{
    const node* found = find(name);
    if (found == nullptr) return generic_error("Failed to find node with node-name='" + name + "'");
    if (!found->added_by_client) return generic_error("Node " + name + " is not owned by the monitor");
    const std::string image = found->image;
    const auto goes = [&](const node& one) { return one.name == name || (!image.empty() && one.name == image); };
    nodes_.erase(std::remove_if(nodes_.begin(), nodes_.end(), goes), nodes_.end());
    return std::nullopt;
}

std::vector<block_device_info> block_nodes::list(bool flat) const
{
    std::vector<block_device_info> all;
    for (auto one = nodes_.rbegin(); one != nodes_.rend(); ++one) {
        block_device_info info{one->filename, one->name, one->read_only, one->driver, 0, {}};
        info.image = {one->filename, std::string(one->driver), one->size, std::nullopt, std::nullopt};
        const node* image = one->image.empty() ? nullptr : find(one->image);
        if (image == nullptr) {
            info.image.actual_size = 0;
        } else if (!flat) {
            info.backing_file_depth = 1;
            info.image.backing_image = backing_image_info{image->filename, std::string(image->driver), image->size, 0};
        }
        all.push_back(std::move(info));
    }
    return all;
}

std::vector<block_stats> block_nodes::statistics() const
{
    std::vector<block_stats> all;
    for (const node& one : nodes_) {
        all.push_back({one.name, {}, std::nullopt});
        if (!one.image.empty()) all.back().parent = image_stats{one.image, {}};
    }
    return all;
}

const block_nodes::node* block_nodes::find(std::string_view name) const
{
    const auto is_it = [&](const node& one) { return one.name == name; };
    const auto found = std::find_if(nodes_.begin(), nodes_.end(), is_it);
    return found == nodes_.end() ? nullptr : &*found;
}

// A name that no client can give.
std::string block_nodes::new_name() { return "#block" + std::to_string(next_number_++); }

} // namespace vigil::qmp_bridge
