// SPDX-License-Identifier: Apache-2.0
// What vigil-run is to a scheduler: stand_in_runner --shard K/N --jsonl FILE COUNT [NODE FOLDER] reports every Nth of
// COUNT scenarios, the 5000th of which fails; on NODE it never comes to that, so that the node can be lost meanwhile.
// FOLDER gets a file for the shard, with a line for each try: the node and the process. stand_in_runner --merge FILE...
// [--junit FILE] [--html FILE] joins.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

#include <vigil/sim/report/merge.h>

using namespace vigil::sim;

namespace {

int tell(const std::vector<vigil::runstate::refusal>& refusals)
{
    for (const auto& why : refusals) std::fprintf(stderr, "%s\n", why.text.c_str());
    return refusals.empty() ? 0 : 1;
}

int merge(const std::vector<std::string>& words)
{
    report_paths to;
    std::vector<std::string> from;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--junit") {
            to.junit = words.at(++i);
        } else if (words[i] == "--html") {
            to.html = words.at(++i);
        } else {
            from.push_back(words[i]);
        }
    }
    const auto merged = merge_reports(from, to);
    if (!merged) {
        tell({merged.why()});
        return 2;
    }
    std::printf("%zu scenarios, %zu bad\n", merged->counts.all(), merged->counts.bad());
    return tell(merged->refusals) != 0 || merged->counts.bad() != 0 || !merged->missing.empty() ? 1 : 0;
}

int run_shard(const std::vector<std::string>& words)
{
    run_summary summary;
    if (std::sscanf(words.at(0).c_str(), "%u/%u", &summary.shard, &summary.shards) != 2) return 2;
    report_paths to;
    to.jsonl = words.at(2);
    const unsigned long count = std::stoul(words.at(3));
    if (count == 0) {
        std::fputs("there is nothing to run\n", stderr);
        return 2;
    }
    const std::string shard = std::to_string(summary.shard);
    if (words.size() > 5) {
        const std::string node = ::getenv("SLURMD_NODENAME");
        std::ofstream(words[5] + "/begun-" + shard, std::ios::app) << node + " " + std::to_string(::getpid()) + "\n";
        while (node == words[4]) ::pause();
    }
    reports all(to);
    for (unsigned long i = summary.shard; i <= count; i += summary.shards) {
        scenario_outcome outcome;
        outcome.name = "scenario " + std::to_string(i);
        outcome.end = i == 5000 ? verdict::failed : verdict::passed;
        all.add(outcome);
    }
    return tell(all.finish(summary)) != 0 || all.counts().bad() != 0 ? 1 : 0;
}

} // namespace

int main(int argc, char** argv)
{
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() > 1 && words[0] == "--merge") return merge({words.begin() + 1, words.end()});
    if (words.size() > 4 && words[0] == "--shard") return run_shard({words.begin() + 1, words.end()});
    return 2;
}

int sc_main(int /*argc*/, char** /*argv*/) { return 99; }
