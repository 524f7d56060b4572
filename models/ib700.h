// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_IB700_H
#define VIGIL_MODELS_IB700_H

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/port_socket.h>
#include <vigil/runstate/clock/vm_clock.h>
#include <vigil/runstate/interfaces.h>

namespace vigil::models {

/// Boards document 441 and 443 only.
namespace ib700_port {
inline constexpr std::uint32_t wdt_disable = 0x441;
inline constexpr std::uint32_t wdt_disable_alias = 0x442;
inline constexpr std::uint32_t wdt_enable = 0x443;
inline constexpr std::uint32_t wdt_enable_alias = 0x444;
} // namespace ib700_port

/// The watchdog of iBASE 700 single-board computers, as QEMU 7.2 models it (hw/watchdog/wdt_ib700.c): one stage, one
/// shot, no status. A write to the enable ports starts the countdown anew, one to the disable ports ends it; its end is
/// the fact that `watchdog` states.
///
/// Ports are written in bytes or words; a 4-byte write does nothing, and reads return all ones. A word is two byte
/// writes, but does not spill from the disable ports into the enable ports.
class ib700 : public sc_core::sc_module,
              public runstate::resettable,
              public runstate::inspectable,
              public runstate::snapshottable {
public:
    ib700(const sc_core::sc_module_name& name, runstate::vm_clock& clock);
    ~ib700() override;

    /// Told when the countdown ends.
    runstate::fact_port<runstate::watchdog_if> watchdog{"watchdog"};

    using register_row = bus::register_row<ib700, std::uint8_t>;
    static const std::array<register_row, 4>& register_table() noexcept;

    // One socket for each port, since an access that begins at one arrives whole. Map them over a background of
    // `mapping_options::widest` 4 that reads all ones.
    bus::port_socket<ib700> disable{"disable", *this, *this, register_table(), ib700_port::wdt_disable, 2, k_reach};
    bus::port_socket<ib700> disable_alias{
        "disable_alias", *this, *this, register_table(), ib700_port::wdt_disable_alias, 1, k_reach};
    bus::port_socket<ib700> enable{"enable", *this, *this, register_table(), ib700_port::wdt_enable, 2, k_reach};
    bus::port_socket<ib700> enable_alias{
        "enable_alias", *this, *this, register_table(), ib700_port::wdt_enable_alias, 1, k_reach};

    /// Maps the four ports. A second device on the same ports needs another priority: the higher one gets the accesses.
    void map(bus::address_router& ports, int priority = 0);

    /// Disables, whatever the kind.
    void reset(runstate::reset_kind kind) override;

    std::string_view type_name() const override { return "ib700"; }
    /// The countdown; read-only.
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return "ib700_wdt"; }
    /// One field, timer: absolute virtual nanoseconds, all ones when disabled.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& saved) override;

private:
    /// A wider write does nothing; a word does not spill from one kind of port into the other.
    static constexpr bus::port_reach k_reach{2, false, 0xFF};

    std::uint8_t read_ones() const { return 0xFF; }
    void write_disable(std::uint8_t value);
    void write_enable(std::uint8_t value);
    void expired(); ///< the countdown reached zero

    runstate::vm_clock& clock_;
    runstate::vm_timer timer_{clock_, [this] { expired(); }};
};

} // namespace vigil::models

#endif
