// SPDX-License-Identifier: Apache-2.0
// What the LPC bridge of a q35 decodes and locks beside its PM1 block: chipset registers, SMI_EN, the TCO watchdog.
#include <catch.h>

#include <vigil/bus/address_router.h>
#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/memory.h>
#include <vigil/bus/pci_host.h>
#include <vigil/models/acpi_pm.h>
#include <vigil/runstate/controller.h>

#include "i6300esb_rig.h"

using vigil::models::ich9_chipset;
using vigil::models::ich9_lpc;
using vigil::models::ich9_smi_parameters;
using vigil::models::ich9_tco_parameters;
using vigil::models::test::elaborate;
using vigil::models::test::field;
using vigil::models::test::pass;
using vigil::models::test::same;
using vigil::runstate::ns;
using vigil::runstate::reset_kind;

namespace gcs_bits = vigil::models::ich9_chipset_bit;
namespace gcs_reg = vigil::models::ich9_chipset_register;
namespace smi_bits = vigil::models::ich9_smi_bit;
namespace smi_reg = vigil::models::ich9_smi_register;
namespace tco_bits = vigil::models::ich9_tco_bit;
namespace tco_reg = vigil::models::ich9_tco_register;

namespace {

constexpr std::uint32_t k_function = 0x80000000U | 0xF800; // 00:1f.0
constexpr std::uint32_t k_pm_base = 0x600;
constexpr std::uint32_t k_smi = k_pm_base + 0x30;
constexpr std::uint32_t k_tco = k_pm_base + 0x60;
constexpr std::uint32_t k_rcba = 0xFED1C000;
constexpr std::uint32_t k_gcs = k_rcba + gcs_reg::gcs;
constexpr ns k_tick = std::chrono::milliseconds(600);

// Configuration registers and their bits.
constexpr std::uint32_t k_pmbase_register = 0x40;
constexpr std::uint32_t k_acpi_cntl_register = 0x44;
constexpr std::uint32_t k_acpi_enable = 0x80;
constexpr std::uint32_t k_gen_pmcon_1_register = 0xA0;
constexpr std::uint32_t k_gen_pmcon_3_register = 0xA4;
constexpr std::uint32_t k_smi_lock = 0x10;
constexpr std::uint32_t k_rcba_register = 0xF0;
constexpr std::uint32_t k_rcba_enable = 1;

constexpr ich9_smi_parameters k_both_timers{true, true};
constexpr ns k_swsmi_period = std::chrono::microseconds(1500);

ich9_tco_parameters acting()
{
    ich9_tco_parameters parameters;
    parameters.no_reboot_strap = false;
    return parameters;
}

/// A q35 with RAM, everything decoded.
struct q35 : sc_core::sc_module, vigil::runstate::watchdog_if {
    explicit q35(const ich9_smi_parameters& timers = {})
        : sc_module(sc_core::sc_module_name("q35")), bridge("bridge", clock, {}, acting(), timers)
    {
        ports.map(0, 0x10000, host.io, {4, -1});
        ports.map(0xCF8, 4, host.config_address);
        ports.map(0xCFC, 4, host.config_data);
        space.map(0, 0x10000, ram.socket, {0, 0});
        space.map(0, 0, host.memory, {4, -1});
        host.overlay(space, 1);
        io.socket.bind(ports.target);
        mem.socket.bind(space.target);
        REQUIRE_FALSE(host.attach(bridge, {31, 0}).has_value());
        bridge.tco.watchdog.bind(*this);
        clock.start();
        elaborate();
        decode();
    }
    void watchdog_expired() override { ++barks; }

