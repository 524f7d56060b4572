// SPDX-License-Identifier: Apache-2.0
// Servers that go while something of theirs is still to come.
#include <vigil/qmp-bridge/serve/detail/stream_server.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <catch.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <vigil/qmp-bridge/serve/detail/pump.h>
#include <vigil/qmp-bridge/serve/lifeline.h>

using namespace vigil;
using qmp_bridge::pace;
using qmp_bridge::pacing;
using qmp_bridge::pump;
using qmp_bridge::stream_server;
using qmp_bridge::waiting;

namespace {

struct silent_session : qmp_bridge::session {
    void opened() override {}
    void feed(std::string_view) override {}
    bool pending() const override { return false; }
    void execute_one() override {}
};

struct server_folder {
    server_folder()
    {
        std::string name = "/tmp/vigil-server-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        path = name;
    }
    ~server_folder() { std::filesystem::remove_all(path); }
    sockaddr_un address(const char* name) const
    {
        sockaddr_un result{AF_UNIX, {}};
        (path + "/" + name).copy(result.sun_path, sizeof result.sun_path - 1);
        return result;
    }
    std::string path;
};

// A listening socket, as a program inherits it.
int listening(const sockaddr_un& at)
{
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    REQUIRE(::listen(fd, 8) == 0);
    return fd;
}

int connected(const sockaddr_un& to)
{
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    return fd;
}

struct served_platform {
    pacing options() const
    {
        pacing result;
        result.wait = waiting::polling;
        return result;
    }
    std::unique_ptr<stream_server> server(qmp_bridge::chardev where)
    {
        stream_server::options result;
        result.where = std::move(where);
        return std::make_unique<stream_server>(driver, result, [this] {
            ++sessions;
            return std::make_unique<silent_session>();
        });
    }

    server_folder here;
    runstate::controller controller{"controller"};
    pump driver{"pump", controller, options()};
    int sessions = 0;
};

} // namespace

TEST_CASE("stream server: a client that was accepted but not yet met goes with the server")
{
    served_platform p;
    qmp_bridge::chardev where;
    where.kind = qmp_bridge::chardev::transport::descriptor;
    where.server = true;
    where.wait = false;
    where.fd = listening(p.here.address("s"));
    auto server = p.server(where);
    const int client = connected(p.here.address("s"));
    REQUIRE_FALSE(server->start());
    server.reset();
    p.driver.poll_io();
    CHECK(p.sessions == 0);
    ::close(client);
}

TEST_CASE("stream server: a connection under way goes with the server that wanted it")
{
    served_platform p;
    qmp_bridge::chardev where;
    where.kind = qmp_bridge::chardev::transport::unix_socket;
    where.path = p.here.path + "/s";
    where.wait = false;
    where.reconnect = std::chrono::seconds(1);
    const int listener = listening(p.here.address("s"));
    auto server = p.server(where);
    REQUIRE_FALSE(server->start());
    sc_core::sc_start(10, sc_core::SC_MS);
    CHECK(p.sessions == 1);
    auto second = p.server(where);
    REQUIRE_FALSE(second->start());
    second.reset();
    server.reset();
    sc_core::sc_start(10, sc_core::SC_MS);
    CHECK(p.sessions == 1);
    ::close(listener);
}

TEST_CASE("stream server: a client outlives its server")
{
    served_platform p;
    qmp_bridge::chardev where;
    where.kind = qmp_bridge::chardev::transport::descriptor;
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    where.fd = pair[0];
    auto server = p.server(where);
    REQUIRE_FALSE(server->start());
    server.reset();
    ::close(pair[1]);
    sc_core::sc_start(10, sc_core::SC_MS);
    CHECK(p.sessions == 1);
}

TEST_CASE("lifeline: handlers come to nothing once their owner has gone")
{
    int calls = 0;
    auto life = std::make_unique<qmp_bridge::lifeline>();
    auto handler = life->tied([&](int by) { calls += by; });
    handler(2);
    life.reset();
    handler(3);
    CHECK(calls == 2);
}
