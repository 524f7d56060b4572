// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_SESSION_H
#define VIGIL_QMP_BRIDGE_QMP_SESSION_H

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include <vigil/qmp-bridge/json.h>
#include <vigil/qmp-bridge/qapi_types.h>
#include <vigil/qmp-bridge/session.h>

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
    /// Whether a request, or a parse error to be answered, waits; nothing does once the run is over.
    bool pending() const override;
    /// Executes the oldest request in a turn of its own, and answers it after the events that it caused.
    void execute_one() override;

    /// Whether the client has yet to negotiate: only `qmp_capabilities` exists, and no event reaches it.
    bool negotiating() const noexcept { return negotiating_; }
    /// The client has negotiated, and enabled out-of-band execution or not.
    void end_negotiation(bool out_of_band) noexcept;

private:
    friend class qmp_monitor;

    struct request;

    qmp_session(qmp_monitor& monitor, bool pretty);

    void fetch();                                               ///< fills the queue from what the reader has
    void answer(const json_item& item);                         ///< executes a request, or reports the error
    std::optional<command_error> execute(const request& asked); ///< prints what the command returns into `body_`
    void append_reply(const std::optional<command_error>& error, const json::value* id);
    void append_event(const std::string& line); ///< or drops it, where too much is unsent
    void end_of_drops();                        ///< logs how many events were dropped, where any were

    /// `line`, a value on one line, laid out as pretty clients want it.
    static std::string over_several_lines(std::string_view line);

    qmp_monitor& monitor_;
    bool pretty_;
    bool negotiating_ = true;
    bool out_of_band_ = false;
    bool executing_ = false;
    json_reader reader_;
    std::deque<json_item> queue_;
    std::string body_;                   ///< of the reply under way: a value on one line
    std::uint64_t dropped_in_a_row_ = 0; ///< events, since one last fitted
};

} // namespace vigil::qmp_bridge

#endif
