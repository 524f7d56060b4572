// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_CLIENT_ROSTER_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_CLIENT_ROSTER_H

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include <boost/circular_buffer.hpp>

#include <vigil/qmp-bridge/serve/detail/event_loop.h>
#include <vigil/qmp-bridge/session/request_budget.h>

namespace vigil::qmp_bridge {

class connection;
struct traffic_observer;

/// The connections of one event loop: who is there, who asks for something, and who has output that no request of its
/// own caused.
class client_roster {
public:
    /// Has `observer` told of all traffic; null: nobody. To be said before any client comes.
    void observe(traffic_observer* observer) noexcept { observer_ = observer; }
    traffic_observer* observer() const noexcept { return observer_; }

    /// What the clients' requests may hold.
    request_budget& requests() noexcept { return requests_; }

    /// Called when there is output that no request of its client's caused.
    std::function<void()> output_waits;

    // For connections.

    /// Takes a new client in; returns its number.
    unsigned add(const std::shared_ptr<connection>& client);
    void remove(const connection& client) noexcept;
    /// The connection has a request to be executed.
    void ready(std::shared_ptr<connection> client);
    /// The connection has bytes to send that its own request did not cause.
    void has_output(const std::shared_ptr<connection>& client);
    /// Whether nothing is executed any more.
    bool leaving() const noexcept { return leaving_; }

    // For the pump.

    /// Executes a batch of each client that is ready; amid a step of the clock, of those only that are served there.
    void serve(bool amid_step);
    bool has_requests() const noexcept { return !ready_.empty(); }
    bool has_requests_amid_step() const;
    /// Sends what was added to outputs.
    void flush_output();
    /// Closes those that wait for an answer which will not come.
    void close_busy();
    /// Nothing is executed from now on.
    void leave() noexcept { leaving_ = true; }
    /// Sends everybody what waits for it, and waits for who reads slowly, until `deadline`.
    void send_last_words(event_loop& loop, event_loop::wall_clock::time_point deadline);
    /// Answers what those ask whose conversation is `session::seen_off`: what is there already, and what else comes
    /// until they have gone, or until `deadline`.
    void see_off(event_loop& loop, event_loop::wall_clock::time_point deadline);
    void close_all() noexcept;

private:
    using connections = std::vector<std::shared_ptr<connection>>;

    request_budget requests_;
    traffic_observer* observer_ = nullptr;
    boost::circular_buffer<std::shared_ptr<connection>> ready_; ///< the first to be served first
    connections all_;
    connections with_output_; ///< this one and the next have room for all connections
    connections flushing_;
    unsigned so_far_ = 0;
    bool leaving_ = false;
};

} // namespace vigil::qmp_bridge

#endif
