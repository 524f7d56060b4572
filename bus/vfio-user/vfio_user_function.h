// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_VFIO_USER_VFIO_USER_FUNCTION_H
#define VIGIL_BUS_VFIO_USER_VFIO_USER_FUNCTION_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <systemc>
#include <tlm>

#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/pci_function.h>
#include <vigil/bus/target_socket.h>
#include <vigil/bus/vfio-user/guest_memory.h>
#include <vigil/bus/vfio-user/interrupt_lines.h>
#include <vigil/bus/vfio-user/protocol.h>
#include <vigil/bus/vfio-user/vfio_user_device.h>
#include <vigil/runstate/interfaces.h>

namespace vigil::bus {

/// Gives a PCI function to a machine outside the simulation: what a PCI host is for a machine inside. Accesses of the
/// other machine's CPUs reach the function as those of vCPU 0, at the simulation's present; the delay that the function
/// annotates is let go, for that machine runs in its own time. The client places the BARs, so the function answers
/// wherever they stand and whatever its command register says.
///
/// Its BARs, its interrupt pin (register 3Dh) and its MSI capability are those that it has when this is made. Reports
/// /vigil/bus/vfio_user for a function that decodes ports or memory beside its BARs, which the protocol has no word
/// for.
class vfio_user_function : public sc_core::sc_module, public vfio_user_device, private blocking_target {
public:
    /// `reset` is told of the client's resets (warm), and of its arrival (cold); mostly it is the function itself. All
    /// must outlive this.
    vfio_user_function(const sc_core::sc_module_name& name, pci_function& function, runstate::resettable& reset);
    ~vfio_user_function() override;

    /// The client's memory, for the function's initiator. Answers TLM_ADDRESS_ERROR_RESPONSE where the client shares
    /// nothing, and TLM_COMMAND_ERROR_RESPONSE for what it does not allow; DMI is refused, because the client can take
    /// the memory away at any time.
    shared_target_socket dma{"dma"};

    /// The function's interrupt pin, active high; optional to bind. It is the client's INTx, or where the client has
    /// enabled the function's MSI capability, message 0 when it rises. A function that changes its pin by a process of
    /// its own has `k_settling_deltas` delta cycles for it after an access: only then is the client signalled, so that
    /// it never gets the interrupt that its last access took back. A function that has no signal calls
    /// `interrupts().drive_intx()`.
    sc_core::sc_port<sc_core::sc_signal_in_if<bool>, 1, sc_core::SC_ZERO_OR_MORE_BOUND> intx{"intx"};
    static constexpr unsigned k_settling_deltas = 4;

    std::uint64_t region_size(std::uint32_t region) const override { return regions_.at(region).size; }
    bool read(std::uint32_t region, std::uint64_t offset, std::uint8_t* data, std::size_t count) override;
    bool write(std::uint32_t region, std::uint64_t offset, const std::uint8_t* data, std::size_t count) override;
    void reset() override;
    void power_on() override;
    interrupt_lines& interrupts() override { return interrupts_; }
    guest_memory& memory() override { return memory_; }

private:
    /// A region of the function that is there has an initiator.
    struct reached_region {
        std::uint64_t size = 0;
        std::unique_ptr<bus_initiator> initiator;
    };

    void end_of_elaboration() override;
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override;

    void add_region(std::uint32_t index, std::uint64_t size, any_target_socket& socket);
    template <class Access>
    bool for_each_piece(std::uint32_t region, std::uint64_t offset, std::size_t count, Access access);
    tlm::tlm_response_status reach_memory(const tlm::tlm_generic_payload& payload) const;
    void reset_function(runstate::reset_kind kind);
    void interrupts_may_change(); ///< because of what the function was just told
    void settle();                ///< takes the pin's level over, once it has settled
    void drive(bool level);       ///< as the interrupt that the client has enabled

    pci_function& function_;
    runstate::resettable& reset_;
    std::array<reached_region, vfio_user::region_count> regions_;
    interrupt_lines interrupts_;
    guest_memory memory_;
    sc_core::sc_event settling_{"settling"};
    unsigned deltas_left_ = 0; ///< until the pin's level counts
    bool level_ = false;       ///< of the pin, when it counted last
    const std::size_t msi_;    ///< where the function has its MSI capability; 0: it has none
};

} // namespace vigil::bus

#endif
