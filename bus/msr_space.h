// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_MSR_SPACE_H
#define VIGIL_BUS_MSR_SPACE_H

#include <cstdint>
#include <memory>
#include <optional>

#include <systemc>

#include <vigil/bus/target_socket.h>

namespace vigil::bus {

/// The model-specific registers of a machine as a TLM-2.0 address space: the address of an access is the MSR's index
/// (what RDMSR and WRMSR take in ECX), its data the 8 bytes of the register, least significant first. One address is
/// one whole register, so neighbours are 1 apart, not 8; that is why this is no `address_router`, which counts bytes.
/// An index is architectural: targets see it as it is, not relative to the start of their range.
///
/// One space serves all vCPUs; the origin of an access says which one makes it. The response is
///   TLM_ADDRESS_ERROR_RESPONSE      where nothing is mapped, or the target has no such MSR: a CPU model raises #GP(0),
///   TLM_BURST_ERROR_RESPONSE        for a length other than 8, or streaming (a width of 0 is as 8, and warned of
///   once), TLM_BYTE_ENABLE_ERROR_RESPONSE  for byte enables that do not enable all 8 bytes, TLM_GENERIC_ERROR_RESPONSE
///   for no data pointer, the target's                    otherwise.
/// The payload goes to the target as it is, extensions and all. Debug transport is routed likewise and returns 0 where
/// b_transport would answer an error. DMI is refused. Accesses find their targets from the end of elaboration on.
class msr_space : public sc_core::sc_module {
public:
    explicit msr_space(const sc_core::sc_module_name& name);
    ~msr_space() override;

    /// Where vCPUs and other initiators bind; any number of them.
    shared_target_socket target;

    /// Gives the MSRs [first, first + count) to `socket`. During construction of the platform only, and /vigil/bus/map
    /// where the range is wrong; MSRs given twice are an elaboration error, /vigil/bus/overlap, that names both
    /// sockets. One socket may be mapped more than once.
    void map(std::uint32_t first, std::uint64_t count, any_target_socket& socket);

private:
    void end_of_elaboration() override;

    struct impl;
    std::unique_ptr<impl> impl_;
};

/// A device with MSRs as seen through one `msr_socket`. Nothing and false mean that there is no such MSR.
struct msr_device {
    /// A guest-visible read. Reads without side effects need only `peek_msr`.
    virtual std::optional<std::uint64_t> read_msr(std::uint64_t index, const access_context& /*context*/)
    {
        return peek_msr(index);
    }
    /// A write.
    virtual bool write_msr(std::uint64_t index, std::uint64_t value, const access_context& context) = 0;
    /// What a read would return, without any side effect (debug transport).
    virtual std::optional<std::uint64_t> peek_msr(std::uint64_t index) const = 0;

protected:
    ~msr_device() = default;
};

/// The target socket of a device's MSRs, with the addresses and responses of an `msr_space`. TLM_IGNORE_COMMAND does
/// nothing. Debug transport reads one whole MSR through `peek_msr`, and never writes (it returns 0 bytes).
class msr_socket : public shared_target_socket, public timed_target, private blocking_target {
public:
    msr_socket(const char* name, msr_device& device);

    /// As `register_socket::timed_by`.
    void timed_by(runstate::vm_clock& clock) noexcept { clock_ = &clock; }

private:
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override;
    /// One access to a whole MSR.
    void carry_out(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);

    msr_device& device_;
    runstate::vm_clock* clock_ = nullptr;
};

} // namespace vigil::bus

#endif
