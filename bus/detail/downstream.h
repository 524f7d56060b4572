// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_DETAIL_DOWNSTREAM_H
#define VIGIL_BUS_DETAIL_DOWNSTREAM_H

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <tlm>

#include <vigil/bus/target_socket.h>

namespace vigil::bus {

/// The initiator side of a component that forwards to many targets: one socket, bound to each of them.
class downstream : private tlm::tlm_bw_transport_if<> {
public:
    /// Called where the target takes back direct memory, from `start` to `end` of its own addresses.
    using take_back =
        std::function<void(const tlm::tlm_fw_transport_if<>& target, sc_dt::uint64 start, sc_dt::uint64 end)>;

    explicit downstream(const char* name, take_back taken_back = {}) : socket_(name), taken_back_(std::move(taken_back))
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
        backward_.push_back(std::make_unique<backward>(*this, forward));
        target.get_base_port()(*backward_.back());
        bound_.emplace_back(&target, &forward);
        return forward;
    }

private:
    /// What comes back from one target: direct memory that it takes back, since the non-blocking path is not asked for.
    struct backward : tlm::tlm_bw_transport_if<> {
        backward(downstream& down, const tlm::tlm_fw_transport_if<>& forward) : owner(down), target(forward) {}

        tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                           sc_core::sc_time& delay) override
        {
            return owner.nb_transport_bw(payload, phase, delay);
        }
        void invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) override
        {
            if (owner.taken_back_) owner.taken_back_(target, start, end);
        }

        downstream& owner;
        const tlm::tlm_fw_transport_if<>& target;
    };

    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& /*payload*/, tlm::tlm_phase& /*phase*/,
                                       sc_core::sc_time& /*delay*/) override
    {
        return tlm::TLM_COMPLETED;
    }
    void invalidate_direct_mem_ptr(sc_dt::uint64 /*start*/, sc_dt::uint64 /*end*/) override {}

    tlm::tlm_initiator_socket<32, tlm::tlm_base_protocol_types, 0, sc_core::SC_ZERO_OR_MORE_BOUND> socket_;
    take_back taken_back_;
    std::vector<std::pair<any_target_socket*, tlm::tlm_fw_transport_if<>*>> bound_;
    std::vector<std::unique_ptr<backward>> backward_; ///< one for each target socket
};

} // namespace vigil::bus

#endif