    void cfg(std::uint32_t offset, unsigned width, std::uint32_t value)
    {
        io.write_value(0xCF8, 4, k_function | (offset & 0xFCU));
        io.write_value(0xCFC + (offset & 3), width, value);
    }
    std::uint64_t cfg(std::uint32_t offset, unsigned width)
    {
        io.write_value(0xCF8, 4, k_function | (offset & 0xFCU));
        return io.read_value(0xCFC + (offset & 3), width);
    }
    void decode()
    {
        cfg(k_pmbase_register, 4, k_pm_base | 1);
        cfg(k_acpi_cntl_register, 1, k_acpi_enable);
        cfg(k_rcba_register, 4, k_rcba | k_rcba_enable);
    }
    void smi_en(std::uint32_t value) { io.write_value(k_smi + smi_reg::smi_en, 4, value); }
    std::uint64_t smi_en() { return io.read_value(k_smi + smi_reg::smi_en, 4); }
    void smi_sts(std::uint32_t value) { io.write_value(k_smi + smi_reg::smi_sts, 4, value); }
    std::uint64_t smi_sts() { return io.read_value(k_smi + smi_reg::smi_sts, 4); }
    /// What has come since the last look.
    std::uint64_t taken_smi_sts()
    {
        const std::uint64_t status = smi_sts();
        smi_sts(0);
        return status;
    }
    void start_tco(std::uint16_t ticks)
    {
        io.write_value(k_tco + tco_reg::tco_tmr, 2, ticks);
        io.write_value(k_tco + tco_reg::tco_rld, 2, 1);
    }

    vigil::runstate::vm_clock clock{"clock"};
    vigil::bus::address_router ports{"ports"};
    vigil::bus::address_router space{"space"};
    vigil::bus::memory ram{"ram", 0x10000};
    vigil::bus::pci_host host{"host"};
    ich9_lpc bridge;
    vigil::bus::bus_initiator io{"io", vigil::bus::initiator_kind::vcpu, 1};
    vigil::bus::bus_initiator mem{"mem", vigil::bus::initiator_kind::vcpu, 1};
    unsigned barks = 0;
};

} // namespace

TEST_CASE("ich9_lpc: RCBA places 16 KiB of chipset registers while its bit 0 is set, over RAM too")
{
    q35 m;
    CHECK(m.mem.read_value(k_gcs, 4) == gcs_bits::no_reboot);
    CHECK(m.mem.read_value(k_rcba + 0x3140, 4) == 0x00003210);
    m.mem.write_value(k_rcba + 1, 2, 0x5A5A);
    CHECK(m.mem.read_value(k_rcba, 4) == 0x005A5A00);
    CHECK(m.mem.read_value(k_rcba + ich9_chipset::k_size, 4) == 0);

    m.mem.write_value(0x7410, 4, 0x11223344);
    m.cfg(k_rcba_register, 4, 0x4001 | 0x3FFE); // bits below the size mean nothing but bit 0
    CHECK(m.cfg(k_rcba_register, 4) == 0x7FFF);
    CHECK(m.mem.read_value(0x7410, 4) == gcs_bits::no_reboot);
    CHECK(m.mem.read_value(k_gcs, 4) == 0);
    m.cfg(k_rcba_register, 1, 0); // a part of the register works at once
    CHECK(m.mem.read_value(0x7410, 4) == 0x11223344);
}

TEST_CASE("ich9_lpc: the second time-out reboots while GCS lets it")
{
    q35 m;
    m.start_tco(2);
    pass(4 * k_tick);
    CHECK(m.barks == 0);
    m.mem.write_value(k_gcs, 1, 0);
    pass(4 * k_tick);
    CHECK(m.barks == 1);
}

TEST_CASE("ich9_lpc: a reset places everything anew and leaves the countdown")
{
    q35 m;
    m.mem.write_value(k_gcs, 4, 0);
    m.smi_en(0xFFFFFFFF);
    m.start_tco(10);
    m.bridge.reset(reset_kind::warm);
    CHECK(m.cfg(k_rcba_register, 4) == 0);
    CHECK(m.mem.read_value(k_gcs, 4) == 0);
    m.decode();
    CHECK(m.mem.read_value(k_gcs, 4) == gcs_bits::no_reboot);
    CHECK(m.smi_en() == 0);
    CHECK(m.io.read_value(k_tco + tco_reg::tco_rld, 2) == 10);
    m.mem.write_value(k_gcs, 4, 0);
    pass(20 * k_tick);
    CHECK(m.barks == 1);
}

