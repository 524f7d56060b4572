// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/stream_server.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace vigil::qmp_bridge {

namespace asio = boost::asio;

namespace {

// Requests of one client that are executed before another client's turn, and before replies are sent.
constexpr int k_batch = 256;
// Unsent bytes from which a client's further requests wait until it reads.
constexpr std::size_t k_held_up_bytes = 1024 * 1024;

// How long to wait with the next client where the process has no descriptor left for it.
constexpr auto k_accept_retry = std::chrono::milliseconds(100);

void set_close_on_exec(int fd) { ::fcntl(fd, F_SETFD, ::fcntl(fd, F_GETFD) | FD_CLOEXEC); }

void send_at_once(connection::socket_type& socket)
{
    boost::system::error_code ignored; // not a TCP socket
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
}

} // namespace

connection::connection(pump& owner, socket_type socket, std::unique_ptr<session> conversation)
    : pump_(owner), socket_(std::move(socket)), conversation_(std::move(conversation))
{
}

void connection::start()
{
    boost::system::error_code error;
    socket_.non_blocking(true, error);
    conversation_->opened();
    flush();
    go_on();
}

void connection::execute_batch()
{
    for (int i = 0; i < k_batch && conversation_->pending() && !held_up() && is_open() && !pump_.leaving(); ++i) {
        conversation_->execute_one();
    }
}

void connection::finish_batch()
{
    queued_ = false;
    flush();
    go_on();
}

void connection::flush()
{
    if (sending_) return;
    output_queue& output = conversation_->output;
    while (is_open() && !output.empty()) {
        boost::system::error_code error;
        const std::string_view unsent = output.unsent();
        const std::size_t count = socket_.send(asio::buffer(unsent.data(), unsent.size()), 0, error);
        if (error == asio::error::would_block) {
            sending_ = true;
            socket_.async_wait(socket_type::wait_write, [self = shared_from_this()](const auto& failure) {
                self->sending_ = false;
                if (failure) {
                    self->close();
                    return;
                }
                self->flush();
                self->go_on();
            });
            return;
        }
        if (error) {
            close();
            return;
        }
        output.sent(count);
    }
}

void connection::close()
{
    if (!is_open()) return;
    boost::system::error_code ignored;
    socket_.close(ignored);
    conversation_->output.sent(conversation_->output.size());
    pump_.remove(*this);
}

void connection::read_on()
{
    reading_ = true;
    socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](const auto& error, std::size_t length) {
        self->received(error, length);
    });
}

void connection::received(const boost::system::error_code& error, std::size_t length)
{
    reading_ = false;
    if (error == asio::error::eof) {
        at_end_ = true; // what was asked for before is still answered
    } else if (error) {
        close();
        return;
    } else {
        conversation_->feed(std::string_view(buffer_.data(), length));
        if (has_unsent()) flush();
    }
    go_on();
}

void connection::go_on()
{
    if (!is_open() || queued_ || reading_) return;
    if (held_up()) return; // the flush under way comes back here
    if (conversation_->pending()) {
        queued_ = true;
        pump_.ready(shared_from_this());
    } else if (!at_end_) {
        read_on();
    } else if (!has_unsent()) {
        close();
    }
}

bool connection::held_up() const noexcept { return conversation_->output.size() > k_held_up_bytes; }

stream_server::stream_server(pump& owner, chardev where, session_factory make_session)
    : pump_(owner), where_(std::move(where)), make_session_(std::move(make_session)), acceptor_(owner.io()),
      retry_(owner.io())
{
}

stream_server::~stream_server()
{
    if (!bound_path_.empty()) ::unlink(bound_path_.c_str());
}

std::optional<option_error> stream_server::start()
{
    std::optional<option_error> error;
    switch (where_.kind) {
    case chardev::transport::unix_socket: error = where_.server ? listen_unix() : connect_unix(); break;
    case chardev::transport::tcp: error = where_.server ? listen_tcp() : connect_tcp(); break;
    case chardev::transport::descriptor: error = adopt_descriptor(); break;
    }
    if (error) return error;
    if (acceptor_.is_open()) {
        accept_next();
        if (where_.wait) {
            while (!had_client_ && !pump_.interrupted()) pump_.io().run_one();
            if (!had_client_) return failed("wait for a client on", "interrupted by a signal");
        }
    }
    return std::nullopt;
}

std::uint16_t stream_server::port() const
{
    boost::system::error_code error;
    const protocol::endpoint local = acceptor_.local_endpoint(error);
    if (error) return 0;
    asio::ip::tcp::endpoint endpoint;
    if (local.size() > endpoint.capacity() || local.data()->sa_family == AF_UNIX) return 0;
    std::memcpy(endpoint.data(), local.data(), local.size());
    endpoint.resize(local.size());
    return endpoint.port();
}

