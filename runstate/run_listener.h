// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_RUN_LISTENER_H
#define VIGIL_RUNSTATE_RUN_LISTENER_H

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <vigil/runstate/events.h>
#include <vigil/runstate/run_state.h>

namespace vigil::runstate {

class listener_list;

/// Told of everything the controller does, in order. Every function is optional to implement. One that goes is
/// forgotten, and one that stays does not mind the controller's end.
struct run_listener {
    /// Something worth an event happened.
    virtual void on_event(const event&) {}
    /// The run state changed; the VM clock already runs or stands accordingly.
    virtual void on_state_changed(run_state /*from*/, run_state /*to*/) {}
    /// The run is over. `at_once`: nothing more is answered, not even the command under way; otherwise the command
    /// under way still gets its reply.
    virtual void on_exit_requested(int /*status*/, bool /*at_once*/) {}
    /// A line for the log.
    virtual void on_log(std::string_view /*line*/) {}

protected:
    run_listener() = default;
    // A copy is told by nobody.
    run_listener(const run_listener& /*other*/) noexcept {}
    run_listener& operator=(const run_listener& /*other*/) noexcept { return *this; }
    ~run_listener();

private:
    friend class listener_list;
    std::vector<std::weak_ptr<listener_list>> told_by_;
};

/// The listeners of one controller, in the order in which they came. Any may be added or removed while they are told:
/// an added one is told, too.
class listener_list : public std::enable_shared_from_this<listener_list> {
public:
    void add(run_listener& one);
    void remove(run_listener& one) noexcept;

    /// Calls `call` with each.
    template <class Call> void for_each(Call call)
    {
        const telling now(*this);
        for (std::size_t i = 0; i < listeners_.size(); ++i) { // by index: there may be more at the end
            if (listeners_[i] != nullptr) call(*listeners_[i]);
        }
    }

private:
    // While one lives, the places of those that are removed are only emptied.
    struct telling {
        explicit telling(listener_list& list) noexcept : list_(list) { ++list_.telling_; }
        ~telling()
        {
            --list_.telling_;
            list_.close_up();
        }
        telling(const telling&) = delete;
        telling& operator=(const telling&) = delete;

        listener_list& list_;
    };

    void close_up() noexcept;

    std::vector<run_listener*> listeners_;
    unsigned telling_ = 0;
};

} // namespace vigil::runstate

#endif
