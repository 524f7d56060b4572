// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/acpi_pci_hotplug.h>

#include <utility>
#include <vector>

#include <vigil/bus/little_endian.h>

namespace vigil::models {

namespace {

constexpr std::uint64_t k_inserted = 0x00;
constexpr std::uint64_t k_asked_back = 0x04;
constexpr std::uint64_t k_eject = 0x08;
constexpr std::uint64_t k_removable = 0x0C;
constexpr std::uint64_t k_bus = 0x10;
constexpr std::uint64_t k_index = 0x14;

constexpr std::uint64_t k_gpe0_enable = 2;
constexpr unsigned k_gpe0_hotplug = 0x02;

constexpr unsigned k_bytes_of_number = 4;
constexpr std::size_t k_bytes_of_bus = 3 * k_bytes_of_number;

unsigned lowest(std::uint32_t slots) noexcept
{
    unsigned slot = 0;
    while ((slots >> slot & 1) == 0) ++slot;
    return slot;
}

} // namespace

acpi_pci_hotplug::acpi_pci_hotplug(const sc_core::sc_module_name& name, platform around)
    : sc_module(name), platform_(std::move(around))
{
}

void acpi_pci_hotplug::announce() noexcept
{
    state_.gpe0_status = static_cast<std::uint16_t>(state_.gpe0_status | k_gpe0_hotplug);
}

void acpi_pci_hotplug::inserted(std::uint32_t bus, unsigned slot)
{
    state_.buses[bus].inserted |= 1U << slot;
    announce();
}

void acpi_pci_hotplug::ask_back(std::uint32_t bus, unsigned slot)
{
    state_.buses[bus].asked_back |= 1U << slot;
    announce();
}

void acpi_pci_hotplug::gone(std::uint32_t bus, unsigned slot)
{
    const auto found = state_.buses.find(bus);
    if (found == state_.buses.end()) return;
    found->second.inserted &= ~(1U << slot);
    found->second.asked_back &= ~(1U << slot);
}

std::uint32_t acpi_pci_hotplug::peek(std::uint64_t offset) const
{
    const auto found = state_.buses.find(state_.bus);
    const slots known = found != state_.buses.end() ? found->second : slots{};
    switch (offset) {
    case k_inserted: return known.inserted;
    case k_asked_back: return known.asked_back;
    case k_removable: return platform_.removable ? platform_.removable(state_.bus) : 0;
    case k_bus: return state_.bus;
    case k_index: return platform_.acpi_index ? platform_.acpi_index(state_.bus, state_.slot) : 0;
    default: return 0;
    }
}

void acpi_pci_hotplug::write(std::uint64_t offset, std::uint32_t value)
{
    if (offset == k_bus) state_.bus = value;
    if (value == 0) return;
    if (offset == k_index) state_.slot = lowest(value);
    if (offset == k_eject && platform_.eject) platform_.eject(state_.bus, lowest(value));
}

std::uint64_t acpi_pci_hotplug::registers_face::peek(std::uint64_t offset, unsigned width) const
{
    return width == 4 ? owner.peek(offset) : 0;
}

std::uint64_t acpi_pci_hotplug::registers_face::read(std::uint64_t offset, unsigned width,
                                                     const bus::access_context& /*context*/)
{
    const std::uint64_t value = peek(offset, width);
    if (offset == k_inserted && value != 0) owner.state_.buses[owner.state_.bus].inserted = 0;
    return value;
}

void acpi_pci_hotplug::registers_face::write(std::uint64_t offset, unsigned width, std::uint64_t value,
                                             const bus::access_context& /*context*/)
{
    if (width == 4) owner.write(offset, static_cast<std::uint32_t>(value));
}

std::uint64_t acpi_pci_hotplug::events_face::peek(std::uint64_t offset, unsigned /*width*/) const
{
    const std::uint32_t both = owner.state_.gpe0_status | std::uint32_t{owner.state_.gpe0_enable} << 16;
    return both >> (8 * offset);
}

void acpi_pci_hotplug::events_face::write(std::uint64_t offset, unsigned width, std::uint64_t value,
                                          const bus::access_context& /*context*/)
{
    const unsigned shift = static_cast<unsigned>(8 * (offset % k_gpe0_enable));
    const unsigned mask = (width == 1 ? 0xFFU : 0xFFFFU) << shift;
    const unsigned bits = static_cast<unsigned>(value) << shift & mask;
    std::uint16_t& status = owner.state_.gpe0_status;
    std::uint16_t& enable = owner.state_.gpe0_enable;
    if (offset < k_gpe0_enable) {
        status = static_cast<std::uint16_t>(status & ~bits);
    } else {
        enable = static_cast<std::uint16_t>((enable & ~mask) | bits);
    }
}

void acpi_pci_hotplug::reset(runstate::reset_kind /*kind*/) { state_ = {}; }

runstate::saved_state acpi_pci_hotplug::save() const
{
    std::vector<std::uint8_t> buses(k_bytes_of_bus * state_.buses.size());
    std::uint8_t* at = buses.data();
    for (const auto& [number, known] : state_.buses) {
        for (const std::uint32_t value : {number, known.inserted, known.asked_back}) {
            bus::store_little_endian(at, k_bytes_of_number, value);
            at += k_bytes_of_number;
        }
    }
    return {{"bus", state_.bus},
            {"slot", state_.slot},
            {"gpe0_status", state_.gpe0_status},
            {"gpe0_enable", state_.gpe0_enable},
            {"buses", std::move(buses)}};
}

runstate::prepared_restore acpi_pci_hotplug::prepare(const runstate::saved_state& saved)
{
    constexpr std::uint64_t k_most_slot = 31;
    runstate::saved_state_reader in(section(), saved, 5);
    state read;
    read.bus = static_cast<std::uint32_t>(in.number("bus", 0, 0xFFFF'FFFF));
    read.slot = static_cast<std::uint32_t>(in.number("slot", 0, k_most_slot));
    read.gpe0_status = static_cast<std::uint16_t>(in.number("gpe0_status", 0, 0xFFFF));
    read.gpe0_enable = static_cast<std::uint16_t>(in.number("gpe0_enable", 0, 0xFFFF));
    const std::vector<std::uint8_t>& buses = in.bytes("buses");
    in.require(buses.size() % k_bytes_of_bus == 0, "buses: not so many times 12 bytes");
    if (in.fault()) return *in.fault();
    for (std::size_t at = 0; at < buses.size(); at += k_bytes_of_bus) {
        const auto number = [&](std::size_t index) {
            const std::uint8_t* const data = &buses[at + k_bytes_of_number * index];
            return static_cast<std::uint32_t>(bus::load_little_endian(data, k_bytes_of_number));
        };
        read.buses[number(0)] = {number(1), number(2)};
    }
    return [this, read] { state_ = read; };
}

} // namespace vigil::models
