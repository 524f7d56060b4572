// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <string>
#include <vector>

#include <vigil/sim/options/option_rows.h>
#include <vigil/sim/options/options.h>

using namespace vigil;
using qmp_bridge::chardev;
using qmp_bridge::pace;
using sim::machine_type;
using sim::sim_options;

namespace {

using words = std::vector<std::string>;

sim_options accepted(const words& arguments)
{
    auto parsed = sim::parse_options(arguments);
    if (!parsed) FAIL("refused: " << parsed.why().text);
    return *std::move(parsed);
}

std::string refused(const words& arguments)
{
    auto parsed = sim::parse_options(arguments);
    return parsed ? "(accepted)" : parsed.why().text;
}

// Where a device is to go: slot·8 + function.
std::int64_t place(const sim::device_request& device)
{
    const sim::device_value* value = device.values.find("addr");
    return value != nullptr ? std::get<std::int64_t>(*value) : -1;
}

} // namespace

TEST_CASE("options: defaults are a running pc with 128 MiB, paced by the wall clock, speaking 2.10")
{
    const sim_options options = accepted({});
    CHECK(options.machine.type == machine_type::pc);
    CHECK(options.machine.ram_bytes == 128U * 1024 * 1024);
    CHECK(options.machine.default_vga);
    CHECK_FALSE(options.start_stopped);
    CHECK(options.time.time == pace::paced);
    CHECK(options.time.factor_millionths == 1'000'000);
    CHECK(options.words == qmp_bridge::vocabulary::v2_10);
    CHECK(options.actions.watchdog == runstate::watchdog_action::reset);
}

TEST_CASE("options: one dash or two, and the accelerator decides who drives the clock")
{
    CHECK(accepted({"-machine", "q35"}).machine.type == machine_type::q35);
    CHECK(accepted({"--machine", "q35,accel=qtest"}).time.time == pace::driven);
    CHECK(accepted({"-accel", "qtest"}).time.time == pace::driven);
    CHECK(accepted({"-accel", "tcg"}).time.time == pace::paced);
    CHECK(accepted({"-accel", "qtest", "-accel", "tcg"}).time.time == pace::driven);
    CHECK(accepted({"-accel", "qtest", "-clock", "free"}).time.time == pace::free);
    const sim_options paced = accepted({"-clock", "paced,factor=2.5"});
    CHECK(paced.time.factor_millionths == 2'500'000);
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
    CHECK(place(options.machine.devices[0]) == 0x1D * 8 + 4);
    CHECK(options.machine.devices[0].id == "wdt");
    CHECK(place(options.machine.devices[1]) == 0x1E * 8);
}

TEST_CASE("options: a device can be written as a JSON object")
{
    const sim_options options =
        accepted({"-device", R"({"driver": "i6300esb", "addr": "1d.4", "id": "a,b"})", "-device",
                  R"({'driver': 'i6300esb', 'addr': 17})", "-device", R"({"driver": "pvpanic", "ioport": 1286})"});
    REQUIRE(options.machine.devices.size() == 3);
    CHECK(options.machine.devices[0].id == "a,b");
    CHECK(place(options.machine.devices[0]) == 0x1D * 8 + 4);
    CHECK(place(options.machine.devices[1]) == 17);
    CHECK(options.machine.devices[2].values.number("ioport") == 1286);
    for (const char* wrong : {"{", "{}", "{} x", R"({"driver": ["i6300esb"]})", R"({"driver": "i6300esb"} {})",
                              R"({"driver": "i6300esb", "addr": -2})", R"({"driver": "i6300esb", "id,addr": "1"})",
                              R"({"driver": "i6300esb", "nope": 1})"}) {
        INFO(wrong);
        CHECK_FALSE(sim::parse_options({"-device", wrong}));
    }
}

