// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/socket_file.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <catch.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace fs = std::filesystem;
using vigil::qmp_bridge::socket_file;
using vigil::runstate::refusal;

namespace {

struct socket_folder {
    socket_folder()
    {
        std::string name = (fs::temp_directory_path() / "vigil-socket-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    socket_folder(const socket_folder&) = delete;
    socket_folder& operator=(const socket_folder&) = delete;
    ~socket_folder() { fs::remove_all(path); }

    fs::path path;
};

// A socket that is bound to `path` for as long as this lives.
struct bound {
    explicit bound(const std::string& path) : fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_un address{AF_UNIX, {}};
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    }
    bound(const bound&) = delete;
    bound& operator=(const bound&) = delete;
    ~bound() { ::close(fd); }

    int fd;
};

} // namespace

TEST_CASE("socket file: room is made where nothing is, and where a dead program's socket is")
{
    const socket_folder here;
    const std::string path = (here.path / "s").string();
    CHECK_FALSE(socket_file::make_room(path));
    {
        const bound dead(path);
    }
    REQUIRE(fs::is_socket(path));
    CHECK_FALSE(socket_file::make_room(path));
    CHECK(fs::is_empty(here.path));
}

TEST_CASE("socket file: no room is made at the cost of a socket in use, nor of anything else")
{
    const socket_folder here;
    const std::string socket = (here.path / "s").string();
    const bound alive(socket); // before it listens, too
    CHECK(socket_file::make_room(socket) == refusal{"another program listens there"});
    REQUIRE(::listen(alive.fd, 1) == 0);
    CHECK(socket_file::make_room(socket) == refusal{"another program listens there"});
    CHECK(fs::is_socket(socket));
    const std::string file = (here.path / "f").string();
    std::ofstream(file) << "text";
    const std::string link = (here.path / "l").string();
    fs::create_symlink(socket, link);
    for (const std::string& path : {file, link, here.path.string()}) {
        CHECK(socket_file::make_room(path) == refusal{"the path exists and is not a socket"});
        CHECK(fs::exists(path));
    }
}

TEST_CASE("socket file: the file that was made is removed at the end, wherever the program stands by then")
{
    const socket_folder here;
    const fs::path before = fs::current_path();
    fs::current_path(here.path);
    {
        socket_file file;
        const bound alive("s");
        file.made("s");
        fs::current_path("/");
    }
    fs::current_path(before);
    CHECK(fs::is_empty(here.path));
}

TEST_CASE("socket file: what has come to its place is left there")
{
    const socket_folder here;
    const std::string path = (here.path / "s").string();
    const bound first(path);
    {
        socket_file file;
        file.made(path);
        fs::rename(path, path + ".first");
        std::ofstream(path) << "text";
    }
    CHECK(fs::is_regular_file(path));
    CHECK(fs::is_socket(path + ".first"));
}
