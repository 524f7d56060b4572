// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/threaded_event_loop.h>

#include <algorithm>
#include <new>
#include <utility>

#include <vigil/qmp-bridge/serve/detail/signal_free_thread.h>

namespace vigil::qmp_bridge {

using runstate::ns;

void sleeping_place::wake()
{
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        wake_ = true;
    }
    woken_.notify_one();
}

void sleeping_place::sleep_until(event_loop::wall_clock::time_point deadline)
{
    std::unique_lock<std::mutex> lock(mutex_);
    woken_.wait_until(lock, deadline, [this] { return wake_; });
    wake_ = false;
}

threaded_event_loop::threaded_event_loop(std::function<void()> rung)
    : rung_(std::move(rung)), handlers_([this] {
          place_->wake();
          rung_();
      })
{
}

threaded_event_loop::~threaded_event_loop() { stop(); }

void threaded_event_loop::start()
{
    if (!thread_.joinable()) thread_ = signal_free_thread([this] { wait_for_events(); });
}

void threaded_event_loop::stop()
{
    if (!thread_.joinable()) return;
    io_.stop();
    thread_.join();
    io_.restart();
}

void threaded_event_loop::wait_for_events()
{
    for (;;) {
        try {
            io_.run();
            return;
        } catch (const std::bad_alloc&) {
            std::this_thread::sleep_for(k_starved_pause);
        }
    }
}

void threaded_event_loop::poll()
{
    start();
    handlers_.run();
    looked();
}

void threaded_event_loop::sleep(ns longest) { sleep_until(wall_clock::now() + std::min(longest, k_longest_sleep)); }

void threaded_event_loop::sleep_until(wall_clock::time_point deadline)
{
    start();
    if (handlers_.empty()) place_->sleep_until(deadline);
    poll();
}

void threaded_event_loop::drain()
{
    stop();
    do {
        io_.poll();
        handlers_.run();
    } while (!handlers_.empty());
}

} // namespace vigil::qmp_bridge
