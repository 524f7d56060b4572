// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/json/json.h>
#include <vigil/sim/report/detail/report_writer.h>

namespace vigil::sim {

namespace {

// A description, in which "#" would begin a directive, and a line end another line.
std::string description(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        if (c == '#' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return out;
}

// A double-quoted scalar of YAML, which JSON's strings are.
std::string quoted(std::string_view text)
{
    std::string out;
    qmp_bridge::print_json_string(out, text);
    return out;
}

std::string diagnostics(const scenario_outcome& outcome)
{
    std::string out = "  ---\n";
    const auto line = [&out](const char* key, const std::string& value) {
        if (!value.empty()) out += std::string("  ") + key + ": " + quoted(value) + "\n";
    };
    line("message", headline_of(outcome));
    line("ended", ending_of(outcome));
    line("at", text_of(outcome.failure ? outcome.failure->where : outcome.where));
    if (outcome.failure) line("expectation", outcome.failure->expectation);
    line("machine", outcome.machine);
    out += "  seed: " + std::to_string(outcome.seed) + "\n";
    line("transcript", outcome.transcript);
    if (!outcome.last_lines.empty()) out += "  output:\n";
    for (const auto& text : outcome.last_lines) out += "    - " + quoted(text) + "\n";
    return out + "  ...\n";
}

class tap final : public report_writer {
public:
    explicit tap(report_file& file) : file_(file) { file_.write("TAP version 14\n"); }

    void add(const scenario_outcome& outcome) override
    {
        std::string out = is_bad(outcome.end) ? "not ok " : "ok ";
        out += std::to_string(++count_) + " - " + description(outcome.name);
        if (outcome.end == verdict::skipped) out += " # SKIP " + description(headline_of(outcome));
        out += "\n";
        if (is_bad(outcome.end)) out += diagnostics(outcome);
        file_.write(out);
    }

    void finish(const run_summary& summary, const totals& /*counts*/) override
    {
        for (const auto& remark : summary.remarks) file_.write("# " + description(remark) + "\n");
        file_.write("1.." + std::to_string(count_) + (count_ == 0 ? " # SKIP no scenarios" : "") + "\n");
    }

private:
    report_file& file_;
    std::size_t count_ = 0;
};

} // namespace

std::unique_ptr<report_writer> tap_writer(report_file& file) { return std::make_unique<tap>(file); }

} // namespace vigil::sim
