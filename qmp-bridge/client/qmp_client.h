// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_CLIENT_QMP_CLIENT_H
#define VIGIL_QMP_BRIDGE_CLIENT_QMP_CLIENT_H

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include <vigil/qmp-bridge/json/json.h>
#include <vigil/qmp-bridge/session/session.h>

namespace vigil::qmp_bridge {

/// Who is told of a conversation with another machine's monitor. Each call but the last is within `execute_one`.
struct qmp_client_listener {
    /// Commands can be given from now on; `version` is the other side's word for itself, such as "QEMU 11.1.3".
    virtual void on_ready(const std::string& version) = 0;
    /// An event, its data empty where it has none.
    virtual void on_event(std::string_view name, const json::object& data) = 0;
    /// What is said is not QMP; the conversation ends.
    virtual void on_nonsense(const std::string& why) = 0;
    /// The connection has ended, and with it the conversation.
    virtual void on_closed() noexcept = 0;

protected:
    ~qmp_client_listener() = default;
};

/// A conversation with another machine's QMP monitor, from the client's side. Never waits for a reply.
class qmp_client final : public session {
public:
    /// What a command came to: its result, or null and the error's description.
    using reply = std::function<void(const json::value* result, std::string_view error)>;

    /// `listener` must outlive the conversation.
    explicit qmp_client(qmp_client_listener& listener) : listener_(listener) {}

    /// Gives a command without arguments; `done` is called with what it comes to, unless the connection ends before.
    void execute(std::string_view command, reply done);

    // session
    void opened() override {} // the other side greets
    void feed(std::string_view bytes) override;
    bool pending() const override { return !items_.empty(); }
    bool full() const override { return items_.size() >= k_most_items; }
    void execute_one() override;
    void closed() noexcept override { listener_.on_closed(); }

private:
    static constexpr std::size_t k_most_items = 1024;

    void greeted(const json::value& greeting);
    void take_item(const json::object& item);
    void take_reply(const json::value* result, const json::value* error);
    void nonsense(const std::string& why);

    qmp_client_listener& listener_;
    json_reader reader_;
    std::deque<json_item> items_;
    std::deque<reply> replies_; ///< of the commands under way: the monitor answers in their order
    bool greeted_ = false;
};

} // namespace vigil::qmp_bridge

#endif
