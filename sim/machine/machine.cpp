// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/machine/machine.h>

#include <algorithm>

#include <unistd.h>

#include <vigil/models/ib700.h>

namespace vigil::sim {

using qmp_bridge::refuse;

namespace {

constexpr std::uint64_t k_gibibyte = 1024ULL * 1024 * 1024;
constexpr std::uint64_t k_four_gibibytes = 4 * k_gibibyte;
constexpr std::uint64_t k_io_ports = 0x10000;
constexpr unsigned k_widest_port_access = 4;

constexpr std::uint64_t k_config_address_port = 0xCF8;
constexpr std::uint64_t k_config_data_port = 0xCFC;

constexpr bus::pci_identity k_i440fx_identity{0x8086, 0x1237, 0x060000, 2};

// Where ranges overlap: the background, what is mapped over it, the one-byte register inside CF8…CFB, and what hides
// memory.
constexpr int k_background = -1000;
constexpr int k_device = 0;
constexpr int k_inside_device = 1;
constexpr int k_over_memory = 1;

// How much RAM stays below 4 GiB; the rest goes above (QEMU: hw/i386/pc_piix.c, pc_q35.c).
std::uint64_t low_memory_bytes(const machine_config& config)
{
    const std::uint64_t size = config.ram_bytes;
    const std::uint64_t limit = config.max_ram_below_4g.value_or(k_four_gibibytes);
    if (config.type == machine_type::q35) {
        const std::uint64_t low = size >= 0xB000'0000 ? 0x8000'0000 : 0xB000'0000;
        return std::min({size, low, limit});
    }
    const std::uint64_t most = config.max_ram_below_4g.value_or(0xE000'0000);
    const bool aligned = find_machine(config.name) == nullptr || !find_machine(config.name)->deprecated;
    const std::uint64_t low = size >= most && aligned ? std::min<std::uint64_t>(most, 0xC000'0000) : most;
    return std::min(size, low);
}

} // namespace

models::acpi_pm_parameters power_block_of(const machine_config& config)
{
    constexpr machine_version k_first_without_compat{6, 0};
    models::acpi_pm_parameters result;
    result.smm = config.smm;
    const device_value* const s4 = config.power_management.find("s4_val");
    if (s4 != nullptr) result.s4_value = static_cast<std::uint8_t>(std::get<std::uint64_t>(*s4));
    result.control_bytes = config.behaviour.pm1_control_bytes;
    const device_value* const compat = config.power_management.find("smm-compat");
    result.smm_compat = compat != nullptr ? std::get<bool>(*compat) : is_older(config.name, k_first_without_compat);
    return result;
}

models::ich9_tco_parameters tco_of(const machine_config& config)
{
    constexpr machine_version k_first_that_reboots{8, 0};
    models::ich9_tco_parameters result;
    result.strap_in_gcs = config.behaviour.gcs_follows_strap;
    result.no_reboot_strap = !config.behaviour.tco_reboots_by_default || is_older(config.name, k_first_that_reboots);
    const device_value* const strap = config.power_management.find("noreboot");
    if (strap != nullptr) result.no_reboot_strap = std::get<bool>(*strap);
    return result;
}

models::ich9_smi_parameters smi_of(const machine_config& config)
{
    constexpr machine_version k_first_with_timers{9, 2};
    const bool by_default = config.behaviour.smi_timers && !is_older(config.name, k_first_with_timers);
    const auto has = [&config, by_default](std::string_view property) {
        const device_value* const given = config.power_management.find(property);
        return given != nullptr ? std::get<bool>(*given) : by_default;
    };
    return {has("x-smi-swsmi-timer"), has("x-smi-periodic-timer")};
}

machine::machine(const sc_core::sc_module_name& name, const machine_config& config)
    : sc_module(name), config_(config), ram_("ram", config.ram_bytes), crash_msrs_("crash_msrs", {config.hyperv_crash}),
      buses_(config_, [this](const bus::pci_function& function) { return name_of(function); })
{
    controller.control().suspended_can_stop(config_.behaviour.suspended_can_stop);
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
    if (!error_) add_hotplug();
}

machine::~machine() = default;

void machine::map_memory()
{
    const std::uint64_t size = ram_.size();
    const std::uint64_t below = low_memory_bytes(config_);
    memory_router_.map(0, below, ram_.socket, {0, k_device});
    controller.add_snapshottable(saved_ram_);
    if (size > below) {
        ram_high_ = std::make_unique<bus::memory>("ram_high", size - below);
        memory_router_.map(k_four_gibibytes, size - below, ram_high_->socket, {0, k_device});
        saved_ram_high_ = std::make_unique<models::saved_memory>(*ram_high_);
        controller.add_snapshottable(*saved_ram_high_);
    }
}

void machine::add_chipset()
{
    controller.add_nmi_sink(cpus_);
    add_pci_host();
    buses_.add_board(*pci_);
    add_reset_ports();
    const models::acpi_pm_parameters power = power_block_of(config_);
    if (config_.type == machine_type::q35) {
        add_bridge(std::make_unique<q35_host_bridge>("host_bridge", *pci_), {0, 0});
        auto bridge =
            std::make_unique<models::ich9_lpc>("isa_bridge", controller.clock, power, tco_of(config_), smi_of(config_));
        bridge->tco.watchdog.bind(controller);
        add_power_block(std::move(bridge), {31, 0});
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
    saved_pci_host_ = std::make_unique<models::saved_pci_host>(*pci_);
    controller.add_snapshottable(*saved_pci_host_);
    memory_router_.map(0, 0, pci_->memory, {4, k_background});
    pci_->overlay(memory_router_, k_over_memory);
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
        port92_->system_control.map(io_router_);
        add_reset_port(*port92_, true);
        i8042_ = std::make_unique<models::i8042>("i8042");
        i8042_->power.bind(controller);
        i8042_->data.map(io_router_);
        i8042_->command.map(io_router_);
        add_reset_port(*i8042_, false);
    }
    port61_ = std::make_unique<models::port61>("port61", controller.clock);
    port61_->system_control.map(io_router_);
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
        if (const auto refused = add_device(request, "device_" + std::to_string(number++))) {
            const qmp_bridge::option_place unknown{"-device " + request.driver};
            error_place_ = request.where.text.empty() ? unknown : request.where;
            error_ = error_place_.refuse(refused->text);
            return;
        }
    }
}

machine::failure machine::add_device(const device_request& request, const std::string& name)
{
    const device_row* row = find_device_row(request.driver);
    if (row == nullptr || row->make == nullptr)
        return refuse("'" + request.driver + "' is not a valid device model name");
    const auto bus = buses_.choose(*row, request.bus);
    if (!bus) return bus.why();
    property_values values = default_values(*row, config_.behaviour, config_.name);
    for (const auto& [key, value] : request.values.all()) values.set(key, value);
    if (row->bus == device_bus::pci) {
        if (auto refused = check_pci_values(*row, values)) return refused;
        if (auto refused = is_exported(request) ? check_exported(*row, request) : buses_.place(*row, **bus, values)) {
            return refused;
        }
    }
    if (auto refused = check_firmware_file(*row)) return refused;
    if (auto refused = check_needs(*row, values)) return refused;

    const int priority = k_device - static_cast<int>(devices_.size());
    const device_surroundings around{
        controller, io_router_,       config_.behaviour,
        priority,   (*bus)->position, [this](std::uint32_t vcpu) { crash_msrs_.crash_occurred(vcpu); }};
    made_device made = row->make(name.c_str(), around, values);
    devices_.push_back({row, request.id, std::move(values), *bus, std::move(made), {}, {}});
    machine_device& one = devices_.back();
    buses_.add_buses_of(one);
    if (is_exported(request)) {
        const std::string port = name + "_vfio_user";
        one.exported = std::make_unique<bus::vfio_user_function>(port.c_str(), *one.made.function, *one.made.reset);
    }
    return connect(one);
}

bool machine::is_exported(const device_request& request) const
{
    const auto& ids = config_.exported;
    return request.id && std::find(ids.begin(), ids.end(), *request.id) != ids.end();
}

machine::failure machine::check_exported(const device_row& row, const device_request& request) const
{
    for (const char* of_a_bus : {"addr", "multifunction", "acpi-index"}) {
        if (request.values.find(of_a_bus) == nullptr) continue;
        return refuse("'" + std::string(of_a_bus) + "' of " + std::string(row.name) +
                      " is the other machine's affair; give it to the vfio-user-pci device there");
    }
    if (request.bus) return refuse("a device on another machine's bus can't be on '" + *request.bus + "', too");
    if (row.is_inert) return refuse(std::string(row.name) + " is inert, and has no function for another machine");
    return std::nullopt;
}

machine::failure machine::connect(machine_device& one)
{
    if (one.made.saved != nullptr) controller.add_snapshottable(*one.made.saved);
    // Who is on another machine's bus is reset by that.
    if (one.made.reset != nullptr && !one.exported) controller.add_resettable(*one.made.reset);
    if (one.made.interrupt != nullptr) {
        one.interrupt = std::make_unique<sc_core::sc_signal<bool>>();
        one.made.interrupt->bind(*one.interrupt);
        if (one.exported) one.exported->intx.bind(*one.interrupt);
    }
    if (one.made.function == nullptr || one.exported) return std::nullopt;
    one.made.function->set_multifunction(one.values.flag("multifunction"));
    if (bus::pci_bridge* bridge = one.made.bridge) {
        bridge->secondary_reset = [this, &one] { reset_behind(one); };
    }
    if (auto why = pci_->attach(*one.made.function, address_of(one.values), one.bus->bridge)) {
        return refuse(std::move(*why));
    }
    return std::nullopt;
}

void machine::reset_behind(const machine_device& bridge)
{
    for (machine_device& one : devices_) {
        if (one.bus == nullptr || one.bus->owner != &bridge) continue;
        if (one.made.reset != nullptr) one.made.reset->reset(runstate::reset_kind::warm);
        reset_behind(one);
    }
}

bus::vfio_user_function* machine::exported(std::string_view id) const
{
    for (const machine_device& one : devices_) {
        if (one.id == id) return one.exported.get();
    }
    return nullptr;
}

machine::failure machine::check_firmware_file(const device_row& row) const
{
    const auto has_it = [&](const machine_device& one) { return one.row->firmware_file == row.firmware_file; };
    if (row.firmware_file.empty() || std::none_of(devices_.begin(), devices_.end(), has_it)) return std::nullopt;
    return refuse("duplicate fw_cfg file name: " + std::string(row.firmware_file));
}

machine::failure machine::check_pci_values(const device_row& row, const property_values& values) const
{
    constexpr std::uint64_t k_most_index = 16383;
    constexpr std::uint64_t k_size_of_file = 0xFFFF'FFFF;
    const std::uint64_t rom_size = values.number("romsize");
    if (rom_size != k_size_of_file && (rom_size == 0 || (rom_size & (rom_size - 1)) != 0)) {
        return refuse("ROM size " + std::to_string(rom_size) + " is not a power of two");
    }
    if (values.find("failover_pair_id") != nullptr) {
        return refuse(config_.behaviour.renewed_objects ? "failover primary device is not an Ethernet device"
                                                        : "failover primary device must be on PCIExpress bus");
    }
    if (values.find("sriov-pf") != nullptr) return refuse("user cannot create SR-IOV VF with this device type");
    const std::uint64_t index = values.number("acpi-index");
    if (index > k_most_index) return refuse("acpi-index should be less or equal to " + std::to_string(k_most_index));
    const auto same = [&](const machine_device& one) { return one.values.number("acpi-index") == index; };
    if (index != 0 && std::any_of(devices_.begin(), devices_.end(), same)) {
        return refuse("a PCI device with acpi-index = " + std::to_string(index) + " already exist");
    }
    const std::string rom = values.text("romfile");
    if (rom.empty()) return std::nullopt;
    if (::access(rom.c_str(), R_OK) != 0) return refuse("failed to find romfile \"" + rom + "\"");
    return refuse("romfile: option ROMs are not supported for '" + std::string(row.name) + "'; leave it empty");
}

// What a device of QEMU cannot do without.
machine::failure machine::check_needs(const device_row& row, const property_values& values) const
{
    const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
        return std::find(names.begin(), names.end(), row.name) != names.end();
    };
    const bool has_drive = !values.text("drive").empty();
    if (!has_drive && is_one_of({"scsi-hd", "virtio-blk-pci"})) return refuse("drive property not set");
    if (!has_drive && row.name == "ide-hd") return refuse("No drive specified");
    if (row.name == "pci-bridge" && values.number("chassis_nr") == 0) {
        return refuse("Bridge chassis not specified. Each bridge is required to be assigned a unique chassis id > 0.");
    }
    if (!is_one_of({"pcie-root-port", "ioh3420"})) return std::nullopt;
    const auto same_slot = [&](const machine_device& one) {
        return one.values.find("chassis") != nullptr && one.values.number("chassis") == values.number("chassis") &&
               one.values.number("slot") == values.number("slot");
    };
    const bool taken = std::any_of(devices_.begin(), devices_.end(), same_slot);
    return taken ? failure(refuse("Can't add chassis slot, error -16")) : std::nullopt;
}

std::string machine::name_of(const bus::pci_function& function) const
{
    for (const machine_device& one : devices_) {
        if (one.made.function == &function) return std::string(one.row->name) + ",id=" + one.id.value_or("(null)");
    }
    const auto* shown = dynamic_cast<const runstate::inspectable*>(&function);
    const bool q35 = config_.type == machine_type::q35;
    const std::string name = shown != nullptr                ? std::string(shown->type_name())
                             : &function == pci_->at({1, 1}) ? "piix3-ide"
                             : &function == pci_->at({1, 0}) ? "PIIX3"
                             : q35                           ? "mch"
                                                             : "i440FX";
    return name + ",id=(null)";
}

qmp_bridge::port_region machine::port_region_at(std::uint16_t port) const
{
    const bool config_address = port >= k_config_address_port && port < k_config_data_port;
    const auto is_ib700 = [](const machine_device& one) { return one.row->name == "ib700"; };
    const bool ib700 = port >= models::ib700_port::wdt_disable && port <= models::ib700_port::wdt_enable_alias &&
                       std::any_of(devices_.begin(), devices_.end(), is_ib700);
    if (config_address || ib700) return {port, k_widest_port_access}; // which take what comes
    for (const auto& function : chipset_) {
        if (const auto found = block_at(*function, port)) return *found;
    }
    const auto range = io_router_.range_at(port);
    return {range ? static_cast<std::uint16_t>(range->base) : std::uint16_t{0}, k_widest_port_access};
}

std::optional<qmp_bridge::port_region> machine::block_at(const bus::pci_function& function, std::uint16_t port) const
{
    const auto& blocks = function.port_blocks();
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const std::uint32_t base = blocks[i].now.base;
        if (!blocks[i].now.enabled || port < base || port - base >= blocks[i].size) continue;
        const std::uint32_t offset = port - base;
        const auto part = [base](std::uint32_t at, unsigned widest) {
            return qmp_bridge::port_region{static_cast<std::uint16_t>(base + at), widest};
        };
        if (i != 0) return part(0, k_widest_port_access);
        // The PM1 block's registers are three regions, with a hole.
        namespace reg = models::acpi_pm_register;
        if (offset < reg::pm1_cnt) return part(reg::pm1_sts, 2);
        if (offset < reg::pm1_cnt + 2) return part(reg::pm1_cnt, 2);
        if (offset < reg::pm_tmr) return std::nullopt;
        return part(reg::pm_tmr, k_widest_port_access);
    }
    return std::nullopt;
}

std::vector<models::i6300esb*> machine::watchdogs() const
{
    std::vector<models::i6300esb*> found;
    for (const machine_device& one : devices_) {
        if (auto* device = dynamic_cast<models::i6300esb*>(one.made.module.get())) found.push_back(device);
    }
    return found;
}

} // namespace vigil::sim
