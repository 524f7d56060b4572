// SPDX-License-Identifier: Apache-2.0
// A transcript of a run, and the run repeated from it: the same to the byte.
#include <catch.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include <sys/stat.h>

#include "simulator.h"

using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::process;
using vigil::tests::read_until;
using vigil::tests::simulator;
using vigil::tests::text_of;
using vigil::tests::words;
using vigil::tests::workspace;

namespace {

// vigil-sim with a transcript; the workspace goes with it, so the transcript lies in one of its own.
struct transcribed {
    explicit transcribed(const words& more, bool driven)
        : file((place.path / "transcript").string()), sim(with_trace(more), driven)
    {
    }
    words with_trace(words more) const
    {
        more.insert(more.end(), {"-trace", "file=" + file});
        return more;
    }
    // Repeats it: the exit status; what it printed in `printed`, its own transcript in `again`.
    int repeat(std::string& printed, std::string& again) const
    {
        process second({VIGIL_SIM, "-replay", "file=" + file, "-trace", "file=" + file + ".again"}, place);
        const int status = second.wait().value_or(-1000);
        printed = place.printed();
        again = text_of(file + ".again");
        return status;
    }

    workspace place;
    std::string file;
    simulator sim;
};

// Sets the watchdog up with preloads that run out after 2 ms, and enables it.
const std::string k_arm = "outl 0xcf8 0x80001010\noutl 0xcfc 0xfebf0000\noutl 0xcf8 0x80001004\noutw 0xcfc 2\n"
                          "writew 0xfebf000c 0x80\nwritew 0xfebf000c 0x86\nwritel 0xfebf0000 1\n"
                          "writew 0xfebf000c 0x80\nwritew 0xfebf000c 0x86\nwritel 0xfebf0004 1\n"
                          "outl 0xcf8 0x80001068\noutb 0xcfc 2\n";

void check_same(const transcribed& run, int status)
{
    std::string printed;
    std::string again;
    CHECK(run.repeat(printed, again) == status);
    CHECK(printed.empty());
    CHECK(again == text_of(run.file));
}

} // namespace

TEST_CASE("transcript: a run under the test clock repeats to the byte")
{
    transcribed run({"-qmp-schema", "7.2", "-action", "watchdog=pause"}, true);
    connection qtest = run.sim.program.connect("qtest");
    connection first = run.sim.qmp();
    {
        connection second = run.sim.qmp();
        qtest.send(k_arm + "clock_step 3000000000\nclock_step\nnonsense\n");
        read_until(second, "\"STOP\"");
        second.send("{\"execute\": \"query-sta");
    }
    read_until(first, "\"STOP\"");
    first.send("{'execute': 'query-status', 'id': '\xC3\xA9'}\xFF{\"execute\": \"query-cpus-fast\"}");
    read_until(first, "qom-path");
    first.send("{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"file:" + run.file + ".saved\"}}");
    read_until(first, "return");
    for (std::string line; !contains(line, "completed"); line = first.read_line()) {
        first.send("{\"execute\": \"query-migrate\"}");
    }
    first.send("{\"execute\": \"cont\"}{\"execute\": \"quit\"}");
    CHECK(run.sim.program.wait() == 0);
    check_same(run, 0);
}

TEST_CASE("transcript: a run that kept pace with the wall clock repeats to the byte, and at once")
{
    transcribed run({"-action", "watchdog=none", "-clock", "paced,factor=20"}, false);
    connection qtest = run.sim.program.connect("qtest");
    connection client = run.sim.qmp();
    // Two barks within a second: the second one waits for the limiter, which the host's clock drives.
    for (int i = 0; i < 2; ++i) {
        qtest.send(k_arm);
        read_until(client, "WATCHDOG");
    }
    run.sim.program.signal(SIGTERM);
    CHECK(run.sim.program.wait() == 0);
    const std::string text = text_of(run.file);
    CHECK(contains(text, "\"what\": \"limiter\""));
    CHECK(contains(text, "\"what\": \"signal\", \"number\": 15"));
    check_same(run, 0);
}

