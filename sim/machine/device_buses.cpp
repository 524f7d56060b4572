// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/machine/device_buses.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <utility>

namespace vigil::sim {

using qmp_bridge::refuse;

namespace {

constexpr unsigned k_pci_slots = 32;
constexpr std::uint8_t k_pci_functions = 8;

std::string hex_text(unsigned number)
{
    char text[16];
    std::snprintf(text, sizeof text, "%x", number);
    return text;
}

bool is_port(std::string_view driver) { return driver == "pcie-root-port" || driver == "ioh3420"; }

// How many buses such a device brings: a disk controller of this kind has one for each drive.
unsigned buses_brought(const device_row& row) { return row.brings == device_bus::ide ? 6 : 1; }

} // namespace

bus::pci_address address_of(const property_values& values)
{
    const device_value* place = values.find("addr");
    const std::int64_t devfn = place != nullptr ? std::get<std::int64_t>(*place) : 0;
    return {static_cast<std::uint8_t>(devfn >> 3), static_cast<std::uint8_t>(devfn & 7)};
}

device_buses::device_buses(const machine_config& config, std::function<std::string(const bus::pci_function&)> name_of)
    : config_(config), name_of_(std::move(name_of))
{
}

void device_buses::add_board(const bus::pci_host& host)
{
    host_ = &host;
    const bool q35 = config_.type == machine_type::q35;
    if (q35) {
        all_.push_back({"pcie.0", device_bus::pci, "PCIE", nullptr, nullptr, pci_position::root_complex});
    } else {
        all_.push_back({next_name("PCI"), device_bus::pci, "PCI"});
        all_.back().hotpluggable = config_.acpi;
    }
    all_.push_back({next_name("ISA"), device_bus::isa, "ISA"});
    const unsigned ide_buses = q35 ? 6 : 2;
    for (unsigned i = 0; i < ide_buses; ++i) all_.push_back({next_name("IDE"), device_bus::ide, "IDE"});
}

// QEMU's names for buses without a device's id: "pci.1", "usb-bus.0" …
std::string device_buses::next_name(std::string_view type)
{
    std::string name;
    for (const char c : type) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto known = named_.emplace(name, 0).first;
    return name + "." + std::to_string(known->second++);
}

void device_buses::add_buses_of(const machine_device& device)
{
    const device_row& row = *device.row;
    if (!row.brings) return;
    if (*row.brings == device_bus::pci) {
        const bool port = is_port(row.name);
        const std::string_view type = port ? "PCIE" : "PCI";
        all_.push_back({device.id ? *device.id : next_name(type), device_bus::pci, type, &device, device.made.bridge,
                        port ? pci_position::express_port : pci_position::conventional,
                        device.values.find("hotplug") == nullptr || device.values.flag("hotplug")});
        return;
    }
    const std::string_view type = bus_word(*row.brings);
    for (unsigned i = 0; i < buses_brought(row); ++i) {
        all_.push_back(
            {device.id ? *device.id + "." + std::to_string(i) : next_name(type), *row.brings, type, &device});
        all_.back().hotpluggable = *row.brings != device_bus::ide && *row.brings != device_bus::hda;
    }
}

void device_buses::remove_buses_of(const machine_device& device)
{
    all_.remove_if([&](const machine_bus& one) { return one.owner == &device; });
}

void device_buses::number_for_hotplug()
{
    std::uint32_t next = 0;
    if (!all_.empty()) number_from(all_.front(), next);
}

void device_buses::number_from(machine_bus& bus, std::uint32_t& next)
{
    if (bus.hotpluggable) bus.hotplug_number = next++;
    for (auto child = all_.rbegin(); child != all_.rend(); ++child) {
        if (child->kind == device_bus::pci && child->owner != nullptr && child->owner->bus == &bus) {
            number_from(*child, next);
        }
    }
}

std::vector<const machine_bus*> device_buses::all_pci() const
{
    std::vector<const machine_bus*> found;
    for (const machine_bus& one : all_) {
        if (one.kind == device_bus::pci) found.push_back(&one);
    }
    return found;
}

std::vector<const machine_bus*> device_buses::buses_of(const machine_device* owner) const
{
    std::vector<const machine_bus*> found;
    for (const machine_bus& one : all_) {
        if (one.owner == owner) found.push_back(&one);
    }
    return found;
}

const machine_bus* device_buses::find(std::string_view name) const
{
    const auto found = std::find_if(all_.begin(), all_.end(), [&](const machine_bus& one) { return one.name == name; });
    return found != all_.end() ? &*found : nullptr;
}

runstate::result<const machine_bus*> device_buses::choose(const device_row& row,
                                                          const std::optional<std::string>& name) const
{
    const std::string driver(row.name);
    if (!name) {
        const auto fits = [&](const machine_bus& one) { return one.kind == row.bus; };
        const auto found = std::find_if(all_.begin(), all_.end(), fits);
        if (found != all_.end()) return &*found;
        return refuse("No '" + std::string(bus_word(row.bus)) + "' bus found for device '" + driver + "'");
    }
    const std::string_view last = std::string_view(*name).substr(name->rfind('/') + 1);
    if (last == "main-system-bus") return refuse("Device '" + driver + "' can't go on System bus");
    const machine_bus* const found = find(last);
    if (found == nullptr) return refuse("Bus '" + *name + "' not found");
    if (found->kind == row.bus) return found;
    return refuse("Device '" + driver + "' can't go on " + std::string(found->type) + " bus");
}

std::optional<runstate::refusal> device_buses::place(const device_row& row, const machine_bus& bus,
                                                     property_values& values) const
{
    const device_value* wanted = values.find("addr");
    if (wanted == nullptr || std::get<std::int64_t>(*wanted) < 0) {
        unsigned slot = 0;
        if (bus.owner == nullptr) {
            // Slots that QEMU's default devices would take before ours; nothing answers there.
            slot = config_.type == machine_type::q35 ? 1 : 2;
            slot += unsigned(config_.default_vga) + unsigned(config_.default_nic);
        }
        while (slot < k_pci_slots && host_->at({static_cast<std::uint8_t>(slot)}, bus.bridge) != nullptr) ++slot;
        if (slot == k_pci_slots) {
            return refuse("PCI: no slot/function available for " + std::string(row.name) + ", all in use or reserved");
        }
        values.set("addr", std::int64_t{bus::pci_address{static_cast<std::uint8_t>(slot)}.devfn()});
    }
    const bus::pci_address address = address_of(values);
    if (const bus::pci_function* there = host_->at(address, bus.bridge)) {
        return refuse("PCI: slot " + std::to_string(address.slot) + " function " + std::to_string(address.function) +
                      " not available for " + std::string(row.name) + ", in use by " + name_of_(*there));
    }
    return check_functions(bus, address, values.flag("multifunction"));
}

std::optional<runstate::refusal> device_buses::check_functions(const machine_bus& bus, bus::pci_address address,
                                                               bool multifunction) const
{
    const auto spelt = [&](unsigned function) { return hex_text(address.slot) + "." + std::to_string(function); };
    if (address.function != 0) {
        const bus::pci_function* first = host_->at({address.slot}, bus.bridge);
        if (first == nullptr || first->multifunction()) return std::nullopt;
        return refuse("PCI: single function device can't be populated in function " + spelt(address.function));
    }
    for (std::uint8_t other = 1; !multifunction && other < k_pci_functions; ++other) {
        if (host_->at({address.slot, other}, bus.bridge) == nullptr) continue;
        return refuse("PCI: " + spelt(0) + " indicates single function, but " + spelt(other) +
                      " is already populated.");
    }
    return std::nullopt;
}

} // namespace vigil::sim
