// SPDX-License-Identifier: Apache-2.0
// The interrupt at the end of stage 1, in a guest that hands the device to a generic driver.
#include <catch.h>

#include <string>

#include "virtual_machine.h"

using namespace vigil::tests::cosim;

namespace {

// A first stage of a second; the second one is long, so that a slow guest comes back in time, or not so long. The
// generic driver disables the interrupt in the command register whenever one came.
const std::string k_start = "config:2:60:0,start:400:f000";
const std::string k_start_to_expire = "config:2:60:0,start:400:c00";
const std::string k_again = "bar:4:8:1,reload,config:2:4:0103";

// Waits for three ends of stage 1; each brings one interrupt.
void counts_three(const std::string& model)
{
    device_side vigil({"-action", "watchdog=none"}, {"i6300esb,id=wdt,x-intx=on"}, model);
    std::string orders = "uio," + k_start;
    for (int i = 0; i < 3; ++i) orders += ",interrupt,interrupts," + k_again;
    virtual_machine machine(vigil, orders + ",config:1:68:0,interrupts,off", {model});
    machine.console("bound to uio_pci_generic");
    for (const char* count : {"1", "2", "3"}) {
        CHECK(contains(machine.console("interrupt "), std::string("interrupt ") + count));
        CHECK(contains(machine.console("interrupts "), std::string("interrupts ") + count));
    }
    CHECK(contains(machine.console("interrupts "), "interrupts 3"));
    CHECK(machine.end() == 0);
}

} // namespace

TEST_CASE("each end of stage 1 interrupts a pc once") { counts_three("pc"); }

TEST_CASE("each end of stage 1 interrupts a q35 once") { counts_three("q35"); }

TEST_CASE("the interrupt works again after the machine's reset")
{
    device_side vigil({"-action", "watchdog=reset"}, {"i6300esb,id=wdt,x-intx=on"});
    virtual_machine machine(vigil, "uio," + k_start_to_expire + ",interrupt,live");
    machine.console("interrupt 1");
    vigil.qmp().event("WATCHDOG");
    machine.qmp().event("RESET");
    machine.console("interrupt 1");
}

TEST_CASE("the end of stage 1 comes as the message that the guest has chosen")
{
    device_side vigil({"-action", "watchdog=none"}, {"i6300esb,id=wdt,x-msi=on"});
    // The message is an NMI to the first processor; the function may master the bus.
    virtual_machine machine(vigil, "config:1:34,config:4:54:fee00000,config:2:58:400,config:2:4:0107,config:2:52:1," +
                                       k_start_to_expire + ",live");
    CHECK(contains(machine.console("config 34"), "0x50"));
    machine.console("started");
    machine.console("NMI received for unknown reason");
    machine.console("alive");
    vigil.qmp().event("WATCHDOG");
}
