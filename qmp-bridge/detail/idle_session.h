// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_DETAIL_IDLE_SESSION_H
#define VIGIL_QMP_BRIDGE_DETAIL_IDLE_SESSION_H

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <vigil/qmp-bridge/session/session.h>

namespace vigil::qmp_bridge {

/// A client of a chardev on which nobody speaks, until somebody does. It is in a list for as long as it lives.
class idle_session final : public session, private session_carrier {
public:
    using list = std::vector<idle_session*>;

    idle_session(std::string chardev, list& all) : chardev_(std::move(chardev)), all_(all) { all_.push_back(this); }
    ~idle_session() override
    {
        silence();
        all_.erase(std::find(all_.begin(), all_.end(), this));
    }

    /// The label of the chardev that the client came by.
    const std::string& chardev() const noexcept { return chardev_; }

    /// Has the client talk to `other` from now on, which greets it if it is there.
    void speak(std::unique_ptr<session> other)
    {
        speaks_ = std::move(other);
        speaks_->carried_by(this);
        if (!opened_) return;
        speaks_->opened();
        output_added();
    }
    /// Nobody speaks any more.
    void silence() noexcept
    {
        if (speaks_) speaks_->carried_by(nullptr);
        speaks_.reset();
    }

    // session
    void opened() override
    {
        opened_ = true;
        if (speaks_) speaks_->opened();
        take_over();
    }
    void feed(std::string_view bytes) override
    {
        if (speaks_) speaks_->feed(bytes);
        take_over();
    }
    bool pending() const override { return speaks_ && speaks_->pending(); }
    bool busy() const override { return speaks_ && speaks_->busy(); }
    bool full() const override { return speaks_ && speaks_->full(); }
    bool served_amid_steps() const override { return speaks_ && speaks_->served_amid_steps(); }
    void execute_one() override
    {
        if (speaks_) speaks_->execute_one();
        take_over();
    }

private:
    // session_carrier
    void output_added() override
    {
        take_over();
        announce_output();
    }
    unsigned client_number() const noexcept override { return session::client_number(); }
    std::size_t held_back() const noexcept override { return output.size(); }

    void take_over()
    {
        if (!speaks_) return;
        output_queue& said = speaks_->output;
        const std::size_t count = said.size();
        output.append_to() += said.unsent();
        said.sent(count);
        if (speaks_->over()) end_conversation();
    }

    const std::string chardev_;
    list& all_;
    std::unique_ptr<session> speaks_; ///< null: nobody does
    bool opened_ = false;
};

} // namespace vigil::qmp_bridge

#endif
