// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_QMP_BRIDGE_REPORTED_H
#define VIGIL_TESTS_QMP_BRIDGE_REPORTED_H

#include <string>

#include <systemc>

/// The type of the report that `act` ends with; empty where it ends with none.
template <class Act> std::string reported(Act act)
{
    try {
        act();
    } catch (const sc_core::sc_report& report) {
        return report.get_msg_type();
    }
    return {};
}

#endif
