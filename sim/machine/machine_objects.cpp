// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/machine/machine.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <limits>
#include <map>
#include <utility>

#include <vigil/models/acpi_pm.h>

/// The machine's objects as QEMU has them: names, places and properties, as far as they are modelled.
namespace vigil::sim {

using qmp_bridge::qom_tree;
using runstate::property_value;
using node = qom_tree::node;

namespace {

// Where QEMU has what is modelled of a board.
struct board {
    const char* host; ///< the PCI host, below /machine
    const char* host_type;
    const char* pci_bus;
    const char* pci_bus_type;
    unsigned first_on_pci; ///< the first device of ours among the children of the bus

    // Numbers below /machine/unattached where there is one CPU; each further CPU shifts them by one.
    unsigned isa_bridge;
    unsigned keyboard_controller;
    unsigned port92;

    // Numbers among the children of the ISA bus.
    unsigned keyboard_controller_on_isa;
    unsigned port92_on_isa;
    unsigned first_on_isa;

    // The other functions of the older board's south bridge, as the numbers above; 0: they are parts of it.
    unsigned ide = 0;
    unsigned power_management = 0;
};

constexpr board k_pc{"i440fx", "i440FX-pcihost", "pci.0", "PCI", 4, 3, 13, 16, 8, 11, 12, 17, 18};
constexpr board k_q35{"q35", "q35-pcihost", "pcie.0", "PCIE", 4, 2, 11, 14, 7, 10, 11};
// From QEMU 11.1 on.
constexpr board k_later_pc{"i440fx", "i440FX-pcihost", "pci.0", "PCI", 4, 3, 10, 13, 8, 11, 12};
constexpr board k_later_q35{"q35", "q35-pcihost", "pcie.0", "PCIE", 4, 2, 8, 11, 7, 10, 11};

constexpr unsigned k_pc_host_bridge = 2; // as the numbers of a board
constexpr unsigned k_keyboard_parts = 4; ///< that are not there, and not counted, without a keyboard controller

constexpr std::uint64_t k_io_ports = 0x10000;
constexpr std::uint64_t k_everything = std::numeric_limits<std::uint64_t>::max();

std::string numbered(const char* name, unsigned number)
{
    return std::string(name) + "[" + std::to_string(number) + "]";
}

void add_fact(node& object, std::string_view name, std::string_view type, std::function<property_value()> get,
              std::string fixed = {})
{
    object.facts.push_back({{std::string(name), std::string(type), {}, std::move(get), {}}, {}, std::move(fixed)});
}

void add_constant(node& object, std::string_view name, std::string_view type, property_value value,
                  std::string fixed = {})
{
    add_fact(
        object, name, type, [value = std::move(value)] { return value; }, std::move(fixed));
}

// What every device has.
void add_device_facts(node& device, const node* bus, bool hotpluggable, bool plugged = false)
{
    device.add_link("parent_bus", "link<bus>", bus);
    const auto set_realized = [type = device.type](const property_value& value) -> std::optional<runstate::refusal> {
        if (std::get<bool>(value)) return std::nullopt; // it is
        return runstate::refusal{"Device '" + type + "' cannot be unplugged"};
    };
    device.facts.push_back({{"realized", "bool", {}, [] { return true; }, set_realized}});
    add_constant(device, "hotplugged", "bool", plugged);
    add_constant(device, "hotpluggable", "bool", hotpluggable);
}

// QEMU's refusal to set what a device was made with.
std::string after_realized(std::string_view property, const node& device, const std::optional<std::string>& id)
{
    return "Attempt to set property '" + std::string(property) + "' on " +
           (id ? "device '" + *id + "'" : "anonymous device") + " (type '" + device.type + "') after it was realized";
}

property_value shown(const device_value& value)
{
    return std::visit([](const auto& one) { return property_value(one); }, value);
}

std::string slot_text(const property_values& values)
{
    const bus::pci_address address = address_of(values);
    char text[16];
    std::snprintf(text, sizeof text, "%02x.%x", unsigned{address.slot}, unsigned{address.function});
    return text;
}

// The properties that `rows` name and that have a value; a text without one is empty.
void add_values(node& device, const std::vector<device_property>& rows, const property_values& values,
                const std::optional<std::string>& id, const bus::pci_bridge* behind = nullptr)
{
    for (const device_property& row : rows) {
        if (row.own) continue;
        if (row.name == "legacy-addr") {
            add_constant(device, row.name, type_word(row), slot_text(values));
            continue;
        }
        if (row.name == "busnr") {
            add_fact(device, row.name, type_word(row), [behind]() -> property_value {
                return std::uint64_t{behind != nullptr ? behind->secondary_bus() : std::uint8_t{0}};
            });
            continue;
        }
        const device_value* value = values.find(row.name);
        if (value == nullptr && row.kind != property_kind::text) continue;
        const std::string fixed = row.read_only ? std::string() : after_realized(row.name, device, id);
        add_constant(device, row.name, type_word(row), value != nullptr ? shown(*value) : std::string(), fixed);
    }
}

// A memory region and where it is now.
struct region {
    std::uint64_t size;
    std::function<const node*()> container;
    std::function<std::uint64_t()> address;
    std::int64_t priority = 0;
};

node& add_region(node& owner, std::string name, region one)
{
    node& object = owner.add(std::move(name), "memory-region");
    object.add_link("container", "link<memory-region>", std::move(one.container));
    add_fact(object, "addr", "uint64", [address = std::move(one.address)] { return address(); });
    add_constant(object, "size", "uint64", one.size);
    add_constant(object, "priority", "uint32", one.priority);
    return object;
}

node& add_region(node& owner, std::string name, const node* container, std::uint64_t address, std::uint64_t size)
{
    return add_region(owner, std::move(name), {size, [container] { return container; }, [address] { return address; }});
}

void add_bus_master_regions(node& device)
{
    node& master = device.add("bus master[0]", "memory-region");
    const node* const container = &add_region(device, "bus master container[0]", nullptr, 0, k_everything);
    master.add_link("container", "link<memory-region>", container);
    add_constant(master, "addr", "uint64", std::uint64_t{0});
    add_constant(master, "size", "uint64", k_everything);
    add_constant(master, "priority", "uint32", std::uint64_t{0});
}

} // namespace

/// Puts a machine's objects into a tree: the board, then what was added to it.
class machine::object_lister {
public:
    object_lister(machine& listed, qom_tree& tree) : machine_(listed), tree_(tree) {}

