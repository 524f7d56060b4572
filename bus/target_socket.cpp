// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/target_socket.h>

#include <string>
#include <utility>

#include <vigil/bus/register_target.h>

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
        const auto warn = [this] {
            if (socket_ != nullptr) warn_of_streaming_width(*socket_);
        };
        in_plain_form(payload, warn, [&] { carry_out(payload, delay); });
    }
}

// No name of this file's own: of such a class, with virtual bases, GCC 12 believes that nobody calls `carry_out`.
class register_socket::device_behind final : public register_target<device_behind> {
public:
    device_behind(register_device& device, const register_region& region) : register_target(region), device_(device) {}

    std::uint64_t read(std::uint64_t offset, unsigned width, const access_context& context)
    {
        return device_.read(offset, width, context);
    }
    void write(std::uint64_t offset, unsigned width, std::uint64_t value, const access_context& context)
    {
        device_.write(offset, width, value, context);
    }
    std::uint64_t peek(std::uint64_t offset, unsigned width) const { return device_.peek(offset, width); }

private:
    register_device& device_;
};

namespace {

register_region region_of(std::uint64_t size, unsigned widest, access_alignment alignment)
{
    return {size, widest, alignment == access_alignment::natural ? ~std::uint64_t{0} : 0};
}

} // namespace

register_socket::register_socket(const char* name, register_device& device, std::uint64_t size, unsigned widest,
                                 access_alignment alignment)
    : register_socket(name, std::make_unique<device_behind>(device, region_of(size, widest, alignment)))
{
}

register_socket::register_socket(const char* name, register_target_base& target)
    : shared_target_socket(name), target_(target)
{
    adopt_target();
}

register_socket::register_socket(const char* name, std::unique_ptr<register_target_base> target)
    : shared_target_socket(name), own_target_(std::move(target)), target_(*own_target_)
{
    adopt_target();
}

void register_socket::adopt_target()
{
    target_.belongs_to(*this);
    bind(static_cast<tlm::tlm_fw_transport_if<>&>(target_));
    const std::uint64_t size = target_.region().size;
    const unsigned widest = target_.region().widest;
    if (size == 0 || (widest != 1 && widest != 2 && widest != 4 && widest != 8)) {
        SC_REPORT_ERROR("/vigil/bus/register_socket",
                        (std::string(this->name()) + ": size " + std::to_string(size) + " or widest access " +
                         std::to_string(widest) + " is wrong; give a size above 0 and a width of 1, 2, 4 or 8 bytes")
                            .c_str());
        target_.region_.widest = 4;
    }
}

} // namespace vigil::bus
