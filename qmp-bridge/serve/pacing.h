// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_PACING_H
#define VIGIL_QMP_BRIDGE_SERVE_PACING_H

#include <cstdint>

#include <vigil/runstate/clock/time.h>

namespace vigil::qmp_bridge {

/// What a server's thread does while there is nothing to do.
enum class waiting : std::uint8_t {
    blocking, ///< sleeps in the event loop; simulated time stands still while the machine is stopped or driven
    polling,  ///< looks at the sockets once per quantum, for a platform that calls sc_start itself
};

/// How simulated time advances where the server waits `blocking`; where it polls the platform decides, held back where
/// `paced`.
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
    runstate::ns quantum{1'000'000};             ///< polling: simulated time between two looks at the sockets
};

} // namespace vigil::qmp_bridge

#endif
