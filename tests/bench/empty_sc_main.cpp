// SPDX-License-Identifier: Apache-2.0
// The floor: a program that does nothing but load and start SystemC. Prints its resident memory in KiB.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <systemc>

int sc_main(int, char*[])
{
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("VmRSS:", 0) == 0) std::printf("%ld\n", std::atol(line.c_str() + 6));
    }
    return 0;
}

int main(int argc, char* argv[])
{
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    return sc_core::sc_elab_and_sim(argc, argv);
}
