// SPDX-License-Identifier: Apache-2.0
// The TCO block alone, behind a router that cuts accesses as an I/O space does.
#include <catch.h>

#include <memory>

#include <vigil/bus/address_router.h>
#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/memory.h>
#include <vigil/models/ich9_smi.h>
#include <vigil/models/ich9_tco.h>

#include "i6300esb_rig.h"

using vigil::models::ich9_smi;
using vigil::models::ich9_tco;
using vigil::models::ich9_tco_parameters;
using vigil::models::test::elaborate;
using vigil::models::test::field;
using vigil::models::test::mark;
using vigil::models::test::pass;
using vigil::models::test::same;
using vigil::runstate::ns;
using vigil::runstate::reset_kind;

namespace bits = vigil::models::ich9_tco_bit;
namespace reg = vigil::models::ich9_tco_register;
namespace smi_bits = vigil::models::ich9_smi_bit;

namespace {

constexpr std::int64_t k_tick = 600'000'000;
constexpr std::uint32_t k_ports = 0x660;
constexpr std::uint32_t k_smi_en = 0x630;
constexpr unsigned k_fact = 3;

ich9_tco_parameters acting()
{
    ich9_tco_parameters parameters;
    parameters.no_reboot_strap = false;
    return parameters;
}

/// One block and the SMI registers, the clock running from 0.
struct rig : sc_core::sc_module, vigil::runstate::watchdog_if {
    explicit rig(const ich9_tco_parameters& parameters = acting())
        : sc_module(sc_core::sc_module_name("rig")), device("device", clock, parameters)
    {
        ports.map(0, 0x10000, nothing.socket, {0, -1});
        ports.map(k_ports, ich9_tco::k_size, device.registers);
        ports.map(k_smi_en, ich9_smi::k_size, smi.registers);
        io.socket.bind(ports.target);
        device.watchdog.bind(*this);
        device.timed_out = [this](unsigned timeout) { log.push_back({clock.now().count(), timeout}); };
        if (parameters.smi_pin) device.smi.bind(smi_line);
        clock.start();
    }

    void watchdog_expired() override { log.push_back({clock.now().count(), k_fact}); }

    void out(std::uint32_t offset, unsigned width, std::uint64_t value)
    {
        elaborate();
        CHECK(io.write_value(k_ports + offset, width, value) == tlm::TLM_OK_RESPONSE);
    }
    std::uint64_t in(std::uint32_t offset, unsigned width)
    {
        elaborate();
        const std::uint64_t value = io.read_value(k_ports + offset, width);
        CHECK(io.last_response() == tlm::TLM_OK_RESPONSE);
        return value;
    }
    void smi_en(std::uint32_t value)
    {
        elaborate();
        io.write_value(k_smi_en, 4, value);
    }
    std::uint64_t smi_en()
    {
        elaborate();
        return io.read_value(k_smi_en, 4);
    }
    void start(std::uint32_t ticks)
    {
        out(reg::tco_tmr, 2, ticks);
        out(reg::tco_rld, 2, 0);
    }
    std::uint64_t status() { return in(reg::tco1_sts, 4); }
    std::uint64_t remaining() { return in(reg::tco_rld, 2); }
    void run_to(std::int64_t at) { pass(ns(at) - clock.now()); }
    std::vector<mark> taken()
    {
        std::vector<mark> all;
        all.swap(log);
        return all;
    }

    vigil::runstate::vm_clock clock{"clock"};
    vigil::bus::address_router ports{"ports"};
    vigil::bus::unclaimed nothing{"nothing", 0xFF};
    ich9_tco device;
    ich9_smi smi{"smi", clock, device, true};
    vigil::bus::bus_initiator io{"io", vigil::bus::initiator_kind::test};
    sc_core::sc_signal<bool> smi_line{"smi_line"};
    std::vector<mark> log;
};

constexpr std::uint32_t both_timeouts = bits::timeout | (bits::second_to_sts | bits::boot_sts) << 16;

struct access_row {
    std::uint32_t offset;
    unsigned width;
    std::uint64_t value;
};

} // namespace

