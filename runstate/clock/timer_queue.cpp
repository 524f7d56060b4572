// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/clock/timer_queue.h>

#include <algorithm>
#include <utility>

namespace vigil::runstate {

namespace {

/// Makes room for so many elements, as a vector that grows by one does.
template <class Vector> void make_room(Vector& elements, std::size_t count)
{
    if (elements.capacity() < count) elements.reserve(std::max(count, 2 * elements.capacity()));
}

} // namespace

timer_queue::handle timer_queue::add(std::function<void()> on_expiry)
{
    handle timer = 0;
    if (unused_.empty()) {
        const std::size_t count = entries_.size() + 1;
        make_room(entries_, count);
        make_room(links_, count);
        make_room(expiries_, count);
        make_room(heap_, count); // arming and removing never allocate
        make_room(unused_, count);
        timer = static_cast<handle>(entries_.size());
        entries_.emplace_back();
        links_.emplace_back();
        expiries_.emplace_back();
    } else {
        timer = unused_.back();
        unused_.pop_back();
    }
    entries_[timer].used = true;
    expiries_[timer] = std::move(on_expiry);
    return timer;
}

void timer_queue::remove(handle timer) noexcept
{
    entry& e = entries_[timer];
    if (!e.used) return;
    take_out(timer);
    e = entry{};
    expiries_[timer] = nullptr;
    unused_.push_back(timer);
}

ns timer_queue::next_deadline() noexcept { return settled_first().deadline; }

std::optional<timer_queue::due_timer> timer_queue::take_due(ns now)
{
    const key due = settled_first();
    if (due.timer == k_none || due.deadline > now) return std::nullopt;
    take_out(due.timer);
    entries_[due.timer].deadline = k_never;
    return due_timer{due.deadline, expiries_[due.timer]};
}

timer_queue::key timer_queue::own_key(handle timer) const noexcept
{
    return {entries_[timer].deadline, entries_[timer].arming, timer};
}

void timer_queue::lift(handle timer) noexcept
{
    const entry& e = entries_[timer];
    if (e.at == home::heap) return sift_up(e.place, own_key(timer));
    take_out(timer);
    insert(own_key(timer));
}

void timer_queue::insert(const key& k) noexcept
{
    if (append(k)) return;
    entries_[k.timer].at = home::heap;
    heap_.push_back(k);
    sift_up(heap_.size() - 1, k);
}

bool timer_queue::append(const key& k) noexcept
{
    // Of the lanes that end before it the one that ends last; an unused one only where there is none.
    lane* best = nullptr;
    key end{ns::min(), 0, k_none};
    for (lane& one : lanes_) {
        const bool unused = one.last == k_none;
        const key its_end = unused ? key{ns::min(), 0, k_none} : lane_key(one.last);
        if (k.before(its_end) || (best != nullptr && !end.before(its_end))) continue;
        best = &one;
        end = its_end;
    }
    if (best == nullptr) return false;
    links_[k.timer] = {k.arming, best->last, k_none};
    (best->last == k_none ? best->first : links_[best->last].after) = k.timer;
    best->last = k.timer;
    entry& e = entries_[k.timer];
    e.queued = k.deadline;
    e.place = static_cast<std::uint32_t>(best - lanes_.data());
    e.at = home::lane;
    return true;
}

void timer_queue::take_out(handle timer) noexcept
{
    entry& e = entries_[timer];
    if (e.at == home::lane) take_from_lane(timer);
    if (e.at == home::heap) take_from_heap(e.place);
    e.at = home::nowhere;
    e.queued = k_never;
}

void timer_queue::take_from_lane(handle timer) noexcept
{
    lane& its = lanes_[entries_[timer].place];
    const link& gone = links_[timer];
    (gone.before == k_none ? its.first : links_[gone.before].after) = gone.after;
    (gone.after == k_none ? its.last : links_[gone.after].before) = gone.before;
}

timer_queue::key timer_queue::first() const noexcept
{
    key first = heap_.empty() ? key{k_never, UINT64_MAX, k_none} : heap_.front();
    for (const lane& one : lanes_) {
        if (one.first != k_none && lane_key(one.first).before(first)) first = lane_key(one.first);
    }
    return first;
}

timer_queue::key timer_queue::settled_first() noexcept
{
    for (;;) {
        const key k = first();
        if (k.timer == k_none) return k;
        const entry& e = entries_[k.timer];
        if (e.arming == k.arming && e.deadline != k_never) return k;
        take_out(k.timer);
        if (e.deadline != k_never) insert(own_key(k.timer));
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

void timer_queue::take_from_heap(std::size_t place) noexcept
{
    const key last = heap_.back();
    heap_.pop_back();
    if (place == heap_.size()) return;
    if (place > 0 && last.before(heap_[(place - 1) / k_children])) {
        sift_up(place, last);
    } else {
        sift_down(place, last);
    }
}

} // namespace vigil::runstate