TEST_CASE("options: sibling devices have their own properties, CPUs their crash MSRs")
{
    const sim_options options =
        accepted({"-device", "pvpanic,ioport=0x506,events=1", "-device", "pvpanic-pci,addr=5", "-device", "ib700",
                  "-accel", "kvm", "-cpu", "host,hv-crash=on,+x2apic", "-smp", "4,sockets=2"});
    REQUIRE(options.machine.devices.size() == 3);
    CHECK(options.machine.devices[0].values.number("ioport") == 0x506);
    CHECK(options.machine.devices[0].values.number("events") == 1);
    CHECK(place(options.machine.devices[1]) == 5 * 8);
    CHECK(options.machine.hyperv_crash);
    CHECK(options.machine.cpus == 4);
    CHECK(accepted({"-cpu", "qemu64,+hv-crash"}).machine.hyperv_crash);
    CHECK_FALSE(accepted({"-cpu", "qemu64"}).machine.hyperv_crash);
    CHECK(refused({"-device", "ib700,addr=2"}) == "-device ib700,addr=2: Property 'ib700.addr' not found");
    CHECK(refused({"-device", "pvpanic,ioport=0x10000"}) ==
          "-device pvpanic,ioport=0x10000: Parameter 'ioport' expects "
          "uint16_t");
    CHECK(refused({"-smp", "x"}) == "-smp x: Parameter 'cpus' expects a number from 1 to 255, not 'x'");
    CHECK(accepted({"-smp", "0"}).machine.cpus == 1);
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
        {{"-clock", "fast"},
         "-clock fast: 'fast' is not a clock mode; use driven, paced[,factor=F][,stall=TIME] or free"},
        {{"-clock", "paced,factor=0"},
         "-clock paced,factor=0: Parameter 'factor' expects a number from 0.000001 to 1000000, not '0'"},
        {{"-qmp-schema", "3.0"}, "-qmp-schema 3.0: '3.0' is not a schema; use 2.10, 7.2, 10.0 or 11.1"},
        {{"-qemu-version", "8.0"},
         "-qemu-version 8.0: '8.0' is not a version that is stood in for; use 7.2, 10.0 or 11.1"},
        {{"-m", "12Q"},
         "-m 12Q: Parameter 'size' expects a size from 1B to 1T, as in -m 128 (MiB) or -m 1G, not '12Q'"},
        {{"-uuid", "1234"},
         "-uuid 1234: failed to parse UUID string '1234': it must look like 11111111-2222-3333-4444-555555555555"},
        {{"-qmp", "pipe:/tmp/x"},
         "-qmp pipe:/tmp/x: 'pipe:/tmp/x' is not a valid char driver here; use unix:PATH, tcp:HOST:PORT, stdio or "
         "null"},
        {{"-qmp", "unix:/tmp/x,server=maybe"},
         "-qmp unix:/tmp/x,server=maybe: 'unix:/tmp/x,server=maybe': Parameter 'server' expects 'on' or 'off'"},
        {{"-mon", "chardev=m,mode=control"}, "-mon chardev=m,mode=control: chardev \"m\" not found"},
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
    CHECK(standard.smm);
    const auto bare = accepted({"-machine", "pc,acpi=off,smm=off,i8042=off"}).machine;
    CHECK_FALSE(bare.acpi);
    CHECK_FALSE(bare.i8042);
    CHECK_FALSE(bare.smm);
    CHECK_FALSE(accepted({"-no-acpi"}).machine.acpi);
    CHECK_FALSE(accepted({"-M", "q35", "-no-acpi"}).machine.acpi);
    CHECK(accepted({"-no-acpi", "-machine", "acpi=auto"}).machine.acpi);
    CHECK_FALSE(accepted({"-machine", "acpi=on", "-no-acpi"}).machine.acpi);
    CHECK_FALSE(accepted({"-machine", "i8042=off", "-machine", "q35"}).machine.i8042);
    CHECK(accepted({"-machine", "pc,smm=off", "-machine", "smm=on"}).machine.smm);
}

TEST_CASE("options: a refusal is one line, whatever it quotes")
{
    CHECK(refused({"-device", "a\nb"}) == "-device a?b: 'a?b' is not a valid device model name");
    CHECK(refused({"-device", R"({"driver": "\t\u0000\u007f\u00e9"})"}).find("'???\xC3\xA9' is not") !=
          std::string::npos);
    CHECK(refused({"\r-S"}) == "?-S: not an option; options begin with '-', see -help");
    CHECK(refused({"-qmp", "unix:\n,wait=\x1B"}).find('\x1B') == std::string::npos);
}

