// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_PACING_H
#define VIGIL_QMP_BRIDGE_SERVE_PACING_H

#include <cstdint>

#include <vigil/runstate/clock/time.h>

namespace vigil::qmp_bridge {

/// What a server does while there is nothing to do. However it waits, no simulated time passes while every machine of
/// the simulation is stopped.
enum class waiting : std::uint8_t {
    /// The kernel's thread sleeps in the event loop, and nobody else is served meanwhile: for a program that is all
    /// Vigil's. The one server of its simulation.
    blocking,
    /// A thread of the server's waits for clients and rings for the kernel: for a platform among whose processes it is
    /// one. Costs nothing while nobody speaks. While time stands, a delta cycle runs at least every 10 ms, so that
    /// other threads' asynchronous updates go on.
    platform,
    /// Looks at the sockets once per quantum: for kernels without asynchronous updates. `paced` only.
    polling,
};

/// How simulated time advances.
enum class pace : std::uint8_t {
    driven, ///< only on behalf of qtest's clock_step
    paced,  ///< with the wall clock, times a factor
    free,   ///< as fast as it goes
};

/// How a server waits for clients, and what becomes of simulated time meanwhile.
struct pacing {
    waiting wait = waiting::blocking;
    pace time = pace::paced;
    std::uint64_t factor_millionths = 1'000'000; ///< simulated per wall-clock second; not 0
    /// Where it does not wait `blocking`, and is paced: simulated time between two looks at the wall clock.
    runstate::ns quantum{1'000'000};
    /// Where it is paced: wall-clock time that passes between two looks at the clock is not caught up where it is
    /// longer than this, but told to the log: the process was stopped, or did not come to its turn, and what counts has
    /// after it what it had left before. While something counts, the clock is looked at twice as often. 0: all is
    /// caught up.
    runstate::ns stall{0};
};

} // namespace vigil::qmp_bridge

#endif
