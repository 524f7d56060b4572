// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/report/reports.h>

#include <array>
#include <set>
#include <utility>

#include <vigil/sim/report/detail/report_file.h>
#include <vigil/sim/report/detail/report_writer.h>

namespace vigil::sim {

using runstate::refusal;

struct reports::report {
    using maker = std::unique_ptr<report_writer> (*)(report_file&);

    report(const std::string& path, maker make) : file(path), writer(make(file)) {}
    explicit report(refusal why) : refused(std::move(why)), file("-"), writer(nullptr) {}

    std::optional<refusal> why() const { return refused ? refused : file.error(); }

    std::optional<refusal> refused; ///< before anything was tried
    report_file file;
    std::unique_ptr<report_writer> writer; ///< null: refused
};

namespace {

struct wanted_report {
    const char* option;
    const std::optional<std::string>& path;
    std::unique_ptr<report_writer> (*make)(report_file&);
    bool streams; ///< may go to the standard output
};

std::array<wanted_report, 4> wanted_reports(const report_paths& paths)
{
    return {{{"--junit", paths.junit, junit_writer, false},
             {"--tap", paths.tap, tap_writer, true},
             {"--jsonl", paths.jsonl, jsonl_writer, true},
             {"--html", paths.html, html_writer, false}}};
}

} // namespace

reports::reports(const report_paths& paths)
{
    std::set<std::string> taken;
    for (const auto& [option, path, make, streams] : wanted_reports(paths)) {
        if (!path) continue;
        const std::string named = std::string(option) + " '" + *path + "'";
        if (path->empty()) {
            reports_.push_back(std::make_unique<report>(refusal{std::string(option) + " needs the name of a file"}));
        } else if (*path == "-" && !streams) {
            reports_.push_back(std::make_unique<report>(refusal{named + " needs a file: it is not written in order"}));
        } else if (!taken.insert(*path).second) {
            reports_.push_back(std::make_unique<report>(refusal{named + " is where another report goes already"}));
        } else {
            reports_.push_back(std::make_unique<report>(*path, make));
        }
    }
}

reports::~reports() = default;
reports::reports(reports&&) noexcept = default;
reports& reports::operator=(reports&&) noexcept = default;

std::vector<refusal> reports::refusals() const
{
    std::vector<refusal> all;
    for (const auto& each : reports_) {
        if (auto why = each->why()) all.push_back(*std::move(why));
    }
    return all;
}

void reports::add(const scenario_outcome& outcome)
{
    counts_.add(outcome.end);
    for (const auto& each : reports_) {
        if (!each->why()) each->writer->add(outcome);
    }
}

std::vector<refusal> reports::finish(const run_summary& summary)
{
    for (const auto& each : reports_) {
        if (each->why()) continue;
        each->writer->finish(summary, counts_);
        each->file.complete();
    }
    return refusals();
}

} // namespace vigil::sim
