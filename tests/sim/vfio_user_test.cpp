// SPDX-License-Identifier: Apache-2.0
// Devices of another machine, as a client of vfio-user and that machine's monitor see the program.
#include <catch.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <vfio_machine.h>

#include "simulator.h"

using namespace vfio_client;
using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::k_bar0;
using vigil::tests::k_config;
using vigil::tests::machine_side;
using vigil::tests::process;
using vigil::tests::words;
using vigil::tests::workspace;

namespace {

// vigil-sim with one device for another machine.
struct device_server {
    explicit device_server(const words& more = {}, const std::string& device = "i6300esb,id=wdt")
        : program(command(more, device), place)
    {
    }

    words command(const words& more, const std::string& device) const
    {
        words all{VIGIL_SIM, "-nodefaults",    "-display",    "none",
                  "-device", device,           "-vfio-user",  "unix:" + path("s") + ",device=wdt",
                  "-qmp",    listening("qmp"), "-qmp-schema", "7.2"};
        for (std::string word : more) { // @ is the folder of its sockets
            if (const auto at = word.find('@'); at != std::string::npos) word.replace(at, 1, path(""));
            all.push_back(std::move(word));
        }
        return all;
    }
    std::string path(const char* name) const { return (place.path / name).string(); }
    std::string listening(const char* name) const { return "unix:" + path(name) + ",server=on,wait=off"; }
    connection qmp() { return negotiated(program, "qmp"); }
    static connection negotiated(process& program, const char* name)
    {
        connection client = program.connect(name);
        client.read_line();
        client.send("{\"execute\": \"qmp_capabilities\"}\n");
        client.read_line();
        return client;
    }

    workspace place;
    process program;
};

// Reads on until a line has `part`.
std::string line_with(connection& client, const std::string& part)
{
    for (;;) {
        std::string line = client.read_line();
        if (contains(line, part)) return line;
    }
}

} // namespace

TEST_CASE("vfio-user: a machine's watchdog counts in the simulation, to the nanosecond")
{
    device_server server(
        {"-accel", "qtest", "-qtest-log", "none", "-watchdog-action", "pause", "-qtest", "unix:@t,server=on,wait=off"});
    const machine_side machine(server.path("s"));
    machine.attach();
    CHECK(machine.read(k_config, 0, 4) == 0x25AB8086);
    connection qmp = server.qmp();
    machine.start_watchdog(0x200);
    CHECK(machine.read(k_config, 0x68, 1) == 2);

    constexpr std::uint64_t k_both_stages = 2 * (std::uint64_t{0x200} << 15) * 30;
    connection qtest = server.program.connect("t");
    qtest.send("clock_step " + std::to_string(k_both_stages - 1) + "\n");
    CHECK(qtest.read_line() == "OK " + std::to_string(k_both_stages - 1));
    qmp.send("{\"execute\": \"query-status\"}\n");
    CHECK(contains(qmp.read_line(), "\"running\"")); // and no event before
    qtest.send("clock_step 1\n");
    qtest.read_line();
    CHECK(contains(qmp.read_line(), R"("event": "WATCHDOG", "data": {"action": "pause"})"));
    CHECK(machine.read(k_bar0, 0x0C, 2) == 0x1200);
}

TEST_CASE("vfio-user: a device is of one machine at a time, and each finds it as after power-on")
{
    device_server server({"-clock", "driven"});
    {
        const machine_side first(server.path("s"));
        first.attach();
        first.write(k_config, 0x68, 2, 1);
        const machine_side second(server.path("s")); // connects, and is sent away while the first one is there
        CHECK(second.ask(greeting()).empty());
        CHECK(first.read(k_config, 0x68, 1) == 2);
    }
    const machine_side next(server.path("s")); // perhaps before the program has noticed
    next.attach();
    CHECK(next.read(k_config, 0x68, 1) == 0);
}

