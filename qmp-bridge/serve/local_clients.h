// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_LOCAL_CLIENTS_H
#define VIGIL_QMP_BRIDGE_SERVE_LOCAL_CLIENTS_H

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include <vigil/qmp-bridge/session/session.h>

namespace vigil::qmp_bridge {

class pump;

/// A client inside the program: a conversation without a socket, as real as one with it. It is used from the pump's
/// thread only, and what it says takes effect at once.
class local_client final : private session_carrier {
public:
    /// `owner` must outlive it.
    local_client(pump& owner, unsigned number, std::unique_ptr<session> conversation);
    ~local_client();
    local_client(const local_client&) = delete;
    local_client& operator=(const local_client&) = delete;

    /// Connects to the server of that number; once, and first.
    void open(unsigned server);

    /// Says `bytes`, and returns once every request in them is answered or the run is over. May take simulated time.
    void say(std::string_view bytes);

    /// Called with what comes from the machine, the moment it does; may be empty.
    std::function<void(std::string_view bytes)> hears;

private:
    // session_carrier
    void output_added() override { collect(); }
    unsigned client_number() const noexcept override { return number_; }

    void execute_all();
    void collect(); ///< takes what is new in the session's output, and tells the observer

    pump& pump_;
    const unsigned number_;
    const std::unique_ptr<session> conversation_;
};

/// Connects clients inside the program to the servers of one machine, which are numbered from 0 as they were made.
class local_clients {
public:
    using session_factory = std::function<std::unique_ptr<session>(unsigned server)>; ///< null: there is no such server

    local_clients(pump& owner, session_factory make_session) : pump_(owner), make_session_(std::move(make_session)) {}

    /// A client that has yet to open its conversation with that server; null where there is no such server.
    std::unique_ptr<local_client> connect(unsigned server);

    /// Numbers the clients from the first again; there must be none.
    void start_over() noexcept { so_far_ = 0; }

    /// Whether the machine's run is over: nobody is answered any more.
    bool run_over() const noexcept;

private:
    pump& pump_;
    session_factory make_session_;
    unsigned so_far_ = 0;
};

} // namespace vigil::qmp_bridge

#endif