TEST_CASE("options: so is a warning")
{
    const auto warned = [](const std::vector<std::string>& arguments) {
        const auto warnings = accepted(arguments).warnings;
        return warnings.size() == 1 ? warnings.front() : "of " + std::to_string(warnings.size());
    };
    CHECK(warned({"-global", "a\nb.c=d"}).find("a?b") != std::string::npos);
    CHECK(warned({"-d", "trace:\n"}) == "warning: trace event '?' does not exist");
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

namespace {

// Reads of configuration files see this content, whatever their name.
runstate::result<sim_options> with_config(const std::string& content, words arguments = {},
                                          qmp_bridge::option_place* where = nullptr)
{
    arguments.insert(arguments.end(), {"-readconfig", "F"});
    return sim::parse_options(
        arguments, [&](const std::string&) { return runstate::result<std::string>(content); }, where);
}

sim_options configured(const std::string& content, const words& arguments = {})
{
    auto parsed = with_config(content, arguments);
    if (!parsed) FAIL("refused: " << parsed.why().text);
    return *std::move(parsed);
}

std::string refused_config(const std::string& content)
{
    qmp_bridge::option_place where;
    const auto parsed = with_config(content, {}, &where);
    if (parsed) return "(accepted)";
    return where.in_file ? ":" + parsed.why().text : parsed.why().text;
}

std::uint64_t number(const sim_options& options, const char* property)
{
    return options.machine.devices.at(0).values.number(property);
}

} // namespace

TEST_CASE("options: a default set with -global reaches devices that come before and after it")
{
    CHECK(number(accepted({"-global", "pvpanic.events=1", "-device", "pvpanic"}), "events") == 1);
    CHECK(number(accepted({"-device", "pvpanic", "-global", "pvpanic.ioport=1296"}), "ioport") == 1296);
    CHECK(number(accepted({"-global", "driver=pvpanic,property=events,value=0x2", "-device", "pvpanic"}), "events") ==
          2);
    CHECK(number(accepted({"-global", "pvpanic.events=1", "-global", "pvpanic.events=2", "-device", "pvpanic"}),
                 "events") == 2);
    CHECK(number(accepted({"-device", "pvpanic,events=3", "-global", "pvpanic.events=1"}), "events") == 3);
    const auto inherited = accepted({"-global", "pci-device.multifunction=on", "-device", "i6300esb"});
    CHECK(inherited.machine.devices.at(0).values.flag("multifunction"));
    const auto q35 = accepted({"-M", "q35", "-global", "ICH9-LPC.s4_val=5", "-global", "ICH9-LPC.noreboot=off"});
    CHECK(q35.machine.power_management.number("s4_val") == 5);
    REQUIRE(q35.machine.power_management.find("noreboot") != nullptr);
    CHECK_FALSE(q35.machine.power_management.flag("noreboot"));
    const auto newer = accepted({"-M", "q35", "-global", "ICH9-LPC.x-smi-swsmi-timer=off", "-qemu-version", "10.0"});
    REQUIRE(newer.machine.power_management.find("x-smi-swsmi-timer") != nullptr);
    CHECK_FALSE(newer.machine.power_management.flag("x-smi-swsmi-timer"));
    CHECK(accepted({"-global", "PIIX4_PM.s4_val=3"}).machine.power_management.number("s4_val") == 3);
    CHECK(accepted({"-global", "qemu64-x86_64-cpu.hv-crash=on"}).machine.hyperv_crash);
    CHECK_FALSE(accepted({"-global", "cpu.hv-crash=on", "-cpu", "qemu64,hv-crash=off"}).machine.hyperv_crash);
}

TEST_CASE("options: a default that a device or the machine cannot have is refused, and one for nothing is warned of")
{
    struct {
        words arguments;
        std::string text;
    } const rows[] = {
        {{"-global", "bogus=x"}, "-global bogus=x: Invalid parameter 'bogus'"},
        {{"-global", ".x=1"}, "-global .x=1: Invalid parameter '.x'"},
        {{"-global", ""}, "-global: options 'driver', 'property', and 'value' are required"},
        {{"-global", "driver=x,property=y"},
         "-global driver=x,property=y: options 'driver', 'property', and 'value' are required"},
        {{"-M", "q35", "-global", "ICH9-LPC.bogus=1"},
         "can't apply global ICH9-LPC.bogus=1: Property 'ICH9-LPC.bogus' not found"},
        {{"-M", "q35", "-global", "ICH9-LPC.x-smi-periodic-timer=on"},
         "can't apply global ICH9-LPC.x-smi-periodic-timer=on: Property 'ICH9-LPC.x-smi-periodic-timer' not found"},
        {{"-M", "q35", "-qemu-version", "11.1", "-global", "ICH9-LPC.x-smi-periodic-timer=bogus"},
         "can't apply global ICH9-LPC.x-smi-periodic-timer=bogus: Parameter 'x-smi-periodic-timer' expects 'on' or "
         "'off'"},
        {{"-M", "q35", "-global", "ICH9-LPC.noreboot=1"},
         "can't apply global ICH9-LPC.noreboot=1: Parameter 'noreboot' expects 'on' or 'off'"},
        {{"-M", "q35", "-global", "ICH9-LPC.pm_io_base=1"},
         "can't apply global ICH9-LPC.pm_io_base=1: Property 'ICH9-LPC.pm_io_base' is not writable"},
        {{"-device", "i6300esb", "-global", "i6300esb.bogus=1"},
         "-device i6300esb: can't apply global i6300esb.bogus=1: Property 'i6300esb.bogus' not found"},
        {{"-device", "ib700", "-global", "ib700.x=1"},
         "-device ib700: can't apply global ib700.x=1: Property 'ib700.x' not found"},
        {{"-device", "pvpanic", "-global", "pvpanic.events=300"},
         "-device pvpanic: can't apply global pvpanic.events=300: Parameter 'events' expects uint8_t"},
        {{"-device", "pvpanic", "-global", "pvpanic.events=-1"},
         "-device pvpanic: can't apply global pvpanic.events=-1: Parameter 'events' expects uint8_t"},
        {{"-device", "pvpanic", "-global", "pvpanic.events=x"},
         "-device pvpanic: can't apply global pvpanic.events=x: Parameter 'events' expects uint64"},
        {{"-global", "isa-device.events=1"},
         "can't apply global isa-device.events=1: Property 'isa-pcspk.events' not found"},
        {{"-global", "mc146818rtc.lost_tick_policy=bogus"},
         "can't apply global mc146818rtc.lost_tick_policy=bogus: Parameter 'lost_tick_policy' does not accept value "
         "'bogus'"},
        {{"-global", "port92.x=1"}, "can't apply global port92.x=1: Property 'port92.x' not found"},
    };
    for (const auto& row : rows) CHECK(refused(row.arguments) == row.text);
    CHECK(accepted({"-global", "bogus.x=1"}).warnings == words{"warning: global bogus.x has invalid class name"});
    CHECK(accepted({"-M", "q35", "-global", "PIIX4_PM.disable_s3=1"}).warnings ==
          words{"warning: global PIIX4_PM.disable_s3=1 not used"});
    for (const char* silent :
         {"i6300esb.bogus=1", "ICH9-LPC.bogus=1", "virtio-net-pci.romfile=", "PIIX4_PM.disable_s3=1",
          "mc146818rtc.lost_tick_policy=slew", "kvm-pit.lost_tick_policy=discard"}) {
        INFO(silent);
        CHECK(accepted({"-global", silent}).warnings.empty());
    }
}

TEST_CASE("options: -set changes an earlier option, and nothing that is not there")
{
    CHECK(number(accepted({"-device", "pvpanic,id=p", "-set", "device.p.events=1"}), "events") == 1);
    CHECK(accepted({"-device", "pvpanic,id=p", "-set", "device.p.driver=ib700"}).machine.devices.at(0).driver ==
          "ib700");
    struct {
        words arguments;
        std::string text;
    } const rows[] = {
        {{"-set", "device.nope.events=1"}, "-set device.nope.events=1: there is no device \"nope\" defined"},
        {{"-set", "device.p.events=1", "-device", "pvpanic,id=p"},
         "-set device.p.events=1: there is no device \"p\" defined"},
        {{"-device", R"({"driver": "pvpanic", "id": "p"})", "-set", "device.p.events=1"},
         "-set device.p.events=1: there is no device \"p\" defined"},
        {{"-set", "device.p"}, "-set device.p: can't parse: \"device.p\"; use GROUP.ID.KEY=VALUE"},
        {{"-set", "bogus.p.x=1"}, "-set bogus.p.x=1: There is no option group 'bogus'"},
        {{"-set", "machine.m.type=q35"}, "-set machine.m.type=q35: -set is not supported with machine"},
        {{"-device", "pvpanic,id=p", "-set", "device.p.bogus=1"},
         "-device pvpanic,id=p: Property 'pvpanic.bogus' not found"},
    };
    for (const auto& row : rows) CHECK(refused(row.arguments) == row.text);
}

TEST_CASE("options: a configuration file says what options say")
{
    const std::string file = "# a machine\n"
                             "[machine]\n  type = \"q35\"\n  accel = \"qtest\"\n"
                             "[global]\n driver = \"pvpanic\"\n property = \"events\"\n value = \"1\"\n"
                             "[chardev \"m\"]\n backend = \"socket\"\n path = \"/tmp/x\"\n server = \"on\"\n"
                             "[mon \"m\"]\r\n chardev = \"m\"\r\n mode = \"control\"\r\n"
                             "[memory]\n size = \"64M\"\n[smp-opts]\n cpus = \"2\"\n"
                             "[action]\n watchdog = \"pause\"\n\n"
                             "[device \"d\"\n driver = \"pvpanic\" and so on\n";
    const sim_options options = configured(file);
    CHECK(options.machine.type == machine_type::q35);
    CHECK(options.time.time == pace::driven);
    REQUIRE(options.monitors.size() == 1);
    CHECK(options.monitors[0].where.path == "/tmp/x");
    CHECK(options.machine.ram_bytes == 64U << 20);
    CHECK(options.machine.cpus == 2);
    CHECK(options.actions.watchdog == runstate::watchdog_action::pause);
    CHECK(options.machine.devices.at(0).id == "d");
    CHECK(number(options, "events") == 1);
    CHECK(configured("[machine]\n type = \"q35\"\n", {"-M", "pc"}).machine.type == machine_type::q35);
    CHECK(configured("[global]\n driver = \"bogus\"\n").warnings.empty());
}

TEST_CASE("options: a wrong configuration file is refused with its name and line")
{
    struct {
        std::string content;
        std::string text;
    } const rows[] = {
        {"x\n", ":F:1: no group defined"},
        {" [x]\n", ":F:1: no group defined"},
        {"[watchdog-action]\n a = \"b\"\n", ":F:2: There is no option group 'watchdog-action'"},
        {"[nope]\n", "-readconfig F: There is no option group 'nope'"},
        {"[mon]\n chardev = \"x\"\n foo = \"1\"\n", ":F:3: Invalid parameter 'foo'"},
        {"[device]\n driver = \"i6300esb\"\n bogus = \"1\"\n", ":F:3: Property 'i6300esb.bogus' not found"},
        {"[device]\n driver = i6300esb\n", ":F:2: '' is not a valid device model name"},
        {"[device]\n driver=\"i6300esb\"\n", ":F:2: Parameter 'driver' is missing"},
        {"[device \"a\"]\n driver = \"ib700\"\n[device \"a\"]\n driver = \"ib700\"\n",
         ":F:4: Duplicate ID 'a' for device"},
        {"[chardev]\n backend = \"null\"\n", ":F:2: chardev: no id specified; add id=NAME"},
        {"[chardev \"c\"]\n backend = \"bogus\"\n",
         ":F:2: 'bogus' is not a valid char driver name; use socket, stdio or null"},
        {"[machine]\n bogus = \"1\"\n", ":F:2: Property 'pc-i440fx-7.2-machine.bogus' not found"},
        {"[global]\n driver = \"a\"\n foo = \"b\"\n", ":F:3: Invalid parameter 'foo'"},
    };
    for (const auto& row : rows) CHECK(refused_config(row.content) == row.text);
    CHECK(refused({"-readconfig", "/nonexistent"}) ==
          "-readconfig /nonexistent: Could not open '/nonexistent': No such file or directory");
    CHECK(refused({"-readconfig", "/"}) == "-readconfig /: Cannot read config file: Is a directory");
}

TEST_CASE("options: an id is an identifier")
{
    const std::string text = "Parameter 'id' expects an identifier; identifiers consist of letters, digits, '-', '.', "
                             "'_', starting with a letter";
    for (const char* wrong : {"", "1a", "a/b", "_a", "a b", "\xC3\xA9"}) {
        const std::string id(wrong);
        CHECK(refused({"-device", "i6300esb,id=" + id}) == "-device i6300esb,id=" + id + ": " + text);
        CHECK(refused({"-chardev", "null,id=" + id}) == "-chardev null,id=" + id + ": " + text);
        CHECK(refused({"-mon", "chardev=c,id=" + id}) == "-mon chardev=c,id=" + id + ": " + text);
        CHECK(refused({"-netdev", "user,id=" + id}) == "-netdev user,id=" + id + ": " + text);
        const std::string json = R"({"driver": "i6300esb", "id": ")" + id + "\"}";
        if (id != "\xC3\xA9") CHECK(accepted({"-device", json}).machine.devices.at(0).id == id);
    }
    CHECK(accepted({"-device", "i6300esb,id=a.B-9_,id=1"}).machine.devices.at(0).id == "a.B-9_");
    CHECK(refused({"-object", R"({"qom-type": "secret", "id": "1x"})"}).find("expects an identifier") !=
          std::string::npos);
    CHECK(refused({"-object", "secret"}) == "-object secret: Parameter 'id' is missing");
    CHECK(refused({"-device", "i6300esb,id=type"}) == "-device i6300esb,id=type: Duplicate device ID 'type'");
    CHECK(refused({"-device", "i6300esb,id=x", "-device", R"({"driver": "ib700", "id": "x"})"}) ==
          R"(-device {"driver": "ib700", "id": "x"}: Duplicate device ID 'x')");
    CHECK(refused({"-qmp", "null", "-chardev", "null,id=compat_monitor0"}) ==
          "-chardev null,id=compat_monitor0: Duplicate ID 'compat_monitor0' for chardev");
    CHECK(refused({"-chardev", "null,id=qtest", "-qtest", "null"}) == "-qtest null: Duplicate ID 'qtest' for chardev");
}