TEST_CASE("ich9_tco: fresh values are those of the register table and the timer does not count")
{
    rig r;
    for (const auto& row : ich9_tco::register_table()) {
        CAPTURE(row.name);
        CHECK(r.in(row.offset, row.width) == row.reset);
    }
    CHECK(r.in(reg::tco2_cnt, 2) == 0x0008);
    CHECK(r.in(reg::sw_irq_gen, 1) == 0x03);
    CHECK(r.in(reg::tco_tmr, 2) == 0x0004);
    r.run_to(100 * k_tick);
    CHECK(r.status() == 0);
    CHECK(r.taken().empty());
}

TEST_CASE("ich9_tco: a word write keeps the bits of the register table")
{
    rig r;
    r.out(reg::tco1_cnt, 2, bits::tco_tmr_hlt);
    for (const auto& row : ich9_tco::register_table()) {
        if (row.offset == reg::tco1_cnt) continue;
        CAPTURE(row.name);
        r.out(row.offset, row.width, row.width == 1 ? 0xFF : 0xFFFF);
        CHECK(r.in(row.offset, row.width) == row.writable);
        r.out(row.offset, row.width, 0);
        CHECK(r.in(row.offset, row.width) == 0);
    }
    r.out(reg::tco1_cnt, 2, 0xEFFF);
    CHECK(r.in(reg::tco1_cnt, 2) == 0xEEFF);
    r.out(reg::tco1_cnt, 2, 0x0AFF);
    CHECK(r.in(reg::tco1_cnt, 2) == 0x0AFF);
}

TEST_CASE("ich9_tco: offsets without a register read 0 and lose writes")
{
    rig r;
    const auto before = r.device.save();
    for (std::uint32_t offset = 0; offset < ich9_tco::k_size; ++offset) {
        const auto& table = ich9_tco::register_table();
        if (std::any_of(table.begin(), table.end(), [&](const auto& row) { return row.offset == offset; })) continue;
        CAPTURE(offset);
        r.out(offset, 1, 0xFF);
        CHECK(r.in(offset, 1) == 0);
    }
    r.out(0x14, 2, 0xFFFF);
    r.out(0x1C, 4, 0xFFFFFFFF);
    CHECK(r.in(0x14, 4) == 0);
    CHECK(same(r.device.save(), before));
}

TEST_CASE("ich9_tco: a register is a number at one address, whatever the width of the read")
{
    rig r;
    r.out(reg::tco1_cnt, 2, bits::tco_tmr_hlt | 0x12);
    r.out(reg::tco_rld, 2, 0); // cannot start
    r.out(reg::tco_dat_in, 1, 0x34);
    r.out(reg::tco_dat_out, 1, 0x99);
    r.out(reg::tco1_sts, 2, 0xE870);
    r.out(reg::tco2_sts, 2, 0x1230);
    r.out(reg::tco_message1, 1, 0x56);
    r.out(reg::tco_message2, 1, 0x78);
    r.out(reg::tco_wdcnt, 1, 0x9A);
    r.out(reg::tco_tmr, 2, 0x2345);
    constexpr access_row k_rows[] = {
        {0x02, 1, 0x34},       {0x03, 1, 0x99},       {0x04, 1, 0x70},       {0x05, 1, 0},
        {0x07, 1, 0},          {0x08, 1, 0x12},       {0x09, 1, 0},          {0x0B, 1, 0},
        {0x0D, 1, 0x78},       {0x0F, 1, 0},          {0x11, 1, 0},          {0x12, 1, 0x45},
        {0x13, 1, 0},          {0x02, 2, 0x0034},     {0x0C, 2, 0x0056},     {0x0E, 2, 0x009A},
        {0x10, 2, 0x0003},     {0x12, 2, 0x2345},     {0x00, 4, 0x00340000}, {0x04, 4, 0x1230E870},
        {0x0C, 4, 0x009A0056}, {0x10, 4, 0x23450003}, {0x02, 4, 0xE8700034}, {0x03, 2, 0x7099},
        {0x05, 4, 0x12123000}, {0x1E, 4, 0xFFFF0000}, {0x1F, 2, 0xFF00},
    };
    for (const access_row& row : k_rows) {
        CAPTURE(row.offset, row.width);
        CHECK(r.in(row.offset, row.width) == row.value);
    }
}

