// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/clock/vm_clock.h>

#include <algorithm>
#include <new>
#include <utility>

#include <vigil/runstate/clock/kernel_time.h>

namespace vigil::runstate {

namespace {

// How far ahead a first notification may be placed, and the least that `reach_` shrinks to.
constexpr ns k_first_reach = std::chrono::milliseconds(10);
constexpr ns k_least_reach = ns(16);
// Beyond this, doubling has no further use.
constexpr ns k_longest_reach = std::chrono::hours(24 * 365);
// How much further than the distance that cut it off the next notification may be placed.
constexpr int k_reach_per_cut = 16;

// Sets a flag for its own lifetime.
class restored_at_end {
public:
    restored_at_end(bool& flag, bool value) noexcept : flag_(flag), before_(std::exchange(flag, value)) {}
    ~restored_at_end() { flag_ = before_; }
    restored_at_end(const restored_at_end&) = delete;
    restored_at_end& operator=(const restored_at_end&) = delete;

private:
    bool& flag_;
    bool before_;
};

sc_dt::uint64 checked_ticks_per_ns()
{
    if (sc_core::sc_time(1, sc_core::SC_NS) < sc_core::sc_get_time_resolution()) {
        SC_REPORT_ERROR("/vigil/runstate/resolution",
                        "the SystemC time resolution is coarser than 1 ns; call sc_set_time_resolution(1, SC_NS) or "
                        "leave the default of 1 ps");
    }
    return kernel_ticks_per_ns();
}

} // namespace

vm_clock::vm_clock(const sc_core::sc_module_name& name)
    : sc_module(name), share_(std::make_shared<share>(share{{}, k_never, this})),
      kernel_time_(sc_core::sc_time_stamp()), ticks_per_ns_(checked_ticks_per_ns()), reach_(k_first_reach)
{
    SC_HAS_PROCESS(vm_clock);
    SC_METHOD(on_wakeup);
    sensitive << wakeup_;
    dont_initialize();
}

vm_clock::~vm_clock() { share_->notified_for = ns::min(); }

void vm_clock::start()
{
    if (running_) return;
    running_ = true;
    anchor_ = stopped_at_;
    anchor_ticks_ = kernel_ticks() - odd_ticks_;
    expect_pending();
    place_notification();
}

void vm_clock::stop()
{
    if (!running_) return;
    const sc_dt::uint64 passed = kernel_ticks() - anchor_ticks_;
    stopped_at_ = kernel_now();
    odd_ticks_ = passed % ticks_per_ns_;
    running_ = false;
    // A pending notification stays, to serve again or come to nothing: cancelling would leave its dead entry behind
    // at each of any number of stops.
    share_->notified_for = k_never;
}

void vm_clock::skip(ns distance)
{
    if (running_ || distance <= ns(0)) return;
    stopped_at_ = saturating_add(stopped_at_, distance);
}

void vm_clock::leap(ns distance)
{
    if (!running_ || distance <= ns(0)) return;
    anchor_ = saturating_add(anchor_, distance);
    expect_pending();
    place_notification();
}

void vm_clock::restore(ns at)
{
    if (running_) return;
    stopped_at_ = at;
    odd_ticks_ = 0;
}

bool vm_clock::run_due()
{
    if (!running_ || share_->timers.next_deadline() > now()) return false;
    const bool outermost = !placing_;
    bool any = false;
    {
        const restored_at_end placing(placing_, true); // whatever a timer throws
        while (running_) {
            const auto due = share_->timers.take_due(now());
            if (!due) break;
            any = true;
            const local_time at(time_until(due->deadline));
            due->on_expiry();
        }
    }
    if (outermost) place_notification();
    return any;
}

sc_core::sc_time vm_clock::time_until(ns deadline) const
{
    const ns at = kernel_now();
    if (deadline <= at) return sc_core::SC_ZERO_TIME;
    const sc_dt::uint64 passed = running_ ? (kernel_ticks() - anchor_ticks_) % ticks_per_ns_ : odd_ticks_;
    return sc_core::sc_time::from_value(to_ticks(saturating_sub(deadline, at), ticks_per_ns_) - passed);
}

void vm_clock::expect_pending()
{
    if (pending_ticks_ == k_not_pending) return;
    share_->notified_for = virtual_at(pending_ticks_, ticks_per_ns_ - 1); // the first whole nanosecond not before it
}

void vm_clock::place_notification()
{
    if (!running_ || placing_) return;
    const ns next = share_->timers.next_deadline();
    if (next == k_never || next >= share_->notified_for) return;
    const ns at = kernel_now();
    if (share_->notified_for <= at) return; // it is about to come
    const ns distance = std::max(saturating_sub(next, at), ns(0));
    if (share_->notified_for != k_never) {
        // A pending notification is cut off, and its dead entry stays in the kernel until its time.
        reach_ = std::clamp(std::min(distance, k_longest_reach) * k_reach_per_cut, k_least_reach, reach_);
    }
    const ns target = at + std::min(distance, reach_);
    const sc_core::sc_time delay = time_until(target);
    if (delay > kernel_time_left()) return; // only a leap gets there
    share_->notified_for = k_never;
    pending_ticks_ = k_not_pending;
    wakeup_.cancel();
    wakeup_.notify(delay); // for which memory may run out
    share_->notified_for = target;
    pending_ticks_ = kernel_ticks() + delay.value();
}

void vm_clock::on_wakeup()
{
    pending_ticks_ = k_not_pending;
    if (!running_) return;
    share_->notified_for = k_never;
    reach_ = std::min(reach_ * 2, k_longest_reach);
    // Out of memory, a timer has come to nothing; the others go on.
    for (int attempt = 0; attempt < 2; ++attempt) {
        try {
            if (!run_due()) place_notification();
            return;
        } catch (const std::bad_alloc&) {
            share_->notified_for = k_never;
        }
    }
}

ns vm_timer::remaining() const noexcept
{
    const ns due = deadline();
    if (due == k_never || clock_->notified_for == ns::min()) return k_never;
    const ns at = clock_->clock->now();
    return due > at ? due - at : ns(0);
}

} // namespace vigil::runstate
