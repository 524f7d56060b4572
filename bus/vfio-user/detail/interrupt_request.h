// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_VFIO_USER_DETAIL_INTERRUPT_REQUEST_H
#define VIGIL_BUS_VFIO_USER_DETAIL_INTERRUPT_REQUEST_H

#include <string_view>
#include <vector>

#include <vigil/bus/vfio-user/interrupt_lines.h>
#include <vigil/bus/vfio-user/protocol.h>
#include <vigil/runstate/files/descriptor.h>

namespace vigil::bus {

/// Does to the interrupts what a client's DEVICE_SET_IRQS asks for. `data` follows its structure. Returns 0 or an errno
/// value; ENOTSUP for eventfds that the client would signal to mask or unmask, which no session can wait for.
int carry_out_interrupt_request(interrupt_lines& lines, const vfio_user::set_irqs& asked, std::string_view data,
                                std::vector<runstate::descriptor> descriptors);

} // namespace vigil::bus

#endif
