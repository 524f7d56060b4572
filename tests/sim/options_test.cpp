// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <string>
#include <vector>

#include <vigil/sim/options.h>

using namespace vigil;
using qmp_bridge::chardev;
using qmp_bridge::option_error;
using qmp_bridge::pump;
using sim::machine_type;
using sim::sim_options;

namespace {

using words = std::vector<std::string>;

sim_options accepted(const words& arguments)
{
    auto parsed = sim::parse_options(arguments);
    if (const auto* error = std::get_if<option_error>(&parsed)) FAIL("refused: " << error->text);
    return std::get<sim_options>(parsed);
}

std::string refused(const words& arguments)
{
    auto parsed = sim::parse_options(arguments);
    const auto* error = std::get_if<option_error>(&parsed);
    return error != nullptr ? error->text : "(accepted)";
}

} // namespace

TEST_CASE("options: defaults are a running pc with 128 MiB, paced by the wall clock, speaking 2.10")
{
    const sim_options options = accepted({});
    CHECK(options.machine.type == machine_type::pc);
    CHECK(options.machine.ram_bytes == 128U * 1024 * 1024);
    CHECK(options.machine.default_vga);
    CHECK_FALSE(options.start_stopped);
    CHECK(options.pump.time == pump::pace::paced);
    CHECK(options.pump.factor_millionths == 1'000'000);
    CHECK(options.words == qmp_bridge::vocabulary::v2_10);
    CHECK(options.actions.watchdog == runstate::watchdog_action::reset);
}

TEST_CASE("options: one dash or two, and the accelerator decides who drives the clock")
{
    CHECK(accepted({"-machine", "q35"}).machine.type == machine_type::q35);
    CHECK(accepted({"--machine", "q35,accel=qtest"}).pump.time == pump::pace::driven);
    CHECK(accepted({"-accel", "qtest"}).pump.time == pump::pace::driven);
    CHECK(accepted({"-accel", "tcg"}).pump.time == pump::pace::paced);
    CHECK(accepted({"-accel", "qtest", "-accel", "tcg"}).pump.time == pump::pace::driven);
    CHECK(accepted({"-accel", "qtest", "-clock", "free"}).pump.time == pump::pace::free);
    const sim_options paced = accepted({"-clock", "paced,factor=2.5"});
    CHECK(paced.pump.factor_millionths == 2'500'000);
}

TEST_CASE("options: later actions win, and each spelling sets the same variable")
{
    using runstate::shutdown_action;
    CHECK(accepted({"-no-shutdown", "-action", "shutdown=poweroff"}).actions.shutdown == shutdown_action::poweroff);
    CHECK(accepted({"-action", "shutdown=poweroff", "-no-shutdown"}).actions.shutdown == shutdown_action::pause);
    const auto actions = accepted({"-action", "reboot=shutdown,panic=exit-failure,watchdog=inject-nmi"}).actions;
    CHECK(actions.reboot == runstate::reboot_action::shutdown);
    CHECK(actions.panic == runstate::panic_action::exit_failure);
    CHECK(actions.watchdog == runstate::watchdog_action::inject_nmi);
    CHECK(accepted({"-watchdog-action", "pause"}).actions.watchdog == runstate::watchdog_action::pause);
    CHECK(accepted({"-no-reboot"}).actions.reboot == runstate::reboot_action::shutdown);
}

TEST_CASE("options: chardevs in the short and the long form")
{
    const sim_options options =
        accepted({"-qmp", "unix:/tmp/a,,b,server=on,wait=off", "-qmp", "tcp:localhost:4444,server,nowait", "-mon",
                  "chardev=m,mode=control,pretty=on", "-chardev", "socket,id=m,path=/tmp/c", "-qtest", "unix:/tmp/t"});
    REQUIRE(options.monitors.size() == 3);
    CHECK(options.monitors[0].where.path == "/tmp/a,b");
    CHECK(options.monitors[0].where.server);
    CHECK_FALSE(options.monitors[0].where.wait);
    CHECK(options.monitors[1].where.kind == chardev::transport::tcp);
    CHECK(options.monitors[1].where.host == "localhost");
    CHECK(options.monitors[1].where.port == "4444");
    CHECK_FALSE(options.monitors[1].where.wait);
    CHECK(options.monitors[2].where.path == "/tmp/c");
    CHECK_FALSE(options.monitors[2].where.server);
    CHECK(options.monitors[2].pretty);
    REQUIRE(options.qtest);
    CHECK_FALSE(options.qtest->server);
    CHECK(accepted({"-chardev", "socket,id=m,fd=3", "-mon", "m,mode=control"}).monitors.at(0).where.fd == 3);
}

