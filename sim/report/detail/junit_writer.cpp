// SPDX-License-Identifier: Apache-2.0
#include <ctime>

#include <array>
#include <initializer_list>
#include <utility>

#include <vigil/sim/report/detail/report_writer.h>
#include <vigil/sim/report/detail/xml_text.h>

namespace vigil::sim {

namespace {

// For the tags at the front, whose counts are known at the end.
constexpr std::size_t k_front = 4096;
constexpr std::size_t k_most_of_title = 200;

using attributes = std::initializer_list<std::pair<const char*, std::string>>;

std::string tag(const char* name, attributes values)
{
    std::string out = std::string("<") + name;
    for (const auto& [key, value] : values) out += std::string(" ") + key + "=\"" + xml_text(value) + "\"";
    return out;
}

// As XML Schema's dateTime, in UTC.
std::string moment(std::chrono::system_clock::time_point when)
{
    const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts)};
}

// Jenkins makes packages of what stands between dots.
std::string class_of(std::string file)
{
    constexpr std::string_view k_ending = ".tcl";
    if (file.size() > k_ending.size() && file.substr(file.size() - k_ending.size()) == k_ending) {
        file.resize(file.size() - k_ending.size());
    }
    const auto start = file.find_first_not_of("./");
    file.erase(0, start == std::string::npos ? file.size() : start);
    for (char& c : file) {
        if (c == '/') c = '.';
    }
    return file.empty() ? "scenarios" : file;
}

std::string story_of(const scenario_outcome& outcome)
{
    std::string text = text_of(outcome.failure ? outcome.failure->where : outcome.where) + ": " + headline_of(outcome);
    const auto line = [&text](const char* what, const std::string& value) {
        if (!value.empty()) text += std::string("\n") + what + ": " + value;
    };
    if (outcome.failure) {
        line("verb", outcome.failure->verb);
        line("expectation", outcome.failure->expectation);
    }
    line("ended", ending_of(outcome));
    line("machine", outcome.machine);
    line("seed", std::to_string(outcome.seed));
    line("transcript", outcome.transcript);
    return text + "\n";
}

class junit final : public report_writer {
public:
    explicit junit(report_file& file) : file_(file) { file_.write(std::string(k_front, ' ')); }

    void add(const scenario_outcome& outcome) override
    {
        std::string out = tag("testcase", {{"name", outcome.name},
                                           {"classname", class_of(outcome.where.file)},
                                           {"file", outcome.where.file},
                                           {"line", std::to_string(outcome.where.line)},
                                           {"time", seconds_of(outcome.wall_time)}});
        if (outcome.end == verdict::passed) return file_.write(out + "/>\n");
        out += ">\n";
        if (outcome.end == verdict::skipped) {
            out += tag("skipped", {{"message", headline_of(outcome)}}) + "/>\n";
        } else {
            const char* const name = outcome.end == verdict::failed ? "failure" : "error";
            out += tag(name, {{"message", headline_of(outcome)}, {"type", std::string(word_of(outcome.end))}}) + ">" +
                   xml_text(story_of(outcome)) + "</" + name + ">\n";
        }
        if (!outcome.last_lines.empty()) {
            out += "<system-out>";
            for (const auto& line : outcome.last_lines) out += xml_text(line + "\n");
            out += "</system-out>\n";
        }
        file_.write(out + "</testcase>\n");
    }

    void finish(const run_summary& summary, const totals& counts) override
    {
        for (const auto& remark : summary.remarks) remarks_ += xml_text(remark + "\n");
        if (!remarks_.empty()) file_.write("<system-err>" + remarks_ + "</system-err>\n");
        file_.write("</testsuite>\n</testsuites>\n");
        file_.rewrite(0, front(summary, counts));
    }

private:
    static std::string front(const run_summary& summary, const totals& counts)
    {
        const std::size_t failures = counts.of(verdict::failed);
        const std::string title = summary.title.substr(0, k_most_of_title);
        const std::string all = std::to_string(counts.all());
        const std::string failed = std::to_string(failures);
        const std::string errors = std::to_string(counts.bad() - failures);
        const std::string time = seconds_of(summary.wall_time);
        std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        out += tag("testsuites",
                   {{"name", title}, {"tests", all}, {"failures", failed}, {"errors", errors}, {"time", time}});
        out += ">\n" + tag("testsuite", {{"name", title},
                                         {"tests", all},
                                         {"failures", failed},
                                         {"errors", errors},
                                         {"skipped", std::to_string(counts.of(verdict::skipped))},
                                         {"time", time},
                                         {"timestamp", moment(summary.began)}});
        out += ">\n";
        out.resize(k_front - 1, ' ');
        return out + "\n";
    }

    report_file& file_;
    std::string remarks_;
};

} // namespace

std::unique_ptr<report_writer> junit_writer(report_file& file) { return std::make_unique<junit>(file); }

} // namespace vigil::sim
