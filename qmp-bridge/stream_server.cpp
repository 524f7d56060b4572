// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/stream_server.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace vigil::qmp_bridge {

namespace asio = boost::asio;

namespace {

// How long to wait with the next client where the process has no descriptor left for it.
constexpr auto k_accept_retry = std::chrono::milliseconds(100);

void set_close_on_exec(int fd) { ::fcntl(fd, F_SETFD, ::fcntl(fd, F_GETFD) | FD_CLOEXEC); }

// A name in the kernel, after a zero; one that is not tight is filled up with zeros.
asio::generic::stream_protocol::endpoint abstract_endpoint(const chardev& where)
{
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    where.path.copy(address.sun_path + 1, sizeof address.sun_path - 1);
    const std::size_t named = offsetof(sockaddr_un, sun_path) + 1 + where.path.size();
    return {&address, where.tight ? named : sizeof address};
}

bool is_wanted(const chardev& where, const asio::ip::tcp::endpoint& endpoint)
{
    using family = chardev::family;
    return where.addresses == family::any || (where.addresses == family::ipv4) == endpoint.address().is_v4();
}

asio::posix::stream_descriptor duplicate(asio::io_context& io, int fd, boost::system::error_code& error)
{
    asio::posix::stream_descriptor result(io);
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (copy < 0) {
        error.assign(errno, boost::system::system_category());
    } else {
        result.assign(copy, error);
    }
    return result;
}

} // namespace

stream_server::stream_server(pump& owner, options opts, session_factory make_session)
    : pump_(owner), options_(std::move(opts)), make_session_(std::move(make_session)), acceptor_(owner.io()),
      retry_(owner.io())
{
    // A daemon does not stay in its folder.
    chardev& where = options_.where;
    if (where.kind == chardev::transport::unix_socket && where.reconnect != 0) {
        where.path = std::filesystem::absolute(where.path).string();
    }
}

stream_server::~stream_server()
{
    if (!bound_path_.empty()) ::unlink(bound_path_.c_str());
}

std::optional<option_error> stream_server::start()
{
    std::optional<option_error> error = open_log();
    if (error) return error;
    switch (options_.where.kind) {
    case chardev::transport::unix_socket:
    case chardev::transport::tcp: error = options_.where.server ? listen() : connect(); break;
    case chardev::transport::descriptor: error = adopt_descriptor(); break;
    case chardev::transport::stdio: error = open_stdio(); break;
    case chardev::transport::null: break;
    }
    if (error) return error;
    if (acceptor_.is_open()) {
        accept_next();
        if (options_.where.wait) {
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

std::variant<stream_server::endpoints, option_error> stream_server::resolve(const char* purpose)
{
    const chardev& where = options_.where;
    if (where.kind == chardev::transport::unix_socket) {
        if (where.path.size() >= sizeof(sockaddr_un::sun_path)) {
            return failed(purpose, "the path is too long: it must be shorter than " +
                                       std::to_string(sizeof(sockaddr_un::sun_path)) + " bytes");
        }
        if (where.abstract_name) return endpoints{abstract_endpoint(where)};
        return endpoints{asio::local::stream_protocol::endpoint(where.path)};
    }
    boost::system::error_code error;
    asio::ip::tcp::resolver resolver(pump_.io());
    const std::string host = where.host.empty() ? "127.0.0.1" : where.host;
    endpoints found;
    for (const auto& one : resolver.resolve(host, where.port, asio::ip::resolver_base::passive, error)) {
        if (is_wanted(where, one.endpoint())) found.emplace_back(one.endpoint());
    }
    if (found.empty()) return failed(purpose, error ? error.message() : "the host has no address");
    return found;
}

std::optional<option_error> stream_server::listen()
{
    if (options_.where.kind == chardev::transport::tcp) return listen_on_ports();
    auto found = resolve("listen on");
    if (auto* error = std::get_if<option_error>(&found)) return std::move(*error);
    const protocol::endpoint& endpoint = std::get<endpoints>(found).front();
    if (options_.where.abstract_name) return listen_at(endpoint);
    const std::string& path = options_.where.path;
    struct stat info = {};
    if (::lstat(path.c_str(), &info) == 0) {
        if (!S_ISSOCK(info.st_mode)) return failed("listen on", "the path exists and is not a socket");
        ::unlink(path.c_str());
    }
    constexpr mode_t all = 0777;
    const mode_t mask = ::umask(all & ~options_.where.mode);
    auto error = listen_at(endpoint);
    ::umask(mask);
    if (!error) bound_path_ = std::filesystem::absolute(path).string(); // a daemon does not stay in its folder

    return error;
}

std::optional<option_error> stream_server::listen_on_ports()
{
    const int first = std::stoi(options_.where.port);
    const int last = options_.where.last_port.empty() ? first : std::stoi(options_.where.last_port);
    std::optional<option_error> error;
    for (int port = first; port <= std::max(first, last); ++port) {
        options_.where.port = std::to_string(port);
        auto found = resolve("listen on");
        if (auto* unknown = std::get_if<option_error>(&found)) return std::move(*unknown);
        const protocol::endpoint& endpoint = std::get<endpoints>(found).front();
        error = listen_at(endpoint);
        if (error) continue;
        warn_if_exposed(endpoint);
        return std::nullopt;
    }
    return error;
}

std::optional<option_error> stream_server::open_log()
{
    if (!options_.where.logfile) return std::nullopt;
    constexpr mode_t k_owner_only = 0600;
    const std::string& path = *options_.where.logfile;
    const int fd = ::open(
        path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (options_.where.logappend ? O_APPEND : O_TRUNC), k_owner_only);
    std::FILE* file = fd < 0 ? nullptr : ::fdopen(fd, "w");
    if (file == nullptr) return option_error{"Unable to open logfile " + path + ": " + std::strerror(errno)};
    std::setvbuf(file, nullptr, _IONBF, 0); // a reader sees what the client has seen
    log_.reset(file, std::fclose);
    return std::nullopt;
}

std::optional<option_error> stream_server::listen_at(const protocol::endpoint& endpoint)
{
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) {
        set_close_on_exec(acceptor_.native_handle());
        if (options_.where.kind == chardev::transport::tcp) {
            acceptor_.set_option(asio::socket_base::reuse_address(true), error);
        }
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

void stream_server::warn_if_exposed(const protocol::endpoint& endpoint) const
{
    asio::ip::tcp::endpoint tcp;
    std::memcpy(tcp.data(), endpoint.data(), endpoint.size());
    tcp.resize(endpoint.size());
    if (tcp.address().is_loopback()) return;
    options_.warn("warning: " + options_.where.to_string() +
                  " can be reached from other hosts, and nobody is asked for a password there");
}

std::optional<option_error> stream_server::connect()
{
    if (options_.where.reconnect != 0) {
        connect_again();
        return std::nullopt;
    }
    auto found = resolve("connect to");
    if (auto* error = std::get_if<option_error>(&found)) return std::move(*error);
    boost::system::error_code error;
    protocol::socket socket(pump_.io());
    asio::connect(socket, std::get<endpoints>(found), error);
    if (error) return failed("connect to", error.message());
    greet(std::move(socket));
    return std::nullopt;
}

void stream_server::connect_again()
{
    auto found = resolve("connect to");
    if (auto* error = std::get_if<option_error>(&found)) {
        options_.warn(error->text);
        connect_later();
        return;
    }
    const auto socket = std::make_shared<protocol::socket>(pump_.io());
    const auto all = std::make_shared<endpoints>(std::move(std::get<endpoints>(found)));
    asio::async_connect(*socket, *all,
                        [this, socket, all, alive = std::weak_ptr(alive_)](const boost::system::error_code& error,
                                                                           const protocol::endpoint&) {
                            if (alive.expired()) return;
                            if (error) {
                                connect_later();
                            } else {
                                greet(std::move(*socket));
                            }
                        });
}

void stream_server::connect_later()
{
    retry_.expires_after(std::chrono::seconds(options_.where.reconnect));
    retry_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled) connect_again();
    });
}

std::optional<option_error> stream_server::adopt_descriptor()
{
    const int fd = options_.where.fd;
    sockaddr_storage address = {};
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return failed("use", std::string("the descriptor is not an open socket: ") + std::strerror(errno));
    }
    int listening = 0;
    socklen_t length = sizeof listening;
    ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length);
    set_close_on_exec(fd);
    const protocol generic(address.ss_family, address.ss_family == AF_UNIX ? 0 : IPPROTO_TCP);
    boost::system::error_code error;
    if (listening != 0) {
        acceptor_.assign(generic, fd, error);
    } else {
        protocol::socket socket(pump_.io());
        socket.assign(generic, fd, error);
        if (!error) greet(std::move(socket));
    }
    if (error) return failed("use", error.message());
    return std::nullopt;
}