TEST_CASE("options: a device's address is slot and function, hexadecimal")
{
    const sim_options options = accepted({"-device", "i6300esb,addr=1d.4,id=wdt", "-device", "i6300esb,addr=0x1e"});
    REQUIRE(options.machine.devices.size() == 2);
    REQUIRE(options.machine.devices[0].address);
    CHECK(options.machine.devices[0].address->slot == 0x1D);
    CHECK(options.machine.devices[0].address->function == 4);
    CHECK(options.machine.devices[0].id == "wdt");
    CHECK(options.machine.devices[1].address->slot == 0x1E);
}

TEST_CASE("options: a device can be written as a JSON object")
{
    const sim_options options =
        accepted({"-device", R"({"driver": "i6300esb", "addr": "1d.4", "id": "a,b"})", "-device",
                  R"({'driver': 'i6300esb', 'addr': 17})", "-device", R"({"driver": "pvpanic", "ioport": 1286})"});
    REQUIRE(options.machine.devices.size() == 3);
    CHECK(options.machine.devices[0].id == "a,b");
    REQUIRE(options.machine.devices[0].address);
    CHECK(options.machine.devices[0].address->slot == 0x1D);
    CHECK(options.machine.devices[0].address->function == 4);
    REQUIRE(options.machine.devices[1].address);
    CHECK(options.machine.devices[1].address->slot == 2);
    CHECK(options.machine.devices[1].address->function == 1);
    CHECK(options.machine.devices[2].ioport == 1286);
    for (const char* wrong : {"{", "{}", "{} x", R"({"driver": ["i6300esb"]})", R"({"driver": "i6300esb"} {})",
                              R"({"driver": "i6300esb", "addr": -1})", R"({"driver": "i6300esb", "id,addr": "1"})",
                              R"({"driver": "i6300esb", "nope": 1})"}) {
        INFO(wrong);
        CHECK(std::holds_alternative<qmp_bridge::option_error>(sim::parse_options({"-device", wrong})));
    }
}

TEST_CASE("options: sibling devices have their own properties, CPUs their crash MSRs")
{
    const sim_options options =
        accepted({"-device", "pvpanic,ioport=0x506,events=1", "-device", "pvpanic-pci,addr=5", "-device", "ib700",
                  "-cpu", "host,hv-crash=on,+x2apic", "-smp", "4,sockets=2"});
    REQUIRE(options.machine.devices.size() == 3);
    CHECK(options.machine.devices[0].ioport == 0x506);
    CHECK(options.machine.devices[0].events == 1);
    REQUIRE(options.machine.devices[1].address);
    CHECK(options.machine.devices[1].address->slot == 5);
    CHECK(options.machine.hyperv_crash);
    CHECK(options.machine.cpus == 4);
    CHECK(accepted({"-cpu", "qemu64,+hv-crash"}).machine.hyperv_crash);
    CHECK_FALSE(accepted({"-cpu", "qemu64"}).machine.hyperv_crash);
    CHECK(refused({"-device", "ib700,addr=2"}) == "-device ib700,addr=2: Property 'ib700.addr' not found");
    CHECK(refused({"-device", "pvpanic,ioport=0x10000"}) == "-device pvpanic,ioport=0x10000: Property 'pvpanic.ioport' "
                                                            "doesn't take value '0x10000'; use a number from 0 to "
                                                            "65535");
    CHECK(refused({"-smp", "0"}) == "-smp 0: Parameter 'cpus' expects a number from 1 to 255, not '0'");
}

TEST_CASE("options: what is known in QEMU and means nothing here is accepted")
{
    accepted({"-display", "none", "-vga", "none", "-nodefaults", "-cpu", "qemu64", "-serial", "none", "-msg",
              "timestamp=on", "-monitor", "none", "-nographic", "-no-user-config"});
}