TEST_CASE("vfio-user: several requests before the first answer, in pieces of any size")
{
    device_server server({"-clock", "driven"});
    const machine_side machine(server.path("s"));
    const std::string requests = greeting() + read_request(k_config, 0, 2) + read_request(k_config, 2, 2) +
                                 write_request(k_config, 0x3C, "\x0B", wire::flag_no_reply) +
                                 read_request(k_config, 0x3C, 1);
    for (std::size_t at = 0; at < requests.size(); at += 7) machine.send(requests.substr(at, 7));
    CHECK(error_in(machine.receive()) == 0);
    CHECK(machine.receive().substr(32) == "\x86\x80");
    CHECK(machine.receive().substr(32) == "\xAB\x25");
    CHECK(machine.receive().substr(32) == "\x0B");
}

TEST_CASE("vfio-user: no descriptor is kept that is not needed, and none outlives its machine")
{
    device_server server({"-clock", "driven"}, "i6300esb,id=wdt,x-intx=on");
    {
        const machine_side machine(server.path("s"));
        machine.attach();
        const std::size_t before = server.program.open_descriptors();
        for (int i = 0; i < 50; ++i) {
            CHECK(error_in(machine.ask(map_request(0x100000, 4096), with(memory_file(4096)))) == 0);
            CHECK(error_in(machine.ask(map_request(0x100000, 4096), with(memory_file(4096)))) == EEXIST);
            CHECK(error_in(machine.ask(map_request(0x200000, 4096), with(memory_file(4096), event_file()))) == EINVAL);
            CHECK(error_in(machine.ask(unmap_request(0x100000, 4096))) == 0);
            CHECK(error_in(machine.ask(irq_request(0x24, 0, 0, 1), with(event_file()))) == 0);
            std::vector<descriptor> many;
            for (int n = 0; n < 40; ++n) many.push_back(event_file());
            CHECK(error_in(machine.ask(irq_request(0x24, 0, 0, 1), many)) == EINVAL);
        }
        CHECK(error_in(machine.ask(irq_request(0x21, 0, 0, 0))) == 0);
        CHECK(server.program.open_descriptors() == before);
        machine.ask(map_request(0x100000, 4096), with(memory_file(4096)));
        machine.ask(irq_request(0x24, 0, 0, 1), with(event_file()));
    }
    const machine_side next(server.path("s"));
    next.attach();
    const std::size_t fresh = server.program.open_descriptors();
    CHECK(error_in(next.ask(unmap_request(0x100000, 4096))) == EINVAL);
    CHECK(server.program.open_descriptors() == fresh);
}

TEST_CASE("vfio-user: what is no message ends the connection, and the next machine is served")
{
    device_server server({"-clock", "driven"});
    const std::string too_long = bytes_of(wire::header{1, 1, 0x7FFFFFFF, 0, 0});
    const std::string too_short = bytes_of(wire::header{1, 1, 15, 0, 0});
    for (const std::string& bytes : {too_long, too_short, std::string(64, '\0')}) {
        const machine_side machine(server.path("s"));
        machine.send(bytes);
        CHECK(error_in(machine.receive()) == EINVAL);
        CHECK(machine.receive().empty());
    }
    { // goes amid a message, and with a question unanswered
        const machine_side machine(server.path("s"));
        machine.send(greeting() + read_request(k_config, 0, 2) + read_request(k_config, 0, 2).substr(0, 20));
    }
    const machine_side machine(server.path("s"));
    machine.attach();
    CHECK(machine.read(k_config, 0, 2) == 0x8086);
}

