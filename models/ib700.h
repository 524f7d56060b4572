// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_IB700_H
#define VIGIL_MODELS_IB700_H

#include <cstdint>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/address_router.h>
#include <vigil/bus/target_socket.h>
#include <vigil/runstate/clock/vm_clock.h>
#include <vigil/runstate/interfaces.h>

namespace vigil::models {

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
    /// One port as its socket sees it; they stand first because the sockets refer to them.
    struct port final : bus::register_device {
        using writer = void (ib700::*)(std::uint8_t value, const bus::access_context& context);

        /// `reach`: how many bytes of a write act, from this port on.
        port(ib700& owner, writer on_write, unsigned reach) : device(owner), write_(on_write), reach_(reach) {}
        void write(std::uint64_t offset, unsigned width, std::uint64_t value,
                   const bus::access_context& context) override;
        std::uint64_t peek(std::uint64_t, unsigned) const override { return ~std::uint64_t{0}; }

        ib700& device;
        writer write_;
        unsigned reach_;
    };

    port disable_port_{*this, &ib700::write_disable, 1};
    port enable_port_{*this, &ib700::write_enable, 2};
    port enable_alias_port_{*this, &ib700::write_enable, 1};

public:
    ib700(const sc_core::sc_module_name& name, runstate::vm_clock& clock);
    ~ib700() override;

    /// Told when the countdown ends.
    runstate::fact_port<runstate::watchdog_if> watchdog{"watchdog"};

    // One socket for each kind of port. Each takes the whole of an access that begins at its port, so map each port by
    // itself, one byte long, with `mapping_options::widest` 4, over a background of `widest` 4 that reads all ones.

    /// Ports 441 and 442 (two mappings): a write of any value disables.
    bus::register_socket disable{"disable", disable_port_, 4};
    /// Port 443: a write starts the countdown of 30 − 2·(value & F) seconds; the high byte of a word goes to port 444.
    bus::register_socket enable{"enable", enable_port_, 4};
    /// Port 444: as 443, but of a word the low byte alone acts.
    bus::register_socket enable_alias{"enable_alias", enable_alias_port_, 4};

    /// Maps the four ports as said above. A second device on the same ports needs another priority: the higher one gets
    /// the accesses.
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
    void write_disable(std::uint8_t value, const bus::access_context& context);
    void write_enable(std::uint8_t value, const bus::access_context& context);
    void expired(); ///< the countdown reached zero

    runstate::vm_clock& clock_;
    runstate::vm_timer timer_{clock_, [this] { expired(); }};
};

} // namespace vigil::models

#endif
