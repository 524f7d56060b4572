// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_PAYLOAD_FORM_H
#define VIGIL_BUS_PAYLOAD_FORM_H

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <tlm>

#include <vigil/bus/payload_part.h>

namespace vigil::bus {

/// Whether a payload of that streaming width has a length, data to that length, and no streaming.
inline tlm::tlm_response_status check_data(const tlm::tlm_generic_payload& payload, unsigned streaming_width) noexcept
{
    const unsigned length = payload.get_data_length();
    if (length == 0 || streaming_width < length) return tlm::TLM_BURST_ERROR_RESPONSE;
    if (payload.get_data_ptr() == nullptr && payload.get_command() != tlm::TLM_IGNORE_COMMAND) {
        return tlm::TLM_GENERIC_ERROR_RESPONSE;
    }
    return tlm::TLM_OK_RESPONSE;
}

/// Whether a payload has the plain form that targets carry out: `check_data`, and no byte enables.
inline tlm::tlm_response_status check_shape(const tlm::tlm_generic_payload& payload) noexcept
{
    if (payload.get_byte_enable_ptr() != nullptr) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    return check_data(payload, payload.get_streaming_width());
}

/// Whether a payload can be brought into the plain form: its byte enables are 0 and FFh, and a streaming width of 0
/// stands for its length.
inline tlm::tlm_response_status check_form(const tlm::tlm_generic_payload& payload) noexcept
{
    if (const unsigned char* const enables = payload.get_byte_enable_ptr()) {
        const unsigned char* const end = enables + payload.get_byte_enable_length();
        const bool known = std::all_of(
            enables, end, [](unsigned char one) { return one == TLM_BYTE_ENABLED || one == TLM_BYTE_DISABLED; });
        if (enables == end || !known) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    }
    const unsigned streaming_width = payload.get_streaming_width();
    return check_data(payload, streaming_width != 0 ? streaming_width : payload.get_data_length());
}

/// Whether byte enables leave a byte out.
inline bool has_disabled_byte(const tlm::tlm_generic_payload& payload) noexcept
{
    const unsigned char* const enables = payload.get_byte_enable_ptr();
    return enables != nullptr && std::any_of(enables, enables + payload.get_byte_enable_length(),
                                             [](unsigned char one) { return one == TLM_BYTE_DISABLED; });
}

/// Carries out a payload that is not in the plain form by an `access` for each run of enabled bytes, which sees it
/// plain; `warn` is told of a streaming width of 0. What has no plain form gets its error response.
template <class Warn, class Access>
[[gnu::noinline]] void in_plain_form(tlm::tlm_generic_payload& payload, Warn warn, Access access)
{
    const tlm::tlm_response_status form = check_form(payload);
    if (form != tlm::TLM_OK_RESPONSE) {
        payload.set_response_status(form);
        return;
    }
    if (payload.get_streaming_width() == 0) warn();
    const unsigned char* const enables = payload.get_byte_enable_ptr();
    const unsigned period = payload.get_byte_enable_length();
    const unsigned length = payload.get_data_length();
    const auto enabled = [=](unsigned byte) { return enables == nullptr || enables[byte % period] != 0; };
    bool now = true; // whether the bytes of the present run are enabled
    const auto run = [&](std::uint64_t /*address*/, unsigned remaining) {
        const unsigned first = length - remaining;
        now = enabled(first);
        unsigned end = enables == nullptr ? length : first + 1;
        while (end < length && enabled(end) == now) ++end;
        return end - first;
    };
    in_pieces(payload, run, [&] {
        if (now) {
            access();
        } else {
            payload.set_response_status(tlm::TLM_OK_RESPONSE);
        }
    });
}

/// The registers behind a socket.
struct register_region {
    std::uint64_t size;                          ///< bytes
    unsigned widest;                             ///< bytes of the widest single access
    std::uint64_t alignment = ~std::uint64_t{0}; ///< ones where the low bits of an access's offset count
};

/// Whether a payload in the plain form is one access to a register of the region.
inline tlm::tlm_response_status check_register_access(const tlm::tlm_generic_payload& payload,
                                                      const register_region& region) noexcept
{
    const unsigned width = payload.get_data_length();
    const std::uint64_t offset = payload.get_address();
    if (offset >= region.size) return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    if (!is_one_access(offset & region.alignment, width, region.widest)) return tlm::TLM_BURST_ERROR_RESPONSE;
    return width <= region.size - offset ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE;
}

/// Carries out a payload in the plain form on a region: by one `access` where it is one, and otherwise in the pieces
/// that a router would cut.
template <class Access>
void access_region(tlm::tlm_generic_payload& payload, const register_region& region, Access access)
{
    const auto one = [&] {
        const tlm::tlm_response_status status = check_register_access(payload, region);
        if (status == tlm::TLM_OK_RESPONSE) {
            access();
        } else {
            payload.set_response_status(status);
        }
        return status;
    };
    if (one() != tlm::TLM_BURST_ERROR_RESPONSE) return;
    const auto next = [&](std::uint64_t offset, unsigned remaining) {
        return offset < region.size ? piece_length(offset, remaining, region.widest) : remaining;
    };
    in_pieces(payload, next, one);
}

/// The same with a payload of any form.
template <class Warn, class Access>
void access_registers(tlm::tlm_generic_payload& payload, const register_region& region, Warn warn, Access access)
{
    const auto plain = [&] { access_region(payload, region, access); };
    if (check_shape(payload) == tlm::TLM_OK_RESPONSE) {
        plain();
    } else {
        in_plain_form(payload, warn, plain);
    }
}

/// Reads a region through debug transport, in the same pieces and up to its end: an `access` for each. Returns the
/// number of bytes done, which is 0 for a write. As TLM-2.0 asks, byte enables and streaming width say nothing.
template <class Access>
unsigned peek_registers(tlm::tlm_generic_payload& payload, const register_region& region, Access access)
{
    if (!payload.is_read() || payload.get_data_ptr() == nullptr) return 0;
    const unsigned length = payload.get_data_length();
    const bool one = is_one_access(payload.get_address() & region.alignment, length, region.widest);
    const auto next = [&](std::uint64_t offset, unsigned remaining) {
        if (offset >= region.size) return 0U;
        const std::uint64_t room = region.size - offset;
        if (one && length <= room) return length;
        return piece_length(offset, remaining < room ? remaining : static_cast<unsigned>(room), region.widest);
    };
    return debug_in_pieces(payload, next, [&] {
        access();
        return payload.get_data_length();
    });
}

/// Answers an access to nothing, in the plain form: reads give `fill` in every byte, writes are lost.
inline void answer_absent(tlm::tlm_generic_payload& payload, std::uint8_t fill) noexcept
{
    const tlm::tlm_response_status shape = check_shape(payload);
    if (shape == tlm::TLM_OK_RESPONSE && payload.is_read()) {
        std::memset(payload.get_data_ptr(), fill, payload.get_data_length());
    }
    payload.set_response_status(shape);
}

/// Answers a debug access to nothing; returns the number of bytes done.
inline unsigned answer_absent_debug(tlm::tlm_generic_payload& payload, std::uint8_t fill) noexcept
{
    if (!payload.is_read() || payload.get_data_ptr() == nullptr) return 0;
    std::memset(payload.get_data_ptr(), fill, payload.get_data_length());
    return payload.get_data_length();
}

} // namespace vigil::bus

#endif
