// SPDX-License-Identifier: Apache-2.0
// Machines that move through files, as clients of the program see it.
#include <catch.h>

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "simulator.h"

using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::k_done;
using vigil::tests::simulator;
using vigil::tests::words;

namespace {

// A client that keeps apart what it is answered and what it is told.
struct qmp_client {
    explicit qmp_client(simulator& sim) : client(sim.qmp()) {}

    std::string ask(const std::string& command, const std::string& arguments = "")
    {
        client.send("{\"execute\": \"" + command + "\"" + (arguments.empty() ? "" : ", \"arguments\": " + arguments) +
                    "}\n");
        for (;;) {
            const std::string line = client.read_line();
            if (!contains(line, "\"timestamp\"")) return line;
            const std::size_t at = line.find("\"event\": \"") + 10;
            heard += (heard.empty() ? "" : " ") + line.substr(at, line.find('"', at) - at);
        }
    }
    std::string file(const std::string& command, const std::string& path)
    {
        return ask(command, "{\"uri\": \"file:" + path + "\"}");
    }
    std::string status()
    {
        const std::string line = ask("query-status");
        const std::size_t at = line.find("\"status\": \"") + 11;
        return line.substr(at, line.find('"', at) - at);
    }
    std::string taken() { return std::exchange(heard, std::string()); }

