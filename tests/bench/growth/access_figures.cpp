// SPDX-License-Identifier: Apache-2.0
#include "figures.h"

#include "../process/processes.h"
#include "../process/table.h"

namespace vigil::bench {

void access_figures(int runs)
{
    series through_all, direct;
    for (int run = 0; run < runs; ++run) {
        const std::vector<double> ns = numbers_from({VIGIL_ACCESS});
        through_all.add(ns.at(1) * 1e-9, ns.at(0) * 1e-9);
        direct.add(ns.at(2) * 1e-9, ns.at(0) * 1e-9);
    }
    print_row("register read through router, PCI host and device", through_all, k_ns, "empty `b_transport`", 3.5);
    print_row("register read by a direct bind", direct, k_ns, "empty `b_transport`", 1.8);
}

} // namespace vigil::bench
