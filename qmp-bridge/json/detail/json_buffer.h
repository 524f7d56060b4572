// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_JSON_DETAIL_JSON_BUFFER_H
#define VIGIL_QMP_BRIDGE_JSON_DETAIL_JSON_BUFFER_H

#include <cstddef>
#include <string>

namespace vigil::qmp_bridge {

/// Empties a buffer, and gives back the memory of one that a long value made large.
inline void empty(std::string& buffer)
{
    constexpr std::size_t k_kept = 64 * 1024;
    buffer.clear();
    if (buffer.capacity() > k_kept) buffer.shrink_to_fit();
}

} // namespace vigil::qmp_bridge

#endif
