// SPDX-License-Identifier: Apache-2.0
// What options do to the machine and its surroundings, seen from outside.
#include <catch.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "simulator.h"

using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::process;
using vigil::tests::simulator;
using vigil::tests::words;
using vigil::tests::workspace;

namespace {

// The answers to qtest lines.
words answers(connection& qtest, const words& lines)
{
    words all;
    for (const std::string& line : lines) {
        qtest.send(line + "\n");
        all.push_back(qtest.read_line());
    }
    return all;
}

// What a machine with such options answers to qtest lines.
words asked(const words& options, const words& lines)
{
    simulator sim(options);
    connection qtest = sim.program.connect("qtest");
    return answers(qtest, lines);
}

std::string content_of(const std::string& path)
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct ended {
    std::optional<int> status;
    std::string printed;
};

// A start that ends by itself.
ended started(const words& options)
{
    const workspace place;
    words command{VIGIL_SIM};
    command.insert(command.end(), options.begin(), options.end());
    process program(command, place);
    const auto status = program.wait();
    return {status, place.printed()};
}

const std::string k_negotiate_and_quit = R"({"execute": "qmp_capabilities"}{"execute": "quit"})";

} // namespace

TEST_CASE("given options: defaults and later settings of a device take effect")
{
    CHECK(asked({"-global", "pvpanic.events=1", "-device", "pvpanic"}, {"inb 0x505"}) == words{"OK 0x0001"});
    CHECK(asked({"-global", "pvpanic.ioport=1296", "-device", "pvpanic"}, {"inb 0x510", "inb 0x505"}) ==
          words{"OK 0x0003", "OK 0x00ff"});
    CHECK(asked({"-device", "pvpanic,id=p", "-set", "device.p.events=1"}, {"inb 0x505"}) == words{"OK 0x0001"});
}

TEST_CASE("given options: the sleep type that means S4 is a property of the chipset")
{
    simulator sim({"-machine", "q35", "-global", "ICH9-LPC.s4_val=5"});
    connection client = sim.qmp();
    connection qtest = sim.program.connect("qtest");
    answers(qtest, {"outl 0xcf8 0x8000f840", "outl 0xcfc 0x601", "outl 0xcf8 0x8000f844", "outb 0xcfc 0x80"});
    CHECK(answers(qtest, {"outw 0x604 0x2800"}) == words{"OK"}); // 2, which meant it
    CHECK(answers(qtest, {"outw 0x604 0x3400"}) == words{"OK"});
    CHECK(contains(client.read_line(), "\"SUSPEND_DISK\""));
    CHECK(contains(client.read_line(), "\"SHUTDOWN\""));
}

TEST_CASE("given options: the spelling of a CPU feature that libvirt uses gives the CPUs their crash MSRs")
{
    CHECK(asked({"-cpu", "qemu64,hv_crash"}, {"rdmsr 0x40000105"}) == words{"OK 0x8000000000000000"});
    const ended refused = started({"-cpu", "qemu64,+hv_crash"});
    CHECK(refused.status == 1);
    CHECK(contains(refused.printed, "Property 'qemu64-x86_64-cpu.hv_crash' not found"));
}

TEST_CASE("given options: a configuration file makes chardevs, monitors and devices")
{
    const workspace place;
    const std::string file = (place.path / "config").string();
    const std::string socket = (place.path / "qmp").string();
    std::ofstream(file) << "[chardev \"m\"]\n  backend = \"socket\"\n  path = \"" << socket
                        << "\"\n  server = \"on\"\n  wait = \"off\"\n[mon \"m\"]\n  chardev = \"m\"\n  mode = "
                           "\"control\"\n[device \"d\"]\n  driver = \"i6300esb\"\n";
    process program({VIGIL_SIM, "-readconfig", file}, place);
    connection client = program.connect("qmp");
    CHECK(contains(client.read_line(), "\"QMP\""));
    client.send(
        R"({"execute": "qmp_capabilities"}{"execute": "qom-list", "arguments": {"path": "/machine/peripheral"}})");
    client.read_line();
    CHECK(contains(client.read_line(), R"({"name": "d", "type": "child<i6300esb>"})"));
    client.send(R"({"execute": "quit"})");
    CHECK(program.wait() == 0);
}

