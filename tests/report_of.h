// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_REPORT_OF_H
#define VIGIL_TESTS_REPORT_OF_H

#include <string>

#include <systemc>

/// The message type of the SystemC error that `action` reports, and its text; empty where it reports none.
struct reported {
    std::string type;
    std::string text;
};
template <class Action> reported report_of(Action action)
{
    try {
        action();
    } catch (const sc_core::sc_report& report) {
        return {report.get_msg_type(), report.get_msg()};
    }
    return {};
}

#endif
