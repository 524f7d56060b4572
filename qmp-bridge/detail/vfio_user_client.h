// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_DETAIL_VFIO_USER_CLIENT_H
#define VIGIL_QMP_BRIDGE_DETAIL_VFIO_USER_CLIENT_H

#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <vigil/bus/vfio-user/vfio_user_session.h>
#include <vigil/qmp-bridge/session/session.h>
#include <vigil/runstate/run_control.h>

namespace vigil::qmp_bridge {

/// Carries a client of a PCI function like any other client: each of its requests is a turn of the machine.
class vfio_user_client final : public session {
public:
    /// `attached` and `gone` are told of the client; `gone` must not throw.
    vfio_user_client(bus::vfio_user_device& device, runstate::run_control& control, std::function<void()> attached,
                     std::function<void()> gone)
        : control_(control), attached_(std::move(attached)), gone_(std::move(gone)), conversation_(device)
    {
    }

    void opened() override
    {
        const runstate::turn_guard turn(control_);
        conversation_->opened();
        attached_();
    }
    bool takes_descriptors() const override { return true; }
    void take(std::vector<runstate::descriptor> descriptors) override { descriptors_ = std::move(descriptors); }
    void feed(std::string_view bytes) override { conversation_->feed(bytes, std::exchange(descriptors_, {})); }
    bool pending() const override { return conversation_ && conversation_->pending(); }
    bool full() const override { return conversation_ && conversation_->full(); }
    void execute_one() override
    {
        {
            const runstate::turn_guard turn(control_);
            output.add([this](std::string& to) { conversation_->execute_one(to); });
        }
        if (conversation_->over()) end_conversation();
    }
    std::size_t most_unsent() const override { return 0; } // QEMU takes no header in two pieces
    bool seen_off() const override { return true; }        // QEMU may abort where its question is not answered
    void closed() noexcept override
    {
        conversation_.reset(); // what was the client's goes with it, before the next one comes
        gone_();
    }

private:
    runstate::run_control& control_;
    const std::function<void()> attached_;
    const std::function<void()> gone_;
    std::optional<bus::vfio_user_session> conversation_;
    std::vector<runstate::descriptor> descriptors_;
};

} // namespace vigil::qmp_bridge

#endif