TEST_CASE("options: what libvirt gives to monitors, messages and the sandbox")
{
    const sim_options options =
        accepted({"-chardev", "null,id=c", "-mon", "chardev=c,id=monitor,mode=control", "-msg", "timestamp=on,id=x",
                  "-sandbox", "on,id=x", "-overcommit", "mem-lock=off,id=o", "-rtc", "base=utc,driftfix=slew", "-boot",
                  "strict=on", "-name", "guest=wd,debug-threads=on"});
    CHECK(options.monitors.size() == 1);
    CHECK(options.timestamps);
    CHECK(options.sandbox);
    CHECK(options.name == "wd");
    struct {
        words arguments;
        std::string text;
    } const rows[] = {
        {{"-chardev", "null,id=c", "-mon", "c,mode=control", "-mon", "chardev=c,mode=control"},
         "-mon chardev=c,mode=control: Device 'c' is in use"},
        {{"-mon", "mode=control"}, "-mon mode=control: Parameter 'chardev' is missing"},
        {{"-mon", "c,mode=bogus"}, "-mon c,mode=bogus: Parameter 'mode' does not accept value 'bogus'"},
        {{"-mon", "c,mode=control,default=on"}, "-mon c,mode=control,default=on: Invalid parameter 'default'"},
        {{"-mon", "c,mode=control,pretty=1"}, "-mon c,mode=control,pretty=1: Parameter 'pretty' expects 'on' or 'off'"},
        {{"-mon", "c,pretty=on"}, "-mon c,pretty=on: 'pretty' is not compatible with HMP monitors"},
        {{"-msg", "on"}, "-msg on: Invalid parameter 'on'"},
        {{"-sandbox", "maybe"}, "-sandbox maybe: Parameter 'enable' expects 'on' or 'off'"},
        {{"-overcommit", "bogus=1"}, "-overcommit bogus=1: Invalid parameter 'bogus'"},
        {{"-rtc", "base=bogus"},
         "-rtc base=bogus: invalid datetime format; valid formats: '2006-06-17T16:01:21' or '2006-06-17'"},
        {{"-rtc", "base=utc,id=x"}, "-rtc base=utc,id=x: Invalid parameter 'id'"},
        {{"-name", "a,id=x"}, "-name a,id=x: Invalid parameter 'id'"},
        {{"-m", "64,id=x"}, "-m 64,id=x: Invalid parameter 'id'"},
        {{"-boot", "bogus=1"}, "-boot bogus=1: Parameter 'boot.bogus' is unexpected"},
        {{"-boot", "z"}, "-boot z: Invalid boot device 'z'"},
        {{"-smp", "2,id=x"}, "-smp 2,id=x: Parameter 'smp.id' is unexpected"},
        {{"-smp", "4,sockets=3"},
         "-smp 4,sockets=3: Invalid CPU topology: product of the hierarchy must match maxcpus: sockets (3) * dies (1) "
         "* "
         "cores (1) * threads (1) != maxcpus (4)"},
    };
    for (const auto& row : rows) CHECK(refused(row.arguments) == row.text);
    CHECK_FALSE(accepted({"-sandbox", "off,spawn=bogus"}).sandbox);
    CHECK(accepted({"-smp", "cores=2,threads=2"}).machine.cpus == 4);
    CHECK(accepted({"-smp", "2,maxcpus=4"}).machine.cpus == 2);
}

