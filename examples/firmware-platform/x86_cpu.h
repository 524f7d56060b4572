// SPDX-License-Identifier: Apache-2.0
#ifndef FIRMWARE_PLATFORM_X86_CPU_H
#define FIRMWARE_PLATFORM_X86_CPU_H

#include <vigil/models/hyperv_crash.h>
#include <vigil/runstate/controller.h>
#include <vigil/runstate/cpu_gate.h>

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/tlm_quantumkeeper.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

struct x86emu_s;

/// A 386 from libx86emu as a loosely timed CPU: each instruction takes one period, and simulated time follows by the
/// global quantum. There are no maskable interrupts.
class x86_cpu : public sc_core::sc_module, public vigil::runstate::inspectable, public vigil::runstate::snapshottable {
public:
    using socket = tlm_utils::simple_initiator_socket<x86_cpu>;

    /// Executes while `machine` runs, and takes its resets and NMIs.
    x86_cpu(const sc_core::sc_module_name& name, vigil::runstate::controller& machine, sc_core::sc_time period);
    ~x86_cpu() override;

    socket memory{"memory"};
    socket ports{"ports"};
    socket msrs{"msrs"}; ///< the address is the MSR's index; of those from 800h on, the others are the emulator's own

    /// What a hypervisor's leaves of CPUID answer; empty: there is none.
    std::function<std::optional<vigil::models::cpuid_leaf>(std::uint32_t leaf)> hypervisor;

    std::string_view type_name() const override { return "x86-cpu"; }
    std::vector<vigil::runstate::property> properties() override;

    std::string_view section() const override { return "x86_cpu"; }
    /// In this order: instructions (executed since power-on), halted, registers (as the emulator has
    /// them, without its own MSRs).
    vigil::runstate::saved_state save() const override;
    vigil::runstate::prepared_restore prepare(const vigil::runstate::saved_state& saved) override;

private:
    void run();
    void reset();
    void execute_one();

    // What the emulator asks for.
    static unsigned on_access(x86emu_s* emu, std::uint32_t address, std::uint32_t* value, unsigned type);
    static int on_interrupt(x86emu_s* emu, std::uint8_t vector, unsigned type);
    static void on_cpuid(x86emu_s* emu);
    bool access_msr(tlm::tlm_command command);

    bool access_memory(tlm::tlm_command command, std::uint32_t address, std::uint8_t* bytes, unsigned width);
    bool transport(socket& to, tlm::tlm_command command, std::uint64_t address, std::uint8_t* bytes, unsigned width);
    void forget_direct_memory(sc_dt::uint64 first, sc_dt::uint64 last);

    vigil::runstate::controller& machine_;
    vigil::runstate::cpu_gate gate_{"gate", machine_};
    tlm_utils::tlm_quantumkeeper keeper_;
    tlm::tlm_generic_payload payload_;
    tlm::tlm_dmi direct_memory_; ///< nothing is allowed at first
    const sc_core::sc_time period_;
    x86emu_s* const emu_;
    bool halted_ = false;
};

#endif
