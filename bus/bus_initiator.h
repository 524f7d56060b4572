// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_BUS_INITIATOR_H
#define VIGIL_BUS_BUS_INITIATOR_H

#include <cstddef>
#include <cstdint>

#include <systemc>
#include <tlm>

#include <vigil/bus/access_origin.h>

namespace vigil::bus {

/// An initiator of plain reads and writes, for test protocols, replayed firmware and tests. One payload is reused;
/// every access carries the origin given at construction. The delay that targets annotate is collected in `delay()`.
class bus_initiator : public sc_core::sc_module, private tlm::tlm_bw_transport_if<> {
public:
    bus_initiator(const sc_core::sc_module_name& name, initiator_kind kind, std::uint32_t vcpu = 0);
    ~bus_initiator() override;

    tlm::tlm_initiator_socket<> socket;

    /// Reads `length` bytes into `data`.
    tlm::tlm_response_status read(std::uint64_t address, std::uint8_t* data, std::size_t length);
    /// Writes `length` bytes from `data`.
    tlm::tlm_response_status write(std::uint64_t address, const std::uint8_t* data, std::size_t length);

    /// Reads a little-endian number of 1, 2, 4 or 8 bytes; 0 where the access failed, see `last_response()`.
    std::uint64_t read_value(std::uint64_t address, unsigned width);
    /// Writes the low `width` bytes of `value`.
    tlm::tlm_response_status write_value(std::uint64_t address, unsigned width, std::uint64_t value);

    /// Reads through debug transport; returns the number of bytes read.
    std::size_t read_debug(std::uint64_t address, std::uint8_t* data, std::size_t length);

    tlm::tlm_response_status last_response() const noexcept { return payload_.get_response_status(); }

    /// The delay annotation of the next access; targets add to it, the owner resets it after waiting.
    sc_core::sc_time& delay() noexcept { return delay_; }

private:
    tlm::tlm_response_status transport(tlm::tlm_command command, std::uint64_t address, std::uint8_t* data,
                                       std::size_t length);
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) override;

    access_origin origin_;
    tlm::tlm_generic_payload payload_;
    sc_core::sc_time delay_;
};

} // namespace vigil::bus

#endif
