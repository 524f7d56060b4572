// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/stream_server.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <new>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <vigil/qmp-bridge/host/host_file.h>
#include <vigil/qmp-bridge/host/option_list.h>
#include <vigil/runstate/files/descriptor.h>

namespace vigil::qmp_bridge {

namespace asio = boost::asio;

namespace {

// How long to wait with the next client where the process has no descriptor left for it.
constexpr auto k_accept_retry = std::chrono::milliseconds(100);

void set_close_on_exec(int fd) { ::fcntl(fd, F_SETFD, ::fcntl(fd, F_GETFD) | FD_CLOEXEC); }

std::string host_of(const chardev& where) { return where.host.empty() ? "127.0.0.1" : where.host; }

// Why no client could be accepted, now that all else is open.
std::optional<runstate::refusal> lack_of_descriptors(int fd)
{
    const int spare = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (spare < 0) return runstate::refusal{std::strerror(errno)};
    ::close(spare);
    return std::nullopt;
}

// A name in the kernel, after a zero; one that is not tight is filled up with zeros.
asio::generic::stream_protocol::endpoint abstract_endpoint(const chardev& where)
{
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    where.path.copy(address.sun_path + 1, sizeof address.sun_path - 1);
    const std::size_t named = offsetof(sockaddr_un, sun_path) + 1 + where.path.size();
    return {&address, where.tight ? named : sizeof address};
}

// Those of the addresses that are of the family asked for.
name_resolver::result only_wanted(const chardev& where, name_resolver::result found)
{
    if (where.addresses == chardev::family::any || !found) return found;
    const int family = where.addresses == chardev::family::ipv4 ? AF_INET : AF_INET6;
    const auto other = [&](const auto& endpoint) { return endpoint.protocol().family() != family; };
    found->erase(std::remove_if(found->begin(), found->end(), other), found->end());
    if (found->empty()) return runstate::refusal{"the host has no address of that family"};
    return found;
}

asio::posix::stream_descriptor duplicate(const asio::any_io_executor& io, int fd, boost::system::error_code& error)
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
    : pump_(owner), options_(std::move(opts)), make_session_(std::move(make_session)), acceptor_(owner.executor()),
      retry_(owner.executor()), patience_(owner.executor())
{
    pump_.add(*this);
}

stream_server::~stream_server() { pump_.remove(*this); }

std::optional<runstate::refusal> stream_server::start()
{
    std::optional<runstate::refusal> error = open_log();
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
        if (const auto lack = lack_of_descriptors(acceptor_.native_handle()))
            return failed("serve clients on", lack->text);
        accept_next();
        if (options_.where.wait) {
            while (!had_client_ && !pump_.interrupted()) pump_.wait_for_io();
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

runstate::result<stream_server::endpoints> stream_server::resolve(const char* purpose)
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
    auto found = only_wanted(where, name_resolver::look_up(host_of(where), where.port));
    if (!found) return failed(purpose, found.why().text);
    return found;
}

std::optional<runstate::refusal> stream_server::listen()
{
    if (options_.where.kind == chardev::transport::tcp) return listen_on_ports();
    auto found = resolve("listen on");
    if (!found) return std::move(found).why();
    const protocol::endpoint& endpoint = found->front();
    if (options_.where.abstract_name) return listen_at(endpoint);
    const std::string& path = options_.where.path;
    const socket_file::turn turn(path);
    if (const auto refused = socket_file::make_room(path)) return failed("listen on", refused->text);
    constexpr mode_t all = 0777;
    const mode_t mask = ::umask(all & ~options_.where.mode);
    auto error = listen_at(endpoint);
    ::umask(mask);
    if (!error) file_.made(path);
    return error;
}

std::optional<runstate::refusal> stream_server::listen_on_ports()
{
    const int first = std::stoi(options_.where.port);
    const int last = options_.where.last_port.empty() ? first : std::stoi(options_.where.last_port);
    std::optional<runstate::refusal> error;
    for (int port = first; port <= std::max(first, last); ++port) {
        options_.where.port = std::to_string(port);
        auto found = resolve("listen on");
        if (!found) return std::move(found).why();
        const protocol::endpoint& endpoint = found->front();
        error = listen_at(endpoint);
        if (error) continue;
        warn_if_exposed(endpoint);
        return std::nullopt;
    }
    return error;
}

std::optional<runstate::refusal> stream_server::open_log()
{
    if (!options_.where.logfile) return std::nullopt;
    const auto file = open_private_regular_file(*options_.where.logfile, options_.where.logappend);
    if (!file) {
        return refuse("Unable to open logfile " + file.why().text);
    }
    log_.reset(*file, std::fclose);
    std::setvbuf(log_.get(), nullptr, _IONBF, 0); // a reader sees what the client has seen
    return std::nullopt;
}

std::optional<runstate::refusal> stream_server::listen_at(const protocol::endpoint& endpoint)
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

std::optional<runstate::refusal> stream_server::connect()
{
    if (reconnects()) {
        std::error_code failure;
        std::string& path = options_.where.path; // which a daemon does not find from where it goes
        if (!path.empty()) path = std::filesystem::absolute(path, failure).string();
        if (failure) return failed("connect to", "the current folder: " + failure.message());
        pump_.revive_soon();
        return std::nullopt;
    }
    auto found = resolve("connect to");
    if (!found) return std::move(found).why();
    boost::system::error_code error;
    protocol::socket socket(pump_.executor());
    asio::connect(socket, *found, error);
    if (error) return failed("connect to", error.message());
    greet(std::move(socket));
    return std::nullopt;
}

void stream_server::wait_again()
{
    if (waiting_ || pump_.leaving()) return;
    if (acceptor_.is_open()) {
        accept_next();
    } else if (reconnects() && clients_ == 0) {
        connect_again();
    }
}

void stream_server::connect_again()
{
    const chardev& where = options_.where;
    const auto found = [this](name_resolver::result answer) {
        waiting_ = false;
        name_resolver::result result = only_wanted(options_.where, std::move(answer));
        if (!result) {
            options_.warn(failed("connect to", result.why().text).text);
            connect_later();
        } else {
            connect_to(*std::move(result));
        }
    };
    if (where.kind == chardev::transport::tcp) {
        try {
            pump_.names().look_up(host_of(where), where.port, life_.tied(found));
            waiting_ = true;
        } catch (const std::system_error& no_thread) {
            options_.warn(failed("connect to", no_thread.code().message()).text);
            connect_later();
        }
        return;
    }
    auto local = resolve("connect to");
    if (!local) {
        options_.warn(local.why().text);
        connect_later();
    } else {
        connect_to(*std::move(local));
    }
}

void stream_server::connect_to(endpoints all)
{
    const auto socket = std::make_shared<protocol::socket>(pump_.executor());
    const auto addresses = std::make_shared<const endpoints>(std::move(all));
    const auto done = [this, socket, addresses](const boost::system::error_code& error, const protocol::endpoint&) {
        waiting_ = false;
        if (error) {
            connect_later();
        } else {
            greet(std::move(*socket));
        }
    };
    asio::async_connect(*socket, *addresses, life_.tied(done));
    waiting_ = true;
}

void stream_server::connect_later()
{
    retry_.expires_after(options_.where.reconnect);
    retry_.async_wait(life_.tied([this](const boost::system::error_code& cancelled) {
        waiting_ = false;
        if (!cancelled) connect_again();
    }));
    waiting_ = true;
}

std::optional<runstate::refusal> stream_server::adopt_descriptor()
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
        protocol::socket socket(pump_.executor());
        socket.assign(generic, fd, error);
        if (!error) greet(std::move(socket));
    }
    if (error) return failed("use", error.message());
    return std::nullopt;
}

std::optional<runstate::refusal> stream_server::open_stdio()
{
    boost::system::error_code error;
    auto in = duplicate(pump_.executor(), STDIN_FILENO, error);
    if (error) return failed("read from", error.message());
    auto out = duplicate(pump_.executor(), STDOUT_FILENO, error);
    if (error) return failed("write to", error.message());
    serve_client(byte_stream(std::move(in), std::move(out)));
    return std::nullopt;
}

void stream_server::accept_next()
{
    acceptor_.async_accept(life_.tied([this](const boost::system::error_code& error, protocol::socket socket) {
        waiting_ = false;
        accepted(error, std::move(socket));
    }));
    waiting_ = true;
}

void stream_server::accepted(const boost::system::error_code& error, protocol::socket socket)
{
    if (error == asio::error::operation_aborted) return;
    if (!error) {
        greet(std::move(socket));
        accept_next();
        return;
    }
    retry_.expires_after(k_accept_retry);
    retry_.async_wait(life_.tied([this](const boost::system::error_code& cancelled) {
        waiting_ = false;
        if (!cancelled) accept_next();
    }));
    waiting_ = true;
}

void stream_server::greet(protocol::socket socket)
{
    set_close_on_exec(socket.native_handle());
    boost::system::error_code ignored; // not a TCP socket
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (has_room()) {
        serve_client(byte_stream(std::move(socket)));
    } else if (options_.patience.count() != 0 && !in_line_) {
        keep_waiting(std::move(socket));
    } else {
        refuse_client(socket);
    }
}

void stream_server::refuse_client(protocol::socket& socket)
{
    boost::system::error_code ignored; // it may have gone
    socket.non_blocking(true, ignored);
    socket.send(asio::buffer(options_.refusal), 0, ignored);
    if (!std::exchange(refusing_, true)) {
        options_.warn(options_.where.to_string() + ": refusing clients beyond the first " + std::to_string(clients_));
    }
}

void stream_server::keep_waiting(protocol::socket socket)
{
    in_line_ = std::move(socket);
    patience_.expires_after(options_.patience);
    patience_.async_wait(life_.tied([this](const boost::system::error_code&) {
        protocol::socket next = std::move(*in_line_);
        in_line_.reset();
        if (has_room()) {
            serve_client(byte_stream(std::move(next)));
        } else {
            refuse_client(next);
        }
    }));
}

void stream_server::serve_client(byte_stream stream)
{
    const auto client =
        std::make_shared<connection>(pump_.clients(), std::move(stream), make_session_(), options_.number);
    client->ended = life_.tied([this] { client_ended(); });
    client->dropped = life_.tied([this](std::string_view reason) {
        options_.warn(options_.where.to_string() + ": dropped a client: " + std::string(reason));
    });
    had_client_ = true;
    ++clients_;
    if (log_) {
        client->sent = [log = log_](std::string_view bytes) { std::fwrite(bytes.data(), 1, bytes.size(), log.get()); };
    }
    client->start();
}

void stream_server::client_ended() noexcept
{
    --clients_;
    refusing_ = false;
    if (in_line_) patience_.cancel();
    if (!reconnects() || pump_.leaving()) return;
    try {
        connect_later();
    } catch (const std::bad_alloc&) {
        pump_.revive_soon();
    }
}

runstate::refusal stream_server::failed(const char* what, const std::string& reason) const
{
    return refuse(std::string("Failed to ") + what + " " + options_.where.to_string() + ": " + reason);
}

} // namespace vigil::qmp_bridge
