// SPDX-License-Identifier: Apache-2.0
// What firmware meets, from the option to the socket: ACPI that is enabled, a reset by the keyboard controller, the log
// of what it does not know, a machine without ACPI.
#include <catch.h>

#include <string>

#include "simulator.h"

using vigil::tests::answer;
using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::simulator;
using vigil::tests::words;

namespace {

// The answer to one qtest line.
// Programs the PIIX4's power block to 600h.
void open_power_block(connection& qtest)
{
    for (const char* line : {"outl 0xcf8 0x80000b40", "outl 0xcfc 0x601", "outl 0xcf8 0x80000b80", "outb 0xcfc 0x01"}) {
        CHECK(answer(qtest, line) == "OK");
    }
}

} // namespace

TEST_CASE("firmware: software that enables ACPI sees SCI_EN")
{
    simulator sim;
    connection qtest = sim.program.connect("qtest");
    open_power_block(qtest);
    CHECK(answer(qtest, "inw 0x604") == "OK 0x0000");
    CHECK(answer(qtest, "outb 0xb2 0xf1") == "OK");
    CHECK(answer(qtest, "inw 0x604") == "OK 0x0001");
}

TEST_CASE("firmware: the keyboard controller's output port resets the machine")
{
    simulator sim({"-qmp-schema", "7.2"});
    connection client = sim.qmp();
    connection qtest = sim.program.connect("qtest");
    CHECK(answer(qtest, "outb 0x64 0xd1") == "OK");
    CHECK(answer(qtest, "outb 0x60 0xde") == "OK");
    const std::string heard = client.read_line();
    CHECK(contains(heard, "\"RESET\""));
    CHECK(contains(heard, "\"guest-reset\""));
}

TEST_CASE("firmware: a command that the keyboard controller does not know is in the log of guest errors alone")
{
    for (const bool logged : {true, false}) {
        simulator sim(logged ? words{"-d", "guest_errors"} : words{});
        connection qtest = sim.program.connect("qtest");
        CHECK(answer(qtest, "outb 0x64 0x21") == "OK");
        CHECK(contains(sim.place.printed(), "unsupported keyboard cmd=0x21") == logged);
    }
}

TEST_CASE("firmware: without ACPI a pc neither sleeps nor wakes")
{
    for (const words& option : {words{"-no-acpi"}, words{"-machine", "acpi=off"}}) {
        simulator sim(option);
        connection client = sim.qmp();
        connection qtest = sim.program.connect("qtest");
        open_power_block(qtest);
        CHECK(answer(qtest, "outw 0x604 0x2000") == "OK");
        CHECK(answer(qtest, "inw 0x604") == "OK 0xffff");
        client.send("{\"execute\": \"query-current-machine\"}");
        CHECK(client.read_line() == "{\"return\": {\"wakeup-suspend-support\": false}}");
        client.send("{\"execute\": \"system_wakeup\"}");
        CHECK(contains(client.read_line(), "wake-up from suspend is not supported by this guest"));
    }
}

TEST_CASE("firmware: what the keyboard controller was told goes with a migration")
{
    simulator sim;
    connection client = sim.qmp();
    connection qtest = sim.program.connect("qtest");
    CHECK(answer(qtest, "outb 0xb2 0x5a") == "OK");
    CHECK(answer(qtest, "outb 0x64 0xaa") == "OK"); // 55 is to be read
    CHECK(answer(qtest, "outb 0x64 0xd1") == "OK"); // and a byte is awaited
    const std::string file = "file:" + (sim.place.path / "machine").string();
    client.send("{\"execute\": \"stop\"}");
    CHECK(contains(client.read_line(), "\"STOP\""));
    CHECK(contains(client.read_line(), "\"return\""));
    client.send("{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"" + file + "\"}}");
    CHECK(contains(client.read_line(), "\"return\""));
    client.send("{\"execute\": \"query-migrate\"}");
    CHECK(contains(client.read_line(), "\"completed\""));

    simulator other({"-incoming", file});
    connection heard = other.qmp();
    connection there = other.program.connect("qtest");
    CHECK(answer(there, "inb 0xb2") == "OK 0x005a");
    CHECK(answer(there, "inb 0x64") == "OK 0x001d");
    CHECK(answer(there, "inb 0x60") == "OK 0x0055");
    CHECK(answer(there, "outb 0x60 0xde") == "OK");
    CHECK(contains(heard.read_line(), "\"RESET\""));
}
