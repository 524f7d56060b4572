// SPDX-License-Identifier: Apache-2.0
// Several programs and one path.
#include <catch.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "simulator.h"

namespace fs = std::filesystem;
using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::process;
using vigil::tests::words;
using vigil::tests::workspace;

namespace {

struct instance {
    explicit instance(const fs::path& socket, const std::string& wait = "off")
        : program({VIGIL_SIM, "-name", "n", "-qmp", "unix:" + socket.string() + ",server=on,wait=" + wait}, place)
    {
    }

    workspace place; // of what it prints
    process program;
};

void check_serves(process& at)
{
    connection client = at.connect("qmp");
    CHECK(contains(client.read_line(), "\"QMP\""));
    client.send("{\"execute\": \"qmp_capabilities\"}{\"execute\": \"query-name\"}");
    client.read_line();
    CHECK(contains(client.read_line(), "\"name\": \"n\""));
}

void check_refused(instance& second, const std::string& reason)
{
    CHECK(second.program.wait() == 1);
    CHECK(contains(second.place.printed(), "vigil-sim: Failed to listen on unix:"));
    CHECK(contains(second.place.printed(), reason));
    CHECK_FALSE(contains(second.place.printed(), "\n"));
}

// One that serves in `place` itself.
std::unique_ptr<process> first_in(const workspace& place)
{
    const std::string path = (place.path / "qmp").string();
    return std::make_unique<process>(words{VIGIL_SIM, "-name", "n", "-qmp", "unix:" + path + ",server=on,wait=off"},
                                     place);
}

} // namespace

TEST_CASE("two instances: the second one is refused the first one's socket, and leaves it in place")
{
    const workspace place;
    const auto first = first_in(place);
    check_serves(*first);
    instance second(place.path / "qmp");
    check_refused(second, "another program listens there");
    instance third(place.path / "." / "qmp");
    check_refused(third, "another program listens there");
    check_serves(*first);
    first->signal(SIGTERM);
    CHECK(first->wait() == 0);
    CHECK_FALSE(fs::exists(place.path / "qmp"));
}

TEST_CASE("two instances: one that waits for its first client does not take the other for it")
{
    const workspace place;
    process first({VIGIL_SIM, "-name", "n", "-qmp", "unix:" + (place.path / "qmp").string() + ",server=on"}, place);
    while (!contains(place.printed(), "waiting for connection") || !fs::exists(place.path / "qmp")) {
        REQUIRE_FALSE(first.exited());
    }
    instance second(place.path / "qmp");
    check_refused(second, "another program listens there");
    first.signal(SIGTERM);
    CHECK(first.wait() == 1);
    CHECK(contains(place.printed(), "interrupted by a signal"));
}

TEST_CASE("two instances: a socket that another program has bound is left to it, whatever its kind")
{
    for (const int kind : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
        const workspace place;
        const std::string path = (place.path / "other").string();
        sockaddr_un address{AF_UNIX, {}};
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        const int fd = ::socket(AF_UNIX, kind | SOCK_CLOEXEC, 0);
        REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        instance second(path);
        check_refused(second, "another program listens there");
        CHECK(fs::is_socket(path));
        ::close(fd);
    }
}

TEST_CASE("two instances: the socket of one that was killed is taken over")
{
    const workspace place;
    {
        const auto first = first_in(place);
        check_serves(*first);
        first->signal(SIGKILL);
        CHECK(first->wait() == -SIGKILL);
    }
    REQUIRE(fs::is_socket(place.path / "qmp"));
    const auto second = first_in(place);
    check_serves(*second);
    second->signal(SIGTERM);
    CHECK(second->wait() == 0);
    CHECK_FALSE(fs::exists(place.path / "qmp"));
}

TEST_CASE("two instances: of many that start over a dead one's socket at once exactly one serves")
{
    const workspace place;
    {
        const auto dead = first_in(place);
        check_serves(*dead);
        dead->signal(SIGKILL);
        dead->wait();
    }
    std::vector<std::unique_ptr<instance>> all;
    for (int i = 0; i < 8; ++i) all.push_back(std::make_unique<instance>(place.path / "qmp"));
    std::size_t left = all.size();
    while (left > 1) {
        left = 0;
        for (const auto& one : all) left += one->program.exited() ? 0 : 1;
        ::usleep(1000);
    }
    CHECK(left == 1);
    for (const auto& one : all) {
        if (one->program.exited()) CHECK(one->program.wait() == 1);
    }
    const auto watcher = first_in(place); // refused by the one that serves
    CHECK(watcher->wait() == 1);
    CHECK(fs::is_socket(place.path / "qmp"));
    for (const auto& entry : fs::directory_iterator(place.path)) {
        CHECK_FALSE(contains(entry.path().filename().string(), ".old-"));
    }
}

TEST_CASE("two instances: at its end a program removes its own socket only")
{
    const workspace place;
    const fs::path path = place.path / "qmp";
    const auto first = first_in(place);
    check_serves(*first);
    fs::remove(path);
    const auto second = first_in(place); // which nobody listens at any more
    check_serves(*second);
    first->signal(SIGTERM);
    CHECK(first->wait() == 0);
    CHECK(fs::is_socket(path));
    check_serves(*second);
    fs::remove(path);
    std::ofstream(path) << "a file";
    second->signal(SIGTERM);
    CHECK(second->wait() == 0);
    CHECK(fs::is_regular_file(path));
    instance third(path);
    check_refused(third, "the path exists and is not a socket");
    CHECK(fs::file_size(path) == 6);
}