TEST_CASE("ich9_tco: a byte written to a word register is all of it")
{
    rig r;
    r.out(reg::tco_tmr, 2, 0x2222);
    r.out(reg::tco_tmr, 1, 0x11);
    CHECK(r.in(reg::tco_tmr, 2) == 0x0011);
    r.out(reg::tco_tmr + 1, 1, 0x33);
    CHECK(r.in(reg::tco_tmr, 2) == 0x0011);
    r.out(reg::tco1_cnt, 2, bits::tco_tmr_hlt);
    CHECK(r.remaining() == 0);
    r.out(reg::tco1_cnt, 1, 0xFF); // HLT goes with the high half
    CHECK(r.in(reg::tco1_cnt, 2) == 0x00FF);
    CHECK(r.remaining() == 0x0011);
    r.out(reg::tco1_cnt + 1, 1, bits::tco_tmr_hlt >> 8);
    CHECK(r.in(reg::tco1_cnt, 2) == 0x00FF);
}

TEST_CASE("ich9_tco: each piece of a write goes to the register at its own address")
{
    rig r;
    r.out(reg::tco1_cnt, 2, bits::tco_tmr_hlt);
    r.out(reg::tco_dat_in, 2, 0x1122);
    CHECK(r.in(reg::tco_dat_in, 1) == 0x22);
    CHECK(r.in(reg::tco_dat_out, 1) == 0x00);
    r.out(reg::tco_message1, 2, 0xABCD);
    CHECK(r.in(reg::tco_message2, 1) == 0x00);
    r.out(0x0B, 4, 0x99887766);
    CHECK(r.in(reg::tco2_cnt, 2) == 0x0008);
    CHECK(r.in(reg::tco_message1, 1) == 0x77);
    CHECK(r.in(reg::tco_message2, 1) == 0x00);
    CHECK(r.in(reg::tco_wdcnt, 1) == 0x99);
    r.out(0x11, 4, 0x99887766);
    CHECK(r.in(reg::tco_tmr, 2) == 0x8877);
    CHECK(r.in(reg::sw_irq_gen, 1) == 0x03);
    r.out(0x11, 2, 0x5544);
    CHECK(r.in(reg::tco_tmr, 2) == 0x0055);
    r.out(0x03, 2, 0x70AA);
    CHECK(r.in(reg::tco_dat_out, 1) == 0xAA);
    CHECK(r.in(reg::tco1_sts, 2) == 0x0070);
}

TEST_CASE("ich9_tco: a dword at the reload register restarts the countdown and writes the data register")
{
    rig r;
    r.start(4);
    r.run_to(2 * k_tick);
    r.out(reg::tco_rld, 4, 0x00550000);
    CHECK(r.remaining() == 4);
    CHECK(r.in(reg::tco_dat_in, 1) == 0x55);
    CHECK(r.status() == bits::sw_tco_smi);
}

TEST_CASE("ich9_tco: the data registers set their status, and a write replaces it")
{
    rig r;
    r.out(reg::tco_dat_in, 1, 0);
    CHECK(r.status() == bits::sw_tco_smi);
    r.out(reg::tco_dat_out, 1, 0);
    CHECK(r.status() == (bits::sw_tco_smi | bits::tco_int_sts));
    r.out(reg::tco1_sts, 2, bits::timeout);
    CHECK(r.status() == 0);
    r.out(reg::tco1_sts, 4, 0xFFFFFFFF);
    CHECK(r.status() == 0xFFF8E870);
    r.out(reg::tco1_sts, 2, 0);
    r.out(reg::tco2_sts, 2, 0);
    CHECK(r.status() == 0);
}

