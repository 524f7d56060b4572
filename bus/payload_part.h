// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_PAYLOAD_PART_H
#define VIGIL_BUS_PAYLOAD_PART_H

#include <cstdint>

#include <tlm>

namespace vigil::bus {

/// Makes a payload stand for a part of its data, at an address of the next space down, and whole again at the end. A
/// part has no byte enables.
class payload_part {
public:
    explicit payload_part(tlm::tlm_generic_payload& payload) noexcept
        : payload_(payload), address_(payload.get_address()), data_(payload.get_data_ptr()),
          length_(payload.get_data_length()), streaming_width_(payload.get_streaming_width()),
          enables_(payload.get_byte_enable_ptr())
    {
    }
    ~payload_part()
    {
        payload_.set_address(address_);
        payload_.set_data_ptr(data_);
        payload_.set_data_length(length_);
        payload_.set_streaming_width(streaming_width_);
        payload_.set_byte_enable_ptr(enables_);
    }
    payload_part(const payload_part&) = delete;
    payload_part& operator=(const payload_part&) = delete;

    /// The `length` bytes from `done` on, at `address`.
    void select(std::uint64_t address, unsigned done, unsigned length) noexcept
    {
        select_bytes(address, data_ != nullptr ? data_ + done : nullptr, length);
    }
    /// `length` bytes of somebody else's, at `address`.
    void select_bytes(std::uint64_t address, unsigned char* data, unsigned length) noexcept
    {
        payload_.set_address(address);
        payload_.set_data_ptr(data);
        payload_.set_data_length(length);
        payload_.set_streaming_width(length);
        payload_.set_byte_enable_ptr(nullptr);
    }

private:
    tlm::tlm_generic_payload& payload_;
    sc_dt::uint64 address_;
    unsigned char* data_;
    unsigned length_;
    unsigned streaming_width_;
    unsigned char* enables_;
};

/// Carries out a payload in pieces, lowest address first: `next(address, remaining)` says how many bytes the next one
/// has, and `access` carries it out as the payload shows it. The response is the first that is not TLM_OK_RESPONSE;
/// nothing wraps round the end of the address space.
template <class Next, class Access> void in_pieces(tlm::tlm_generic_payload& payload, Next next, Access access)
{
    const std::uint64_t start = payload.get_address();
    const unsigned length = payload.get_data_length();
    tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
    {
        payload_part part(payload);
        for (unsigned done = 0, piece = 0; done < length; done += piece) {
            const std::uint64_t address = start + done;
            piece = address >= start ? next(address, length - done) : length - done;
            part.select(address, done, piece);
            payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
            if (address >= start) {
                access();
            } else {
                payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            }
            if (status == tlm::TLM_OK_RESPONSE) status = payload.get_response_status();
        }
    }
    payload.set_response_status(status);
}

/// The same for debug transport, where `access` returns the bytes that it did; ends at the first piece that has none
/// left or is not done whole. Returns the number of bytes done.
template <class Next, class Access>
unsigned debug_in_pieces(tlm::tlm_generic_payload& payload, Next next, Access access)
{
    const std::uint64_t start = payload.get_address();
    const unsigned length = payload.get_data_length();
    payload_part part(payload);
    for (unsigned done = 0; done < length;) {
        const std::uint64_t address = start + done;
        const unsigned piece = address >= start ? next(address, length - done) : 0;
        if (piece == 0) return done;
        part.select(address, done, piece);
        const unsigned answered = access();
        if (answered < piece) return done + answered;
        done += piece;
    }
    return length;
}

/// Whether an access is one where `widest` is the widest: a power of two of bytes, naturally aligned.
inline bool is_one_access(std::uint64_t offset, unsigned length, unsigned widest) noexcept
{
    return length <= widest && ((length | offset) & (length - 1)) == 0;
}

/// The length of the next naturally aligned piece of one that is not: the largest power of two in `remaining` and
/// `widest` that `offset` is a multiple of.
inline unsigned piece_length(std::uint64_t offset, unsigned remaining, unsigned widest) noexcept
{
    unsigned length = widest;
    while (length > remaining || (offset & (length - 1)) != 0) length /= 2;
    return length;
}

} // namespace vigil::bus

#endif
