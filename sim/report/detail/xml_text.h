// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REPORT_DETAIL_XML_TEXT_H
#define VIGIL_SIM_REPORT_DETAIL_XML_TEXT_H

#include <string>
#include <string_view>

namespace vigil::sim {

/// `text` as it stands between tags or in an attribute's quotes: what XML 1.0 can't say at all is shown, a control
/// character as its picture (U+2400 and following), broken UTF-8 as U+FFFD. Line ends and tabs survive an attribute's
/// normalisation.
std::string xml_text(std::string_view text);

} // namespace vigil::sim

#endif
