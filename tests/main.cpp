// SPDX-License-Identifier: Apache-2.0
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_RUNNER
#endif
#include <catch.h>

#include <systemc>

// The library's own main must never be the one that runs.
int sc_main(int, char*[]) { return 99; }

int main(int argc, char* argv[])
{
    setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    return Catch::Session().run(argc, argv);
}
