// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <utility>

#include <vigil/qmp-bridge/json/json.h>
#include <vigil/sim/report/detail/page.h>
#include <vigil/sim/report/detail/report_writer.h>
#include <vigil/sim/report/outcome_json.h>

namespace vigil::sim {

namespace {

constexpr std::string_view k_marker = "<!--DATA-->";

// JSON that cannot end the script element that it stands in.
std::string embedded(const boost::json::value& value)
{
    std::string printed;
    qmp_bridge::print_json(printed, value);
    std::string out;
    for (const char c : printed) {
        if (c == '<') {
            out += "\\u003c";
        } else {
            out += c;
        }
    }
    return out;
}

// Rows are small, for a page of 100,000 of them: [name, file, line, verdict, wall in µs, VM clock in ns], files and
// verdicts by number; whatever did not pass has its whole outcome as well.
class html final : public report_writer {
public:
    explicit html(report_file& file) : file_(file)
    {
        file_.write(k_page.substr(0, k_page.find(k_marker)));
        file_.write("<script type=\"application/json\" id=\"rows\">[");
    }

    void add(const scenario_outcome& outcome) override
    {
        using namespace std::chrono;
        boost::json::array row{boost::json::value(outcome.name),
                               number_of(outcome.where.file),
                               outcome.where.line,
                               index_of(outcome.end),
                               duration_cast<microseconds>(outcome.wall_time).count(),
                               outcome.virtual_time.count()};
        if (outcome.end != verdict::passed) {
            boost::json::object whole = to_json(outcome);
            whole["seed"] = std::to_string(outcome.seed); // which JavaScript's numbers can't hold
            row.push_back(std::move(whole));
        }
        file_.write(std::exchange(separator_, ",\n") + embedded(row));
    }

    void finish(const run_summary& summary, const totals& counts) override
    {
        boost::json::object run = to_json(summary, counts);
        run["seed"] = std::to_string(summary.seed);
        run["files"] = boost::json::array(files_.size());
        for (const auto& [file, number] : files_) run["files"].as_array()[number] = file;
        boost::json::array words;
        for (const auto& row : k_verdicts) words.push_back(boost::json::string(row.word.data(), row.word.size()));
        run["verdicts"] = std::move(words);
        file_.write("]</script>\n<script type=\"application/json\" id=\"run\">" + embedded(run) + "</script>");
        file_.write(k_page.substr(k_page.find(k_marker) + k_marker.size()));
    }

private:
    std::size_t number_of(const std::string& file) { return files_.emplace(file, files_.size()).first->second; }

    report_file& file_;
    std::string separator_;
    std::map<std::string, std::size_t> files_;
};

} // namespace

std::unique_ptr<report_writer> html_writer(report_file& file) { return std::make_unique<html>(file); }

} // namespace vigil::sim