TEST_CASE("ich9_lpc: SMI_LOCK keeps itself and, until a reset, the global enable bit")
{
    q35 m;
    m.cfg(k_gen_pmcon_1_register, 2, 0xFFFF);
    m.cfg(k_gen_pmcon_1_register, 2, 0);
    CHECK(m.cfg(k_gen_pmcon_1_register, 2) == k_smi_lock);
    m.smi_en(0xFFFFFFFF);
    CHECK(m.smi_en() == (0xFFFFFFFF & ~smi_bits::gbl_smi_en));
    m.bridge.reset(reset_kind::warm);
    m.decode();
    CHECK(m.cfg(k_gen_pmcon_1_register, 2) == k_smi_lock);
    m.smi_en(smi_bits::gbl_smi_en);
    CHECK(m.smi_en() == smi_bits::gbl_smi_en);
    m.bridge.reset(reset_kind::cold);
    CHECK(m.cfg(k_gen_pmcon_1_register, 2) == 0);
}

TEST_CASE("ich9_lpc: the state is saved and restored, the windows with it")
{
    q35 m;
    m.mem.write_value(k_gcs, 4, 0);
    m.mem.write_value(k_rcba + 0x100, 4, 0x12345678);
    m.cfg(k_gen_pmcon_1_register, 1, k_smi_lock);
    m.start_tco(10);
    m.io.write_value(k_tco + tco_reg::tco1_cnt, 2, tco_bits::tco_lock);
    const auto state = m.bridge.save();
    m.bridge.reset(reset_kind::cold);
    const auto fresh = m.bridge.save();
    for (std::size_t size = 0; size < state.size(); ++size) {
        CAPTURE(size);
        if (size == 5 || size == 8 || size == 23) continue; // versions before this one
        CHECK(m.bridge.restore({state.begin(), state.begin() + static_cast<std::ptrdiff_t>(size)}).has_value());
    }
    for (std::size_t i = 0; i < state.size(); ++i) {
        CAPTURE(state[i].name);
        auto bad = state;
        bad[i].value = std::vector<std::uint8_t>(3);
        CHECK(m.bridge.restore(bad).has_value());
        CHECK(same(m.bridge.save(), fresh));
    }
    REQUIRE_FALSE(m.bridge.restore(state).has_value());
    CHECK(same(m.bridge.save(), state));
    CHECK(m.mem.read_value(k_rcba + 0x100, 4) == 0x12345678);
    m.smi_en(smi_bits::gbl_smi_en);
    CHECK(m.smi_en() == 0);
    pass(20 * k_tick);
    CHECK(m.barks == 1);
}

TEST_CASE("ich9_lpc: a state from before the chipset registers leaves them as at power-on")
{
    q35 m;
    const auto fresh = m.bridge.save();
    m.smi_en(0x1234);
    auto old = m.bridge.save();
    old.resize(8);
    m.mem.write_value(k_gcs, 4, 0);
    m.start_tco(10);
    REQUIRE_FALSE(m.bridge.restore(old).has_value());
    CHECK(m.smi_en() == 0x1234);
    CHECK(m.mem.read_value(k_gcs, 4) == gcs_bits::no_reboot);
    CHECK(field(m.bridge.save(), "tco_timer") == field(fresh, "tco_timer"));
    CHECK(m.io.read_value(k_tco + tco_reg::tco_tmr, 2) == 4);
}

TEST_CASE("ich9_lpc: properties show where the chipset registers are and how the watchdog stands")
{
    q35 m;
    std::string names;
    for (const auto& p : m.bridge.properties()) {
        names += p.name + " ";
        if (p.name == "rcba") CHECK(std::get<std::uint64_t>(p.get()) == (k_rcba | k_rcba_enable));
    }
    CHECK(names.find("smi-enable rcba tco-rld") != std::string::npos);
    CHECK(names.find("remaining") != std::string::npos);
}

TEST_CASE("ich9_lpc: SMI_STS stores a bit for each SMI timer, by dwords alone, and a warm reset leaves it")
{
    q35 m(k_both_timers);
    m.smi_sts(0xFFFFFFFF);
    CHECK(m.smi_sts() == (smi_bits::swsmi_tmr | smi_bits::periodic));
    m.io.write_value(k_smi + smi_reg::smi_sts, 2, 0);
    CHECK(m.io.read_value(k_smi + smi_reg::smi_sts, 2) == 0);
    m.smi_sts(smi_bits::periodic);
    CHECK(m.smi_sts() == smi_bits::periodic);
    m.bridge.reset(reset_kind::warm);
    m.decode();
    CHECK(m.smi_sts() == smi_bits::periodic);
    m.bridge.reset(reset_kind::cold);
    m.decode();
    CHECK(m.smi_sts() == 0);
}

