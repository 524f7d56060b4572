// SPDX-License-Identifier: Apache-2.0
// Loses memory on purpose, before, during or after a simulation in which a thread ends, or not at all: whoever runs it
// under LeakSanitizer learns whether leaks are found.
#include <cstring>
#include <iostream>

#include <systemc>

namespace {

[[gnu::noinline]] void lose_memory()
{
    char* volatile lost = new char[100];
    lost[0] = 1;
    lost = nullptr;
}

// Overwrites what earlier calls have left of pointers on this stack.
[[gnu::noinline]] void wipe_stack()
{
    volatile char room[4096];
    for (volatile char& byte : room) byte = 0;
}

struct short_lived : sc_core::sc_module {
    short_lived(const sc_core::sc_module_name& name, bool loses) : sc_module(name), loses_(loses)
    {
        SC_HAS_PROCESS(short_lived);
        SC_THREAD(run);
        SC_THREAD(run);
    }
    void run()
    {
        wait(1, sc_core::SC_NS);
        if (loses_) lose_memory();
        wipe_stack();
    }
    bool loses_;
};

const char* when = "";

bool lost_now(const char* moment)
{
    if (std::strcmp(when, moment) != 0) return false;
    lose_memory();
    wipe_stack();
    return true;
}

} // namespace

int sc_main(int, char*[])
{
    bool known = lost_now("before") || std::strcmp(when, "never") == 0;
    const bool during = std::strcmp(when, "during") == 0;
    {
        short_lived module("module", during);
        sc_core::sc_start(10, sc_core::SC_NS);
    }
    known = lost_now("after") || during || known;
    if (!known) std::cerr << "leak_probe: say before, during, after or never\n";
    return known ? 0 : 2;
}

int main(int argc, char* argv[])
{
    if (argc > 1) when = argv[1];
    setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    return sc_core::sc_elab_and_sim(argc, argv);
}
