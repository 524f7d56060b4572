// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_PCI_FUNCTION_H
#define VIGIL_BUS_PCI_FUNCTION_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <systemc>

#include <vigil/bus/target_socket.h>

namespace vigil::bus {

/// What identifies a PCI function (PCI Local Bus Specification 3.0, type-0 header).
struct pci_identity {
    std::uint16_t vendor_id;
    std::uint16_t device_id;
    std::uint32_t class_code; ///< base class, subclass, programming interface: 24 bits, e.g. 0x088000
    std::uint8_t revision_id = 0;
    std::uint16_t subsystem_vendor_id = 0x1AF4; ///< QEMU's default (docs/specs/pci-ids)
    std::uint16_t subsystem_id = 0x1100;        ///< QEMU's default
    bool multifunction = false;                 ///< header type bit 7
};

/// Offsets of the type-0 header, by their names in the specification.
namespace pci_reg {
inline constexpr std::uint32_t vendor_id = 0x00;
inline constexpr std::uint32_t device_id = 0x02;
inline constexpr std::uint32_t command = 0x04;
inline constexpr std::uint32_t status = 0x06;
inline constexpr std::uint32_t revision_id = 0x08;
inline constexpr std::uint32_t class_code = 0x09;
inline constexpr std::uint32_t cache_line_size = 0x0C;
inline constexpr std::uint32_t header_type = 0x0E;
inline constexpr std::uint32_t bar0 = 0x10;
inline constexpr std::uint32_t subsystem_vendor_id = 0x2C;
inline constexpr std::uint32_t subsystem_id = 0x2E;
inline constexpr std::uint32_t capabilities_pointer = 0x34;
inline constexpr std::uint32_t interrupt_line = 0x3C;
inline constexpr std::uint32_t interrupt_pin = 0x3D;
inline constexpr std::uint32_t device_specific = 0x40;
} // namespace pci_reg

/// Bits of the command register.
namespace pci_command {
inline constexpr std::uint16_t io = 0x0001;
inline constexpr std::uint16_t memory = 0x0002;
inline constexpr std::uint16_t bus_master = 0x0004;
inline constexpr std::uint16_t serr = 0x0100;
inline constexpr std::uint16_t intx_disable = 0x0400;
/// What a guest can set.
inline constexpr std::uint16_t writable = io | memory | bus_master | serr | intx_disable;
} // namespace pci_command

/// Bits of the status register.
namespace pci_status {
inline constexpr std::uint16_t interrupt = 0x0008;
inline constexpr std::uint16_t capabilities_list = 0x0010;
} // namespace pci_status

/// The capability for message-signalled interrupts (PCI Local Bus Specification 3.0, 6.8), with one message and a
/// 32-bit address: offsets of its registers from its start.
namespace pci_msi {
inline constexpr std::uint8_t id = 0x05;
inline constexpr std::uint32_t control = 0x02;
inline constexpr std::uint32_t address = 0x04;
inline constexpr std::uint32_t data = 0x08;
inline constexpr std::uint16_t enable = 0x0001; ///< in control
} // namespace pci_msi

/// What a base address register asks for.
enum class bar_kind : std::uint8_t { memory, io };

/// One base address register, as the function declares it and as it is programmed now.
struct pci_bar {
    unsigned index;               ///< 0…5
    bar_kind kind;                ///< memory (32 bit, non-prefetchable) or I/O
    std::uint32_t size;           ///< bytes, a power of two
    shared_target_socket* socket; ///< where its accesses go, addresses counted from the start of the region
};

/// A PCI function: a type-0 header with write masks and BAR sizing over 256 bytes of configuration space. Whatever
/// carries its accesses (a PCI host, or a session that gives it to another virtual machine monitor) binds to `config`
/// and to the sockets of `bars()`, `port_blocks()` and `memory_blocks()`, and asks `bar_window()` where a BAR is
/// decoded now.
///
/// Derived classes declare their BARs in the constructor and overlay live registers by overriding `config_read`,
/// `config_write`; what they do not overlay is storage under a write mask.
class pci_function : public sc_core::sc_module {
    /// Configuration space as its socket sees it; it stands first because `config` refers to it.
    struct config_space final : register_device {
        explicit config_space(pci_function& owner) : function(owner) {}
        void write(std::uint64_t offset, unsigned width, std::uint64_t value, const access_context& context) override;
        std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
        pci_function& function;
    };
    config_space config_space_{*this};

public:
    static constexpr std::uint32_t k_config_size = 256;
    static constexpr std::uint8_t k_header_multifunction = 0x80; ///< header type bit 7

    pci_function(const sc_core::sc_module_name& name, const pci_identity& identity);
    ~pci_function() override;

    /// Configuration space: 256 bytes, widths 1, 2 and 4, at any offset.
    register_socket config;

    /// The BARs that the function declares, by index.
    const std::vector<pci_bar>& bars() const noexcept { return bars_; }

    /// Where something is decoded now.
    struct window {
        bool enabled = false;
        std::uint32_t base = 0;
    };
    /// Where a BAR is: enabled where its command bit is set and it holds neither 0 nor the end of the 32-bit space.
    window bar_window(const pci_bar& bar) const noexcept;

