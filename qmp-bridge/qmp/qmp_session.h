// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_QMP_SESSION_H
#define VIGIL_QMP_BRIDGE_QMP_QMP_SESSION_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vigil/qmp-bridge/json/json.h>
#include <vigil/qmp-bridge/qmp/commands/command_handler.h>
#include <vigil/qmp-bridge/schema/qapi_types.h>
#include <vigil/qmp-bridge/session/missed_lines.h>
#include <vigil/qmp-bridge/session/recycled_memory.h>
#include <vigil/qmp-bridge/session/session.h>

namespace vigil::qmp_bridge {

class qmp_monitor;

/// One client's QMP conversation (QEMU 7.2, docs/interop/qmp-spec.txt); made by `qmp_monitor::new_session`.
class qmp_session final : public session {
public:
    ~qmp_session() override;
    qmp_session(const qmp_session&) = delete;
    qmp_session& operator=(const qmp_session&) = delete;

    /// Greets.
    void opened() override;
    /// Takes bytes in; executes at once what asks to be executed out of band.
    void feed(std::string_view bytes) override;
    /// Whether a request, or a parse error to be answered, waits; nothing does once the run is over, nor while a
    /// command is under way that will be answered later.
    bool pending() const override;
    bool busy() const override { return under_way_ != nullptr; }
    bool full() const override;
    /// Executes the oldest request in a turn of its own, and answers it after the events that it caused.
    void execute_one() override;
    bool served_amid_steps() const override { return true; }

    /// Whether the client has yet to negotiate: only `qmp_capabilities` exists, and no event reaches it.
    bool negotiating() const noexcept { return negotiating_; }
    /// The client has negotiated, and enabled out-of-band execution or not.
    void end_negotiation(bool out_of_band) noexcept;

    /// For a handler: the command under way in band is not answered when the handler returns, but when the result is
    /// called, once, at any time. Until then only what comes out of band is executed. Nothing happens where the session
    /// has gone meanwhile, or the run is over.
    std::function<void(command_outcome)> answer_later();
    /// Keeps `work`, on which the answer of that command waits, until then; the end of the session lets go of it.
    void hold(std::shared_ptr<void> work);

    /// What this client is among the monitor's: numbered from 1.
    std::uint64_t id() const noexcept { return id_; }
    /// The label of the character device that it came by.
    const std::string& server() const noexcept { return server_; }
    bool pretty() const noexcept { return pretty_; }
    bool out_of_band() const noexcept { return out_of_band_; }
    /// How many events it did not get, because it did not read.
    std::uint64_t events_dropped() const noexcept { return missed_.all(); }

private:
    friend class qmp_monitor;

    struct request;

    /// A request that waits, and about how much memory it holds.
    struct queued {
        explicit queued(json_reader& from) : item(from.next()), bytes(from.fetched()) {}

        std::optional<json_item> item; ///< only while it is fetched there may be none
        std::size_t bytes;
    };

    /// A command that is answered later.
    struct deferred {
        bool handler_left = false;              ///< the handler has returned
        std::optional<command_outcome> outcome; ///< that came before the handler returned
        std::optional<json::value> id;
        std::shared_ptr<void> work;
    };

    qmp_session(qmp_monitor& monitor, std::uint64_t id, bool pretty, std::string server);

    std::size_t read_ahead() const noexcept; ///< how many requests may wait
    void fetch();                            ///< fills the queue from what the reader has
    void check_budget();                     ///< ends the conversation where its requests hold too much
    void leave_budget();                     ///< does so
    void answer(const json_item& item);      ///< executes a request, or reports the error
    void carry_out(const json::object& object, const json::value* id);
    /// Appends what the command returns to `returned`, or says why it failed.
    std::optional<refusal> execute(const request& asked, std::string& returned);
    void finish(const command_outcome& outcome); ///< answers the command under way
    void append(const command_outcome& outcome, const json::value* id);
    void append_error(const refusal& error, const json::value* id);
    void append_return(std::string_view value, const json::value* id);
    void append_event(const std::string& line); ///< or drops it, where too much is unsent
    void miss_event();

    /// `line`, a value on one line, laid out as pretty clients want it.
    static std::string over_several_lines(std::string_view line);

    qmp_monitor& monitor_;
    std::uint64_t id_;
    bool pretty_;
    std::string server_;
    bool negotiating_ = true;
    bool out_of_band_ = false;
    bool executing_ = false;
    recycled_memory<1024> values_; ///< of the requests
    json_reader reader_;
    std::vector<queued> queue_;    ///< the oldest first
    std::size_t queued_bytes_ = 0; ///< about what the queue holds
    std::size_t unread_ = 0;       ///< bytes taken in since the queue was full
    std::shared_ptr<deferred> under_way_;
    std::string body_; ///< a buffer for what a command returns
    missed_lines missed_{"qmp", "events"};
};

} // namespace vigil::qmp_bridge

#endif