TEST_CASE("ich9_tco: two time-outs to the nanosecond, then the fact, then rest")
{
    rig r;
    r.out(reg::tco_tmr, 2, 0x10);
    r.out(reg::tco1_cnt, 2, 0);
    r.run_to(9'599'999'999);
    CHECK(r.status() == 0);
    r.run_to(9'600'000'000);
    CHECK(r.status() == bits::timeout);
    CHECK(r.remaining() == 0x10);
    r.run_to(19'199'999'999);
    CHECK(r.status() == bits::timeout);
    CHECK(r.taken() == std::vector<mark>{{9'600'000'000, 1}});
    r.run_to(19'200'000'000);
    CHECK(r.taken() == std::vector<mark>{{19'200'000'000, 2}, {19'200'000'000, k_fact}});
    CHECK(r.status() == both_timeouts);
    CHECK(r.remaining() == 0);
    CHECK(r.in(reg::tco1_cnt, 2) == 0);
    r.run_to(100'000'000'000);
    CHECK(r.taken().empty());
    r.out(reg::tco_rld, 2, 0);
    r.run_to(119'200'000'000);
    CHECK(r.taken().size() == 3);
}

TEST_CASE("ich9_tco: the longest countdown is 1023 ticks")
{
    rig r;
    r.start(bits::ticks);
    r.run_to(613'799'999'999);
    CHECK(r.status() == 0);
    CHECK(r.remaining() == 0);
    r.run_to(613'800'000'000);
    CHECK(r.status() == bits::timeout);
    CHECK(r.remaining() == bits::ticks);
}

TEST_CASE("ich9_tco: the reload register reads whole remaining ticks and the upper bits of the start value")
{
    rig r;
    r.start(0xFC05);
    struct row {
        std::int64_t at;
        std::uint64_t value;
    };
    constexpr row k_rows[] = {
        {0, 0xFC05},          {1, 0xFC04},          {k_tick - 1, 0xFC04},     {k_tick, 0xFC04},
        {k_tick + 1, 0xFC03}, {2 * k_tick, 0xFC03}, {5 * k_tick - 1, 0xFC00}, {5 * k_tick, 0xFC05},
    };
    for (const row& one : k_rows) {
        CAPTURE(one.at);
        r.run_to(one.at);
        CHECK(r.remaining() == one.value);
    }
    CHECK(r.in(reg::tco_rld, 1) == 0x05);
    CHECK(r.in(reg::tco_rld + 1, 1) == 0);
}

TEST_CASE("ich9_tco: the timer register is taken when the countdown starts")
{
    rig r;
    r.start(4);
    r.run_to(k_tick);
    r.out(reg::tco_tmr, 2, 10);
    CHECK(r.remaining() == 3);
    r.run_to(4 * k_tick);
    CHECK(r.remaining() == 10);
    r.out(reg::tco_tmr, 2, 6);
    r.out(reg::tco_rld, 2, 0);
    CHECK(r.remaining() == 6);
}

TEST_CASE("ich9_tco: a timer register below 2 does not start, and a running countdown goes on")
{
    rig r;
    r.out(reg::tco_tmr, 2, 1);
    r.out(reg::tco_rld, 2, 0x8765);
    CHECK(r.remaining() == 0x8765);
    r.out(reg::tco1_cnt, 2, 0);
    CHECK(r.remaining() == 0x8765);
    r.start(4);
    r.run_to(k_tick);
    r.out(reg::tco_tmr, 2, 1);
    r.out(reg::tco_rld, 2, 0xABCD);
    CHECK(r.remaining() == 0xA803);
    r.run_to(4 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{4 * k_tick, 1}});
    CHECK(r.remaining() == 1); // the reload takes any value
    r.run_to(5 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{5 * k_tick, 2}, {5 * k_tick, k_fact}});
    r.out(reg::tco1_cnt, 2, 0);
    r.run_to(50 * k_tick);
    CHECK(r.taken().empty());
}

TEST_CASE("ich9_tco: a start value with upper bits and one tick is one tick")
{
    rig r;
    r.start(0x0401);
    r.run_to(2 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{k_tick, 1}, {2 * k_tick, 2}, {2 * k_tick, k_fact}});
}

TEST_CASE("ich9_tco: halting stops, and any other control write restarts")
{
    rig r;
    r.out(reg::tco1_cnt, 2, 0);
    CHECK(r.remaining() == 4);
    r.run_to(k_tick + 1);
    CHECK(r.remaining() == 2);
    r.out(reg::tco1_cnt, 2, bits::tco_tmr_hlt);
    CHECK(r.remaining() == 4); // the start value
    r.out(reg::tco_rld, 2, 0x777);
    CHECK(r.remaining() == 0x777);
    r.run_to(100 * k_tick);
    CHECK(r.taken().empty());
    r.out(reg::tco1_cnt, 2, 0x0004);
    r.run_to(102 * k_tick);
    r.out(reg::tco1_cnt, 2, 0);
    r.run_to(106 * k_tick - 1);
    CHECK(r.taken().empty());
    r.run_to(106 * k_tick);
    CHECK(r.taken().size() == 1);
}

TEST_CASE("ich9_tco: only the reload register forgets the first time-out")
{
    rig r;
    r.start(2);
    r.run_to(2 * k_tick);
    r.out(reg::tco1_sts, 2, bits::timeout);
    r.out(reg::tco2_sts, 2, 0xFFFF);
    r.out(reg::tco1_cnt, 2, bits::tco_tmr_hlt);
    r.device.reset(reset_kind::warm);
    r.out(reg::tco1_cnt, 2, 0);
    r.run_to(4 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{2 * k_tick, 1}, {4 * k_tick, 2}, {4 * k_tick, k_fact}});
    r.out(reg::tco_rld, 2, 0);
    r.run_to(6 * k_tick);
    r.out(reg::tco_rld, 1, 0xFF); // any width
    r.run_to(8 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{6 * k_tick, 1}, {8 * k_tick, 1}});
}

TEST_CASE("ich9_tco: with the strap nothing follows from any time-out")
{
    rig r{{}};
    r.device.forbid_reboot(false);
    r.start(2);
    r.run_to(9 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{2 * k_tick, 1}, {4 * k_tick, 2}, {6 * k_tick, 1}, {8 * k_tick, 2}});
    CHECK(r.status() == both_timeouts);
    CHECK(r.remaining() == 1);
}

TEST_CASE("ich9_tco: a reboot forbidden when the second time-out comes is not asked for")
{
    rig r;
    r.device.forbid_reboot(true);
    r.start(2);
    r.run_to(6 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{2 * k_tick, 1}, {4 * k_tick, 2}, {6 * k_tick, 1}});
    r.device.forbid_reboot(false);
    r.run_to(8 * k_tick - 1);
    r.device.forbid_reboot(true);
    r.run_to(8 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{8 * k_tick, 2}});
    r.device.forbid_reboot(false);
    r.run_to(12 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{10 * k_tick, 1}, {12 * k_tick, 2}, {12 * k_tick, k_fact}});
}

TEST_CASE("ich9_tco: no ticks at all are two time-outs at once")
{
    rig r;
    r.run_to(k_tick);
    r.start(0x0400);
    pass(ns(0));
    CHECK(r.taken() == std::vector<mark>{{k_tick, 1}, {k_tick, 2}, {k_tick, k_fact}});
    CHECK(r.status() == both_timeouts);
}

TEST_CASE("ich9_tco: no ticks without a reboot are two time-outs a tick and not endless ones")
{
    rig r{{}};
    r.start(0xFC00);
    r.run_to(2 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{0, 1}, {0, 2}, {k_tick, 1}, {k_tick, 2}, {2 * k_tick, 1}, {2 * k_tick, 2}});
    CHECK(r.remaining() == 0xFC01);
    r.start(2); // anew
    r.out(reg::tco_tmr, 2, 0);
    r.run_to(5 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{4 * k_tick, 1}, {4 * k_tick, 2}, {5 * k_tick, 1}, {5 * k_tick, 2}});
}

