// SPDX-License-Identifier: Apache-2.0
// Properties and snapshots.
#include <catch.h>

#include <map>

#include "i6300esb_rig.h"

using vigil::models::i6300esb_parameters;
using namespace vigil::models::test;
using vigil::runstate::property_value;
using vigil::runstate::saved_state;

namespace {

std::map<std::string, property_value> values(rig& r)
{
    std::map<std::string, property_value> all;
    for (const auto& p : r.device.properties()) all[p.name] = p.get();
    return all;
}

property_value number(std::uint64_t n) { return n; }

property_value time(std::int64_t n) { return n; }

saved_state with(saved_state state, const std::string& name, std::uint64_t value)
{
    for (auto& f : state) {
        if (f.name == name) f.value = value;
    }
    return state;
}

} // namespace

TEST_CASE("i6300esb state: properties show registers, countdown and flags")
{
    rig r("rig");
    CHECK(r.device.type_name() == "i6300esb");
    auto v = values(r);
    CHECK((v["remaining"] == time(-1)));
    CHECK((v["deadline"] == time(-1)));
    CHECK((v["stage"] == number(1)));
    CHECK((v["preload-value-1"] == number(0xFFFFF)));
    CHECK((v["count-ns"] == number(983040)));
    CHECK((v["unlock-state"] == property_value(std::string("locked"))));
    CHECK((v["reboot-enabled"] == property_value(true)));
    CHECK((v["enabled"] == property_value(false)));

    r.cfg(reg::wdt_configuration, 2, bit::wdt_output | bit::wdt_pre_sel | 0x11);
    r.preloads(10, 20);
    r.lock(bit::wdt_tout_cnf | bit::wdt_enable | bit::wdt_lock);
    r.mem(reg::reload, 1, key::first);
    r.run_to(9600 + 100);
    v = values(r);
    CHECK((v["wdt-configuration"] == number(0x35)));
    CHECK((v["wdt-lock"] == number(7)));
    CHECK((v["preload-value-1"] == number(10)));
    CHECK((v["preload-value-2"] == number(20)));
    CHECK((v["general-interrupt-status"] == number(0)));
    CHECK((v["reload"] == number(0)));
    CHECK((v["enabled"] == property_value(true)));
    CHECK((v["locked"] == property_value(true)));
    CHECK((v["free-run"] == property_value(true)));
    CHECK((v["reboot-enabled"] == property_value(false)));
    CHECK((v["interrupt-type"] == number(0x11)));
    CHECK((v["count-ns"] == number(960)));
    CHECK((v["stage"] == number(2)));
    CHECK((v["remaining"] == time(19200 - 100)));
    CHECK((v["deadline"] == time(9600 + 19200)));
    CHECK((v["unlock-state"] == property_value(std::string("half"))));
    CHECK((v["previous-reboot"] == property_value(false)));
    r.mem(reg::reload, 1, key::second);
    CHECK((values(r)["unlock-state"] == property_value(std::string("unlocked"))));
}

TEST_CASE("i6300esb state: properties are described, typed and read-only, and reading them changes nothing")
{
    rig r("rig");
    r.lock(bit::wdt_enable);
    const auto before = r.device.save();
    const std::map<std::string, std::size_t> alternative{{"bool", 0}, {"int", 1}, {"uint32", 2}, {"str", 3}};
    for (const auto& p : r.device.properties()) {
        CAPTURE(p.name);
        CHECK_FALSE(p.description.empty());
        CHECK_FALSE(static_cast<bool>(p.set));
        REQUIRE(alternative.count(p.type) == 1);
        CHECK(p.get().index() == alternative.at(p.type));
    }
    CHECK(same(r.device.save(), before));
}

TEST_CASE("i6300esb state: the fields of a snapshot, in order")
{
    rig r("rig");
    CHECK(r.device.section() == "i6300esb_wdt");
    std::string names;
    for (const auto& f : r.device.save()) names += f.name + " ";
    CHECK(names == "config reboot_enabled clock_scale int_type free_run locked enabled timer preload1 preload2 stage "
                   "unlock_state previous_reboot ");
}

TEST_CASE("i6300esb state: saved in stage 1 and restored elsewhere, both stages end at the original times")
{
    rig a("a");
    rig b("b");
    a.cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel);
    a.cfg(pci_reg::command, 2, pci_command::memory);
    a.cfg(pci_reg::bar0, 4, 0xFEBF0000);
    a.cfg(reg::wdt_configuration, 4, 0xDEADBEEF);
    a.preloads(10, 20);
    a.lock(bit::wdt_enable | bit::wdt_lock);
    a.mem(reg::reload, 1, key::first);
    a.run_to(5000);
    const auto saved = a.device.save();
    REQUIRE_FALSE(b.device.restore(saved).has_value());
    CHECK(same(b.device.save(), saved));
    CHECK(b.cfg(pci_reg::bar0, 4) == 0xFEBF0000);
    CHECK(b.cfg(reg::wdt_configuration, 4) == 0xDEADBEEF);
    CHECK(b.lock() == (bit::wdt_enable | bit::wdt_lock));
    b.run_to(9599);
    CHECK(b.log.empty());
    b.run_to(9600);
    CHECK(b.log == std::vector<mark>{{9600, 1}});
    const auto in_stage_2 = b.device.save();
    CHECK(field(in_stage_2, "stage") == 2);
    b.run_to(40000);
    CHECK(b.log == std::vector<mark>{{9600, 1}, {28800, 2}, {28800, k_fact}});
    CHECK(a.log == b.log);
}

