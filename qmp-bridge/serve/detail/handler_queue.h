// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_HANDLER_QUEUE_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_HANDLER_QUEUE_H

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>

namespace vigil::qmp_bridge {

/// Handlers on their way from the thread that waits for the operating system to the kernel's thread, which runs them.
class handler_queue {
public:
    /// `filled` is called, from whatever thread, when a handler comes where there was none.
    explicit handler_queue(std::function<void()> filled) : filled_(std::move(filled)) {}

    /// From any thread.
    template <class Handler> void push(Handler&& handler)
    {
        auto one = std::make_unique<task_of<std::decay_t<Handler>>>(std::forward<Handler>(handler));
        bool first = false;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            first = tasks_.empty();
            tasks_.push_back(std::move(one));
        }
        if (first) filled_();
    }
    bool empty() const
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        return tasks_.empty();
    }
    /// Runs the handlers that are there, in the order in which they came; those that they push wait.
    void run()
    {
        for (std::size_t count = size(); count > 0; --count) {
            const std::unique_ptr<task> one = take();
            if (one == nullptr) return;
            one->run();
        }
    }

private:
    struct task {
        virtual ~task() = default;
        virtual void run() = 0;
    };
    template <class Handler> struct task_of final : task { // std::function wants copies
        explicit task_of(Handler its) : handler(std::move(its)) {}
        void run() override { std::move(handler)(); }
        Handler handler;
    };

    std::size_t size() const
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        return tasks_.size();
    }
    std::unique_ptr<task> take()
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (tasks_.empty()) return nullptr;
        std::unique_ptr<task> one = std::move(tasks_.front());
        tasks_.pop_front();
        return one;
    }

    const std::function<void()> filled_;
    mutable std::mutex mutex_;
    std::deque<std::unique_ptr<task>> tasks_;
};

/// Asio's executor onto such a queue: sockets and timers made with it wait in `context`, and their handlers run in the
/// kernel's thread.
class handler_queue_executor {
public:
    handler_queue_executor(boost::asio::execution_context& context, handler_queue& queue) noexcept
        : context_(&context), queue_(&queue)
    {
    }

    boost::asio::execution_context& query(boost::asio::execution::context_t /*property*/) const noexcept
    {
        return *context_;
    }
    static constexpr boost::asio::execution::blocking_t::never_t
    query(boost::asio::execution::blocking_t /*property*/) noexcept
    {
        return {};
    }
    template <class Handler> void execute(Handler&& handler) const { queue_->push(std::forward<Handler>(handler)); }

    bool operator==(const handler_queue_executor& other) const noexcept
    {
        return context_ == other.context_ && queue_ == other.queue_;
    }
    bool operator!=(const handler_queue_executor& other) const noexcept { return !(*this == other); }

private:
    boost::asio::execution_context* context_;
    handler_queue* queue_;
};

} // namespace vigil::qmp_bridge

#endif
