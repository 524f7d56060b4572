// SPDX-License-Identifier: Apache-2.0
// The PM1 block in its two functions, behind PCI host and router, under a run-state controller.
#include <catch.h>

#include <vigil/bus/address_router.h>
#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/pci_host.h>
#include <vigil/models/acpi_pm.h>
#include <vigil/runstate/controller.h>

#include "i6300esb_rig.h"

using vigil::models::acpi_pm_block;
using vigil::models::acpi_pm_parameters;
using vigil::models::ich9_lpc;
using vigil::models::piix4_pm;
using vigil::models::test::elaborate;
using vigil::models::test::field;
using vigil::models::test::pass;
using vigil::models::test::same;
using vigil::runstate::ns;
using vigil::runstate::reset_kind;
using vigil::runstate::run_state;
using vigil::runstate::shutdown_action;
using vigil::runstate::turn_guard;

namespace bits = vigil::models::acpi_pm_bit;
namespace reg = vigil::models::acpi_pm_register;

namespace {

constexpr std::uint32_t k_ports = 0x600;
constexpr std::uint32_t k_devactb = 0x58; // of the PIIX4
constexpr std::uint32_t k_smi_en = 0x30;  // of the ICH9

// The value that, written to the control register, enters a sleep type.
constexpr std::uint32_t sleeping(std::uint32_t type) { return bits::slp_en | type << bits::slp_typ_shift; }
constexpr std::uint32_t k_s3 = sleeping(1);

constexpr acpi_pm_parameters byte_lanes()
{
    acpi_pm_parameters parameters;
    parameters.byte_lanes = true;
    return parameters;
}

constexpr acpi_pm_parameters no_smm(bool compat)
{
    acpi_pm_parameters parameters;
    parameters.smm = false;
    parameters.smm_compat = compat;
    return parameters;
}

constexpr acpi_pm_parameters s4_is(std::uint8_t type)
{
    acpi_pm_parameters parameters;
    parameters.s4_value = type;
    return parameters;
}

/// A PC with one of the functions, where its machine has it.
template <class Function> struct pc : sc_core::sc_module, vigil::runstate::run_listener {
    explicit pc(const sc_core::sc_module_name& name, vigil::bus::pci_address address, std::uint32_t enable_offset,
                std::uint32_t enable_value, const acpi_pm_parameters& parameters)
        : sc_module(name), function("function", controller.clock, parameters),
          select(0x80000000U | static_cast<std::uint32_t>(address.devfn()) << 8), enable(enable_offset),
          enable_bit(enable_value)
    {
        ports.map(0, 0x10000, host.io, {4, -1});
        ports.map(0xCF8, 4, host.config_address);
        ports.map(0xCFC, 4, host.config_data);
        function.apm.map(ports);
        io.socket.bind(ports.target);
        REQUIRE_FALSE(host.attach(function, address).has_value());
        function.pm1.power.bind(controller);
        controller.add_power_button_sink(function.pm1);
        controller.add_resettable(function);
        controller.add_listener(*this);
        auto actions = controller.control().actions();
        actions.shutdown = shutdown_action::pause;
        controller.control().set_actions(actions);
        pass(ns(0));
    }

    void on_event(const vigil::runstate::event& e) override
    {
        if (!heard.empty()) heard += ' ';
        heard += event_name(e);
    }
    std::string taken()
    {
        std::string all;
        all.swap(heard);
        return all;
    }

    void cfg(std::uint32_t offset, unsigned width, std::uint32_t value)
    {
        io.write_value(0xCF8, 4, select | (offset & 0xFCU));
        io.write_value(0xCFC + (offset & 3), width, value);
    }
    std::uint64_t cfg(std::uint32_t offset, unsigned width)
    {
        io.write_value(0xCF8, 4, select | (offset & 0xFCU));
        return io.read_value(0xCFC + (offset & 3), width);
    }
    void open()
    {
        cfg(0x40, 4, k_ports | 1);
        cfg(enable, 1, enable_bit);
    }
    void out(std::uint32_t offset, unsigned width, std::uint64_t value)
    {
        const turn_guard turn(controller.control());
        CHECK(io.write_value(k_ports + offset, width, value) == tlm::TLM_OK_RESPONSE);
    }
    std::uint64_t in(std::uint32_t offset, unsigned width) { return io.read_value(k_ports + offset, width); }
    template <class Call> void command(Call call)
    {
        const turn_guard turn(controller.control());
        call(controller.control());
    }
    void run_to(std::int64_t at) { pass(ns(at) - controller.clock.now()); }
    void powerdown()
    {
        command([](auto& control) { control.system_powerdown(); });
    }
    void wake_up()
    {
        command([](auto& control) { CHECK_FALSE(control.system_wakeup().has_value()); });
    }

    vigil::runstate::controller controller{"controller"};
    vigil::bus::address_router ports{"ports"};
    vigil::bus::pci_host host{"host"};
    Function function;
    vigil::bus::bus_initiator io{"io", vigil::bus::initiator_kind::test};
    std::uint32_t select;
    std::uint32_t enable;
    std::uint32_t enable_bit;
    std::string heard;
};

struct i440fx : pc<piix4_pm> {
    explicit i440fx(const acpi_pm_parameters& parameters = {}) : pc("machine", {1, 3}, 0x80, 0x01, parameters) {}
};

struct q35 : pc<ich9_lpc> {
    explicit q35(const acpi_pm_parameters& parameters = {}) : pc("machine", {31, 0}, 0x44, 0x80, parameters) {}
};

} // namespace

