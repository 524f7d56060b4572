// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_PCI_HOST_H
#define VIGIL_BUS_PCI_HOST_H

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <systemc>

#include <vigil/bus/address_router.h>
#include <vigil/bus/pci_bridge.h>
#include <vigil/bus/pci_function.h>
#include <vigil/bus/target_socket.h>

namespace vigil::bus {

/// Slot and function on a PCI bus.
struct pci_address {
    std::uint8_t slot;         ///< 0…31
    std::uint8_t function = 0; ///< 0…7
    constexpr unsigned devfn() const noexcept { return slot * 8U + function; }
};

/// A PCI host with bus 0 and the buses behind its bridges: configuration mechanism 1, optionally the memory-mapped
/// mechanism (ECAM), and the decoding of every function's BARs as they and its command register change, and of its port
/// and memory blocks.
///
/// Configuration ports, as QEMU's hw/pci/pci_host.c: CF8 takes 4-byte writes only and its low bytes are what any read
/// in CF8…CFB returns; CFC…CFF reach `configuration address | (port & 3)` where bit 31 is set, all ones otherwise. Bus
/// numbers that no bridge leads to and absent functions read all ones, writes to them are lost. Where the configuration
/// address itself is not a multiple of the width, the function sees that offset, and nothing beyond the end of its
/// space (such bytes read zero).
///
/// `memory` and `io` are the PCI address spaces: map them into the routers as the background, from address 0 on
/// (addresses are absolute). What no BAR (and no ECAM window) decodes reads zero in memory and all ones in I/O space;
/// writes are lost. Where windows overlap, memory blocks win, then the ECAM window, then the one attached first. As on
/// the router, an access goes, whole, to the window at its first address; every socket cuts what is not one access of a
/// register's width into the pieces that a router would. A bus that subtracts the start of a range binds to a
/// `pci_memory_window`; one that has the wrong base is warned of once, /vigil/bus/window_base: as long as nothing has
/// reached an open ECAM window, an access to nothing that another base would lead to bus 0 of it is answered with
/// TLM_ADDRESS_ERROR_RESPONSE.
class pci_host : public sc_core::sc_module {
public:
    explicit pci_host(const sc_core::sc_module_name& name);
    ~pci_host() override;

    /// Ports CF8…CFB; offset 0 is CF8.
    shared_target_socket config_address;
    /// Ports CFC…CFF; offset 0 is CFC.
    shared_target_socket config_data;
    /// PCI memory space (and the ECAM window).
    shared_target_socket memory;
    /// PCI I/O space.
    shared_target_socket io;

    /// Has the memory blocks of functions decoded in `router` too, at that priority, so that they hide what a
    /// background cannot, such as RAM. Called after the first `attach` it is an error, /vigil/bus/overlay.
    void overlay(address_router& router, int priority);

    /// Puts `function` at `address` of the bus behind `bridge` (null: bus 0) and binds to its sockets; during
    /// construction of the platform only. Returns what is wrong where the place is taken or out of range, or the
    /// function is attached already, and does nothing then. A bridge is attached as a function too, and must outlive
    /// the host's use.
    std::optional<std::string> attach(pci_function& function, pci_address address, const pci_bridge* bridge = nullptr);

    /// Binds to the sockets of a function that is on no bus yet, for `plug`; during construction of the platform only.
    /// Returns what is wrong where it is attached already.
    std::optional<std::string> attach_unplugged(pci_function& function);
    /// Puts a function that is on no bus there, at any time; or what is wrong, as `attach`.
    std::optional<std::string> plug(pci_function& function, pci_address address, const pci_bridge* bridge = nullptr);
    /// Takes an attached function from its bus, at any time; accesses reach it no more. Does nothing to one on no bus.
    void unplug(pci_function& function);

    /// The lowest slot, from `first` on, whose functions are all free; nothing where the bus is full.
    std::optional<std::uint8_t> free_slot(std::uint8_t first = 0, const pci_bridge* bridge = nullptr) const noexcept;

    /// The function there, or null.
    pci_function* at(pci_address address, const pci_bridge* bridge = nullptr) const noexcept;

    /// Opens, moves or closes the ECAM window: `base` as an absolute address, `size` in bytes (a multiple of 1 MiB);
    /// size 0 closes it. A function's register is at base + bus<<20 + devfn<<12 + offset.
    void set_ecam_window(std::uint64_t base, std::uint64_t size) noexcept;

    /// Forgets the configuration address, as a reset does.
    void reset() noexcept;

    /// The configuration address register, for saving and restoring.
    std::uint32_t configuration_address() const noexcept;
    void set_configuration_address(std::uint32_t value) noexcept;

private:
    friend class pci_memory_window;
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// A window of a bus on PCI memory space (and ECAM), where the bus subtracts the start of the range: addresses count
/// from `base`. One for each such range; it must not outlive the host.
class pci_memory_window : public sc_core::sc_module {
public:
    pci_memory_window(const sc_core::sc_module_name& name, pci_host& host, std::uint64_t base);
    ~pci_memory_window() override;

    shared_target_socket target;

private:
    std::unique_ptr<blocking_target> port_;
};

} // namespace vigil::bus

#endif
