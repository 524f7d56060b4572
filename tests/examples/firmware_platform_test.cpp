// SPDX-License-Identifier: Apache-2.0
// The example platform whose CPU executes firmware, as a QMP client meets it.
#include <catch.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <program_under_test.h>

using namespace vigil::tests;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A platform of its own, and a client of it.
struct small_pc {
    explicit small_pc(const std::string& quantum = "100000")
        : program({VIGIL_FIRMWARE_PLATFORM, VIGIL_FIRMWARE,
                   "unix:" + (place.path / "qmp").string() + ",server=on,wait=off", quantum},
                  place),
          client(program.connect("qmp"))
    {
        ask("qmp_capabilities");
    }

    // The answer to a command; events before it are kept.
    std::string ask(const std::string& command, const std::string& arguments = "")
    {
        client.send(R"({"execute": ")" + command + R"(", "arguments": {)" + arguments + "}}\n");
        for (;;) {
            std::string line = client.read_line();
            if (contains(line, "\"return\"") || contains(line, "\"error\"")) return line;
            if (!line.empty()) events.push_back(std::move(line));
        }
    }
    // The next event with this in it; those before it are skipped.
    std::string event(const std::string& part)
    {
        for (;;) {
            if (events.empty()) events.push_back(client.read_line());
            std::string line = std::move(events.front());
            events.pop_front();
            if (contains(line, part)) return line;
        }
    }
    // Waits until firmware has printed this.
    void printed(const std::string& text) const
    {
        while (!contains(place.printed(), text)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::string cpu(const std::string& property)
    {
        return ask("qom-get", R"("path": "cpu", "property": ")" + property + "\"");
    }
    void firmware_shall(const std::string& command)
    {
        CHECK(ask("qom-set", R"("path": "front", "property": "command", "value": ")" + command + "\"") == k_done);
    }
    // How far the CPU has come, and until when the kicks last that it has done.
    std::vector<std::string> where()
    {
        return {cpu("instructions"), cpu("eip"), ask("qom-get", R"("path": "wdt", "property": "deadline")")};
    }
    // Starts, and waits until firmware looks for commands.
    void boot()
    {
        CHECK(ask("cont") == k_done);
        printed("boot 1: power-on");
    }
    void hang_with(const std::string& action)
    {
        CHECK(ask("watchdog-set-action", R"("action": ")" + action + "\"") == k_done);
        boot();
        firmware_shall("h");
        CHECK(contains(event("WATCHDOG"), R"("action": ")" + action + "\""));
    }
    // Whether the CPU executes.
    void executes()
    {
        const std::string before = cpu("instructions");
        while (cpu("instructions") == before) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::string status() { return ask("query-status"); }
    std::string in_file(const std::string& command, const small_pc& of)
    {
        return ask(command, R"("uri": "file:)" + (of.place.path / "saved").string() + "\"");
    }

    static constexpr const char* k_done = R"({"return": {}})";

    workspace place;
    process program;
    connection client;
    std::deque<std::string> events;
};

// The largest is a whole stage of the watchdog.
constexpr const char* k_quanta[]{"10", "1000000", "10000000"};

} // namespace

TEST_CASE("firmware platform: firmware kicks, hangs, is reset by the watchdog and reads that it was")
{
    small_pc pc;
    pc.hang_with("reset");
    CHECK(contains(pc.event("RESET"), "\"guest\": true"));
    pc.printed("boot 2: reset by the watchdog");
    pc.executes();
}

TEST_CASE("firmware platform: watchdog action pause stops the CPU, and cont lets it go on")
{
    small_pc pc;
    pc.hang_with("pause");
    pc.event("STOP");
    CHECK(contains(pc.status(), R"("status": "watchdog")"));
    const std::string count = pc.cpu("instructions");
    CHECK(pc.cpu("instructions") == count);
    CHECK(pc.ask("cont") == small_pc::k_done);
    pc.executes();
}

TEST_CASE("firmware platform: watchdog actions none and debug leave the CPU alone")
{
    for (const char* action : {"none", "debug"}) {
        CAPTURE(action);
        small_pc pc;
        pc.hang_with(action);
        pc.executes();
        CHECK(contains(pc.status(), R"("status": "running")"));
        CHECK(pc.events.empty());
    }
}

