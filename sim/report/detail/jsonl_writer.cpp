// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/json/json.h>
#include <vigil/sim/report/detail/report_writer.h>
#include <vigil/sim/report/outcome_json.h>

namespace vigil::sim {

namespace {

class jsonl final : public report_writer {
public:
    explicit jsonl(report_file& file) : file_(file) {}

    void add(const scenario_outcome& outcome) override { write(to_json(outcome)); }

    void finish(const run_summary& summary, const totals& counts) override
    {
        boost::json::object line;
        line["summary"] = to_json(summary, counts);
        write(std::move(line));
    }

private:
    void write(boost::json::value line)
    {
        std::string out;
        qmp_bridge::print_json(out, line);
        file_.write(out + "\n");
    }

    report_file& file_;
};

} // namespace

std::unique_ptr<report_writer> jsonl_writer(report_file& file) { return std::make_unique<jsonl>(file); }

} // namespace vigil::sim
