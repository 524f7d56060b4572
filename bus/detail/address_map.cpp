// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/detail/address_map.h>

#include <algorithm>

namespace vigil::bus {

void address_map::clear() noexcept { ranges_.clear(); }

void address_map::add(const range& added)
{
    ranges_.push_back(added);
    ranges_.back().plain = dynamic_cast<plain_target*>(added.target);
    ranges_.back().forwards = dynamic_cast<forwarding_target*>(added.target);
}

void address_map::move(std::size_t index, std::uint64_t first, std::uint64_t last) noexcept
{
    ranges_[index].first = first;
    ranges_[index].last = last;
}

void address_map::build()
{
    hit_ = nullptr;
    ++version;
    segments_.clear();
    starts_.clear();
    for (const range& r : ranges_) {
        if (r.last < r.first) continue;
        starts_.push_back(r.first);
        if (r.last != ~std::uint64_t{0}) starts_.push_back(r.last + 1);
    }
    std::sort(starts_.begin(), starts_.end());
    starts_.erase(std::unique(starts_.begin(), starts_.end()), starts_.end());

    const range* before = nullptr; // the winner up to `first`
    for (std::size_t i = 0; i < starts_.size(); ++i) {
        const std::uint64_t first = starts_[i];
        const std::uint64_t last = i + 1 < starts_.size() ? starts_[i + 1] - 1 : ~std::uint64_t{0};
        const range* winner = nullptr;
        for (const range& r : ranges_) {
            if (first < r.first || first > r.last) continue;
            if (winner == nullptr || r.priority > winner->priority) winner = &r;
        }
        if (winner != nullptr && winner == before) {
            segments_.back().span = last - segments_.back().first;
        } else if (winner != nullptr) {
            segments_.push_back({first, last - first, winner->first, winner->target, winner->target, winner->target,
                                 winner->plain, winner->forwards, winner->widest});
        }
        before = winner;
    }
}

const address_map::segment* address_map::search(std::uint64_t address) noexcept
{
    auto after = std::upper_bound(segments_.begin(), segments_.end(), address,
                                  [](std::uint64_t a, const segment& s) { return a < s.first; });
    if (after == segments_.begin()) return nullptr;
    const segment& found = *--after;
    if (address - found.first > found.span) return nullptr;
    hit_ = &found;
    return hit_;
}

const address_map::segment* address_map::see_through(const segment& forwarding, std::uint64_t address)
{
    if (forwarding.widest == 0) return &forwarding;
    const std::uint64_t offset = address - forwarding.base;
    const std::optional<segment> beyond = forwarding.forwards->beyond(offset);
    if (!beyond || (forwarding.base | beyond->base) % k_widest_access != 0) return &forwarding;

    const std::uint64_t before = std::min(address - forwarding.first, offset - beyond->first);
    const std::uint64_t after =
        std::min(forwarding.span - (address - forwarding.first), beyond->span - (offset - beyond->first));
    seen_ = *beyond;
    seen_.first = address - before;
    seen_.span = before + after;
    seen_.base = forwarding.base + beyond->base;
    seen_.widest = std::min(forwarding.widest, beyond->widest);
    seen_version_ = version;
    return &seen_;
}

std::uint64_t address_map::gap(std::uint64_t address) const noexcept
{
    const auto after = std::upper_bound(segments_.begin(), segments_.end(), address,
                                        [](std::uint64_t a, const segment& s) { return a < s.first; });
    return after == segments_.end() ? 0 : after->first - address;
}

} // namespace vigil::bus