TEST_CASE("options: the crash MSRs are a feature of the CPU, with QEMU's spellings")
{
    for (const char* on :
         {"qemu64,hv-crash", "qemu64,hv_crash", "qemu64,hv_crash=yes", "max,hv-crash=true", "max,+hv-crash",
          "max,hv-crash=off,hv-crash", "max,hv-crash=off,+hv-crash", "EPYC-v3,hv-crash"}) {
        INFO(on);
        CHECK(accepted({"-cpu", on}).machine.hyperv_crash);
    }
    for (const char* off : {"qemu64,hv-crash=off", "max,hv_crash=no", "max,-hv-crash,hv-crash",
                            "max,+hv-crash,-hv-crash", "max,hv-passthrough", "Skylake-Client-noTSX-IBRS"}) {
        INFO(off);
        CHECK_FALSE(accepted({"-cpu", off}).machine.hyperv_crash);
    }
    struct {
        const char* cpu;
        std::string text;
    } const rows[] = {
        {"qemu64,+hv_crash", "Property 'qemu64-x86_64-cpu.hv_crash' not found"},
        {"qemu64,-hv_crash", "Property 'qemu64-x86_64-cpu.hv_crash' not found"},
        {"qemu64,hv-crash=1",
         "can't apply global qemu64-x86_64-cpu.hv-crash=1: Parameter 'hv-crash' expects 'on' or 'off'"},
        {"max,HV-CRASH", "can't apply global max-x86_64-cpu.HV-CRASH=on: Property 'max-x86_64-cpu.HV-CRASH' not found"},
        {"max,bogus", "can't apply global max-x86_64-cpu.bogus=on: Property 'max-x86_64-cpu.bogus' not found"},
        {"bogus", "unable to find CPU model 'bogus'"},
        {"QEMU64", "unable to find CPU model 'QEMU64'"},
        {"host", "CPU model 'host' requires KVM or HVF"},
    };
    for (const auto& row : rows) CHECK(refused({"-cpu", row.cpu}) == "-cpu " + std::string(row.cpu) + ": " + row.text);
    CHECK(refused({"-cpu", ""}) == "-cpu: -cpu option cannot be empty");
}

