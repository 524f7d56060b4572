// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/run_listener.h>

#include <algorithm>

namespace vigil::runstate {

run_listener::~run_listener()
{
    for (const auto& list : told_by_) {
        if (const auto still_there = list.lock()) still_there->remove(*this);
    }
}

void listener_list::add(run_listener& one)
{
    const auto self = shared_from_this();
    const auto is_self = [&](const std::weak_ptr<listener_list>& list) { return list.lock() == self; };
    if (std::none_of(one.told_by_.begin(), one.told_by_.end(), is_self)) one.told_by_.push_back(self);
    listeners_.push_back(&one);
}

void listener_list::remove(run_listener& one) noexcept
{
    std::replace(listeners_.begin(), listeners_.end(), &one, static_cast<run_listener*>(nullptr));
    close_up();
}

void listener_list::close_up() noexcept
{
    if (telling_ == 0) listeners_.erase(std::remove(listeners_.begin(), listeners_.end(), nullptr), listeners_.end());
}

} // namespace vigil::runstate
