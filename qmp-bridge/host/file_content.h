// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_HOST_FILE_CONTENT_H
#define VIGIL_QMP_BRIDGE_HOST_FILE_CONTENT_H

#include <string>
#include <system_error>
#include <variant>

namespace vigil::qmp_bridge {

/// What came of reading a file: its bytes, or why there are none.
using file_content = std::variant<std::string, std::error_code>;

} // namespace vigil::qmp_bridge

#endif