    /// A block of I/O ports beside the BARs, such as the power-management registers of a bridge: decoded where and
    /// while the function's own registers say; the command register has no say in it.
    struct port_block {
        std::uint32_t size;           ///< bytes
        shared_target_socket* socket; ///< where its accesses go, addresses counted from the start of the block
        window now;                   ///< where it is decoded now
    };
    const std::vector<port_block>& port_blocks() const noexcept { return port_blocks_; }

    /// The same in memory, such as the configuration registers of a chipset: it hides whatever else is there, as far as
    /// the carrier can.
    using memory_block = port_block;
    const std::vector<memory_block>& memory_blocks() const noexcept { return memory_blocks_; }

    /// Called after every change of a BAR, of the command register's decode bits or of a block; one callee (the
    /// carrier). A second one is an error, /vigil/bus/carrier, unless an empty one took the first away.
    void on_decode_change(std::function<void()> callee);

    /// Says in the header that the device has further functions, or may have; before the function is attached.
    void set_multifunction(bool yes);
    bool multifunction() const noexcept { return (bytes_[pci_reg::header_type] & k_header_multifunction) != 0; }

    /// Clears what a PCI reset clears: the writable bits of command, status, BARs, interrupt line and cache line size,
    /// and what the guest has put into the MSI capability. Other storage from 40h on keeps its contents.
    virtual void reset_header();

    /// The 256 bytes as they are stored, for saving and for tests.
    const std::array<std::uint8_t, k_config_size>& config_bytes() const noexcept { return bytes_; }
    /// Puts saved bytes back, read-only ones excepted, and tells the carrier.
    void restore_config_bytes(const std::array<std::uint8_t, k_config_size>& bytes);

protected:
    /// Declares BAR `index`. Index 0…5, size a power of two of at least 2 bytes; each index once. Reports
    /// /vigil/bus/bar where that is wrong. As on QEMU, a memory BAR below 16 bytes has base bits where its type would
    /// be; an I/O BAR has none below 4 bytes.
    void add_bar(unsigned index, bar_kind kind, std::uint32_t size, shared_target_socket& socket);

    /// Declares an interrupt pin, INTA#; in the constructor.
    void add_interrupt_pin() { set_config(pci_reg::interrupt_pin, 1, 1); }
    /// Shows in the status register whether the function asks for an interrupt.
    void show_interrupt(bool active);

    /// Declares the one capability, an MSI capability (see `pci_msi`) at `offset`, 40h or above and a multiple of 4; in
    /// the constructor. Whoever carries the function sends the message.
    void add_msi(std::uint32_t offset);

    /// Declares the next port block, not decoded at first; in the constructor.
    void add_port_block(std::uint32_t size, shared_target_socket& socket);
    /// Decodes port block `index` there from now on, or not at all, and tells the carrier where that is a change.
    void decode_port_block(std::size_t index, const window& where);

    /// Declares the next memory block, not decoded at first; in the constructor.
    void add_memory_block(std::uint32_t size, shared_target_socket& socket);
    /// Decodes memory block `index` likewise. It must end within the 32-bit space.
    void decode_memory_block(std::size_t index, const window& where);

    /// Makes `width` bytes at `offset` writable where `mask` has ones, whatever they were before: at first every byte
    /// from 40h on is writable, and of the header what is in every function, and the BARs.
    void set_write_mask(std::uint32_t offset, unsigned width, std::uint32_t mask);
    /// Says which header it is: 0, or 1 for a bridge; in the constructor.
    void set_header_type(unsigned type);
    /// Stores a value whatever the write mask says, and tells the carrier where decoding changes.
    void set_config(std::uint32_t offset, unsigned width, std::uint32_t value);

    /// Zeros everything from 40h on but the MSI capability's own, as power-on does, whatever the write mask says.
    void clear_storage();

    /// Reads configuration space without side effects; the base reads the stored bytes. `offset` need not be a
    /// multiple of `width`, here and in `config_write`.
    virtual std::uint32_t config_read(std::uint32_t offset, unsigned width) const;
    /// Writes configuration space; the base stores under the write mask and follows BARs and decode bits.
    virtual void config_write(std::uint32_t offset, unsigned width, std::uint32_t value, const access_context& context);

private:
    /// What decoding depends on: command, BARs, and of a bridge its bus numbers and windows.
    struct decoding;
    decoding decoded() const noexcept;
    void tell_if_changed(const decoding& before) const;
    void decode(port_block& block, const window& where);
    void clear_msi();
    /// The bits of a byte that a guest can write.
    std::uint8_t write_mask(std::uint32_t offset) const noexcept;

    /// What `set_write_mask` said of a byte.
    struct masked_byte {
        std::uint8_t offset;
        std::uint8_t mask;
    };

    std::array<std::uint8_t, k_config_size> bytes_{};
    std::vector<masked_byte> masked_bytes_; ///< each once; few, where a mask of all bytes would be most of a function
    std::vector<pci_bar> bars_;
    std::vector<port_block> port_blocks_;
    std::vector<memory_block> memory_blocks_;
    std::uint32_t msi_ = 0; ///< the offset of the MSI capability; 0: there is none
    std::function<void()> decode_changed_;
};

} // namespace vigil::bus

#endif
