// SPDX-License-Identifier: Apache-2.0
// What clients may do to the real program over its real sockets, in quantity: each time it goes on answering, and
// has given its memory back.
#include <catch.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <exception>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "simulator.h"

using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::k_query;
using vigil::tests::k_reply_limit;
using vigil::tests::k_running;
using vigil::tests::simulator;
using vigil::tests::words;
using vigil::tests::workspace;

namespace {

constexpr std::size_t k_mebibyte = 1024UL * 1024;

/// A simulator that says how much memory it has allocated; under sanitizers, which allocate as they like, it does not.
class probed_simulator {
    workspace place_; // of the probe's socket; stands before what is started with it

public:
    simulator sim{{}, true, launcher()};

    /// Whether it answers, and comes back to within a twentieth of what it had allocated at `before`.
    void check_recovered(std::size_t before)
    {
        check_answers();
        std::size_t now = allocated();
        // Connections may end a little after their clients.
        for (const auto deadline = clock::now() + k_reply_limit;
             now > before + before / 20 && clock::now() < deadline;) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            now = allocated();
        }
        INFO("before: " << before << " bytes");
        CHECK(now <= before + before / 20);
    }

    void check_answers()
    {
        connection client = sim.qmp();
        client.send(k_query);
        CHECK(client.read_line() == k_running);
        connection tester = sim.program.connect("qtest");
        tester.send("endianness\n");
        CHECK(tester.read_line() == "OK little");
    }

    std::size_t allocated()
    {
        if (VIGIL_SANITIZED != 0) return 0;
        return std::stoul(sim.program.connect(probe()).read_line());
    }

private:
    using clock = std::chrono::steady_clock;

    std::string probe() const { return (place_.path / "probe").string(); }
    words launcher() const
    {
        if (VIGIL_SANITIZED != 0) return {};
        return {"env", "LD_PRELOAD=" VIGIL_HEAP_PROBE, "VIGIL_HEAP_PROBE=" + probe()};
    }
};

/// Does `abuse` to a simulator, which must recover from it.
void check_recovers_from(const std::function<void(simulator&)>& abuse)
{
    probed_simulator it;
    it.check_answers();
    const std::size_t before = it.allocated();
    abuse(it.sim);
    it.check_recovered(before);
}

/// Reads up to and with the line `last`; returns how many lines came before it.
std::size_t read_up_to(connection& client, const std::string& last)
{
    std::size_t lines = 0;
    while (client.read_line() != last) ++lines;
    return lines;
}

/// Does `abuse` to a connection to `socket` in a process of its own, which is killed with the connection open.
void check_killed(simulator& sim, const char* socket, const std::function<void(connection&)>& abuse)
{
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        try {
            connection client = std::string_view(socket) == "qmp" ? sim.qmp() : sim.program.connect(socket);
            abuse(client);
            std::raise(SIGKILL);
        } catch (const std::exception&) {
        }
        ::_exit(1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
}

std::string repeated(const std::string& text, std::size_t times)
{
    std::string all;
    for (; times > 0; --times) all += text;
    return all;
}

void send_mebibytes(const connection& client, int count)
{
    const std::string one(k_mebibyte, '7');
    for (; count > 0; --count) client.send(one);
}

} // namespace

TEST_CASE("abuse: two mebibytes of garbage on either socket")
{
    check_recovers_from([](simulator& sim) {
        std::mt19937 random(64);
        connection qmp = sim.qmp();
        connection qtest = sim.program.connect("qtest");
        std::string garbage(16UL * 1024, '\0');
        for (int i = 0; i < 128; ++i) {
            for (char& c : garbage) c = static_cast<char>(random());
            qmp.send(garbage + "\xFF" + k_query);
            CHECK(read_up_to(qmp, k_running) > 0);
            qtest.send(garbage + "\nendianness\n");
            CHECK(read_up_to(qtest, "OK little") > 0);
        }
    });
}

