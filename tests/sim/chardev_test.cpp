// SPDX-License-Identifier: Apache-2.0
// Every way in which a client and the program can meet.
#include <catch.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
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

// A unix socket that listens, for programs that connect.
struct listener {
    explicit listener(const std::string& path) : fd(::socket(AF_UNIX, SOCK_STREAM, 0))
    {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(fd, 1) == 0);
    }
    ~listener() { ::close(fd); }
    connection accept() const { return connection(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC)); }

    int fd;
};

// A TCP socket that listens on this host, at a port of its own.
struct tcp_listener {
    tcp_listener() : fd(::socket(AF_INET, SOCK_STREAM, 0))
    {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(fd, 8) == 0);
        socklen_t size = sizeof address;
        REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port = ntohs(address.sin_port);
    }
    ~tcp_listener() { ::close(fd); }
    connection accept() const { return connection(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC)); }
    connection connect() const
    {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        REQUIRE(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        return connection(client);
    }

    int fd;
    std::uint16_t port = 0;
};

// Runs a shell command to its end and returns what it wrote.
std::string output_of(const std::string& command, int expected_status = 0)
{
    const workspace place;
    const std::string file = (place.path / "out").string();
    process shell({"/bin/sh", "-c", "(" + command + ") >" + file}, place);
    CHECK(shell.wait() == expected_status);
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

const std::string k_capabilities = "{\"execute\": \"qmp_capabilities\"}";
const std::string k_quit = "{\"execute\": \"quit\"}";

} // namespace

TEST_CASE("chardev: standard input and output carry a monitor")
{
    const std::string ask = "printf '%s' '" + k_capabilities + "{\"execute\": \"query-status\"}" + k_quit + "' | ";
    for (const char* options :
         {"-qmp stdio", "-chardev stdio,id=m -mon m,mode=control", "-qmp chardev:m -chardev stdio,id=m"}) {
        INFO(options);
        const std::string out = output_of(ask + VIGIL_SIM + " " + options);
        CHECK(contains(out, "{\"QMP\": "));
        CHECK(contains(out, "\"status\": \"running\""));
        CHECK(contains(out, "\"SHUTDOWN\""));
        CHECK(out.substr(out.size() - 16) == "{\"return\": {}}\r\n");
    }
}

TEST_CASE("chardev: a file can be standard input, and a machine outlives its end")
{
    const workspace place;
    const std::string file = (place.path / "in").string();
    std::ofstream(file) << k_capabilities << "{\"execute\": \"query-name\"}";
    const std::string socket = (place.path / "qmp").string();
    process program(
        {"/bin/sh", "-c",
         "exec " + std::string(VIGIL_SIM) + " -name n -qmp stdio -qmp unix:" + socket + ",server=on,wait=off <" + file},
        place);
    connection other = program.connect("qmp");
    other.send(k_capabilities + k_quit);
    CHECK(program.wait() == 0);
    CHECK(contains(place.printed(), "{\"name\": \"n\"}"));
}

TEST_CASE("chardev: the program connects to a client that listens, and again when it may")
{
    const workspace place;
    const std::string path = (place.path / "listen").string();
    const listener here(path);
    process program({VIGIL_SIM, "-qmp", "unix:" + path + ",reconnect=1"}, place);
    CHECK(contains(here.accept().read_line(), "\"QMP\""));
    connection again = here.accept();
    CHECK(contains(again.read_line(), "\"QMP\""));
    again.send(k_capabilities + k_quit);
    CHECK(program.wait() == 0);
}

