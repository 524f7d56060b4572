// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_PCI_BRIDGE_H
#define VIGIL_BUS_PCI_BRIDGE_H

#include <cstdint>
#include <functional>

#include <systemc>

#include <vigil/bus/pci_function.h>

namespace vigil::bus {

/// Offsets of the type-1 header (PCI-to-PCI Bridge Architecture Specification 1.2) where it differs from type 0.
namespace pci_bridge_reg {
inline constexpr std::uint32_t primary_bus = 0x18;
inline constexpr std::uint32_t secondary_bus = 0x19;
inline constexpr std::uint32_t subordinate_bus = 0x1A;
inline constexpr std::uint32_t io_base = 0x1C;
inline constexpr std::uint32_t io_limit = 0x1D;
inline constexpr std::uint32_t secondary_status = 0x1E;
inline constexpr std::uint32_t memory_base = 0x20;
inline constexpr std::uint32_t memory_limit = 0x22;
inline constexpr std::uint32_t prefetchable_base = 0x24;
inline constexpr std::uint32_t prefetchable_limit = 0x26;
inline constexpr std::uint32_t prefetchable_base_upper = 0x28;
inline constexpr std::uint32_t prefetchable_limit_upper = 0x2C;
inline constexpr std::uint32_t bridge_control = 0x3E;
} // namespace pci_bridge_reg

/// What a bridge has beside its identity.
struct pci_bridge_parameters {
    /// After a reset its windows forward nothing (their bases above their limits), as on QEMU's PCI Express root ports;
    /// otherwise they forward what lies at 0.
    bool closed_windows = false;
    std::uint16_t secondary_status = 0;    ///< read-only
    std::uint16_t bridge_control = 0x0BFF; ///< what a guest can set of it
};

/// A PCI-to-PCI bridge, or a port of PCI Express, which software sees as one: a type-1 header, and the bus behind it,
/// on which `pci_host::attach` puts functions. Configuration accesses pass to the bus numbers from secondary to
/// subordinate; what functions behind decode is decoded while the bridge's windows and command register forward it,
/// whole.
class pci_bridge : public pci_function {
public:
    pci_bridge(const sc_core::sc_module_name& name, const pci_identity& identity,
               const pci_bridge_parameters& parameters);

    /// The number of the bus behind it; 0 until software has given it one.
    std::uint8_t secondary_bus() const noexcept { return config_bytes()[pci_bridge_reg::secondary_bus]; }

    /// Whether a configuration access to that bus passes it.
    bool leads_to(unsigned bus) const noexcept;

    /// Whether an access of that kind to any address from `first` to `last` (inclusive) passes it.
    bool forwards(bar_kind kind, std::uint64_t first, std::uint64_t last) const noexcept;

    /// Called where software resets the bus behind it, by bit 6 of bridge control.
    std::function<void()> secondary_reset;

    /// In addition bus numbers, windows and bridge control are as after power-on.
    void reset_header() override;

protected:
    void config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                      const access_context& context) override;

private:
    unsigned word(std::uint32_t offset) const noexcept;
    bool is_within_memory(std::uint64_t first, std::uint64_t last, std::uint32_t base_register) const noexcept;
    bool is_within_prefetchable(std::uint64_t first, std::uint64_t last) const noexcept;

    pci_bridge_parameters parameters_;
};

} // namespace vigil::bus

#endif
