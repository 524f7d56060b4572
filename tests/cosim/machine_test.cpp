// SPDX-License-Identifier: Apache-2.0
// Both sides as two programs: they stand and go on together, and either may end first.
#include <catch.h>

#include <chrono>
#include <csignal>
#include <list>
#include <string>
#include <thread>

#include "virtual_machine.h"

using namespace vigil::tests::cosim;

namespace {

const std::string k_wdt = "/machine/peripheral/wdt";
const words k_pause = {"-action", "watchdog=pause"};

double left(device_side& vigil) { return vigil.qmp().number(k_wdt, "remaining"); }

// Longer than the heartbeat would last.
void let_time_pass() { std::this_thread::sleep_for(std::chrono::milliseconds(4500)); }

// Amid the count both sides are told to stand by one of them, and to go on by the other.
void stands_in_mid_count(device_side& vigil, monitor& stops, monitor& resumes, virtual_machine& machine)
{
    machine.console("kicked");
    stops.execute("stop");
    vigil.qmp().event("STOP");
    machine.qmp().event("STOP");
    CHECK(machine.qmp().status() == "paused");
    CHECK(vigil.qmp().status() == "paused");
    const double at_stop = left(vigil);
    CHECK(at_stop > 0);
    let_time_pass();
    CHECK(left(vigil) == at_stop);
    CHECK_FALSE(vigil.qmp().has_event("WATCHDOG"));
    resumes.execute("cont");
    vigil.qmp().event("RESUME");
    machine.qmp().event("RESUME");
    vigil.qmp().event("WATCHDOG");
    machine.qmp().event("STOP");
}

} // namespace

TEST_CASE("the watchdog of a machine that QEMU has stopped does not count")
{
    device_side vigil(k_pause);
    virtual_machine machine(vigil, "load:heartbeat=4,open,kick,live");
    stands_in_mid_count(vigil, machine.qmp(), vigil.qmp(), machine);
}

TEST_CASE("a machine that is stopped in the simulation stands, and goes on where QEMU says so")
{
    device_side vigil(k_pause);
    virtual_machine machine(vigil, "load:heartbeat=4,open,kick,live");
    stands_in_mid_count(vigil, vigil.qmp(), machine.qmp(), machine);
}

TEST_CASE("a guest that reboots finds its watchdog stopped, and no trace of an expiry")
{
    device_side vigil(k_pause);
    virtual_machine machine(vigil, "nap:3,load:heartbeat=30,status,open,kick,nap:2,restart");
    CHECK(value_of(machine.console("status"), "bootstatus") == "0");
    machine.console("kicked");
    CHECK(left(vigil) > 0);
    CHECK(contains(machine.qmp().event("RESET"), "guest-reset"));
    vigil.qmp().event("RESET");
    machine.console(" up"); // rests before it looks for its driver
    CHECK(left(vigil) == -1);
    CHECK(value_of(machine.console("status"), "bootstatus") == "0");
}

TEST_CASE("a reset by either monitor resets the machine and its device")
{
    device_side vigil(k_pause, {"i6300esb,id=wdt"}, "q35");
    virtual_machine machine(vigil, "nap:3,load:heartbeat=30,status,open,kick,live", {"q35"});
    for (monitor* told : {&machine.qmp(), &vigil.qmp()}) {
        machine.console("kicked");
        CHECK(left(vigil) > 0);
        told->execute("system_reset");
        machine.qmp().event("RESET");
        vigil.qmp().event("RESET");
        machine.console(" up");
        CHECK(left(vigil) == -1);
        CHECK(value_of(machine.console("status"), "bootstatus") == "0");
    }
}

TEST_CASE("a machine that sleeps and wakes does so on both sides")
{
    device_side vigil(k_pause, {"i6300esb,id=wdt"}, "q35");
    virtual_machine machine(vigil, "load,doze", {"q35"});
    machine.console("dozing");
    vigil.qmp().event("SUSPEND");
    CHECK(vigil.qmp().status() == "suspended");
    CHECK(machine.qmp().status() == "suspended");
    machine.qmp().execute("system_wakeup");
    machine.qmp().event("WAKEUP");
    vigil.qmp().event("WAKEUP");
    machine.console(" up"); // a kernel that was loaded without a boot loader boots anew
}

TEST_CASE("a machine that starts stopped is stopped on both sides")
{
    device_side vigil(k_pause);
    virtual_machine machine(vigil, "load:heartbeat=2,open,kick,live", {"pc", {"wdt"}, {"-S"}});
    vigil.qmp().event("STOP");
    CHECK(machine.qmp().status() == "prelaunch");
    vigil.qmp().execute("cont");
    machine.qmp().event("RESUME");
    machine.console("kicked");
    vigil.qmp().event("WATCHDOG");
    machine.qmp().event("STOP");
}

