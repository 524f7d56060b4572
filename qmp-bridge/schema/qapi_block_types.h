// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SCHEMA_QAPI_BLOCK_TYPES_H
#define VIGIL_QMP_BRIDGE_SCHEMA_QAPI_BLOCK_TYPES_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/schema/qapi_types.h>

/// What QMP says of block nodes, described (QAPI: block-core.json).
namespace vigil::qmp_bridge {

/// The drivers that there are (QAPI `BlockdevDriver`).
enum class block_driver : std::uint8_t { blkdebug, null_co };

/// The drivers whose nodes stand on no other.
enum class image_driver : std::uint8_t { null_co };

/// What writing zeroes is turned into (QAPI `BlockdevDetectZeroesOptions`, of which only this is reached).
enum class detect_zeroes : std::uint8_t { off };

} // namespace vigil::qmp_bridge

namespace vigil::runstate {

template <> struct wire_names<qmp_bridge::block_driver> {
    static constexpr std::array<std::string_view, 2> values{"blkdebug", "null-co"};
};

template <> struct wire_names<qmp_bridge::image_driver> {
    static constexpr std::array<std::string_view, 1> values{"null-co"};
};

template <> struct wire_names<qmp_bridge::detect_zeroes> {
    static constexpr std::array<std::string_view, 1> values{"off"};
};

} // namespace vigil::runstate

