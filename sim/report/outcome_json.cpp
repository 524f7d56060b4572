// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/report/outcome_json.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <limits>
#include <set>
#include <system_error>
#include <type_traits>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

namespace vigil::sim {

using runstate::refusal;
using runstate::result;
namespace json = boost::json;

namespace {

using kind = timeline_mark::kind;

// In the order of the enumeration.
constexpr std::array<std::string_view, 6> k_kinds{"state", "stage", "kick", "event", "expectation", "note"};

void put(json::object& to, std::string_view key, const std::string& text)
{
    if (!text.empty()) to[json::string_view(key.data(), key.size())] = text;
}

json::object json_of(const scenario_failure& failure)
{
    json::object out;
    put(out, "file", failure.where.file);
    out["line"] = failure.where.line;
    put(out, "verb", failure.verb);
    out["message"] = failure.message;
    put(out, "expectation", failure.expectation);
    return out;
}

json::object json_of(const timeline_mark& mark)
{
    const std::string_view what = k_kinds.at(static_cast<std::size_t>(mark.what));
    json::object out;
    out["what"] = json::string_view(what.data(), what.size());
    out["at_ns"] = mark.at.count();
    put(out, "source", mark.source);
    put(out, "label", mark.label);
    put(out, "detail", mark.detail);
    return out;
}

/// Reads an object's members; the first one that is not as it should be is remembered.
class members {
public:
    members(const json::object& object, std::string& error) : object_(object), error_(error) {}

    void need(std::string_view key)
    {
        if (find(key) == nullptr) fail(key, "is missing");
    }

    void read(std::string_view key, std::string& to)
    {
        const auto* const value = find(key);
        if (value == nullptr) return;
        if (!value->is_string()) return fail(key, "is no string");
        to.assign(value->get_string().data(), value->get_string().size());
    }

    template <class Integer> void number(std::string_view key, Integer& to)
    {
        const auto* const value = find(key);
        if (value == nullptr) return;
        boost::system::error_code wrong;
        const auto read = value->template to_number<Integer>(wrong);
        if (wrong || value->is_double()) return fail(key, "is no integer in range");
        to = read;
    }

    void time(std::string_view key, std::chrono::nanoseconds& to)
    {
        std::int64_t count = to.count();
        number(key, count);
        to = std::chrono::nanoseconds(count);
    }

    template <class Read> void each(std::string_view key, Read read)
    {
        const auto* const value = find(key);
        if (value == nullptr) return;
        if (!value->is_array()) return fail(key, "is no array");
        for (const auto& item : value->get_array()) read(item);
    }

    void texts(std::string_view key, std::vector<std::string>& to)
    {
        each(key, [&](const json::value& item) {
            if (!item.is_string()) return fail(key, "has an item that is no string");
            to.emplace_back(item.get_string().data(), item.get_string().size());
        });
    }

    template <class Read> void object(std::string_view key, Read read)
    {
        const auto* const value = find(key);
        if (value == nullptr) return;
        if (!value->is_object()) return fail(key, "is no object");
        read(members(value->get_object(), error_));
    }

    void fail(std::string_view key, const char* how)
    {
        if (error_.empty()) error_ = "'" + std::string(key) + "' " + how;
    }

    std::string& error() { return error_; }

private:
    const json::value* find(std::string_view key) const
    {
        return object_.if_contains(json::string_view(key.data(), key.size()));
    }

    const json::object& object_;
    std::string& error_;
};

scenario_failure failure_of(members from)
{
    scenario_failure out;
    from.read("file", out.where.file);
    from.number("line", out.where.line);
    from.read("verb", out.verb);
    from.read("message", out.message);
    from.read("expectation", out.expectation);
    return out;
}

timeline_mark mark_of(members from)
{
    timeline_mark out;
    std::string what;
    from.read("what", what);
    std::size_t index = 0;
    while (index < k_kinds.size() && k_kinds.at(index) != what) ++index;
    if (index == k_kinds.size()) {
        from.fail("what", "is no kind of mark");
    } else {
        out.what = static_cast<kind>(index);
    }
    from.time("at_ns", out.at);
    from.read("source", out.source);
    from.read("label", out.label);
    from.read("detail", out.detail);
    return out;
}

scenario_outcome outcome_of(members from)
{
    scenario_outcome out;
    std::string ended;
    for (const char* key : {"name", "verdict"}) from.need(key);
    from.read("name", out.name);
    from.read("verdict", ended);
    if (const auto end = verdict_of(ended)) {
        out.end = *end;
    } else {
        from.fail("verdict", "is none that is known");
    }
    from.read("end_detail", out.end_detail);
    from.read("file", out.where.file);
    from.number("line", out.where.line);
    from.read("machine", out.machine);
    from.number("seed", out.seed);
    from.time("virtual_ns", out.virtual_time);
    from.time("wall_ns", out.wall_time);
    from.object("failure", [&out](members inner) { out.failure = failure_of(inner); });
    from.texts("last_lines", out.last_lines);
    from.read("transcript", out.transcript);
    from.each("timeline", [&](const json::value& item) {
        if (!item.is_object()) return from.fail("timeline", "has an item that is no object");
        out.timeline.push_back(mark_of(members(item.get_object(), from.error())));
    });
    return out;
}

struct summary_line {
    run_summary summary;
    std::size_t scenarios = 0;
};

summary_line summary_of(members from)
{
    summary_line out;
    std::chrono::nanoseconds began{0};
    from.need("scenarios");
    from.number("scenarios", out.scenarios);
    from.read("title", out.summary.title);
    from.time("began_ns", began);
    out.summary.began =
        std::chrono::system_clock::time_point(std::chrono::duration_cast<std::chrono::system_clock::duration>(began));
    from.time("wall_ns", out.summary.wall_time);
    from.number("seed", out.summary.seed);
    from.number("shard", out.summary.shard);
    from.number("shards", out.summary.shards);
    from.texts("remarks", out.summary.remarks);
    if (out.summary.shard < 1 || out.summary.shard > out.summary.shards) from.fail("shard", "is none of 'shards'");
    return out;
}

/// Takes the lines of a report in.
class report_reader {
public:
    explicit report_reader(std::string path) { report_.path = std::move(path); }