std::optional<option_error> stream_server::open_stdio()
{
    boost::system::error_code error;
    auto in = duplicate(pump_.io(), STDIN_FILENO, error);
    if (error) return failed("read from", error.message());
    auto out = duplicate(pump_.io(), STDOUT_FILENO, error);
    if (error) return failed("write to", error.message());
    serve_client(byte_stream(std::move(in), std::move(out)));
    return std::nullopt;
}

void stream_server::accept_next()
{
    acceptor_.async_accept([this](const boost::system::error_code& error, protocol::socket socket) {
        if (error == asio::error::operation_aborted) return;
        if (!error) {
            greet(std::move(socket));
            accept_next();
            return;
        }
        retry_.expires_after(k_accept_retry);
        retry_.async_wait([this](const boost::system::error_code& cancelled) {
            if (!cancelled) accept_next();
        });
    });
}

void stream_server::greet(protocol::socket socket)
{
    set_close_on_exec(socket.native_handle());
    boost::system::error_code ignored; // not a TCP socket
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (options_.most_clients != 0 && clients_ >= options_.most_clients) {
        socket.non_blocking(true, ignored);
        socket.send(asio::buffer(options_.refusal), 0, ignored);
        if (!std::exchange(refusing_, true)) {
            options_.warn(options_.where.to_string() + ": refusing clients beyond the first " +
                          std::to_string(clients_));
        }
        return;
    }
    serve_client(byte_stream(std::move(socket)));
}

void stream_server::serve_client(byte_stream stream)
{
    had_client_ = true;
    ++clients_;
    const auto client = std::make_shared<connection>(pump_, std::move(stream), make_session_(), options_.number);
    if (log_) {
        client->sent = [log = log_](std::string_view bytes) { std::fwrite(bytes.data(), 1, bytes.size(), log.get()); };
    }
    client->ended = [this, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) client_ended();
    };
    client->start();
}

void stream_server::client_ended()
{
    --clients_;
    refusing_ = false;
    if (options_.where.reconnect != 0 && !pump_.leaving()) connect_later();
}

option_error stream_server::failed(const char* what, const std::string& reason) const
{
    return {std::string("Failed to ") + what + " " + options_.where.to_string() + ": " + reason};
}

} // namespace vigil::qmp_bridge
