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
    /// `factor_millionths`: simulated per wall-clock second; not 0. `stall`: see `pacing`.
    pacer(std::uint64_t factor_millionths, runstate::ns stall) noexcept
        : factor_millionths_(factor_millionths), stall_(stall)
    {
    }

    /// From here on, simulated and wall-clock time advance together.
    void anchor() noexcept;
    /// Looks at the wall clock: what passed since the last look is not counted where it is a stall. Returns that, or 0.
    runstate::ns look() noexcept;
    /// What passed since the last look was no stall, however long.
    void overlook() noexcept { last_look_ = wall_clock::now(); }
    /// The longest sleep after which a stall can still be told from it.
    runstate::ns longest_sleep() const noexcept { return stall_.count() != 0 ? stall_ / 2 : runstate::ns::max(); }
    /// Simulated time that the wall clock is ahead by; below zero where it is behind.
    runstate::ns behind() const;
    /// How long the wall clock takes for so much simulated time.
    runstate::ns wall_time_of(runstate::ns simulated) const;

private:
    using wall_clock = std::chrono::steady_clock;

    std::uint64_t factor_millionths_;
    runstate::ns stall_;
    wall_clock::time_point wall_anchor_;
    wall_clock::time_point last_look_;
    sc_core::sc_time simulated_anchor_;
};

} // namespace vigil::qmp_bridge

#endif