TEST_CASE("options: a refusal says which option, what is wrong, and what would be right")
{
    struct {
        words arguments;
        std::string text;
    } const rows[] = {
        {{"-devise", "i6300esb"}, "-devise: invalid option; did you mean '-device'?"},
        {{"-zzzzzzzzzz"}, "-zzzzzzzzzz: invalid option"},
        {{"disk.img"}, "disk.img: not an option; options begin with '-', see -help"},
        {{"-device"}, "-device: requires an argument"},
        {{"-device", "i6300esp"},
         "-device i6300esp: 'i6300esp' is not a valid device model name; did you mean 'i6300esb'?"},
        {{"-device", "i6300esb,color=red"}, "-device i6300esb,color=red: Property 'i6300esb.color' not found"},
        {{"-device", "i6300esb,addr=20"},
         "-device i6300esb,addr=20: Property 'i6300esb.addr' doesn't take value '20'; use SLOT or SLOT.FUNCTION, "
         "hexadecimal, as in addr=1d.4"},
        {{"-device", "i6300esb,id=a", "-device", "i6300esb,id=a"},
         "-device i6300esb,id=a: Duplicate ID 'a' for device"},
        {{"-machine", "pd"}, "-machine pd: unsupported machine type 'pd'; did you mean 'pc'?"},
        {{"-machine", "pc,smm=maybe"},
         "-machine pc,smm=maybe: Parameter 'smm' does not accept value 'maybe'; use on, off or auto"},
        {{"-machine", "q35,acpi=1"},
         "-machine q35,acpi=1: Parameter 'acpi' does not accept value '1'; use on, off or auto"},
        {{"-machine", "pc,i8042=auto"}, "-machine pc,i8042=auto: Parameter 'i8042' expects 'on' or 'off'"},
        {{"-machine", "none,i8042=off"}, "-machine none,i8042=off: Property 'none-machine.i8042' not found"},
        {{"-machine", "none", "-no-acpi"}, "-no-acpi: Property 'none-machine.acpi' not found"},
        {{"-machine", "smm=off", "-machine", "none"}, "-machine none: Property 'none-machine.smm' not found"},
        {{"-accel", "qtset"}, "-accel qtset: invalid accelerator qtset; did you mean 'qtest'?"},
        {{"-watchdog-action", "bogus"}, "-watchdog-action bogus: Parameter 'watchdog' does not accept value 'bogus'"},
        {{"-action", "panic=poweroff"}, "-action panic=poweroff: Parameter 'panic' does not accept value 'poweroff'"},
        {{"-action", "dog=pause"}, "-action dog=pause: Invalid parameter 'dog'"},
        {{"-action", "panic=none"}, "-action: Parameter 'panic' does not accept value 'none'"},
        {{"-clock", "fast"}, "-clock fast: 'fast' is not a clock mode; use driven, paced[,factor=F] or free"},
        {{"-clock", "paced,factor=0"},
         "-clock paced,factor=0: Parameter 'factor' expects a number from 0.000001 to 1000000, not '0'"},
        {{"-qmp-schema", "3.0"}, "-qmp-schema 3.0: '3.0' is not a schema; use 2.10 or 7.2"},
        {{"-m", "12Q"},
         "-m 12Q: Parameter 'size' expects a size from 1B to 1T, as in -m 128 (MiB) or -m 1G, not '12Q'"},
        {{"-uuid", "1234"},
         "-uuid 1234: failed to parse UUID string '1234': it must look like 11111111-2222-3333-4444-555555555555"},
        {{"-qmp", "pipe:/tmp/x"},
         "-qmp pipe:/tmp/x: 'pipe:/tmp/x' is not a valid char driver here; use unix:PATH, tcp:HOST:PORT, stdio or "
         "null"},
        {{"-qmp", "unix:/tmp/x,server=maybe"},
         "-qmp unix:/tmp/x,server=maybe: 'unix:/tmp/x,server=maybe': Parameter 'server' expects 'on' or 'off'"},
        {{"-mon", "chardev=m,mode=control"}, "-qmp or -mon: chardev 'm' not found"},
        {{"-d", "in_asm"}, "-d in_asm: 'in_asm' is not a log item; the one there is: guest_errors"},
        {{"-timeline"}, "-timeline: needs -qmp unix:PATH,server=on,wait=off before any other monitor"},
    };
    for (const auto& row : rows) CHECK(refused(row.arguments) == row.text);
    accepted({"-qmp-schema", "7.2", "-action", "panic=none"});
}

