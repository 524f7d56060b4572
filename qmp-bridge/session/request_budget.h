// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SESSION_REQUEST_BUDGET_H
#define VIGIL_QMP_BRIDGE_SESSION_REQUEST_BUDGET_H

#include <algorithm>
#include <cstddef>

namespace vigil::qmp_bridge {

/// How much memory the requests that are not yet executed may hold, those of all clients together: one client's largest
/// request fits, a crowd of them does not.
class request_budget {
public:
    /// Two of the longest lines that qtest serves, or four of the longest values of QMP.
    static constexpr std::size_t k_most = 256U * 1024 * 1024;

    explicit request_budget(std::size_t most = k_most) noexcept : most_(most) {}
    request_budget(const request_budget&) = delete;
    request_budget& operator=(const request_budget&) = delete;

    std::size_t most() const noexcept { return most_; }
    std::size_t used() const noexcept { return used_; }

private:
    friend class request_share;

    std::size_t most_;
    std::size_t used_ = 0;
};

/// One client's share of a budget; given back at its end.
class request_share {
public:
    /// What every client may hold beside the budget, so that nobody can use up the room for short requests.
    static constexpr std::size_t k_free = 64 * 1024UL;

    request_share() = default;
    ~request_share() { hold(0); }
    request_share(const request_share&) = delete;
    request_share& operator=(const request_share&) = delete;

    /// To be said before the client sends anything; without it there is no limit. `budget` must outlive the share.
    void draw_on(request_budget& budget) noexcept { budget_ = &budget; }

    /// Takes note that the client's requests now hold `bytes`; returns whether the budget has room for them.
    bool hold(std::size_t bytes) noexcept
    {
        if (budget_ == nullptr) return true;
        const std::size_t counted = std::max(bytes, k_free) - k_free;
        const bool grows = counted > counted_;
        budget_->used_ = budget_->used_ - counted_ + counted;
        counted_ = counted;
        return !grows || budget_->used_ <= budget_->most_;
    }

private:
    request_budget* budget_ = nullptr;
    std::size_t counted_ = 0;
};

} // namespace vigil::qmp_bridge

#endif
