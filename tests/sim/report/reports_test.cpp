// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <csignal>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch.h>

#include <vigil/sim/report/detail/xml_text.h>
#include <vigil/sim/report/merge.h>
#include <vigil/sim/report/outcome_json.h>
#include <vigil/sim/report/reports.h>

using namespace vigil::sim;
using vigil::runstate::ns;
namespace fs = std::filesystem;

namespace {

const std::string k_nasty = "a<b>&\"c\" ]]> # \\ \x01\x1b[31m \xff\xc0 \xed\xa0\x80 \xef\xbf\xbe \t\n</script> é";

/// A folder of its own, gone afterwards.
class scratch {
public:
    scratch()
    {
        std::string name = (fs::temp_directory_path() / "vigil-report-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~scratch() { fs::remove_all(path_); }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    std::string operator/(const char* name) const { return (path_ / name).string(); }
    std::size_t files() const
    {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
    }

private:
    fs::path path_;
};

std::string content(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

scenario_outcome passed(const std::string& name)
{
    scenario_outcome out;
    out.name = name;
    out.where = {"suite/wdt.tcl", 12};
    out.wall_time = std::chrono::microseconds(1500);
    out.virtual_time = std::chrono::seconds(31);
    return out;
}

scenario_outcome ended(const std::string& name, verdict end)
{
    scenario_outcome out = passed(name);
    out.end = end;
    out.seed = ~std::uint64_t{0};
    out.machine = "-M pc -device i6300esb,id=wdt";
    out.end_detail = end == verdict::crashed ? "SIGSEGV" : "";
    auto& failure = out.failure.emplace();
    failure.where = {"suite/wdt.tcl", 20};
    failure.verb = "expect";
    failure.message = "no event came " + k_nasty;
    failure.expectation = "event WATCHDOG within 31s";
    out.last_lines = {"first", k_nasty};
    out.transcript = "out/" + name + ".transcript";
    using kind = timeline_mark::kind;
    out.timeline = {{kind::state, ns(0), "", "running", ""},
                    {kind::stage, ns(1), "wdt", "stage 1", ""},
                    {kind::kick, ns(5), "wdt", "", ""},
                    {kind::event, ns(30'000'000'000), "", "WATCHDOG", "{\"action\": \"pause\"}"},
                    {kind::expectation, ns(31'000'000'000), "", "event WATCHDOG", ""},
                    {kind::note, ns(7), "", k_nasty, ""}};
    return out;
}

/// One of each verdict.
std::vector<scenario_outcome> one_of_each()
{
    std::vector<scenario_outcome> all;
    for (const auto& row : k_verdicts) {
        const std::string name = "ends as " + std::string(row.word);
        all.push_back(row.end == verdict::passed ? passed(name) : ended(name, row.end));
    }
    all.push_back(passed(k_nasty));
    return all;
}

report_paths all_in(const scratch& folder)
{
    return {folder / "o.xml", folder / "o.tap", folder / "o.jsonl", folder / "o.html"};
}

std::vector<vigil::runstate::refusal> report(const report_paths& paths, const std::vector<scenario_outcome>& outcomes,
                                             const run_summary& summary = {})
{
    reports to(paths);
    for (const auto& outcome : outcomes) to.add(outcome);
    return to.finish(summary);
}

/// A shard's report.
std::string shard(const scratch& folder, unsigned number, unsigned of, const std::vector<std::string>& names)
{
    run_summary summary;
    summary.shard = number;
    summary.shards = of;
    std::vector<scenario_outcome> outcomes;
    for (const auto& name : names) outcomes.push_back(passed(name));
    const std::string path = folder / ("shard-" + std::to_string(number) + ".jsonl").c_str();
    REQUIRE(report({{}, {}, path, {}}, outcomes, summary).empty());
    return path;
}

} // namespace

TEST_CASE("a report in XML says every text as XML 1.0 can")
{
    const std::vector<std::pair<std::string, std::string>> table{
        {"plain é", "plain é"},
        {"<&>\"", "&lt;&amp;&gt;&quot;"},
        {"]]>", "]]&gt;"},
        {"\t\n\r", "&#9;&#10;&#13;"},
        {std::string("\0\x1b", 2), "\xe2\x90\x80\xe2\x90\x9b"},
        {"\x7f", "\xef\xbf\xbd"},
        {"\xff", "\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd"},
        {"\xef\xbf\xbe", "\xef\xbf\xbd"},
    };
    for (const auto& [text, said] : table) CHECK(xml_text(text) == said);
}

TEST_CASE("the reports of a run tell of every scenario, and leave nothing else in the folder")
{
    const scratch folder;
    REQUIRE(report(all_in(folder), one_of_each()).empty());
    CHECK(folder.files() == 4);
    for (const char* file : {"o.xml", "o.tap", "o.jsonl", "o.html"}) {
        for (const auto& row : k_verdicts) {
            INFO(file << " " << row.word);
            CHECK(has(content(folder / file), "ends as " + std::string(row.word)));
        }
    }
}

TEST_CASE("a report has no name before the run has ended, and an older one stays")
{
    const scratch folder;
    write(folder / "o.tap", "older");
    {
        reports abandoned(all_in(folder));
        for (const auto& outcome : one_of_each()) abandoned.add(outcome);
        CHECK(content(folder / "o.tap") == "older");
        CHECK_FALSE(fs::exists(folder / "o.xml"));
    }
    CHECK(content(folder / "o.tap") == "older");
    CHECK(folder.files() == 1);
}

TEST_CASE("the report in XML counts failures, errors and skipped ones apart")
{
    const scratch folder;
    REQUIRE(report(all_in(folder), one_of_each()).empty());
    const std::string xml = content(folder / "o.xml");
    CHECK(has(xml, R"(tests="11" failures="1" errors="7" skipped="1")"));
    CHECK(has(xml, R"(classname="suite.wdt" file="suite/wdt.tcl" line="12" time="0.001500")"));
    CHECK(has(xml, R"(type="crashed")"));
    CHECK(has(xml, "SIGSEGV"));
}

TEST_CASE("the report in TAP has a plan and a line for each scenario, whatever its name")
{
    const scratch folder;
    REQUIRE(report(all_in(folder), {passed("one"), passed("two # TODO\n\\"), ended("three", verdict::skipped),
                                    ended("four", verdict::failed)})
                .empty());
    const std::string tap = content(folder / "o.tap");
    CHECK(tap.rfind("TAP version 14\nok 1 - one\nok 2 - two \\# TODO \\\\\nok 3 - three # SKIP ", 0) == 0);
    CHECK(has(tap, "\nnot ok 4 - four\n  ---\n  message: \""));
    CHECK(has(tap, "\n  ...\n1..4\n"));
}

TEST_CASE("a report in JSON lines is read back as it was, but for what is no text")
{
    const scratch folder;
    const auto outcomes = one_of_each();
    run_summary summary;
    summary.seed = ~std::uint64_t{0};
    summary.shard = 2;
    summary.shards = 4;
    summary.remarks = {"interrupted"};
    REQUIRE(report(all_in(folder), outcomes, summary).empty());
    const auto loaded = load_outcomes(folder / "o.jsonl");
    REQUIRE(loaded);
    REQUIRE(loaded->outcomes.size() == outcomes.size());
    REQUIRE(loaded->summary);
    CHECK(loaded->summary->seed == summary.seed);
    CHECK(loaded->summary->shard == 2);
    CHECK(loaded->summary->remarks == summary.remarks);
    // Written once more, they are the same to the byte.
    REQUIRE(report({{}, {}, folder / "again.jsonl", {}}, loaded->outcomes, *loaded->summary).empty());
    CHECK(content(folder / "again.jsonl") == content(folder / "o.jsonl"));
    CHECK(loaded->outcomes[1].seed == outcomes[1].seed);
    CHECK(loaded->outcomes[1].timeline.size() == outcomes[1].timeline.size());
    CHECK(loaded->outcomes[1].failure->where.line == 20);
}

TEST_CASE("a line that is no outcome is refused with its file and number")
{
    const scratch folder;
    const std::string good = R"({"name": "a", "verdict": "passed"})";
    const std::vector<std::pair<std::string, std::string>> table{
        {"{", ":2: this is no JSON"},
        {"[]", ":2: this is no JSON object"},
        {"", ":2: this is no JSON"},
        {"\xff\xfe binary", ":2: this is no JSON"},
        {std::string(1000, '['), ":2: this is no JSON"},
        {R"({"name": "b"})", ":2: 'verdict' is missing"},
        {R"({"verdict": "passed"})", ":2: 'name' is missing"},
        {R"({"name": 1, "verdict": "passed"})", ":2: 'name' is no string"},
        {R"({"name": "b", "verdict": "fine"})", ":2: 'verdict' is none that is known"},
        {R"({"name": "b", "verdict": "passed", "line": -1})", ":2: 'line' is no integer in range"},
        {R"({"name": "b", "verdict": "passed", "line": 1.5})", ":2: 'line' is no integer in range"},
        {R"({"name": "b", "verdict": "passed", "timeline": [1]})", ":2: 'timeline' has an item that is no object"},
        {R"({"name": "b", "verdict": "passed", "timeline": [{"what": "x"}]})", ":2: 'what' is no kind of mark"},
        {R"({"name": "b", "verdict": "passed", "last_lines": [1]})", ":2: 'last_lines' has an item that is no string"},
        {R"({"name": "b", "verdict": "failed", "failure": 1})", ":2: 'failure' is no object"},
        {good, ":2: the scenario 'a' is there already"},
        {R"({"summary": {}})", ":2: 'scenarios' is missing"},
        {R"({"summary": 1})", ":2: 'summary' is no object"},
        {R"({"summary": {"scenarios": 5}})", ":2: the summary tells of 5 scenarios, but there are 1"},
        {R"({"summary": {"scenarios": 1, "shard": 3, "shards": 2}})", ":2: 'shard' is none of 'shards'"},
    };
    for (const auto& [line, why] : table) {
        INFO(line);
        write(folder / "bad.jsonl", good + "\n" + line + "\n");
        const auto loaded = load_outcomes(folder / "bad.jsonl");
        REQUIRE_FALSE(loaded);
        CHECK(loaded.why().text.rfind((folder / "bad.jsonl") + why, 0) == 0);
    }
    CHECK_FALSE(load_outcomes(folder / "absent.jsonl"));
    CHECK_FALSE(load_outcomes(folder / "."));
}

TEST_CASE("whatever bytes a scenario is made of, its report is read back, and written once more the same")
{
    const scratch folder;
    std::mt19937 random(1);
    const auto bytes = [&random] {
        std::string text(random() % 40, ' ');
        for (char& c : text) c = static_cast<char>(random() % 256);
        return text;
    };
    std::vector<scenario_outcome> outcomes;
    for (unsigned i = 0; i < 500; ++i) {
        scenario_outcome outcome = ended(std::to_string(i) + " " + bytes(), verdict::failed);
        for (std::string* text : {&outcome.where.file, &outcome.machine, &outcome.end_detail, &outcome.transcript,
                                  &outcome.failure->message, &outcome.failure->verb, &outcome.last_lines[0],
                                  &outcome.timeline[0].label, &outcome.timeline[0].source}) {
            *text = bytes();
        }
        outcomes.push_back(outcome);
    }
    REQUIRE(report(all_in(folder), outcomes).empty());
    const auto loaded = load_outcomes(folder / "o.jsonl");
    REQUIRE(loaded);
    REQUIRE(report({{}, {}, folder / "again.jsonl", {}}, loaded->outcomes, *loaded->summary).empty());
    CHECK(content(folder / "again.jsonl") == content(folder / "o.jsonl"));
    const std::string tap = content(folder / "o.tap");
    for (const char c : tap) REQUIRE((c == '\n' || static_cast<unsigned char>(c) >= ' '));
}

TEST_CASE("bytes that are no report are refused, or read, and never more than that")
{
    const scratch folder;
    REQUIRE(report(all_in(folder), one_of_each()).empty());
    const std::string good = content(folder / "o.jsonl");
    std::mt19937 random(2);
    unsigned refused = 0;
    for (unsigned i = 0; i < 1000; ++i) {
        std::string bad = good;
        for (unsigned n = 0; n < 3; ++n) bad[random() % bad.size()] = static_cast<char>(random() % 256);
        bad.resize(bad.size() - random() % 100);
        write(folder / "bad.jsonl", bad);
        refused += load_outcomes(folder / "bad.jsonl") ? 0 : 1;
    }
    CHECK(refused > 500);
}

TEST_CASE("a report that cannot be written is told of, and the others come out")
{
    const scratch folder;
    fs::create_directory(folder / "is-folder");
    const std::vector<std::string> impossible{"", "/nowhere/at/all.xml", folder / "is-folder", "/dev/null", "-"};
    for (const auto& path : impossible) {
        INFO(path);
        report_paths paths = all_in(folder);
        paths.junit = path;
        const auto why = report(paths, one_of_each());
        REQUIRE(why.size() == 1);
        CHECK(has(why.front().text, path.empty() ? "--junit" : path));
        CHECK(has(content(folder / "o.tap"), "1..11"));
    }
    CHECK(report({folder / "same", folder / "same", {}, {}}, {}).size() == 1);
    CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("a full disk is a refusal, and leaves an older report as it was")
{
    const scratch folder;
    write(folder / "o.html", "older");
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        // A limit on the size of files is the disk that is full at that size.
        struct rlimit limit = {};
        limit.rlim_cur = limit.rlim_max = 100'000;
        ::signal(SIGXFSZ, SIG_IGN);
        ::setrlimit(RLIMIT_FSIZE, &limit);
        reports to(all_in(folder));
        for (unsigned i = 0; i < 2000; ++i) to.add(passed("scenario " + std::to_string(i)));
        const auto why = to.finish({});
        // The report in TAP is the one that fits.
        ::_exit(why.size() == 3 && has(why.front().text, "o.xml") ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(content(folder / "o.html") == "older");
    CHECK(has(content(folder / "o.tap"), "1..2000"));
    CHECK(folder.files() == 2);
}

TEST_CASE("the page cannot be left by what a scenario says")
{
    const scratch folder;
    REQUIRE(report(all_in(folder), one_of_each()).empty());
    const std::string page = content(folder / "o.html");
    CHECK(has(page, "\\u003c/script>"));
    std::size_t ends = 0;
    for (auto at = page.find("</script>"); at != std::string::npos; at = page.find("</script>", at + 1)) ++ends;
    CHECK(ends == 3);
    CHECK_FALSE(has(page, "<!--DATA-->"));
}

TEST_CASE("shards are joined into the reports of the whole")
{
    const scratch folder;
    const std::vector<std::string> shards{shard(folder, 2, 3, {"c"}), shard(folder, 1, 3, {"a", "b"}),
                                          shard(folder, 3, 3, {})};
    const auto merged = merge_reports(shards, all_in(folder));
    REQUIRE(merged);
    CHECK(merged->missing.empty());
    CHECK(merged->refusals.empty());
    CHECK(merged->counts.all() == 3);
    const std::string tap = content(folder / "o.tap");
    CHECK(has(tap, "ok 1 - a\nok 2 - b\nok 3 - c\n1..3\n"));
}

TEST_CASE("a scenario of two shards is refused with the names of both")
{
    const scratch folder;
    const auto merged = merge_reports({shard(folder, 1, 2, {"a", "b"}), shard(folder, 2, 2, {"b"})}, all_in(folder));
    REQUIRE_FALSE(merged);
    for (const char* part : {"'b'", "shard-1.jsonl", "shard-2.jsonl"}) CHECK(has(merged.why().text, part));
    CHECK_FALSE(fs::exists(folder / "o.tap"));
}

TEST_CASE("what is missing of the shards is said")
{
    const scratch folder;
    const std::string cut = folder / "cut.jsonl";
    write(cut, "{\"name\": \"z\", \"verdict\": \"passed\"}\n");
    const auto merged = merge_reports({shard(folder, 1, 4, {"a"}), shard(folder, 4, 4, {"b"}), cut}, all_in(folder));
    REQUIRE(merged);
    REQUIRE(merged->missing.size() == 3);
    CHECK(has(merged->missing[0], "cut.jsonl"));
    CHECK(has(merged->missing[1], "shard 2 of 4"));
    CHECK(has(merged->missing[2], "shard 3 of 4"));
    for (const char* file : {"o.xml", "o.tap", "o.jsonl", "o.html"}) {
        CHECK(has(content(folder / file), "shard 3 of 4"));
    }
}

TEST_CASE("shards of different divisions are refused, and so is the same one twice")
{
    const scratch folder;
    const std::string one = shard(folder, 1, 2, {"a"});
    CHECK_FALSE(merge_reports({one, shard(folder, 2, 3, {"b"})}, all_in(folder)));
    CHECK_FALSE(merge_reports({one, one}, all_in(folder)));
    CHECK_FALSE(merge_reports({}, all_in(folder)));
    CHECK_FALSE(merge_reports({folder / "absent.jsonl"}, all_in(folder)));
}
