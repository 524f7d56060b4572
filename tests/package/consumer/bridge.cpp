// SPDX-License-Identifier: Apache-2.0
// An outside platform that only wants to speak QMP.
#include <iostream>

#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp/qmp_session.h>
#include <vigil/runstate/controller.h>

int sc_main(int, char*[])
{
    vigil::runstate::controller controller("controller");
    vigil::qmp_bridge::qmp_monitor monitor(controller.control(), {});
    const auto session = monitor.new_session();
    session->opened();
    std::cout << session->output.unsent();
    return 0;
}
