// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_DETAIL_ADDRESS_MAP_H
#define VIGIL_BUS_DETAIL_ADDRESS_MAP_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <tlm>

#include <vigil/bus/target_socket.h>

namespace vigil::bus {

class forwarding_target;

/// Bytes of the widest access that is not cut: where two spaces differ by a multiple of it, they cut accesses alike.
inline constexpr std::uint64_t k_widest_access = 8;

/// Who answers at an address: ranges that may overlap, flattened to disjoint segments for look-up.
class address_map {
public:
    struct range {
        std::uint64_t first;
        std::uint64_t last; ///< inclusive
        tlm::tlm_fw_transport_if<>* target;
        unsigned widest = 0;
        int priority = 0;              ///< the higher one wins; among equals the one added first
        plain_target* plain = nullptr; ///< found by `add`
        forwarding_target* forwards = nullptr;
    };
    struct segment {
        std::uint64_t first;
        std::uint64_t span;                       ///< last address less the first
        std::uint64_t base;                       ///< of the whole range, from which the target counts
        tlm::tlm_blocking_transport_if<>* target; ///< the two bases are virtual: finding them costs at each access
        tlm::tlm_transport_dbg_if<>* debug_target;
        tlm::tlm_fw_transport_if<>* whole_target; ///< with the rest of its interface
        plain_target* plain;                      ///< the target where it is one; else null
        forwarding_target* forwards;              ///< the target where it is one; else null
        unsigned widest;

        /// Hands an access in the plain form on.
        void transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) const
        {
            if (plain != nullptr) {
                plain->carry_out(payload, delay);
            } else {
                target->b_transport(payload, delay);
            }
        }
    };

    void clear() noexcept;
    void add(const range& added);
    /// Moves range `index`, in the order of `add`; one whose last address is below its first is nowhere.
    void move(std::size_t index, std::uint64_t first, std::uint64_t last) noexcept;
    /// Makes the segments; before that, and until then, look-up finds what was there at the last call.
    void build();

    const std::vector<range>& ranges() const noexcept { return ranges_; }

    /// The segment at `address`, or null.
    const segment* find(std::uint64_t address) noexcept
    {
        if (hit_ != nullptr && address - hit_->first <= hit_->span) return hit_;
        return search(address);
    }
    /// The same, where a target that only hands on is passed over: the segment is of who carries out what begins there,
    /// as far as both maps have it. What is not one access to it goes by `find`.
    const segment* find_through(std::uint64_t address)
    {
        if (seen_version_ == version && address - seen_.first <= seen_.span) return &seen_;
        const segment* const found = find(address);
        return found == nullptr || found->forwards == nullptr ? found : see_through(*found, address);
    }
    /// How many bytes from `address`, where nothing is, to the next segment; 0 where none follows.
    std::uint64_t gap(std::uint64_t address) const noexcept;

private:
    const segment* search(std::uint64_t address) noexcept;
    const segment* see_through(const segment& forwarding, std::uint64_t address);

    std::vector<range> ranges_;
    std::vector<std::uint64_t> starts_; ///< where a segment may start; kept for its storage
    std::vector<segment> segments_;     ///< by address
    const segment* hit_ = nullptr;      ///< the last one found

    inline static std::uint64_t version = 1; ///< of all maps together: another one when any is built
    std::uint64_t seen_version_ = 0;         ///< at which `seen_` was found; 0: there is none
    segment seen_{};                         ///< the last one found behind another target
};

/// A target that hands accesses on by a map of its own, and does nothing else to them.
class forwarding_target : public plain_target {
public:
    using plain_target::plain_target;

    /// The segment at `address`, in this target's addresses, of a target that takes accesses in the plain form; nothing
    /// where none is there, or where accesses might be cut otherwise than in these addresses.
    virtual std::optional<address_map::segment> beyond(std::uint64_t address) = 0;
};

} // namespace vigil::bus

#endif
