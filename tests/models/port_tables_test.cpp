// SPDX-License-Identifier: Apache-2.0
// The tables of the devices behind I/O ports, against what a guest finds in the I/O space.
#include <catch.h>

#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/memory.h>
#include <vigil/models/apm_ports.h>
#include <vigil/models/i8042.h>
#include <vigil/models/ib700.h>
#include <vigil/models/port61.h>
#include <vigil/models/port92.h>
#include <vigil/models/pvpanic.h>
#include <vigil/models/reset_register.h>

#include "i6300esb_rig.h"

using namespace vigil::models;

namespace {

constexpr std::uint8_t k_nothing = 0xA5; // no register reads it
constexpr std::uint32_t k_pvpanic = 0x505;

struct pc : sc_core::sc_module {
    explicit pc(const sc_core::sc_module_name& name) : sc_module(name)
    {
        ports.map(0, 0x10000, nothing.socket, {4, -1});
        keyboard.data.map(ports);
        keyboard.command.map(ports);
        control_b.system_control.map(ports);
        control_a.system_control.map(ports);
        apm.map(ports);
        watchdog.map(ports);
        panic.map(ports);
        reset.map(ports, 0);
        io.socket.bind(ports.target);
        clock.start();
        test::elaborate();
    }

    /// Each of the device's rows is found at its port, reads its reset value and leaves the ports beside to others.
    template <class Device> void check_rows(std::uint32_t from = 0)
    {
        for (const auto& row : Device::register_table()) {
            CAPTURE(row.name);
            CHECK(row.width == 1);
            std::uint8_t looked = k_nothing;
            CHECK(io.read_debug(from + row.offset, &looked, 1) == 1);
            CHECK(unsigned{looked} == unsigned{row.reset});
            CHECK(io.read_value(from + row.offset, 1) == row.reset);
        }
        const auto& table = Device::register_table();
        CHECK(io.read_value(from + table.back().offset + 1, 1) == k_nothing);
    }

    vigil::runstate::vm_clock clock{"clock"};
    vigil::bus::address_router ports{"ports"};
    vigil::bus::unclaimed nothing{"nothing", k_nothing};
    acpi_pm_block pm1{"pm1", clock, {}};
    i8042 keyboard{"keyboard"};
    port61 control_b{"control_b", clock};
    port92 control_a{"control_a"};
    apm_ports apm{"apm", pm1, {0xF1, 0xF0}};
    ib700 watchdog{"watchdog", clock};
    pvpanic_isa panic{"panic", pvpanic_isa_parameters{k_pvpanic}};
    reset_register reset{"reset"};
    vigil::bus::bus_initiator io{"io", vigil::bus::initiator_kind::test};
};

} // namespace

TEST_CASE("port tables: every register is at its port and reads its reset value after construction")
{
    pc m("pc");
    m.check_rows<i8042>();
    m.check_rows<port61>();
    m.check_rows<port92>();
    m.check_rows<apm_ports>();
    m.check_rows<ib700>();
    m.check_rows<pvpanic>(k_pvpanic);
    m.check_rows<reset_register>();
}
