// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/msr_window.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include <vigil/bus/detail/msr_form.h>
#include <vigil/bus/little_endian.h>
#include <vigil/bus/payload_form.h>
#include <vigil/bus/payload_part.h>

namespace vigil::bus {
namespace {

constexpr unsigned k_half = 4;

using msr_bytes = std::array<std::uint8_t, k_msr_width>;

std::uint32_t half_at(const std::uint8_t* bytes) noexcept
{
    return static_cast<std::uint32_t>(load_little_endian(bytes, k_half));
}

} // namespace

msr_window::msr_window(const sc_core::sc_module_name& name, std::uint32_t first, std::uint64_t count)
    : sc_module(name), target("target"), msrs("msrs"), first_(first), size_(count * k_msr_width)
{
    target.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
    msrs.bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
    if (count != 0 && count - 1 <= k_last_msr - first) return;
    size_ = 0;
    SC_REPORT_ERROR("/vigil/bus/msr_window", (std::string(this->name()) + ": " + std::to_string(count) +
                                              " MSRs are none, or go beyond MSR 0xffffffff; choose another count")
                                                 .c_str());
}

void msr_window::reset() noexcept
{
    held_.clear();
    kept_.clear();
}

void msr_window::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    access_registers(
        payload, {size_, k_msr_width}, [this] { warn_of_streaming_width(target); }, [&] { carry_out(payload, delay); });
}

void msr_window::carry_out(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    const std::uint64_t index = first_ + payload.get_address() / k_msr_width;
    const bool high = payload.get_address() % k_msr_width != 0;
    const access_origin& origin = origin_of(payload);
    const half_key key{origin.kind, origin.vcpu, index};
    const unsigned width = payload.get_data_length();
    if (width == k_msr_width) {
        held_.erase(key);
        kept_.erase(key);
        access_whole(payload, index, payload.get_data_ptr(), delay);
    } else if (width != k_half) {
        payload.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
    } else if (payload.is_read()) {
        read_half(payload, key, high, delay);
    } else if (payload.is_write()) {
        write_half(payload, key, high, delay);
    } else {
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    }
}

void msr_window::read_half(tlm::tlm_generic_payload& payload, const half_key& key, bool high, sc_core::sc_time& delay)
{
    const auto kept = kept_.find(key);
    if (high && kept != kept_.end()) {
        store_little_endian(payload.get_data_ptr(), k_half, kept->second);
        kept_.erase(kept);
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        return;
    }
    msr_bytes msr{};
    access_whole(payload, std::get<std::uint64_t>(key), msr.data(), delay);
    if (!payload.is_response_ok()) return;
    std::memcpy(payload.get_data_ptr(), msr.data() + (high ? k_half : 0), k_half);
    if (!high) kept_[key] = half_at(msr.data() + k_half);
}

void msr_window::write_half(tlm::tlm_generic_payload& payload, const half_key& key, bool high, sc_core::sc_time& delay)
{
    kept_.erase(key);
    const auto held = held_.find(key);
    if (!high) {
        held_[key] = half_at(payload.get_data_ptr());
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        return;
    }
    msr_bytes msr{};
    const std::uint64_t index = std::get<std::uint64_t>(key);
    if (held != held_.end()) {
        store_little_endian(msr.data(), k_half, held->second);
        held_.erase(held);
    } else if (!peek(payload, index, msr.data())) {
        msr.fill(0);
    }
    std::memcpy(msr.data() + k_half, payload.get_data_ptr(), k_half);
    access_whole(payload, index, msr.data(), delay);
}

void msr_window::access_whole(tlm::tlm_generic_payload& payload, std::uint64_t index, std::uint8_t* msr,
                              sc_core::sc_time& delay)
{
    payload_part whole(payload);
    whole.select_bytes(index, msr, k_msr_width);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    msrs->b_transport(payload, delay);
}

bool msr_window::peek(tlm::tlm_generic_payload& payload, std::uint64_t index, std::uint8_t* msr)
{
    const tlm::tlm_command command = payload.get_command();
    payload_part whole(payload);
    whole.select_bytes(index, msr, k_msr_width);
    payload.set_read();
    const bool done = msrs->transport_dbg(payload) == k_msr_width;
    payload.set_command(command);
    return done;
}

unsigned msr_window::transport_dbg(tlm::tlm_generic_payload& payload)
{
    if (!payload.is_read() || payload.get_data_ptr() == nullptr) return 0;
    const auto next = [this](std::uint64_t offset, unsigned remaining) {
        const auto room = static_cast<unsigned>(k_msr_width - offset % k_msr_width);
        return offset < size_ ? std::min(remaining, room) : 0;
    };
    return debug_in_pieces(payload, next, [&] {
        const std::uint64_t offset = payload.get_address();
        msr_bytes msr{};
        if (!peek(payload, first_ + offset / k_msr_width, msr.data())) return 0U;
        std::memcpy(payload.get_data_ptr(), msr.data() + offset % k_msr_width, payload.get_data_length());
        return payload.get_data_length();
    });
}

tlm::tlm_sync_enum msr_window::nb_transport_bw(tlm::tlm_generic_payload& /*payload*/, tlm::tlm_phase& /*phase*/,
                                               sc_core::sc_time& /*delay*/)
{
    return tlm::TLM_COMPLETED; // only the blocking path is used
}

void msr_window::invalidate_direct_mem_ptr(sc_dt::uint64 /*start*/, sc_dt::uint64 /*end*/) {}

} // namespace vigil::bus
