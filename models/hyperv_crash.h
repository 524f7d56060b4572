// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_HYPERV_CRASH_H
#define VIGIL_MODELS_HYPERV_CRASH_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <systemc>
#include <tlm>

#include <vigil/bus/msr_space.h>
#include <vigil/bus/register_table.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/state_table.h>

namespace vigil::models {

/// Indexes of the guest crash MSRs; in the TLFS each is HV_X64_MSR_ and the name here in capitals.
namespace hyperv_msr {
inline constexpr std::uint32_t crash_p0 = 0x40000100; ///< P1 to P4 follow
inline constexpr std::uint32_t crash_ctl = 0x40000105;
} // namespace hyperv_msr

/// Bits of HV_X64_MSR_CRASH_CTL. The others (61: no crash dump follows, 60:58: pre-OS id, 57:0: reserved) have no
/// effect.
namespace hyperv_crash_bit {
inline constexpr std::uint64_t crash_notify = std::uint64_t{1} << 63;  ///< the crash data is valid: tell the host
inline constexpr std::uint64_t crash_message = std::uint64_t{1} << 62; ///< P3 is the address of a text, P4 its length
} // namespace hyperv_crash_bit

/// CPUID leaf 1, ECX: a hypervisor is present. A vCPU shows it where `hyperv_crash::cpuid` answers.
inline constexpr std::uint32_t k_cpuid_1_ecx_hypervisor = std::uint32_t{1} << 31;

/// The four registers of a CPUID leaf.
struct cpuid_leaf {
    std::uint32_t eax = 0;
    std::uint32_t ebx = 0;
    std::uint32_t ecx = 0;
    std::uint32_t edx = 0;
};

/// The vCPU has seen no crash since its last reset.
struct no_crash_occurred {};
/// It has seen one, and the crash MSRs are not there to say more.
struct no_crash_information {};
/// What is known of a vCPU's crash.
using crash_information_result = std::variant<no_crash_occurred, no_crash_information, runstate::panic_info>;

/// What a virtual machine is given of the crash MSRs.
struct hyperv_crash_parameters {
    /// The MSRs exist and CPUID advertises them (QEMU: -cpu …,hv-crash=on).
    bool enabled = true;
    /// The guest may hand over a text (bit 62 of HV_X64_MSR_CRASH_CTL), as under Hyper-V itself; under QEMU it cannot.
    bool message = false;
};

/// The guest crash MSRs of the Hypervisor Top-Level Functional Specification (TLFS, "Guest Crash Enlightenment"), as
/// KVM and QEMU 7.2 implement them: five free parameters, and a control register of which each write with bit 63 set is
/// the fact that `panic` states, with the parameters of that moment.
///
/// There is one set per virtual machine, shared by all vCPUs. What a guest or a test protocol writes to the control
/// register is never stored: reads return the capabilities, which only the host (accesses of origin host) may set. No
/// value faults. A panic comes in the context of the access: a vCPU's is a vCPU's, any other is the main loop's.
class hyperv_crash : public sc_core::sc_module,
                     public runstate::resettable,
                     public runstate::inspectable,
                     public runstate::snapshottable,
                     private bus::msr_device,
                     private tlm::tlm_bw_transport_if<> {
    struct state {
        std::uint64_t p0 = 0;
        std::uint64_t p1 = 0;
        std::uint64_t p2 = 0;
        std::uint64_t p3 = 0;
        std::uint64_t p4 = 0;
        std::uint64_t ctl = 0; ///< the capabilities; after power-on all of them
    };
    static runstate::state_table<state> variables() noexcept;

public:
    /// How many MSRs there are, from `hyperv_msr::crash_p0` on.
    static constexpr std::uint32_t k_msr_count = 6;
    /// The longest text taken from the guest, in bytes; longer ones are cut.
    static constexpr std::uint64_t k_longest_message = 4096;

    explicit hyperv_crash(const sc_core::sc_module_name& name, const hyperv_crash_parameters& parameters = {});
    ~hyperv_crash() override;

    /// Told of each crash.
    runstate::fact_port<runstate::panic_if> panic{"panic"};

    /// The MSRs, 8 bytes each, at addresses that are their indexes. Without `enabled` all of them answer an address
    /// error, as any other index does.
    bus::msr_socket registers{"registers", *this};

    /// Guest memory, from which a crash message is read; optional to bind. Reading goes through debug transport: it is
    /// the hypervisor that looks, so that a wrong address touches no device, costs no time and never waits.
    tlm::tlm_initiator_socket<32, tlm::tlm_base_protocol_types, 1, sc_core::SC_ZERO_OR_MORE_BOUND> memory{"memory"};

    /// Called with each crash message, before the panic is stated; may be empty. The text ends at P4 bytes or the first
    /// NUL. It is empty where its bytes are not all memory, or `memory` is unbound; the log then says so.
    std::function<void(const std::string& text)> crash_message;

    /// The MSRs by index; reset values are those of the default parameters.
    static const std::array<bus::register_row<hyperv_crash, std::uint64_t, state>, k_msr_count>& msrs() noexcept;

    /// What CPUID answers for `leaf` from 40000000h to 40000003h, for vCPUs to advertise; nothing for other leaves and
    /// without `enabled`. A hypervisor with more to offer adds its own bits and leaves.
    std::optional<cpuid_leaf> cpuid(std::uint32_t leaf) const noexcept;

    /// What is known of the crash of `vcpu`; the five values are those of now (QOM: crash-information of a CPU).
    crash_information_result crash_information(std::uint32_t vcpu) const;
    /// Notes that `vcpu` stated a panic through another device.
    void crash_occurred(std::uint32_t vcpu) { crashed_.insert(vcpu); }

    /// A system reset or power-on: parameters 0, the capabilities as constructed, no crash on any vCPU.
    void reset(runstate::reset_kind kind) override;
    /// INIT of one vCPU: as a system reset, but that other vCPUs keep their crash.
    void reset_vcpu(std::uint32_t vcpu);

    std::string_view type_name() const override { return "hyperv-crash"; }
    /// Registers and options; all read-only.
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return "hyperv_crash"; }
    /// In this order: p0, p1, p2, p3, p4, ctl (the capabilities), crash_occurred (the vCPUs that have seen a crash, in
    /// ascending order, 4 bytes each, least significant first).
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& saved) override;

private:
    // msr_device
    bool write_msr(std::uint64_t index, std::uint64_t value, const bus::access_context& context) override;
    std::optional<std::uint64_t> peek_msr(std::uint64_t index) const override;
    // tlm_bw_transport_if, never called
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override;

    std::uint64_t read_control() const { return state_.ctl; }
    void write_control(std::uint64_t value, const bus::access_context& context);

    void take_message(std::uint64_t address, std::uint64_t length); ///< hands the guest's text to the host
    std::string read_text(std::uint64_t address, unsigned length);  ///< empty where not all of it is memory
    void log(int verbosity, const std::string& text) const;

    /// What the host may set of the control register.
    std::uint64_t all_capabilities() const noexcept;
    state after_reset() const noexcept;
    runstate::panic_info parameters() const noexcept
    {
        return {{state_.p0, state_.p1, state_.p2, state_.p3, state_.p4}};
    }

    const hyperv_crash_parameters options_;
    state state_ = after_reset();
    std::set<std::uint32_t> crashed_; ///< the vCPUs that have seen a crash since their reset
};

} // namespace vigil::models

#endif
