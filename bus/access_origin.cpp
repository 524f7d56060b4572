// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/access_origin.h>

namespace vigil::bus {

const access_origin k_guest_origin;

tlm::tlm_extension_base* access_origin::clone() const { return new access_origin(kind, vcpu); }

void access_origin::copy_from(const tlm::tlm_extension_base& other)
{
    const auto& from = static_cast<const access_origin&>(other);
    kind = from.kind;
    vcpu = from.vcpu;
}

} // namespace vigil::bus
