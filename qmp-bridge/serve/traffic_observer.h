// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_TRAFFIC_OBSERVER_H
#define VIGIL_QMP_BRIDGE_SERVE_TRAFFIC_OBSERVER_H

#include <string_view>

namespace vigil::qmp_bridge {

/// Told what passes between the clients and the program, in the order in which it takes effect. Clients are numbered
/// from 1 as they come, servers from 0 as they are made.
struct traffic_observer {
    virtual void opened(unsigned client, unsigned server) = 0;
    virtual void closed(unsigned client) = 0;
    /// Bytes that the client's session is about to take in.
    virtual void received(unsigned client, std::string_view bytes) = 0;
    /// The client's oldest request is about to be executed.
    virtual void executing(unsigned client) = 0;
    /// Bytes that now wait to be sent to the client.
    virtual void answered(unsigned client, std::string_view bytes) = 0;
    /// Amid a step of the clock its turn ended, for what has turns of its own to come in between; then another begins.
    virtual void turn_parted() = 0;
    /// A step of the clock ended early, because something waits that cannot wait.
    virtual void step_interrupted() = 0;

protected:
    ~traffic_observer() = default;
};

} // namespace vigil::qmp_bridge

#endif
