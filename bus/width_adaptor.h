// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_WIDTH_ADAPTOR_H
#define VIGIL_BUS_WIDTH_ADAPTOR_H

#include <systemc>
#include <tlm>

namespace vigil::bus {

/// Joins an initiator socket of `From` bits with a target socket of `To`, which SystemC does not let bind to one
/// another: `width_adaptor<64>` brings a 64-bit CPU to Vigil's sockets, `width_adaptor<32, 64>` a router of Vigil to a
/// 64-bit peripheral. The width of a bus says nothing about the lengths of its payloads, so everything, in both
/// directions, goes through as it is: blocking and non-blocking transport, debug transport, direct memory.
template <unsigned From, unsigned To = 32>
class width_adaptor : public sc_core::sc_module,
                      private tlm::tlm_fw_transport_if<>,
                      private tlm::tlm_bw_transport_if<> {
    static_assert(From != 0 && To != 0, "a bus has a width");

public:
    explicit width_adaptor(const sc_core::sc_module_name& name)
        : sc_module(name), target("target"), initiator("initiator")
    {
        target.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
        initiator.bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
    }

    tlm::tlm_target_socket<From> target;     ///< one initiator
    tlm::tlm_initiator_socket<To> initiator; ///< one target

private:
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override
    {
        initiator->b_transport(payload, delay);
    }
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override
    {
        return initiator->nb_transport_fw(payload, phase, delay);
    }
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) override
    {
        return initiator->get_direct_mem_ptr(payload, dmi);
    }
    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override { return initiator->transport_dbg(payload); }

    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override
    {
        return target->nb_transport_bw(payload, phase, delay);
    }
    void invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) override
    {
        target->invalidate_direct_mem_ptr(start, end);
    }
};

} // namespace vigil::bus

#endif
