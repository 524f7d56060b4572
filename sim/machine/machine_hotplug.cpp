// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/machine/machine.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include <vigil/models/pvpanic.h>

/// Devices that come and go while the machine runs. A simulation makes no modules then, so those that may come are made
/// at the start, and are on no bus until they do.
namespace vigil::sim {

using qmp_bridge::refuse;

namespace {

constexpr std::uint64_t k_pc_registers = 0xAE00;
constexpr std::uint64_t k_pc_gpe0 = 0xAFE0;
constexpr std::uint64_t k_q35_registers = 0x0CC0;

constexpr unsigned k_spares = 4; // of each kind
constexpr std::array<std::string_view, 2> k_kinds{"i6300esb", "pvpanic-pci"};

runstate::refusal no_hotplug(const machine_bus& bus)
{
    return refuse("Bus '" + bus.name + "' does not support hotplugging");
}

unsigned slot_of(const machine_device& one) { return address_of(one.values).slot; }

bool is_pci(const machine_device& one) { return one.made.function != nullptr && !one.exported; }

} // namespace

void machine::add_hotplug()
{
    buses_.number_for_hotplug();
    const auto takes = [](const machine_bus* bus) { return bus->hotplug_number.has_value(); };
    const auto all = buses_.all_pci();
    if (std::none_of(all.begin(), all.end(), takes)) return;

    models::acpi_pci_hotplug::platform slots;
    slots.removable = [this](std::uint32_t bus) { return removable_slots(bus); };
    slots.acpi_index = [this](std::uint32_t bus, unsigned slot) { return acpi_index(bus, slot); };
    slots.eject = [this](std::uint32_t bus, unsigned slot) { eject(bus, slot); };
    hotplug_ = std::make_unique<models::acpi_pci_hotplug>("hotplug", std::move(slots));
    const bool q35 = config_.type == machine_type::q35;
    const std::uint64_t registers = q35 ? k_q35_registers : k_pc_registers;
    io_router_.map(registers, models::acpi_pci_hotplug::k_registers, hotplug_->registers, {4});
    if (!q35) io_router_.map(k_pc_gpe0, models::acpi_pci_hotplug::k_gpe0, hotplug_->gpe0, {2});
    controller.add_resettable(*hotplug_);
    controller.add_resettable(asked_back_);

    const device_surroundings around{
        controller, io_router_, config_.behaviour, 0, pci_position::conventional, [this](std::uint32_t vcpu) {
            crash_msrs_.crash_occurred(vcpu);
        }};
    for (const std::string_view kind : k_kinds) {
        const device_row& row = *find_device_row(kind);
        const property_values values = default_values(row, config_.behaviour);
        for (unsigned i = 0; i < k_spares; ++i) {
            const std::string name = "spare_" + std::string(kind) + "_" + std::to_string(i);
            spares_.push_back({&row, row.make(name.c_str(), around, values), {}});
            pci_->attach_unplugged(*spares_.back().made.function);
        }
    }
}

machine::failure machine::check_plug(const device_row& row, const std::optional<std::string>& id,
                                     const std::optional<std::string>& bus) const
{
    const auto chosen = buses_.choose(row, bus);
    if (!chosen) return chosen.why();
    const bool is_spare = std::find(k_kinds.begin(), k_kinds.end(), row.name) != k_kinds.end();
    if (!(*chosen)->hotpluggable || !is_spare || hotplug_ == nullptr) return no_hotplug(**chosen);
    const auto has_id = [&](const machine_device& one) { return one.id == id; };
    if (id && (*id == "type" || std::any_of(devices_.begin(), devices_.end(), has_id))) {
        return refuse("Duplicate device ID '" + *id + "'");
    }
    return std::nullopt;
}

machine::failure machine::plug(const device_request& request)
{
    const device_row& row = *find_device_row(request.driver);
    if (auto refused = check_plug(row, request.id, request.bus)) return refused;
    const machine_bus& bus = **buses_.choose(row, request.bus);
    property_values values = default_values(row, config_.behaviour, config_.name);
    for (const auto& [driver, defaults] : config_.plugged_defaults) {
        if (driver != row.name) continue;
        for (const auto& [key, value] : defaults.all()) values.set(key, value);
    }
    for (const auto& [key, value] : request.values.all()) values.set(key, value);
    for (const device_property& own : row.properties) {
        if (own.own && values.flag(own.name)) return refuse(std::string(own.name) + " is for the start of the machine");
    }
    if (auto refused = check_pci_values(row, values)) return refused;
    if (auto refused = check_first_function(row, bus, values)) return refused;
    if (auto refused = buses_.place(row, bus, values)) return refused;

    const auto is_it = [&](const spare& one) { return one.row == &row; };
    const auto found = std::find_if(spares_.begin(), spares_.end(), is_it);
    if (found == spares_.end()) {
        return refuse("No more than " + std::to_string(k_spares) + " " + std::string(row.name) +
                      " can be added while the machine runs; give further ones at its start");
    }
    devices_.push_back({&row, request.id, std::move(values), &bus, std::move(found->made), {}, {}});
    spares_.erase(found);
    machine_device& one = devices_.back();
    one.plugged = true;
    put_in(one);
    return std::nullopt;
}

// Whoever enumerates looks at the other functions of a slot with the first, which is there already.
machine::failure machine::check_first_function(const device_row& row, const machine_bus& bus,
                                               const property_values& values) const
{
    const device_value* const wanted = values.find("addr");
    if (wanted == nullptr || std::get<std::int64_t>(*wanted) < 0) return std::nullopt;
    const bus::pci_address address = address_of(values);
    const bus::pci_function* const first = pci_->at({address.slot}, bus.bridge);
    if (address.function == 0 || first == nullptr) return std::nullopt;
    const std::string name = name_of(*first);
    return refuse("PCI: slot " + std::to_string(address.slot) + " function 0 already occupied by " +
                  name.substr(0, name.find(',')) + ", new func " + std::string(row.name) +
                  " cannot be exposed to guest.");
}

void machine::put_in(machine_device& one)
{
    if (auto* panic = dynamic_cast<models::pvpanic*>(one.made.module.get())) {
        panic->set_events(static_cast<std::uint8_t>(one.values.number("events")));
    }
    one.made.reset->reset(runstate::reset_kind::cold);
    one.made.function->set_multifunction(one.values.flag("multifunction"));
    pci_->plug(*one.made.function, address_of(one.values), one.bus->bridge);
    controller.add_resettable(*one.made.reset);
    controller.add_snapshottable(*one.made.saved);
    save_hotplug();
    if (one.bus->hotplug_number) hotplug_->inserted(*one.bus->hotplug_number, slot_of(one));
    if (lister_) list_plugged(one);
}

// From now on there is something to save.
void machine::save_hotplug()
{
    if (!std::exchange(hotplug_saved_, true)) controller.add_snapshottable(*hotplug_);
}

machine::failure machine::unplug(std::string_view name)
{
    const auto is_it = [&](const machine_device& one) {
        return name.substr(0, 1) == "/" ? path_of(one) == name : one.id == name;
    };
    const auto found = std::find_if(devices_.begin(), devices_.end(), is_it);
    if (found == devices_.end() || found->exported) {
        return runstate::refusal{"Device '" + std::string(name) + "' not found",
                                 runstate::error_class::device_not_found};
    }
    machine_device& one = *found;
    if (one.asked_back) {
        return refuse("Device " + one.id.value_or(path_of(one)) + " is already in the process of unplug");
    }
    if (!one.bus->hotpluggable || hotplug_ == nullptr) return no_hotplug(*one.bus);
    if (!is_pci(one)) {
        remove_all([&](const machine_device& other) { return &other == &one; });
        return std::nullopt;
    }
    one.asked_back = true;
    if (one.bus->hotplug_number) hotplug_->ask_back(*one.bus->hotplug_number, slot_of(one));
    save_hotplug();
    return std::nullopt;
}

// A bridge that was there from the start stays.
bool machine::can_leave(const machine_device& one) { return one.row->hotpluggable && one.made.bridge == nullptr; }

std::uint32_t machine::removable_slots(std::uint32_t bus) const
{
    std::uint32_t slots = 0xFFFF'FFFF;
    for (const machine_device& one : devices_) {
        if (is_pci(one) && one.bus->hotplug_number == bus && !can_leave(one)) slots &= ~(1U << slot_of(one));
    }
    const bool of_board = bus == 0 && config_.type == machine_type::pc;
    return of_board ? slots & ~0x3U : slots; // the host bridge and the south bridge
}

std::uint32_t machine::acpi_index(std::uint32_t bus, unsigned slot) const
{
    for (const machine_device& one : devices_) {
        if (is_pci(one) && one.bus->hotplug_number == bus && slot_of(one) == slot) {
            return static_cast<std::uint32_t>(one.values.number("acpi-index"));
        }
    }
    return 0;
}

void machine::eject(std::uint32_t bus, unsigned slot)
{
    remove_all([&](const machine_device& one) {
        return is_pci(one) && one.bus->hotplug_number == bus && slot_of(one) == slot && one.asked_back &&
               can_leave(one);
    });
}

void machine::reset_of_hotplug::reset(runstate::reset_kind /*kind*/)
{
    owner.remove_all([](const machine_device& one) { return one.asked_back && can_leave(one); });
    for (machine_device& one : owner.devices_) one.asked_back = false;
}

void machine::remove_all(const std::function<bool(const machine_device&)>& goes)
{
    std::vector<machine_device*> going;
    for (machine_device& one : devices_) {
        if (goes(one)) going.push_back(&one);
    }
    const auto place = [](const machine_device* one) {
        return std::tuple(one->bus->hotplug_number.value_or(0), is_pci(*one) ? slot_of(*one) : 0);
    };
    std::stable_sort(going.begin(), going.end(), [&](const auto* a, const auto* b) { return place(a) < place(b); });
    for (machine_device* one : going) {
        const auto is_it = [&](const machine_device& other) { return &other == one; };
        if (std::any_of(devices_.begin(), devices_.end(), is_it)) remove(*one); // it may have gone with another
    }
    if (!gone_.empty() && devices_gone) devices_gone();
}

void machine::tell_of_gone()
{
    for (const runstate::device_deleted_event& one : std::exchange(gone_, {})) {
        controller.control().device_deleted(one.device, one.path);
    }
}

// With what hangs on its buses, that first.
void machine::remove(machine_device& one)
{
    for (auto other = devices_.begin(); other != devices_.end();) {
        machine_device& below = *other++;
        if (below.bus->owner == &one) remove(below);
    }
    const std::string path = path_of(one);
    if (lister_) unlist(one);
    if (one.made.function != nullptr) pci_->unplug(*one.made.function);
    if (one.made.reset != nullptr) controller.remove_resettable(*one.made.reset);
    if (one.made.saved != nullptr) controller.remove_snapshottable(*one.made.saved);
    if (one.bus->hotplug_number) hotplug_->gone(*one.bus->hotplug_number, slot_of(one));
    buses_.remove_buses_of(one);
    gone_.push_back({one.id, path});
    const auto is_set = [&](const device_property& own) { return own.own && one.values.flag(own.name); };
    const bool as_any = std::none_of(one.row->properties.begin(), one.row->properties.end(), is_set);
    spares_.push_back({as_any ? one.row : nullptr, std::move(one.made), std::move(one.interrupt)});
    const auto is_it = [&](const machine_device& other) { return &other == &one; };
    devices_.erase(std::find_if(devices_.begin(), devices_.end(), is_it));
}

} // namespace vigil::sim
