// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_BLOCK_BLOCK_TYPES_H
#define VIGIL_SIM_BLOCK_BLOCK_TYPES_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/schema/qapi_types.h>

/// What QMP says of block nodes that hold nothing, described (QAPI: block-core.json).
namespace vigil::sim {

/// The drivers that there are (QAPI `BlockdevDriver`).
enum class block_driver : std::uint8_t { blkdebug, null_co };

/// The drivers whose nodes stand on no other.
enum class image_driver : std::uint8_t { null_co };

/// What writing zeroes is turned into (QAPI `BlockdevDetectZeroesOptions`, of which only this is reached).
enum class detect_zeroes : std::uint8_t { off };

/// What a node that holds nothing may be given.
struct null_options {
    std::optional<bool> read_zeroes; ///< nothing is ever read, so that either holds
};

/// The image of a blkdebug node, written where it is used.
struct image_options {
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

/// Arguments of query-block.
struct query_block_arguments {
    std::optional<bool> flat;
};

/// What a node stands on.
struct backing_image_info {
    std::string filename;
    std::string_view format;
    std::int64_t virtual_size;
};

/// What a node shows as its content.
struct image_info {
    std::string filename;
    std::string_view format;
    std::int64_t virtual_size;
    std::optional<backing_image_info> backing_image;
};

/// How a node caches.
struct block_cache_info {};

/// One row of query-named-block-nodes. No node is throttled, encrypted or limited in what is written to it.
struct block_device_info {
    std::string file;
    std::string node_name;
    std::string_view drv;
    std::int64_t backing_file_depth;
    image_info image;
    block_cache_info cache;
};

/// One row of query-block: a device that guests use, of which there is none.
struct block_info {
    std::string device;
    std::string type;
    bool removable;
    bool locked;
};

/// What is the same of every node, as a member.
template <class Type, auto Value> constexpr auto always(const Type& /*node*/) { return Value; }

} // namespace vigil::sim

namespace vigil::runstate {

template <> struct wire_names<sim::block_driver> {
    static constexpr std::array<std::string_view, 2> values{"blkdebug", "null-co"};
};
template <> struct wire_names<sim::image_driver> {
    static constexpr std::array<std::string_view, 1> values{"null-co"};
};
template <> struct wire_names<sim::detect_zeroes> {
    static constexpr std::array<std::string_view, 1> values{"off"};
};

} // namespace vigil::runstate

namespace vigil::qmp_bridge {

template <> struct described<sim::block_driver> : enum_description {
    static constexpr std::string_view name = "BlockdevDriver";
};
template <> struct described<sim::image_driver> : enum_description {
    static constexpr std::string_view name = "BlockdevDriver";
};
template <> struct described<sim::detect_zeroes> : enum_description {
    static constexpr std::string_view name = "BlockdevDetectZeroesOptions";
};
template <> struct described<sim::null_options> {
    static constexpr std::string_view name = "BlockdevOptionsNull";
    static constexpr std::tuple members{member{"read-zeroes", &sim::null_options::read_zeroes}};
};
template <> struct described<sim::image_options> {
    static constexpr std::string_view name = "BlockdevOptions";
    static constexpr std::string_view tag = "driver";
    using tag_type = sim::image_driver;
    static constexpr std::tuple<> members{};
    static constexpr auto branches = &sim::image_options::driver;
};
template <> struct described<sim::blkdebug_options> {
    static constexpr std::string_view name = "BlockdevOptionsBlkdebug";
    static constexpr std::tuple members{member{"image", &sim::blkdebug_options::image},
                                        member{"config", &sim::blkdebug_options::config}};
};
template <> struct described<sim::blockdev_options> {
    static constexpr std::string_view name = "BlockdevOptions";
    static constexpr std::string_view tag = "driver";
    using tag_type = sim::block_driver;
    static constexpr std::tuple members{member{"node-name", &sim::blockdev_options::node_name}};
    static constexpr auto branches = &sim::blockdev_options::driver;
};
template <> struct described<sim::blockdev_del_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"node-name", &sim::blockdev_del_arguments::node_name}};
};
template <> struct described<sim::query_block_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"flat", &sim::query_block_arguments::flat, vocabulary::v11_1}};
};
template <> struct described<sim::named_block_nodes_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"flat", &sim::named_block_nodes_arguments::flat}};
};
template <> struct described<sim::backing_image_info> {
    using info = sim::backing_image_info;
    static constexpr std::string_view name = "ImageInfo";
    static constexpr std::tuple members{member{"filename", &info::filename}, member{"format", &info::format},
                                        member{"actual-size", &sim::always<info, std::int64_t{0}>},
                                        member{"virtual-size", &info::virtual_size}};
};
template <> struct described<sim::image_info> {
    using info = sim::image_info;
    // The bytes that a node takes on the host; QEMU's blkdebug does not know.
    static std::optional<std::int64_t> actual_size(const info& one)
    {
        return one.format == "null-co" ? std::optional<std::int64_t>(0) : std::nullopt;
    }

    static constexpr std::string_view name = "ImageInfo";
    static constexpr std::tuple members{
        member{"filename", &info::filename}, member{"format", &info::format}, member{"actual-size", &actual_size},
        member{"virtual-size", &info::virtual_size}, member{"backing-image", &info::backing_image}};
};
template <> struct described<sim::block_cache_info> {
    using info = sim::block_cache_info;
    static constexpr std::string_view name = "BlockdevCacheInfo";
    static constexpr std::tuple members{member{"writeback", &sim::always<info, true>},
                                        member{"direct", &sim::always<info, false>},
                                        member{"no-flush", &sim::always<info, false>}};
};
template <> struct described<sim::block_device_info> {
    using info = sim::block_device_info;
    static constexpr auto unlimited = &sim::always<info, std::int64_t{0}>;

    static constexpr std::string_view name = "BlockDeviceInfo";
    static constexpr std::tuple members{member{"file", &info::file},
                                        member{"node-name", &info::node_name},
                                        member{"ro", &sim::always<info, false>},
                                        member{"drv", &info::drv},
                                        member{"backing_file_depth", &info::backing_file_depth},
                                        member{"encrypted", &sim::always<info, false>},
                                        member{"detect_zeroes", &sim::always<info, sim::detect_zeroes::off>},
                                        member{"bps", unlimited},
                                        member{"bps_rd", unlimited},
                                        member{"bps_wr", unlimited},
                                        member{"iops", unlimited},
                                        member{"iops_rd", unlimited},
                                        member{"iops_wr", unlimited},
                                        member{"image", &info::image},
                                        member{"cache", &info::cache},
                                        member{"write_threshold", unlimited}};
};
template <> struct described<sim::block_info> {
    using info = sim::block_info;
    static constexpr std::string_view name = "BlockInfo";
    static constexpr std::tuple members{member{"device", &info::device}, member{"type", &info::type},
                                        member{"removable", &info::removable}, member{"locked", &info::locked}};
};

} // namespace vigil::qmp_bridge

#endif
