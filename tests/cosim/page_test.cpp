// SPDX-License-Identifier: Apache-2.0
// The commands of docs/real-machines.md do what the page says.
#include <catch.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>

#include "virtual_machine.h"

using namespace vigil::tests::cosim;
using vigil::tests::process;
using vigil::tests::trimmed;
using vigil::tests::workspace;

namespace {

const std::string k_page = VIGIL_SOURCE_DIR "/docs/real-machines.md";

void replace_all(std::string& text, std::string_view what, const std::string& by)
{
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
}

// The commands in the page's `sh` blocks, with this build's folders, and their sockets in `place`.
words commands(const workspace& place)
{
    words all;
    std::string command;
    bool in_block = false;
    std::ifstream page(k_page);
    for (std::string line; std::getline(page, line);) {
        if (line.rfind("```", 0) == 0) {
            in_block = line == "```sh";
        } else if (in_block) {
            const bool goes_on = !line.empty() && line.back() == '\\';
            command += goes_on ? line.substr(0, line.size() - 1) : line;
            if (!goes_on) all.push_back(std::exchange(command, {}));
        }
    }
    for (std::string& one : all) {
        replace_all(one, "/tmp/", place.path.string() + "/");
        replace_all(one, "build/release/", VIGIL_BINARY_DIR "/");
        replace_all(one, "build/cosim/", VIGIL_COSIM_FOLDER "/");
        replace_all(one, "sh tests/", "sh " VIGIL_SOURCE_DIR "/tests/");
    }
    return all;
}

std::string output_of(const std::string& command)
{
    std::string text;
    std::FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return text;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
    ::pclose(pipe);
    return trimmed(text);
}

std::size_t count_of(const std::string& text, std::string_view part)
{
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

// Ends the vigil-sim that the page starts as a daemon.
struct daemon_end {
    explicit daemon_end(const workspace& place)
        : command(VIGIL_BINARY_DIR "/sim/vigil-qmp " + (place.path / "vigil").string() + " quit")
    {
    }
    daemon_end(const daemon_end&) = delete;
    daemon_end& operator=(const daemon_end&) = delete;
    ~daemon_end() { output_of(command); }

    std::string command;
};

} // namespace

TEST_CASE("five commands lead from nothing to a Linux on a SystemC watchdog")
{
    const fetched needed;
    const workspace place;
    const words all = commands(place);
    REQUIRE(all.size() == 5);
    for (std::size_t i = 0; i < 3; ++i) {
        INFO(all[i]);
        REQUIRE(std::system(all[i].c_str()) == 0);
    }
    process machine({"sh", "-c", "exec " + all[3]}, place);
    const daemon_end end(place);
    std::string answer;
    for (int tries = 0; tries < 600 && !contains(answer, "\"watchdog\"") && !machine.exited(); ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        answer = output_of(all[4]);
    }
    INFO(place.printed());
    std::ifstream page(k_page);
    CHECK(contains(std::string(std::istreambuf_iterator<char>(page), {}), '`' + answer + '`'));
    CHECK(count_of(place.printed(), "kicked") == 3);
    output_of(end.command);
    CHECK(machine.wait() == 0);
}
