// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_DETAIL_DOWNSTREAM_H
#define VIGIL_BUS_DETAIL_DOWNSTREAM_H

#include <algorithm>
#include <utility>
#include <vector>

#include <tlm>

#include <vigil/bus/target_socket.h>

namespace vigil::bus {

/// The initiator side of a component that forwards to many targets: one socket, bound to each of them.
class downstream : private tlm::tlm_bw_transport_if<> {
public:
    explicit downstream(const char* name) : socket_(name)
    {
        socket_.bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
    }
    ~downstream() override = default;

    /// Binds to `target`, once however often it is asked, and returns where its accesses go. (The two halves are bound
    /// here because a port refuses one interface twice, and two target sockets may share theirs.)
    tlm::tlm_fw_transport_if<>& bind(any_target_socket& target)
    {
        for (const auto& [socket, forward] : bound_) {
            if (socket == &target) return *forward;
        }
        tlm::tlm_fw_transport_if<>& forward = target.get_base_interface();
        const bool known =
            std::any_of(bound_.begin(), bound_.end(), [&](const auto& entry) { return entry.second == &forward; });
        if (!known) socket_.get_base_port()(forward);
        target.get_base_port()(socket_.get_base_interface());
        bound_.emplace_back(&target, &forward);
        return forward;
    }

private:
    // Nothing comes back: the non-blocking path and DMI are never asked for.
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& /*payload*/, tlm::tlm_phase& /*phase*/,
                                       sc_core::sc_time& /*delay*/) override
    {
        return tlm::TLM_COMPLETED;
    }
    void invalidate_direct_mem_ptr(sc_dt::uint64 /*start*/, sc_dt::uint64 /*end*/) override {}

    tlm::tlm_initiator_socket<32, tlm::tlm_base_protocol_types, 0, sc_core::SC_ZERO_OR_MORE_BOUND> socket_;
    std::vector<std::pair<any_target_socket*, tlm::tlm_fw_transport_if<>*>> bound_;
};

} // namespace vigil::bus

#endif