TEST_CASE("given options: what cannot be done ends the start with one line and status 1")
{
    struct {
        words options;
        std::string line;
    } const rows[] = {
        {{"-set", "device.nope.events=1"}, "-set device.nope.events=1: there is no device \"nope\" defined"},
        {{"-readconfig", "/nonexistent/x"}, "Could not open '/nonexistent/x': No such file or directory"},
        {{"-device", "i6300esb,id=1a"}, "Parameter 'id' expects an identifier"},
        {{"-D", "/nonexistent/x"}, "vigil-sim: Error opening logfile /nonexistent/x: No such file or directory"},
        {{"-device", "pvpanic", "-device", "pvpanic,ioport=0x506"},
         "-device pvpanic,ioport=0x506: duplicate fw_cfg file name: etc/pvpanic-port"},
        {{"-device", "i6300esb,bus=pcie.0"}, "-device i6300esb,bus=pcie.0: Bus 'pcie.0' not found"},
        {{"-M", "q35", "-device", "i6300esb,bus=pci.0"}, "Bus 'pci.0' not found"},
        {{"-device", "i6300esb,bus=isa.0"}, "Device 'i6300esb' can't go on ISA bus"},
        {{"-device", "ib700,bus=pci.0"}, "Device 'ib700' can't go on PCI bus"},
        {{"-device", "ib700,bus=main-system-bus"}, "Device 'ib700' can't go on System bus"},
        {{"-device", "i6300esb,addr=1"},
         "PCI: slot 1 function 0 not available for i6300esb, in use by PIIX3,id=(null)"},
        {{"-device", "i6300esb,addr=1.1"},
         "PCI: slot 1 function 1 not available for i6300esb, in use by piix3-ide,id=(null)"},
        {{"-device", "i6300esb,addr=5", "-device", "i6300esb,addr=5.1"},
         "PCI: single function device can't be populated in function 5.1"},
        {{"-device", "i6300esb,addr=5.1", "-device", "i6300esb,addr=5"},
         "PCI: 5.0 indicates single function, but 5.1 is already populated."},
        {{"-device", "i6300esb,acpi-index=16384"}, "acpi-index should be less or equal to 16383"},
        {{"-device", "i6300esb,acpi-index=5", "-device", "pvpanic-pci,acpi-index=5"},
         "a PCI device with acpi-index = 5 already exist"},
        {{"-device", "i6300esb,romfile=/nonexistent"}, "failed to find romfile \"/nonexistent\""},
        {{"-device", "i6300esb,id=a,failover_pair_id=b"}, "failover primary device must be on PCIExpress bus"},
        {{"-vfio-user", "unix:/tmp/x"}, "-vfio-user unix:/tmp/x: Parameter 'device' is missing"},
        {{"-vfio-user", "tcp:localhost:1,device=a"}, "expects unix:PATH,device=ID"},
        {{"-vfio-user", "unix:,device=a"}, "'path' is empty"},
        {{"-vfio-user", "unix:/tmp/x,device=a,bogus=1"}, "Invalid parameter 'bogus'"},
        {{"-vfio-user", "unix:/tmp/x,device=a,server=off"}, "server=off: a machine connects to its device"},
        {{"-vfio-user", "unix:/tmp/x,device=a,wait=on"}, "wait=on: a machine wants to be answered"},
        {{"-device", "i6300esb,id=wdt", "-vfio-user", "unix:/tmp/x,device=wdg"},
         "-vfio-user unix:/tmp/x,device=wdg: no -device has the id 'wdg'; did you mean 'wdt'?"},
        {{"-device", "ib700,id=a", "-vfio-user", "unix:/tmp/x,device=a"}, "'a' is no PCI device"},
        {{"-device", "i6300esb,id=a", "-vfio-user", "unix:/tmp/x,device=a", "-vfio-user", "unix:/tmp/y,device=a"},
         "-vfio-user unix:/tmp/y,device=a: 'a' is served already"},
        {{"-device", "i6300esb,id=a", "-device", "i6300esb,id=b", "-vfio-user", "unix:/tmp/x,device=a", "-vfio-user",
          "unix:/tmp/x,device=b"},
         "unix:/tmp/x,server=on: in use by two monitors or servers"},
        {{"-device", "i6300esb,id=a,addr=5", "-vfio-user", "unix:/tmp/x,device=a"},
         "'addr' of i6300esb is the other machine's affair"},
        {{"-device", "i6300esb,id=a,bus=pci.0", "-vfio-user", "unix:/tmp/x,device=a"},
         "a device on another machine's bus can't be on 'pci.0', too"},
        {{"-device", "i6300esb,id=a", "-vfio-user", "unix:/tmp/x,device=a", "-trace", "file=/tmp/t"},
         "-vfio-user: does not go with -trace"},
        {{"-device", "i6300esb,id=a", "-vfio-user", "unix:/tmp/x,device=a", "-clock", "free"},
         "-vfio-user: does not go with a free clock"},
        {{"-actuate", "unix:/tmp/x"}, "-actuate: needs -vfio-user"},
        {{"-actuate", "tcp:localhost:1"}, "expects unix:PATH"},
        {{"-actuate", "unix:/tmp/x,server=on"}, "server=on: it is that machine's monitor that listens"},
        {{"-clock", "paced,stall=5"}, "Parameter 'stall' expects off or a time from 10ms to 1h"},
        {{"-clock", "paced,stall=1ms"}, "Parameter 'stall' expects off or a time from 10ms to 1h"},
        {{"-clock", "driven,stall=1s"}, "Invalid parameter 'stall'"},
    };
    for (const auto& row : rows) {
        const ended run = started(row.options);
        CHECK(run.status == 1);
        CHECK(contains(run.printed, row.line));
        CHECK_FALSE(contains(run.printed, "\n"));
    }
    const workspace place;
    const std::string file = (place.path / "config").string();
    std::ofstream(file) << "[device]\n driver = \"i6300esb\"\n bogus = \"1\"\n";
    CHECK(contains(started({"-readconfig", file}).printed,
                   "vigil-sim:" + file + ":3: Property 'i6300esb.bogus' not found"));
    const ended unknown = started({"-d", "bogus"});
    CHECK(unknown.status == 1);
    CHECK(contains(unknown.printed, "vigil-sim: 'bogus' is not a log item"));
    CHECK(contains(unknown.printed, "guest_errors"));
}

