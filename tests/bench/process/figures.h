// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_BENCH_PROCESS_FIGURES_H
#define VIGIL_TESTS_BENCH_PROCESS_FIGURES_H

/// Each measures a group of figures in so many runs and prints their rows.
namespace vigil::bench {

/// One request at a time: how long until the reply, and what it costs the server.
void round_trip_figures(int runs);
/// Many requests at a time: replies per second.
void pipeline_figures(int runs);
/// From the cause of an event to its bytes at the last of its clients.
void event_figures(int runs);
/// Register accesses over the qtest socket.
void qtest_figures(int runs);
/// Register accesses of another machine over the socket of a device.
void vfio_user_figures(int runs);
/// Whole scenarios of a regression run.
void scenario_figures(int runs);
/// From fork to the first reply, and the memory used then.
void start_figures(int runs);

} // namespace vigil::bench

#endif
