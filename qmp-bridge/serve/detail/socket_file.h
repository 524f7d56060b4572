// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_SOCKET_FILE_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_SOCKET_FILE_H

#include <optional>
#include <string>

#include <sys/types.h>

#include <vigil/runstate/result.h>

namespace vigil::qmp_bridge {

/// The file by which clients find a listening unix socket.
class socket_file {
public:
    /// Removes the file, if it still is the one that was made; whatever else is at the path by now is somebody else's.
    ~socket_file();
    socket_file() = default;
    socket_file(const socket_file&) = delete;
    socket_file& operator=(const socket_file&) = delete;

    /// Keeps other programs of Vigil from taking a path in the same folder meanwhile: between asking whether somebody
    /// listens and listening, only one may be. By a lock on the folder, without which it goes on where that is not to
    /// be had within a second.
    class turn {
    public:
        explicit turn(const std::string& path);
        ~turn();
        turn(const turn&) = delete;
        turn& operator=(const turn&) = delete;

    private:
        int folder_;
    };

    /// Removes what a program that has ended left at `path`; returns why a socket cannot be made there: because one is
    /// in use, or because something else is there.
    static std::optional<runstate::refusal> make_room(const std::string& path);

    /// A socket was just made at `path`.
    void made(const std::string& path);

private:
    std::string path_; ///< absolute: a daemon does not stay in its folder
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

} // namespace vigil::qmp_bridge

#endif
