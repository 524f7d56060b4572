// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_MACHINE_MACHINE_H
#define VIGIL_SIM_MACHINE_MACHINE_H

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/address_router.h>
#include <vigil/bus/memory.h>
#include <vigil/bus/msr_space.h>
#include <vigil/bus/pci_host.h>
#include <vigil/bus/vfio-user/vfio_user_function.h>
#include <vigil/models/acpi_pci_hotplug.h>
#include <vigil/models/acpi_pm.h>
#include <vigil/models/hyperv_crash.h>
#include <vigil/models/i6300esb.h>
#include <vigil/models/i8042.h>
#include <vigil/models/port61.h>
#include <vigil/models/port92.h>
#include <vigil/models/reset_register.h>
#include <vigil/models/saved_parts.h>
#include <vigil/qmp-bridge/qmp/qom_tree.h>
#include <vigil/qmp-bridge/qtest/port_region.h>
#include <vigil/runstate/controller.h>
#include <vigil/sim/devices.h>
#include <vigil/sim/machine/chipset.h>
#include <vigil/sim/machine/device_buses.h>
#include <vigil/sim/machine/machine_config.h>
#include <vigil/sim/machine/machine_types.h>
#include <vigil/sim/machine/saved_reset_ports.h>

namespace vigil::sim {

/// How the power block of such a machine behaves.
models::acpi_pm_parameters power_block_of(const machine_config& config);

/// A PC as far as firmware for a watchdog can see it: RAM, PCI host with its bridges, ACPI power block, reset ports,
/// the CPUs' MSRs, the devices asked for, and the run-state controller; unclaimed ports read all ones, unclaimed memory
/// zero.
class machine : public sc_core::sc_module {
public:
    machine(const sc_core::sc_module_name& name, const machine_config& config);
    ~machine() override;

    runstate::controller controller{"controller"};

    /// Where initiators (CPUs, test protocols) bind for I/O ports and for memory.
    bus::shared_target_socket& io_ports() { return io_router_.target; }
    bus::shared_target_socket& memory() { return memory_router_.target; }
    /// The region that a port is in, as QEMU 11.1's qtest sees them (cause P of `qemu_behaviour`).
    qmp_bridge::port_region port_region_at(std::uint16_t port) const;
    /// Where the CPUs' RDMSR and WRMSR go: addresses are MSR indexes.
    bus::shared_target_socket& msrs() { return msrs_.target; }

    /// The devices that were asked for, in that order.
    const std::list<machine_device>& devices() const noexcept { return devices_; }
    /// The function of that id for another machine; null: there is none for it.
    bus::vfio_user_function* exported(std::string_view id) const;
    /// Those of them that are an i6300esb.
    std::vector<models::i6300esb*> watchdogs() const;

    // While it runs, devices may come and go as by device_add and device_del.

    /// What keeps such a device from coming, whatever its properties; nothing where it can.
    std::optional<runstate::refusal> check_plug(const device_row& row, const std::optional<std::string>& id,
                                                const std::optional<std::string>& bus) const;
    /// Puts it in and tells the guest, or says why not.
    std::optional<runstate::refusal> plug(const device_request& request);
    /// Asks the guest for a device, by its id or the path of its object: it goes when the guest ejects it, or with a
    /// reset. One that is not on PCI goes by itself. Or says why it cannot go.
    std::optional<runstate::refusal> unplug(std::string_view name);
    /// Called when devices have gone: `tell_of_gone` is to be called soon, inside a turn.
    std::function<void()> devices_gone;
    /// Tells of each (DEVICE_DELETED).
    void tell_of_gone();

    /// Puts what the machine is made of into a tree that has none of it yet, at the paths where QEMU has it: devices
    /// under /machine/peripheral by their id or under /machine/peripheral-anon, CPUs and the board's devices under
    /// /machine/unattached. The tree must stay, as devices come and go. The RAM becomes /objects/pc.ram, or that object
    /// where it is there already.
    void list_objects(qmp_bridge::qom_tree& tree);
    /// The type of the machine's own object.
    std::string type_name() const;
    /// The path of each CPU's object.
    std::vector<std::string> cpu_paths() const;

    /// The first device that could not be placed, and why; nothing where all were.
    const std::optional<runstate::refusal>& error() const noexcept { return error_; }
    /// What asked for that device; nowhere where there is no error.
    const qmp_bridge::option_place& error_place() const noexcept { return error_place_; }

    /// Whether the machine can sleep and be woken (query-current-machine).
    bool wakeup_supported() const noexcept
    {
        return config_.type == machine_type::q35 || (config_.type == machine_type::pc && config_.acpi);
    }

private:
    // The CPUs take NMIs, and run no code that would notice.
    struct cpu_nmi_pins : runstate::nmi_sink {
        void inject_nmi() override {}
    };

