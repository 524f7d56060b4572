// SPDX-License-Identifier: Apache-2.0
#include "processes.h"

#include <functional>

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

namespace vigil::bench {

namespace asio = boost::asio;
using protocol = asio::local::stream_protocol;

void echo_with_asio(const std::string& path)
{
    asio::io_context io(1);
    protocol::acceptor acceptor(io, protocol::endpoint(path));
    protocol::socket socket(io);
    acceptor.accept(socket);
    char buffer[16384];
    std::function<void()> serve = [&] {
        socket.async_read_some(asio::buffer(buffer), [&](const boost::system::error_code& error, std::size_t length) {
            if (error) return;
            asio::write(socket, asio::buffer(buffer, length));
            serve();
        });
    };
    serve();
    io.run();
}

void echo_blocking(const std::string& path)
{
    asio::io_context io(1);
    protocol::acceptor acceptor(io, protocol::endpoint(path));
    const int fd = acceptor.accept().release();
    char buffer[16384];
    for (;;) {
        const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
        if (n <= 0 || ::send(fd, buffer, static_cast<std::size_t>(n), MSG_NOSIGNAL) < 0) return;
    }
}

} // namespace vigil::bench