TEST_CASE("given options: functions of one slot, the first of which says that there are several")
{
    const auto read = [](unsigned function, unsigned offset) {
        return "outl 0xcf8 " + std::to_string(0x80000000U | 5U << 11 | function << 8 | offset);
    };
    CHECK(asked({"-device", "i6300esb,addr=5,multifunction=on", "-device", "pvpanic-pci,addr=5.1"},
                {read(0, 0x0C), "inb 0xcfe", read(1, 0x0C), "inb 0xcfe", read(1, 0), "inl 0xcfc"}) ==
          words{"OK", "OK 0x0080", "OK", "OK 0x0000", "OK", "OK 0x111b36"});
    CHECK(asked({"-device", "ib700,bus=isa.0", "-device", "pvpanic,bus=isa.0", "-device",
                 "i6300esb,bus=pci.0,rombar=0,romfile=,acpi-index=3"},
                {"inb 0x505"}) == words{"OK 0x0003"});
}

TEST_CASE("given options: what a guest does wrong is logged where -D says")
{
    const workspace place;
    const std::string log = (place.path / "log").string();
    simulator sim({"-device", "pvpanic", "-d", "guest_errors,unimp", "-D", log});
    connection qtest = sim.program.connect("qtest");
    CHECK(content_of(log).empty());
    CHECK(answers(qtest, {"outb 0x505 4"}) == words{"OK"});
    CHECK(contains(content_of(log), "unknown bits in the written value 4"));
    CHECK_FALSE(contains(sim.place.printed(), "unknown bits"));
}

TEST_CASE("given options: a log file is made at once and named after the process")
{
    const workspace place;
    simulator sim({"-D", (place.path / "log-%d").string()});
    connection client = sim.qmp();
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(place.path)) {
        const std::string name = entry.path().filename().string();
        files += name.find("log-") == 0 && name.find('%') == std::string::npos ? 1 : 0;
    }
    CHECK(files == 1);
}

TEST_CASE("given options: what a monitor's client is sent is kept in the logfile of its chardev")
{
    const workspace place;
    const std::string log = (place.path / "log").string();
    const std::string socket = (place.path / "m").string();
    std::ofstream(log) << "before\n";
    process program({VIGIL_SIM, "-chardev",
                     "socket,id=m,path=" + socket + ",server=on,wait=off,mux=off,logfile=" + log + ",logappend=on",
                     "-mon", "chardev=m,id=monitor,mode=control"},
                    place);
    connection client = program.connect("m");
    const std::string greeting = client.read_line();
    client.send(k_negotiate_and_quit);
    CHECK(program.wait() == 0);
    const std::string kept = content_of(log);
    CHECK(kept.find("before\n" + greeting) == 0);
    CHECK(contains(kept, "\"SHUTDOWN\""));
}

TEST_CASE("given options: a new logfile is its owner's alone")
{
    const workspace place;
    const std::string log = (place.path / "log").string();
    process program({VIGIL_SIM, "-chardev",
                     "socket,id=m,path=" + (place.path / "m").string() + ",server=on,wait=off,logfile=" + log, "-mon",
                     "m,mode=control"},
                    place);
    connection client = program.connect("m");
    client.read_line();
    struct stat info = {};
    REQUIRE(::stat(log.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("given options: an abstract socket has a name and no file")
{
    const workspace place;
    const std::string name = (place.path / "abstract").string();
    process program({VIGIL_SIM, "-chardev", "socket,id=m,path=" + name + ",abstract=on,server=on,wait=off", "-mon",
                     "m,mode=control", "-qmp", "unix:" + (place.path / "qmp").string() + ",server=on,wait=off"},
                    place);
    connection other = program.connect("qmp"); // now the first one listens, too
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    connection client(fd);
    CHECK(contains(client.read_line(), "\"QMP\""));
    CHECK_FALSE(std::filesystem::exists(name));
}

TEST_CASE("given options: an old version of a machine is asked for by its name and listed")
{
    simulator sim({"-machine", "pc-q35-2.4"});
    connection client = sim.qmp();
    client.send(R"({"execute": "query-machines"})");
    const std::string machines = client.read_line();
    for (const char* name : {"\"pc-i440fx-1.4\"", "\"pc-q35-2.4\"", "\"pc-q35-4.0.1\"", "\"pc-i440fx-7.2\""}) {
        CHECK(contains(machines, name));
    }
}