TEST_CASE("ich9_lpc: without SMI timers SMI_STS reads 0, and nothing sets it")
{
    q35 m;
    m.smi_en(0xFFFFFFFF);
    m.smi_sts(0xFFFFFFFF);
    pass(std::chrono::seconds(65));
    CHECK(m.smi_sts() == 0);
}

TEST_CASE("ich9_lpc: the software SMI timer runs out every 1.5 ms from the last write to SMI_EN on")
{
    q35 m(k_both_timers);
    m.smi_en(smi_bits::swsmi_tmr);
    pass(k_swsmi_period - ns(1));
    CHECK(m.taken_smi_sts() == 0);
    pass(ns(1));
    CHECK(m.taken_smi_sts() == smi_bits::swsmi_tmr);
    pass(k_swsmi_period);
    CHECK(m.taken_smi_sts() == smi_bits::swsmi_tmr);

    pass(ns(1'000'000));
    m.smi_en(smi_bits::swsmi_tmr); // as it was
    pass(ns(1'499'999));
    CHECK(m.taken_smi_sts() == 0);
    pass(ns(1));
    CHECK(m.taken_smi_sts() == smi_bits::swsmi_tmr);
    m.smi_en(0);
    pass(10 * k_swsmi_period);
    CHECK(m.taken_smi_sts() == 0);
}

TEST_CASE("ich9_lpc: the software SMI timer has the period that GEN_PMCON_3 says")
{
    q35 m(k_both_timers);
    m.smi_en(smi_bits::swsmi_tmr);
    const ns periods[] = {ns(1'500'000), ns(16'000'000), ns(32'000'000), ns(64'000'000)};
    for (std::uint32_t selected = 0; selected < 4; ++selected) {
        m.cfg(k_gen_pmcon_3_register, 1, selected << 6 | 0x3F);
        pass(periods[selected] - ns(1));
        CHECK(m.taken_smi_sts() == 0);
        pass(ns(1));
        CHECK(m.taken_smi_sts() == smi_bits::swsmi_tmr);
    }
}

TEST_CASE("ich9_lpc: the periodic SMI timer has the period that GEN_PMCON_1 says, and takes the other's bit away")
{
    q35 m(k_both_timers);
    m.smi_en(smi_bits::periodic);
    pass(std::chrono::seconds(64));
    m.smi_sts(0);
    pass(std::chrono::seconds(64) - ns(1));
    m.smi_sts(smi_bits::swsmi_tmr);
    pass(ns(1));
    CHECK(m.taken_smi_sts() == smi_bits::periodic);
    for (std::uint32_t selected = 1; selected < 4; ++selected) {
        m.cfg(k_gen_pmcon_1_register, 1, selected);
        pass(std::chrono::seconds(64 >> selected) - ns(1));
        CHECK(m.taken_smi_sts() == 0);
        pass(ns(1));
        CHECK(m.taken_smi_sts() == smi_bits::periodic);
    }
}

