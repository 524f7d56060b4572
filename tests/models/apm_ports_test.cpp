// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <vigil/bus/address_router.h>
#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/memory.h>
#include <vigil/models/apm_ports.h>

#include "i6300esb_rig.h"

using vigil::models::acpi_pm_block;
using vigil::models::acpi_pm_parameters;
using vigil::models::apm_ports;
using vigil::models::test::elaborate;
using vigil::models::test::same;
using vigil::runstate::reset_kind;
namespace pm_bits = vigil::models::acpi_pm_bit;
namespace pm_reg = vigil::models::acpi_pm_register;

namespace {

constexpr std::uint64_t k_apm_cnt = 0xB2;
constexpr std::uint64_t k_apm_sts = 0xB3;
constexpr std::uint8_t k_enable = 0xF1;
constexpr std::uint8_t k_disable = 0xF0;

/// The two ports in an I/O space, beside the block that they command.
struct apm_rig : sc_core::sc_module {
    explicit apm_rig(const sc_core::sc_module_name& name, const acpi_pm_parameters& parameters = {})
        : sc_module(name), pm1("pm1", clock, parameters)
    {
        ports.map(0, 0x100, nothing.socket, {4, -1});
        apm.map(ports);
        io.socket.bind(ports.target);
        block.socket.bind(pm1.registers);
        elaborate();
    }
    void out(std::uint64_t port, unsigned width, std::uint32_t value)
    {
        CHECK(io.write_value(port, width, value) == tlm::TLM_OK_RESPONSE);
    }
    std::uint64_t in(std::uint64_t port, unsigned width) { return io.read_value(port, width); }
    std::uint64_t control() { return block.read_value(pm_reg::pm1_cnt, 2); }
    void control(std::uint16_t value) { block.write_value(pm_reg::pm1_cnt, 2, value); }

    vigil::runstate::vm_clock clock{"clock"};
    acpi_pm_block pm1;
    apm_ports apm{"apm", pm1, {k_enable, k_disable}};
    vigil::bus::unclaimed nothing{"nothing", 0xFF};
    vigil::bus::address_router ports{"ports"};
    vigil::bus::bus_initiator io{"io", vigil::bus::initiator_kind::test};
    vigil::bus::bus_initiator block{"block", vigil::bus::initiator_kind::test};
};

} // namespace

TEST_CASE("apm_ports: both ports read what was written")
{
    apm_rig r("rig");
    CHECK(r.in(k_apm_cnt, 2) == 0x0000);
    r.out(k_apm_cnt, 1, 0x10);
    r.out(k_apm_sts, 1, k_enable); // not a command there
    CHECK(r.in(k_apm_cnt, 1) == 0x10);
    CHECK(r.in(k_apm_sts, 1) == k_enable);
    CHECK(r.control() == 0);
}

TEST_CASE("apm_ports: ACPI is enabled and disabled, and nothing but SCI_EN moves")
{
    apm_rig r("rig");
    r.out(k_apm_cnt, 1, k_enable);
    CHECK(r.control() == pm_bits::sci_en);
    r.out(k_apm_cnt, 1, k_enable);
    CHECK(r.control() == pm_bits::sci_en);
    r.control(0); // software overwrites it
    CHECK(r.control() == 0);
    r.control(pm_bits::slp_typ | pm_bits::sci_en);
    r.out(k_apm_cnt, 1, k_disable);
    CHECK(r.control() == pm_bits::slp_typ);
    for (unsigned other = 0; other < 256; ++other) {
        if (other == k_enable || other == k_disable) continue;
        r.out(k_apm_cnt, 1, other);
    }
    CHECK(r.control() == pm_bits::slp_typ);
    r.out(k_apm_cnt, 1, k_enable);
    CHECK(r.control() == (pm_bits::slp_typ | pm_bits::sci_en));
    r.pm1.reset(reset_kind::warm);
    CHECK(r.control() == 0);
    CHECK(r.in(k_apm_cnt, 1) == k_enable);
}

TEST_CASE("apm_ports: wide accesses start over after the second port")
{
    apm_rig r("rig");
    r.out(k_apm_cnt, 4, 0x1122'3344);
    CHECK(r.in(k_apm_cnt, 2) == 0x1122);
    CHECK(r.in(k_apm_cnt, 4) == 0x1122'1122);
    CHECK(r.in(k_apm_sts, 2) == 0xFF11);
    CHECK(r.in(k_apm_cnt - 1, 2) == 0x22FF);
    CHECK(r.in(k_apm_cnt - 2, 4) == 0xFFFF'FFFF); // belongs to where it begins
    r.out(k_apm_cnt - 1, 2, k_enable << 8);
    CHECK(r.control() == pm_bits::sci_en);
    r.out(k_apm_cnt, 2, 0x7700 | k_disable);
    CHECK(r.in(k_apm_cnt, 2) == (0x7700 | k_disable));
    CHECK(r.control() == 0);
    r.out(k_apm_cnt, 4, 0x1100'3300 | k_disable << 16 | k_enable); // enables, then disables
    CHECK(r.control() == 0);
}

TEST_CASE("apm_ports: without system-management mode ACPI has been in charge from the start")
{
    acpi_pm_parameters parameters;
    parameters.smm = false;
    apm_rig r("rig", parameters);
    CHECK(r.control() == pm_bits::sci_en);
    r.out(k_apm_cnt, 1, k_disable);
    CHECK(r.control() == pm_bits::sci_en);
    r.control(0);
    r.out(k_apm_cnt, 1, k_enable);
    CHECK(r.control() == 0);
    r.pm1.reset(reset_kind::wakeup);
    CHECK(r.control() == pm_bits::sci_en);
}

TEST_CASE("apm_ports: older machines without system-management mode hand over all the same")
{
    acpi_pm_parameters parameters;
    parameters.smm = false;
    parameters.smm_compat = true;
    apm_rig r("rig", parameters);
    CHECK(r.control() == 0);
    r.out(k_apm_cnt, 1, k_enable);
    CHECK(r.control() == pm_bits::sci_en);
    r.pm1.reset(reset_kind::warm);
    CHECK(r.control() == 0);
}

TEST_CASE("apm_ports: state is saved and restored, or refused whole")
{
    apm_rig r("rig");
    r.out(k_apm_cnt, 2, 0x5AA5);
    const auto state = r.apm.save();
    r.apm.clear();
    CHECK(r.in(k_apm_cnt, 2) == 0);
    REQUIRE_FALSE(r.apm.restore(state).has_value());
    CHECK(r.in(k_apm_cnt, 2) == 0x5AA5);
    auto bad = state;
    bad[1].value = std::uint64_t{0x100};
    CHECK(r.apm.restore(bad).has_value());
    CHECK(r.apm.restore({}).has_value());
    CHECK(same(r.apm.save(), state));
    CHECK(std::get<std::uint64_t>(r.apm.properties().front().get()) == 0xA5);
}