std::optional<option_error> stream_server::listen_unix()
{
    if (where_.path.size() >= sizeof(sockaddr_un::sun_path)) {
        return failed("listen on", "the path is too long: it must be shorter than " +
                                       std::to_string(sizeof(sockaddr_un::sun_path)) + " bytes");
    }
    struct stat info = {};
    if (::lstat(where_.path.c_str(), &info) == 0) {
        if (!S_ISSOCK(info.st_mode)) return failed("listen on", "the path exists and is not a socket");
        ::unlink(where_.path.c_str());
    }
    const mode_t mask = ::umask(0177);
    auto error = listen_at(asio::local::stream_protocol::endpoint(where_.path));
    ::umask(mask);
    if (!error) bound_path_ = where_.path;
    return error;
}

std::optional<option_error> stream_server::listen_tcp()
{
    boost::system::error_code error;
    asio::ip::tcp::resolver resolver(pump_.io());
    const std::string host = where_.host.empty() ? "127.0.0.1" : where_.host;
    const auto found = resolver.resolve(host, where_.port, asio::ip::resolver_base::passive, error);
    if (error) return failed("listen on", error.message());
    return listen_at(found.begin()->endpoint());
}

std::optional<option_error> stream_server::listen_at(const protocol::endpoint& endpoint)
{
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) {
        set_close_on_exec(acceptor_.native_handle());
        if (where_.kind == chardev::transport::tcp) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    }
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        return failed("listen on", error.message());
    }
    return std::nullopt;
}

std::optional<option_error> stream_server::connect_unix()
{
    if (where_.path.size() >= sizeof(sockaddr_un::sun_path)) {
        return failed("connect to", "the path is too long: it must be shorter than " +
                                        std::to_string(sizeof(sockaddr_un::sun_path)) + " bytes");
    }
    boost::system::error_code error;
    connection::socket_type socket(pump_.io());
    socket.connect(asio::local::stream_protocol::endpoint(where_.path), error);
    if (error) return failed("connect to", error.message());
    serve_client(std::move(socket));
    return std::nullopt;
}

std::optional<option_error> stream_server::connect_tcp()
{
    boost::system::error_code error;
    asio::ip::tcp::resolver resolver(pump_.io());
    const std::string host = where_.host.empty() ? "127.0.0.1" : where_.host;
    for (const auto& candidate : resolver.resolve(host, where_.port, error)) {
        connection::socket_type socket(pump_.io());
        socket.connect(candidate.endpoint(), error);
        if (error) continue;
        serve_client(std::move(socket));
        return std::nullopt;
    }
    return failed("connect to", error ? error.message() : "the host has no address");
}

std::optional<option_error> stream_server::adopt_descriptor()
{
    sockaddr_storage address = {};
    socklen_t size = sizeof address;
    if (::getsockname(where_.fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return failed("use", std::string("the descriptor is not an open socket: ") + std::strerror(errno));
    }
    int listening = 0;
    socklen_t length = sizeof listening;
    ::getsockopt(where_.fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length);
    set_close_on_exec(where_.fd);
    const protocol generic(address.ss_family, address.ss_family == AF_UNIX ? 0 : IPPROTO_TCP);
    boost::system::error_code error;
    if (listening != 0) {
        acceptor_.assign(generic, where_.fd, error);
    } else {
        connection::socket_type socket(pump_.io());
        socket.assign(generic, where_.fd, error);
        if (!error) serve_client(std::move(socket));
    }
    if (error) return failed("use", error.message());
    return std::nullopt;
}

void stream_server::accept_next()
{
    acceptor_.async_accept([this](const boost::system::error_code& error, connection::socket_type socket) {
        if (error == asio::error::operation_aborted) return;
        if (!error) {
            serve_client(std::move(socket));
            accept_next();
            return;
        }
        retry_.expires_after(k_accept_retry);
        retry_.async_wait([this](const boost::system::error_code& cancelled) {
            if (!cancelled) accept_next();
        });
    });
}

void stream_server::serve_client(connection::socket_type socket)
{
    had_client_ = true;
    set_close_on_exec(socket.native_handle());
    send_at_once(socket);
    const auto client = std::make_shared<connection>(pump_, std::move(socket), make_session_());
    pump_.add(client);
    client->start();
}

option_error stream_server::failed(const char* what, const std::string& reason) const
{
    return {std::string("Failed to ") + what + " " + where_.to_string() + ": " + reason};
}

} // namespace vigil::qmp_bridge
