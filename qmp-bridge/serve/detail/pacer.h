// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_PACER_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_PACER_H

#include <chrono>
#include <cstdint>

#include <systemc>

#include <vigil/runstate/clock/time.h>

namespace vigil::qmp_bridge {

/// How simulated time stands to the wall clock's, times a factor, since both were last anchored.
class pacer {
public:
    /// `factor_millionths`: simulated per wall-clock second; not 0.
    explicit pacer(std::uint64_t factor_millionths) noexcept : factor_millionths_(factor_millionths) {}

    /// From here on, simulated and wall-clock time advance together.
    void anchor() noexcept;
    /// Simulated time that the wall clock is ahead by; below zero where it is behind.
    runstate::ns behind() const;
    /// How long the wall clock takes for so much simulated time.
    runstate::ns wall_time_of(runstate::ns simulated) const;

private:
    std::uint64_t factor_millionths_;
    std::chrono::steady_clock::time_point wall_anchor_;
    sc_core::sc_time simulated_anchor_;
};

} // namespace vigil::qmp_bridge

#endif
