// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_BENCH_PROCESS_WATCHDOG_LINES_H
#define VIGIL_TESTS_BENCH_PROCESS_WATCHDOG_LINES_H

#include <string>

/// The qtest lines with which a driver gets at the i6300esb, at 00:02.0.
namespace vigil::bench {

/// BAR 0 at FEBF0000, memory decoding on; four replies.
inline const std::string k_map_watchdog = "outl 0xcf8 0x80001010\noutl 0xcfc 0xfebf0000\n"
                                          "outl 0xcf8 0x80001004\noutw 0xcfc 2\n";
/// The faster scale, and both preloads; eight replies. It expires after `watchdog_seconds` of the same preloads.
inline std::string preload_lines(int stage1, int stage2)
{
    const std::string unlock = "writeb 0xfebf000c 0x80\nwriteb 0xfebf000c 0x86\n";
    return "outl 0xcf8 0x80001060\noutw 0xcfc 4\n" + unlock + "writel 0xfebf0000 " + std::to_string(stage1) + "\n" +
           unlock + "writel 0xfebf0004 " + std::to_string(stage2) + "\n";
}
constexpr double watchdog_seconds(int stage1, int stage2) { return 960e-9 * (stage1 + stage2); }
/// Starts it; two replies.
inline const std::string k_enable_watchdog = "outl 0xcf8 0x80001068\noutb 0xcfc 0x02\n";

} // namespace vigil::bench

#endif
