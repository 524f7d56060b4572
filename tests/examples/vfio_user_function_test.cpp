// SPDX-License-Identifier: Apache-2.0
// The example function for another machine, as that machine meets it.
#include <catch.h>

#include <string>

#include <program_under_test.h>
#include <vfio_machine.h>

using namespace vigil::tests;

TEST_CASE("vfio-user function: adds what the machine writes, and interrupts it once at a hundred")
{
    const workspace place;
    const std::string socket = (place.path / "s").string();
    process program({VIGIL_VFIO_USER_FUNCTION, "unix:" + socket}, place);
    const machine_side machine(socket);
    machine.attach();
    CHECK(machine.read(k_config, 0, 4) == 0x0ADD1234);
    const descriptor event = event_file();
    REQUIRE(error_in(machine.ask(irq_request(0x24, wire::irq_intx, 0, 1), with(copy_of(event)))) == 0);
    for (const unsigned part : {40U, 59U}) machine.write(k_bar0, 4, part, 4);
    CHECK(machine.read(k_bar0, 0, 4) == 99);
    CHECK(taken_from(event) == 0);
    machine.write(k_bar0, 4, 1, 4);
    CHECK(machine.read(k_bar0, 0, 4) == 100);
    CHECK((machine.read(k_config, 6, 1) & 8) == 8);
    CHECK(taken_from(event) == 1);
    machine.write(k_bar0, 0, 0, 4);
    CHECK((machine.read(k_config, 6, 1) & 8) == 0);
    CHECK(taken_from(event) == 0);
}
