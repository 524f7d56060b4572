// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_THREADED_EVENT_LOOP_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_THREADED_EVENT_LOOP_H

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include <vigil/qmp-bridge/serve/detail/event_loop.h>
#include <vigil/qmp-bridge/serve/detail/handler_queue.h>

namespace vigil::qmp_bridge {

/// Where the kernel's thread sleeps until any of several event loops has something for it.
class sleeping_place {
public:
    /// Ends the sleep, or the next one at once; from any thread.
    void wake();
    /// Until woken, or `deadline`.
    void sleep_until(event_loop::wall_clock::time_point deadline);

private:
    std::mutex mutex_;
    std::condition_variable woken_;
    bool wake_ = false;
};

/// A loop whose waiting is done by a thread of its own, so that the kernel's thread may go on simulating, and costs
/// nothing while nobody speaks. That thread only waits: handlers run in the kernel's.
class threaded_event_loop final : public event_loop {
public:
    /// `rung` is called from that thread when there is something to run.
    explicit threaded_event_loop(std::function<void()> rung);
    ~threaded_event_loop() override;

    boost::asio::any_io_executor executor() override { return handler_queue_executor(io_, handlers_); }
    void poll() override;
    void sleep(runstate::ns longest) override;
    void sleep_until(wall_clock::time_point deadline) override;
    void drain() override;

    /// The sleep of this loop and of `other` are one: whoever sleeps in either is woken for both. Before anybody waits.
    void sleep_with(threaded_event_loop& other) { place_ = other.place_; }

private:
    void start(); ///< the thread, where it does not run
    void stop();
    void wait_for_events();

    const std::function<void()> rung_;
    std::shared_ptr<sleeping_place> place_ = std::make_shared<sleeping_place>();
    handler_queue handlers_;
    boost::asio::io_context io_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
    std::thread thread_;
};

} // namespace vigil::qmp_bridge

#endif
