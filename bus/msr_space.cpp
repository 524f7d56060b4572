// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/msr_space.h>

#include <sstream>
#include <string>
#include <vector>

#include <vigil/bus/access_scope.h>
#include <vigil/bus/detail/address_map.h>
#include <vigil/bus/detail/downstream.h>
#include <vigil/bus/detail/msr_form.h>
#include <vigil/bus/little_endian.h>
#include <vigil/bus/payload_form.h>

namespace vigil::bus {

namespace {

/// Whether the payload reads or writes one whole MSR, whatever its address.
tlm::tlm_response_status check_msr_access(const tlm::tlm_generic_payload& payload) noexcept
{
    const tlm::tlm_response_status shape = check_shape(payload);
    if (shape == tlm::TLM_OK_RESPONSE && payload.get_data_length() != k_msr_width) {
        return tlm::TLM_BURST_ERROR_RESPONSE;
    }
    return shape;
}

/// Carries out an access to an MSR by one `access`, whatever its form.
template <class Warn, class Access> void access_msr(tlm::tlm_generic_payload& payload, Warn warn, Access access)
{
    const tlm::tlm_response_status status = check_msr_access(payload);
    if (status == tlm::TLM_OK_RESPONSE) {
        access();
    } else if (check_shape(payload) == tlm::TLM_OK_RESPONSE) {
        payload.set_response_status(status);
    } else if (has_disabled_byte(payload)) {
        payload.set_response_status(tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    } else {
        in_plain_form(payload, warn, [&] { access_msr(payload, warn, access); });
    }
}

/// Whether debug transport can look at one whole MSR.
bool is_msr_peek(const tlm::tlm_generic_payload& payload) noexcept
{
    return payload.is_read() && payload.get_data_length() == k_msr_width && payload.get_data_ptr() != nullptr;
}

std::string in_words(std::uint64_t first, std::uint64_t last, const std::string& name)
{
    std::ostringstream text;
    text << name << " at MSR 0x" << std::hex << first << "-0x" << last;
    return text.str();
}

} // namespace

struct msr_space::impl : blocking_target {
    explicit impl(const shared_target_socket& target) : socket(target), targets("targets") {}

    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override;

    const shared_target_socket& socket;
    downstream targets;
    address_map map;
    std::vector<std::string> names; ///< of the target sockets, by range
    bool built = false;
};

void msr_space::impl::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    access_msr(
        payload, [this] { warn_of_streaming_width(socket); },
        [&] {
            if (const address_map::segment* const segment = map.find(payload.get_address())) {
                segment->target->b_transport(payload, delay);
            } else {
                payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            }
        });
}

unsigned msr_space::impl::transport_dbg(tlm::tlm_generic_payload& payload)
{
    const address_map::segment* const segment = is_msr_peek(payload) ? map.find(payload.get_address()) : nullptr;
    return segment != nullptr ? segment->debug_target->transport_dbg(payload) : 0;
}

msr_space::msr_space(const sc_core::sc_module_name& name)
    : sc_module(name), target("target"), impl_(std::make_unique<impl>(target))
{
    target.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*impl_));
}

msr_space::~msr_space() = default;

void msr_space::end_of_elaboration()
{
    impl_->map.build();
    impl_->built = true;
}

void msr_space::map(std::uint32_t first, std::uint64_t count, any_target_socket& socket)
{
    const std::string socket_name = socket.get_base_export().name();
    const char* wrong = nullptr;
    if (count == 0) {
        wrong = "the range is empty; give a count above 0";
    } else if (count - 1 > k_last_msr - first) {
        wrong = "the range goes beyond MSR 0xffffffff; make it smaller";
    } else if (impl_->built) {
        wrong = "MSRs are mapped before the end of elaboration";
    }
    if (wrong != nullptr) {
        SC_REPORT_ERROR("/vigil/bus/map", (std::string(name()) + ": cannot map " + socket_name + ": " + wrong).c_str());
        return;
    }
    const std::uint64_t last = first + (count - 1);
    const auto& ranges = impl_->map.ranges();
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        if (ranges[i].last < first || last < ranges[i].first) continue;
        SC_REPORT_ERROR("/vigil/bus/overlap",
                        (std::string(name()) + ": " + in_words(ranges[i].first, ranges[i].last, impl_->names[i]) +
                         " and " + in_words(first, last, socket_name) + " overlap; give each MSR to one socket")
                            .c_str());
        return;
    }
    impl_->map.add({first, last, &impl_->targets.bind(socket)});
    impl_->names.push_back(socket_name);
}

msr_socket::msr_socket(const char* name, msr_device& device) : shared_target_socket(name), device_(device)
{
    bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
}

void msr_socket::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    access_msr(
        payload, [this] { warn_of_streaming_width(*this); }, [&] { carry_out(payload, delay); });
}

void msr_socket::carry_out(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
    const access_context context(payload, delay);
    const access_scope scope(clock_, context);
    if (payload.is_read()) {
        if (const auto value = device_.read_msr(payload.get_address(), context)) {
            store_little_endian(payload.get_data_ptr(), k_msr_width, *value);
        } else {
            status = tlm::TLM_ADDRESS_ERROR_RESPONSE;
        }
    } else if (payload.is_write()) {
        const std::uint64_t value = load_little_endian(payload.get_data_ptr(), k_msr_width);
        if (!device_.write_msr(payload.get_address(), value, context)) status = tlm::TLM_ADDRESS_ERROR_RESPONSE;
    }
    payload.set_response_status(status);
    delay += access_latency();
}

unsigned msr_socket::transport_dbg(tlm::tlm_generic_payload& payload)
{
    if (!is_msr_peek(payload)) return 0;
    const auto value = device_.peek_msr(payload.get_address());
    if (!value) return 0;
    store_little_endian(payload.get_data_ptr(), k_msr_width, *value);
    return k_msr_width;
}

} // namespace vigil::bus