TEST_CASE("ich9_tco: the lock keeps itself and the SMI enable bit and nothing else")
{
    rig r;
    r.smi_en(0xFFFFFFFF);
    CHECK(r.smi_en() == 0xFFFFFFFF);
    r.smi_en(smi_bits::tco_en);
    r.out(reg::tco1_cnt, 2, bits::tco_lock | bits::tco_tmr_hlt);
    CHECK(r.device.locked());
    r.smi_en(0);
    CHECK(r.smi_en() == smi_bits::tco_en);
    r.smi_en(0xFFFFDFDF);
    CHECK(r.smi_en() == 0xFFFFFFDF);
    r.out(reg::tco1_cnt, 1, 0);
    CHECK(r.in(reg::tco1_cnt, 2) == bits::tco_lock);
    CHECK(r.remaining() == 4);
    r.out(reg::tco_tmr, 2, 7);
    CHECK(r.in(reg::tco_tmr, 2) == 7);
    r.smi.reset(reset_kind::warm);
    r.device.reset(reset_kind::warm);
    r.smi_en(0xFFFFFFFF);
    CHECK(r.smi_en() == (0xFFFFFFFF & ~smi_bits::tco_en)); // for good
    CHECK(r.device.locked());
}

TEST_CASE("ich9_tco: resets leave everything, the countdown too, and power-on nothing")
{
    rig r;
    const auto fresh = r.device.save();
    r.start(5);
    r.out(reg::tco_dat_in, 1, 0xAB);
    r.out(reg::tco1_cnt, 2, bits::tco_lock);
    r.run_to(700'000'000);
    const auto before = r.device.save();
    r.device.reset(reset_kind::warm);
    r.device.reset(reset_kind::wakeup);
    CHECK(same(r.device.save(), before));
    CHECK(r.remaining() == 3);
    r.run_to(5 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{5 * k_tick, 1}});
    r.device.reset(reset_kind::cold);
    CHECK(same(r.device.save(), fresh));
    r.run_to(50 * k_tick);
    CHECK(r.taken().empty());
}

