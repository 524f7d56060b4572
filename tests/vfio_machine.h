// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_VFIO_MACHINE_H
#define VIGIL_TESTS_VFIO_MACHINE_H

#include <chrono>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <bus/vfio-user/vfio_client.h>
#include <catch.h>
#include <program_under_test.h>

namespace vigil::tests {

using namespace vfio_client;

inline constexpr std::uint32_t k_bar0 = 0;
inline constexpr std::uint32_t k_config = wire::region_config;

inline std::string little_endian(std::uint64_t value, std::size_t width)
{
    std::string bytes;
    for (std::size_t i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
}

/// A machine at the socket of one of its devices.
class machine_side {
public:
    explicit machine_side(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        for (int tries = 0; tries < 2000; ++tries) { // the program may still have to listen
            if (::connect(socket_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        FAIL("cannot connect to " << path);
    }

    void send(const std::string& bytes, const std::vector<descriptor>& descriptors = {}) const
    {
        std::vector<int> numbers;
        for (const descriptor& one : descriptors) numbers.push_back(one.number());
        std::vector<char> control(CMSG_SPACE(numbers.size() * sizeof(int)));
        std::string copy = bytes;
        iovec piece{copy.data(), copy.size()};
        msghdr header{};
        header.msg_iov = &piece;
        header.msg_iovlen = 1;
        if (!numbers.empty()) {
            header.msg_control = control.data();
            header.msg_controllen = control.size();
            cmsghdr* rights = CMSG_FIRSTHDR(&header);
            rights->cmsg_level = SOL_SOCKET;
            rights->cmsg_type = SCM_RIGHTS;
            rights->cmsg_len = CMSG_LEN(numbers.size() * sizeof(int));
            std::memcpy(CMSG_DATA(rights), numbers.data(), numbers.size() * sizeof(int));
        }
        REQUIRE(::sendmsg(socket_.number(), &header, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    }
    /// The next reply, or nothing where the program has closed the connection.
    std::string receive() const
    {
        std::string reply = receive_bytes(sizeof(wire::header));
        if (reply.size() < sizeof(wire::header)) return {};
        const auto head = structure_in<wire::header>(reply);
        return reply + receive_bytes(head.size - sizeof head);
    }
    std::string ask(const std::string& request, const std::vector<descriptor>& descriptors = {}) const
    {
        send(request, descriptors);
        return receive();
    }
    void attach() const { REQUIRE(error_in(ask(greeting())) == 0); }
    std::uint64_t read(std::uint32_t region, std::uint64_t offset, std::uint32_t width) const
    {
        const std::string reply = ask(read_request(region, offset, width));
        REQUIRE(error_in(reply) == 0);
        std::uint64_t value = 0;
        std::memcpy(&value, reply.data() + reply.size() - width, width);
        return value;
    }
    void write(std::uint32_t region, std::uint64_t offset, std::uint64_t value, std::size_t width) const
    {
        REQUIRE(error_in(ask(write_request(region, offset, little_endian(value, width)))) == 0);
    }
    /// As the Linux driver does, posted: the preload registers have so many counts.
    void start_watchdog(std::uint32_t preload) const
    {
        std::string all;
        const auto unlocked = [&all](std::uint64_t offset, std::uint64_t value, std::size_t width) {
            for (const unsigned key : {0x80U, 0x86U})
                all += write_request(k_bar0, 0x0C, little_endian(key, 2), wire::flag_no_reply);
            all += write_request(k_bar0, offset, little_endian(value, width), wire::flag_no_reply);
        };
        unlocked(0x00, preload, 4);
        unlocked(0x04, preload, 4);
        send(all);
        write(k_config, 0x68, 2, 1);
    }

private:
    std::string receive_bytes(std::size_t count) const
    {
        std::string bytes;
        while (bytes.size() < count) {
            pollfd state{socket_.number(), POLLIN, 0};
            const int limit = static_cast<int>(std::chrono::milliseconds(k_reply_limit).count());
            if (::poll(&state, 1, limit) != 1) throw no_answer();
            std::string part(count - bytes.size(), '\0');
            const ssize_t length = ::recv(socket_.number(), part.data(), part.size(), 0);
            if (length <= 0) break;
            bytes += part.substr(0, static_cast<std::size_t>(length));
        }
        return bytes;
    }

    descriptor socket_;
};

} // namespace vigil::tests

#endif
