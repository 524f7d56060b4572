// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QTEST_DETAIL_QTEST_COMMANDS_H
#define VIGIL_QMP_BRIDGE_QTEST_DETAIL_QTEST_COMMANDS_H

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vigil/qmp-bridge/qtest/qtest_session.h>

namespace vigil::qmp_bridge {

/// What a line is answered with.
struct qtest_response {
    enum class form : std::uint8_t { ok, hex4, hex16, decimal, bytes_hex, bytes_base64, text };

    form as = form::ok;
    std::uint64_t value = 0;         ///< hex4, hex16, decimal
    std::string text;                ///< text: the whole line
    std::vector<std::uint8_t> bytes; ///< bytes_hex, bytes_base64

    static qtest_response fail(std::string why) { return {form::text, 0, "FAIL " + std::move(why), {}}; }

    /// Appends the line, without its end.
    void append_to(std::string& out) const;
};

/// What the commands of one conversation act upon.
struct qtest_context {
    qtest_machine& machine;
    std::string& intercepted;             ///< path of the device whose interrupt lines are reported; empty: none
    bool clock_commands_can_fail = false; ///< where they do not move the clock, as on QEMU 11.1
};

/// Executes a line, its end cut off.
qtest_response execute_qtest_line(const qtest_context& context, std::string_view line);

} // namespace vigil::qmp_bridge

#endif
