// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/target_socket.h>

#include <string>

#include <vigil/bus/detail/access_scope.h>
#include <vigil/bus/detail/payload_form.h>
#include <vigil/bus/little_endian.h>

namespace vigil::bus {

tlm::tlm_sync_enum blocking_target::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                                    sc_core::sc_time& delay)
{
    // After TLM_COMPLETED no other phase of the base protocol follows, and ignorable ones are ignored.
    if (phase != tlm::BEGIN_REQ) return tlm::TLM_ACCEPTED;
    b_transport(payload, delay);
    return tlm::TLM_COMPLETED;
}

bool blocking_target::get_direct_mem_ptr(tlm::tlm_generic_payload& /*payload*/, tlm::tlm_dmi& dmi)
{
    dmi.init(); // no access, over all addresses
    return false;
}

void blocking_target::warn_of_streaming_width(const sc_core::sc_object& socket)
{
    if (warned_of_streaming_width_) return;
    warned_of_streaming_width_ = true;
    SC_REPORT_WARNING("/vigil/bus/streaming_width",
                      (std::string(socket.name()) + ": an initiator sends payloads with streaming width 0, which is "
                                                    "taken as the data length; have it call set_streaming_width()")
                          .c_str());
}

void plain_target::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    if (check_shape(payload) == tlm::TLM_OK_RESPONSE) {
        carry_out(payload, delay);
    } else {
        in_plain_form(
            payload, [this] { warn_of_streaming_width(named_); }, [&] { carry_out(payload, delay); });
    }
}

register_socket::register_socket(const char* name, register_device& device, std::uint64_t size, unsigned widest,
                                 access_alignment alignment)
    : shared_target_socket(name), plain_target(static_cast<const shared_target_socket&>(*this)), device_(device),
      size_(size), widest_(widest), alignment_mask_(alignment == access_alignment::natural ? ~std::uint64_t{0} : 0)
{
    bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
    if (size == 0 || (widest != 1 && widest != 2 && widest != 4 && widest != 8)) {
        SC_REPORT_ERROR("/vigil/bus/register_socket",
                        (std::string(this->name()) + ": size " + std::to_string(size) + " or widest access " +
                         std::to_string(widest) + " is wrong; give a size above 0 and a width of 1, 2, 4 or 8 bytes")
                            .c_str());
        widest_ = 4;
    }
}

void register_socket::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    if (check_shape(payload) == tlm::TLM_OK_RESPONSE &&
        check_register_access(payload, {size_, widest_, alignment_mask_}) == tlm::TLM_OK_RESPONSE) {
        access(payload, delay);
    } else {
        plain_target::b_transport(payload, delay);
    }
}

// Inlined into `plain_target::b_transport` on suspicion, it would cost every other target its registers.
[[gnu::noinline]] void register_socket::carry_out(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    if (check_register_access(payload, {size_, widest_, alignment_mask_}) == tlm::TLM_OK_RESPONSE) {
        access(payload, delay);
    } else {
        carry_out_in_pieces(payload, delay);
    }
}

void register_socket::carry_out_in_pieces(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    access_region(payload, {size_, widest_, alignment_mask_}, [&] { access(payload, delay); });
}

inline void register_socket::access(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    const unsigned width = payload.get_data_length();
    const access_context context(payload, delay);
    const access_scope scope(clock_, context);
    switch (payload.get_command()) {
    case tlm::TLM_READ_COMMAND:
        store_little_endian(payload.get_data_ptr(), width, device_.read(payload.get_address(), width, context));
        break;
    case tlm::TLM_WRITE_COMMAND:
        device_.write(payload.get_address(), width, load_little_endian(payload.get_data_ptr(), width), context);
        break;
    default: break;
    }
    delay += access_latency();
}

unsigned register_socket::transport_dbg(tlm::tlm_generic_payload& payload)
{
    return peek_registers(payload, {size_, widest_, alignment_mask_}, [&] {
        const unsigned width = payload.get_data_length();
        store_little_endian(payload.get_data_ptr(), width, device_.peek(payload.get_address(), width));
    });
}

} // namespace vigil::bus
