// SPDX-License-Identifier: Apache-2.0
// An outside platform: a guest that starts its watchdog and hangs.
#include <iostream>

#include <vigil/bus/bus_initiator.h>
#include <vigil/models/i6300esb.h>
#include <vigil/runstate/controller.h>

struct printer : vigil::runstate::run_listener {
    void on_event(const vigil::runstate::event& e) override { std::cout << event_name(e) << '\n'; }
};

int sc_main(int, char*[])
{
    vigil::runstate::controller controller("controller");
    vigil::models::i6300esb watchdog("watchdog", controller.clock);
    vigil::bus::bus_initiator configuration("configuration", vigil::bus::initiator_kind::vcpu);
    watchdog.watchdog.bind(controller);
    configuration.socket.bind(watchdog.config);
    printer events;
    controller.add_listener(events);

    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    configuration.write_value(0x60, 2, 4); // 1 MHz: two seconds
    configuration.write_value(0x68, 1, 2); // enable
    sc_core::sc_start(4, sc_core::SC_SEC);
    return 0;
}
