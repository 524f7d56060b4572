// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_CHARDEV_H
#define VIGIL_QMP_BRIDGE_SERVE_CHARDEV_H

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <vigil/qmp-bridge/host/option_list.h>
#include <vigil/runstate/result.h>

namespace vigil::qmp_bridge {

/// Where a monitor or the qtest server meets its clients.
struct chardev {
    enum class transport : std::uint8_t {
        unix_socket, ///< `path`
        tcp,         ///< `host`, `port`
        descriptor,  ///< `fd`: inherited, connected or listening
        stdio,       ///< standard input and output are the one client
        null,        ///< no client ever
    };

    std::string label; ///< what clients know it by: the id of a -chardev, or a name made for it
    transport kind = transport::unix_socket;
    std::string path;
    std::string host;
    std::string port;
    int fd = -1;
    bool server = false;                    ///< listen; otherwise connect
    bool wait = true;                       ///< a server: the machine starts once a client is connected
    std::chrono::milliseconds reconnect{0}; ///< a client: connects again, so long after it failed or ended; 0: never
    unsigned mode = 0600;                   ///< of the file that a unix server makes
    bool abstract_name = false;             ///< a unix socket: `path` is a name in the kernel, and no file
    bool tight = true;                      ///< that name ends where `path` does; otherwise zeros fill the address
    std::string last_port; ///< a TCP server: the last port to be tried, where those before it are taken
    enum class family : std::uint8_t { any, ipv4, ipv6 };
    family addresses = family::any;     ///< of TCP: which of the host's are taken
    std::optional<std::string> logfile; ///< where what clients are sent is kept, too
    bool logappend = false;             ///< after what that has; otherwise it is emptied first

    /// The short form, as after -qmp and -qtest: `stdio`, `null`, or `unix:PATH[,…]` or `tcp:HOST:PORT[,…]` with
    /// `server=on|off`, `wait=on|off`, `reconnect=SECONDS`, `mode=OCTAL`, and others that -chardev takes for the same
    /// kind of socket.
    static runstate::result<chardev> parse_short(std::string_view text);

    /// The long form, as after -chardev: `backend` is `stdio`, `null`, or `socket` with the keys `path`, or `host` and
    /// `port`, or `fd`, and those of the short form. Takes its keys out of `list`.
    static runstate::result<chardev> from_options(std::string_view backend, option_list& list);

    /// In the short form, for messages.
    std::string to_string() const;
    /// The type of its object.
    std::string_view qom_type() const noexcept;
};

} // namespace vigil::qmp_bridge

#endif