TEST_CASE("options: every version of the machines is known, and their properties")
{
    for (const char* type : {"pc-i440fx-1.4", "pc-i440fx-2.12", "pc-i440fx-5.2"}) {
        CHECK(accepted({"-M", type}).machine.type == machine_type::pc);
        CHECK(accepted({"-M", type}).machine.name == type);
    }
    for (const char* type : {"pc-q35-2.4", "pc-q35-4.0.1", "pc-q35-7.1"}) {
        CHECK(accepted({"-M", type}).machine.type == machine_type::q35);
    }
    for (const char* type : {"pc-1.3", "pc-q35-2.3", "pc-i440fx-8.0", "pc-i440fx-3.2", "PC", "pc-i440fx-jammy"}) {
        CHECK(refused({"-M", type}).find("unsupported machine type") != std::string::npos);
    }
    accepted({"-M", "pc,i8042=on,nvdimm=off,usb=off,dump-guest-core=off,memory-backend=pc.ram,smm=auto"});
    CHECK(accepted({"-M", "pc,max-ram-below-4g=1G"}).machine.max_ram_below_4g == 1U << 30);
    CHECK(refused({"-M", "pc,max-ram-below-4g=5G"}).find("less than or equal to 4G") != std::string::npos);
    CHECK(refused({"-M", "q35,bogus=1"}) == "-M q35,bogus=1: Property 'pc-q35-7.2-machine.bogus' not found");
    CHECK(refused({"-M", "pc,accel=tcg", "-accel", "qtest"}) ==
          "-accel qtest: The -accel and \"-machine accel=\" options are incompatible");
}