TEST_CASE("ich9_lpc: a write to any GEN_PMCON register starts the SMI timers anew, one beside them does not")
{
    q35 m(k_both_timers);
    m.smi_en(smi_bits::swsmi_tmr);
    for (const std::uint32_t offset : {0xA0U, 0xA1U, 0xA4U, 0xA7U}) {
        pass(ns(1'000'000));
        m.cfg(offset, 1, 0);
    }
    CHECK(m.taken_smi_sts() == 0);
    pass(ns(1'000'000));
    m.cfg(0x9F, 1, 0);
    m.cfg(0xA8, 1, 0);
    pass(ns(500'000));
    CHECK(m.taken_smi_sts() == smi_bits::swsmi_tmr);
}

TEST_CASE("ich9_lpc: after a warm reset the SMI timers under way run out once more")
{
    q35 m(k_both_timers);
    m.smi_en(smi_bits::swsmi_tmr | smi_bits::periodic);
    pass(ns(1'000'000));
    m.bridge.reset(reset_kind::warm);
    m.decode();
    CHECK(m.smi_en() == 0);
    pass(ns(500'000));
    CHECK(m.taken_smi_sts() == smi_bits::swsmi_tmr);
    pass(std::chrono::seconds(60));
    CHECK(m.taken_smi_sts() == 0);
    pass(std::chrono::seconds(4));
    CHECK(m.taken_smi_sts() == smi_bits::periodic);
    pass(std::chrono::seconds(130));
    CHECK(m.taken_smi_sts() == 0);

    m.smi_en(smi_bits::swsmi_tmr);
    m.bridge.reset(reset_kind::cold);
    m.decode();
    pass(k_swsmi_period);
    CHECK(m.taken_smi_sts() == 0);
}

TEST_CASE("ich9_lpc: while the machine stands the SMI timers wait, and an overdue one runs out once")
{
    q35 m(k_both_timers);
    m.smi_en(smi_bits::swsmi_tmr);
    pass(ns(1'000'000));
    m.clock.stop();
    m.clock.skip(ns(5'000'000));
    CHECK(m.taken_smi_sts() == 0);
    m.clock.start();
    pass(ns(0));
    CHECK(m.taken_smi_sts() == smi_bits::swsmi_tmr);
    pass(k_swsmi_period - ns(1));
    CHECK(m.taken_smi_sts() == 0);
    pass(ns(1));
    CHECK(m.taken_smi_sts() == smi_bits::swsmi_tmr);
}

TEST_CASE("ich9_lpc: SMI_STS and the SMI timers are saved, restored and shown")
{
    q35 m(k_both_timers);
    m.cfg(k_gen_pmcon_1_register, 1, 3);
    m.smi_en(smi_bits::swsmi_tmr | smi_bits::periodic);
    pass(ns(2'000'000));
    const auto state = m.bridge.save();
    CHECK(field(state, "smi_sts") == smi_bits::swsmi_tmr);
    CHECK(field(state, "smi_swsmi_timer") == 3'000'000);
    CHECK(field(state, "smi_periodic_timer") == 8'000'000'000);
    for (const auto& p : m.bridge.properties()) {
        if (p.name == "smi-status") CHECK(std::get<std::uint64_t>(p.get()) == smi_bits::swsmi_tmr);
        if (p.name == "swsmi-remaining") CHECK(std::get<std::int64_t>(p.get()) == 1'000'000);
        if (p.name == "periodic-smi-deadline") CHECK(std::get<std::int64_t>(p.get()) == 8'000'000'000);
    }

    m.bridge.reset(reset_kind::cold);
    REQUIRE_FALSE(m.bridge.restore(state).has_value());
    CHECK(same(m.bridge.save(), state));
    pass(ns(1'000'000));
    CHECK(m.taken_smi_sts() == smi_bits::swsmi_tmr);
    pass(std::chrono::seconds(8));
    CHECK((m.taken_smi_sts() & smi_bits::periodic) != 0);

    auto old = state; // of a version without them
    old.resize(old.size() - 3);
    REQUIRE_FALSE(m.bridge.restore(old).has_value());
    CHECK(m.smi_sts() == 0);
    CHECK(field(m.bridge.save(), "smi_swsmi_timer") == ~std::uint64_t{0});
    auto bad = state;
    bad[bad.size() - 3].value = std::uint64_t{1};
    CHECK(m.bridge.restore(bad).has_value());
    bad = state;
    bad.back().value = std::uint64_t{1} << 63;
    CHECK(m.bridge.restore(bad).has_value());
    bad = state;
    bad.pop_back();
    CHECK(m.bridge.restore(bad).has_value());
}

TEST_CASE("ich9_lpc: a state with an SMI timer is refused where there is none")
{
    q35 m;
    const auto own = m.bridge.save();
    auto foreign = own;
    foreign[foreign.size() - 2].value = std::uint64_t{3'000'000};
    CHECK(m.bridge.restore(foreign).value_or("").find("there is no software SMI timer here") != std::string::npos);
    foreign = own;
    foreign[foreign.size() - 3].value = std::uint64_t{smi_bits::periodic};
    CHECK(m.bridge.restore(foreign).value_or("").find("there is no periodic SMI timer here") != std::string::npos);
    CHECK(same(m.bridge.save(), own));
    REQUIRE_FALSE(m.bridge.restore(own).has_value());
}
