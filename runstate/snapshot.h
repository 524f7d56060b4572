// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_SNAPSHOT_H
#define VIGIL_RUNSTATE_SNAPSHOT_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <vigil/runstate/saved_state.h>

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

/// The state of one component.
struct snapshot_section {
    std::string name;
    std::uint32_t instance = 0; ///< counts the sections of the same name
    saved_state fields;
};

/// A machine's saved state.
using snapshot = std::vector<snapshot_section>;

/// The file's bytes.
std::vector<std::uint8_t> encode_snapshot(const snapshot& state);

/// Reads them back, or returns what is wrong: empty, foreign, newer, truncated or corrupted, in words that continue
/// the name of the file.
std::variant<snapshot, std::string> decode_snapshot(const std::vector<std::uint8_t>& bytes);

/// Reads a file, or returns what is wrong, with its name. Only regular files are read.
std::variant<snapshot, std::string> read_snapshot(const std::string& path);

/// Writes a file beside the one it is to become, so that whatever fails leaves an older file as it was.
class snapshot_writer {
public:
    explicit snapshot_writer(const std::string& path); ///< creates the file beside `path`; see `error`
    ~snapshot_writer();                                ///< removes it again unless it was committed
    snapshot_writer(const snapshot_writer&) = delete;
    snapshot_writer& operator=(const snapshot_writer&) = delete;

    /// Why the file cannot be created, with its name.
    const std::optional<std::string>& error() const noexcept { return error_; }

    /// Writes the snapshot and gives the file its name; or returns what failed, with the older file as it was.
    std::optional<std::string> commit(const snapshot& state);

private:
    std::optional<std::string> failed(const char* what, int number) const;

    std::string path_;
    std::string beside_;
    int fd_ = -1;
    std::optional<std::string> error_;
};

} // namespace vigil::runstate

#endif
