// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_CONNECTION_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_CONNECTION_H

#include <array>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <vigil/qmp-bridge/serve/detail/byte_stream.h>
#include <vigil/qmp-bridge/serve/detail/client_roster.h>
#include <vigil/qmp-bridge/serve/detail/http_guard.h>
#include <vigil/qmp-bridge/session/recycled_memory.h>
#include <vigil/qmp-bridge/session/session.h>
#include <vigil/runstate/files/descriptor.h>

namespace vigil::qmp_bridge {

/// Carries one session over one byte stream. Reads only while nothing of the client's waits to be executed and its
/// replies get away, so that a flood or a client that does not read holds up only itself.
class connection final : public std::enable_shared_from_this<connection>, private session_carrier {
public:
    /// Of a client of the server numbered `server` (see `traffic_observer`).
    connection(client_roster& owner, byte_stream stream, std::unique_ptr<session> conversation, unsigned server);

    /// Called once, when the connection ends; may not throw.
    std::function<void()> ended;
    /// Called where the client is dropped for what it says, with the reason.
    std::function<void(std::string_view)> dropped;

    /// Called with what the stream took; may be empty.
    std::function<void(std::string_view)> sent;

    /// Greets and begins to read.
    void start();
    /// Executes some of what the client asked for.
    void execute_batch();
    /// Sends the replies, then goes on with what is left of the batch, or reads on.
    void finish_batch();
    /// Tells the observer what is new in the session's output; to be called before anything else is added.
    void tell_output();
    /// Sends what can be sent now; the rest follows when the stream takes it.
    void flush();
    /// As `flush`, and goes on where the client waited for it.
    void resume();
    /// Closes the stream and forgets the session's unsent output. The session itself lives as long as the connection,
    /// so as not to end within a call of its own.
    void close() noexcept;

    bool is_open() const noexcept { return stream_.is_open(); }
    bool has_unsent() const noexcept { return !conversation_->output.empty(); }
    unsigned number() const noexcept { return number_; }
    session& conversation() noexcept { return *conversation_; }

private:
    struct reading;

    // session_carrier
    void output_added() override;
    unsigned client_number() const noexcept override { return is_open() ? number_ : 0; }

    /// Does `act`, which may want memory; where there is none, the client is closed.
    template <class Act> void attempt(Act act);
    void greet();
    void execute_some();
    void send_on();
    void read_on();
    void take_in(std::string_view bytes);
    void received(const boost::system::error_code& error, std::size_t length);
    void go_on();                  ///< after a batch or a flush: execute, read, or end
    void wait_for_hangup();        ///< a client that closed its writing side, and waits, may go altogether
    bool held_up() const noexcept; ///< too many replies wait to be sent

    client_roster& roster_;
    byte_stream stream_;
    std::unique_ptr<session> conversation_;
    unsigned server_;
    unsigned number_ = 0; ///< of this client
    std::array<char, 16384> buffer_;
    recycled_memory<512> read_memory_; ///< of the reading under way, for which there is no need of the heap
    std::vector<runstate::descriptor> descriptors_; ///< that came with what is in it
    http_guard http_;
    bool check_for_http_;      ///< the first bytes of a client that came by TCP have yet to tell
    std::size_t observed_ = 0; ///< bytes of the unsent output that the observer was told of
    bool reading_ = false;
    bool queued_ = false;  ///< among the ready ones, or being executed
    bool sending_ = false; ///< waits for the stream to take more
    bool awaits_hangup_ = false;
    bool at_end_ = false; ///< the client has closed its writing side
};

} // namespace vigil::qmp_bridge

#endif
