// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/pci_function.h>

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace vigil::bus {
namespace {

constexpr unsigned k_bar_count = 6;
constexpr std::uint32_t k_bars_end = pci_reg::bar0 + 4 * k_bar_count;
constexpr std::uint32_t k_io_space = 0x1; ///< BAR bit 0, read-only

constexpr std::uint32_t bar_offset(unsigned index) noexcept { return pci_reg::bar0 + 4 * index; }

/// The bits of a BAR that hold the base address.
constexpr std::uint32_t base_mask(bar_kind kind, std::uint32_t size) noexcept
{
    return ~(size - 1) & (kind == bar_kind::io ? 0xFFFF'FFFC : 0xFFFF'FFFF);
}

constexpr std::uint8_t byte_of(std::uint32_t value, unsigned index) noexcept
{
    return static_cast<std::uint8_t>(value >> (8 * index));
}

/// The bits of a byte that a guest can write in any function.
constexpr std::uint8_t mask_in_every_function(std::uint32_t offset) noexcept
{
    switch (offset) {
    case pci_reg::command:
    case pci_reg::command + 1: return byte_of(pci_command::writable, offset - pci_reg::command);
    case pci_reg::cache_line_size:
    case pci_reg::interrupt_line: return 0xFF;
    default: return offset >= pci_reg::device_specific ? 0xFF : 0;
    }
}

} // namespace

/// The command register's decode bits and what there is from the first BAR to the end of a bridge's windows, as stored.
struct pci_function::decoding {
    std::uint8_t command;
    std::array<std::uint8_t, pci_reg::capabilities_pointer - pci_reg::bar0> places;

    bool operator!=(const decoding& other) const noexcept { return command != other.command || places != other.places; }
};

pci_function::pci_function(const sc_core::sc_module_name& name, const pci_identity& identity)
    : sc_module(name), config("config", config_space_, k_config_size, 4, access_alignment::any)
{
    set_config(pci_reg::vendor_id, 2, identity.vendor_id);
    set_config(pci_reg::device_id, 2, identity.device_id);
    set_config(pci_reg::revision_id, 1, identity.revision_id);
    set_config(pci_reg::class_code, 3, identity.class_code);
    set_multifunction(identity.multifunction);
    set_config(pci_reg::subsystem_vendor_id, 2, identity.subsystem_vendor_id);
    set_config(pci_reg::subsystem_id, 2, identity.subsystem_id);
}

pci_function::~pci_function() = default;

void pci_function::add_bar(unsigned index, bar_kind kind, std::uint32_t size, shared_target_socket& socket)
{
    const auto position = std::find_if(bars_.begin(), bars_.end(), [&](const pci_bar& b) { return b.index >= index; });
    const char* wrong = nullptr;
    if (index >= k_bar_count) {
        wrong = "the index must be 0 to 5";
    } else if (size < 2 || (size & (size - 1)) != 0) {
        wrong = "the size must be a power of two of at least 2 bytes";
    } else if (position != bars_.end() && position->index == index) {
        wrong = "the index is taken; declare each BAR once";
    }
    if (wrong != nullptr) {
        SC_REPORT_ERROR(
            "/vigil/bus/bar",
            (std::string(name()) + ": BAR " + std::to_string(index) + " for " + socket.name() + ": " + wrong).c_str());
        return;
    }
    bars_.insert(position, {index, kind, size, &socket});
    set_config(bar_offset(index), 4, kind == bar_kind::io ? k_io_space : 0);
}

void pci_function::add_port_block(std::uint32_t size, shared_target_socket& socket)
{
    assert(size != 0);
    port_blocks_.push_back({size, &socket, {}});
}

void pci_function::decode_port_block(std::size_t index, const window& where)
{
    assert(index < port_blocks_.size());
    decode(port_blocks_[index], where);
}

void pci_function::add_memory_block(std::uint32_t size, shared_target_socket& socket)
{
    assert(size != 0);
    memory_blocks_.push_back({size, &socket, {}});
}

void pci_function::decode_memory_block(std::size_t index, const window& where)
{
    assert(index < memory_blocks_.size());
    assert(where.base + (memory_blocks_[index].size - 1) >= where.base);
    decode(memory_blocks_[index], where);
}

void pci_function::decode(port_block& block, const window& where)
{
    if (block.now.enabled == where.enabled && block.now.base == where.base) return;
    block.now = where;
    if (decode_changed_) decode_changed_();
}

pci_function::window pci_function::bar_window(const pci_bar& bar) const noexcept
{
    std::uint32_t base = 0;
    for (unsigned i = 4; i-- > 0;) base = base << 8 | bytes_[bar_offset(bar.index) + i];
    base &= base_mask(bar.kind, bar.size);

    const unsigned decode_bit = bar.kind == bar_kind::io ? pci_command::io : pci_command::memory;
    // As on QEMU, a region that would reach the last byte of the 32-bit space is not mapped: it is a size probe.
    const std::uint64_t last = std::uint64_t{base} + (bar.size - 1);
    return {(bytes_[pci_reg::command] & decode_bit) != 0 && base != 0 && last < 0xFFFF'FFFF, base};
}

void pci_function::on_decode_change(std::function<void()> callee)
{
    if (callee && decode_changed_) {
        SC_REPORT_ERROR(
            "/vigil/bus/carrier",
            (std::string(name()) + " has a carrier already; attach it to one PCI host or session only").c_str());
        return;
    }
    decode_changed_ = std::move(callee);
}

void pci_function::set_multifunction(bool yes)
{
    const unsigned type = bytes_[pci_reg::header_type] & ~unsigned{k_header_multifunction};
    set_config(pci_reg::header_type, 1, type | (yes ? k_header_multifunction : 0U));
}

void pci_function::set_header_type(unsigned type)
{
    set_config(pci_reg::header_type, 1, type | (bytes_[pci_reg::header_type] & k_header_multifunction));
}

void pci_function::reset_header()
{
    const decoding before = decoded();
    const auto clear = [this](std::uint32_t offset, std::uint32_t end) {
        for (; offset < end; ++offset) bytes_[offset] = static_cast<std::uint8_t>(bytes_[offset] & ~write_mask(offset));
    };
    clear(pci_reg::command, pci_reg::revision_id);
    clear(pci_reg::cache_line_size, pci_reg::cache_line_size + 1);
    clear(pci_reg::bar0, k_bars_end);
    clear(pci_reg::interrupt_line, pci_reg::interrupt_line + 1);
    clear_msi();
    tell_if_changed(before);
}

void pci_function::restore_config_bytes(const std::array<std::uint8_t, k_config_size>& bytes)
{
    for (std::uint32_t i = 0; i < k_config_size; ++i) {
        const std::uint8_t mask = write_mask(i);
        bytes_[i] = static_cast<std::uint8_t>((bytes_[i] & ~mask) | (bytes[i] & mask));
    }
    if (decode_changed_) decode_changed_();
}

void pci_function::set_write_mask(std::uint32_t offset, unsigned width, std::uint32_t mask)
{
    assert(width <= 4 && offset <= k_config_size - width);
    for (unsigned i = 0; i < width; ++i) {
        const masked_byte said{static_cast<std::uint8_t>(offset + i), byte_of(mask, i)};
        const auto before = std::find_if(masked_bytes_.begin(), masked_bytes_.end(),
                                         [&](const masked_byte& one) { return one.offset == said.offset; });
        if (before != masked_bytes_.end()) {
            *before = said;
        } else {
            masked_bytes_.push_back(said);
        }
    }
}

std::uint8_t pci_function::write_mask(std::uint32_t offset) const noexcept
{
    for (const masked_byte& one : masked_bytes_) {
        if (one.offset == offset) return one.mask;
    }
    for (const pci_bar& bar : bars_) {
        const std::uint32_t byte = offset - bar_offset(bar.index); // beyond its four where it is another's
        if (byte < 4) return byte_of(base_mask(bar.kind, bar.size), byte);
    }
    return mask_in_every_function(offset);
}

void pci_function::set_config(std::uint32_t offset, unsigned width, std::uint32_t value)
{
    assert(width <= 4 && offset <= k_config_size - width);
    const decoding before = decoded();
    for (unsigned i = 0; i < width; ++i) bytes_[offset + i] = static_cast<std::uint8_t>(value >> (8 * i));
    tell_if_changed(before);
}

void pci_function::clear_storage()
{
    std::fill(bytes_.begin() + pci_reg::device_specific, bytes_.end(), std::uint8_t{0});
    clear_msi();
}

void pci_function::show_interrupt(bool active)
{
    const unsigned status = bytes_[pci_reg::status];
    set_config(pci_reg::status, 1, active ? status | pci_status::interrupt : status & ~unsigned{pci_status::interrupt});
}

void pci_function::add_msi(std::uint32_t offset)
{
    assert(msi_ == 0 && offset >= pci_reg::device_specific && offset % 4 == 0 && offset + 12 <= k_config_size);
    msi_ = offset;
    set_config(pci_reg::status, 1, bytes_[pci_reg::status] | pci_status::capabilities_list);
    set_config(pci_reg::capabilities_pointer, 1, offset);
    set_write_mask(offset, 4, std::uint32_t{pci_msi::enable} << (8 * pci_msi::control));
    set_write_mask(offset + pci_msi::address, 4, 0xFFFF'FFFC);
    set_write_mask(offset + pci_msi::data, 4, 0xFFFF);
    clear_msi();
}

void pci_function::clear_msi()
{
    if (msi_ == 0) return;
    set_config(msi_, 4, pci_msi::id);
    set_config(msi_ + pci_msi::address, 4, 0);
    set_config(msi_ + pci_msi::data, 4, 0);
}

std::uint32_t pci_function::config_read(std::uint32_t offset, unsigned width) const
{
    assert(width <= 4 && offset <= k_config_size - width);
    std::uint32_t value = 0;
    for (unsigned i = 0; i < width; ++i) value |= static_cast<std::uint32_t>(bytes_[offset + i]) << (8 * i);
    return value;
}

void pci_function::config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                                const access_context& /*context*/)
{
    assert(width <= 4 && offset <= k_config_size - width);
    const decoding before = decoded();
    for (unsigned i = 0; i < width; ++i) {
        const std::uint8_t mask = write_mask(offset + i);
        bytes_[offset + i] = static_cast<std::uint8_t>((bytes_[offset + i] & ~mask) | (byte_of(value, i) & mask));
    }
    tell_if_changed(before);
}

pci_function::decoding pci_function::decoded() const noexcept
{
    decoding now{};
    now.command = bytes_[pci_reg::command] & static_cast<std::uint8_t>(pci_command::io | pci_command::memory);
    std::copy_n(bytes_.begin() + pci_reg::bar0, now.places.size(), now.places.begin());
    return now;
}

void pci_function::tell_if_changed(const decoding& before) const
{
    if (decode_changed_ && decoded() != before) decode_changed_();
}

void pci_function::config_space::write(std::uint64_t offset, unsigned width, std::uint64_t value,
                                       const access_context& context)
{
    function.config_write(static_cast<std::uint32_t>(offset), width, static_cast<std::uint32_t>(value), context);
}

std::uint64_t pci_function::config_space::peek(std::uint64_t offset, unsigned width) const
{
    return function.config_read(static_cast<std::uint32_t>(offset), width);
}

} // namespace vigil::bus
