// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_CLOCK_VM_CLOCK_H
#define VIGIL_RUNSTATE_CLOCK_VM_CLOCK_H

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include <systemc>

#include <vigil/runstate/clock/local_time.h>
#include <vigil/runstate/clock/time.h>
#include <vigil/runstate/clock/timer_queue.h>

namespace vigil::runstate {

/// The guest's virtual time: it advances with simulated time while the machine runs and stands still while it does
/// not. Every timer of the machine hangs on it, so that no watchdog barks because the machine was paused.
///
/// All timers share one kernel event. Moving a deadline later touches neither the kernel nor the order of the timers;
/// the event is renotified only for a deadline nearer than the pending notification. Since SystemC keeps the dead entry
/// of a cancelled notification until its time has come, notifications are placed at most `reach_` ahead; `reach_`
/// shrinks to the distance that cut one off and doubles with every notification that came true, which bounds the dead
/// entries by a small constant for any mix of near and far deadlines. A stop leaves the pending notification where it
/// is: it serves again after the next start, or comes to nothing.
///
/// Works at any SystemC time resolution of 1 ns or finer.
class vm_clock : public sc_core::sc_module {
public:
    /// A clock at 0 ns, standing still. Reports the error /vigil/runstate/resolution where the SystemC time
    /// resolution is coarser than 1 ns.
    explicit vm_clock(const sc_core::sc_module_name& name);
    ~vm_clock() override;

    /// Virtual time now; within an access, or a timer that one has run early, at its local time.
    ns now() const noexcept { return now_ahead(local_time::ticks_ahead()); }

    /// Virtual time at the moment that a `b_transport` with this delay annotation stands for.
    ns now(const sc_core::sc_time& delay) const noexcept { return now_ahead(delay.value()); }

    bool running() const noexcept { return running_; }

    /// Lets virtual time run; nothing where it does already. Overdue timers run as soon as the kernel gets to it, or
    /// at once by `run_due()`.
    void start();

    /// Freezes virtual time; nothing where it stands already.
    void stop();

    /// While stopped: moves the number by `distance` (not negative) without running a timer, as the test clock does
    /// (`clock_step` while the machine is not running). Held at the end of the range.
    void skip(ns distance);

    /// While running: moves virtual time on by `distance` (not negative) although no simulated time passes, for where
    /// the kernel has none left. Timers that fall due run as after `start()`. Held at the end of the range.
    void leap(ns distance);

    /// While stopped: continues from `at`, before or after the present, with no part of a nanosecond gone. Runs no
    /// timer; whoever restores a machine arms its timers anew.
    void restore(ns at);

    /// The earliest deadline of all timers, `k_never` where none is armed.
    ns next_deadline() { return share_->timers.next_deadline(); }

    /// Runs the timers due now, in (deadline, arming) order; returns whether any ran. Nothing while stopped. Within an
    /// access those due by its local time run, each at the local time of its deadline.
    bool run_due();

    /// Whether `run_due` may find one now, for whoever asks at each access: no timer of a running clock is due before
    /// the pending notification.
    bool may_be_due() const noexcept { return kernel_ticks() + local_time::ticks_ahead() >= pending_ticks_; }

    /// Simulated time from `sc_time_stamp()` until virtual time reaches `deadline`, were it to run on; zero where it
    /// has. Held at the end of the kernel's range, of which not so much need be left (`kernel_time_left`).
    sc_core::sc_time time_until(ns deadline) const;

private:
    friend class vm_timer;

    ns now_ahead(sc_dt::uint64 ticks) const noexcept
    {
        return running_ ? virtual_at(kernel_ticks(), ticks) : stopped_at_;
    }
    sc_dt::uint64 kernel_ticks() const noexcept { return kernel_time_.value(); }
    ns kernel_now() const noexcept { return now_ahead(0); } ///< whatever is carried out ahead of the kernel

    // Virtual time so many ticks after a kernel time that is not before the anchor.
    ns virtual_at(sc_dt::uint64 ticks, sc_dt::uint64 later = 0) const noexcept
    {
        const sc_dt::uint64 passed = ticks - anchor_ticks_;
        const sc_dt::uint64 all = later > ~passed ? ~sc_dt::uint64(0) : passed + later;
        return saturating_add(anchor_, from_ticks(all, ticks_per_ns_));
    }

    /// What the timers still need where they outlive their clock: that nothing comes of them any more.
    struct share {
        timer_queue timers;
        ns notified_for = k_never; ///< when the pending notification comes; k_never where virtual time stands
        vm_clock* clock;           ///< only where a deadline is before `notified_for`, which is none once it has gone
    };

    static constexpr sc_dt::uint64 k_not_pending = ~sc_dt::uint64(0);

    void expect_pending();     ///< takes note of the virtual time at which the pending notification comes
    void place_notification(); ///< sees to it that the kernel event comes no later than the next deadline
    void on_wakeup();          ///< the kernel event came

    const std::shared_ptr<share> share_;
    const sc_core::sc_time& kernel_time_; ///< what sc_time_stamp() refers to, which is the kernel's own
    sc_core::sc_event wakeup_;
    sc_dt::uint64 ticks_per_ns_ = 1;
    bool running_ = false;
    ns stopped_at_{0};                            ///< the time while stopped
    ns anchor_{0};                                ///< virtual time at anchor_ticks_, while running
    sc_dt::uint64 anchor_ticks_ = 0;              ///< kernel time at which virtual time was anchor_
    sc_dt::uint64 odd_ticks_ = 0;                 ///< the part of a nanosecond that had passed when the clock stopped
    sc_dt::uint64 pending_ticks_ = k_not_pending; ///< kernel time of the pending notification, stopped or not
    ns reach_;                                    ///< how far ahead the next notification may be placed
    bool placing_ = false;                        ///< due timers are being run: place the notification afterwards
};

/// One timer on a `vm_clock`. Disarmed at first; arming it again replaces the deadline. It may outlive its clock, and
/// then never expires.
class vm_timer {
public:
    /// `on_expiry` runs when virtual time reaches the deadline, never from inside `arm`.
    vm_timer(vm_clock& clock, std::function<void()> on_expiry)
        : clock_(clock.share_), handle_(clock_->timers.add(std::move(on_expiry)))
    {
    }
    ~vm_timer() { clock_->timers.remove(handle_); }
    vm_timer(const vm_timer&) = delete;
    vm_timer& operator=(const vm_timer&) = delete;

    /// Arms for the absolute virtual time `deadline`; one that has passed runs as soon as the kernel gets to it.
    void arm(ns deadline)
    {
        clock_->timers.arm(handle_, deadline);
        if (deadline < clock_->notified_for) clock_->clock->place_notification();
    }
    void cancel() noexcept { clock_->timers.cancel(handle_); }
    bool armed() const noexcept { return deadline() != k_never; }
    /// The absolute virtual time it is armed for; `k_never` while disarmed.
    ns deadline() const noexcept { return clock_->timers.deadline(handle_); }
    /// What is left until the deadline, not below zero; `k_never` while disarmed.
    ns remaining() const noexcept;

private:
    std::shared_ptr<vm_clock::share> clock_;
    timer_queue::handle handle_;
};

} // namespace vigil::runstate

#endif
