// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/events.h>

namespace vigil::runstate {

std::string_view event_name(const event& e) noexcept
{
    return std::visit([](const auto& one) { return one.name; }, e);
}

} // namespace vigil::runstate
