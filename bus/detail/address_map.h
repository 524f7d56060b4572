// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_DETAIL_ADDRESS_MAP_H
#define VIGIL_BUS_DETAIL_ADDRESS_MAP_H

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tlm>

#include <vigil/bus/target_socket.h>

namespace vigil::bus {

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
    };
    struct segment {
        std::uint64_t first;
        std::uint64_t span;                       ///< last address less the first
        std::uint64_t base;                       ///< of the whole range, from which the target counts
        tlm::tlm_blocking_transport_if<>* target; ///< the two bases are virtual: finding them costs at each access
        tlm::tlm_transport_dbg_if<>* debug_target;
        tlm::tlm_fw_transport_if<>* whole_target; ///< with the rest of its interface
        plain_target* plain;                      ///< the target where it is one; else null
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
    /// How many bytes from `address`, where nothing is, to the next segment; 0 where none follows.
    std::uint64_t gap(std::uint64_t address) const noexcept;

private:
    const segment* search(std::uint64_t address) noexcept;

    std::vector<range> ranges_;
    std::vector<std::uint64_t> starts_; ///< where a segment may start; kept for its storage
    std::vector<segment> segments_;     ///< by address
    const segment* hit_ = nullptr;      ///< the last one found
};

} // namespace vigil::bus

#endif
