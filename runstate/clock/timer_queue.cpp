// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/clock/timer_queue.h>

#include <utility>

namespace vigil::runstate {

timer_queue::handle timer_queue::add(std::function<void()> on_expiry)
{
    handle timer = 0;
    if (unused_.empty()) {
        timer = static_cast<handle>(entries_.size());
        entries_.emplace_back();
    } else {
        timer = unused_.back();
        unused_.pop_back();
    }
    entries_[timer] = entry{};
    heap_.reserve(entries_.capacity()); // so that arming never allocates
    unused_.reserve(entries_.capacity());
    entries_[timer].used = true;
    entries_[timer].on_expiry = std::move(on_expiry);
    return timer;
}

void timer_queue::remove(handle timer)
{
    entry& e = entries_[timer];
    if (!e.used) return;
    if (e.place != k_out) take_out(e.place);
    entries_[timer] = entry{};
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
    entry& e = entries_[heap_.front().timer];
    take_out(0);
    e.deadline = k_never;
    return due_timer{due, e.on_expiry};
}

void timer_queue::lift(handle timer)
{
    entry& e = entries_[timer];
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
    entries_[k.timer].place = static_cast<std::uint32_t>(place);
}

void timer_queue::sift_up(std::size_t place, key k) noexcept
{
    while (place > 0) {
        const std::size_t parent = (place - 1) / 2;
        if (!k.before(heap_[parent])) break;
        put(place, heap_[parent]);
        place = parent;
    }
    put(place, k);
}

void timer_queue::sift_down(std::size_t place, key k) noexcept
{
    for (;;) {
        std::size_t child = place * 2 + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
        if (!heap_[child].before(k)) break;
        put(place, heap_[child]);
        place = child;
    }
    put(place, k);
}

void timer_queue::take_out(std::size_t place) noexcept
{
    entries_[heap_[place].timer].place = k_out;
    const key last = heap_.back();
    heap_.pop_back();
    if (place == heap_.size()) return;
    if (place > 0 && last.before(heap_[(place - 1) / 2])) {
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
