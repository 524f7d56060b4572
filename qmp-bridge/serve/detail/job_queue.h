// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_JOB_QUEUE_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_JOB_QUEUE_H

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

namespace vigil::qmp_bridge {

/// What is to be done soon, in the order in which it came, and one job that overtakes all of it.
class job_queue {
public:
    using job = std::function<void()>;

    void post(job one) { jobs_.push_back(std::move(one)); }
    /// Has `one` done first of all, where no other job overtakes already, and makes what is under way end early.
    void interrupt(job one) noexcept
    {
        if (!urgent_) urgent_ = std::move(one);
        interrupted_ = true;
    }

    bool has_jobs() const noexcept { return !jobs_.empty(); }
    bool has_urgent() const noexcept { return static_cast<bool>(urgent_); }
    std::size_t size() const noexcept { return jobs_.size(); }
    /// The oldest job, taken out; there must be one.
    job take()
    {
        job one = std::move(jobs_.front());
        jobs_.pop_front();
        return one;
    }
    /// The job that overtakes, taken out; empty where there is none.
    job take_urgent() noexcept { return std::exchange(urgent_, nullptr); }
    void clear() noexcept { jobs_.clear(); }

    /// Whether what is under way is to end early.
    bool interrupted() const noexcept { return interrupted_; }
    void set_interrupted(bool yes) noexcept { interrupted_ = yes; }

private:
    job urgent_;
    std::deque<job> jobs_;
    bool interrupted_ = false;
};

} // namespace vigil::qmp_bridge

#endif