TEST_CASE("acpi_pm: the PIIX4's header")
{
    i440fx m;
    CHECK(m.cfg(0x00, 4) == 0x71138086);
    CHECK(m.cfg(0x08, 4) == 0x06800003);
    CHECK(m.cfg(0x0E, 1) == 0x00);
    CHECK(m.cfg(0x40, 4) == 0x00000001);
    CHECK(m.cfg(0x80, 1) == 0x00);
    m.cfg(0x40, 4, 0xFFFFFFFF);
    CHECK(m.cfg(0x40, 4) == 0xFFFFFFFF);
    m.cfg(0x80, 1, 0xFF);
    CHECK(m.cfg(0x80, 1) == 0xFF);
    CHECK(m.cfg(0x5F, 1) == 0x10);
    CHECK(m.cfg(0x63, 1) == 0x60);
    CHECK(m.cfg(0x90, 4) == 0xB101);
    CHECK(m.cfg(0xD2, 1) == 0x09);
    CHECK(m.function.type_name() == "PIIX4_PM");
}

TEST_CASE("acpi_pm: the ICH9's header")
{
    q35 m;
    CHECK(m.cfg(0x00, 4) == 0x29188086);
    CHECK(m.cfg(0x08, 4) == 0x06010002);
    CHECK(m.cfg(0x0E, 1) == 0x80);
    CHECK(m.cfg(0x40, 4) == 0x00000001);
    CHECK(m.cfg(0x44, 1) == 0x00);
    m.cfg(0x40, 4, 0xFFFFFFFF);
    CHECK(m.cfg(0x40, 4) == 0x0000FF87);
    m.cfg(0x44, 1, 0xFF);
    CHECK(m.cfg(0x44, 1) == 0xFF);
    CHECK(m.cfg(0x60, 4) == 0x80808080);
    CHECK(m.cfg(0x68, 4) == 0x80808080);
    CHECK(m.function.type_name() == "ICH9-LPC");
}

TEST_CASE("acpi_pm: the PIIX4 decodes 64 ports at its base while enabled, whatever the command register says")
{
    i440fx m;
    CHECK(m.in(0, 2) == 0xFFFF);
    m.cfg(0x40, 4, 0x601);
    CHECK(m.in(0, 2) == 0xFFFF);
    m.out(2, 2, 0x0100); // lost
    m.cfg(0x80, 1, 1);
    CHECK(m.cfg(0x04, 2) == 0);
    CHECK(m.in(0, 2) == 0x0001);
    CHECK(m.in(2, 2) == 0x0000);
    m.cfg(0x40, 4, 0x641);
    CHECK(m.in(0, 2) == 0xFFFF);
    CHECK(m.in(0x40, 2) == 0x0001);
    m.cfg(0x04, 2, 7);
    CHECK(m.in(0x40, 2) == 0x0001);
    m.cfg(0x80, 1, 0);
    CHECK(m.in(0x40, 2) == 0xFFFF);
    m.cfg(0x40, 4, 0xFFFFFFFF); // the last block of the space
    m.cfg(0x80, 1, 1);
    CHECK(m.io.read_value(0xFFC0, 2) == 0x0001);
    CHECK(m.io.read_value(0xFFFC, 4) == 0xFFFFFFFF);
}

