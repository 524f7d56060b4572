// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_LIFELINE_H
#define VIGIL_QMP_BRIDGE_SERVE_LIFELINE_H

#include <memory>
#include <utility>

namespace vigil::qmp_bridge {

/// Ties handlers to the life of their owner. Cancelling is not enough: a handler whose operation had succeeded before
/// still comes, when the owner may be gone.
///
/// To be the owner's last member, so that it goes first.
class lifeline {
public:
    lifeline() = default;
    lifeline(const lifeline&) = delete;
    lifeline& operator=(const lifeline&) = delete;

    /// `handler`, which does nothing any more once the owner has gone.
    template <class Handler> auto tied(Handler handler) const
    {
        return [held = std::weak_ptr<const int>(end_), handler = std::move(handler)](auto&&... arguments) mutable {
            if (!held.expired()) handler(std::forward<decltype(arguments)>(arguments)...);
        };
    }

private:
    std::shared_ptr<const int> end_ = std::make_shared<const int>();
};

} // namespace vigil::qmp_bridge

#endif