TEST_CASE("chardev: with reconnect, a client may come to listen later")
{
    const workspace place;
    const std::string path = (place.path / "listen").string();
    process program({VIGIL_SIM, "-chardev", "socket,id=m,path=" + path + ",reconnect=1", "-mon", "m,mode=control"},
                    place);
    ::usleep(100'000);
    const listener here(path);
    connection client = here.accept();
    CHECK(contains(client.read_line(), "\"QMP\""));
    client.send(k_capabilities + k_quit);
    CHECK(program.wait() == 0);
}

TEST_CASE("chardev: an inherited descriptor may be connected, or listen")
{
    const workspace place;
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    {
        process program({VIGIL_SIM, "-chardev", "socket,id=m,fd=" + std::to_string(pair[1]), "-mon", "m,mode=control"},
                        place);
        ::close(pair[1]);
        connection client(pair[0]);
        CHECK(contains(client.read_line(), "\"QMP\""));
        client.send(k_capabilities + k_quit);
        CHECK(program.wait() == 0);
    }
    const listener here((place.path / "qmp").string());
    process program({VIGIL_SIM, "-chardev", "socket,id=m,fd=" + std::to_string(here.fd) + ",server=on,wait=off", "-mon",
                     "m,mode=control"},
                    place);
    connection client = program.connect("qmp");
    CHECK(contains(client.read_line(), "\"QMP\""));
}

TEST_CASE("chardev: a unix socket is its owner's alone unless a mode is given")
{
    for (const auto& [more, mode] : {std::pair<std::string, mode_t>{"", 0600}, {",mode=0660", 0660}}) {
        const workspace place;
        const std::string path = (place.path / "qmp").string();
        process program({VIGIL_SIM, "-qmp", "unix:" + path + ",server=on,wait=off" + more}, place);
        connection client = program.connect("qmp");
        struct stat info = {};
        REQUIRE(::stat(path.c_str(), &info) == 0);
        CHECK((info.st_mode & 0777) == mode);
    }
}

TEST_CASE("chardev: clients beyond the limit are told so, and others take their places")
{
    simulator sim({"-clients", "max=2"});
    std::optional<connection> first(sim.qmp());
    connection second = sim.qmp();
    connection third = sim.program.connect("qmp");
    CHECK(third.read_line() ==
          R"({"error": {"class": "GenericError", "desc": "Too many clients; at most 2 at once"}})");
    CHECK(third.closed_by_peer());
    connection tests[] = {sim.program.connect("qtest"), sim.program.connect("qtest"), sim.program.connect("qtest")};
    CHECK(tests[2].read_line() == "FAIL Too many clients; at most 2 at once");
    first.reset();
    for (std::string line = "{\"error\""; contains(line, "\"error\"");) line = sim.program.connect("qmp").read_line();
}

TEST_CASE("chardev: one that no option refers to takes what it is sent, and says nothing")
{
    const workspace place;
    const auto server = [&](const char* name) { return (place.path / name).string() + ",server=on,wait=off"; };
    process program({VIGIL_SIM, "-chardev", "socket,id=console,path=" + server("console"), "-serial", "chardev:console",
                     "-qmp", "unix:" + server("qmp")},
                    place);
    connection console = program.connect("console");
    console.send("login: ");
    console.finish_sending();
    CHECK(console.closed_by_peer());
    connection client = program.connect("qmp");
    CHECK(contains(client.read_line(), "\"QMP\""));
}

TEST_CASE("chardev: an address that other hosts reach is warned of")
{
    for (const auto& [host, warned] :
         {std::pair<std::string, bool>{"0.0.0.0", true}, {"127.0.0.1", false}, {"", false}}) {
        const workspace place;
        const std::string socket = (place.path / "qmp").string();
        process program({VIGIL_SIM, "-qmp", "tcp:" + host + ":0,server=on,wait=off", "-qmp",
                         "unix:" + socket + ",server=on,wait=off"},
                        place);
        connection client = program.connect("qmp");
        CHECK(contains(place.printed(), "can be reached from other hosts") == warned);
    }
}

TEST_CASE("chardev: a descriptor that was passed on shows in its set, and one that is not open is refused")
{
    const workspace place;
    const std::string socket = (place.path / "qmp").string();
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    process program({VIGIL_SIM, "-add-fd", "fd=" + std::to_string(pair[0]) + ",set=2,opaque=a disk", "-qmp",
                     "unix:" + socket + ",server=on,wait=off"},
                    place);
    connection client = program.connect("qmp");
    client.send(k_capabilities + "{\"execute\": \"query-fdsets\"}");
    client.read_line();
    client.read_line();
    CHECK(client.read_line() ==
          R"({"return": [{"fdset-id": 2, "fds": [{"fd": )" + std::to_string(pair[0]) + R"(, "opaque": "a disk"}]}]})");
    ::close(pair[0]);
    ::close(pair[1]);
    const workspace second;
    process refused({VIGIL_SIM, "-add-fd", "fd=999,set=1"}, second);
    CHECK(refused.wait() == 1);
    CHECK(contains(second.printed(), "-add-fd: descriptor 999 is not open"));
}

TEST_CASE("chardev: a web page that has its reader's browser speak to a TCP port is not heard")
{
    const workspace place;
    const tcp_listener qmp;
    const tcp_listener qtest;
    process program({VIGIL_SIM, "-name", "n", "-chardev",
                     "socket,id=m,fd=" + std::to_string(qmp.fd) + ",server=on,wait=off", "-mon", "m,mode=control",
                     "-chardev", "socket,id=t,fd=" + std::to_string(qtest.fd) + ",server=on,wait=off", "-qtest",
                     "chardev:t"},
                    place);
    for (const char* first : {"POST / HTTP/1.1\r\n", "GET /x HTTP/1.1\r\n", "Host: localhost\r\n"}) {
        connection page = qmp.connect();
        page.send(std::string(first) + "Host: localhost\r\nContent-Type: text/plain\r\n\r\n" + k_capabilities + k_quit);
        CHECK(contains(page.read_line(), "\"QMP\"")); // before it has said anything
        CHECK_THROWS_AS(page.read_line(), vigil::tests::lost);
        connection other = qtest.connect();
        other.send(std::string(first) + "\r\n\r\noutb 0xcf9 6\n");
        CHECK_THROWS_AS(other.read_line(), vigil::tests::lost);
    }
    CHECK(contains(place.printed(), "dropped a client: it speaks HTTP"));
    connection tester = qtest.connect();
    tester.send("en");
    tester.send("dianness\n");
    CHECK(tester.read_line() == "OK little");
    connection client = qmp.connect();
    client.read_line();
    client.send("nonsense\n" + k_capabilities + "{\"execute\": \"query-name\"}");
    CHECK(contains(client.read_line(), "JSON parse error"));
    while (!contains(client.read_line(), "\"name\": \"n\"")) {}
}

TEST_CASE("chardev: a program that connects finds a host by its name, in its sandbox as well, and again later")
{
    for (const char* sandbox : {"off", "on"}) {
        INFO(sandbox);
        const workspace place;
        const tcp_listener here;
        // The leak check of a sanitizer traces its own process, which a sandbox refuses.
        process program({"env", "ASAN_OPTIONS=detect_leaks=0", VIGIL_SIM, "-qmp",
                         "tcp:localhost:" + std::to_string(here.port) + ",reconnect=1", "-sandbox", sandbox},
                        place);
        CHECK(contains(here.accept().read_line(), "\"QMP\""));
        connection again = here.accept();
        CHECK(contains(again.read_line(), "\"QMP\""));
        again.send(k_capabilities + k_quit);
        CHECK(program.wait() == 0);
        CHECK(place.printed().empty());
    }
}

TEST_CASE("chardev: in its sandbox, a program that finds no host of a name says so, and goes on")
{
    const workspace place;
    const std::string socket = (place.path / "qmp").string();
    const std::string nobody(300, 'x'); // too long a name to ask anybody about
    process program({"env", "ASAN_OPTIONS=detect_leaks=0", VIGIL_SIM, "-sandbox", "on", "-qmp",
                     "tcp:" + nobody + ":4444,reconnect=1", "-qmp", "unix:" + socket + ",server=on,wait=off"},
                    place);
    connection client = program.connect("qmp");
    while (!contains(place.printed(), "Failed to connect to tcp:" + nobody)) REQUIRE_FALSE(program.exited());
    client.send(k_capabilities + k_quit);
    CHECK(program.wait() == 0);
}