TEST_CASE("options: what a machine's chipset has is switched by its properties, and the last word counts")
{
    const auto standard = accepted({"-machine", "pc"}).machine;
    CHECK(standard.acpi);
    CHECK(standard.i8042);
    CHECK(standard.power_block.smm);
    CHECK_FALSE(standard.power_block.smm_compat);
    CHECK(standard.power_block.s4_value == 2);
    const auto bare = accepted({"-machine", "pc,acpi=off,smm=off,i8042=off"}).machine;
    CHECK_FALSE(bare.acpi);
    CHECK_FALSE(bare.i8042);
    CHECK_FALSE(bare.power_block.smm);
    CHECK_FALSE(accepted({"-no-acpi"}).machine.acpi);
    CHECK_FALSE(accepted({"-M", "q35", "-no-acpi"}).machine.acpi);
    CHECK(accepted({"-no-acpi", "-machine", "acpi=auto"}).machine.acpi);
    CHECK_FALSE(accepted({"-machine", "acpi=on", "-no-acpi"}).machine.acpi);
    CHECK_FALSE(accepted({"-machine", "i8042=off", "-machine", "q35"}).machine.i8042);
    CHECK(accepted({"-machine", "pc,smm=off", "-machine", "smm=on"}).machine.power_block.smm);
}

TEST_CASE("options: a refusal is one line, whatever it quotes")
{
    CHECK(refused({"-device", "a\nb"}) == "-device a?b: 'a?b' is not a valid device model name");
    CHECK(refused({"-device", R"({"driver": "\t\u0000\u007f\u00e9"})"}).find("'???\xC3\xA9' is not") !=
          std::string::npos);
    CHECK(refused({"\r-S"}) == "?-S: not an option; options begin with '-', see -help");
    CHECK(refused({"-qmp", "unix:\n,wait=\x1B"}).find('\x1B') == std::string::npos);
}

TEST_CASE("options: the help lists every option, and which have no effect")
{
    const std::string help = sim::help_text();
    for (const char* option :
         {"-machine", "-accel",   "-device", "-action",     "-watchdog-action", "-no-shutdown", "-no-reboot",
          "-S",       "-name",    "-uuid",   "-nodefaults", "-display",         "-vga",         "-m",
          "-qmp",     "-chardev", "-mon",    "-qtest",      "-qtest-log",       "-clock",       "-qmp-schema",
          "-pidfile", "-d",       "-help",   "-version",    "-guest-trace"}) {
        INFO(option);
        CHECK(help.find(std::string("  ") + option) != std::string::npos);
    }
    CHECK(help.find("Accepted without effect") != std::string::npos);
}

TEST_CASE("options: -sandbox denies all that it can, except what its keys allow")
{
    using privileges = sim::sandbox_rules::privileges;
    CHECK_FALSE(accepted({}).sandbox);
    CHECK_FALSE(accepted({"-sandbox", "off"}).sandbox);
    const auto plain = accepted({"-sandbox", "on"}).sandbox;
    REQUIRE(plain);
    CHECK_FALSE((plain->obsolete || plain->spawn || plain->resourcecontrol));
    CHECK(plain->elevateprivileges == privileges::deny);
    const auto keys =
        accepted({"-sandbox", "on,obsolete=allow,elevateprivileges=children,spawn=allow,resourcecontrol=deny"}).sandbox;
    REQUIRE(keys);
    CHECK((keys->obsolete && keys->spawn && !keys->resourcecontrol));
    CHECK(keys->elevateprivileges == privileges::children);
    CHECK(refused({"-sandbox", "on,spawn=x"}) ==
          "-sandbox on,spawn=x: Parameter 'spawn' expects allow or deny, not 'x'");
    CHECK(refused({"-sandbox", "on,elevateprivileges=x"}) ==
          "-sandbox on,elevateprivileges=x: Parameter 'elevateprivileges' expects allow, deny or children, not 'x'");
    CHECK(refused({"-sandbox", "on,x=allow"}) == "-sandbox on,x=allow: Invalid parameter 'x'");
}

TEST_CASE("options: a daemon has no standard input and output to serve")
{
    CHECK(accepted({"-daemonize"}).daemonize);
    CHECK(refused({"-daemonize", "-qmp", "stdio"}) == "cannot use stdio with -daemonize");
    CHECK(refused({"-qmp", "stdio", "-daemonize"}) == "cannot use stdio with -daemonize");
}
