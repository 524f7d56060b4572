// SPDX-License-Identifier: Apache-2.0
// vigil-run: scenarios by the thousand, a process each, on machines that are elaborated once.

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <vigil/sim/regression/regression_run.h>
#include <vigil/sim/regression/zygote.h>

int sc_main(int /*argc*/, char* /*argv*/[]) { return vigil::sim::zygote_main(); }

int main(int argc, char* argv[])
{
    try {
        const auto settings = vigil::sim::parse_run_settings({argv + 1, argv + argc});
        if (!settings) {
            std::fprintf(stderr, "vigil-run: %s\n", settings.why().text.c_str());
            return 2;
        }
        if (settings->text) return std::fputs(settings->text->c_str(), stdout) < 0 ? 1 : 0;
        return vigil::sim::run_regression(*settings);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "vigil-run: cannot go on: %s\n", error.what());
        return 2;
    }
}