    connection client;
    std::string heard;
};

struct qtest_client {
    explicit qtest_client(simulator& sim) : client(sim.program.connect("qtest")) {}
    std::string ask(const std::string& line)
    {
        client.send(line + "\n");
        return client.read_line();
    }
    void all(const std::vector<std::string>& lines)
    {
        for (const std::string& line : lines) CHECK(ask(line) == "OK");
    }
    connection client;
};

// Stage 1 of 16 and stage 2 of 32 counts of 983,040 ns, enabled at 0.
void start_watchdog(qtest_client& qtest)
{
    qtest.all({"outl 0xcf8 0x80001010", "outl 0xcfc 0xfebf0000", "outl 0xcf8 0x80001004", "outw 0xcfc 2",
               "writeb 0xfebf000c 0x80", "writeb 0xfebf000c 0x86", "writel 0xfebf0000 0x10", "writeb 0xfebf000c 0x80",
               "writeb 0xfebf000c 0x86", "writel 0xfebf0004 0x20", "outl 0xcf8 0x80001068", "outb 0xcfc 2"});
}
constexpr const char* k_stage_1_end = "OK 15728640";
constexpr const char* k_stage_2_end = "OK 47185920";

std::string bytes_of(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void put(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

// The ways in which a file can be wrong, and what is said of each.
struct wrong_file {
    const char* what;
    std::string (*make)(std::string good);
};
const wrong_file k_wrong_files[] = {
    {"is empty", [](std::string) { return std::string(); }},
    {"is not a Vigil snapshot", [](std::string) { return std::string("QEVM and so on"); }},
    {"is truncated", [](std::string good) { return good.substr(0, good.size() / 2); }},
    {"is corrupted",
     [](std::string good) {
         good[good.size() / 2] = static_cast<char>(good[good.size() / 2] ^ 1);
         return good;
     }},
    {"newer than",
     [](std::string good) {
         good[8] = 2;
         return good;
     }},
};

} // namespace

TEST_CASE("migration: a watchdog saved in stage 1 fires in another process at the same nanosecond")
{
    simulator source;
    const std::string path = (source.place.path / "machine").string();
    qmp_client qmp(source);
    qtest_client qtest(source);
    start_watchdog(qtest);
    CHECK(qtest.ask("clock_step 1234567") == "OK 1234567");
    CHECK(qtest.ask("write 0x12345 3 0x010203") == "OK");
    CHECK(qmp.ask("query-migrate") == "{\"return\": {}}");
    CHECK(qmp.file("migrate", path) == k_done);
    CHECK(qmp.status() == "postmigrate");
    CHECK(qmp.taken() == "STOP");
    CHECK(contains(qmp.ask("query-migrate"), "\"status\": \"completed\""));
    CHECK(contains(qmp.file("migrate", path), "Can't migrate the vm that was paused due to previous migration"));

    simulator target({"-incoming", "file:" + path});
    qmp_client arrived(target);
    qtest_client clock(target);
    CHECK(arrived.status() == "running");
    CHECK(clock.ask("read 0x12345 3") == "OK 0x010203");
    CHECK(clock.ask("clock_step") == k_stage_1_end);
    CHECK(arrived.status() == "running");
    CHECK_FALSE(contains(arrived.taken(), "WATCHDOG"));
    CHECK(clock.ask("clock_step") == k_stage_2_end);
    CHECK(arrived.status() == "running");
    CHECK(arrived.taken() == "WATCHDOG RESET");
}

TEST_CASE("migration: a machine saved while paused arrives paused, from inmigrate")
{
    simulator source;
    const std::string path = (source.place.path / "machine").string();
    qmp_client qmp(source);
    qmp.ask("stop");
    CHECK(qmp.file("migrate", path) == k_done);
    CHECK(qmp.status() == "postmigrate");
    qmp.ask("cont");
    CHECK(qmp.status() == "running");
    CHECK(qmp.taken() == "STOP RESUME");

    simulator target({"-incoming", "defer"});
    qmp_client arrived(target);
    CHECK(arrived.status() == "inmigrate");
    CHECK(contains(arrived.file("migrate-incoming", path + ".not"), "No such file or directory"));
    CHECK(arrived.status() == "inmigrate");
    CHECK(arrived.file("migrate-incoming", path) == k_done);
    CHECK(arrived.status() == "paused");
    CHECK(contains(arrived.ask("query-migrate"), "\"status\": \"completed\""));
    CHECK(contains(arrived.file("migrate-incoming", path), "already been started"));
    CHECK(arrived.taken().empty());
}

TEST_CASE("migration: a wrong file ends -incoming with one line and status 1")
{
    simulator source;
    const std::string path = (source.place.path / "machine").string();
    qmp_client qmp(source);
    REQUIRE(qmp.file("x-snapshot-save", path) == k_done);
    for (const wrong_file& wrong : k_wrong_files) {
        CAPTURE(wrong.what);
        put(path + ".wrong", wrong.make(bytes_of(path)));
        simulator target({"-incoming", "file:" + path + ".wrong"});
        CHECK(target.program.wait() == 1);
        const std::string printed = target.place.printed();
        CHECK(contains(printed, wrong.what));
        CHECK_FALSE(contains(printed, "\n")); // without the end of its only line
    }
    simulator other({"-device", "ib700", "-incoming", "file:" + path});
    CHECK(other.program.wait() == 1);
    CHECK(contains(other.place.printed(), "'ib700_wdt' 0 is missing"));
}

TEST_CASE("snapshots: a running machine refuses a wrong file and goes on as if nothing had been")
{
    simulator sim;
    const std::string path = (sim.place.path / "machine").string();
    qmp_client qmp(sim);
    qtest_client qtest(sim);
    start_watchdog(qtest);
    REQUIRE(qmp.file("x-snapshot-save", path) == k_done);
    CHECK(qmp.taken() == "STOP RESUME");
    for (const wrong_file& wrong : k_wrong_files) {
        CAPTURE(wrong.what);
        put(path + ".wrong", wrong.make(bytes_of(path)));
        const std::string reply = qmp.file("x-snapshot-load", path + ".wrong");
        CHECK(contains(reply, "GenericError"));
        CHECK(contains(reply, wrong.what));
    }
    CHECK(contains(qmp.file("x-snapshot-save", sim.place.path.string()), "not a regular file"));
    CHECK(contains(qmp.file("x-snapshot-save", "/no/such/folder/x"), "No such file or directory"));
    CHECK(contains(qmp.ask("migrate", "{\"uri\": \"tcp:127.0.0.1:1\"}"), "Parameter 'uri' expects"));
    CHECK(contains(qmp.ask("migrate", "{\"uri\": \"file:\"}"), "Parameter 'uri' expects"));
    CHECK(qmp.status() == "running");
    CHECK(qtest.ask("clock_step") == k_stage_1_end);
    CHECK(qtest.ask("clock_step") == k_stage_2_end);
    CHECK(qmp.status() == "running");
    CHECK(qmp.taken() == "WATCHDOG RESET");
}

TEST_CASE("snapshots: loading takes virtual time back, and a WATCHDOG is not held back for the time that was")
{
    simulator sim({"-action", "watchdog=none"});
    const std::string path = (sim.place.path / "machine").string();
    qmp_client qmp(sim);
    qtest_client qtest(sim);
    start_watchdog(qtest);
    REQUIRE(qmp.file("x-snapshot-save", path) == k_done);
    for (int round = 0; round < 3; ++round) {
        CAPTURE(round);
        qmp.taken();
        CHECK(qtest.ask("clock_step 47185919") == "OK 47185919");
        CHECK(qmp.status() == "running");
        CHECK(qmp.taken().empty());
        CHECK(qtest.ask("clock_step 1") == k_stage_2_end);
        CHECK(qmp.status() == "running");
        CHECK(qmp.taken() == "WATCHDOG");
        CHECK(qmp.file("x-snapshot-load", path) == k_done);
        CHECK(qmp.status() == "running");
        CHECK(qmp.taken() == "STOP RESET RESUME");
    }
}

TEST_CASE("snapshots: the names that QEMU gives to commands with other arguments are not taken")
{
    simulator sim({"-qmp-schema", "7.2"});
    qmp_client qmp(sim);
    for (const char* name : {"snapshot-save", "snapshot-load"}) {
        CHECK(contains(qmp.file(name, "x"), "\"class\": \"CommandNotFound\""));
        const std::string commands = qmp.ask("query-commands");
        CHECK_FALSE(contains(commands, "\"name\": \"" + std::string(name) + "\""));
        CHECK(contains(commands, "\"name\": \"x-" + std::string(name) + "\""));
    }
}

TEST_CASE("snapshots: configuration, MSRs and power block survive, on q35 with its memory-mapped window too")
{
    simulator source({"-machine", "q35", "-cpu", "max,hv-crash=on", "-device", "ib700", "-device", "pvpanic-pci"});
    const std::string path = (source.place.path / "machine").string();
    const words set{"outl 0xcf8 0x80000060", "outl 0xcfc 0xb0000001",
                    "outl 0xcf8 0x8000f840", "outl 0xcfc 0x601",
                    "outl 0xcf8 0x8000f844", "outb 0xcfc 0x80",
                    "outw 0x602 0x120",      "wrmsr 0x40000102 0xfedcba9876543210"};
    const words get{"inl 0xcf8", "readl 0xb0000060", "readl 0xb00f8040",
                    "inw 0x602", "rdmsr 0x40000102", "readl 0xb0008000"};
    qmp_client qmp(source);
    qtest_client before(source);
    before.all(set);
    words expected;
    for (const std::string& line : get) expected.push_back(before.ask(line));
    CHECK(expected[1] == "OK 0x00000000b0000001");
    CHECK(expected[4] == "OK 0xfedcba9876543210");
    REQUIRE(qmp.file("x-snapshot-save", path) == k_done);

    simulator target({"-machine", "q35", "-cpu", "max,hv-crash=on", "-device", "ib700", "-device", "pvpanic-pci",
                      "-incoming", "file:" + path});
    qmp_client arrived(target);
    CHECK(arrived.status() == "running");
    qtest_client after(target);
    for (std::size_t i = 0; i < get.size(); ++i) {
        CAPTURE(get[i]);
        CHECK(after.ask(get[i]) == expected[i]);
    }
}

TEST_CASE("qom: properties and the crash information of a CPU can be looked at, and nothing else")
{
    simulator sim({"-smp", "2", "-cpu", "max,hv-crash=on", "-action", "panic=pause"});
    qmp_client qmp(sim);
    qtest_client qtest(sim);
    start_watchdog(qtest);
    const auto get = [&](const char* path, const char* property) {
        return qmp.ask("qom-get", std::string("{\"path\": \"") + path + "\", \"property\": \"" + property + "\"}");
    };
    CHECK(get("/machine/peripheral-anon/device[0]", "remaining") == "{\"return\": 15728640}");
    CHECK(get("/machine/peripheral-anon/device[0]", "type") == "{\"return\": \"i6300esb\"}");
    CHECK(contains(get("/machine/unattached/device[2]", "crash-information"), "No crash occurred"));
    CHECK(contains(get("/machine/unattached/device[2]", "nope"), "Property 'qemu64-x86_64-cpu.nope' not found"));
    CHECK(contains(get("/nope", "type"), "DeviceNotFound"));
    // Reported by no CPU: as on QEMU, no CPU knows of it.
    CHECK(qtest.ask("wrmsr 0x40000105 0x8000000000000000 1") == "OK");
    CHECK(qmp.status() == "guest-panicked");
    CHECK(contains(get("/machine/unattached/device[2]", "crash-information"), "No crash occurred"));
    CHECK(contains(qmp.ask("qom-set", "{\"path\": \"/machine/peripheral-anon/device[0]\", \"property\": \"stage\", "
                                      "\"value\": 2}"),
                   "Property 'i6300esb.stage' is not writable"));
}