    void list()
    {
        tree_.machine().type = machine_.type_name();
        list_memory();
        list_cpus();
        if (!machine_.pci_) return;
        const bool later = machine_.config_.behaviour.renewed_objects;
        const bool q35 = machine_.config_.type == machine_type::q35;
        list_board(later ? (q35 ? k_later_q35 : k_later_pc) : (q35 ? k_q35 : k_pc));
        const auto of_board = machine_.buses_.buses_of(nullptr);
        buses_[of_board.at(0)] = {pci_bus_, next_on_pci_};
        buses_[of_board.at(1)] = {isa_bus_, next_on_isa_};
        for (const machine_device& one : machine_.devices_) list_device(one);
    }

    void unlist(const machine_device& one)
    {
        const auto found = objects_.find(&one);
        const auto place = buses_.find(one.bus);
        if (place != buses_.end()) {
            auto& facts = place->second.object->facts;
            const auto is_its = [&](const qom_tree::fact& fact) {
                return fact.shown.name.find("child[") == 0 && fact.target && fact.target() == found->second;
            };
            facts.erase(std::remove_if(facts.begin(), facts.end(), is_its), facts.end());
        }
        for (const machine_bus* bus : machine_.buses_.buses_of(&one)) buses_.erase(bus);
        (one.id ? tree_.peripheral() : tree_.peripheral_anon()).remove(found->second->name());
        objects_.erase(found);
    }

    void list_device(const machine_device& one)
    {
        node& container = one.id ? tree_.peripheral() : tree_.peripheral_anon();
        node& object = container.add(one.id ? *one.id : numbered("device", unnamed_++), std::string(one.row->name));
        objects_[&one] = &object;
        const bool pci = one.row->bus == device_bus::pci;
        const auto place = buses_.find(one.bus);
        const node* bus_object = place != buses_.end() ? place->second.object : nullptr;
        add_device_facts(object, bus_object, one.row->hotpluggable && one.bus->hotpluggable, one.plugged);
        const qemu_behaviour& behaviour = machine_.config_.behaviour;
        add_values(object, bus_properties(one.row->bus, behaviour), one.values, one.id, one.bus->bridge);
        add_values(object, own_properties(*one.row, behaviour), one.values, one.id);
        if (pci) {
            add_bus_master_regions(object);
            if (!one.row->region.empty()) add_bar(object, *one.row, *one.made.function);
        } else if (!one.row->region.empty()) {
            add_ports(object, *one.row, one.values);
        }
        object.state = one.made.object;
        if (place != buses_.end()) add_to_bus(*place->second.object, place->second.next++, object);
        for (const machine_bus* bus : machine_.buses_.buses_of(&one)) {
            buses_[bus] = {&object.add(bus->name, std::string(bus->type)), 0};
            add_constant(*buses_[bus].object, "realized", "bool", true);
        }
    }

    std::string path_of(const machine_device& one) const { return objects_.at(&one)->path(); }

private:
    node& add_unattached(unsigned number, const char* type)
    {
        const unsigned further_cpus = machine_.config_.cpus - 1;
        return tree_.unattached().add(numbered("device", number + further_cpus), type);
    }