TEST_CASE("options: what a PCI or an ISA device can be given")
{
    accepted({"-device", "i6300esb,multifunction=on,rombar=0,romfile=,acpi-index=3,x-pcie-lnksta-dllla=off"});
    const auto json =
        accepted({"-device", R"({"driver": "i6300esb", "multifunction": true, "addr": 48, "rombar": 0})"});
    CHECK(place(json.machine.devices.at(0)) == 48);
    struct {
        const char* device;
        std::string text;
    } const rows[] = {
        {"i6300esb,hotplugged=on", "Property 'i6300esb.hotplugged' is not writable"},
        {"i6300esb,parent_bus=x", "Property 'i6300esb.parent_bus' is not writable"},
        {"i6300esb,multifunction=1", "Parameter 'multifunction' expects 'on' or 'off'"},
        {"i6300esb,rombar=x", "Parameter 'rombar' expects integer"},
        {"isa-serial,irq=x", "Parameter 'irq' expects integer"},
        {"isa-serial,nope=1", "Property 'isa-serial.nope' not found"},
        {"isa-debugcon,id=type", "Duplicate device ID 'type'"},
        {"virtio-blk-pci,werror=foo,drive=d", "Parameter 'werror' does not accept value 'foo'"},
        {"virtio-balloon,nope=1", "Property 'virtio-balloon-pci.nope' not found"},
        {"qxl-vga,surfaces=x", "Parameter 'surfaces' expects integer"},
        {"qxl-vga,surfaces=99999999999", "Parameter 'surfaces' expects int32_t"},
        {"pcie-root-port,io-reserve=4z", "Parameter 'io-reserve' expects size"},
        {"pcie-root-port,x-speed=9", "Parameter 'x-speed' does not accept value '9'"},
        {"i6300esb,x-pcie-ext-tag=on", "Property 'i6300esb.x-pcie-ext-tag' not found"},
        {"i6300esb,rombar=0x100000000", "Parameter 'rombar' expects uint32_t"},
        {"pvpanic,events=256", "Parameter 'events' expects uint8_t"},
        {"ICH9-LPC", "Parameter 'driver' expects a pluggable device type"},
        {"", "Parameter 'driver' is missing"},
        {R"({"driver": "i6300esb", "multifunction": "on"})",
         "Invalid parameter type for 'multifunction', expected: boolean"},
        {R"({"driver": "i6300esb", "rombar": "0"})", "Parameter 'rombar' expects uint64"},
        {R"({"driver": "i6300esb")", "JSON parse error, premature EOI"},
        {R"({"driver": "i6300esb"} {})", "Expecting at most one JSON value"},
        {R"({"driver": 1})", "Parameter 'driver' is missing"},
    };
    for (const auto& row : rows) {
        const std::string option = *row.device != 0 ? "-device " + std::string(row.device) : "-device";
        CHECK(refused({"-device", row.device}) == option + ": " + row.text);
    }
    struct {
        const char* device;
        std::string text;
    } const later[] = {
        {"i6300esb,legacy-addr=1", "Property 'i6300esb.legacy-addr' not found"},
        {"i6300esb,x-pcie-extcap-init=on", "Property 'i6300esb.x-pcie-extcap-init' not found"},
        {"i6300esb,busnr=1", "Property 'i6300esb.busnr' is not writable"},
        {"i6300esb,rombar=99999999999", "Parameter 'rombar' expects int32_t"},
        {"i6300esb,x-max-bounce-buffer-size=4z", "Parameter 'x-max-bounce-buffer-size' expects size"},
        {R"({"driver":"i6300esb","rombar":true})", "Invalid parameter type for 'rombar', expected: integer"},
        {R"({"driver":"i6300esb","x-max-bounce-buffer-size":"4k"})",
         "Parameter 'x-max-bounce-buffer-size' expects uint64"},
    };
    for (const auto& row : later) {
        CHECK(refused({"-qemu-version", "11.1", "-device", row.device}) ==
              "-device " + std::string(row.device) + ": " + row.text);
    }
    accepted({"-qemu-version", "11.1", "-device", "i6300esb,rombar=-2,x-max-bounce-buffer-size=4k"});
    CHECK(refused({"-device", "{", "-qemu-version", "11.1"}) ==
          "-device {: 1:2: JSON parse error, premature end of input");
    CHECK(refused({"-object", "{", "-qemu-version", "11.1"}) ==
          "-object {: 1:2: JSON parse error, premature end of input");
    CHECK(refused({"-qemu-version", "10.0", "-device", "{,}"}) == "-device {,}: JSON parse error, expecting value");
    const auto help = accepted({"-device", "i6300esb,help"}).text;
    REQUIRE(help);
    CHECK(help->find("i6300esb options:\n  acpi-index=<uint32>    -  (default: 0)\n") == 0);
    CHECK(help->find("\n  failover_pair_id=<str>\n") != std::string::npos);
    CHECK(accepted({"-device", "ib700,help"}).text == "There are no options for ib700.\n");
    const auto later_help = accepted({"-device", "i6300esb,help", "-qemu-version", "11.1"}).text;
    REQUIRE(later_help);
    CHECK(later_help->find("\n  multifunction=<bool>   - on/off (default: off)\n") != std::string::npos);
}