    // A CPU, of which there is its share of the crash MSRs.
    struct virtual_cpu : runstate::inspectable {
        virtual_cpu(const models::hyperv_crash& its_msrs, std::uint32_t its_index) : msrs(its_msrs), index(its_index) {}
        std::string_view type_name() const override { return "qemu64-x86_64-cpu"; }
        std::vector<runstate::property> properties() override;

        const models::hyperv_crash& msrs;
        std::uint32_t index;
    };

    using failure = std::optional<runstate::refusal>;

    class object_lister; // machine_objects.cpp

    static std::string cpu_name(unsigned index); ///< of a CPU's object

    // A device that may come, or that has gone: a module stays as long as the simulation.
    struct spare {
        const device_row* row; ///< null: it does not come again
        made_device made;
        std::unique_ptr<sc_core::sc_signal<bool>> interrupt;
    };

    // With a reset goes what the guest was asked for.
    struct reset_of_hotplug : runstate::resettable {
        explicit reset_of_hotplug(machine& its_owner) : owner(its_owner) {}
        void reset(runstate::reset_kind kind) override;
        machine& owner;
    };

    // machine_hotplug.cpp
    void add_hotplug();
    failure check_first_function(const device_row& row, const machine_bus& bus, const property_values& values) const;
    void put_in(machine_device& one);
    void save_hotplug();
    static bool can_leave(const machine_device& one);
    std::uint32_t removable_slots(std::uint32_t bus) const;
    std::uint32_t acpi_index(std::uint32_t bus, unsigned slot) const;
    void eject(std::uint32_t bus, unsigned slot);
    void remove_all(const std::function<bool(const machine_device&)>& goes);
    void remove(machine_device& one);
    // machine_objects.cpp
    void list_plugged(const machine_device& one);
    void unlist(const machine_device& one);
    std::string path_of(const machine_device& one) const;

    void map_memory();
    void add_chipset();
    void add_pci_host();
    void add_reset_ports();
    template <class Model> void add_reset_port(Model& model, bool in_every_snapshot);
    void add_bridge(std::unique_ptr<bridge_function> bridge, bus::pci_address address);
    void add_devices();
    void add_power_block(std::unique_ptr<models::acpi_pm_function> function, bus::pci_address address);
    failure add_device(const device_request& request, const std::string& name);
    bool is_exported(const device_request& request) const;
    failure check_exported(const device_row& row, const device_request& request) const;
    failure connect(machine_device& one); ///< to a bus, and to what it drives
    failure check_firmware_file(const device_row& row) const;
    failure check_pci_values(const device_row& row, const property_values& values) const;
    failure check_needs(const device_row& row, const property_values& values) const;
    void reset_behind(const machine_device& bridge);
    /// The block of a function on the PCI bus that a port is in.
    std::optional<qmp_bridge::port_region> block_at(const bus::pci_function& function, std::uint16_t port) const;
    std::string name_of(const bus::pci_function& function) const; ///< for messages

    machine_config config_;
    bus::address_router io_router_{"io_router"};
    bus::address_router memory_router_{"memory_router"};
    bus::memory ram_;
    models::saved_memory saved_ram_{ram_};
    std::unique_ptr<bus::memory> ram_high_; ///< what does not fit below 4 GiB
    std::unique_ptr<models::saved_memory> saved_ram_high_;
    bus::unclaimed no_ports_{"no_ports", 0xFF};
    bus::unclaimed no_memory_{"no_memory", 0x00};
    std::unique_ptr<bus::pci_host> pci_;
    std::unique_ptr<models::saved_pci_host> saved_pci_host_;
    std::unique_ptr<models::reset_register> reset_register_;
    std::unique_ptr<models::port92> port92_;
    std::unique_ptr<models::i8042> i8042_;
    std::unique_ptr<models::port61> port61_;
    saved_reset_ports saved_reset_ports_;
    std::vector<std::unique_ptr<bus::pci_function>> chipset_;
    std::list<machine_device> devices_;
    bus::msr_space msrs_{"msrs"};
    models::hyperv_crash crash_msrs_;
    device_buses buses_;
    std::unique_ptr<models::acpi_pci_hotplug> hotplug_; ///< null: there is no bus on which devices come and go
    bool hotplug_saved_ = false;                        ///< something has come or was asked for, so that it is saved
    reset_of_hotplug asked_back_{*this};
    std::list<spare> spares_;
    std::vector<runstate::device_deleted_event> gone_; ///< of which nobody has been told
    std::shared_ptr<object_lister> lister_;            ///< null: the objects are not listed
    cpu_nmi_pins cpus_;
    std::deque<virtual_cpu> virtual_cpus_;
    std::optional<runstate::refusal> error_;
    qmp_bridge::option_place error_place_;
};

} // namespace vigil::sim

#endif
