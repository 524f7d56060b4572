// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_SNAPSHOT_SNAPSHOT_H
#define VIGIL_RUNSTATE_SNAPSHOT_SNAPSHOT_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <vigil/runstate/result.h>
#include <vigil/runstate/snapshot/saved_state.h>

/// A machine's saved state as a file. All numbers are little-endian:
///
///     header   8 bytes   89 56 49 47 49 4C 0D 0A
///              u32       format version, 1
///              u32       CRC-32 (IEEE 802.3) of the body
///              u64       length of the body in bytes
///     body     u32       number of sections; each section:
///                text    its name, as `snapshottable::section` says
///                u32     which of the sections of that name: 0, 1 …
///                u32     number of fields; each field:
///                  text  its name
///                  u8    0: a number, u64;  1: bytes, u64 length and as many bytes
///     text     u16 length and as many bytes of UTF-8
///
/// The order of sections is the machine's. A change of what a section's fields mean raises the version.
namespace vigil::runstate {

inline constexpr std::uint32_t k_snapshot_version = 1;
inline constexpr std::size_t k_snapshot_header_bytes = 24;

/// The state of one component.
struct snapshot_section {
    std::string name;
    std::uint32_t instance = 0; ///< counts the sections of the same name
    saved_state fields;
};

/// A machine's saved state.
using snapshot = std::vector<snapshot_section>;

/// What a file is known by: the CRC-32 in its header.
using snapshot_checksum = std::uint32_t;

/// What goes before a body.
struct snapshot_header {
    std::vector<std::uint8_t> bytes;
    snapshot_checksum checksum;
};

/// Takes a body a piece at a time, or returns why that is not possible.
using byte_sink = std::function<std::optional<refusal>(const std::uint8_t* bytes, std::size_t count)>;

/// Hands the body on, and returns the header that goes before it; or the first thing that was not possible.
result<snapshot_header> encode_body(const snapshot& state, const byte_sink& to);

/// A whole file's bytes, with a copy of everything. The sources in `state` must not fail, as a machine's own do not.
std::vector<std::uint8_t> encode_snapshot(const snapshot& state);

/// What of a file is read into memory.
struct reading_limits {
    std::uint64_t body;   ///< bytes of a body; of a longer one nothing is read
    std::uint64_t field;  ///< bytes of a field; those of a longer one stay where they are
    std::uint64_t memory; ///< bytes that all the others together may take
};

/// A file as it was read.
struct stored_snapshot {
    snapshot state; ///< its long fields stay in the file
    snapshot_checksum checksum;
};

/// Reads a file, or returns what is wrong: empty, foreign, newer, truncated, too large or corrupted, in words that
/// continue the name of the file.
result<stored_snapshot> decode_snapshot(const std::shared_ptr<const byte_source>& file, const reading_limits& limits);

/// As above, of bytes in memory, without limits.
result<snapshot> decode_snapshot(const std::vector<std::uint8_t>& bytes);

} // namespace vigil::runstate

#endif