    void list_memory()
    {
        const bool has_name = machine_.config_.type != machine_type::none;
        const std::string name = has_name ? "pc.ram" : "ram";
        node* backend = tree_.objects().child(name);
        if (backend == nullptr) backend = &tree_.objects().add(name, "memory-backend-ram");
        add_constant(*backend, "size", "int", static_cast<std::int64_t>(machine_.config_.ram_bytes));
        add_region(*backend, name + "[0]", nullptr, 0, machine_.config_.ram_bytes);
        tree_.machine().add_link("memory-backend", "link<memory-backend>", backend);

        add_constant(tree_.unattached().add("sysbus", "System"), "realized", "bool", false); // as in QEMU
        node& system = add_region(tree_.unattached(), "system[0]", nullptr, 0, k_everything);
        add_region(tree_.unattached(), "io[0]", nullptr, 0, k_io_ports);
        if (!machine_.pci_) return;
        constexpr std::int64_t below_all = -1;
        add_region(tree_.unattached(), "pci[0]",
                   {k_everything, [&system] { return &system; }, [] { return 0; }, below_all});
    }

    void list_cpus()
    {
        for (virtual_cpu& cpu : machine_.virtual_cpus_) {
            node& object = tree_.unattached().add(cpu_name(cpu.index), std::string(cpu.type_name()));
            add_device_facts(object, nullptr, true);
            const auto add = [&](const char* name, const char* type, property_value value) {
                add_constant(object, name, type, std::move(value), after_realized(name, object, std::nullopt));
            };
            const std::int64_t index = cpu.index;
            add("hv-crash", "bool", machine_.config_.hyperv_crash);
            add("apic-id", "uint32", static_cast<std::uint64_t>(index));
            add("thread-id", "int32", std::int64_t{0});
            add("core-id", "int32", index);
            add("socket-id", "int32", std::int64_t{0});
            add_constant(object, "unavailable-features", "strList", std::vector<std::string>{});
            object.state = &cpu;
        }
    }

    void list_board(const board& one)
    {
        node& host = tree_.machine().add(one.host, one.host_type);
        add_device_facts(host, tree_.unattached().child("sysbus"), false);
        pci_bus_ = &host.add(one.pci_bus, one.pci_bus_type);
        add_constant(*pci_bus_, "realized", "bool", true);
        next_on_pci_ = one.first_on_pci;

        const bool q35 = machine_.config_.type == machine_type::q35;
        node& host_bridge = q35 ? host.add("mch", "mch") : add_unattached(k_pc_host_bridge, "i440FX");
        list_bridge(host_bridge, {0, 0}, 0);
        node& isa_bridge = add_unattached(one.isa_bridge, q35 ? "ICH9-LPC" : "PIIX3");
        list_bridge(isa_bridge, q35 ? bus::pci_address{31, 0} : bus::pci_address{1, 0}, 1);
        isa_bus_ = &isa_bridge.add("isa.0", "ISA");
        add_constant(*isa_bus_, "realized", "bool", true);
        next_on_isa_ = one.first_on_isa - (machine_.config_.i8042 ? 0 : k_keyboard_parts);

        if (machine_.config_.i8042) list_keyboard(one);
        if (!q35) list_south_bridge_functions(one, isa_bridge);
    }

    void list_keyboard(const board& one)
    {
        node& keyboard = add_unattached(one.keyboard_controller, "i8042");
        list_isa_part(keyboard, one.keyboard_controller_on_isa);
        add_region(keyboard, "i8042-data[0]", io(), 0x60, 1);
        add_region(keyboard, "i8042-cmd[0]", io(), 0x64, 1);
        keyboard.state = machine_.i8042_.get();
        node& port92 = add_unattached(one.port92, "port92");
        list_isa_part(port92, one.port92_on_isa);
        add_region(port92, "port92[0]", io(), 0x92, 1);
        port92.state = machine_.port92_.get();
    }

    // What the older board has beside the bridge to the ISA bus.
    void list_south_bridge_functions(const board& one, node& isa_bridge)
    {
        const unsigned missing = machine_.config_.i8042 ? 0 : k_keyboard_parts;
        const auto add = [&](unsigned number, const char* name, const char* type) -> node& {
            return number == 0 ? isa_bridge.add(name, type) : add_unattached(number - missing, type);
        };
        list_bridge(add(one.ide, "ide", "piix3-ide"), {1, 1}, 2);
        if (machine_.config_.acpi) {
            list_bridge(add(one.power_management, "pm", "PIIX4_PM"), {1, 3}, 3);
        } else {
            --next_on_pci_;
        }
    }