TEST_CASE("i6300esb state: an idle snapshot cancels the countdown, an overdue one runs soon")
{
    rig r("rig");
    const auto idle = r.device.save();
    r.cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel);
    r.preloads(10, 10);
    r.lock(bit::wdt_enable);
    const auto counting = r.device.save();
    REQUIRE_FALSE(r.device.restore(idle).has_value());
    r.run_to(50000);
    CHECK(r.log.empty());
    REQUIRE_FALSE(r.device.restore(counting).has_value());
    CHECK(r.log.empty());
    pass(ns(0));
    CHECK(r.log == std::vector<mark>{{50000, 1}});
    r.run_to(59600);
    CHECK(r.log.size() == 3);
}

TEST_CASE("i6300esb state: a stopped countdown with the reboot output disabled is restored as such")
{
    rig r("rig");
    r.cfg(reg::wdt_configuration, 2, bit::wdt_output | bit::wdt_pre_sel);
    r.preloads(1, 1);
    r.lock(bit::wdt_enable);
    r.run_to(10000);
    const auto stopped = r.device.save();
    CHECK(field(stopped, "enabled") == 1);
    CHECK(field(stopped, "stage") == 2);
    CHECK(field(stopped, "timer") == UINT64_MAX);
    r.device.reset(vigil::runstate::reset_kind::cold);
    REQUIRE_FALSE(r.device.restore(stopped).has_value());
    CHECK(same(r.device.save(), stopped));
}

TEST_CASE("i6300esb state: what cannot be is refused by name, and nothing changes")
{
    rig r("rig");
    r.cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel);
    r.preloads(10, 20);
    r.lock(bit::wdt_enable);
    r.run_to(5000);
    const auto good = r.device.save();

    const auto refused = [&](const saved_state& bad, const std::string& word) {
        CAPTURE(word);
        const auto text = r.device.restore(bad);
        REQUIRE(text.has_value());
        CAPTURE(*text);
        CHECK(text->find(word) != std::string::npos);
        CHECK(text->find("i6300esb_wdt") != std::string::npos);
        CHECK(same(r.device.save(), good));
    };

    for (const char* flag : {"reboot_enabled", "clock_scale", "free_run", "locked", "enabled", "previous_reboot"}) {
        refused(with(good, flag, 2), flag);
        refused(with(good, flag, UINT64_MAX), flag);
    }
    refused(with(good, "int_type", 0x02), "int_type");
    refused(with(good, "int_type", 0x20), "int_type");
    refused(with(good, "preload1", 0x100000), "preload1");
    refused(with(good, "preload2", 0x100000), "preload2");
    refused(with(good, "stage", 0), "stage");
    refused(with(good, "stage", 3), "stage");
    refused(with(good, "unlock_state", 3), "unlock_state");
    refused(with(good, "timer", UINT64_MAX - 1), "timer");
    refused(with(good, "timer", std::uint64_t{INT64_MAX}), "timer");
    refused(with(good, "enabled", 0), "enabled");
    refused({}, "fields");
    auto bad = good;
    bad.pop_back();
    refused(bad, "fields");
    bad = good;
    bad.push_back(bad.back());
    refused(bad, "fields");
    bad = good;
    std::swap(bad[8], bad[9]);
    refused(bad, "preload1");
    bad = good;
    bad[3].value = std::vector<std::uint8_t>{1};
    refused(bad, "int_type");
    bad = good;
    bad[0].value = std::uint64_t{1};
    refused(bad, "config");
    bad = good;
    bad[0].value = std::vector<std::uint8_t>(255);
    refused(bad, "config");
    bad = good;
    bad[0].value = std::vector<std::uint8_t>(256);
    refused(bad, "config");

    REQUIRE_FALSE(r.device.restore(good).has_value());
    r.run_to(9600);
    CHECK(r.log == std::vector<mark>{{9600, 1}});
}

TEST_CASE("i6300esb state: the interrupt type's range follows the encoding")
{
    i6300esb_parameters parameters;
    parameters.hardware_interrupt_type = true;
    rig r("rig", parameters);
    const auto fresh = r.device.save();
    CHECK_FALSE(r.device.restore(with(fresh, "int_type", 3)).has_value());
    CHECK(r.device.restore(with(fresh, "int_type", 0x10)).has_value());
}

TEST_CASE("i6300esb state: restored in stage 2 with type IRQ, the interrupt is active")
{
    i6300esb_parameters parameters;
    parameters.hardware_interrupt_type = true;
    rig r("rig", parameters);
    const auto fresh = r.device.save();
    r.cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel);
    r.preloads(10, 10);
    r.lock(bit::wdt_enable);
    r.run_to(9600);
    CHECK(r.mem(reg::general_interrupt_status, 4) == bit::wdt_int_act);
    const auto stage_2 = r.device.save();
    REQUIRE_FALSE(r.device.restore(fresh).has_value());
    CHECK(r.mem(reg::general_interrupt_status, 4) == 0);
    REQUIRE_FALSE(r.device.restore(stage_2).has_value());
    CHECK(r.mem(reg::general_interrupt_status, 4) == bit::wdt_int_act);
    CHECK(same(r.device.save(), stage_2));
}
