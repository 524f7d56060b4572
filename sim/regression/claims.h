// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REGRESSION_CLAIMS_H
#define VIGIL_SIM_REGRESSION_CLAIMS_H

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace vigil::sim {

/// Who runs which of so many scenarios, in memory that a process shares with all that it forks afterwards.
class claims {
public:
    /// None is taken. Throws std::bad_alloc where there is no memory.
    explicit claims(std::size_t count);
    ~claims();
    claims(const claims&) = delete;
    claims& operator=(const claims&) = delete;

    /// Takes it, where nobody has.
    bool take(std::size_t which) noexcept { return change(which, state::free, state::taken); }
    /// Leaves it to a process that is fresh.
    void leave_to_fresh(std::size_t which) noexcept { of(which).store(state::left); }
    /// Takes it for a process that is fresh: where nobody has, or it was left to such a one.
    bool take_for_fresh(std::size_t which) noexcept { return take(which) || change(which, state::left, state::taken); }

private:
    enum class state : std::uint8_t { free, taken, left };
    static_assert(std::atomic<state>::is_always_lock_free);

    std::atomic<state>& of(std::size_t which) const noexcept { return states_[which]; }
    bool change(std::size_t which, state from, state to) noexcept
    {
        return of(which).compare_exchange_strong(from, to);
    }

    const std::size_t bytes_;
    std::atomic<state>* states_;
};

} // namespace vigil::sim

#endif
