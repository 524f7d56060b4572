// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_VFIO_USER_VFIO_USER_SESSION_H
#define VIGIL_BUS_VFIO_USER_VFIO_USER_SESSION_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <vigil/bus/vfio-user/message_queue.h>
#include <vigil/bus/vfio-user/vfio_user_device.h>
#include <vigil/runstate/files/descriptor.h>

namespace vigil::bus {

/// One client's conversation with a PCI function over vfio-user: bytes and descriptors in, bytes out. Knows no socket
/// and no kernel. Taking bytes in only frames and queues requests; each is carried out by its own call, in the order in
/// which they came, because carrying out may take simulated time, and the carrier may feed more meanwhile.
///
/// Whoever carries it calls `opened`, then in turn: `feed` with what recvmsg(2) brought, unless `full`; `execute_one`
/// while `pending`, sending each reply; and lets delta cycles pass before it waits for more, in which the function's
/// pin settles. It ends when the client has gone, or is `over` and has what waits for it, and never amid `execute_one`.
/// A device has one client at a time: the next session is made when the last one has gone, which takes the client's
/// memory and eventfds with it.
class vfio_user_session {
public:
    /// `device` must outlive it.
    explicit vfio_user_session(vfio_user_device& device) noexcept : device_(device) {}
    ~vfio_user_session();
    vfio_user_session(const vfio_user_session&) = delete;
    vfio_user_session& operator=(const vfio_user_session&) = delete;

    /// The client is there: it finds the device as after power-on.
    void opened();

    /// Takes in what one receive brought, the descriptors that came with it among them (see
    /// `vfio_user_message_queue`). Those that no message has a use for are closed.
    void feed(std::string_view bytes, std::vector<runstate::descriptor> descriptors = {});

    /// Whether a request waits for `execute_one`.
    bool pending() const noexcept { return !over_ && incoming_.pending(); }
    /// Whether so many wait that no more should be fed.
    bool full() const noexcept { return incoming_.full(); }

    /// Carries out the oldest request and appends its reply, if it wants one, to `output`. Each reply is to be sent by
    /// one call, for QEMU takes no header in two pieces.
    void execute_one(std::string& output);

    /// Whether the conversation cannot go on: nothing more is taken in, and the client is to be let go of once it has
    /// what waits for it.
    bool over() const noexcept { return over_; }

private:
    using message = vfio_user_message;

    // Each carries out one command, fills `body_` with what follows the header of the reply, and returns 0 or an errno
    // value.
    int negotiate(const message& request);
    int map_memory(const message& request);
    int unmap_memory(const message& request);
    int describe_device(const message& request);
    int describe_region(const message& request);
    int describe_interrupt(const message& request);
    int set_interrupts(message& request);
    int read_region(const message& request);
    int write_region(const message& request);
    int reset_device();

    int carry_out(message& request);
    /// What is asked of the first message alone.
    int greet(const message& request);
    int command_of(message& request);
    void end_conversation() noexcept;

    vfio_user_device& device_;
    vfio_user_message_queue incoming_;
    std::string body_;
    bool greeted_ = false; ///< the version is agreed on
    bool over_ = false;
};

} // namespace vigil::bus

#endif
