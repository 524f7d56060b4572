// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/socket_file.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace vigil::qmp_bridge {

namespace {

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

// 0 where a socket at `path` belongs to a program that runs, ECONNREFUSED where to none, or what else connecting fails
// with. A datagram socket cannot connect to a stream, so that whoever listens does not take it for a client.
int try_to_connect(const std::string& path)
{
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
    path.copy(address.sun_path, path.size());
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    int error = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
    if (error == EPROTOTYPE) error = 0;
    ::close(fd);
    return error;
}

// Removes the socket `which` at `path`, unless another one has come to its place since it was looked at.
std::optional<runstate::refusal> remove_socket(const std::string& path, const struct stat& which)
{
    const std::string aside = path + ".old-" + std::to_string(::getpid());
    if (::rename(path.c_str(), aside.c_str()) != 0) {
        if (errno == ENOENT) return std::nullopt;
        return runstate::refusal{std::string("the old socket there cannot be removed: ") + std::strerror(errno)};
    }
    struct stat moved = {};
    // The number of a file that is gone is given to the next one: that it is nobody's has to be asked again.
    if (::lstat(aside.c_str(), &moved) == 0 && same_file(moved, which) && try_to_connect(aside) == ECONNREFUSED) {
        ::unlink(aside.c_str());
        return std::nullopt;
    }
    ::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE);
    return runstate::refusal{"another program has just begun to listen there"};
}

// How often, a millisecond apart, the folder is asked for where somebody else has it.
constexpr int k_lock_attempts = 1000;

} // namespace

socket_file::turn::turn(const std::string& path)
{
    const std::string folder = std::filesystem::path(path).parent_path().string();
    folder_ = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_ < 0) return; // then without
    for (int i = 0; i < k_lock_attempts && ::flock(folder_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; ++i) {
        ::usleep(1000);
    }
}

socket_file::turn::~turn()
{
    if (folder_ >= 0) ::close(folder_);
}

socket_file::~socket_file()
{
    struct stat now = {};
    if (path_.empty() || ::lstat(path_.c_str(), &now) != 0) return;
    if (now.st_dev == device_ && now.st_ino == inode_) ::unlink(path_.c_str());
}

std::optional<runstate::refusal> socket_file::make_room(const std::string& path)
{
    struct stat found = {};
    if (::lstat(path.c_str(), &found) != 0) return std::nullopt; // if it is not to be had, making the socket will tell
    if (!S_ISSOCK(found.st_mode)) return runstate::refusal{"the path exists and is not a socket"};
    const int error = try_to_connect(path);
    if (error == 0) return runstate::refusal{"another program listens there"};
    if (error == ENOENT) return std::nullopt;
    if (error == ECONNREFUSED) return remove_socket(path, found);
    return runstate::refusal{std::string("it cannot be told whether another program listens there: ") +
                             std::strerror(error)};
}

void socket_file::made(const std::string& path)
{
    struct stat info = {};
    std::error_code error;
    const std::string absolute = std::filesystem::absolute(path, error).string();
    if (error || ::lstat(path.c_str(), &info) != 0) return; // removed already
    device_ = info.st_dev;
    inode_ = info.st_ino;
    path_ = absolute;
}

} // namespace vigil::qmp_bridge
