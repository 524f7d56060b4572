// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/report/merge.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include <vigil/sim/report/outcome_json.h>

namespace vigil::sim {

using runstate::refusal;
using runstate::result;

namespace {

result<std::vector<loaded_report>> load_all(const std::vector<std::string>& from)
{
    if (from.empty()) return refusal{"There are no reports to join"};
    std::vector<loaded_report> all;
    for (const auto& path : from) {
        auto loaded = load_outcomes(path);
        if (!loaded) return loaded.why();
        all.push_back(*std::move(loaded));
    }
    // Those without a summary, of which nobody knows what shard they are, come last.
    std::stable_sort(all.begin(), all.end(), [](const loaded_report& a, const loaded_report& b) {
        return a.summary && (!b.summary || a.summary->shard < b.summary->shard);
    });
    return all;
}

std::optional<refusal> check_names(const std::vector<loaded_report>& shards)
{
    std::map<std::string_view, const std::string*> owners;
    for (const auto& shard : shards) {
        for (const auto& outcome : shard.outcomes) {
            const auto [other, fresh] = owners.emplace(outcome.name, &shard.path);
            if (fresh) continue;
            return refusal{"The scenario '" + outcome.name + "' is in '" + *other->second + "' and in '" + shard.path +
                           "'"};
        }
    }
    return std::nullopt;
}

std::string shard_text(unsigned shard, unsigned shards)
{
    return "shard " + std::to_string(shard) + " of " + std::to_string(shards);
}

std::optional<refusal> check_division(const std::vector<loaded_report>& shards)
{
    const loaded_report* before = nullptr;
    for (const auto& shard : shards) {
        if (!shard.summary) continue;
        const loaded_report* const other = std::exchange(before, &shard);
        if (other == nullptr) continue;
        const std::string both = "'" + other->path + "' and '" + shard.path + "' are ";
        const run_summary& a = *other->summary;
        const run_summary& b = *shard.summary;
        if (a.shards != b.shards) {
            return refusal{both + shard_text(a.shard, a.shards) + " and " + shard_text(b.shard, b.shards)};
        }
        if (a.shard == b.shard) return refusal{both + "both " + shard_text(a.shard, a.shards)};
    }
    return std::nullopt;
}

std::vector<std::string> missing_of(const std::vector<loaded_report>& shards)
{
    std::vector<std::string> missing;
    unsigned of = 0;
    std::vector<unsigned> there;
    for (const auto& shard : shards) {
        if (shard.summary) {
            of = shard.summary->shards;
            there.push_back(shard.summary->shard);
        } else {
            missing.push_back("'" + shard.path + "' is cut off: it has no summary, and scenarios may be missing");
        }
    }
    constexpr std::size_t k_most = 100; // of lines that a person would read
    for (unsigned number = 1; number <= of && missing.size() < k_most; ++number) {
        if (std::find(there.begin(), there.end(), number) != there.end()) continue;
        missing.push_back(shard_text(number, of) + " is missing");
    }
    return missing;
}

run_summary summary_of(const std::vector<loaded_report>& shards, const std::vector<std::string>& missing)
{
    run_summary whole;
    bool first = true;
    for (const auto& shard : shards) {
        if (!shard.summary) continue;
        const run_summary& part = *shard.summary;
        if (std::exchange(first, false)) {
            whole.title = part.title;
            whole.began = part.began;
            whole.seed = part.seed;
        }
        whole.began = std::min(whole.began, part.began);
        whole.wall_time = std::max(whole.wall_time, part.wall_time);
        for (const auto& remark : part.remarks) {
            whole.remarks.push_back(shard_text(part.shard, part.shards) + ": " + remark);
        }
    }
    whole.remarks.insert(whole.remarks.end(), missing.begin(), missing.end());
    return whole;
}

} // namespace

result<merged_reports> merge_reports(const std::vector<std::string>& from, const report_paths& to)
{
    const auto shards = load_all(from);
    if (!shards) return shards.why();
    // The same report twice is told of as that, not by the first of its scenarios.
    if (auto why = check_division(*shards)) return *std::move(why);
    if (auto why = check_names(*shards)) return *std::move(why);
    merged_reports merged;
    merged.missing = missing_of(*shards);
    reports joined(to);
    for (const auto& shard : *shards) {
        for (const auto& outcome : shard.outcomes) joined.add(outcome);
    }
    merged.refusals = joined.finish(summary_of(*shards, merged.missing));
    merged.counts = joined.counts();
    return merged;
}

} // namespace vigil::sim