TEST_CASE("ich9_tco: beyond a deadline that a stopped clock passes, the reload register reads below zero")
{
    rig r;
    r.start(0xF402);
    r.clock.stop();
    r.clock.skip(ns(2 * k_tick));
    CHECK(r.remaining() == 0xF400);
    r.clock.skip(ns(k_tick - 1));
    CHECK(r.remaining() == 0xF400);
    r.clock.skip(ns(1));
    CHECK(r.remaining() == 0xFFFF);
    r.clock.skip(ns(11 * k_tick));
    CHECK(r.remaining() == 0xFFF4);
    CHECK(r.taken().empty());
    CHECK(r.status() == 0);
    r.clock.start();
    pass(ns(0));
    CHECK(r.taken() == std::vector<mark>{{14 * k_tick, 1}}); // missed ones are not made up
    CHECK(r.remaining() == 0xF402);
}

TEST_CASE("ich9_tco: registers written while the clock stands count from its number")
{
    rig r;
    r.clock.stop();
    r.start(3);
    r.clock.skip(ns(5'000'000'000));
    r.out(reg::tco_rld, 2, 0);
    CHECK(r.remaining() == 3);
    r.clock.skip(ns(k_tick));
    CHECK(r.remaining() == 2);
    r.clock.start();
    r.run_to(5'000'000'000 + 3 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{5'000'000'000 + 3 * k_tick, 1}});
}

TEST_CASE("ich9_tco: an access with a delay happens that much later")
{
    rig r;
    r.start(4);
    r.io.delay() = sc_core::sc_time(1, sc_core::SC_SEC);
    CHECK(r.remaining() == 2);
    r.out(reg::tco_rld, 2, 0);
    r.io.delay() = sc_core::SC_ZERO_TIME;
    r.run_to(1'000'000'000 + 4 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{1'000'000'000 + 4 * k_tick, 1}});
}

TEST_CASE("ich9_tco: debug reads see what reads see and change nothing")
{
    rig r;
    r.start(4);
    r.run_to(k_tick + 1);
    std::uint8_t bytes[ich9_tco::k_size];
    const auto before = r.device.save();
    REQUIRE(r.io.read_debug(k_ports, bytes, sizeof bytes) == sizeof bytes);
    CHECK(bytes[0] == 0x02);
    CHECK(bytes[0x12] == 0x04);
    CHECK(same(r.device.save(), before));
}

