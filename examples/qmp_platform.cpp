// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/bus_initiator.h>
#include <vigil/models/i6300esb.h>
#include <vigil/qmp-bridge/qmp_server.h>
#include <vigil/runstate/controller.h>

// A CPU that switches its watchdog on, kicks it three times, and hangs.
struct firmware : sc_core::sc_module {
    explicit firmware(const sc_core::sc_module_name& name) : sc_module(name)
    {
        SC_HAS_PROCESS(firmware);
        SC_THREAD(run);
    }
    void run()
    {
        config.write_value(0x68, 1, 0x02); // WDT Lock: enable; each of the two stages takes 17 minutes
        for (int kick = 0; kick < 3; ++kick) {
            wait(300, sc_core::SC_SEC);
            for (const unsigned value : {0x80U, 0x86U, 0x100U}) registers.write_value(0x0C, 2, value); // Reload
        }
    }
    vigil::bus::bus_initiator config{"config", vigil::bus::initiator_kind::vcpu};
    vigil::bus::bus_initiator registers{"registers", vigil::bus::initiator_kind::vcpu};
};

int sc_main(int argc, char* argv[])
{
    vigil::runstate::controller controller("controller");
    controller.autostart(false); // until a client says cont
    vigil::models::i6300esb watchdog("watchdog", controller.clock);
    watchdog.watchdog.bind(controller);
    controller.add_resettable(watchdog);
    firmware cpu("cpu");
    cpu.config.socket.bind(watchdog.config);
    cpu.registers.socket.bind(watchdog.registers);

    vigil::qmp_bridge::qmp_server qmp("qmp", controller, {argc > 1 ? argv[1] : "unix:qmp.sock,server=on,wait=off"});
    qmp.add_object("wdt0", watchdog); // for qom-list, qom-get and info watchdog
    qmp.run();
    return qmp.exit_status();
}
