// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_QMP_BRIDGE_SLOW_COMMAND_H
#define VIGIL_TESTS_QMP_BRIDGE_SLOW_COMMAND_H

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <vigil/qmp-bridge/qmp/commands/command_handler.h>
#include <vigil/qmp-bridge/qmp/qmp_session.h>

namespace vigil::qmp_bridge {

/// Arguments of x-wait.
struct wait_arguments {
    std::string what;
};

template <> struct described<wait_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"for", &wait_arguments::what}};
};

/// What the command x-wait waits for, which comes when the test says so.
struct slow_host {
    struct waiting {
        std::string what;
        answer_later<empty_object> done;
        std::weak_ptr<void> wanted;
    };

    std::deque<waiting> waiters;

    own_command command()
    {
        const auto wait = [this](const command_context& c, const wait_arguments& arguments,
                                 answer_later<empty_object> done) {
            const auto handle = std::make_shared<int>(0);
            waiters.push_back({arguments.what, std::move(done), handle});
            c.session.hold(handle);
        };
        return own_command("x-wait", command_trait::allow_preconfig, wait);
    }

    /// Answers who has waited longest, if still there.
    void answer(const result<empty_object>& outcome = empty_object{})
    {
        const waiting oldest = std::move(waiters.front());
        waiters.pop_front();
        if (oldest.wanted.lock()) oldest.done(outcome);
    }
};

} // namespace vigil::qmp_bridge

#endif
