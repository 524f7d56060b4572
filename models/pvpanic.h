// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_PVPANIC_H
#define VIGIL_MODELS_PVPANIC_H

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/pci_function.h>
#include <vigil/bus/port_socket.h>
#include <vigil/runstate/interfaces.h>

namespace vigil::models {

/// Bits of the pvpanic event register (QEMU: docs/specs/pvpanic, include/standard-headers/linux/pvpanic.h).
namespace pvpanic_bit {
inline constexpr std::uint8_t panicked = 0x01;    ///< the guest panicked
inline constexpr std::uint8_t crashloaded = 0x02; ///< the guest panicked, and its crash kernel takes over
inline constexpr std::uint8_t shutdown = 0x04;    ///< the guest shut down; not in QEMU 7.2
} // namespace pvpanic_bit

/// What the two faces of QEMU's paravirtual panic device have in common (hw/misc/pvpanic.c): one byte, in which the
/// guest reads what it may report and to which it writes what happened. It has no state: each write is a fresh report,
/// and there is nothing to reset.
class pvpanic : public runstate::inspectable {
public:
    /// Told of every report. Its context is `vcpu` for accesses of a guest's CPU, `main_loop` for a host's or a test's.
    runstate::fact_port<runstate::panic_if> panic{"panic"};

    /// Called with the vCPU that reports a panic, before the panic is told of; for a CPU's `crash-information`, may be
    /// empty.
    std::function<void(std::uint32_t vcpu)> vcpu_panicked;

    using register_row = bus::register_row<pvpanic, std::uint8_t>;
    static const std::array<register_row, 1>& register_table() noexcept;

    /// The event register, in whatever place of the region: each byte written is one report, lowest first.
    bus::port_socket<pvpanic> event{"event", *this, *this, register_table()};

    std::vector<runstate::property> properties() override;

    /// Has reads return `events` from now on.
    void set_events(std::uint8_t events) noexcept { events_ = events; }

protected:
    /// For the module `owner`, constructed before; reads return `events`, writes report whatever they say.
    pvpanic(const sc_core::sc_object& owner, std::uint8_t events, bool shutdown);
    virtual ~pvpanic();

private:
    std::uint8_t read_events() const { return events_; }
    void report(std::uint8_t bits, const bus::access_context& context);

    const sc_core::sc_object& owner_;
    std::uint8_t events_;
    const std::uint8_t known_;    ///< the bits that report something
    bool unknown_logged_ = false; ///< the guest was told of once
};

struct pvpanic_isa_parameters {
    std::uint16_t ioport = 0x505;
    /// What reads return; writes are not limited by it.
    std::uint8_t events = pvpanic_bit::panicked | pvpanic_bit::crashloaded;
    /// Bit 2 reports a shutdown, as on QEMU 10.0; 7.2 ignores it.
    bool shutdown = false;
};

/// pvpanic as one I/O port (QEMU: hw/misc/pvpanic-isa.c).
class pvpanic_isa : public sc_core::sc_module, public pvpanic {
public:
    explicit pvpanic_isa(const sc_core::sc_module_name& name, const pvpanic_isa_parameters& parameters = {});
    ~pvpanic_isa() override;

    /// Maps `event` at the port. A second device on the same port needs another priority: the higher one gets the
    /// accesses.
    void map(bus::address_router& ports, int priority = 0);

    std::string_view type_name() const override { return "pvpanic"; }
    std::vector<runstate::property> properties() override;

private:
    const std::uint16_t ioport_;
};

struct pvpanic_pci_parameters {
    /// What reads return; writes are not limited by it.
    std::uint8_t events = pvpanic_bit::panicked | pvpanic_bit::crashloaded;
    /// Bit 2 reports a shutdown, as on QEMU 10.0; 7.2 ignores it.
    bool shutdown = false;
};

/// pvpanic as a PCI function (QEMU: hw/misc/pvpanic-pci.c): the event register is BAR 0, 2 bytes of memory.
class pvpanic_pci : public bus::pci_function,
                    public pvpanic,
                    public runstate::resettable,
                    public runstate::snapshottable {
public:
    explicit pvpanic_pci(const sc_core::sc_module_name& name, const pvpanic_pci_parameters& parameters = {});
    ~pvpanic_pci() override;

    /// Resets the header; plain storage is cleared by power-on (cold) only.
    void reset(runstate::reset_kind kind) override;

    std::string_view type_name() const override { return "pvpanic-pci"; }

    std::string_view section() const override { return "pvpanic-pci"; }
    /// One field, config: 256 bytes.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& saved) override;
};

} // namespace vigil::models

#endif