TEST_CASE("acpi_pm: the ICH9 decodes 128 ports at its base while ACPI_EN is set")
{
    q35 m;
    m.cfg(0x40, 4, 0x601);
    m.cfg(0x44, 1, 0x07);
    CHECK(m.in(0, 2) == 0xFFFF);
    m.cfg(0x44, 1, 0x80);
    CHECK(m.in(0, 2) == 0x0001);
    m.cfg(0x40, 4, 0x641); // a multiple of 128
    CHECK(m.in(0, 2) == 0x0001);
    m.cfg(0x40, 4, 0x681);
    CHECK(m.in(0x80, 2) == 0x0001);
    m.cfg(0x40, 4, 0x001); // address 0 is nowhere
    CHECK(m.io.read_value(0x00, 2) == 0xFFFF);
}

TEST_CASE("acpi_pm: the four registers")
{
    i440fx m;
    m.open();
    CHECK(m.in(0, 2) == 0x0001);
    m.out(0, 2, 0xFFFF);
    CHECK(m.in(0, 2) == 0x0000);
    m.out(2, 2, 0xFFFF);
    CHECK(m.in(2, 2) == 0xFFFF);
    m.out(4, 2, 0x1C01);
    CHECK(m.in(4, 2) == 0x1C01);
    m.out(4, 2, 0x3C00);
    CHECK(m.in(4, 2) == 0x1C00);
    CHECK(m.controller.control().running());
    CHECK(m.in(0, 1) == 0x00);
    CHECK(m.in(0, 4) == 0xFFFF0000);
    CHECK(m.in(8, 4) == 0x0000);
    m.run_to(1'000'000);
    CHECK(m.in(8, 4) == 0x0DFB);
    m.run_to(2'401'000'000);
    CHECK(m.in(0, 2) == 0x0001);
    CHECK(m.taken().empty());
}

TEST_CASE("acpi_pm: fresh values are those of the register table")
{
    i440fx m;
    m.open();
    for (const auto& row : acpi_pm_block::register_table()) {
        CAPTURE(row.name);
        CHECK(m.in(row.offset, row.width) == row.reset);
    }
}

TEST_CASE("acpi_pm: with byte lanes, parts of registers are where they are")
{
    i440fx m(byte_lanes());
    m.open();
    m.out(reg::pm1_en, 2, 0x1234);
    m.out(reg::pm1_en, 1, 0x56);
    CHECK(m.in(reg::pm1_en, 2) == 0x1256);
    m.out(reg::pm1_en + 1, 1, 0x78);
    CHECK(m.in(reg::pm1_en, 2) == 0x7856);
    CHECK(m.in(reg::pm1_en + 1, 1) == 0x78);
    m.out(reg::pm1_sts + 1, 1, 0xFF); // bits 15:8 of the status: the timer's bit stays
    CHECK(m.in(reg::pm1_sts, 4) == (0x78560000 | bits::tmr_sts));
    m.out(reg::pm1_sts, 4, 0xABCD0000 | bits::tmr_sts);
    CHECK(m.in(reg::pm1_sts, 4) == 0xABCD0000);
    m.out(reg::pm1_cnt, 4, 0xFFFFC0DE);
    CHECK(m.in(reg::pm1_cnt, 4) == 0xFFFFC0DE);
    CHECK(m.in(reg::pm1_en, 4) == 0xC0DEABCD);
    CHECK(m.in(reg::pm1_cnt + 1, 2) == 0xFFC0);
    m.out(reg::pm_tmr, 4, 0x123456);
    CHECK(m.in(reg::pm_tmr, 4) == 0);
    m.run_to(1'000'000);
    CHECK(m.in(reg::pm_tmr, 1) == 0xFB);
    CHECK(m.in(reg::pm_tmr + 1, 1) == 0x0D);
    CHECK(m.in(reg::pm_tmr + 2, 2) == 0x0000);
    CHECK(m.taken().empty());
}

TEST_CASE("acpi_pm: with byte lanes, a byte write of the sleep enable bit sleeps")
{
    i440fx m(byte_lanes());
    m.open();
    m.out(reg::pm1_cnt + 1, 1, k_s3 >> 8);
    CHECK(m.taken() == "SUSPEND");
}

TEST_CASE("acpi_pm: bytes between and beyond the registers read all ones")
{
    i440fx m;
    m.open();
    for (const std::uint32_t offset : {0x06U, 0x07U, 0x0CU, 0x0FU, 0x10U, 0x3FU}) {
        CAPTURE(offset);
        m.out(offset, 1, 0x00);
        CHECK(m.in(offset, 1) == 0xFF);
    }
    CHECK(m.in(0x06, 2) == 0xFFFF);
    CHECK(m.in(0x0C, 4) == 0xFFFFFFFF);
}

TEST_CASE("acpi_pm: narrow and odd reads are QEMU's")
{
    i440fx m;
    m.open();
    m.out(reg::pm1_en, 2, 0x1334);
    m.powerdown();
    m.out(reg::pm1_cnt, 2, 0x1C01);
    m.run_to(1'000'000); // the timer reads 000DFB
    CHECK(m.in(0x0, 2) == (bits::pwrbtn_sts | bits::tmr_sts));
    struct row {
        std::uint32_t offset;
        unsigned width;
        std::uint32_t value;
    };
    constexpr row k_rows[] = {
        {0x0, 1, 0x01},       {0x1, 1, 0x00},       {0x2, 1, 0x34},       {0x3, 1, 0x00},       {0x4, 1, 0x01},
        {0x5, 1, 0x01},       {0x1, 2, 0x3400},     {0x3, 2, 0x0100},     {0x5, 2, 0xFF01},     {0x7, 2, 0xFBFF},
        {0x0, 4, 0x13340101}, {0x1, 4, 0x01133400}, {0x2, 4, 0x1C011334}, {0x3, 4, 0xFF1C0100}, {0x4, 4, 0xFFFF1C01},
        {0x5, 4, 0xFBFFFF01}, {0x6, 4, 0x0DFBFFFF}, {0x7, 4, 0xFB0DFBFF}, {0x8, 1, 0xFB},       {0x9, 1, 0xFB},
        {0xA, 1, 0xFB},       {0xB, 1, 0xFB},       {0x8, 2, 0x0DFB},     {0x9, 2, 0xFBFB},     {0xA, 2, 0x0DFB},
        {0xB, 2, 0xFFFB},     {0x8, 4, 0x000DFB},   {0x9, 4, 0xFF0DFBFB}, {0xA, 4, 0xFFFF0DFB}, {0xB, 4, 0xFFFFFFFB},
    };
    for (const row& r : k_rows) {
        CAPTURE(r.offset, r.width);
        CHECK(m.in(r.offset, r.width) == r.value);
    }
}

TEST_CASE("acpi_pm: narrow and odd writes of the enable register are QEMU's")
{
    i440fx m;
    m.open();
    const auto enable_after = [&m](std::uint32_t offset, unsigned width, std::uint32_t value) {
        m.out(reg::pm1_en, 2, 0x5678);
        m.out(offset, width, value);
        return m.in(reg::pm1_en, 2);
    };
    CHECK(enable_after(0x2, 1, 0x34) == 0x0034);
    CHECK(enable_after(0x3, 1, 0xFF) == 0x5678);
    CHECK(enable_after(0x1, 2, 0x12FF) == 0x0012);
    CHECK(enable_after(0x1, 4, 0x11223344) == 0x2233);
    CHECK(m.in(reg::pm1_cnt, 2) == 0x0011);
    CHECK(enable_after(0x2, 4, 0x00661357) == 0x1357);
    CHECK(m.in(reg::pm1_cnt, 2) == 0x0066);
}

TEST_CASE("acpi_pm: narrow and odd writes of the status register clear what they name")
{
    i440fx m;
    m.open();
    m.out(reg::pm1_en, 2, bits::pwrbtn_en);
    m.powerdown();
    m.out(0x1, 1, 0xFF);
    CHECK(m.in(reg::pm1_sts, 2) == (bits::pwrbtn_sts | bits::tmr_sts));
    m.out(0x0, 1, 0xFF);
    CHECK(m.in(reg::pm1_sts, 2) == bits::pwrbtn_sts);
    m.out(0x0, 4, bits::pwrbtn_en << 16 | bits::pwrbtn_sts);
    CHECK(m.in(reg::pm1_sts, 4) == bits::pwrbtn_en << 16);
    m.powerdown(); // again while it is enabled
    CHECK(m.in(reg::pm1_sts, 2) == bits::pwrbtn_sts);
}

TEST_CASE("acpi_pm: narrow and odd writes of the control register are QEMU's")
{
    i440fx m;
    m.open();
    const auto control_after = [&m](std::uint32_t offset, unsigned width, std::uint32_t value) {
        m.out(reg::pm1_cnt, 2, 0x1C01);
        m.out(offset, width, value);
        return m.in(reg::pm1_cnt, 2);
    };
    CHECK(control_after(0x4, 1, 0x05) == 0x0005);
    CHECK(control_after(0x5, 1, 0x24) == 0x0024);
    CHECK(control_after(0x4, 1, 0x24) == 0x0024);
    CHECK(control_after(0x5, 2, 0x1104) == 0x0004);
    CHECK(control_after(0x3, 2, 0x0111) == 0x0001);
    CHECK(control_after(0x3, 4, 0x00577899) == 0x5778);
    CHECK(control_after(0x4, 4, 0x1234) == 0x1234);
    CHECK(control_after(0x6, 2, 0x1111) == 0x1C01);
    CHECK(m.taken().empty()); // bit 13 by a byte is not SLP_EN
}

TEST_CASE("acpi_pm: the sleep enable bit works in a dword at 602 and in one at 603")
{
    i440fx m;
    m.open();
    m.out(reg::pm1_en, 4, k_s3 << 16);
    CHECK(m.taken() == "SUSPEND");
    m.wake_up();
    m.open();
    m.out(reg::pm1_cnt - 1, 4, k_s3 << 8);
    CHECK(m.taken() == "WAKEUP SUSPEND");
    m.wake_up();
    m.open();
    m.out(reg::pm1_cnt, 4, k_s3);
    CHECK(m.taken() == "WAKEUP SUSPEND");
}

TEST_CASE("acpi_pm: the timer counts 24 bits and shows when bit 23 changes")
{
    i440fx m;
    m.open();
    // Count n is reached at n / 3.579545 MHz, rounded up: 0x800000 at 2343484438, 0x1000000 at 4686968875.
    m.out(0, 2, 1);
    m.run_to(2'343'484'437);
    CHECK(m.in(8, 4) == 0x7FFFFF);
    CHECK(m.in(0, 2) == 0x0000);
    m.run_to(2'343'484'438);
    CHECK(m.in(8, 4) == 0x800000);
    CHECK(m.in(0, 2) == 0x0001);
    m.out(0, 2, 0xFFFE);
    CHECK(m.in(0, 2) == 0x0001);
    m.out(0, 2, 1);
    CHECK(m.in(0, 2) == 0x0000);
    m.run_to(4'686'968'874);
    CHECK(m.in(8, 4) == 0xFFFFFF);
    m.out(0, 2, 1); // clear already: nothing moves
    CHECK(m.in(0, 2) == 0x0000);
    m.run_to(4'686'968'875);
    CHECK(m.in(8, 4) == 0x000000);
    CHECK(m.in(0, 2) == 0x0001);
}

TEST_CASE("acpi_pm: the timer counts virtual time, the access's own delay included")
{
    i440fx m;
    m.open();
    m.run_to(1'000'000);
    m.io.delay() = sc_core::sc_time(1, sc_core::SC_MS);
    CHECK(m.in(8, 4) == 7159);
    m.io.delay() = sc_core::SC_ZERO_TIME;
    m.command([](auto& control) { control.stop(); });
    pass(ns(1'000'000'000));
    CHECK(m.in(8, 4) == 0x0DFB);
    std::uint8_t data[4]{};
    CHECK(m.io.read_debug(k_ports + 8, data, 4) == 4);
    CHECK(data[0] == 0xFB);
}

TEST_CASE("acpi_pm: the power button shows only where it is enabled")
{
    i440fx m;
    m.open();
    m.powerdown();
    CHECK(m.taken() == "POWERDOWN");
    CHECK(m.in(0, 2) == 0x0001);
    m.out(2, 2, 0x0100);
    CHECK(m.in(0, 2) == 0x0001);
    m.powerdown();
    CHECK(m.taken() == "POWERDOWN");
    CHECK(m.in(0, 2) == 0x0101);
    m.out(0, 2, 0x0000);
    CHECK(m.in(0, 2) == 0x0101);
    m.out(0, 2, 0x0100);
    CHECK(m.in(0, 2) == 0x0001);
    CHECK(m.controller.control().running());
}

TEST_CASE("acpi_pm: S5 shuts down")
{
    i440fx m;
    m.open();
    m.out(4, 2, 0x2000);
    CHECK(m.taken() == "SHUTDOWN STOP");
    CHECK(m.controller.control().state() == run_state::shutdown);
}

TEST_CASE("acpi_pm: S4 suspends to disk")
{
    i440fx m;
    m.open();
    m.out(4, 2, 0x2800);
    CHECK(m.taken() == "SUSPEND_DISK SHUTDOWN STOP");
}

TEST_CASE("acpi_pm: another sleep type can mean S4, and S5 and S3 keep theirs")
{
    q35 m(s4_is(5));
    m.open();
    m.out(reg::pm1_cnt, 2, sleeping(2));
    CHECK(m.taken().empty());
    m.out(reg::pm1_cnt, 2, sleeping(1));
    CHECK(m.taken() == "SUSPEND");
    m.wake_up();
    m.open();
    m.out(reg::pm1_cnt, 2, sleeping(5));
    CHECK(m.taken() == "WAKEUP SUSPEND_DISK SHUTDOWN STOP");
}

TEST_CASE("acpi_pm: a sleep type that means S4 does not take S5 away")
{
    i440fx m(s4_is(0));
    m.open();
    m.out(reg::pm1_cnt, 2, sleeping(0));
    CHECK(m.taken() == "SHUTDOWN STOP");
}

TEST_CASE("acpi_pm: the PIIX4 enables ACPI by APM command F1 and disables it by F0, decoded or not")
{
    i440fx m;
    m.open();
    m.io.write_value(0xB2, 1, 0xF1);
    CHECK(m.in(reg::pm1_cnt, 2) == bits::sci_en);
    m.io.write_value(0xB2, 1, 0x03); // the ICH9's
    CHECK(m.in(reg::pm1_cnt, 2) == bits::sci_en);
    m.cfg(0x80, 1, 0);
    m.io.write_value(0xB2, 1, 0xF0);
    m.open();
    CHECK(m.in(reg::pm1_cnt, 2) == 0);
    m.io.write_value(0xB2, 2, 0x5AF1);
    m.command([](auto& control) { control.system_reset(); });
    m.open();
    CHECK(m.in(reg::pm1_cnt, 2) == 0);
    CHECK(m.io.read_value(0xB2, 2) == 0x5AF1);
    m.function.reset(reset_kind::cold);
    CHECK(m.io.read_value(0xB2, 2) == 0);
}

TEST_CASE("acpi_pm: the ICH9 enables ACPI by APM command 02 and disables it by 03")
{
    q35 m;
    m.open();
    m.io.write_value(0xB2, 1, 0x02);
    CHECK(m.in(reg::pm1_cnt, 2) == bits::sci_en);
    m.io.write_value(0xB2, 1, 0xF0); // the PIIX4's
    CHECK(m.in(reg::pm1_cnt, 2) == bits::sci_en);
    m.io.write_value(0xB2, 1, 0x03);
    CHECK(m.in(reg::pm1_cnt, 2) == 0);
}

TEST_CASE("acpi_pm: the ICH9's SMI_EN is stored, whole only, and a reset clears it")
{
    q35 m;
    m.open();
    CHECK(m.in(k_smi_en, 4) == 0);
    m.out(k_smi_en, 4, 0x12345678);
    m.out(k_smi_en, 2, 0xFFFF);
    m.out(k_smi_en + 3, 1, 0xFF);
    m.out(k_smi_en + 4, 4, 0xFFFFFFFF);
    CHECK(m.in(k_smi_en, 4) == 0x12345678);
    CHECK(m.in(k_smi_en, 2) == 0);
    CHECK(m.in(k_smi_en + 4, 4) == 0);
    m.command([](auto& control) { control.system_reset(); });
    CHECK(m.in(k_smi_en, 4) == 0xFFFFFFFF);
    m.open();
    CHECK(m.in(k_smi_en, 4) == 0);
}

TEST_CASE("acpi_pm: without system-management mode the PIIX4 says so after a reset")
{
    i440fx m(no_smm(false));
    CHECK(m.cfg(k_devactb, 4) == 0x02000000);
    m.open();
    CHECK(m.in(reg::pm1_cnt, 2) == bits::sci_en);
    m.io.write_value(0xB2, 1, 0xF0);
    CHECK(m.in(reg::pm1_cnt, 2) == bits::sci_en);
    m.out(reg::pm1_cnt, 2, 0);
    m.cfg(k_devactb, 4, 0xFFFFFFFF);
    m.command([](auto& control) { control.system_reset(); });
    CHECK(m.cfg(k_devactb, 4) == 0x02000000);
    m.open();
    CHECK(m.in(reg::pm1_cnt, 2) == bits::sci_en);
}

TEST_CASE("acpi_pm: without system-management mode the ICH9 says so after a reset, in older versions that alone")
{
    q35 m(no_smm(true));
    m.open();
    CHECK(m.in(k_smi_en, 4) == 0x20);
    CHECK(m.in(reg::pm1_cnt, 2) == 0);
    m.io.write_value(0xB2, 1, 0x02);
    CHECK(m.in(reg::pm1_cnt, 2) == bits::sci_en);
}

TEST_CASE("acpi_pm: the other sleep types do nothing")
{
    i440fx m;
    m.open();
    for (std::uint32_t type = 3; type < 8; ++type) m.out(4, 2, 0x2000 | type << 10);
    CHECK(m.taken().empty());
    CHECK(m.in(4, 2) == 0x1C00);
}

TEST_CASE("acpi_pm: after a wake-up from S3 the block is to be programmed again and says why it woke")
{
    i440fx m;
    m.open();
    m.out(2, 2, 0x0120);
    m.out(4, 2, 0x2400);
    CHECK(m.taken() == "SUSPEND");
    CHECK(m.controller.control().state() == run_state::suspended);
    m.wake_up();
    CHECK(m.taken() == "WAKEUP");
    CHECK(m.in(0, 2) == 0xFFFF);
    m.out(4, 2, 0x2400); // lost
    CHECK(m.taken().empty());
    CHECK(m.cfg(0x40, 4) == (k_ports | 1)); // the lowest byte alone is reset
    CHECK(m.cfg(0x80, 1) == 0x00);
    m.open();
    CHECK(m.in(0, 2) == 0x8101);
    CHECK(m.in(2, 2) == 0x0000);
    CHECK(m.in(4, 2) == 0x0000);
    m.out(0, 2, 0x8000);
    CHECK(m.in(0, 2) == 0x0101);
}

TEST_CASE("acpi_pm: on q35 S3 and the wake-up are the same")
{
    q35 m;
    m.open();
    m.out(4, 2, 0x2400);
    m.wake_up();
    CHECK(m.taken() == "SUSPEND WAKEUP");
    CHECK(m.cfg(0x44, 1) == 0x00);
    CHECK(m.in(0, 2) == 0xFFFF);
    m.open();
    CHECK(m.in(0, 2) == 0x8101);
    m.powerdown();
    m.out(4, 2, 0x2000);
    CHECK(m.taken() == "POWERDOWN SHUTDOWN STOP");
}

TEST_CASE("acpi_pm: a reset of a running or a suspended machine leaves fresh values")
{
    i440fx m;
    m.open();
    m.out(0, 2, 1);
    m.out(2, 2, 0x0100);
    m.out(4, 2, 0x0001);
    m.powerdown();
    m.command([](auto& control) { control.system_reset(); });
    CHECK(m.in(0, 2) == 0xFFFF);
    m.open();
    CHECK(m.in(0, 4) == 0x00000001);
    CHECK(m.in(4, 2) == 0x0000);
    m.out(4, 2, 0x2400);
    m.command([](auto& control) { control.system_reset(); });
    m.open();
    CHECK(m.in(0, 2) == 0x0001);
    CHECK(m.taken() == "POWERDOWN RESET SUSPEND RESET");
}

TEST_CASE("acpi_pm: power-on clears storage, other resets keep it")
{
    q35 m;
    m.open();
    m.cfg(0xD0, 4, 0x12345678);
    m.function.reset(reset_kind::warm);
    CHECK(m.cfg(0xD0, 4) == 0x12345678);
    m.function.reset(reset_kind::wakeup);
    CHECK(m.cfg(0xD0, 4) == 0x12345678);
    m.function.reset(reset_kind::cold);
    CHECK(m.cfg(0xD0, 4) == 0);
    CHECK(m.cfg(0x40, 4) == 1);
    CHECK(m.cfg(0x00, 4) == 0x29188086);
}

TEST_CASE("acpi_pm: with nobody bound nobody sleeps")
{
    vigil::runstate::vm_clock clock("clock");
    acpi_pm_block block("block", clock);
    vigil::bus::bus_initiator io("io", vigil::bus::initiator_kind::vcpu);
    io.socket.bind(block.registers);
    elaborate();
    CHECK(io.write_value(4, 2, 0x2400) == tlm::TLM_OK_RESPONSE);
    CHECK(io.read_value(4, 2) == 0x0400);
}

TEST_CASE("acpi_pm: state is saved and restored, or refused whole")
{
    i440fx m;
    m.open();
    m.out(0, 2, 1);
    m.out(2, 2, 0x0120);
    m.out(4, 2, 0x1C01);
    m.powerdown();
    const auto state = m.function.save();
    CHECK(m.function.section() == "piix4_pm");
    CHECK(field(state, "pm1_status") == 0x0100);
    CHECK(field(state, "pm1_enable") == 0x0120);
    CHECK(field(state, "pm1_control") == 0x1C01);
    CHECK(field(state, "timer_status_from") == 0x800000);

    m.function.reset(reset_kind::cold);
    CHECK(m.in(0, 2) == 0xFFFF);
    REQUIRE_FALSE(m.function.restore(state).has_value());
    CHECK(same(m.function.save(), state));
    CHECK(m.in(0, 4) == 0x01200100);
    CHECK(m.in(4, 2) == 0x1C01);

    m.function.reset(reset_kind::warm);
    const auto fresh = m.function.save();
    auto bad = state;
    bad[1].value = std::uint64_t{0x0101};
    CHECK(m.function.restore(bad).has_value());
    bad = state;
    bad[2].value = std::uint64_t{0x10000};
    CHECK(m.function.restore(bad).has_value());
    bad = state;
    bad[3].value = std::uint64_t{0x2000};
    CHECK(m.function.restore(bad).has_value());
    bad = state;
    bad[4].value = ~std::uint64_t{0};
    CHECK(m.function.restore(bad).has_value());
    bad = state;
    bad[4].name = "other";
    CHECK(m.function.restore(bad).has_value());
    bad = state;
    bad[1].value = std::vector<std::uint8_t>{0};
    CHECK(m.function.restore(bad).has_value());
    bad = state;
    std::get<std::vector<std::uint8_t>>(bad[0].value)[2] = 0x18;
    CHECK(m.function.restore(bad).has_value());
    bad = state;
    std::get<std::vector<std::uint8_t>>(bad[0].value).pop_back();
    CHECK(m.function.restore(bad).has_value());
    bad = state;
    bad[5].value = std::uint64_t{0x100};
    CHECK(m.function.restore(bad).has_value());
    bad = state;
    bad.pop_back();
    CHECK(m.function.restore(bad).has_value());
    CHECK(m.function.restore({}).has_value());
    CHECK(same(m.function.save(), fresh));
}

TEST_CASE("acpi_pm: a state of version 0.1.0 is taken, with what it lacks as after power-on")
{
    q35 m;
    m.open();
    m.out(reg::pm1_cnt, 2, 0x1C01);
    auto state = m.function.save();
    state.resize(5); // that version's
    m.io.write_value(0xB2, 2, 0x5AF1);
    m.out(k_smi_en, 4, 0x12345678);
    const auto before = m.function.save();
    auto bad = state;
    bad[3].value = std::uint64_t{bits::slp_en};
    CHECK(m.function.restore(bad).has_value());
    CHECK(same(m.function.save(), before));
    m.function.reset(reset_kind::warm);
    REQUIRE_FALSE(m.function.restore(state).has_value());
    CHECK(m.in(reg::pm1_cnt, 2) == 0x1C01);
    CHECK(m.io.read_value(0xB2, 2) == 0);
    CHECK(m.in(k_smi_en, 4) == 0);
}

TEST_CASE("acpi_pm: the ICH9's state is saved and restored, or refused whole")
{
    q35 m;
    m.open();
    m.out(k_smi_en, 4, 0x12345678);
    m.io.write_value(0xB2, 2, 0x5A02);
    const auto state = m.function.save();
    m.function.reset(reset_kind::cold);
    const auto fresh = m.function.save();
    auto bad = state;
    bad[7].value = std::uint64_t{0x1'0000'0000};
    CHECK(m.function.restore(bad).has_value());
    bad.pop_back();
    CHECK(m.function.restore(bad).has_value());
    CHECK(m.function.restore({}).has_value());
    CHECK(same(m.function.save(), fresh));
    REQUIRE_FALSE(m.function.restore(state).has_value());
    CHECK(same(m.function.save(), state));
    CHECK(m.in(k_smi_en, 4) == 0x12345678);
    CHECK(m.io.read_value(0xB2, 2) == 0x5A02);
}

TEST_CASE("acpi_pm: properties show base, enable bit and registers")
{
    i440fx m;
    m.open();
    m.out(2, 2, 0x0120);
    m.run_to(1'000'000);
    std::string seen;
    for (const auto& p : m.function.properties()) {
        CHECK_FALSE(p.set);
        const auto value = p.get();
        const auto* flag = std::get_if<bool>(&value);
        seen += p.name + "=" + (flag ? std::to_string(*flag) : std::to_string(std::get<std::uint64_t>(value))) + " ";
    }
    CHECK(seen == "pm-base=1536 pm-enabled=1 pm1-status=1 pm1-enable=288 pm1-control=0 pm-timer=3579 "
                  "apm-control=0 apm-status=0 ");
}