    /// Returns what is wrong with it; empty: nothing.
    std::string take(const std::string& line)
    {
        if (report_.summary) return "there is more after the summary";
        boost::system::error_code wrong;
        const json::value value = json::parse(json::string_view(line.data(), line.size()), wrong);
        if (wrong) return "this is no JSON: " + wrong.message();
        if (!value.is_object()) return "this is no JSON object";
        std::string error;
        members all(value.get_object(), error);
        if (value.get_object().contains("summary")) {
            all.object("summary", [this, &error](members inner) { error = take_summary(inner); });
            return error;
        }
        scenario_outcome outcome = outcome_of(all);
        if (error.empty() && !names_.insert(outcome.name).second) {
            error = "the scenario '" + outcome.name + "' is there already";
        }
        report_.outcomes.push_back(std::move(outcome));
        return error;
    }

    loaded_report report() && { return std::move(report_); }

private:
    std::string take_summary(members from)
    {
        const summary_line line = summary_of(from);
        if (!from.error().empty()) return from.error();
        report_.summary = line.summary;
        if (line.scenarios == report_.outcomes.size()) return {};
        return "the summary tells of " + std::to_string(line.scenarios) + " scenarios, but there are " +
               std::to_string(report_.outcomes.size());
    }

    loaded_report report_;
    std::set<std::string> names_;
};

} // namespace

json::object to_json(const scenario_outcome& outcome)
{
    json::object out;
    const std::string_view ended = word_of(outcome.end);
    out["name"] = outcome.name;
    out["verdict"] = json::string_view(ended.data(), ended.size());
    put(out, "end_detail", outcome.end_detail);
    put(out, "file", outcome.where.file);
    out["line"] = outcome.where.line;
    put(out, "machine", outcome.machine);
    out["seed"] = outcome.seed;
    out["virtual_ns"] = outcome.virtual_time.count();
    out["wall_ns"] = outcome.wall_time.count();
    if (outcome.failure) out["failure"] = json_of(*outcome.failure);
    if (!outcome.last_lines.empty())
        out["last_lines"] = json::array(outcome.last_lines.begin(), outcome.last_lines.end());
    put(out, "transcript", outcome.transcript);
    if (outcome.timeline.empty()) return out;
    json::array marks;
    for (const auto& mark : outcome.timeline) marks.push_back(json_of(mark));
    out["timeline"] = std::move(marks);
    return out;
}

std::optional<scenario_outcome> outcome_from(const std::string& line)
{
    boost::system::error_code wrong;
    const json::value value = json::parse(json::string_view(line.data(), line.size()), wrong);
    if (wrong || !value.is_object()) return std::nullopt;
    std::string error;
    scenario_outcome outcome = outcome_of(members(value.get_object(), error));
    if (!error.empty()) return std::nullopt;
    return outcome;
}

json::object to_json(const run_summary& summary, const totals& counts)
{
    using namespace std::chrono;
    json::object out;
    out["title"] = summary.title;
    out["scenarios"] = counts.all();
    out["bad"] = counts.bad();
    out["began_ns"] = duration_cast<nanoseconds>(summary.began.time_since_epoch()).count();
    out["wall_ns"] = summary.wall_time.count();
    out["seed"] = summary.seed;
    out["shard"] = summary.shard;
    out["shards"] = summary.shards;
    if (!summary.remarks.empty()) out["remarks"] = json::array(summary.remarks.begin(), summary.remarks.end());
    return out;
}

result<loaded_report> load_outcomes(const std::string& path)
{
    const auto refused = [&path](const std::string& why) {
        return refusal{"Could not read the report '" + path + "': " + why};
    };
    std::ifstream in(path, std::ios::binary);
    if (!in) return refused(std::generic_category().message(errno));
    report_reader reader(path);
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (const auto wrong = reader.take(line); !wrong.empty()) {
            return refusal{path + ":" + std::to_string(number) + ": " + wrong};
        }
    }
    if (in.bad() || !in.eof()) return refused("an error while reading");
    return std::move(reader).report();
}

} // namespace vigil::sim
