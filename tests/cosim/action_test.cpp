// SPDX-License-Identifier: Apache-2.0
// What is decided in the simulation happens to the real machine.
#include <catch.h>

#include <string>

#include "virtual_machine.h"

using namespace vigil::tests::cosim;

namespace {

const std::string k_hanging_guest = "load:heartbeat=2,status,open,kick,live";

// vigil-sim with an action for its watchdog.
struct with_action : device_side {
    explicit with_action(const std::string& action, const words& more = {}, const std::string& machine = "pc")
        : device_side(options(action, more), {"i6300esb,id=wdt"}, machine), name(action)
    {
    }
    static words options(const std::string& action, const words& more)
    {
        words all{"-action", "watchdog=" + action};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    void expires() { CHECK(contains(qmp().event("WATCHDOG"), "\"" + name + "\"")); }

    std::string name;
};

// The guest goes on, and neither side stands.
void goes_on(with_action& vigil, virtual_machine& machine)
{
    machine.console("alive");
    CHECK(vigil.qmp().status() == "running");
    CHECK(machine.qmp().status() == "running");
    CHECK_FALSE(machine.qmp().has_event("STOP"));
    CHECK_FALSE(machine.qmp().has_event("RESET"));
}

// A watchdog that expires boots the machine again, and the next boot's driver knows why.
void resets(const std::string& model)
{
    with_action vigil("reset", {"-sandbox", "on"}, model);
    virtual_machine machine(vigil, k_hanging_guest, {model});
    CHECK(value_of(machine.console("status"), "bootstatus") == "0");
    vigil.expires();
    CHECK(contains(vigil.qmp().event("RESET"), "\"guest\": true"));
    CHECK(contains(machine.qmp().event("RESET"), "host-qmp-system-reset"));
    CHECK(value_of(machine.console("status"), "bootstatus") == "32");
    vigil.expires(); // and does so again
    CHECK(value_of(machine.console("status"), "bootstatus") == "32");
}

} // namespace

TEST_CASE("action reset: a pc boots again, and its driver tells why") { resets("pc"); }

TEST_CASE("action reset: a q35 boots again, and its driver tells why") { resets("q35"); }

TEST_CASE("action pause: both sides stand, and go on together")
{
    with_action vigil("pause");
    virtual_machine machine(vigil, k_hanging_guest);
    vigil.expires();
    machine.qmp().event("STOP");
    CHECK(machine.qmp().status() == "paused");
    CHECK(vigil.qmp().status() == "watchdog");
    vigil.qmp().execute("cont");
    machine.qmp().event("RESUME");
    machine.console("alive");
    CHECK(vigil.qmp().status() == "running");
}

TEST_CASE("action shutdown: the guest gets the power button, and may ignore it")
{
    with_action vigil("shutdown");
    virtual_machine machine(vigil, k_hanging_guest);
    vigil.expires();
    vigil.qmp().event("POWERDOWN");
    machine.qmp().event("POWERDOWN");
    goes_on(vigil, machine);
}

TEST_CASE("action poweroff: both sides end")
{
    with_action vigil("poweroff");
    virtual_machine machine(vigil, k_hanging_guest);
    vigil.expires();
    CHECK(contains(machine.qmp().event("SHUTDOWN"), "host-qmp-quit"));
    CHECK(machine.end() == 0);
    CHECK(vigil.program().wait() == 0);
}

TEST_CASE("action inject-nmi: the guest's kernel takes the interrupt")
{
    with_action vigil("inject-nmi");
    virtual_machine machine(vigil, k_hanging_guest);
    vigil.expires();
    machine.console("NMI received for unknown reason");
    goes_on(vigil, machine);
}

TEST_CASE("action debug: nothing happens to the machine")
{
    with_action vigil("debug");
    // Its memory comes to the other side by descriptors.
    virtual_machine machine(
        vigil, k_hanging_guest,
        {"pc,memory-backend=ram", {"wdt"}, {"-object", "memory-backend-memfd,id=ram,size=192M,share=on"}});
    vigil.expires();
    goes_on(vigil, machine);
}

TEST_CASE("action none: nothing happens to the machine, however often the watchdog expires")
{
    with_action vigil("none");
    virtual_machine machine(vigil, k_hanging_guest);
    vigil.expires();
    goes_on(vigil, machine);
}

TEST_CASE("action pause of a panic: the guest's kernel says so by its pvpanic, and both sides stand")
{
    device_side vigil({"-action", "panic=pause"}, {"i6300esb,id=wdt", "pvpanic-pci,id=pv"}, "q35");
    virtual_machine machine(vigil, "load:heartbeat=60,pvpanic,open,kick,crash", {"q35", {"wdt", "pv"}});
    machine.console("pvpanic capability");
    CHECK(contains(vigil.qmp().event("GUEST_PANICKED"), "\"pause\""));
    machine.qmp().event("STOP");
    CHECK(vigil.qmp().status() == "guest-panicked");
    CHECK(machine.qmp().status() == "paused");
    const double left = vigil.qmp().number("/machine/peripheral/wdt", "remaining");
    CHECK(left > 0); // the other device of the machine stands as well
    CHECK(vigil.qmp().number("/machine/peripheral/wdt", "remaining") == left);
}

TEST_CASE("action shutdown of a panic: the machine ends")
{
    device_side vigil({"-action", "panic=shutdown"}, {"pvpanic-pci,id=pv"});
    virtual_machine machine(vigil, "pvpanic,crash", {"pc", {"pv"}});
    CHECK(contains(vigil.qmp().event("GUEST_PANICKED"), "\"poweroff\""));
    CHECK(contains(vigil.qmp().event("SHUTDOWN"), "guest-panic"));
    CHECK(machine.end() == 0);
    CHECK(vigil.program().wait() == 0);
}
