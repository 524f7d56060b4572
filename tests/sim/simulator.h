// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_SIM_SIMULATOR_H
#define VIGIL_TESTS_SIM_SIMULATOR_H

#include <string>
#include <vector>

#include <program_under_test.h>

namespace vigil::tests {

using words = std::vector<std::string>;

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// vigil-sim with one i6300esb and both sockets; under the test clock unless said otherwise; started by `launcher`
/// where that is given.
struct simulator {
    explicit simulator(const words& more = {}, bool driven = true, const words& launcher = {})
        : program(command(more, driven, launcher), place)
    {
    }

    words command(const words& more, bool driven, const words& launcher) const
    {
        words all{VIGIL_SIM,  "-machine", "pc",          "-nodefaults", "-display",      "none",       "-device",
                  "i6300esb", "-qmp",     server("qmp"), "-qtest",      server("qtest"), "-qtest-log", "none"};
        if (driven) all.insert(all.end(), {"-accel", "qtest"});
        all.insert(all.end(), more.begin(), more.end());
        all.insert(all.begin(), launcher.begin(), launcher.end());
        return all;
    }
    std::string server(const char* name) const
    {
        return "unix:" + (place.path / name).string() + ",server=on,wait=off";
    }

    /// A client past negotiation.
    connection qmp()
    {
        connection client = program.connect("qmp");
        client.read_line();
        client.send("{\"execute\": \"qmp_capabilities\"}\n");
        client.read_line();
        return client;
    }

    workspace place;
    process program;
};

} // namespace vigil::tests

#endif
