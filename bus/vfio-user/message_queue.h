// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_VFIO_USER_MESSAGE_QUEUE_H
#define VIGIL_BUS_VFIO_USER_MESSAGE_QUEUE_H

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <vigil/bus/vfio-user/protocol.h>
#include <vigil/runstate/files/descriptor.h>

namespace vigil::bus {

/// One message of a client.
struct vfio_user_message {
    vfio_user::header head{};
    std::string body; ///< what follows the header
    std::vector<runstate::descriptor> descriptors;
    bool malformed = false; ///< its size cannot be; nothing that follows it was read
};

/// Cuts the client's stream into messages.
class vfio_user_message_queue {
public:
    /// Takes in what one recvmsg(2) brought. Its descriptors belong to the last message that begins in `bytes`: the
    /// kernel ends a receive with the bytes that they were sent with, and they are sent with the first byte of their
    /// message. Where none begins they belong to nobody and are closed.
    void feed(std::string_view bytes, std::vector<runstate::descriptor> descriptors);

    /// Whether a message is there, whole or malformed.
    bool pending() const noexcept { return messages_.size() > (whole_ ? 0U : 1U); }
    /// Whether so much waits that no more should be fed until some of it is taken.
    bool full() const noexcept { return messages_.size() >= k_most_messages || held_ >= k_most_bytes; }
    /// Takes the oldest message; only while one is pending.
    vfio_user_message take();
    /// Forgets all that waits and takes nothing more in.
    void close() noexcept;

private:
    static constexpr std::size_t k_most_messages = 1024;
    static constexpr std::size_t k_most_bytes = 2 * vfio_user::k_longest_message;

    std::size_t feed_header(std::string_view bytes);
    std::size_t feed_body(std::string_view bytes);

    std::deque<vfio_user_message> messages_; ///< the last may still lack bytes
    std::size_t header_bytes_ = 0;           ///< how much of the last one's header is there
    std::size_t held_ = 0;                   ///< bytes of all bodies
    bool whole_ = true;                      ///< the last one lacks nothing
    bool closed_ = false;
};

} // namespace vigil::bus

#endif
