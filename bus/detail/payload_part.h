// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_DETAIL_PAYLOAD_PART_H
#define VIGIL_BUS_DETAIL_PAYLOAD_PART_H

#include <cstdint>
#include <cstring>

#include <tlm>

namespace vigil::bus {

/// Makes a payload stand for a part of its data, at an address of the next space down, and whole again at the end.
class payload_part {
public:
    explicit payload_part(tlm::tlm_generic_payload& payload) noexcept
        : payload_(payload), address_(payload.get_address()), data_(payload.get_data_ptr()),
          length_(payload.get_data_length()), streaming_width_(payload.get_streaming_width())
    {
    }
    ~payload_part()
    {
        payload_.set_address(address_);
        payload_.set_data_ptr(data_);
        payload_.set_data_length(length_);
        payload_.set_streaming_width(streaming_width_);
    }
    payload_part(const payload_part&) = delete;
    payload_part& operator=(const payload_part&) = delete;

    /// The `length` bytes from `done` on, at `address`.
    void select(std::uint64_t address, unsigned done, unsigned length) noexcept
    {
        payload_.set_address(address);
        payload_.set_data_ptr(data_ != nullptr ? data_ + done : nullptr);
        payload_.set_data_length(length);
        payload_.set_streaming_width(length);
    }

private:
    tlm::tlm_generic_payload& payload_;
    sc_dt::uint64 address_;
    unsigned char* data_;
    unsigned length_;
    unsigned streaming_width_;
};

/// What every target asks of a payload, whatever its address: no byte enables, a length, data to that length, and no
/// streaming.
inline tlm::tlm_response_status check_shape(const tlm::tlm_generic_payload& payload) noexcept
{
    if (payload.get_byte_enable_ptr() != nullptr) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    const unsigned length = payload.get_data_length();
    if (length == 0 || payload.get_streaming_width() < length) return tlm::TLM_BURST_ERROR_RESPONSE;
    if (payload.get_data_ptr() == nullptr && payload.get_command() != tlm::TLM_IGNORE_COMMAND) {
        return tlm::TLM_GENERIC_ERROR_RESPONSE;
    }
    return tlm::TLM_OK_RESPONSE;
}

/// `check_shape`, and a width of a register in a region of `size` bytes; `alignment` has ones where the offset's low
/// bits count.
inline tlm::tlm_response_status check_register_access(const tlm::tlm_generic_payload& payload, std::uint64_t size,
                                                      unsigned widest,
                                                      std::uint64_t alignment = ~std::uint64_t{0}) noexcept
{
    const tlm::tlm_response_status shape = check_shape(payload);
    if (shape != tlm::TLM_OK_RESPONSE) return shape;
    const unsigned width = payload.get_data_length();
    const std::uint64_t offset = payload.get_address();
    if (width > widest || (width & (width - 1)) != 0 || (offset & (width - 1) & alignment) != 0) {
        return tlm::TLM_BURST_ERROR_RESPONSE;
    }
    if (offset >= size || width > size - offset) return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    return tlm::TLM_OK_RESPONSE;
}

/// Answers an access to nothing: reads give `fill` in every byte, writes are lost.
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

/// The length of the next naturally aligned piece: the largest power of two in `remaining` and `widest` that `offset`
/// is a multiple of.
inline unsigned piece_length(std::uint64_t offset, unsigned remaining, unsigned widest) noexcept
{
    unsigned length = widest;
    while (length > remaining || (offset & (length - 1)) != 0) length /= 2;
    return length;
}

} // namespace vigil::bus

#endif