TEST_CASE("transcript: what came amid a long step of the clock repeats at the same look")
{
    transcribed run({"-action", "watchdog=none"}, true);
    connection qtest = run.sim.program.connect("qtest");
    connection client = run.sim.qmp();
    // Free-running, 1 us a stage, without a reboot: the step ends with the signal only.
    qtest.send("outl 0xcf8 0x80001060\noutw 0xcfc 0x24\n" + k_arm + "outb 0xcfc 0\noutb 0xcfc 6\n");
    qtest.send("clock_step 9000000000000000000\n");
    while (!contains(text_of(run.file), "\"look\"")) { // the first may still come before the step
        client.send("{\"execute\": \"query-status\"}");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    run.sim.program.signal(SIGTERM);
    CHECK(run.sim.program.wait() == 0);
    CHECK(contains(text_of(run.file), "\"what\": \"interrupted\""));
    check_same(run, 0);
}

TEST_CASE("transcript: a run that was killed repeats as far as it came")
{
    transcribed run({}, true);
    connection client = run.sim.qmp();
    client.send("{\"execute\": \"stop\"}");
    read_until(client, "return");
    run.sim.program.signal(SIGKILL);
    CHECK(run.sim.program.wait() == -SIGKILL);
    check_same(run, 0);
}

TEST_CASE("transcript: a run that was killed amid a step of the clock repeats as far as it came")
{
    transcribed run({"-action", "watchdog=none"}, true);
    connection qtest = run.sim.program.connect("qtest");
    connection client = run.sim.qmp();
    qtest.send("outl 0xcf8 0x80001060\noutw 0xcfc 0x24\n" + k_arm + "outb 0xcfc 0\noutb 0xcfc 6\n");
    qtest.send("clock_step 9000000000000000000\n");
    while (!contains(text_of(run.file), "\"look\"")) {
        client.send("{\"execute\": \"query-status\"}");
        read_until(client, "running");
    }
    run.sim.program.signal(SIGKILL);
    CHECK(run.sim.program.wait() == -SIGKILL);
    check_same(run, 0);
}

TEST_CASE("transcript: where a repeated run comes out otherwise it says so and fails")
{
    transcribed run({}, true);
    connection client = run.sim.qmp();
    client.send("{\"execute\": \"query-status\"}{\"execute\": \"quit\"}");
    CHECK(run.sim.program.wait() == 0);
    std::string text = text_of(run.file);
    const std::size_t at = text.find("\\\"running\\\"");
    REQUIRE(at != std::string::npos);
    std::ofstream(run.file) << text.replace(at, 11, "\\\"walking\\\"");
    std::string printed;
    std::string again;
    CHECK(run.repeat(printed, again) == 1);
    CHECK(contains(printed, ": recorded {"));
    CHECK(contains(printed, "walking"));
    CHECK(contains(printed, "but this run has {"));
}

TEST_CASE("transcript: what cannot be repeated or written is one line and status 1")
{
    const workspace place;
    const std::string file = (place.path / "t").string();
    std::ofstream(file) << "{}\n";
    struct {
        words arguments;
        std::string text;
    } const rows[] = {
        {{"-replay", "file=/nonexistent/t"}, "-replay /nonexistent/t: No such file"},
        {{"-replay", "file=" + file}, "t:1: this is no transcript"},
        {{"-replay", file, "-S"}, "-S does not go with it"},
        {{"-trace", "file=/nonexistent/t"}, "-trace: /nonexistent/t: No such file"},
        {{"-trace", "events=x"}, "'file' is missing"},
    };
    for (const auto& row : rows) {
        words command{VIGIL_SIM};
        command.insert(command.end(), row.arguments.begin(), row.arguments.end());
        const workspace one;
        process program(command, one);
        INFO(row.text);
        CHECK(program.wait() == 1);
        CHECK(contains(one.printed(), row.text));
    }
}

TEST_CASE("transcript: a command that waited for a pipe repeats with what came through it")
{
    transcribed run({"-qmp-schema", "7.2"}, true);
    const std::string pipe = run.file + ".pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    connection client = run.sim.program.connect("qmp");
    client.read_line();
    client.send("{\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": [\"oob\"]}}");
    read_until(client, "return");
    client.send("{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"blkdebug\", \"node-name\": \"n\", "
                "\"config\": \"" +
                pipe + "\", \"image\": {\"driver\": \"null-co\"}}, \"id\": 1}{\"execute\": \"query-name\", \"id\": 2}");
    client.send("{\"exec-oob\": \"query-yank\", \"id\": 3}");
    CHECK(contains(client.read_line(), "\"id\": 3"));
    { // until here nobody wrote
        std::ofstream(pipe) << "[inject-error]\n";
    }
    CHECK(contains(client.read_line(), "rules are not supported"));
    CHECK(contains(client.read_line(), "\"id\": 2"));
    client.send("{\"execute\": \"quit\"}");
    CHECK(run.sim.program.wait() == 0);
    CHECK(std::remove(pipe.c_str()) == 0);
    check_same(run, 0);
}

TEST_CASE("transcript: a client that did not read misses the same events again")
{
    transcribed run({"-clients", "queue=4K"}, true);
    connection qtest = run.sim.program.connect("qtest");
    connection slow = run.sim.qmp();
    connection client = run.sim.qmp();
    for (int i = 0; !contains(text_of(run.file), "\"unsent\": "); ++i) {
        REQUIRE(i < 100);
        for (int pairs = 0; pairs < 200; ++pairs) {
            client.send("{\"execute\": \"stop\"}{\"execute\": \"cont\"}");
            read_until(client, "RESUME");
            client.read_line();
        }
    }
    client.send("{\"execute\": \"x-query-qmp-clients\"}{\"execute\": \"quit\"}");
    read_until(client, "\"events-dropped\": ");
    CHECK(run.sim.program.wait() == 0);
    std::string printed;
    std::string again;
    CHECK(run.repeat(printed, again) == 0);
    CHECK(contains(printed, "dropping its events"));
    CHECK(again == text_of(run.file));
}

TEST_CASE("transcript: where it cannot be written to its end the run goes on, and says so")
{
    simulator sim({"-trace", "file=/dev/full"});
    connection client = sim.qmp();
    client.send("{\"execute\": \"quit\"}");
    CHECK(sim.program.wait() == 0);
    CHECK(contains(sim.place.printed(), "-trace /dev/full: cannot be written to its end"));
}

TEST_CASE("transcript: devices that came and went come and go at the same places")
{
    transcribed run({}, true);
    connection qtest = run.sim.program.connect("qtest");
    connection client = run.sim.qmp();
    for (int i = 0; i < 3; ++i) {
        client.send(
            "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"i6300esb\", \"id\": \"a\", \"addr\": 7}}"
            "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"a\"}}{\"execute\": \"query-status\"}");
        read_until(client, "\"status\"");
        if (i == 1) {
            qtest.send("outl 0xae08 0x80\n");
        } else {
            client.send("{\"execute\": \"system_reset\"}{\"execute\": \"query-status\"}");
        }
        read_until(client, "DEVICE_DELETED");
    }
    client.send("{\"execute\": \"quit\"}");
    CHECK(run.sim.program.wait() == 0);
    check_same(run, 0);
}
