// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_ADDRESS_ROUTER_H
#define VIGIL_BUS_ADDRESS_ROUTER_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <systemc>

#include <vigil/bus/target_socket.h>

namespace vigil::bus {

/// How a router hands accesses to one target.
struct mapping_options {
    /// The widest single access in bytes (1, 2, 4 or 8); a longer or unaligned one is cut into naturally aligned
    /// pieces, lowest address first, and each piece finds its target anew by its own first address. 0: any length and
    /// alignment in one piece (memory), cut only where another target begins or the range ends.
    unsigned widest = 4;
    /// Where ranges overlap, the higher one wins; equal ones must not overlap.
    int priority = 0;
};

/// A TLM-2.0 address router: maps ranges of one address space to target sockets. Targets see addresses relative to the
/// start of their range. The access goes, whole, to the target at its first address (as on QEMU's memory bus: registers
/// decode by address only), so a one-byte register can lie inside another target's range.
///
/// Answers TLM_ADDRESS_ERROR_RESPONSE where nothing is mapped (map a background to answer otherwise), and
/// TLM_BYTE_ENABLE_ERROR_RESPONSE or TLM_BURST_ERROR_RESPONSE for byte enables other than 0 and FFh, streaming and
/// length 0, which need no target. Targets see no byte enables: each run of enabled bytes is an access of its own, see
/// `blocking_target`, which also says what streaming width 0 is. After pieces, the response is the first that is not
/// TLM_OK_RESPONSE, with the other pieces done all the same. Address, length and data pointer of the payload are as
/// before when b_transport returns. Debug transport is routed likewise and returns the number of bytes done up to the
/// first target that refuses. Accesses find their targets from the end of elaboration on.
///
/// Direct memory is the target's, as far as its range is not hidden by another; what is refused is refused as far as
/// the target says, or to the end of the hole. It is taken back where the target does so, and where a movable range
/// comes or goes.
class address_router : public sc_core::sc_module {
public:
    explicit address_router(const sc_core::sc_module_name& name);
    ~address_router() override;

    /// Where initiators bind; any number of them.
    shared_target_socket target;

    /// Maps [start, start + size) to `socket`; size 0 means up to the end of the 64-bit space. During construction of
    /// the platform only, and /vigil/bus/map where the range or the options are wrong. One socket may be mapped more
    /// than once. Two ranges of equal priority that overlap are an elaboration error, /vigil/bus/overlap, that names
    /// both sockets.
    void map(std::uint64_t start, std::uint64_t size, any_target_socket& socket, mapping_options options = {});

    /// Maps `size` bytes whose place changes while the simulation runs, nowhere at first, and returns the number for
    /// `place`. Such a range may overlap others of equal priority: the one mapped first wins. Errors as from `map`.
    std::size_t map_movable(std::uint64_t size, any_target_socket& socket, mapping_options options = {});
    /// Moves a movable range to `start`, or takes it away; at any time, in the midst of an access too. A number that
    /// was not given out, or a range beyond the 64-bit space, is an error, /vigil/bus/map, and changes nothing.
    void place(std::size_t movable, std::optional<std::uint64_t> start);

    /// What decodes an address now: where its range begins, and the widest single access (see `mapping_options`).
    struct decoded_range {
        std::uint64_t base;
        unsigned widest;
    };
    /// Of the range that an access at `address` would go to; nothing where none would take it. From the end of
    /// elaboration on.
    std::optional<decoded_range> range_at(std::uint64_t address) const;

private:
    void end_of_elaboration() override;

    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace vigil::bus

#endif