TEST_CASE("a vigil-sim that is told to end ends its machine first")
{
    device_side vigil(k_pause);
    virtual_machine machine(vigil, "load,open,kick,live");
    machine.console("alive");
    vigil.program().signal(SIGTERM);
    CHECK(contains(machine.qmp().event("SHUTDOWN"), "host-qmp-quit"));
    CHECK(machine.end() == 0);
    CHECK(vigil.program().wait() == 0);
}

TEST_CASE("a QEMU that ends instead of a reset is followed, and the next one boots")
{
    device_side vigil({"-action", "watchdog=reset"});
    {
        virtual_machine first(vigil, "load:heartbeat=2,open,kick,live", {"pc", {"wdt"}, {"-no-reboot"}});
        vigil.qmp().event("WATCHDOG");
        CHECK(first.end() == 0);
    }
    vigil.qmp().event("SHUTDOWN");
    virtual_machine second(vigil, "load,status,live");
    CHECK(value_of(second.console("status"), "bootstatus") == "0");
    second.console("alive");
    CHECK(vigil.qmp().status() == "running");
}

TEST_CASE("a QEMU that is killed leaves a device that is fresh for the next one")
{
    device_side vigil({"-action", "watchdog=none"});
    {
        virtual_machine first(vigil, "load:heartbeat=2,open,kick,live");
        vigil.qmp().event("WATCHDOG"); // leaves its mark in the device
        first.program().signal(SIGKILL);
        CHECK(first.program().wait() == -SIGKILL);
    }
    CHECK(contains(vigil.qmp().event("SHUTDOWN"), "host-error"));
    virtual_machine second(vigil, "look,load,status,open,kick,live");
    CHECK(value_of(second.console("status"), "bootstatus") == "0");
    second.console("kicked");
    CHECK(vigil.qmp().status() == "running");
}

TEST_CASE("a vigil-sim that is killed may take its QEMU with it, and the next one serves another")
{
    device_side vigil(k_pause);
    {
        virtual_machine first(vigil, "load:heartbeat=30,open,kick,live");
        first.console("alive 2");
        vigil.program().signal(SIGKILL);
        CHECK(vigil.program().wait() == -SIGKILL);
        try { // the guest goes on without its device, or QEMU gives up
            first.console("alive 6");
        } catch (const std::runtime_error&) {
            CHECK(first.program().wait() == -SIGABRT);
        }
    }
    vigil.restart();
    virtual_machine second(vigil, "load:heartbeat=2,status,open,kick,live");
    CHECK(value_of(second.console("status"), "bootstatus") == "0");
    vigil.qmp().event("WATCHDOG");
    second.qmp().event("STOP");
}

TEST_CASE("three machines side by side have nothing to do with each other")
{
    std::list<device_side> sides;
    std::list<virtual_machine> machines;
    for (const char* action : {"pause", "poweroff", "none"}) {
        device_side& vigil = sides.emplace_back(words{"-action", std::string("watchdog=") + action});
        machines.emplace_back(vigil, "load:heartbeat=2,open,kick,live");
    }
    for (device_side& vigil : sides) vigil.qmp().event("WATCHDOG");
    auto machine = machines.begin();
    machine->qmp().event("STOP");
    CHECK((++machine)->end() == 0);
    (++machine)->console("alive");
    CHECK(machine->qmp().status() == "running");
    CHECK(sides.front().qmp().status() == "watchdog");
    CHECK(sides.back().qmp().status() == "running");
}

TEST_CASE("the devices' side is saved amid the count, and loaded")
{
    device_side vigil(k_pause);
    virtual_machine machine(vigil, "load:heartbeat=20,open,kick,live");
    machine.console("kicked");
    vigil.qmp().execute("stop");
    machine.qmp().event("STOP");
    const double saved = left(vigil);
    const std::string file = R"({"uri": "file:)" + vigil.path("saved") + "\"}";
    CHECK(contains(vigil.qmp().execute("x-snapshot-save", file), "\"return\": {}"));
    vigil.qmp().execute("cont");
    machine.qmp().event("RESUME");
    machine.console("alive");
    vigil.qmp().execute("stop");
    machine.qmp().event("STOP");
    CHECK(left(vigil) < saved);
    CHECK(contains(vigil.qmp().execute("x-snapshot-load", file), "\"return\": {}"));
    CHECK(left(vigil) == saved);
    CHECK(machine.qmp().status() == "paused");
    vigil.qmp().execute("cont");
    machine.qmp().event("RESUME");
    machine.console("alive");
    CHECK(left(vigil) > 0);
    CHECK(left(vigil) < saved);
}

TEST_CASE("beside a guest that sleeps, vigil-sim does next to nothing")
{
    device_side vigil(k_pause);
    virtual_machine machine(vigil, "load:heartbeat=30,open,kick,mark:idle,nap:60");
    machine.console("mark idle");
    const auto before = vigil.program().processor_time();
    constexpr std::chrono::seconds k_watched(5);
    std::this_thread::sleep_for(k_watched);
    const auto used = vigil.program().processor_time() - before;
    CHECK(used * 100 < k_watched);
}
