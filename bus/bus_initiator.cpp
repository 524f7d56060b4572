// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/bus_initiator.h>

#include <algorithm>
#include <array>

#include <vigil/bus/little_endian.h>

namespace vigil::bus {
namespace {

/// A payload counts its bytes in 32 bits; longer accesses go in parts of this many.
constexpr std::size_t k_longest = std::size_t{1} << 30;

} // namespace

bus_initiator::bus_initiator(const sc_core::sc_module_name& name, initiator_kind kind, std::uint32_t vcpu)
    : sc_module(name), socket("socket"), origin_(kind, vcpu)
{
    socket.bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
    payload_.set_extension(&origin_);
}

bus_initiator::~bus_initiator()
{
    payload_.clear_extension(&origin_); // the payload would delete it
}

tlm::tlm_response_status bus_initiator::read(std::uint64_t address, std::uint8_t* data, std::size_t length)
{
    return transport(tlm::TLM_READ_COMMAND, address, data, length);
}

tlm::tlm_response_status bus_initiator::write(std::uint64_t address, const std::uint8_t* data, std::size_t length)
{
    return transport(tlm::TLM_WRITE_COMMAND, address, const_cast<std::uint8_t*>(data), length);
}

std::uint64_t bus_initiator::read_value(std::uint64_t address, unsigned width)
{
    std::array<std::uint8_t, 8> bytes{};
    if (width > bytes.size()) {
        payload_.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
        return 0;
    }
    const bool done = read(address, bytes.data(), width) == tlm::TLM_OK_RESPONSE;
    return done ? load_little_endian(bytes.data(), width) : 0;
}

tlm::tlm_response_status bus_initiator::write_value(std::uint64_t address, unsigned width, std::uint64_t value)
{
    std::array<std::uint8_t, 8> bytes{};
    if (width > bytes.size()) {
        payload_.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
        return last_response();
    }
    store_little_endian(bytes.data(), width, value);
    return write(address, bytes.data(), width);
}

std::size_t bus_initiator::read_debug(std::uint64_t address, std::uint8_t* data, std::size_t length)
{
    payload_.set_command(tlm::TLM_READ_COMMAND);
    std::size_t done = 0;
    while (done < length) {
        const auto part = static_cast<unsigned>(std::min(length - done, k_longest));
        payload_.set_address(address + done);
        payload_.set_data_ptr(data + done);
        payload_.set_data_length(part);
        payload_.set_streaming_width(part);
        const unsigned got = socket->transport_dbg(payload_);
        done += got;
        if (got < part) break;
    }
    return done;
}

tlm::tlm_response_status bus_initiator::transport(tlm::tlm_command command, std::uint64_t address, std::uint8_t* data,
                                                  std::size_t length)
{
    tlm::tlm_response_status first_failure = tlm::TLM_OK_RESPONSE;
    payload_.set_command(command);
    std::size_t done = 0;
    do {
        const auto part = static_cast<unsigned>(std::min(length - done, k_longest));
        payload_.set_address(address + done);
        payload_.set_data_ptr(data + done);
        payload_.set_data_length(part);
        payload_.set_streaming_width(part);
        payload_.set_dmi_allowed(false);
        payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        socket->b_transport(payload_, delay_);
        if (first_failure == tlm::TLM_OK_RESPONSE) first_failure = payload_.get_response_status();
        done += part;
    } while (done < length);
    payload_.set_response_status(first_failure);
    return first_failure;
}

tlm::tlm_sync_enum bus_initiator::nb_transport_bw(tlm::tlm_generic_payload& /*payload*/, tlm::tlm_phase& /*phase*/,
                                                  sc_core::sc_time& /*delay*/)
{
    return tlm::TLM_COMPLETED; // only the blocking path is used
}

void bus_initiator::invalidate_direct_mem_ptr(sc_dt::uint64 /*start*/, sc_dt::uint64 /*end*/) {}

} // namespace vigil::bus
