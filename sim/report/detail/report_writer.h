// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REPORT_DETAIL_REPORT_WRITER_H
#define VIGIL_SIM_REPORT_DETAIL_REPORT_WRITER_H

#include <memory>

#include <vigil/sim/report/detail/report_file.h>
#include <vigil/sim/report/reports.h>

namespace vigil::sim {

/// One format of report, written to a file that outlives it.
class report_writer {
public:
    virtual ~report_writer() = default;
    virtual void add(const scenario_outcome& outcome) = 0;
    virtual void finish(const run_summary& summary, const totals& counts) = 0;
};

std::unique_ptr<report_writer> junit_writer(report_file& file);
std::unique_ptr<report_writer> tap_writer(report_file& file);
std::unique_ptr<report_writer> jsonl_writer(report_file& file);
std::unique_ptr<report_writer> html_writer(report_file& file);

} // namespace vigil::sim

#endif
