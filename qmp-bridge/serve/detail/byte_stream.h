// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_BYTE_STREAM_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_BYTE_STREAM_H

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <vigil/runstate/files/descriptor.h>

namespace vigil::qmp_bridge {

/// What a client's bytes come and go through: a connected socket, or one descriptor for each direction, as standard
/// input and output are.
class byte_stream {
public:
    using socket_type = boost::asio::generic::stream_protocol::socket;
    using descriptor_type = boost::asio::posix::stream_descriptor;

    explicit byte_stream(socket_type socket)
        : socket_(std::move(socket)), in_(socket_.get_executor()), out_(socket_.get_executor())
    {
        boost::system::error_code ignored; // shows in the first call that would block
        socket_.non_blocking(true, ignored);
    }
    byte_stream(descriptor_type in, descriptor_type out)
        : socket_(in.get_executor()), in_(std::move(in)), out_(std::move(out))
    {
        boost::system::error_code ignored;
        in_.non_blocking(true, ignored);
        out_.non_blocking(true, ignored);
    }

    bool is_open() const noexcept { return socket_.is_open() || out_.is_open(); }

    /// Whether other hosts, or other users' programs on this one, may be at the other end.
    bool is_tcp() const
    {
        boost::system::error_code error;
        const auto local = socket_.is_open() ? socket_.local_endpoint(error) : socket_type::endpoint_type();
        return !error && (local.data()->sa_family == AF_INET || local.data()->sa_family == AF_INET6);
    }

    void close()
    {
        boost::system::error_code ignored;
        socket_.close(ignored);
        for (descriptor_type* one : {&in_, &out_}) {
            if (!one->is_open()) continue;
            one->native_non_blocking(false, ignored); // whoever else has the file open expects it to block
            one->close(ignored);
        }
    }

    /// Sends what can be sent without waiting; returns how many bytes that was.
    std::size_t send(std::string_view bytes, boost::system::error_code& error)
    {
        const auto buffer = boost::asio::buffer(bytes.data(), bytes.size());
        return socket_.is_open() ? socket_.send(buffer, 0, error) : out_.write_some(buffer, error);
    }

    /// As Asio's `async_read_some`.
    template <class Handler> void async_read_some(boost::asio::mutable_buffer buffer, Handler handler)
    {
        if (socket_.is_open()) {
            socket_.async_read_some(buffer, std::move(handler));
        } else {
            in_.async_read_some(buffer, std::move(handler));
        }
    }

    /// The same of a socket, with the descriptors that come beside the bytes added to `with`, which must last until
    /// then. There is room for `k_most_descriptors` at once; the kernel closes those beyond.
    template <class Handler>
    void async_receive(boost::asio::mutable_buffer buffer, std::vector<runstate::descriptor>& with, Handler handler)
    {
        socket_.async_wait(socket_type::wait_read, [this, buffer, &with, handler = std::move(handler)](
                                                       boost::system::error_code error) mutable {
            const std::size_t length = error ? 0 : receive(buffer, with, error);
            if (error == boost::asio::error::would_block) {
                async_receive(buffer, with, std::move(handler)); // woken for nothing
            } else {
                handler(error, length);
            }
        });
    }
    static constexpr std::size_t k_most_descriptors = 16;

    /// Calls `handler` with an error code once bytes can be sent again.
    template <class Handler> void async_wait_writable(Handler handler)
    {
        if (socket_.is_open()) {
            socket_.async_wait(socket_type::wait_write, std::move(handler));
        } else {
            out_.async_wait(descriptor_type::wait_write, std::move(handler));
        }
    }

    /// Calls `handler(gone)` once a peer that has closed its writing side may have closed the other, too. Of standard
    /// input and output that shows only in sending.
    template <class Handler> void async_wait_hangup(Handler handler)
    {
        if (!socket_.is_open()) return;
        socket_.async_wait(socket_type::wait_error, [this, handler = std::move(handler)](const auto& failure) {
            if (failure || !socket_.is_open()) return;
            pollfd state = {socket_.native_handle(), 0, 0};
            handler(::poll(&state, 1, 0) == 1 && (state.revents & (POLLHUP | POLLERR)) != 0);
        });
    }

private:
    std::size_t receive(boost::asio::mutable_buffer buffer, std::vector<runstate::descriptor>& with,
                        boost::system::error_code& error)
    {
        with.reserve(with.size() + k_most_descriptors); // nothing may throw while they are plain numbers
        alignas(cmsghdr) char control[CMSG_SPACE(k_most_descriptors * sizeof(int))];
        iovec piece{buffer.data(), buffer.size()};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        const ssize_t length = ::recvmsg(socket_.native_handle(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        if (length < 0) {
            error.assign(errno, boost::system::system_category());
            return 0;
        }
        for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
            if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SCM_RIGHTS) take_descriptors(*one, with);
        }
        if (length == 0) error = boost::asio::error::eof;
        return static_cast<std::size_t>(length);
    }

    static void take_descriptors(const cmsghdr& from, std::vector<runstate::descriptor>& to)
    {
        const std::size_t count = (from.cmsg_len - CMSG_LEN(0)) / sizeof(int);
        std::array<int, k_most_descriptors> numbers{};
        std::memcpy(numbers.data(), CMSG_DATA(&from), count * sizeof(int));
        for (std::size_t i = 0; i < count; ++i) to.emplace_back(numbers[i]);
    }

    socket_type socket_;
    descriptor_type in_;
    descriptor_type out_;
};

} // namespace vigil::qmp_bridge

#endif
