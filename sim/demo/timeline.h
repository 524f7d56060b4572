// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_DEMO_TIMELINE_H
#define VIGIL_SIM_DEMO_TIMELINE_H

#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/streambuf.hpp>

#include <vigil/qmp-bridge/host/line_output.h>
#include <vigil/qmp-bridge/qmp_server.h>
#include <vigil/qmp-bridge/serve/lifeline.h>
#include <vigil/runstate/controller.h>
#include <vigil/sim/demo/guest_trace.h>

namespace vigil::sim {

/// Narrates a replayed guest for a person: its kicks, the ends of the watchdog's stages, and what a QMP client hears
/// over the real socket. After the first WATCHDOG the client asks query-status and then quits.
class timeline {
public:
    timeline(qmp_bridge::line_output& out, runstate::controller& controller, qmp_bridge::qmp_server& server);

    /// Connects the QMP client to the unix socket at `path`; false where that fails.
    bool connect(const std::string& path);

    /// Watches a player; to be called before simulation starts.
    void watch(trace_player& player);
    /// A stage of the watchdog ended.
    void stage_ended(unsigned stage);

private:
    void say(const char* who, const std::string& what); ///< one line, with the virtual time
    void guest_did(const guest_access& access, std::uint32_t value);
    void player_finished();
    void quit_when_over(); ///< quits where the guest is silent and no WATCHDOG can come any more
    void read_line();
    void received(const std::string& line);
    void ask(const std::string& command);

    qmp_bridge::line_output& out_;
    runstate::controller& controller_;
    qmp_bridge::qmp_server& server_;
    boost::asio::local::stream_protocol::socket socket_;
    boost::asio::streambuf input_;
    bool listening_ = false; ///< the client is past negotiation
    bool silent_ = false;    ///< the guest has made its last access
    bool barked_ = false;    ///< the client heard WATCHDOG
    bool counting_ = false;  ///< the guest has switched the watchdog on
    std::uint64_t kicks_ = 0;
    std::uint32_t configuration_ = 0; ///< WDT Configuration as the guest wrote it
    qmp_bridge::lifeline life_;
};

} // namespace vigil::sim

#endif
