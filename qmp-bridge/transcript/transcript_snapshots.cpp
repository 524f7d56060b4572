// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/transcript/transcript_snapshots.h>

#include <utility>

namespace vigil::qmp_bridge {

using runstate::file_place;
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
    std::variant<snapshot_checksum, std::string> commit(const snapshot& state) override
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

std::variant<std::unique_ptr<snapshot_draft>, std::string> recorded_snapshots::create(const file_place& place)
{
    auto created = actual_.create(place);
    if (auto* error = std::get_if<std::string>(&created)) {
        tale_.snapshot(*error);
        return created;
    }
    tale_.snapshot(k_none);
    return std::make_unique<recorded_draft>(tale_, std::move(std::get<0>(created)));
}

std::variant<stored_snapshot, std::string> recorded_snapshots::read(const file_place& place, std::uint64_t most_bytes)
{
    auto stored = actual_.read(place, most_bytes);
    if (const auto* error = std::get_if<std::string>(&stored)) {
        tale_.snapshot(*error);
    } else {
        tale_.snapshot(std::get<stored_snapshot>(stored).checksum);
    }
    return stored;
}

class repeated_snapshots::draft final : public snapshot_draft {
public:
    explicit draft(repeated_snapshots& store) : store_(store) {}
    std::variant<snapshot_checksum, std::string> commit(const snapshot& state) override { return store_.save(state); }

private:
    repeated_snapshots& store_;
};

std::optional<std::string> repeated_snapshots::recorded_failure()
{
    const auto recorded = tale_.recorded_snapshot();
    const auto* reason = recorded ? std::get_if<std::string>(&*recorded) : nullptr;
    if (reason == nullptr) return std::nullopt;
    std::string text = *reason;
    tale_.snapshot(text);
    return text;
}

std::variant<std::unique_ptr<snapshot_draft>, std::string> repeated_snapshots::create(const file_place& /*place*/)
{
    if (auto failure = recorded_failure()) return std::move(*failure);
    tale_.snapshot(k_none);
    return std::make_unique<draft>(*this);
}

std::variant<snapshot_checksum, std::string> repeated_snapshots::save(const snapshot& state)
{
    if (auto failure = recorded_failure()) return std::move(*failure);
    const auto nowhere = [](const std::uint8_t*, std::size_t) { return std::nullopt; };
    auto encoded = runstate::encode_body(state, nowhere);
    if (auto* fault = std::get_if<std::string>(&encoded)) return std::move(*fault);
    const snapshot_checksum checksum = std::get<runstate::snapshot_header>(encoded).checksum;
    if (tale_.reads_snapshot_later(checksum)) kept_[checksum] = runstate::encode_snapshot(state);
    tale_.snapshot(checksum);
    return checksum;
}

std::variant<stored_snapshot, std::string> repeated_snapshots::read(const file_place& place, std::uint64_t most_bytes)
{
    if (auto failure = recorded_failure()) return std::move(*failure);
    const auto recorded = tale_.recorded_snapshot();
    const snapshot_checksum wanted = recorded ? std::get<snapshot_checksum>(*recorded) : k_none;
    found result = "'" + place.shown() + "' was not read here in the recorded run";
    if (recorded) result = find(place.shown(), most_bytes, wanted);
    const auto* why = std::get_if<std::string>(&result);
    if (recorded && why != nullptr) {
        tale_.end_here(*why);
    } else {
        tale_.snapshot(wanted);
    }
    return result;
}

repeated_snapshots::found repeated_snapshots::find(const std::string& path, std::uint64_t most_bytes,
                                                   snapshot_checksum wanted)
{
    if (const auto kept = kept_.find(wanted); kept != kept_.end()) {
        auto decoded = runstate::decode_snapshot(kept->second);
        if (auto* fault = std::get_if<std::string>(&decoded)) return "'" + path + "' " + *fault;
        return stored_snapshot{std::move(std::get<snapshot>(decoded)), wanted};
    }
    const std::string cannot = "the snapshot '" + path + "' was read here, which the transcript does not hold; ";
    if (!files_.directory()) return cannot + "put it into a folder and name that by -snapshot-dir";
    runstate::snapshot_files host;
    std::string why;
    for (const std::string& name : {path, path.substr(path.rfind('/') + 1)}) {
        const auto place = files_.resolve(name);
        if (const auto* refused = std::get_if<runstate::refusal>(&place)) {
            why = refused->text;
            continue;
        }
        auto stored = host.read(std::get<file_place>(place), most_bytes);
        if (auto* fault = std::get_if<std::string>(&stored)) {
            why = std::move(*fault);
        } else if (std::get<stored_snapshot>(stored).checksum == wanted) {
            return stored;
        } else {
            why = "'" + name + "' in '" + *files_.directory() + "' is another one";
        }
    }
    return cannot + why;
}

} // namespace vigil::qmp_bridge
