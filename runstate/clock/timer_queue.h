// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_CLOCK_TIMER_QUEUE_H
#define VIGIL_RUNSTATE_CLOCK_TIMER_QUEUE_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <vigil/runstate/clock/time.h>

namespace vigil::runstate {

/// All timers of one clock, ordered by (deadline, arming number). No kernel, no clock: the caller says what time it is.
///
/// Moving a deadline later, and disarming, only store: the older, earlier key stays where it is as a lower bound, and
/// is put right when it comes up. A kicked watchdog therefore costs two stores per kick.
///
/// Timers of one length come in the order of their deadlines: such keys are linked in lanes, at whose ends they come
/// and go. Only what fits the end of no lane goes into a heap.
class timer_queue {
public:
    using handle = std::uint32_t;

    /// Adds a disarmed timer. `on_expiry` is called by whoever takes it when it is due; it may arm, cancel, add and
    /// remove any timer.
    handle add(std::function<void()> on_expiry);

    /// Removes a timer; its handle may be given out again.
    void remove(handle timer) noexcept;

    /// Arms the timer for `deadline`, replacing an earlier one. Among equal deadlines, the one armed first runs first.
    void arm(handle timer, ns deadline) noexcept
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
    ns next_deadline() noexcept;

    /// A timer whose time has come, disarmed by now.
    struct due_timer {
        ns deadline;
        std::function<void()> on_expiry; ///< a copy: running it may remove the timer
    };
    /// The first timer due at `now`, in (deadline, arming) order; nothing where none is.
    std::optional<due_timer> take_due(ns now);

private:
    static constexpr handle k_none = UINT32_MAX;
    static constexpr std::size_t k_lanes = 4;    ///< more than the lengths of timers that most platforms have
    static constexpr std::size_t k_children = 8; ///< of a place in the heap: a third of the levels that two make

    /// Where a timer's key is.
    enum class home : std::uint8_t { nowhere, heap, lane };

    /// All that a kick looks at, in half a cache line.
    struct alignas(32) entry {
        ns deadline = k_never;
        std::uint64_t arming = 0;
        ns queued = k_never;     ///< the deadline of its key; k_never: it has none
        std::uint32_t place = 0; ///< of its key: in the heap, or which lane
        home at = home::nowhere;
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

    /// Of a key in a lane, beside the entry.
    struct link {
        std::uint64_t arming = 0;
        handle before = k_none;
        handle after = k_none;
    };
    struct lane {
        handle first = k_none;
        handle last = k_none;
    };

    key own_key(handle timer) const noexcept; ///< what its key is to be
    key lane_key(handle timer) const noexcept { return {entries_[timer].queued, links_[timer].arming, timer}; }

    void lift(handle timer) noexcept;     ///< moves its key forward to its own deadline
    void insert(const key& k) noexcept;   ///< of a timer that has none
    bool append(const key& k) noexcept;   ///< to a lane, where one takes it
    void take_out(handle timer) noexcept; ///< takes its key from where it is
    void take_from_lane(handle timer) noexcept;
    void take_from_heap(std::size_t place) noexcept;
    key first() const noexcept;   ///< of all keys; its timer is k_none where there is none
    key settled_first() noexcept; ///< the same once it is no lower bound but a true one

    void put(std::size_t place, const key& k) noexcept; ///< stores a key, and where it is in its entry
    void sift_up(std::size_t place, key k) noexcept;    ///< moves a key up to where it belongs
    void sift_down(std::size_t place, key k) noexcept;  ///< moves a key down to where it belongs

    std::vector<entry> entries_;
    std::vector<link> links_;                     ///< of each that is in a lane
    std::vector<std::function<void()>> expiries_; ///< what each calls
    std::vector<handle> unused_;
    std::array<lane, k_lanes> lanes_;
    std::vector<key> heap_;
    std::uint64_t armings_ = 0;
};

} // namespace vigil::runstate

#endif
