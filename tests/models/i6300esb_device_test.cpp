// SPDX-License-Identifier: Apache-2.0
// The watchdog as a component: several of them, the unbound fact, the message of stage 1, the cost of a kick.
#include <catch.h>

#include <cstdlib>
#include <new>

#include "i6300esb_rig.h"

using namespace vigil::models::test;

namespace {

std::size_t allocations = 0;

std::vector<std::string> messages;

void record(const sc_core::sc_report& report, const sc_core::sc_actions&)
{
    const std::string type = report.get_msg_type();
    if (type.find("/vigil/") == 0) messages.push_back(type + " " + report.get_msg());
}

} // namespace

// AddressSanitizer brings operators of its own; allocations are counted in the other builds. Not inlined,
// so that the compiler does not take malloc and free for a mismatched pair.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VIGIL_TEST_OWN_ALLOCATION 0
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define VIGIL_TEST_OWN_ALLOCATION 0
#endif
#if !defined(VIGIL_TEST_OWN_ALLOCATION)
[[gnu::noinline]] void* operator new(std::size_t size)
{
    ++allocations;
    if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
    throw std::bad_alloc();
}

[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }

[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
#endif

TEST_CASE("i6300esb: a kick allocates nothing and creates no kernel event")
{
    rig r("rig");
    r.preloads(100, 100);
    r.lock(bit::wdt_enable);
    r.run_to(1000);
    r.kick();
    const auto pending = sc_core::sc_time_to_pending_activity();
    const std::size_t before = allocations;
    for (int i = 0; i < 100000; ++i) r.kick();
    CHECK(allocations == before);
    CHECK(sc_core::sc_time_to_pending_activity() == pending);
    CHECK_FALSE(sc_core::sc_pending_activity_at_current_time());
    r.run_to(1000 + 100 * 983040);
    CHECK(r.log == std::vector<mark>{{1000 + 100 * 983040, 1}});
}

TEST_CASE("i6300esb: kicked in time it never barks")
{
    rig r("rig");
    r.cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel);
    r.preloads(1000, 1);
    r.lock(bit::wdt_enable);
    for (int i = 1; i <= 1000; ++i) {
        r.run_to(i * 959999);
        r.kick();
    }
    CHECK(r.log.empty());
}

TEST_CASE("i6300esb: two watchdogs of two machines count independently")
{
    rig a("a");
    rig b("b");
    for (rig* r : {&a, &b}) r->cfg(reg::wdt_configuration, 2, bit::wdt_pre_sel);
    a.preloads(10, 10);
    b.preloads(10, 30);
    a.lock(bit::wdt_enable);
    b.lock(bit::wdt_enable);
    a.mem(reg::reload, 1, key::first);
    b.mem(reg::reload, 1, key::second);
    CHECK(b.saved("unlock_state") == 0);
    a.run_to(5000);
    b.clock.stop();
    pass(ns(100000));
    CHECK(a.log == std::vector<mark>{{9600, 1}, {19200, 2}, {19200, k_fact}});
    CHECK(b.log.empty());
    b.clock.start();
    pass(ns(100000));
    CHECK(b.log == std::vector<mark>{{9600, 1}, {38400, 2}, {38400, k_fact}});
    CHECK(a.log.size() == 3);
}

TEST_CASE("i6300esb: two watchdogs on one clock, due together, expire in the order of their arming")
{
    struct sink : sc_core::sc_module, vigil::runstate::watchdog_if {
        sink(const sc_core::sc_module_name& name, std::string& into) : sc_module(name), order(into) {}
        void watchdog_expired() override { order += basename(); }
        std::string& order;
    };
    std::string order;
    vigil::runstate::vm_clock clock("clock");
    vigil::models::i6300esb first("first", clock);
    vigil::models::i6300esb second("second", clock);
    sink a("a", order);
    sink b("b", order);
    first.watchdog.bind(a);
    second.watchdog.bind(b);
    vigil::bus::bus_initiator one("one", vigil::bus::initiator_kind::test);
    vigil::bus::bus_initiator two("two", vigil::bus::initiator_kind::test);
    one.socket.bind(first.config);
    two.socket.bind(second.config);
    clock.start();
    elaborate();
    two.write_value(0x60, 2, 4);
    one.write_value(0x60, 2, 4);
    two.write_value(0x68, 1, 2);
    one.write_value(0x68, 1, 2);
    pass(ns(2013264000));
    CHECK(order == "ba");
}

TEST_CASE("i6300esb: with nobody bound to the fact everything else still happens")
{
    vigil::runstate::vm_clock clock("clock");
    vigil::models::i6300esb device("device", clock);
    vigil::bus::bus_initiator config("config", vigil::bus::initiator_kind::test);
    config.socket.bind(device.config);
    clock.start();
    elaborate();
    config.write_value(0x60, 2, 4);
    config.write_value(0x68, 1, 3);
    pass(ns(2013264000));
    CHECK(config.read_value(0x68, 1) == 0);
    CHECK(field(device.save(), "previous_reboot") == 1);
}

TEST_CASE("i6300esb: the flag is set before the fact is told, the device resets afterwards")
{
    rig r("rig");
    std::uint64_t flag = 0;
    std::uint64_t lock = 0;
    r.on_expired = [&] {
        flag = r.mem(reg::reload, 2);
        lock = r.lock();
    };
    r.preloads(0, 0);
    r.lock(bit::wdt_tout_cnf | bit::wdt_enable | bit::wdt_lock);
    r.run_to(1);
    CHECK(flag == 0x1200);
    CHECK(lock == 7);
    CHECK(r.lock() == 0);
}

TEST_CASE("i6300esb: the message of stage 1 is silent unless asked for, and needs interrupt type IRQ")
{
    sc_core::sc_report_handler::set_handler(record);
    rig r("rig");
    const auto run = [&r](std::uint32_t configuration) {
        messages.clear();
        r.cfg(reg::wdt_configuration, 2, configuration);
        r.preloads(0, 0);
        r.lock(bit::wdt_enable);
        r.run_to(r.clock.now().count() + 1);
        r.lock(0);
        return messages.size();
    };
    CHECK(run(0x24) == 0);
    sc_core::sc_report_handler::set_verbosity_level(sc_core::SC_HIGH);
    CHECK(run(0x24) == 1);
    CHECK(messages.at(0).find("/vigil/models/i6300esb rig.device") == 0);
    CHECK(run(0x25) == 0);
    sc_core::sc_report_handler::set_verbosity_level(sc_core::SC_MEDIUM);
    sc_core::sc_report_handler::set_handler(nullptr);
}
