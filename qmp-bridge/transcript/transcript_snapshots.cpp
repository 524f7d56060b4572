// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/transcript/transcript_snapshots.h>

#include <utility>

namespace vigil::qmp_bridge {

using runstate::file_place;
using runstate::refusal;
using runstate::result;
using runstate::snapshot;
using runstate::snapshot_checksum;
using runstate::snapshot_draft;
using runstate::stored_snapshot;

namespace {

// What has no checksum yet: a file that was created.
constexpr snapshot_checksum k_none = 0;

class recorded_draft final : public snapshot_draft {
public:
    recorded_draft(transcript& tale, std::unique_ptr<snapshot_draft> actual) : tale_(tale), actual_(std::move(actual))
    {
    }
    result<snapshot_checksum> commit(const snapshot& state) override
    {
        auto outcome = actual_->commit(state);
        tale_.snapshot(outcome);
        return outcome;
    }

private:
    transcript& tale_;
    std::unique_ptr<snapshot_draft> actual_;
};

} // namespace

result<std::unique_ptr<snapshot_draft>> recorded_snapshots::create(const file_place& place)
{
    auto created = actual_.create(place);
    if (!created) {
        tale_.snapshot(created.why());
        return created;
    }
    tale_.snapshot(k_none);
    return std::unique_ptr<snapshot_draft>(std::make_unique<recorded_draft>(tale_, *std::move(created)));
}

result<stored_snapshot> recorded_snapshots::read(const file_place& place, std::uint64_t most_bytes)
{
    auto stored = actual_.read(place, most_bytes);
    if (stored) {
        tale_.snapshot(stored->checksum);
    } else {
        tale_.snapshot(stored.why());
    }
    return stored;
}

class repeated_snapshots::draft final : public snapshot_draft {
public:
    explicit draft(repeated_snapshots& store) : store_(store) {}
    result<snapshot_checksum> commit(const snapshot& state) override { return store_.save(state); }

private:
    repeated_snapshots& store_;
};

std::optional<refusal> repeated_snapshots::recorded_failure()
{
    const auto recorded = tale_.recorded_snapshot();
    if (!recorded || *recorded) return std::nullopt;
    tale_.snapshot(*recorded);
    return recorded->why();
}

result<std::unique_ptr<snapshot_draft>> repeated_snapshots::create(const file_place& /*place*/)
{
    if (auto failure = recorded_failure()) return *std::move(failure);
    tale_.snapshot(k_none);
    return std::unique_ptr<snapshot_draft>(std::make_unique<draft>(*this));
}

result<snapshot_checksum> repeated_snapshots::save(const snapshot& state)
{
    if (auto failure = recorded_failure()) return *std::move(failure);
    const auto nowhere = [](const std::uint8_t*, std::size_t) { return std::nullopt; };
    auto encoded = runstate::encode_body(state, nowhere);
    if (!encoded) return std::move(encoded).why();
    const snapshot_checksum checksum = encoded->checksum;
    if (tale_.reads_snapshot_later(checksum)) kept_[checksum] = runstate::encode_snapshot(state);
    tale_.snapshot(checksum);
    return checksum;
}

result<stored_snapshot> repeated_snapshots::read(const file_place& place, std::uint64_t most_bytes)
{
    if (auto failure = recorded_failure()) return *std::move(failure);
    const auto recorded = tale_.recorded_snapshot();
    const snapshot_checksum wanted = recorded ? **recorded : k_none;
    found outcome = refusal{"'" + place.shown() + "' was not read here in the recorded run"};
    if (recorded) outcome = find(place.shown(), most_bytes, wanted);
    if (recorded && !outcome) {
        tale_.end_here(outcome.why().text);
    } else {
        tale_.snapshot(wanted);
    }
    return outcome;
}

repeated_snapshots::found repeated_snapshots::find(const std::string& path, std::uint64_t most_bytes,
                                                   snapshot_checksum wanted)
{
    if (const auto kept = kept_.find(wanted); kept != kept_.end()) {
        auto decoded = runstate::decode_snapshot(kept->second);
        if (!decoded) return refusal{"'" + path + "' " + decoded.why().text};
        return stored_snapshot{*std::move(decoded), wanted};
    }
    const std::string cannot = "the snapshot '" + path + "' was read here, which the transcript does not hold; ";
    if (!files_.directory()) return refusal{cannot + "put it into a folder and name that by -snapshot-dir"};
    runstate::snapshot_files host;
    std::string why;
    for (const std::string& name : {path, path.substr(path.rfind('/') + 1)}) {
        const auto place = files_.resolve(name);
        if (!place) {
            why = place.why().text;
            continue;
        }
        auto stored = host.read(*place, most_bytes);
        if (!stored) {
            why = stored.why().text;
        } else if (stored->checksum == wanted) {
            return stored;
        } else {
            why = "'" + name + "' in '" + *files_.directory() + "' is another one";
        }
    }
    return refusal{cannot + why};
}

} // namespace vigil::qmp_bridge
