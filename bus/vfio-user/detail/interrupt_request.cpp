// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/vfio-user/detail/interrupt_request.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace vigil::bus {
namespace {

using namespace vfio_user;

constexpr std::uint32_t k_data = data_none | data_bytes | data_eventfd;
constexpr std::uint32_t k_actions = action_mask | action_unmask | action_trigger;

constexpr bool is_one_bit(std::uint32_t bits) noexcept { return bits != 0 && (bits & (bits - 1)) == 0; }

/// Gives the interrupts asked for their eventfds, or takes them away where none came.
int assign(interrupt_lines& lines, const set_irqs& asked, std::vector<runstate::descriptor> descriptors)
{
    const bool suit = std::all_of(descriptors.begin(), descriptors.end(), event_signal::suits);
    if (!suit || (!descriptors.empty() && descriptors.size() != asked.count)) return EINVAL;
    std::vector<event_signal> signals(asked.count);
    for (std::size_t i = 0; i < descriptors.size(); ++i) signals[i] = event_signal(std::move(descriptors[i]));
    lines.assign(asked.index, asked.first, std::move(signals));
    return 0;
}

/// Does what is asked to one interrupt.
void act(interrupt_lines& lines, std::uint32_t action, std::uint32_t index, std::size_t which)
{
    switch (action) {
    case action_mask: lines.mask_intx(); break;
    case action_unmask: lines.unmask_intx(); break;
    default: lines.trigger(index, which); break;
    }
}

} // namespace

int carry_out_interrupt_request(interrupt_lines& lines, const set_irqs& asked, std::string_view data,
                                std::vector<runstate::descriptor> descriptors)
{
    const std::uint32_t form = asked.flags & k_data;
    const std::uint32_t action = asked.flags & k_actions;
    if (asked.flags != (form | action) || !is_one_bit(form) || !is_one_bit(action) || asked.index >= irq_error) {
        return EINVAL;
    }
    if (form == data_none && action == action_trigger && asked.count == 0) {
        lines.disable(asked.index);
        return 0;
    }

    const std::size_t count = lines.count(asked.index);
    if (asked.count == 0 || asked.first >= count || asked.count > count - asked.first) return EINVAL;
    if (action != action_trigger && asked.index != irq_intx) return EINVAL; // a message has no mask
    if (form == data_eventfd) {
        return action == action_trigger ? assign(lines, asked, std::move(descriptors)) : ENOTSUP;
    }
    if (form == data_bytes && data.size() < asked.count) return EINVAL;
    for (std::uint32_t i = 0; i < asked.count; ++i) {
        if (form == data_none || data[i] != 0) act(lines, action, asked.index, asked.first + std::size_t{i});
    }
    return 0;
}

} // namespace vigil::bus
