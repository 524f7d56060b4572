// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_JSON_DETAIL_JSON_STRING_H
#define VIGIL_QMP_BRIDGE_JSON_DETAIL_JSON_STRING_H

#include <string>
#include <string_view>

namespace vigil::qmp_bridge {

/// Appends what the string token `token` (its quotes included) stands for to `out`, a std::string or
/// boost::json::string; where it stands for nothing, returns false, tells why in `error` (empty before), and `out`
/// holds a part.
template <typename String> bool decode_json_string(std::string_view token, String& out, std::string& error);

} // namespace vigil::qmp_bridge

#endif