TEST_CASE("abuse: tokens of 64 MiB")
{
    check_recovers_from([](simulator& sim) {
        connection qmp = sim.qmp();
        for (const char* begin : {"{\"execute\": \"", "[", "[\"\", a"}) {
            qmp.send(begin);
            send_mebibytes(qmp, 64);
            qmp.send("\xFF" + k_query);
            CHECK(contains(qmp.read_line(), "JSON token size limit exceeded"));
            read_up_to(qmp, k_running);
        }
        connection qtest = sim.program.connect("qtest");
        send_mebibytes(qtest, 64);
        qtest.send(" 1\nendianness\n");
        CHECK(contains(qtest.read_line(), "FAIL Unknown command '777"));
        CHECK(qtest.read_line() == "OK little");
    });
}

TEST_CASE("abuse: ten thousand levels of nesting")
{
    constexpr std::size_t k_depth = 10'000;
    constexpr std::size_t k_limit = 1025; // the bracket with which all before it are forgotten
    check_recovers_from([](simulator& sim) {
        connection qmp = sim.qmp();
        qmp.send(repeated("[", k_depth) + repeated("]", k_depth) + k_query);
        // An error for each time the limit was reached, one for the list that is left, one for each bracket too many.
        CHECK(read_up_to(qmp, k_running) == k_depth / k_limit + 1 + k_depth - k_depth % k_limit);
        // FF, too, is an error.
        qmp.send(repeated("[", k_depth) + "\xFF" + k_query);
        CHECK(read_up_to(qmp, k_running) == k_depth / k_limit + 1);
        qmp.send(repeated("{\"arguments\":[", k_depth / 2) + "\xFF" + k_query);
        CHECK(read_up_to(qmp, k_running) > k_depth / k_limit);
    });
}

TEST_CASE("abuse: a thousand connections that come and go")
{
    check_recovers_from([](simulator& sim) {
        for (int i = 0; i < 1000; ++i) {
            connection client = sim.program.connect(i % 2 == 0 ? "qmp" : "qtest");
            if (i % 3 == 0) client.send("{'execute':");
            if (i % 5 == 0) client.send(k_query);
        }
    });
}

TEST_CASE("abuse: readers that sleep through a hundred thousand events, of which they lose none")
{
    constexpr std::size_t k_rounds = 50'000;
    constexpr std::size_t k_at_once = 100;
    check_recovers_from([](simulator& sim) {
        connection sleeper = sim.qmp();
        connection never_awake = sim.qmp();
        {
            connection busy = sim.qmp();
            const std::string stop_and_go = repeated(R"({"execute": "stop"}{"execute": "cont"})", k_at_once);
            for (std::size_t i = 0; i < k_rounds / k_at_once; ++i) {
                busy.send(stop_and_go);
                // STOP, reply, RESUME, reply
                for (std::size_t line = 0; line < 4 * k_at_once; ++line) busy.read_line();
            }
        }
        sleeper.send(k_query);
        CHECK(read_up_to(sleeper, k_running) == 2 * k_rounds);
    });
}

TEST_CASE("abuse: clients that close their writing side in mid-command and after it")
{
    check_recovers_from([](simulator& sim) {
        for (int i = 0; i < 200; ++i) {
            connection qmp = sim.qmp();
            qmp.send(repeated(k_query, 10) + (i % 2 == 0 ? "{\"execute\": [" : ""));
            qmp.finish_sending();
            for (int reply = 0; reply < 10; ++reply) CHECK(qmp.read_line() == k_running);
            CHECK(qmp.closed_by_peer());
            connection qtest = sim.program.connect("qtest");
            qtest.send("clock_step 1\nclock_st");
            qtest.finish_sending();
            CHECK(contains(qtest.read_line(), "OK "));
            CHECK(qtest.closed_by_peer());
        }
    });
}

TEST_CASE("abuse: clients that are killed in mid-command, in mid-step and with replies unread")
{
    check_recovers_from([](simulator& sim) {
        for (int i = 0; i < 20; ++i) {
            check_killed(sim, "qmp", [](connection& client) { client.send("{\"execute\": \"query-st"); });
            check_killed(sim, "qmp", [](connection& client) {
                client.send_some(repeated(R"({"execute": "query-qmp-schema"})", 1000));
                client.read_line();
            });
            check_killed(sim, "qtest", [](connection& client) {
                client.send(repeated("clock_step 1000000000\n", 100) + "clock_step 10000");
            });
        }
        check_killed(sim, "qmp", [](connection& client) {
            client.send("{\"execute\": \"");
            send_mebibytes(client, 32);
        });
    });
}