namespace vigil::qmp_bridge {

/// What a node that holds nothing may be given.
struct null_options {
    std::optional<std::int64_t> size; ///< bytes; 1 GiB where absent
    std::optional<std::int64_t> latency_ns;
    std::optional<bool> read_zeroes;
};

/// The image of a blkdebug node, written where it is used.
struct image_options {
    std::optional<std::string> node_name;
    std::optional<bool> read_only;
    std::variant<null_options> driver;
};

/// What a node that passes everything on to its image may be given.
struct blkdebug_options {
    image_options image;
    std::optional<std::string> config; ///< a file of rules
};

/// Arguments of blockdev-add.
struct blockdev_options {
    std::optional<std::string> node_name;
    std::optional<bool> read_only;
    std::variant<blkdebug_options, null_options> driver;
};

/// Arguments of blockdev-del.
struct blockdev_del_arguments {
    std::string node_name;
};

/// Arguments of query-named-block-nodes.
struct named_block_nodes_arguments {
    std::optional<bool> flat;
};

/// Arguments of query-blockstats.
struct blockstats_arguments {
    std::optional<bool> query_nodes;
};

/// What a node stands on.
struct backing_image_info {
    std::string filename;
    std::string format;
    std::int64_t virtual_size;
    std::optional<std::int64_t> actual_size;
};

/// What a node shows as its content.
struct image_info {
    std::string filename;
    std::string format;
    std::int64_t virtual_size;
    std::optional<std::int64_t> actual_size;
    std::optional<backing_image_info> backing_image;
};

/// How a node caches.
struct block_cache_info {
    bool writeback;
    bool direct;
    bool no_flush;
};

/// One row of query-named-block-nodes. No node is throttled, encrypted or limited in what is written to it.
struct block_device_info {
    std::string file;
    std::string node_name;
    bool ro;
    std::string_view drv;
    std::int64_t backing_file_depth;
    image_info image;
    block_cache_info cache{true, false, false};
};

/// One row of query-block: a device that guests use, of which there is none.
struct block_info {
    std::string device;
    std::string type;
    bool removable;
    bool locked;
};

/// What a node did in an interval of time; none is ever counted.
struct block_interval_stats {};

/// What has been read from a node and written to it: nothing, as no device of a guest's stands on any.
struct block_device_stats {};

/// The statistics of a node's image.
struct image_stats {
    std::string node_name;
    block_device_stats stats;
};

/// One row of query-blockstats.
struct block_stats {
    std::string node_name;
    block_device_stats stats;
    std::optional<image_stats> parent;
};

template <> struct described<block_driver> : enum_description {
    static constexpr std::string_view name = "BlockdevDriver";
};
template <> struct described<image_driver> : enum_description {
    static constexpr std::string_view name = "BlockdevDriver";
};
template <> struct described<detect_zeroes> : enum_description {
    static constexpr std::string_view name = "BlockdevDetectZeroesOptions";
};
template <> struct described<null_options> {
    static constexpr std::string_view name = "BlockdevOptionsNull";
    static constexpr std::tuple members{member{"size", &null_options::size},
                                        member{"latency-ns", &null_options::latency_ns},
                                        member{"read-zeroes", &null_options::read_zeroes}};
};
template <> struct described<image_options> {
    static constexpr std::string_view name = "BlockdevOptions";
    static constexpr std::string_view tag = "driver";
    using tag_type = image_driver;
    static constexpr std::tuple members{member{"node-name", &image_options::node_name},
                                        member{"read-only", &image_options::read_only}};
    static constexpr auto branches = &image_options::driver;
};
template <> struct described<blkdebug_options> {
    static constexpr std::string_view name = "BlockdevOptionsBlkdebug";
    static constexpr std::tuple members{member{"image", &blkdebug_options::image},
                                        member{"config", &blkdebug_options::config}};
};
template <> struct described<blockdev_options> {
    static constexpr std::string_view name = "BlockdevOptions";
    static constexpr std::string_view tag = "driver";
    using tag_type = block_driver;
    static constexpr std::tuple members{member{"node-name", &blockdev_options::node_name},
                                        member{"read-only", &blockdev_options::read_only}};
    static constexpr auto branches = &blockdev_options::driver;
};
template <> struct described<blockdev_del_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"node-name", &blockdev_del_arguments::node_name}};
};
template <> struct described<named_block_nodes_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"flat", &named_block_nodes_arguments::flat}};
};
template <> struct described<blockstats_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"query-nodes", &blockstats_arguments::query_nodes}};
};
template <> struct described<backing_image_info> {
    static constexpr std::string_view name = "ImageInfo";
    static constexpr std::tuple members{member{"filename", &backing_image_info::filename},
                                        member{"format", &backing_image_info::format},
                                        member{"actual-size", &backing_image_info::actual_size},
                                        member{"virtual-size", &backing_image_info::virtual_size}};
};
template <> struct described<image_info> {
    static constexpr std::string_view name = "ImageInfo";
    static constexpr std::tuple members{
        member{"filename", &image_info::filename}, member{"format", &image_info::format},
        member{"actual-size", &image_info::actual_size}, member{"virtual-size", &image_info::virtual_size},
        member{"backing-image", &image_info::backing_image}};
};
template <> struct described<block_cache_info> {
    static constexpr std::string_view name = "BlockdevCacheInfo";
    static constexpr std::tuple members{member{"writeback", &block_cache_info::writeback},
                                        member{"direct", &block_cache_info::direct},
                                        member{"no-flush", &block_cache_info::no_flush}};
};
template <> struct described<block_device_info> {
    static constexpr bool never(const block_device_info& /*node*/) { return false; }
    static constexpr std::int64_t unlimited(const block_device_info& /*node*/) { return 0; }
    static constexpr detect_zeroes no_detection(const block_device_info& /*node*/) { return detect_zeroes::off; }

    static constexpr std::string_view name = "BlockDeviceInfo";
    static constexpr std::tuple members{member{"file", &block_device_info::file},
                                        member{"node-name", &block_device_info::node_name},
                                        member{"ro", &block_device_info::ro},
                                        member{"drv", &block_device_info::drv},
                                        member{"backing_file_depth", &block_device_info::backing_file_depth},
                                        member{"encrypted", &never},
                                        member{"detect_zeroes", &no_detection},
                                        member{"bps", &unlimited},
                                        member{"bps_rd", &unlimited},
                                        member{"bps_wr", &unlimited},
                                        member{"iops", &unlimited},
                                        member{"iops_rd", &unlimited},
                                        member{"iops_wr", &unlimited},
                                        member{"image", &block_device_info::image},
                                        member{"cache", &block_device_info::cache},
                                        member{"write_threshold", &unlimited}};
};
template <> struct described<block_info> {
    static constexpr std::string_view name = "BlockInfo";
    static constexpr std::tuple members{member{"device", &block_info::device}, member{"type", &block_info::type},
                                        member{"removable", &block_info::removable},
                                        member{"locked", &block_info::locked}};
};
template <> struct described<block_interval_stats> {
    static constexpr std::int64_t none(const block_interval_stats& /*stats*/) { return 0; }
    static constexpr double no_depth(const block_interval_stats& /*stats*/) { return 0; }

    static constexpr std::string_view name = "BlockDeviceTimedStats";
    static constexpr std::tuple members{
        member{"interval_length", &none},        member{"min_rd_latency_ns", &none},
        member{"max_rd_latency_ns", &none},      member{"avg_rd_latency_ns", &none},
        member{"min_wr_latency_ns", &none},      member{"max_wr_latency_ns", &none},
        member{"avg_wr_latency_ns", &none},      member{"min_flush_latency_ns", &none},
        member{"max_flush_latency_ns", &none},   member{"avg_flush_latency_ns", &none},
        member{"avg_rd_queue_depth", &no_depth}, member{"avg_wr_queue_depth", &no_depth}};
};
template <> struct described<block_device_stats> {
    static constexpr std::int64_t none(const block_device_stats& /*stats*/) { return 0; }
    static constexpr bool never(const block_device_stats& /*stats*/) { return false; }
    static std::vector<block_interval_stats> no_intervals(const block_device_stats& /*stats*/) { return {}; }

    static constexpr std::string_view name = "BlockDeviceStats";
    static constexpr std::tuple members{member{"rd_bytes", &none},
                                        member{"wr_bytes", &none},
                                        member{"unmap_bytes", &none},
                                        member{"rd_operations", &none},
                                        member{"wr_operations", &none},
                                        member{"flush_operations", &none},
                                        member{"unmap_operations", &none},
                                        member{"rd_total_time_ns", &none},
                                        member{"wr_total_time_ns", &none},
                                        member{"flush_total_time_ns", &none},
                                        member{"unmap_total_time_ns", &none},
                                        member{"wr_highest_offset", &none},
                                        member{"rd_merged", &none},
                                        member{"wr_merged", &none},
                                        member{"unmap_merged", &none},
                                        member{"failed_rd_operations", &none},
                                        member{"failed_wr_operations", &none},
                                        member{"failed_flush_operations", &none},
                                        member{"failed_unmap_operations", &none},
                                        member{"invalid_rd_operations", &none},
                                        member{"invalid_wr_operations", &none},
                                        member{"invalid_flush_operations", &none},
                                        member{"invalid_unmap_operations", &none},
                                        member{"account_invalid", &never},
                                        member{"account_failed", &never},
                                        member{"timed_stats", &no_intervals}};
};
template <> struct described<image_stats> {
    static constexpr std::string_view name = "BlockStats";
    static constexpr std::tuple members{member{"node-name", &image_stats::node_name},
                                        member{"stats", &image_stats::stats}};
};
template <> struct described<block_stats> {
    static constexpr std::string_view name = "BlockStats";
    static constexpr std::tuple members{member{"node-name", &block_stats::node_name},
                                        member{"stats", &block_stats::stats}, member{"parent", &block_stats::parent}};
};

} // namespace vigil::qmp_bridge

#endif
