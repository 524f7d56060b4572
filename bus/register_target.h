// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_REGISTER_TARGET_H
#define VIGIL_BUS_REGISTER_TARGET_H

#include <cstdint>

#include <vigil/bus/access_scope.h>
#include <vigil/bus/little_endian.h>
#include <vigil/bus/payload_form.h>
#include <vigil/bus/target_socket.h>

namespace vigil::bus {

/// The target behind a `register_socket` that is the device, too: `Device` derives from it and has `read`, `write` and
/// `peek` as `register_device` does, so that an access reaches them without another call. For what simulations have by
/// the hundred thousand; a device that derives from `register_device` has it simpler.
template <class Device> class register_target : public register_target_base {
public:
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) final
    {
        if (check_shape(payload) == tlm::TLM_OK_RESPONSE && is_one(payload)) {
            access(payload, delay);
        } else {
            plain_target::b_transport(payload, delay);
        }
    }

    void carry_out(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) final
    {
        if (is_one(payload)) {
            access(payload, delay);
        } else {
            carry_out_in_pieces(payload, delay);
        }
    }

    unsigned transport_dbg(tlm::tlm_generic_payload& payload) final
    {
        return peek_registers(payload, region(), [&] {
            const unsigned width = payload.get_data_length();
            store_little_endian(payload.get_data_ptr(), width, device().peek(payload.get_address(), width));
        });
    }

protected:
    using register_target_base::register_target_base;
    ~register_target() override = default;

private:
    Device& device() noexcept { return static_cast<Device&>(*this); }

    bool is_one(const tlm::tlm_generic_payload& payload) const noexcept
    {
        return check_register_access(payload, region()) == tlm::TLM_OK_RESPONSE;
    }

    /// One access, which is known to be possible.
    void access(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
    {
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        const unsigned width = payload.get_data_length();
        const access_context context(payload, delay);
        const access_scope scope(clock(), context);
        if (payload.is_read()) {
            store_little_endian(payload.get_data_ptr(), width, device().read(payload.get_address(), width, context));
        } else if (payload.is_write()) {
            device().write(payload.get_address(), width, load_little_endian(payload.get_data_ptr(), width), context);
        }
        delay += access_latency();
    }

    /// What is not one access.
    [[gnu::noinline]] void carry_out_in_pieces(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
    {
        access_region(payload, region(), [&] { access(payload, delay); });
    }
};

} // namespace vigil::bus

#endif
