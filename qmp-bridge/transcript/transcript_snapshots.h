// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_TRANSCRIPT_TRANSCRIPT_SNAPSHOTS_H
#define VIGIL_QMP_BRIDGE_TRANSCRIPT_TRANSCRIPT_SNAPSHOTS_H

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <vigil/qmp-bridge/transcript/transcript.h>
#include <vigil/runstate/files/file_access.h>
#include <vigil/runstate/snapshot/snapshot_store.h>

namespace vigil::qmp_bridge {

/// The snapshots of a run that is told in a transcript: those of `actual`, and what became of each.
class recorded_snapshots final : public runstate::snapshot_store {
public:
    recorded_snapshots(transcript& tale, runstate::snapshot_store& actual) : tale_(tale), actual_(actual) {}

    runstate::result<std::unique_ptr<runstate::snapshot_draft>> create(const runstate::file_place& place) override;
    runstate::result<runstate::stored_snapshot> read(const runstate::file_place& place,
                                                     std::uint64_t most_bytes) override;

private:
    transcript& tale_;
    runstate::snapshot_store& actual_;
};

/// The snapshots of a run that repeats a recorded one. None is written, and what the host made of one is what it made
/// of it then. A file that is read must have the checksum of the recorded one: it is what this run saved, or it lies
/// where `files` has a directory for it, under its path or its name alone. Where there is none, the repetition ends.
class repeated_snapshots final : public runstate::snapshot_store {
public:
    repeated_snapshots(transcript& tale, runstate::file_access files) : tale_(tale), files_(std::move(files)) {}

    runstate::result<std::unique_ptr<runstate::snapshot_draft>> create(const runstate::file_place& place) override;
    runstate::result<runstate::stored_snapshot> read(const runstate::file_place& place,
                                                     std::uint64_t most_bytes) override;

private:
    class draft;
    using found = runstate::result<runstate::stored_snapshot>;

    std::optional<runstate::refusal> recorded_failure(); ///< and tells it, where that is what comes next
    runstate::result<runstate::snapshot_checksum> save(const runstate::snapshot& state);
    found find(const std::string& path, std::uint64_t most_bytes, runstate::snapshot_checksum wanted);

    transcript& tale_;
    runstate::file_access files_;
    /// What was saved and will be read again.
    std::map<runstate::snapshot_checksum, std::vector<std::uint8_t>> kept_;
};

} // namespace vigil::qmp_bridge

#endif