    // A PCI function of the board.
    void list_bridge(node& object, bus::pci_address address, unsigned number)
    {
        bus::pci_function* function = machine_.pci_->at(address);
        const device_row* row = find_modelled_row(object.type);
        const device_row nameless{"", device_bus::pci, {}, {}};
        const qemu_behaviour& behaviour = machine_.config_.behaviour;
        property_values values = default_values(row != nullptr ? *row : nameless, behaviour, machine_.config_.name);
        if (dynamic_cast<models::acpi_pm_function*>(function) != nullptr) set_power_values(values);
        values.set("addr", std::int64_t{address.devfn()});
        values.set("multifunction", function != nullptr && function->multifunction());
        add_device_facts(object, pci_bus_, false);
        add_values(object, bus_properties(device_bus::pci, behaviour), values, std::nullopt);
        if (row != nullptr) add_values(object, own_properties(*row, behaviour), values, std::nullopt);
        add_bus_master_regions(object);
        object.state = dynamic_cast<runstate::inspectable*>(function);
        add_to_bus(*pci_bus_, number, object);
    }

    // What the power block was made with.
    void set_power_values(property_values& values) const
    {
        for (const auto& [name, value] : machine_.config_.power_management.all()) values.set(name, value);
        const models::acpi_pm_parameters used = power_block_of(machine_.config_);
        values.set("smm-compat", used.smm_compat);
        values.set("s4_val", std::uint64_t{used.s4_value});
        if (machine_.config_.behaviour.renewed_objects) values.set("smm-enabled", machine_.config_.smm);
    }

    void list_isa_part(node& object, unsigned number)
    {
        add_device_facts(object, isa_bus_, false);
        add_to_bus(*isa_bus_, number, object);
    }

    static void add_to_bus(node& bus, unsigned number, const node& device)
    {
        bus.add_link(numbered("child", number), "link<" + device.type + ">", &device);
    }

    // The memory region of BAR 0, and where it is decoded now.
    void add_bar(node& device, const device_row& row, const bus::pci_function& function) const
    {
        const auto window = [&function] { return function.bar_window(function.bars().front()); };
        const node* space = tree_.unattached().child("pci[0]");
        const auto container = [window, space] { return window().enabled ? space : nullptr; };
        const auto address = [window]() -> std::uint64_t { return window().enabled ? window().base : 0; };
        add_region(device, std::string(row.region), {function.bars().front().size, container, address});
    }

    void add_ports(node& device, const device_row& row, const property_values& values) const
    {
        const bool fixed_ports = values.find("ioport") == nullptr; // the ib700's
        const std::uint64_t first = fixed_ports ? 0x441 : values.number("ioport");
        add_region(device, std::string(row.region), io(), first, fixed_ports ? 4 : 1);
    }

    const node* io() const { return tree_.unattached().child("io[0]"); }

    machine& machine_;
    qom_tree& tree_;
    // A bus, and the number that the next of its children has.
    struct listed_bus {
        node* object;
        unsigned next;
    };

    node* pci_bus_ = nullptr;
    node* isa_bus_ = nullptr;
    unsigned next_on_pci_ = 0;
    unsigned next_on_isa_ = 0;
    std::map<const machine_bus*, listed_bus> buses_;
    std::map<const machine_device*, node*> objects_;
    unsigned unnamed_ = 0; ///< devices without an id so far
};

std::string machine::type_name() const { return config_.name + "-machine"; }

void machine::list_objects(qom_tree& tree)
{
    lister_ = std::make_shared<object_lister>(*this, tree);
    lister_->list();
}

void machine::list_plugged(const machine_device& one) { lister_->list_device(one); }

void machine::unlist(const machine_device& one) { lister_->unlist(one); }

std::string machine::path_of(const machine_device& one) const
{
    return lister_ ? lister_->path_of(one) : std::string();
}

std::string machine::cpu_name(unsigned index)
{
    // QEMU's second place there belongs to the first CPU's interrupt controller.
    return numbered("device", index == 0 ? 0 : index + 1);
}

std::vector<std::string> machine::cpu_paths() const
{
    std::vector<std::string> paths;
    for (unsigned i = 0; i < config_.cpus; ++i) paths.push_back("/machine/unattached/" + cpu_name(i));
    return paths;
}

std::vector<runstate::property> machine::virtual_cpu::properties()
{
    const auto crash = [this]() -> runstate::property_value {
        const auto known = msrs.crash_information(index);
        if (std::holds_alternative<models::no_crash_occurred>(known)) return runstate::refusal{"No crash occurred"};
        if (std::holds_alternative<models::no_crash_information>(known)) {
            return runstate::refusal{"No crash information"};
        }
        return std::get<runstate::panic_info>(known);
    };
    return {{"crash-information",
             "GuestPanicInformation",
             "What is known of the crash that this CPU reported since its last reset.",
             crash,
             {}}};
}

} // namespace vigil::sim
