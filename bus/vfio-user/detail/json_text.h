// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_VFIO_USER_DETAIL_JSON_TEXT_H
#define VIGIL_BUS_VFIO_USER_DETAIL_JSON_TEXT_H

#include <string_view>

namespace vigil::bus {

/// Whether `text` is one JSON object (RFC 8259), whatever its members say. Objects nested deeper than anybody's
/// capabilities are refused, and the encoding of strings is not looked at.
bool is_json_object(std::string_view text) noexcept;

} // namespace vigil::bus

#endif
