// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_EVENT_LOOP_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_EVENT_LOOP_H

#include <chrono>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <vigil/runstate/clock/time.h>

namespace vigil::qmp_bridge {

/// The Asio event loop of one pump, looked at between other things or slept in. All handlers run in the kernel's
/// thread, from within these functions. Times are of the wall clock.
class event_loop {
public:
    using wall_clock = std::chrono::steady_clock;

    /// As the longest sleep: nothing but a handler ends it.
    static constexpr runstate::ns k_until_woken = runstate::ns::max();

    /// How long nothing is waited for where memory has run out.
    static constexpr std::chrono::milliseconds k_starved_pause{1};

    virtual ~event_loop() = default;

    /// For sockets and timers to be made with.
    virtual boost::asio::any_io_executor executor() = 0;
    /// Runs the handlers that are ready.
    virtual void poll() = 0;
    /// The same, where that was not done lately: costs next to nothing where it was.
    void poll_now_and_then();
    /// Runs what is ready, and waits for it no longer than `longest`.
    virtual void sleep(runstate::ns longest) = 0;
    /// The same until `deadline`, for the end of the run.
    virtual void sleep_until(wall_clock::time_point deadline) = 0;
    /// Runs what is left of cancelled operations, and so lets go of what they hold.
    virtual void drain() = 0;

protected:
    /// The longest of sleeps, which a clock can count.
    static constexpr runstate::ns k_longest_sleep = std::chrono::hours(1);

    void looked() noexcept { last_look_ = wall_clock::now(); } ///< at the handlers

private:
    wall_clock::time_point last_look_ = wall_clock::now();
};

/// The loop that the kernel's own thread waits in: nobody else is woken for a client.
class kernel_event_loop final : public event_loop {
public:
    boost::asio::any_io_executor executor() override { return io_.get_executor(); }
    void poll() override;
    void sleep(runstate::ns longest) override;
    void sleep_until(wall_clock::time_point deadline) override { io_.run_one_until(deadline); }
    void drain() override;

private:
    void wake_at(wall_clock::time_point when); ///< ends a sleep, to the microsecond

    /// Other threads only post to it.
    boost::asio::io_context io_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
    boost::asio::steady_timer alarm_{io_};
    bool alarm_set_ = false;
    bool alarm_replaced_ = false; ///< the handler that ran was that of an earlier alarm
};

} // namespace vigil::qmp_bridge

#endif
