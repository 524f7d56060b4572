// SPDX-License-Identifier: Apache-2.0
// What Linux's own drivers make of the devices.
#include <catch.h>

#include <algorithm>
#include <string>

#include "virtual_machine.h"

using namespace vigil::tests::cosim;
using vigil::tests::workspace;

namespace {

// The lines of the guest's /init without their times.
words said_by(const virtual_machine& machine)
{
    constexpr std::string_view head = "guest: ";
    words said;
    for (const std::string& line : machine.lines()) {
        if (const auto at = line.find(head); at != std::string::npos)
            said.push_back(line.substr(line.find(' ', at + head.size()) + 1));
    }
    return said;
}

const std::string k_all_uses =
    "look,load:heartbeat=6,status,open,status,kick:3,close,status,unload,load:heartbeat=2046,"
    "status,unload,load:heartbeat=2047,status,off";

// As the driver sees the device: of its own QEMU, or served.
const words k_all_said = {"up",
                          "function class 0x088000 revision 0x00 subsystem 0x1af4:0x1100",
                          "bar0 of 16 bytes",
                          "config 8680ab25030100000000800800000000",
                          "bound to i6300ESB timer",
                          "status state=inactive bootstatus=0 timeout=6 nowayout=0",
                          "opened",
                          "status state=active bootstatus=0 timeout=6 nowayout=0",
                          "kicked",
                          "kicked",
                          "kicked",
                          "closed",
                          "status state=inactive bootstatus=0 timeout=6 nowayout=0",
                          "unloaded",
                          "bound to i6300ESB timer",
                          "status state=inactive bootstatus=0 timeout=2046 nowayout=0",
                          "unloaded",
                          "bound to i6300ESB timer",
                          "status state=inactive bootstatus=0 timeout=30 nowayout=0",
                          "poweroff"};

} // namespace

TEST_CASE("QEMU's own watchdog is what the tests take it for")
{
    const fetched tools;
    workspace place;
    virtual_machine machine(tools, place, k_all_uses, {"pc", {}, {"-device", "i6300esb"}});
    CHECK(machine.end() == 0);
    CHECK(said_by(machine) == k_all_said);
}

TEST_CASE("Linux sees the same watchdog in a pc as from QEMU itself")
{
    device_side vigil;
    virtual_machine machine(vigil, k_all_uses);
    CHECK(machine.end() == 0);
    CHECK(said_by(machine) == k_all_said);
    CHECK_FALSE(vigil.qmp().has_event("WATCHDOG"));
}

TEST_CASE("Linux sees the same watchdog in a q35")
{
    device_side vigil({}, {"i6300esb,id=wdt"}, "q35");
    virtual_machine machine(vigil, k_all_uses, {"q35"});
    CHECK(machine.end() == 0);
    CHECK(said_by(machine) == k_all_said);
    CHECK_FALSE(vigil.qmp().has_event("WATCHDOG"));
    CHECK(contains(vigil.qmp().event("SHUTDOWN"), "guest-shutdown"));
    CHECK(vigil.qmp().status() == "shutdown");
}

TEST_CASE("a watchdog that is kicked or closed outlives its heartbeat, and one left open expires")
{
    device_side vigil({"-action", "watchdog=none"});
    virtual_machine machine(vigil, "load:heartbeat=4,open,kick:10,close,nap:5,mark:quiet,open,kick,leave,live");
    machine.console("mark quiet");
    CHECK_FALSE(vigil.qmp().has_event("WATCHDOG"));
    const double left = guest_time(machine.console("left"));
    CHECK(contains(vigil.qmp().event("WATCHDOG"), "\"none\""));
    CHECK(guest_time(machine.console("alive")) > left);
}

TEST_CASE("each heartbeat lasts as long by the guest's clock as its driver was told")
{
    device_side vigil({"-action", "watchdog=inject-nmi"});
    const std::string hang = ",open,kick,nap:12,close,unload";
    virtual_machine machine(vigil, "load:heartbeat=3" + hang + ",load:heartbeat=8" + hang + ",off");
    for (const double heartbeat : {3.0, 8.0}) {
        const double kicked = guest_time(machine.console("kicked"));
        const double lasted = kernel_time(machine.console("NMI received")) - kicked;
        // The guest says so a little after its kick; what comes then may come late on a busy machine.
        CHECK(lasted > heartbeat - 1);
        CHECK(lasted < heartbeat + 4);
    }
    CHECK(machine.end() == 0);
}

TEST_CASE("a watchdog without a way out goes on after a close")
{
    device_side vigil({"-action", "watchdog=pause"});
    virtual_machine machine(vigil, "load:heartbeat=2:nowayout=1,status,open,kick,close,live");
    CHECK(value_of(machine.console("status"), "nowayout") == "1");
    machine.console("closed");
    vigil.qmp().event("WATCHDOG");
    machine.qmp().event("STOP");
}

TEST_CASE("the watchdog(8) of busybox sets the time, kicks, and stops the watchdog at its end")
{
    device_side vigil({"-action", "watchdog=pause"});
    virtual_machine machine(vigil, "load,applet:4:1:5,status,nap:5,off");
    const std::string during = machine.console("status");
    CHECK(value_of(during, "state") == "active");
    CHECK(value_of(during, "timeout") == "4");
    machine.console("applet ended");
    CHECK(value_of(machine.console("status"), "state") == "inactive");
    CHECK(machine.end() == 0);
    CHECK_FALSE(vigil.qmp().has_event("WATCHDOG"));
}
