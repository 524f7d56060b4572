// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QTEST_PORT_REGION_H
#define VIGIL_QMP_BRIDGE_QTEST_PORT_REGION_H

#include <cstdint>

namespace vigil::qmp_bridge {

/// A region of I/O ports: a device's registers, or the ports between.
struct port_region {
    std::uint16_t start;
    unsigned widest; ///< single access, in bytes
};

} // namespace vigil::qmp_bridge

#endif