TEST_CASE("firmware platform: watchdog action inject-nmi wakes a CPU that sleeps, and its handler returns")
{
    small_pc pc;
    CHECK(pc.ask("watchdog-set-action", R"("action": "inject-nmi")") == small_pc::k_done);
    pc.boot();
    pc.firmware_shall("z");
    pc.event("WATCHDOG");
    pc.printed("NMI 1");
    while (contains(pc.cpu("halted"), "false")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(pc.ask("inject-nmi") == small_pc::k_done);
    pc.printed("NMI 2");
}

TEST_CASE("firmware platform: watchdog action shutdown presses the power button, and firmware switches off")
{
    small_pc pc;
    CHECK(pc.ask("watchdog-set-action", R"("action": "shutdown")") == small_pc::k_done);
    pc.boot();
    pc.firmware_shall("k");
    pc.event("WATCHDOG");
    pc.event("POWERDOWN");
    CHECK(contains(pc.event("SHUTDOWN"), "\"guest\": true"));
    CHECK(pc.program.wait() == 0);
}

TEST_CASE("firmware platform: watchdog action poweroff ends the run")
{
    small_pc pc;
    pc.hang_with("poweroff");
    CHECK(pc.client.closed_by_peer());
    CHECK(pc.program.wait() == 0);
}

TEST_CASE("firmware platform: the CPU executes nothing during a long pause, and goes on after it")
{
    small_pc pc;
    pc.boot();
    pc.executes();
    CHECK(pc.ask("stop") == small_pc::k_done);
    const std::string count = pc.cpu("instructions");
    const std::string at = pc.cpu("eip");
    std::this_thread::sleep_for(std::chrono::seconds(1));
    CHECK(pc.cpu("instructions") == count);
    CHECK(pc.cpu("eip") == at);
    CHECK(pc.ask("cont") == small_pc::k_done);
    pc.executes();
    pc.firmware_shall("r");
    pc.event("RESET");
    pc.printed("boot 2: reset, 0 stores too late"); // and no watchdog barked because of the pause
}

TEST_CASE("firmware platform: a reset ends what the CPU executes at the very instruction that asks for it")
{
    for (const char* quantum : k_quanta) {
        CAPTURE(quantum);
        small_pc pc(quantum);
        pc.boot();
        pc.firmware_shall("r");
        CHECK(contains(pc.event("RESET"), "\"guest\": true"));
        pc.printed("boot 2: reset, 0 stores too late");
        pc.firmware_shall("t"); // a triple fault
        CHECK(contains(pc.event("RESET"), "\"guest\": true"));
        pc.printed("boot 3: reset, 0 stores too late");
        CHECK(pc.ask("system_reset") == small_pc::k_done);
        CHECK(contains(pc.event("RESET"), "\"guest\": false"));
        pc.printed("boot 4: reset, 0 stores too late");
    }
}

TEST_CASE("firmware platform: a panic stops the CPU at the very instruction that tells of it")
{
    for (const char* quantum : k_quanta) {
        CAPTURE(quantum);
        small_pc pc(quantum);
        CHECK(pc.ask("set-action", R"("panic": "pause")") == small_pc::k_done);
        pc.boot();
        pc.firmware_shall("p");
        CHECK_FALSE(contains(pc.event("GUEST_PANICKED"), "info"));
        pc.event("STOP");
        CHECK(contains(pc.status(), R"("status": "guest-panicked")"));
        CHECK(pc.ask("system_reset") == small_pc::k_done);
        CHECK(pc.ask("cont") == small_pc::k_done);
        pc.printed("boot 2: reset, 0 stores too late");

        pc.firmware_shall("c");
        CHECK(contains(pc.event("GUEST_PANICKED"), R"("info": {"type": "hyper-v", "arg1": 16045481047390945281,)"));
        pc.event("STOP");
        CHECK(pc.ask("system_reset") == small_pc::k_done);
        CHECK(pc.ask("cont") == small_pc::k_done);
        pc.printed("boot 3: reset, 0 stores too late");
    }
}

TEST_CASE("firmware platform: firmware enters S3, and boots again when it is woken")
{
    small_pc pc;
    pc.boot();
    pc.firmware_shall("s");
    pc.event("SUSPEND");
    CHECK(contains(pc.status(), R"("status": "suspended")"));
    const std::string count = pc.cpu("instructions");
    CHECK(pc.cpu("instructions") == count);
    CHECK(pc.ask("system_wakeup") == small_pc::k_done);
    pc.event("WAKEUP");
    pc.printed("boot 2: woken from S3, 0 stores too late");
}

TEST_CASE("firmware platform: an NMI interrupts what firmware does, and it goes on with that")
{
    small_pc pc;
    pc.boot();
    CHECK(pc.ask("inject-nmi") == small_pc::k_done);
    pc.printed("NMI 1");
    pc.firmware_shall("r");
    pc.event("RESET");
    pc.printed("boot 2: reset, 0 stores too late");
}

TEST_CASE("firmware platform: a machine restored in another process goes on at the same instruction and time")
{
    for (const char* save : {"x-snapshot-save", "migrate"}) {
        CAPTURE(save);
        small_pc source("10000000"); // within which the CPU is far ahead
        source.boot();
        source.executes();
        CHECK(source.ask("stop") == small_pc::k_done);
        CHECK(source.in_file(save, source) == small_pc::k_done);
        small_pc target("1000");
        CHECK(target.in_file("x-snapshot-load", source) == small_pc::k_done);
        CHECK(target.where() == source.where());

        const auto until_it_panics = [](small_pc& pc) {
            CHECK(pc.ask("set-action", R"("panic": "pause")") == small_pc::k_done);
            pc.firmware_shall("p");
            CHECK(pc.ask("cont") == small_pc::k_done);
            pc.event("GUEST_PANICKED");
            return pc.where();
        };
        const auto end = until_it_panics(source);
        CHECK(until_it_panics(target) == end);
        CHECK(target.in_file("x-snapshot-load", source) == small_pc::k_done); // over what has been executed
        CHECK(until_it_panics(target) == end);
    }
}

TEST_CASE("firmware platform: what is not its firmware, or no quantum, is an error that says so")
{
    const auto complaint = [](const std::string& firmware, const std::string& quantum) {
        workspace place;
        process program({VIGIL_FIRMWARE_PLATFORM, firmware, "unix:" + (place.path / "qmp").string(), quantum}, place);
        CHECK(program.wait() == 2);
        return place.printed();
    };
    CHECK(contains(complaint("/dev/null", "1"), "/dev/null: firmware has 65536 bytes, not 0"));
    CHECK(contains(complaint(VIGIL_FIRMWARE, "-1"), "a quantum is a number of nanoseconds, not '-1'"));
    CHECK(contains(complaint(VIGIL_FIRMWARE, "long"), "a quantum is a number of nanoseconds, not 'long'"));
}
