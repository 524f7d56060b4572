// SPDX-License-Identifier: Apache-2.0
#include <systemc>

// The library's own main, which asks for this, must never be the one that runs.
int sc_main(int, char*[]) { return 99; }
