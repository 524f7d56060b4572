// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_MEMORY_H
#define VIGIL_BUS_MEMORY_H

#include <cstdint>

#include <systemc>

#include <vigil/bus/target_socket.h>

namespace vigil::bus {

/// Guest RAM: zero at first, and sparse (the host commits a page when it is first written). Takes accesses of any
/// length and alignment; out-of-range ones answer TLM_ADDRESS_ERROR_RESPONSE. Debug transport reads and writes.
class memory : public sc_core::sc_module, private blocking_target {
public:
    /// `size` in bytes, not 0. Reports /vigil/bus/memory where the host refuses the address space.
    memory(const sc_core::sc_module_name& name, std::uint64_t size);
    ~memory() override;

    shared_target_socket socket;

    std::uint64_t size() const noexcept { return size_; }
    /// The bytes themselves, for the host (loaders, snapshots).
    std::uint8_t* data() noexcept { return data_; }

private:
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override;

    std::uint64_t size_;
    std::uint8_t* data_ = nullptr;
};

/// Whatever is not there: reads return `fill` in every byte, writes are lost, any length is fine.
class unclaimed : public sc_core::sc_module, private blocking_target {
public:
    unclaimed(const sc_core::sc_module_name& name, std::uint8_t fill);

    shared_target_socket socket;

private:
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override;

    std::uint8_t fill_;
};

} // namespace vigil::bus

#endif
