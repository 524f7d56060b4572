// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_EVENT_LOOP_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_EVENT_LOOP_H

#include <chrono>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <vigil/runstate/clock/time.h>

namespace vigil::qmp_bridge {

/// The Asio event loop of one pump: looked at between other things, or slept in. Times are of the wall clock.
class event_loop {
public:
    using wall_clock = std::chrono::steady_clock;

    /// As the longest sleep: nothing but a handler ends it.
    static constexpr runstate::ns k_until_woken = runstate::ns::max();

    boost::asio::io_context& io() noexcept { return io_; }

    /// Runs the handlers that are ready.
    void poll();
    /// The same, where that was not done lately: costs next to nothing where it was.
    void poll_now_and_then();
    /// Runs one handler, and waits for it no longer than `longest`.
    void sleep(runstate::ns longest);
    /// The same until `deadline`, for the end of the run.
    void sleep_until(wall_clock::time_point deadline) { io_.run_one_until(deadline); }
    /// Runs what is left of cancelled operations, and so lets go of what they hold.
    void drain();

private:
    void wake_at(wall_clock::time_point when); ///< ends a sleep, to the microsecond

    boost::asio::io_context io_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
    boost::asio::steady_timer alarm_{io_};
    bool alarm_set_ = false;
    wall_clock::time_point last_look_ = wall_clock::now();
};

} // namespace vigil::qmp_bridge

#endif
