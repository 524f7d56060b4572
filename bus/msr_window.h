// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_MSR_WINDOW_H
#define VIGIL_BUS_MSR_WINDOW_H

#include <cstdint>
#include <map>
#include <tuple>

#include <systemc>

#include <vigil/bus/access_origin.h>
#include <vigil/bus/target_socket.h>

namespace vigil::bus {

/// MSRs as registers in memory, for CPUs that have none: 8 bytes for each index of a range, the first at offset 0. What
/// is 8 bytes is RDMSR or WRMSR; a halfword or a byte answers TLM_BURST_ERROR_RESPONSE, an MSR that nobody has
/// TLM_ADDRESS_ERROR_RESPONSE, and longer accesses are cut as by a router.
///
/// 4 bytes are half an MSR, and two of them one access to it, as on bridges from a 32-bit bus to 64-bit registers:
///   writing the low half holds it, and does no more;
///   writing the high half writes both at once; where no low half is held, with the low half that the MSR shows to
///   debug transport, 0 where it shows nothing;
///   reading the low half reads the MSR and keeps the high half for the read of it that comes next;
///   reading the high half gives what was kept, once, or else reads the MSR.
/// What is held or kept is each initiator's own (see `access_origin`) and each MSR's, until a whole access to the MSR
/// or a reset; a write ends what is kept. Debug transport reads any length, and never writes.
class msr_window : public sc_core::sc_module, private blocking_target, private tlm::tlm_bw_transport_if<> {
public:
    /// The MSRs [first, first + count). Reports /vigil/bus/msr_window where there are none or they go beyond FFFFFFFFh.
    msr_window(const sc_core::sc_module_name& name, std::uint32_t first, std::uint64_t count);

    /// The window: 8 * count bytes.
    shared_target_socket target;
    /// To an `msr_space`, or a device's MSRs.
    tlm::tlm_initiator_socket<> msrs;

    /// Forgets the halves that are held or kept.
    void reset() noexcept;

private:
    using half_key = std::tuple<initiator_kind, std::uint32_t, std::uint64_t>; ///< who (kind, vCPU), and which MSR
    using halves = std::map<half_key, std::uint32_t>;

    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override;
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) override;

    /// One access of at most 8 bytes, naturally aligned.
    void carry_out(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    void read_half(tlm::tlm_generic_payload& payload, const half_key& key, bool high, sc_core::sc_time& delay);
    void write_half(tlm::tlm_generic_payload& payload, const half_key& key, bool high, sc_core::sc_time& delay);
    /// RDMSR or WRMSR, as the payload's command says, of the 8 bytes at `msr`.
    void access_whole(tlm::tlm_generic_payload& payload, std::uint64_t index, std::uint8_t* msr,
                      sc_core::sc_time& delay);
    /// Looks at an MSR without side effects; whether it could.
    bool peek(tlm::tlm_generic_payload& payload, std::uint64_t index, std::uint8_t* msr);

    std::uint32_t first_;
    std::uint64_t size_; ///< bytes
    halves held_;        ///< low halves written
    halves kept_;        ///< high halves read
};

} // namespace vigil::bus

#endif
