// SPDX-License-Identifier: Apache-2.0
// A machine that is taken back to its beginning is as it was then, whatever has happened to it.

#include <algorithm>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch.h>

#include <vigil/qmp-bridge/serve/local_clients.h>
#include <vigil/sim/options/options.h>
#include <vigil/sim/simulation.h>

using namespace vigil;

namespace {

constexpr unsigned k_qmp = 0;
constexpr unsigned k_qtest = 1;

// What the guest and a client do, drawn from a seed.
class traffic {
public:
    explicit traffic(unsigned seed) : numbers_(seed) {}

    std::pair<unsigned, std::string> next()
    {
        static const std::vector<std::string> commands{
            "stop",
            "cont",
            "query-status",
            "system_reset",
            "system_powerdown",
            "system_wakeup",
            "inject-nmi",
            R"(watchdog-set-action", "arguments": {"action": "pause"}, "id": ")",
            R"(watchdog-set-action", "arguments": {"action": "none"}, "id": ")",
            R"(set-action", "arguments": {"panic": "pause", "shutdown": "pause"}, "id": ")",
            R"(set-action", "arguments": {"reboot": "shutdown", "shutdown": "pause"}, "id": ")",
            R"(qom-get", "arguments": {"path": "/machine/peripheral/wd", "property": "addr"}, "id": ")"};
        switch (below(6)) {
        case 0: return {k_qmp, R"({"execute": ")" + commands[below(commands.size())] + "\"}\n"};
        case 1: return {k_qtest, "clock_step " + std::to_string(below(3'000'000'000)) + "\n"};
        case 2: return {k_qtest, configuration()};
        case 3: return {k_qtest, "writew 0xfeb0000c " + key() + "\n"};
        case 4: return {k_qtest, "writel 0xfeb0000" + std::string(below(2) == 0 ? "0" : "4") + " " + number(4000)};
        default: return {k_qtest, port()};
        }
    }

private:
    std::size_t below(std::size_t limit) { return numbers_() % limit; }
    std::string number(std::size_t limit) { return std::to_string(below(limit)) + "\n"; }
    std::string key()
    {
        static const char* const keys[] = {"0x80", "0x86", "0x100"};
        return keys[below(3)];
    }
    std::string configuration()
    {
        static const char* const addresses[] = {"0x80001804", "0x80001810", "0x80001860", "0x80001868", "0x8000f840"};
        const std::string select = std::string("outl 0xcf8 ") + addresses[below(5)] + "\n";
        static const char* const values[] = {"0xfeb00000", "0x2", "0x7", "0x0"};
        return select + "outl 0xcfc " + values[below(4)] + "\ninl 0xcfc\n";
    }
    std::string port()
    {
        static const char* const lines[] = {"outb 0x505 0x2\n",    "outb 0x70 0x8f\n",     "outb 0x61 0x1\n",
                                            "inb 0x61\n",          "outb 0x64 0xaa\n",     "inb 0x60\n",
                                            "outb 0xb2 0xf1\n",    "writeb 0x1000 0x55\n", "readb 0x1000\n",
                                            "outw 0x604 0x2400\n", "inw 0x604\n",          "outl 0xcf8 0x0\n"};
        return lines[below(std::size(lines))];
    }

    std::mt19937 numbers_;
};

// Events have the host's time of day.
std::string without_timestamps(std::string text)
{
    const std::string begin = "{\"timestamp\": ";
    for (std::size_t at = 0; (at = text.find(begin, at)) != std::string::npos;) {
        text.erase(at, text.find('}', at) + 3 - at);
    }
    return text;
}

std::string told_by(qmp_bridge::local_clients& clients, unsigned seed)
{
    const auto qmp = clients.connect(k_qmp);
    const auto qtest = clients.connect(k_qtest);
    std::string heard;
    qmp->hears = qtest->hears = [&heard](std::string_view bytes) { heard += bytes; };
    qmp->open(k_qmp);
    qtest->open(k_qtest);
    qmp->say("{\"execute\": \"qmp_capabilities\"}\n");
    traffic all(seed);
    for (int i = 0; i < 150 && !clients.run_over(); ++i) {
        const auto [server, bytes] = all.next();
        (server == k_qmp ? *qmp : *qtest).say(bytes);
    }
    return without_timestamps(heard);
}

bool same(const runstate::snapshot& a, const runstate::snapshot& b)
{
    const auto equal = [](const runstate::snapshot_section& one, const runstate::snapshot_section& other) {
        return one.name == other.name && one.instance == other.instance && one.fields == other.fields;
    };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), equal);
}

} // namespace

TEST_CASE("a machine taken back to its beginning answers as a new one does, whatever went before")
{
    const auto options =
        sim::parse_options({"-machine", "q35", "-accel", "qtest", "-display", "none", "-no-shutdown", "-device",
                            "i6300esb,id=wd,addr=3", "-device", "pvpanic", "-global", "ICH9-LPC.noreboot=off", "-qmp",
                            "unix:unused.qmp,server=on,wait=off", "-qtest", "unix:unused.qtest,server=on,wait=off"});
    REQUIRE(options);
    int compared = 0;
    sim::simulation* run = nullptr;
    const auto compare = [&](qmp_bridge::local_clients& clients) {
        const auto beginning = run->guest().controller.this_moment();
        for (unsigned seed = 1; seed <= 100; ++seed) {
            const std::string first = told_by(clients, seed);
            if (clients.run_over()) FAIL("nothing is to end the run");
            REQUIRE_FALSE(run->return_to(beginning));
            CHECK(same(run->guest().controller.this_moment().devices, beginning.devices));
            CHECK(run->guest().controller.control().state() == beginning.control.state);
            told_by(clients, seed + 1000);
            REQUIRE_FALSE(run->return_to(beginning));
            REQUIRE(told_by(clients, seed) == first);
            REQUIRE_FALSE(run->return_to(beginning));
            CHECK(first.size() > 1000);
            ++compared;
        }
    };
    sim::simulation made(*options, runstate::file_access(), compare);
    run = &made;
    CHECK(made.run() == 0);
    CHECK(compared == 100);
}

TEST_CASE("a run that is over can't be taken back")
{
    const auto options = sim::parse_options(
        {"-accel", "qtest", "-display", "none", "-device", "i6300esb", "-qmp", "unix:unused.qmp,server=on,wait=off"});
    REQUIRE(options);
    bool refused = false;
    sim::simulation* run = nullptr;
    sim::simulation made(*options, runstate::file_access(), [&](qmp_bridge::local_clients& clients) {
        const auto beginning = run->guest().controller.this_moment();
        {
            const auto qmp = clients.connect(k_qmp);
            qmp->open(k_qmp);
            qmp->say("{\"execute\": \"qmp_capabilities\"}{\"execute\": \"quit\"}\n");
        }
        refused = run->return_to(beginning).has_value();
    });
    run = &made;
    made.run();
    CHECK(refused);
}
