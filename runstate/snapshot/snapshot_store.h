// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_SNAPSHOT_SNAPSHOT_STORE_H
#define VIGIL_RUNSTATE_SNAPSHOT_SNAPSHOT_STORE_H

#include <cstdint>
#include <memory>

#include <vigil/runstate/files/file_place.h>
#include <vigil/runstate/result.h>
#include <vigil/runstate/snapshot/snapshot.h>

namespace vigil::runstate {

/// A snapshot's file in the making; nothing is left of it unless it was committed.
class snapshot_draft {
public:
    virtual ~snapshot_draft() = default;
    /// Writes the state and gives the file its name; or returns what failed, with an older file as it was. To be
    /// called once.
    virtual result<snapshot_checksum> commit(const snapshot& state) = 0;
};

/// Where snapshots are kept. A refusal has the file's name in it.
class snapshot_store {
public:
    virtual ~snapshot_store() = default;

    /// A file to be written.
    virtual result<std::unique_ptr<snapshot_draft>> create(const file_place& place) = 0;
    /// Reads a file; of one whose state has more than `most_bytes`, nothing but the header.
    virtual result<stored_snapshot> read(const file_place& place, std::uint64_t most_bytes) = 0;
};

/// The host's files. Only regular ones are read and replaced; an older one stays as it was until the new one is
/// complete.
class snapshot_files final : public snapshot_store {
public:
    result<std::unique_ptr<snapshot_draft>> create(const file_place& place) override;
    result<stored_snapshot> read(const file_place& place, std::uint64_t most_bytes) override;
};

} // namespace vigil::runstate

#endif
