// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_DEMO_GUEST_TRACE_H
#define VIGIL_SIM_DEMO_GUEST_TRACE_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <istream>
#include <string>
#include <vector>

#include <systemc>

#include <vigil/bus/bus_initiator.h>
#include <vigil/runstate/controller.h>
#include <vigil/runstate/result.h>

namespace vigil::sim {

/// One access of a recorded guest to the watchdog's PCI function.
struct guest_access {
    enum class where : std::uint8_t { configuration, bar0 };

    runstate::ns at{0}; ///< since the first access of the scenario
    where space = where::configuration;
    bool write = false;
    std::uint32_t offset = 0;
    unsigned width = 4;      ///< 1, 2 or 4 bytes
    std::uint32_t value = 0; ///< written, or read when it was recorded
    std::size_t line = 0;    ///< of the file
};

/// Reads one scenario (the first where `scenario` is empty) of a trace: JSON lines, of which
///   {"scenario": NAME, …}   begins a scenario,
///   {"t": SECONDS, "op": "r"|"w", "space": "cfg"|"bar0", "off": BYTES, "width": BYTES, "value": "0xHEX", …} is an
///   access,
///   {"op": "reset", …} and accesses with "phase": "attach" or "reset" are the virtual machine monitor's own and
///   skipped,
///   {"note": …} and {"what": …} are remarks.
/// An error names the file and the line.
runstate::result<std::vector<guest_access>> read_guest_trace(std::istream& in, const std::string& name,
                                                             const std::string& scenario);

/// A stand-in for firmware and driver: a CPU that makes recorded accesses, each at its virtual time, through I/O ports
/// and memory like any CPU. First it does what firmware does: finds the function on bus 0 through CF8/CFC and, where
/// the trace itself does not program BAR 0, gives it an address and switches memory decoding on.
class trace_player : public sc_core::sc_module {
public:
    trace_player(const sc_core::sc_module_name& name, runstate::controller& controller,
                 std::vector<guest_access> accesses);
    ~trace_player() override;

    /// To be bound to the I/O port router and the memory router.
    bus::bus_initiator io{"io", bus::initiator_kind::vcpu};
    bus::bus_initiator memory{"memory", bus::initiator_kind::vcpu};

    // What an onlooker can hook into; all optional.

    /// The function was found in this slot of bus 0, or nowhere (−1).
    std::function<void(int slot)> searched;
    /// An access was made; `value` is what was written or what the device returned.
    std::function<void(const guest_access& access, std::uint32_t value)> accessed;
    /// The last access was made.
    std::function<void()> finished;

private:
    void play();                        ///< the thread
    int find_watchdog();                ///< scans bus 0 for 8086:25AB
    bool programs_bar() const noexcept; ///< whether the trace writes BAR 0 and the command register itself
    void wait_until(runstate::ns time); ///< until virtual time is there
    std::uint32_t make(const guest_access& access);
    std::uint32_t config_read(std::uint32_t offset, unsigned width);
    void config_write(std::uint32_t offset, unsigned width, std::uint32_t value);

    runstate::controller& controller_;
    std::vector<guest_access> accesses_;
    sc_core::sc_event due_;
    runstate::vm_timer timer_{controller_.clock, [this] { due_.notify(sc_core::SC_ZERO_TIME); }};
    std::uint32_t slot_ = 0;
};

} // namespace vigil::sim

#endif
