// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_VFIO_USER_PROTOCOL_H
#define VIGIL_BUS_VFIO_USER_PROTOCOL_H

#include <cstddef>
#include <cstdint>

/// The vfio-user protocol as it is on the wire, as far as a server of one PCI function needs it. Numbers are in the
/// host's byte order.
namespace vigil::bus::vfio_user {

/// What stands first in every message.
struct header {
    std::uint16_t id; ///< chosen by who asks; the reply repeats it
    std::uint16_t command;
    std::uint32_t size; ///< of the whole message, the header included
    std::uint32_t flags;
    std::uint32_t error; ///< in a reply with flag_error: an errno value
};
static_assert(sizeof(header) == 16);

inline constexpr std::uint32_t type_mask = 0xF;
inline constexpr std::uint32_t type_command = 0x0;
inline constexpr std::uint32_t type_reply = 0x1;
inline constexpr std::uint32_t flag_no_reply = 0x10;
inline constexpr std::uint32_t flag_error = 0x20;

enum class command : std::uint16_t {
    version = 1,
    dma_map = 2,
    dma_unmap = 3,
    device_get_info = 4,
    device_get_region_info = 5,
    device_get_region_io_fds = 6,
    device_get_irq_info = 7,
    device_set_irqs = 8,
    region_read = 9,
    region_write = 10,
    device_reset = 13,
};

/// What a reply to `version` says beside its text.
struct version {
    std::uint16_t major_number;
    std::uint16_t minor_number;
};
static_assert(sizeof(version) == 4);

struct dma_map {
    std::uint32_t argsz;
    std::uint32_t flags;
    std::uint64_t offset; ///< in the file whose descriptor comes with it, if any
    std::uint64_t address;
    std::uint64_t length;
};
static_assert(sizeof(dma_map) == 32);

inline constexpr std::uint32_t dma_readable = 0x1;
inline constexpr std::uint32_t dma_writable = 0x2;

struct dma_unmap {
    std::uint32_t argsz;
    std::uint32_t flags;
    std::uint64_t address;
    std::uint64_t length;
};
static_assert(sizeof(dma_unmap) == 24);

struct device_info {
    std::uint32_t argsz;
    std::uint32_t flags;
    std::uint32_t regions;
    std::uint32_t interrupts;
};
static_assert(sizeof(device_info) == 16);

inline constexpr std::uint32_t device_can_be_reset = 0x1;
inline constexpr std::uint32_t device_is_pci = 0x2;

struct region_info {
    std::uint32_t argsz;
    std::uint32_t flags;
    std::uint32_t index;
    std::uint32_t capabilities; ///< where they stand; 0: none
    std::uint64_t size;         ///< 0: no such region
    std::uint64_t offset;
};
static_assert(sizeof(region_info) == 32);

inline constexpr std::uint32_t region_readable = 0x1;
inline constexpr std::uint32_t region_writable = 0x2;

/// The regions of a PCI function: BARs 0 to 5 by their index, and these.
inline constexpr std::uint32_t region_rom = 6;
inline constexpr std::uint32_t region_config = 7;
inline constexpr std::uint32_t region_vga = 8;
inline constexpr std::uint32_t region_count = 9;

struct irq_info {
    std::uint32_t argsz;
    std::uint32_t flags;
    std::uint32_t index;
    std::uint32_t count;
};
static_assert(sizeof(irq_info) == 16);

inline constexpr std::uint32_t irq_eventfd = 0x1;
inline constexpr std::uint32_t irq_maskable = 0x2;
inline constexpr std::uint32_t irq_automasked = 0x4;
inline constexpr std::uint32_t irq_no_resize = 0x8;

/// The interrupts of a PCI function.
inline constexpr std::uint32_t irq_intx = 0;
inline constexpr std::uint32_t irq_msi = 1;
inline constexpr std::uint32_t irq_msix = 2;
inline constexpr std::uint32_t irq_error = 3;
inline constexpr std::uint32_t irq_request = 4;
inline constexpr std::uint32_t irq_count = 5;

struct set_irqs {
    std::uint32_t argsz;
    std::uint32_t flags; ///< one of `data_…` and one of `action_…`
    std::uint32_t index;
    std::uint32_t first;
    std::uint32_t count;
};
static_assert(sizeof(set_irqs) == 20);

inline constexpr std::uint32_t data_none = 0x1;
inline constexpr std::uint32_t data_bytes = 0x2;
inline constexpr std::uint32_t data_eventfd = 0x4;
inline constexpr std::uint32_t action_mask = 0x8;
inline constexpr std::uint32_t action_unmask = 0x10;
inline constexpr std::uint32_t action_trigger = 0x20;

/// What an access to a region begins with, and its reply.
struct region_access {
    std::uint64_t offset;
    std::uint32_t region;
    std::uint32_t count; ///< of bytes
};
static_assert(sizeof(region_access) == 16);

/// What this server says of itself: the most bytes of one access, and the most descriptors of one message.
inline constexpr std::size_t k_longest_transfer = 1024 * 1024;
inline constexpr std::size_t k_most_descriptors = 8;
inline constexpr std::size_t k_longest_message = sizeof(header) + sizeof(region_access) + k_longest_transfer;

} // namespace vigil::bus::vfio_user

#endif
