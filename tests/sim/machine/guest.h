// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_SIM_MACHINE_GUEST_H
#define VIGIL_TESTS_SIM_MACHINE_GUEST_H

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <vigil/bus/bus_initiator.h>
#include <vigil/sim/machine/machine.h>

namespace vigil::tests {

/// A machine of so many devices, with none that it would have by itself.
inline sim::machine_config machine_with(sim::machine_type type, std::vector<sim::device_request> devices)
{
    sim::machine_config config;
    config.type = type;
    config.name = type == sim::machine_type::q35 ? "pc-q35-7.2" : "pc-i440fx-7.2";
    config.default_vga = config.default_nic = false;
    config.devices = std::move(devices);
    return config;
}

/// What a machine's CPU does to PCI.
struct guest {
    explicit guest(sim::machine& machine)
    {
        io.socket.bind(machine.io_ports());
        mem.socket.bind(machine.memory());
    }

    std::uint64_t config(unsigned bus, unsigned slot, unsigned reg, unsigned width = 4)
    {
        select(bus, slot, reg);
        return io.read_value(0xCFC + (reg & 3), width);
    }
    void set(unsigned bus, unsigned slot, unsigned reg, std::uint64_t value, unsigned width = 4)
    {
        select(bus, slot, reg);
        io.write_value(0xCFC + (reg & 3), width, value);
    }
    void select(unsigned bus, unsigned slot, unsigned reg)
    {
        io.write_value(0xCF8, 4, 0x80000000U | bus << 16 | slot << 11 | (reg & 0xFC));
    }
    /// Starts the i6300esb there, for two stages of a millisecond each, its registers at FE000000h.
    void arm_i6300esb(unsigned bus, unsigned slot)
    {
        set(bus, slot, 0x10, 0xFE000000);
        set(bus, slot, 0x04, 2, 2);
        for (const unsigned reg : {0U, 4U}) {
            mem.write_value(0xFE00000C, 2, 0x80);
            mem.write_value(0xFE00000C, 2, 0x86);
            mem.write_value(0xFE000000 + reg, 4, 1);
        }
        set(bus, slot, 0x68, 2, 1);
    }

    bus::bus_initiator io{"io", bus::initiator_kind::vcpu, 1};
    bus::bus_initiator mem{"mem", bus::initiator_kind::vcpu, 1};
};

/// Lets the machine run until its watchdog, which pauses it, has barked; whether it did.
inline bool barks(sim::machine& machine)
{
    runstate::action_set actions;
    actions.watchdog = runstate::watchdog_action::pause;
    machine.controller.control().set_actions(actions);
    if (machine.controller.control().cont()) return false;
    sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_SEC));
    return machine.controller.control().state() == runstate::run_state::watchdog;
}

} // namespace vigil::tests

#endif
