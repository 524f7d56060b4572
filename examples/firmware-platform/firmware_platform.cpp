// SPDX-License-Identifier: Apache-2.0
// A small PC: a CPU that executes firmware, RAM, PCI with a 6300ESB and a PIIX4's power block, pvpanic, the Hyper-V
// crash MSRs and the reset control register, served by QMP.
#include "x86_cpu.h"

#include <vigil/bus/address_router.h>
#include <vigil/bus/memory.h>
#include <vigil/bus/msr_space.h>
#include <vigil/bus/pci_host.h>
#include <vigil/models/acpi_pm.h>
#include <vigil/models/hyperv_crash.h>
#include <vigil/models/i6300esb.h>
#include <vigil/models/pvpanic.h>
#include <vigil/models/reset_register.h>
#include <vigil/models/saved_parts.h>
#include <vigil/qmp-bridge/qmp_server.h>
#include <vigil/runstate/controller.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

namespace runstate = vigil::runstate;
namespace models = vigil::models;
namespace bus = vigil::bus;

constexpr std::uint64_t k_ram_bytes = 0x100000;
constexpr std::uint64_t k_firmware_bytes = 0x10000; // the end of them

/// Two ports: what is written to E9 is printed; EA reads what firmware is asked to do, and then 0 until it is asked
/// again.
class panel : public sc_core::sc_module, public runstate::inspectable, private bus::register_device {
public:
    explicit panel(const sc_core::sc_module_name& name) : sc_module(name) {}
    bus::register_socket ports{"ports", *this, 2, 1};

    std::string_view type_name() const override { return "panel"; }
    std::vector<runstate::property> properties() override
    {
        const auto get = [this]() -> runstate::property_value { return std::string(command_ != 0, command_); };
        const auto set = [this](const runstate::property_value& value) -> std::optional<runstate::refusal> {
            const auto* const text = std::get_if<std::string>(&value);
            if (text == nullptr || text->size() != 1) return runstate::refusal{"a command is one letter"};
            command_ = text->front();
            return std::nullopt;
        };
        return {{"command", "str", "What firmware is asked to do: a letter.", get, set}};
    }

private:
    std::uint64_t read(std::uint64_t offset, unsigned width, const bus::access_context& /*context*/) override
    {
        const std::uint64_t value = peek(offset, width);
        if (offset == 1) command_ = 0;
        return value;
    }
    std::uint64_t peek(std::uint64_t offset, unsigned /*width*/) const override
    {
        return offset == 1 ? static_cast<std::uint8_t>(command_) : 0xE9;
    }
    void write(std::uint64_t offset, unsigned /*width*/, std::uint64_t value, const bus::access_context&) override
    {
        if (offset != 0) return;
        std::cout << static_cast<char>(value);
        if (value == '\n') std::cout << std::flush;
    }

    char command_ = 0;
};

struct small_pc : sc_core::sc_module {
    explicit small_pc(const sc_core::sc_module_name& name) : sc_module(name)
    {
        map_memory();
        map_ports();
        msrs.map(models::hyperv_msr::crash_p0, models::hyperv_crash::k_msr_count, crash.registers);
        cpu.memory.bind(memory.target);
        cpu.ports.bind(ports.target);
        cpu.msrs.bind(msrs.target);
        cpu.hypervisor = [this](std::uint32_t leaf) { return crash.cpuid(leaf); };

        watchdog.watchdog.bind(machine);
        power.pm1.power.bind(machine);
        reset.power.bind(machine);
        pvpanic.panic.bind(machine);
        crash.panic.bind(machine);
        machine.add_power_button_sink(power.pm1);
        take_part(watchdog);
        take_part(power);
        take_part(reset);
        take_part(crash);
        machine.add_snapshottable(saved_ram);
        machine.add_snapshottable(saved_pci);
    }

    void map_memory()
    {
        memory.map(0, k_ram_bytes, ram.socket, {0});
        memory.map(0, 0, pci.memory, {4, -1}); // wherever nothing else is; its addresses are absolute
        pci.attach(power, {1, 3});
        pci.attach(watchdog, {2, 0});
    }
    void map_ports()
    {
        ports.map(0, 0x10000, pci.io, {4, -1});
        ports.map(0xCF8, 4, pci.config_address);
        ports.map(0xCFC, 4, pci.config_data);
        reset.map(ports, 1); // port CF9, amid the configuration address
        pvpanic.map(ports);
        ports.map(0xE9, 2, front.ports);
    }
    template <class Device> void take_part(Device& device)
    {
        machine.add_resettable(device);
        machine.add_snapshottable(device);
    }

    runstate::controller machine{"machine"};
    x86_cpu cpu{"cpu", machine, sc_core::sc_time(10, sc_core::SC_NS)};
    bus::address_router memory{"memory"};
    bus::address_router ports{"ports"};
    bus::msr_space msrs{"msrs"};
    bus::memory ram{"ram", k_ram_bytes};
    bus::pci_host pci{"pci"};
    models::i6300esb watchdog{"watchdog", machine.clock};
    models::piix4_pm power{"power", machine.clock};
    models::reset_register reset{"reset"};
    models::pvpanic_isa pvpanic{"pvpanic"};
    models::hyperv_crash crash{"crash"};
    panel front{"front"};
    models::saved_memory saved_ram{ram};
    models::saved_pci_host saved_pci{pci};
};

int sc_main(int argc, char* argv[])
{
    if (argc < 3) {
        std::cerr << "Usage: " << argv[0] << " FIRMWARE QMP-ADDRESS [QUANTUM-IN-NANOSECONDS]\n";
        return 2;
    }
    std::ifstream file(argv[1], std::ios::binary);
    const std::vector<char> firmware(std::istreambuf_iterator<char>(file), {});
    if (firmware.size() != k_firmware_bytes) {
        std::cerr << argv[1] << ": firmware has " << k_firmware_bytes << " bytes, not " << firmware.size() << '\n';
        return 2;
    }
    double quantum = 100'000;
    if (argc > 3 && (!(std::istringstream(argv[3]) >> quantum) || quantum <= 0)) {
        std::cerr << "a quantum is a number of nanoseconds, not '" << argv[3] << "'\n";
        return 2;
    }
    tlm_utils::tlm_quantumkeeper::set_global_quantum(sc_core::sc_time(quantum, sc_core::SC_NS));

    small_pc pc("pc");
    pc.ram.write(k_ram_bytes - k_firmware_bytes, reinterpret_cast<const std::uint8_t*>(firmware.data()),
                 firmware.size());
    pc.machine.autostart(false); // until a client says cont
    vigil::qmp_bridge::qmp_server qmp("qmp", pc.machine, {argv[2]});
    qmp.add_object("cpu", pc.cpu); // for qom-get
    qmp.add_object("front", pc.front);
    qmp.add_object("wdt", pc.watchdog);
    qmp.run();
    return qmp.exit_status();
}