TEST_CASE("options: a chardev takes what QEMU's takes, or says that it does not")
{
    const auto parsed = [](const std::string& more) {
        return accepted({"-chardev", "socket,id=c," + more}).idle_chardevs.at(0);
    };
    CHECK(parsed("path=p,mux=off,abstract=off,nodelay=on").kind == chardev::transport::unix_socket);
    CHECK(parsed("path=p,abstract=on").abstract_name);
    CHECK(parsed("path=p,logfile=F,logappend=on").logfile == "F");
    CHECK(parsed("host=localhost,port=1,ipv4=on").addresses == chardev::family::ipv4);
    CHECK(parsed("host=localhost,port=1,ipv4=off").addresses == chardev::family::ipv6);
    CHECK(parsed("host=localhost,port=1,ipv4=on,ipv6=on").addresses == chardev::family::any);
    CHECK(parsed("host=localhost,port=1,to=9").last_port == "9");
    for (const char* wrong : {"path=p,mux=on", "path=p,telnet=on", "path=p,abstract=maybe", "path=p,bogus=1",
                              "host=h,port=1,ipv4=off,ipv6=off", "path=p,logfile="}) {
        INFO(wrong);
        CHECK(refused({"-chardev", "socket,id=c," + std::string(wrong)}) != "(accepted)");
    }
}

TEST_CASE("options: log items and the log file")
{
    CHECK(accepted({"-d", "guest_errors,unimp"}).log_guest_errors);
    CHECK_FALSE(accepted({"-d", "unimp"}).log_guest_errors);
    CHECK_FALSE(accepted({"-d", "guest_errors", "-d", "unimp"}).log_guest_errors);
    CHECK(accepted({"-d", "all", "-D", "/tmp/%d"}).log_guest_errors);
    CHECK(accepted({"-d", "trace:bogus"}).warnings == words{"warning: trace event 'bogus' does not exist"});
    for (const char* wrong : {"help", "none", "", "bogus", "guest_errors,", "guest_errors,x"}) {
        INFO(wrong);
        const sim_options options = accepted({"-d", wrong});
        REQUIRE(options.text);
        CHECK(options.text->find("guest_errors") != std::string::npos);
        CHECK(options.text_status == 1);
    }
    CHECK(refused({"-d", "all", "-D", "/tmp/x"}) == "Filename template with '%d' required for 'tid'");
    CHECK(refused({"-D", "/tmp/%s"}) == "-D /tmp/%s: Bad logfile template: /tmp/%s");
    CHECK(refused({"-D", "%d%d"}) == "-D %d%d: Bad logfile template: %d%d");
}

namespace {

// Whether some of the arguments, with the key added to them, has the parser know the key.
bool knows_key(const std::string& option, const std::vector<std::string>& arguments, std::string_view key)
{
    for (const std::string& argument : arguments) {
        const auto parsed = sim::parse_options({option, argument + std::string(key) + "=1"});
        if (parsed) return true;
        const std::string& why = parsed.why().text;
        const std::string quoted = std::string(key) + "'";
        const bool unknown = why.find("Invalid parameter '" + quoted) != std::string::npos ||
                             why.find("." + quoted + " is unexpected") != std::string::npos ||
                             why.find("." + quoted + " not found") != std::string::npos;
        if (!unknown) return true;
    }
    return false;
}

} // namespace

TEST_CASE("options: the keys that a group names are those that its option takes")
{
    struct group_case {
        std::string_view group;
        std::string option;
        std::vector<std::string> arguments;
    };
    const std::vector<group_case> cases{
        {"chardev", "-chardev", {"stdio,id=c,", "socket,id=c,path=/s,", "socket,id=c,host=h,port=1,"}},
        {"mon", "-mon", {""}},
        {"memory", "-m", {""}},
        {"smp-opts", "-smp", {""}},
        {"boot-opts", "-boot", {""}},
        {"name", "-name", {""}},
        {"rtc", "-rtc", {""}},
        {"action", "-action", {""}},
        {"msg", "-msg", {""}},
        {"sandbox", "-sandbox", {""}},
        {"overcommit", "-overcommit", {""}},
        {"add-fd", "-add-fd", {"fd=3,set=1,"}},
    };
    std::size_t with_keys = 0;
    for (const sim::option_group_row& row : sim::option_groups()) with_keys += row.keys.size() != 0 ? 1 : 0;
    CHECK(with_keys == cases.size());
    for (const group_case& one : cases) {
        for (const sim::option_key& key : sim::find_option_group(one.group)->keys) {
            INFO(one.option << " " << key.name);
            CHECK(knows_key(one.option, one.arguments, key.name));
        }
        CHECK_FALSE(knows_key(one.option, one.arguments, "bogus"));
    }
    for (const sim::option_key& key : sim::machine_keys()) {
        INFO("-machine " << key.name);
        CHECK(knows_key("-machine", {""}, key.name));
    }
    CHECK_FALSE(knows_key("-machine", {""}, "bogus"));
    CHECK(sim::has_option("device"));
    CHECK_FALSE(sim::has_option("tpmdev"));
}
