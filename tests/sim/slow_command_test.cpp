// SPDX-License-Identifier: Apache-2.0
// A command that waits for the host, over sockets: blockdev-add with a named pipe for its configuration.
#include <catch.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simulator.h"

using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::k_reply_limit;
using vigil::tests::simulator;

namespace {

// A program with a named pipe beside its sockets.
struct with_pipe : simulator {
    with_pipe() : simulator({"-qmp-schema", "7.2"}), pipe((place.path / "pipe").string())
    {
        REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    }

    connection out_of_band_client()
    {
        connection client = program.connect("qmp");
        client.read_line();
        client.send(R"({"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}})");
        client.read_line();
        return client;
    }

    // Opens the pipe for writing, says `text` and closes it; waits for a reader.
    void write(const std::string& text = {}) const
    {
        const int fd = ::open(pipe.c_str(), O_WRONLY | O_CLOEXEC);
        REQUIRE(fd >= 0);
        CHECK(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
        ::close(fd);
    }

    // Whether the program lets go of the pipe; waits for it.
    bool let_go() const
    {
        const int fd = ::open(pipe.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0) return errno == ENXIO;
        pollfd state = {fd, 0, 0};
        const auto limit = std::chrono::milliseconds(k_reply_limit);
        const bool gone = ::poll(&state, 1, static_cast<int>(limit.count())) == 1 && (state.revents & POLLERR) != 0;
        ::close(fd);
        return gone;
    }

    std::string pipe;
};

std::string slow(const std::string& id, const std::string& file)
{
    return R"({"execute": "blockdev-add", "id": ")" + id + R"(", "arguments": {"driver": "blkdebug", "node-name": ")" +
           id + R"(", "config": ")" + file + R"(", "image": {"driver": "null-co"}}})";
}

std::string done(const std::string& id) { return R"({"return": {}, "id": ")" + id + "\"}"; }

} // namespace

TEST_CASE("slow commands: out of band, other clients and time go past one that waits for a pipe")
{
    with_pipe sim;
    connection client = sim.out_of_band_client();
    connection other = sim.qmp();
    connection qtest = sim.program.connect("qtest");
    client.send(slow("n", sim.pipe) + R"({"execute": "query-name", "id": "after"})");
    client.send(R"({"exec-oob": "migrate-pause", "id": "past"})");
    CHECK(contains(client.read_line(), R"({"id": "past", "error")"));
    other.send(R"({"execute": "query-status"})");
    CHECK(contains(other.read_line(), R"("running": true)"));
    qtest.send("clock_step 1000\n");
    CHECK(qtest.read_line() == "OK 1000");
    sim.write();
    CHECK(client.read_line() == done("n"));
    CHECK(client.read_line() == R"({"return": {}, "id": "after"})");
}

TEST_CASE("slow commands: what a pipe says is read to its end")
{
    with_pipe sim;
    connection client = sim.qmp();
    client.send(slow("comments", sim.pipe));
    sim.write("# " + std::string(20'000, 'x') + "\n");
    CHECK(client.read_line() == done("comments"));
    client.send(slow("rules", sim.pipe));
    sim.write("[inject-error]\n");
    CHECK(contains(client.read_line(), "rules are not supported"));
}

TEST_CASE("slow commands: a file is read as a pipe is, up to a limit")
{
    with_pipe sim;
    connection client = sim.qmp();
    const auto file = [&](const char* name, std::size_t size) {
        const std::string path = (sim.place.path / name).string();
        std::ofstream(path) << std::string(size, '#');
        return path;
    };
    const std::string refused = R"("desc": "Could not read blkdebug config file: )";
    client.send(slow("empty", file("empty", 0)));
    CHECK(client.read_line() == done("empty"));
    client.send(slow("full", file("full", 64 * 1024)));
    CHECK(client.read_line() == done("full"));
    client.send(slow("more", file("more", 64 * 1024 + 1)));
    CHECK(contains(client.read_line(), refused + "File too large"));
    client.send(slow("endless", "/dev/zero"));
    CHECK(contains(client.read_line(), refused + "File too large"));
    client.send(slow("folder", sim.place.path.string()));
    CHECK(contains(client.read_line(), refused + "Is a directory"));
    client.send(slow("nowhere", (sim.place.path / "nowhere").string()));
    CHECK(contains(client.read_line(), refused + "No such file or directory"));
}

TEST_CASE("slow commands: a client that has closed its writing side still gets the answer, and then the end")
{
    with_pipe sim;
    connection client = sim.qmp();
    client.send(slow("n", sim.pipe));
    client.finish_sending();
    sim.write();
    CHECK(client.read_line() == done("n"));
    CHECK(client.closed_by_peer());
}

TEST_CASE("slow commands: with the client goes its command, and the pipe is let go")
{
    with_pipe sim;
    {
        connection client = sim.qmp();
        client.send(slow("n", sim.pipe));
        connection other = sim.qmp(); // by now the command is under way
        other.send(R"({"execute": "query-status"})");
        other.read_line();
    }
    CHECK(sim.let_go());
    connection client = sim.qmp();
    client.send(R"({"execute": "query-named-block-nodes"})");
    CHECK(client.read_line() == R"({"return": []})");
}

TEST_CASE("slow commands: the run ends though one waits")
{
    with_pipe sim;
    connection client = sim.qmp();
    client.send(slow("n", sim.pipe));
    connection other = sim.qmp();
    other.send(R"({"execute": "quit"})");
    CHECK(contains(other.read_line(), "SHUTDOWN"));
    CHECK(sim.program.wait() == 0);
}
