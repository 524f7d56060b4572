// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/controller.h>

#include <algorithm>

namespace vigil::runstate {

controller::controller(const sc_core::sc_module_name& name) : sc_module(name)
{
    SC_HAS_PROCESS(controller);
    SC_METHOD(serve);
    sensitive << service_;
    dont_initialize();
}

controller::~controller() = default;

void controller::add_listener(run_listener& listener) { listeners_.push_back(&listener); }

void controller::remove_listener(run_listener& listener)
{
    std::replace(listeners_.begin(), listeners_.end(), &listener, static_cast<run_listener*>(nullptr));
    if (calling_ == 0) listeners_.erase(std::remove(listeners_.begin(), listeners_.end(), nullptr), listeners_.end());
}

template <class Call> void controller::for_each_listener(Call call)
{
    ++calling_;
    // By index: a listener may add others (called too) or remove itself (its place is emptied, and closed up below).
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
        if (listeners_[i] != nullptr) call(*listeners_[i]);
    }
    if (--calling_ == 0) {
        listeners_.erase(std::remove(listeners_.begin(), listeners_.end(), nullptr), listeners_.end());
    }
}

void controller::start_of_simulation()
{
    if (!autostart_ || control_.state() != run_state::prelaunch) return;
    control_.set_state(run_state::running);
}

void controller::reset_devices(reset_kind kind)
{
    for (resettable* component : resettables_) component->reset(kind);
}

void controller::press_power_button()
{
    for (power_button_sink* sink : power_button_sinks_) sink->power_button_pressed();
}

bool controller::inject_nmi()
{
    for (nmi_sink* sink : nmi_sinks_) sink->inject_nmi();
    return !nmi_sinks_.empty();
}

void controller::emit(const event& e)
{
    for_each_listener([&](run_listener& listener) { listener.on_event(e); });
}

void controller::state_changed(run_state from, run_state to)
{
    for_each_listener([&](run_listener& listener) { listener.on_state_changed(from, to); });
}

void controller::exit_requested(int status, bool at_once)
{
    for_each_listener([&](run_listener& listener) { listener.on_exit_requested(status, at_once); });
}

void controller::log(std::string_view line)
{
    for_each_listener([&](run_listener& listener) { listener.on_log(line); });
}

} // namespace vigil::runstate
