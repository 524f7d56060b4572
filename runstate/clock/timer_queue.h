// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_CLOCK_TIMER_QUEUE_H
#define VIGIL_RUNSTATE_CLOCK_TIMER_QUEUE_H

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <vigil/runstate/clock/time.h>

namespace vigil::runstate {

/// All timers of one clock, in one indexed heap of (deadline, arming number). No kernel, no clock: the caller says
/// what time it is.
///
/// Moving a deadline later, and disarming, only store: the heap keeps the older, earlier key as a lower bound and is
/// put right when that key reaches the top. A kicked watchdog therefore costs two stores per kick.
class timer_queue {
public:
    using handle = std::uint32_t;

    /// Adds a disarmed timer. `on_expiry` is called by whoever takes it when it is due; it may arm, cancel, add and
    /// remove any timer.
    handle add(std::function<void()> on_expiry);

    /// Removes a timer; its handle may be given out again.
    void remove(handle timer);

    /// Arms the timer for `deadline`, replacing an earlier one. Among equal deadlines, the one armed first runs first.
    void arm(handle timer, ns deadline)
    {
        entry& e = entries_[timer];
        e.deadline = deadline;
        e.arming = ++armings_;
        if (deadline < e.queued) lift(timer);
    }

    /// Disarms the timer.
    void cancel(handle timer) noexcept { entries_[timer].deadline = k_never; }

    /// The timer's deadline; `k_never` while disarmed.
    ns deadline(handle timer) const noexcept { return entries_[timer].deadline; }

    /// The earliest deadline of all; `k_never` where none is armed.
    ns next_deadline();

    /// A timer whose time has come, disarmed by now.
    struct due_timer {
        ns deadline;
        std::function<void()> on_expiry; ///< a copy: running it may remove the timer
    };
    /// The first timer due at `now`, in (deadline, arming) order; nothing where none is.
    std::optional<due_timer> take_due(ns now);

private:
    static constexpr std::uint32_t k_out = UINT32_MAX;

    /// All that a kick looks at, in half a cache line.
    struct alignas(32) entry {
        ns deadline = k_never;
        std::uint64_t arming = 0;
        ns queued = k_never;         ///< the deadline of its key in the heap; k_never: it has none there
        std::uint32_t place = k_out; ///< where in the heap
        bool used = false;
    };

    struct key {
        ns deadline;
        std::uint64_t arming;
        handle timer;
        bool before(const key& other) const noexcept
        {
            return deadline != other.deadline ? deadline < other.deadline : arming < other.arming;
        }
    };

    void lift(handle timer);                            ///< puts the entry's own key into the heap, upwards
    void put(std::size_t place, const key& k) noexcept; ///< stores a key, and where it is in its entry
    void sift_up(std::size_t place, key k) noexcept;    ///< moves a key up to where it belongs
    void sift_down(std::size_t place, key k) noexcept;  ///< moves a key down to where it belongs
    void take_out(std::size_t place) noexcept;          ///< removes a key from the heap
    void settle_top();                                  ///< makes the top key a true one, or the heap empty

    static constexpr std::size_t k_children = 8; ///< of a place in the heap: a third of the levels that two make

    std::vector<entry> entries_;
    std::vector<std::function<void()>> expiries_; ///< what each calls
    std::vector<handle> unused_;
    std::vector<key> heap_;
    std::uint64_t armings_ = 0;
};

} // namespace vigil::runstate

#endif