TEST_CASE("vfio-user: the end of stage 1 interrupts by pin or by message, once")
{
    for (const bool by_message : {false, true}) {
        device_server server({"-accel", "qtest", "-qtest-log", "none", "-qtest", "unix:@t,server=on,wait=off"},
                             by_message ? "i6300esb,id=wdt,x-msi=on" : "i6300esb,id=wdt,x-intx=on");
        const machine_side machine(server.path("s"));
        machine.attach();
        connection qtest = server.program.connect("t");
        const auto step = [&](std::uint64_t counts) {
            qtest.send("clock_step " + std::to_string((counts << 15) * 30) + "\n");
            qtest.read_line();
        };
        const descriptor event = event_file();
        const std::uint32_t index = by_message ? wire::irq_msi : wire::irq_intx;
        INFO("index " << index);
        CHECK(machine.read(k_config, 0x3D, 1) == (by_message ? 0 : 1));
        CHECK((machine.read(k_config, 0x06, 1) & 0x10) == (by_message ? 0x10 : 0));
        if (by_message) {
            CHECK(machine.read(k_config, 0x34, 1) == 0x50);
            CHECK(machine.read(k_config, 0x50, 4) == 0x00000005);
            machine.write(k_config, 0x52, 1, 2);
        }
        REQUIRE(error_in(machine.ask(irq_request(0x24, index, 0, 1), with(copy_of(event)))) == 0);
        machine.write(k_config, 0x60, 0, 2); // interrupts by IRQ
        machine.start_watchdog(0x200);
        step(0x1FF);
        CHECK(taken_from(event) == 0);
        step(1);
        CHECK((machine.read(k_config, 0x06, 1) & 0x08) == (by_message ? 0 : 8));
        CHECK(taken_from(event) == 1);
        CHECK(machine.read(k_bar0, 0x08, 4) == 1);
        machine.write(k_bar0, 0x08, 1, 4);
        CHECK(machine.read(k_bar0, 0x08, 4) == 0);
        CHECK((machine.read(k_config, 0x06, 1) & 0x08) == 0);
        if (!by_message) CHECK(error_in(machine.ask(irq_request(0x11, index, 0, 1))) == 0);
        CHECK(taken_from(event) == 0);
    }
}

TEST_CASE("vfio-user: a program that was stopped does not catch up, and its watchdog has what it had left")
{
    device_server server({"-clock", "paced,stall=300ms", "-watchdog-action", "pause"});
    const machine_side machine(server.path("s"));
    machine.attach();
    connection qmp = server.qmp();
    machine.start_watchdog(0x400); // 2.01 s
    server.program.signal(SIGSTOP);
    std::this_thread::sleep_for(std::chrono::seconds(3));
    const auto continued = std::chrono::steady_clock::now();
    server.program.signal(SIGCONT);
    line_with(qmp, "\"WATCHDOG\"");
    CHECK(std::chrono::steady_clock::now() - continued > std::chrono::milliseconds(1500));
    CHECK(contains(server.place.printed(), "stood still for "));
}

TEST_CASE("vfio-user: the machine's monitor may come later, and both machines have one run state")
{
    device_server server({"-actuate", "unix:@machine", "-watchdog-action", "reset"});
    const machine_side devices(server.path("s"));
    devices.attach();
    connection qmp = server.qmp();
    // The machine is played by one of the same kind, with a monitor for the actuation and one for us.
    process machine(
        {VIGIL_SIM, "-qmp", server.listening("machine"), "-qmp", server.listening("its"), "-qmp-schema", "7.2"},
        server.place);
    connection its = device_server::negotiated(machine, "its");

    its.send("{\"execute\": \"stop\"}\n");
    line_with(qmp, "\"STOP\"");
    qmp.send("{\"execute\": \"cont\"}\n");
    line_with(its, "\"RESUME\"");
    devices.start_watchdog(0x10);
    line_with(qmp, "\"WATCHDOG\"");
    CHECK(contains(line_with(qmp, "\"RESET\""), "guest-reset"));
    CHECK(contains(line_with(its, "\"RESET\""), "host-qmp-system-reset"));
    qmp.send("{\"execute\": \"inject-nmi\"}\n");
    CHECK(contains(qmp.read_line(), "return"));
    qmp.send("{\"execute\": \"system_powerdown\"}\n");
    line_with(its, "\"POWERDOWN\"");
    qmp.send("{\"execute\": \"quit\"}\n");
    line_with(its, "\"SHUTDOWN\"");
    CHECK(machine.wait() == 0);
}