TEST_CASE("ich9_tco: a register socket cuts what a router would, and answers what lies beyond it with the TLM error")
{
    rig r;
    elaborate();
    vigil::bus::bus_initiator& io = r.io;
    CHECK(io.write_value(k_ports, 8, 0) == tlm::TLM_OK_RESPONSE); // cut by the router
    tlm::tlm_generic_payload payload;
    std::uint8_t data[8] = {};
    sc_core::sc_time delay;
    payload.set_command(tlm::TLM_WRITE_COMMAND);
    payload.set_data_ptr(data);
    payload.set_streaming_width(sizeof data);
    const auto answer = [&](std::uint64_t address, unsigned length) {
        payload.set_address(address);
        payload.set_data_length(length);
        r.device.registers.get_base_interface().b_transport(payload, delay);
        return payload.get_response_status();
    };
    CHECK(answer(0, 8) == tlm::TLM_OK_RESPONSE);
    CHECK(answer(2, 4) == tlm::TLM_OK_RESPONSE);
    CHECK(answer(0, 0) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(answer(ich9_tco::k_size, 1) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST_CASE("ich9_tco: with statuses that ones clear, a write sets none and clears what it names")
{
    auto parameters = acting();
    parameters.ones_clear = true;
    rig r(parameters);
    r.out(reg::tco_dat_in, 1, 0);
    r.out(reg::tco_dat_out, 1, 0);
    r.out(reg::tco1_sts, 2, 0xE870);
    CHECK(r.status() == (bits::sw_tco_smi | bits::tco_int_sts));
    r.out(reg::tco1_sts, 2, bits::tco_int_sts);
    CHECK(r.status() == bits::sw_tco_smi);
    r.start(2);
    r.run_to(4 * k_tick);
    CHECK(r.status() == (both_timeouts | bits::sw_tco_smi));
    r.out(reg::tco2_sts, 2, bits::second_to_sts);
    CHECK(r.in(reg::tco2_sts, 2) == bits::boot_sts);
    r.out(reg::tco1_sts, 4, 0xFFFFFFFF);
    CHECK(r.status() == 0);
}

TEST_CASE("ich9_tco: with byte lanes, halves of registers are where they are")
{
    auto parameters = acting();
    parameters.byte_lanes = true;
    rig r(parameters);
    r.out(reg::tco_tmr + 1, 1, 0x02);
    CHECK(r.in(reg::tco_tmr, 2) == 0x0204);
    CHECK(r.in(reg::tco_tmr + 1, 1) == 0x02);
    r.out(reg::tco_tmr, 1, 0x10);
    CHECK(r.in(reg::tco_tmr, 2) == 0x0210);
    r.out(reg::tco_dat_in, 2, 0x1122);
    CHECK(r.in(reg::tco_dat_in, 2) == 0x1122);
    CHECK(r.in(reg::tco_message1, 4) == 0);
    r.out(reg::tco_message1, 4, 0x00334455);
    CHECK(r.in(reg::tco_message2, 1) == 0x44);
    CHECK(r.in(reg::tco_message1, 4) == 0x00334455);
    r.out(reg::tco1_sts + 1, 1, 0xFF); // the low half stays
    CHECK(r.in(reg::tco1_sts, 2) == (0xE800 | bits::sw_tco_smi | bits::tco_int_sts));
    r.out(reg::tco1_cnt + 1, 1, bits::tco_tmr_hlt >> 8);
    CHECK(r.in(reg::tco1_cnt, 2) == bits::tco_tmr_hlt);
    r.out(reg::tco1_cnt, 1, 0xFF);
    CHECK(r.in(reg::tco1_cnt, 2) == (bits::tco_tmr_hlt | 0xFF));
    r.out(reg::tco1_cnt + 1, 1, bits::tco_lock >> 8); // starts
    CHECK(r.in(reg::tco1_cnt, 2) == (bits::tco_lock | 0xFF));
    CHECK(r.remaining() == 0x0210);
    CHECK(r.in(reg::tco_rld + 1, 1) == 0x02);
}

TEST_CASE("ich9_tco: the SMI pin is high while software or an enabled time-out asks for one")
{
    auto parameters = acting();
    parameters.smi_pin = true;
    rig r(parameters);
    const auto line = [&r] {
        pass(ns(0));
        return r.smi_line.read();
    };
    r.out(reg::tco_dat_in, 1, 0);
    CHECK(line());
    r.out(reg::tco1_sts, 2, 0);
    CHECK_FALSE(line());
    r.out(reg::tco_dat_out, 1, 0);
    CHECK_FALSE(line());
    r.start(2);
    r.run_to(2 * k_tick);
    CHECK_FALSE(line());
    r.smi_en(smi_bits::tco_en);
    CHECK(line());
    r.smi_en(0);
    CHECK_FALSE(line());
    r.smi_en(smi_bits::tco_en);
    CHECK(line());
    r.smi.reset(reset_kind::warm);
    CHECK_FALSE(line());
}

TEST_CASE("ich9_tco: an SMI request that ends at once is a pulse")
{
    auto parameters = acting();
    parameters.smi_pin = true;
    rig r(parameters);
    elaborate();
    r.out(reg::tco_dat_in, 1, 0);
    r.out(reg::tco1_sts, 2, 0);
    bool seen = false;
    while (sc_core::sc_pending_activity_at_current_time()) {
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
        seen = seen || r.smi_line.read();
    }
    CHECK(seen);
    CHECK_FALSE(r.smi_line.read());
}

TEST_CASE("ich9_tco: the state is saved and restored, and the countdown ends when it would have")
{
    rig r;
    const auto fresh = r.device.save();
    r.start(0x0404);
    r.out(reg::tco_dat_in, 1, 0x5A);
    r.out(reg::tco2_cnt, 2, 0x1234);
    r.run_to(5 * k_tick);
    const auto state = r.device.save();
    REQUIRE(state.size() == ich9_tco::k_saved_fields);
    CHECK(field(state, "tco_timer") == 8 * k_tick);
    CHECK(field(state, "tco_timeouts") == 1);
    CHECK(field(state, "tco_tmr") == 0x0404);
    CHECK(field(fresh, "tco_timer") == ~std::uint64_t{0});
    r.device.reset(reset_kind::cold);
    REQUIRE_FALSE(r.device.restore(state).has_value());
    CHECK(same(r.device.save(), state));
    CHECK(r.remaining() == 0x0403);
    r.taken();
    r.run_to(8 * k_tick);
    CHECK(r.taken() == std::vector<mark>{{8 * k_tick, 2}, {8 * k_tick, k_fact}});
    REQUIRE_FALSE(r.device.restore(fresh).has_value());
    CHECK(same(r.device.save(), fresh));
}

TEST_CASE("ich9_tco: a state that the block cannot have is refused whole")
{
    rig r;
    r.start(4);
    const auto before = r.device.save();
    const auto& table = ich9_tco::register_table();
    for (std::size_t i = 0; i < table.size(); ++i) {
        const auto possible = static_cast<std::uint16_t>(table[i].writable | table[i].own);
        auto bad = before;
        bad[i].value = std::uint64_t{possible} + 0x10000;
        CAPTURE(table[i].name);
        CHECK(r.device.restore(bad).has_value());
        if (possible == 0xFFFF) continue;
        bad[i].value = std::uint64_t{0xFFFF};
        CHECK(r.device.restore(bad).has_value());
    }
    auto bad = before;
    bad[table.size()].value = ~std::uint64_t{0} - 1;
    CHECK(r.device.restore(bad).has_value());
    bad = before;
    bad[table.size() + 1].value = std::uint64_t{2};
    CHECK(r.device.restore(bad) == "ich9_tco: field 'tco_timeouts' must be 0 to 1, not 2");
    bad = before;
    bad[0].name = "other";
    CHECK(r.device.restore(bad).has_value());
    bad.pop_back();
    CHECK(r.device.restore(bad).has_value());
    CHECK(same(r.device.save(), before));
}

TEST_CASE("ich9_tco: properties show registers and countdown")
{
    rig r;
    r.start(4);
    r.run_to(k_tick + 1);
    std::string seen;
    for (const auto& p : r.device.properties()) {
        CHECK_FALSE(p.set);
        const auto value = p.get();
        seen += p.name + "=";
        if (const auto* flag = std::get_if<bool>(&value)) seen += *flag ? "true" : "false";
        if (const auto* number = std::get_if<std::uint64_t>(&value)) seen += std::to_string(*number);
        if (const auto* time = std::get_if<std::int64_t>(&value)) seen += std::to_string(*time);
        seen += " ";
    }
    CHECK(seen == "tco-rld=2 tco-dat-in=0 tco-dat-out=0 tco1-sts=0 tco2-sts=0 tco1-cnt=0 tco2-cnt=8 tco-message1=0 "
                  "tco-message2=0 tco-wdcnt=0 sw-irq-gen=3 tco-tmr=4 timeouts=0 reboot-forbidden=false "
                  "remaining=1799999999 deadline=2400000000 ");
}
