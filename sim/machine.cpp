// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/machine.h>

#include <algorithm>

namespace vigil::sim {

namespace {

constexpr std::uint64_t k_gibibyte = 1024ULL * 1024 * 1024;
constexpr std::uint64_t k_four_gibibytes = 4 * k_gibibyte;
constexpr std::uint64_t k_io_ports = 0x10000;

constexpr std::uint64_t k_config_address_port = 0xCF8;
constexpr std::uint64_t k_config_data_port = 0xCFC;
constexpr std::uint64_t k_keyboard_data_port = 0x60;
constexpr std::uint64_t k_system_control_b_port = 0x61;
constexpr std::uint64_t k_keyboard_command_port = 0x64;
constexpr std::uint64_t k_system_control_a_port = 0x92;

constexpr bus::pci_identity k_i440fx_identity{0x8086, 0x1237, 0x060000, 2};

// Where ranges overlap: the background, what is mapped over it, and the one-byte register inside CF8…CFB.
constexpr int k_background = -1000;
constexpr int k_device = 0;
constexpr int k_inside_device = 1;

// The most RAM that stays below 4 GiB; more makes the machine keep only `second` there and move the rest above (QEMU:
// hw/i386/pc_piix.c, pc_q35.c).
struct low_memory {
    std::uint64_t most;
    std::uint64_t second;
};

low_memory low_memory_of(machine_type type)
{
    return type == machine_type::q35 ? low_memory{0xB000'0000, 0x8000'0000} : low_memory{0xE000'0000, 0xC000'0000};
}

std::string place_name(bus::pci_address address)
{
    return "slot " + std::to_string(address.slot) + " function " + std::to_string(address.function);
}

} // namespace

const std::vector<device_driver>& device_drivers()
{
    static const std::vector<device_driver> drivers{{"i6300esb", true, {}},
                                                    {"ib700", false, {}},
                                                    {"pvpanic", false, {"ioport", "events"}},
                                                    {"pvpanic-pci", true, {"events"}}};
    return drivers;
}

machine::machine(const sc_core::sc_module_name& name, const machine_config& config)
    : sc_module(name), config_(config), ram_("ram", config.ram_bytes), crash_msrs_("crash_msrs", {config.hyperv_crash})
{
    map_memory();
    msrs_.map(models::hyperv_msr::crash_p0, models::hyperv_crash::k_msr_count, crash_msrs_.registers);
    crash_msrs_.panic.bind(controller);
    crash_msrs_.memory.bind(memory_router_.target);
    controller.add_resettable(crash_msrs_);
    controller.add_snapshottable(crash_msrs_);
    for (unsigned i = 0; i < config_.cpus; ++i) virtual_cpus_.emplace_back(crash_msrs_, i);
    if (config_.type == machine_type::none) {
        io_router_.map(0, k_io_ports, no_ports_.socket, {0, k_background});
        memory_router_.map(0, 0, no_memory_.socket, {0, k_background});
    } else {
        add_chipset();
    }
    add_devices();
}

machine::~machine() = default;

void machine::map_memory()
{
    const std::uint64_t size = ram_.size();
    const low_memory low = low_memory_of(config_.type);
    const std::uint64_t below = size > low.most ? low.second : size;
    memory_router_.map(0, below, ram_.socket, {0, k_device});
    controller.add_snapshottable(saved_ram_);
    if (size > below) {
        ram_high_ = std::make_unique<bus::memory>("ram_high", size - below);
        memory_router_.map(k_four_gibibytes, size - below, ram_high_->socket, {0, k_device});
        saved_ram_high_ = std::make_unique<saved_memory>(*ram_high_);
        controller.add_snapshottable(*saved_ram_high_);
    }
}

void machine::add_chipset()
{
    controller.add_nmi_sink(cpus_);
    add_pci_host();
    add_reset_ports();
    const models::acpi_pm_parameters& power = config_.power_block;
    if (config_.type == machine_type::q35) {
        add_bridge(std::make_unique<q35_host_bridge>("host_bridge", *pci_), {0, 0});
        add_power_block(std::make_unique<models::ich9_lpc>("isa_bridge", controller.clock, power), {31, 0});
        return;
    }
    add_bridge(std::make_unique<bridge_function>("host_bridge", k_i440fx_identity), {0, 0});
    auto ide = std::make_unique<piix3_ide>("ide");
    add_bridge(std::make_unique<piix3_isa_bridge>("isa_bridge", *ide), {1, 0});
    controller.add_resettable(*ide);
    pci_->attach(*ide, {1, 1});
    chipset_.push_back(std::move(ide));
    if (config_.acpi) {
        add_power_block(std::make_unique<models::piix4_pm>("power_management", controller.clock, power), {1, 3});
    }
}

void machine::add_pci_host()
{
    pci_ = std::make_unique<bus::pci_host>("pci");
    saved_pci_host_ = std::make_unique<saved_pci_host>(*pci_);
    controller.add_snapshottable(*saved_pci_host_);
    memory_router_.map(0, 0, pci_->memory, {4, k_background});
    io_router_.map(0, k_io_ports, pci_->io, {4, k_background});
    io_router_.map(k_config_address_port, 4, pci_->config_address, {4, k_device});
    io_router_.map(k_config_data_port, 4, pci_->config_data, {4, k_device});
}

void machine::add_reset_ports()
{
    const bool q35 = config_.type == machine_type::q35;
    reset_register_ = std::make_unique<models::reset_register>(
        "reset_register", q35 ? models::k_ich9_reset_register : models::reset_register_parameters{});
    reset_register_->power.bind(controller);
    reset_register_->map(io_router_, k_inside_device);
    add_reset_port(*reset_register_, true);
    if (config_.i8042) {
        port92_ = std::make_unique<models::port92>("port92");
        port92_->power.bind(controller);
        port92_->system_control.map(io_router_, k_system_control_a_port);
        add_reset_port(*port92_, true);
        i8042_ = std::make_unique<models::i8042>("i8042");
        i8042_->power.bind(controller);
        i8042_->data.map(io_router_, k_keyboard_data_port);
        i8042_->command.map(io_router_, k_keyboard_command_port);
        add_reset_port(*i8042_, false);
    }
    port61_ = std::make_unique<models::port61>("port61", controller.clock);
    port61_->system_control.map(io_router_, k_system_control_b_port);
    add_reset_port(*port61_, false);
    controller.add_snapshottable(saved_reset_ports_);
}

template <class Model> void machine::add_reset_port(Model& model, bool in_every_snapshot)
{
    controller.add_resettable(model);
    saved_reset_ports_.add(model, !in_every_snapshot);
}

void machine::add_bridge(std::unique_ptr<bridge_function> bridge, bus::pci_address address)
{
    controller.add_resettable(*bridge);
    controller.add_snapshottable(*bridge);
    pci_->attach(*bridge, address);
    chipset_.push_back(std::move(bridge));
}

void machine::add_power_block(std::unique_ptr<models::acpi_pm_function> function, bus::pci_address address)
{
    function->pm1.power.bind(controller);
    function->apm.map(io_router_);
    controller.add_power_button_sink(function->pm1);
    controller.add_resettable(*function);
    controller.add_snapshottable(*function);
    pci_->attach(*function, address);
    chipset_.push_back(std::move(function));
}

void machine::add_devices()
{
    unsigned number = 0;
    for (const device_request& request : config_.devices) {
        error_ = add_device(request, "device_" + std::to_string(number++));
        if (error_) {
            error_ = "-device " + request.driver + ": " + *error_;
            return;
        }
    }
}

std::optional<std::string> machine::add_device(const device_request& request, const std::string& name)
{
    if (!pci_) return "No 'PCI' bus found for device '" + request.driver + "'"; // ISA hangs behind it
    const int priority = k_device - static_cast<int>(isa_watchdogs_.size() + isa_panics_.size());
    if (request.driver == "i6300esb") {
        auto device = std::make_unique<models::i6300esb>(name.c_str(), controller.clock);
        device->watchdog.bind(controller);
        if (auto error = attach(*device, request)) return error;
        controller.add_resettable(*device);
        controller.add_snapshottable(*device);
        list_device(*device, request);
        watchdogs_.push_back(std::move(device));
    } else if (request.driver == "ib700") {
        auto device = std::make_unique<models::ib700>(name.c_str(), controller.clock);
        device->watchdog.bind(controller);
        device->map(io_router_, priority);
        controller.add_resettable(*device);
        controller.add_snapshottable(*device);
        list_device(*device, request);
        isa_watchdogs_.push_back(std::move(device));
    } else if (request.driver == "pvpanic") {
        models::pvpanic_isa_parameters parameters;
        parameters.ioport = request.ioport.value_or(parameters.ioport);
        parameters.events = request.events.value_or(parameters.events);
        auto device = std::make_unique<models::pvpanic_isa>(name.c_str(), parameters);
        device->panic.bind(controller);
        device->vcpu_panicked = [this](std::uint32_t vcpu) { crash_msrs_.crash_occurred(vcpu); };
        device->map(io_router_, priority);
        list_device(*device, request);
        isa_panics_.push_back(std::move(device));
    } else {
        models::pvpanic_pci_parameters parameters;
        parameters.events = request.events.value_or(parameters.events);
        auto device = std::make_unique<models::pvpanic_pci>(name.c_str(), parameters);
        device->panic.bind(controller);
        device->vcpu_panicked = [this](std::uint32_t vcpu) { crash_msrs_.crash_occurred(vcpu); };
        if (auto error = attach(*device, request)) return error;
        controller.add_resettable(*device);
        controller.add_snapshottable(*device);
        list_device(*device, request);
        pci_panics_.push_back(std::move(device));
    }
    return std::nullopt;
}

void machine::list_device(runstate::inspectable& device, const device_request& request)
{
    const auto unnamed = std::count_if(objects_.begin(), objects_.end(), [](const object_place& place) {
        return place.path.find("/machine/peripheral-anon/") == 0;
    });
    objects_.push_back({request.id ? "/machine/peripheral/" + *request.id
                                   : "/machine/peripheral-anon/device[" + std::to_string(unnamed) + "]",
                        &device});
}

void machine::list_objects(qmp_bridge::qom_tree& tree)
{
    for (const object_place& place : objects_) tree.add(place.path, *place.object);
    const std::vector<std::string> paths = cpu_paths();
    for (virtual_cpu& cpu : virtual_cpus_) tree.add(paths[cpu.index], cpu);
}

std::vector<std::string> machine::cpu_paths() const
{
    std::vector<std::string> paths;
    for (unsigned i = 0; i < config_.cpus; ++i) {
        // QEMU's second place there belongs to the first CPU's interrupt controller.
        paths.push_back("/machine/unattached/device[" + std::to_string(i == 0 ? 0 : i + 1) + "]");
    }
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

std::optional<std::string> machine::attach(bus::pci_function& function, const device_request& request)
{
    const auto place = place_for(request);
    if (!place) return "PCI: no slot/function available for " + request.driver + ", all in use or reserved";
    if (const bus::pci_function* other = pci_->at(*place)) {
        const auto* device = dynamic_cast<const runstate::inspectable*>(other);
        return "PCI: " + place_name(*place) + " not available for " + request.driver + ", in use by " +
               (device != nullptr ? std::string(device->type_name()) : other->basename());
    }
    return pci_->attach(function, *place);
}

std::optional<bus::pci_address> machine::place_for(const device_request& request) const
{
    if (request.address) return request.address;
    // Slots that QEMU's default devices would take before ours; nothing answers there.
    const unsigned first_device = config_.type == machine_type::q35 ? 1 : 2;
    const unsigned defaults = unsigned(config_.default_vga) + unsigned(config_.default_nic);
    const auto slot = pci_->free_slot(static_cast<std::uint8_t>(first_device + defaults));
    if (!slot) return std::nullopt;
    return bus::pci_address{*slot, 0};
}

} // namespace vigil::sim
