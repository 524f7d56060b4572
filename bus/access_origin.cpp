// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/access_origin.h>

namespace vigil::bus {

tlm::tlm_extension_base* access_origin::clone() const { return new access_origin(kind, vcpu); }

void access_origin::copy_from(const tlm::tlm_extension_base& other)
{
    const auto& from = static_cast<const access_origin&>(other);
    kind = from.kind;
    vcpu = from.vcpu;
}

const access_origin& origin_of(const tlm::tlm_generic_payload& payload) noexcept
{
    static const access_origin guest;
    const access_origin* origin = nullptr;
    payload.get_extension(origin);
    return origin != nullptr ? *origin : guest;
}

} // namespace vigil::bus
