// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/pci_bridge.h>

#include <vigil/bus/little_endian.h>

namespace vigil::bus {
namespace {

namespace reg = pci_bridge_reg;

constexpr std::uint32_t k_header_bridge = 0x01;
constexpr std::uint32_t k_io_window = 0xF0;       ///< what a base or limit holds of the address, which counts 4 KiB
constexpr std::uint32_t k_memory_window = 0xFFF0; ///< likewise in 1 MiB
constexpr std::uint32_t k_64_bits = 0x1;
constexpr unsigned k_bus_reset = 0x40;

/// From the start of the first unit to the end of the last.
bool is_within(std::uint64_t first, std::uint64_t last, std::uint64_t base, std::uint64_t limit, std::uint64_t unit)
{
    return base <= first && last <= limit + (unit - 1);
}

} // namespace

pci_bridge::pci_bridge(const sc_core::sc_module_name& name, const pci_identity& identity,
                       const pci_bridge_parameters& parameters)
    : pci_function(name, identity), parameters_(parameters)
{
    set_header_type(k_header_bridge);
    set_config(pci_reg::subsystem_vendor_id, 4, 0); // there is something else
    set_config(reg::secondary_status, 2, parameters.secondary_status);
    set_write_mask(reg::primary_bus, 4, 0xFFFF'FFFF); // the last byte is the secondary latency timer
    set_write_mask(reg::io_base, 2, k_io_window | k_io_window << 8);
    set_write_mask(reg::memory_base, 4, k_memory_window | k_memory_window << 16);
    set_write_mask(reg::prefetchable_base, 4, k_memory_window | k_memory_window << 16);
    set_write_mask(reg::prefetchable_base_upper, 4, 0xFFFF'FFFF);
    set_write_mask(reg::prefetchable_limit_upper, 4, 0xFFFF'FFFF);
    set_write_mask(reg::bridge_control, 2, parameters.bridge_control);
    pci_bridge::reset_header();
}

unsigned pci_bridge::word(std::uint32_t offset) const noexcept
{
    return static_cast<unsigned>(load_little_endian(config_bytes().data() + offset, 2));
}

bool pci_bridge::leads_to(unsigned bus) const noexcept
{
    return secondary_bus() != 0 && secondary_bus() <= bus && bus <= config_bytes()[reg::subordinate_bus];
}

bool pci_bridge::is_within_memory(std::uint64_t first, std::uint64_t last, std::uint32_t base_register) const noexcept
{
    constexpr unsigned k_shift = 16;
    constexpr std::uint64_t k_unit = std::uint64_t{1} << 20;
    return is_within(first, last, std::uint64_t{word(base_register) & k_memory_window} << k_shift,
                     std::uint64_t{word(base_register + 2) & k_memory_window} << k_shift, k_unit);
}

bool pci_bridge::is_within_prefetchable(std::uint64_t first, std::uint64_t last) const noexcept
{
    const auto is_zero = [this](std::uint32_t offset) { return word(offset) == 0 && word(offset + 2) == 0; };
    if (!is_zero(reg::prefetchable_base_upper)) return false; // it begins above all that is decoded
    const std::uint64_t end = is_zero(reg::prefetchable_limit_upper) ? last : first;
    return is_within_memory(first, end, reg::prefetchable_base);
}

bool pci_bridge::forwards(bar_kind kind, std::uint64_t first, std::uint64_t last) const noexcept
{
    const unsigned command = word(pci_reg::command);
    if (kind == bar_kind::io) {
        constexpr unsigned k_shift = 8;
        constexpr std::uint64_t k_unit = 0x1000;
        const std::uint64_t base = config_bytes()[reg::io_base] & k_io_window;
        const std::uint64_t limit = config_bytes()[reg::io_limit] & k_io_window;
        return (command & pci_command::io) != 0 && is_within(first, last, base << k_shift, limit << k_shift, k_unit);
    }
    return (command & pci_command::memory) != 0 &&
           (is_within_memory(first, last, reg::memory_base) || is_within_prefetchable(first, last));
}

void pci_bridge::reset_header()
{
    pci_function::reset_header();
    const std::uint32_t closed = parameters_.closed_windows ? k_memory_window : 0;
    set_config(reg::io_base, 2, closed & k_io_window);
    set_config(reg::memory_base, 4, closed);
    set_config(reg::prefetchable_base, 4, closed | k_64_bits | k_64_bits << 16);
    set_config(reg::prefetchable_base_upper, 4, 0);
    set_config(reg::prefetchable_limit_upper, 4, 0);
    set_config(reg::bridge_control, 2, 0);
}

void pci_bridge::config_write(std::uint32_t offset, unsigned width, std::uint32_t value, const access_context& context)
{
    const bool was_reset = (word(reg::bridge_control) & k_bus_reset) != 0;
    pci_function::config_write(offset, width, value, context);
    if (!was_reset && (word(reg::bridge_control) & k_bus_reset) != 0 && secondary_reset) secondary_reset();
}

} // namespace vigil::bus
