// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REPORT_DETAIL_PAGE_H
#define VIGIL_SIM_REPORT_DETAIL_PAGE_H

#include <string_view>

namespace vigil::sim {

/// page.html, where one comment `<!--DATA-->` stands for the run's data.
extern const std::string_view k_page;

} // namespace vigil::sim

#endif
