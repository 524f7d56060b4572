// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_STREAM_SERVER_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_STREAM_SERVER_H

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <vigil/qmp-bridge/serve/chardev.h>
#include <vigil/qmp-bridge/serve/detail/connection.h>
#include <vigil/qmp-bridge/serve/detail/name_resolver.h>
#include <vigil/qmp-bridge/serve/detail/pump.h>
#include <vigil/qmp-bridge/serve/detail/socket_file.h>
#include <vigil/qmp-bridge/serve/lifeline.h>
#include <vigil/qmp-bridge/session/session.h>
#include <vigil/runstate/result.h>

namespace vigil::qmp_bridge {

/// Makes sessions for the clients of one chardev: a listening socket that serves any number of them at once, or one
/// client that was connected to or inherited.
class stream_server final : private pump::server {
public:
    using session_factory = std::function<std::unique_ptr<session>()>;

    struct options {
        chardev where;
        unsigned number = 0;                   ///< of this server, see `traffic_observer`
        unsigned most_clients = 0;             ///< at once; 0: any number
        std::string refusal;                   ///< what a client beyond those is told before its connection is closed
        std::chrono::milliseconds patience{0}; ///< so long it may wait before that for another to end
        std::function<void(const std::string&)> warn = [](const std::string&) {}; ///< a line for the log
    };

    stream_server(pump& owner, options opts, session_factory make_session);
    ~stream_server();
    stream_server(const stream_server&) = delete;
    stream_server& operator=(const stream_server&) = delete;

    /// Listens or connects; where the chardev waits, returns only once a client is connected. An error names the
    /// address and the reason; a chardev that reconnects connects in the background instead, once the pump runs, and
    /// tries again. A unix socket is created with the chardev's mode; what a program that has ended left at its path is
    /// replaced, one that is in use is not.
    std::optional<runstate::refusal> start();

    /// The port that a TCP server listens on (it may have asked for port 0); 0 for others.
    std::uint16_t port() const;

private:
    using protocol = boost::asio::generic::stream_protocol;
    using endpoints = name_resolver::endpoints;

    /// Where the chardev's address leads, in the order to be tried.
    runstate::result<endpoints> resolve(const char* purpose);
    std::optional<runstate::refusal> listen();
    std::optional<runstate::refusal> listen_on_ports(); ///< TCP: the chardev's port, or one after it that is free
    std::optional<runstate::refusal> open_log();
    std::optional<runstate::refusal> listen_at(const protocol::endpoint& endpoint);
    std::optional<runstate::refusal> connect();
    std::optional<runstate::refusal> adopt_descriptor();
    std::optional<runstate::refusal> open_stdio();
    bool reconnects() const noexcept { return options_.where.reconnect.count() != 0; }
    void warn_if_exposed(const protocol::endpoint& endpoint) const;
    void wait_again() override;
    void accept_next();
    void accepted(const boost::system::error_code& error, protocol::socket socket);
    void connect_again(); ///< in the background, until it succeeds
    void connect_to(endpoints all);
    void connect_later();
    void greet(protocol::socket socket); ///< a connected client: serves it, or refuses it
    bool has_room() const noexcept { return options_.most_clients == 0 || clients_ < options_.most_clients; }
    void refuse_client(protocol::socket& socket);
    void keep_waiting(protocol::socket socket); ///< a client too many, which may yet be served
    void serve_client(byte_stream stream);
    void client_ended() noexcept;
    runstate::refusal failed(const char* what, const std::string& reason) const;

    pump& pump_;
    options options_;
    session_factory make_session_;
    boost::asio::basic_socket_acceptor<protocol> acceptor_;
    socket_file file_;
    std::shared_ptr<std::FILE> log_;  ///< the chardev's logfile; null: none
    boost::asio::steady_timer retry_; ///< accepts or connects again
    boost::asio::steady_timer patience_;
    std::optional<protocol::socket> in_line_; ///< waits for another to end
    bool waiting_ = false;                    ///< for a client, an address or the timer
    unsigned clients_ = 0;                    ///< connected now
    bool refusing_ = false;                   ///< clients are refused, and the log says so
    bool had_client_ = false;
    lifeline life_;
};

} // namespace vigil::qmp_bridge

#endif
