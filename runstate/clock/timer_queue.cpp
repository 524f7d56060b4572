// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/clock/timer_queue.h>

#include <algorithm>
#include <utility>

namespace vigil::runstate {

timer_queue::handle timer_queue::add(std::function<void()> on_expiry)
{
    handle timer = 0;
    if (unused_.empty()) {
        timer = static_cast<handle>(entries_.size());
        entries_.emplace_back();
        expiries_.emplace_back();
    } else {
        timer = unused_.back();
        unused_.pop_back();
    }
    heap_.reserve(entries_.capacity()); // so that arming never allocates
    unused_.reserve(entries_.capacity());
    entries_[timer].used = true;
    expiries_[timer] = std::move(on_expiry);
    return timer;
}

void timer_queue::remove(handle timer)
{
    entry& e = entries_[timer];
    if (!e.used) return;
    if (e.place != k_out) take_out(e.place);
    e = entry{};
    expiries_[timer] = nullptr;
    unused_.push_back(timer);
}

ns timer_queue::next_deadline()
{
    settle_top();
    return heap_.empty() ? k_never : heap_.front().deadline;
}

std::optional<timer_queue::due_timer> timer_queue::take_due(ns now)
{
    const ns due = next_deadline();
    if (due == k_never || due > now) return std::nullopt;
    const handle timer = heap_.front().timer;
    take_out(0);
    entries_[timer].deadline = k_never;
    return due_timer{due, expiries_[timer]};
}

void timer_queue::lift(handle timer)
{
    const entry& e = entries_[timer];
    const key k{e.deadline, e.arming, timer};
    if (e.place == k_out) {
        heap_.push_back(k);
        sift_up(heap_.size() - 1, k);
    } else {
        sift_up(e.place, k);
    }
}

void timer_queue::put(std::size_t place, const key& k) noexcept
{
    heap_[place] = k;
    entry& e = entries_[k.timer];
    e.place = static_cast<std::uint32_t>(place);
    e.queued = k.deadline;
}

void timer_queue::sift_up(std::size_t place, key k) noexcept
{
    while (place > 0) {
        const std::size_t parent = (place - 1) / k_children;
        if (!k.before(heap_[parent])) break;
        put(place, heap_[parent]);
        place = parent;
    }
    put(place, k);
}

void timer_queue::sift_down(std::size_t place, key k) noexcept
{
    for (;;) {
        const std::size_t eldest = place * k_children + 1;
        const std::size_t end = std::min(eldest + k_children, heap_.size());
        if (eldest >= end) break;
        std::size_t first = eldest;
        for (std::size_t child = eldest + 1; child < end; ++child) {
            if (heap_[child].before(heap_[first])) first = child;
        }
        if (!heap_[first].before(k)) break;
        put(place, heap_[first]);
        place = first;
    }
    put(place, k);
}

void timer_queue::take_out(std::size_t place) noexcept
{
    entry& e = entries_[heap_[place].timer];
    e.place = k_out;
    e.queued = k_never;
    const key last = heap_.back();
    heap_.pop_back();
    if (place == heap_.size()) return;
    if (place > 0 && last.before(heap_[(place - 1) / k_children])) {
        sift_up(place, last);
    } else {
        sift_down(place, last);
    }
}

void timer_queue::settle_top()
{
    while (!heap_.empty()) {
        const key top = heap_.front();
        const entry& e = entries_[top.timer];
        if (e.deadline == k_never) {
            take_out(0);
        } else if (e.arming != top.arming) {
            sift_down(0, key{e.deadline, e.arming, top.timer});
        } else {
            return;
        }
    }
}

} // namespace vigil::runstate
