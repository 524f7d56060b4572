// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_SIM_SIMULATOR_H
#define VIGIL_TESTS_SIM_SIMULATOR_H

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <program_under_test.h>

namespace vigil::tests {

using words = std::vector<std::string>;

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline const std::string k_query = "{\"execute\": \"query-status\"}\n";
inline const std::string k_running = R"({"return": {"status": "running", "singlestep": false, "running": true}})";
inline const std::string k_done = "{\"return\": {}}";

inline std::string answer(connection& client, const std::string& line)
{
    client.send(line + "\n");
    return client.read_line();
}

/// The answer to a command with a file, or without any, past the events before it.
inline std::string ask(connection& client, const std::string& name, const std::string& path = "")
{
    const std::string arguments = path.empty() ? "" : ", \"arguments\": {\"uri\": \"file:" + path + "\"}";
    client.send("{\"execute\": \"" + name + "\"" + arguments + "}\n");
    for (;;) {
        const std::string line = client.read_line();
        if (!contains(line, "\"timestamp\"")) return line;
    }
}

/// Reads lines until one has that part.
inline void read_until(connection& client, const std::string& part)
{
    while (!contains(client.read_line(), part)) {}
}

inline std::string text_of(const std::string& file)
{
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

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
