// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_DETAIL_PCI_SPACE_H
#define VIGIL_BUS_DETAIL_PCI_SPACE_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include <systemc>
#include <tlm>

#include <vigil/bus/detail/address_map.h>
#include <vigil/bus/payload_part.h>
#include <vigil/bus/pci_bridge.h>
#include <vigil/bus/pci_function.h>
#include <vigil/bus/target_socket.h>

namespace vigil::bus {

constexpr unsigned k_pci_slots = 32;
constexpr unsigned k_pci_functions = 8;
constexpr unsigned k_pci_register_width = 4;     ///< the widest access, where a region does not take wider ones
constexpr std::uint8_t k_no_pci_function = 0xFF; ///< what every byte of an absent function reads

struct pci_bus;

/// A function, where it is, and where its sockets lead.
struct attached_function {
    pci_function* function;
    pci_bus* bus = nullptr; ///< null: it is on none now
    tlm::tlm_fw_transport_if<>* config;
    std::vector<tlm::tlm_fw_transport_if<>*> bars;          ///< as pci_function::bars()
    std::vector<tlm::tlm_fw_transport_if<>*> port_blocks;   ///< as pci_function::port_blocks()
    std::vector<tlm::tlm_fw_transport_if<>*> memory_blocks; ///< as pci_function::memory_blocks()
    std::vector<std::size_t> overlaid;                      ///< the memory blocks as ranges of the overlay, if any
};

/// A bus, by slot and function.
struct pci_bus {
    const pci_bridge* bridge = nullptr; ///< that it is behind; null: it is bus 0
    const pci_bus* parent = nullptr;    ///< that its bridge is on; null: on none
    std::array<attached_function*, std::size_t{k_pci_slots} * k_pci_functions> places{};
};

/// The buses of a host.
class pci_buses {
public:
    /// The bus behind `bridge`, or bus 0 for null; null: nothing has been put there.
    const pci_bus* find(const pci_bridge* bridge) const noexcept;
    /// Puts a function on the bus behind `bridge`, or on bus 0; the place is free.
    void put(attached_function& attached, unsigned devfn, const pci_bridge* bridge);
    /// Takes it from its bus.
    void take(attached_function& attached) noexcept;

    /// What a configuration access to that bus, slot and function reaches, or null.
    const attached_function* at(unsigned bus, unsigned devfn) const noexcept
    {
        return bus == 0 ? all_.front().places[devfn] : beyond_bridges(bus, devfn);
    }

    /// Whether what lies there on `bus` is reached from the host: every bridge on the way forwards it.
    bool reaches(const pci_bus& bus, bar_kind kind, std::uint64_t first, std::uint64_t last) const noexcept;

private:
    const attached_function* beyond_bridges(unsigned bus, unsigned devfn) const noexcept;
    const pci_bus* bus_of(const pci_function& function) const noexcept;
    pci_bus& behind(const pci_bridge* bridge);
    /// Says of the buses behind a function that is a bridge where that is now.
    void move_bridge(const pci_function& function, const pci_bus* bus) noexcept;

    std::deque<pci_bus> all_{1};
};

/// The memory-mapped configuration mechanism; addresses count from the start of its window. It sees accesses that are
/// one for a register.
struct ecam_window : blocking_target {
    explicit ecam_window(const pci_buses& functions) : buses(functions) {}

    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override;
    /// The function whose configuration space `address` lies in, or null.
    const attached_function* function(std::uint64_t address) const noexcept;

    const pci_buses& buses;
    std::uint64_t base = 0;
    std::uint64_t size = 0; ///< bytes; 0: closed
    bool reached = false;   ///< whether any access has come since it was opened there
};

/// A PCI address space: what is decoded where.
struct pci_space {
    address_map windows;
    std::uint8_t fill;                 ///< what every byte reads where nothing is decoded
    const ecam_window* ecam = nullptr; ///< of memory space

    /// The widest access to what is decoded there; null: nothing.
    static unsigned widest(const address_map::segment* window) noexcept
    {
        return window != nullptr ? window->widest : k_pci_register_width;
    }
    /// The next of the pieces that an access is cut into.
    unsigned next_piece(std::uint64_t address, unsigned remaining) noexcept
    {
        return piece_length(address, remaining, widest(windows.find(address)));
    }
};

/// A socket's way into a space: goes, in the pieces that a router would cut, to the window at the first address of
/// each.
class pci_space_port : public forwarding_target {
public:
    /// `base` is what a bus in front subtracts.
    pci_space_port(const shared_target_socket& socket, pci_space& space, std::uint64_t base = 0);

    void carry_out(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override;
    std::optional<address_map::segment> beyond(std::uint64_t address) override;

private:
    /// One access to a window, or to nothing (null); leaves another address in the payload.
    void reach(const address_map::segment* window, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    void reach_in_pieces(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    void answer_nothing(tlm::tlm_generic_payload& payload);
    /// The base with which an access to nothing at `address` would be one to the ECAM window, which none has reached.
    std::optional<std::uint64_t> likelier_base(std::uint64_t address) const noexcept;

    const shared_target_socket& socket_;
    pci_space& space_;
    std::uint64_t base_;
    bool warned_ = false; ///< of the base
};

} // namespace vigil::bus

#endif
