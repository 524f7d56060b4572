// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_STREAM_SERVER_H
#define VIGIL_QMP_BRIDGE_STREAM_SERVER_H

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <vigil/qmp-bridge/chardev.h>
#include <vigil/qmp-bridge/option_list.h>
#include <vigil/qmp-bridge/pump.h>
#include <vigil/qmp-bridge/session.h>

namespace vigil::qmp_bridge {

/// Carries one session over one connected stream socket. Reads only while nothing of the client's waits to be executed
/// and its replies get away, so that a flood or a client that does not read holds up only itself.
class connection : public std::enable_shared_from_this<connection> {
public:
    using socket_type = boost::asio::generic::stream_protocol::socket;

    connection(pump& owner, socket_type socket, std::unique_ptr<session> conversation);

    /// Greets and begins to read.
    void start();
    /// Executes some of what the client asked for.
    void execute_batch();
    /// Sends the replies, then goes on with what is left of the batch, or reads on.
    void finish_batch();
    /// Sends what can be sent now; the rest follows when the socket takes it.
    void flush();
    /// Closes the socket and forgets the session's unsent output.
    void close();

    bool is_open() const noexcept { return socket_.is_open(); }
    bool has_unsent() const noexcept { return !conversation_->output.empty(); }
    session& conversation() noexcept { return *conversation_; }

private:
    void read_on();
    void received(const boost::system::error_code& error, std::size_t length);
    void go_on();                  ///< after a batch or a flush: execute, read, or end
    bool held_up() const noexcept; ///< too many replies wait to be sent

    pump& pump_;
    socket_type socket_;
    std::unique_ptr<session> conversation_;
    std::array<char, 16384> buffer_;
    bool reading_ = false;
    bool queued_ = false;  ///< in the pump's ready queue, or being executed
    bool sending_ = false; ///< waits for the socket to take more
    bool at_end_ = false;  ///< the client has closed its writing side
};

/// Makes sessions for the clients of one chardev: a listening socket that serves any number of them at once, or one
/// connection made or inherited.
class stream_server {
public:
    using session_factory = std::function<std::unique_ptr<session>()>;

    stream_server(pump& owner, chardev where, session_factory make_session);
    ~stream_server();
    stream_server(const stream_server&) = delete;
    stream_server& operator=(const stream_server&) = delete;

    /// Listens or connects; where the chardev waits, returns only once a client is connected. An error names the
    /// address and the reason. A unix socket is created with mode 0600; an old socket at its path is replaced.
    std::optional<option_error> start();

    /// The port that a TCP server listens on (it may have asked for port 0); 0 for others.
    std::uint16_t port() const;

private:
    using protocol = boost::asio::generic::stream_protocol;

    std::optional<option_error> listen_unix();
    std::optional<option_error> listen_tcp();
    std::optional<option_error> connect_unix();
    std::optional<option_error> connect_tcp();
    std::optional<option_error> adopt_descriptor();
    std::optional<option_error> listen_at(const protocol::endpoint& endpoint);
    void accept_next();
    void serve_client(connection::socket_type socket);
    option_error failed(const char* what, const std::string& reason) const;

    pump& pump_;
    chardev where_;
    session_factory make_session_;
    boost::asio::basic_socket_acceptor<protocol> acceptor_;
    std::string bound_path_;          ///< to be removed at the end
    boost::asio::steady_timer retry_; ///< accepts again after the process ran out of descriptors
    bool had_client_ = false;
};

} // namespace vigil::qmp_bridge

#endif
