// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/bus_initiator.h>
#include <vigil/models/i6300esb.h>
#include <vigil/runstate/controller.h>

#include <iostream>

struct narrator : vigil::runstate::run_listener {
    void on_event(const vigil::runstate::event& event) override
    {
        std::cout << vigil::runstate::event_name(event) << " at " << sc_core::sc_time_stamp() << '\n';
    }
};

int sc_main(int, char*[])
{
    vigil::runstate::controller controller("controller");           // run states, policies, the VM clock
    vigil::models::i6300esb watchdog("watchdog", controller.clock); // the device: a PCI function
    watchdog.watchdog.bind(controller);                             // it states the fact, the controller decides
    controller.add_resettable(watchdog);                            // a machine reset resets it
    narrator listener;
    controller.add_listener(listener);                                      // told of WATCHDOG, RESET, STOP ...
    vigil::bus::bus_initiator cpu("cpu", vigil::bus::initiator_kind::vcpu); // stands for your CPU or bus
    cpu.socket.bind(watchdog.config);                                       // registers at watchdog.registers, likewise
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    cpu.write_value(0x68, 1, 0x02); // WDT Lock: enable, with the default preloads
    sc_core::sc_start(2100, sc_core::SC_SEC);
    return 0;
}
