// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_ACCESS_ORIGIN_H
#define VIGIL_BUS_ACCESS_ORIGIN_H

#include <cstdint>

#include <tlm>

namespace vigil::bus {

/// Who makes an access.
enum class initiator_kind : std::uint8_t {
    vcpu, ///< a guest instruction on a virtual CPU
    host, ///< the platform itself, e.g. a monitor command
    test, ///< a test protocol such as qtest
};

/// The origin of an access, carried by every payload of Vigil's own initiators as an ignorable extension. A payload
/// without it is a guest's access by vCPU 0, so that any TLM-2.0 CPU model works unchanged.
class access_origin : public tlm::tlm_extension<access_origin> {
public:
    access_origin() = default;
    access_origin(initiator_kind who, std::uint32_t cpu) noexcept : kind(who), vcpu(cpu) {}

    initiator_kind kind = initiator_kind::vcpu;
    std::uint32_t vcpu = 0; ///< index of the virtual CPU; 0 for other kinds

    tlm::tlm_extension_base* clone() const override;
    void copy_from(const tlm::tlm_extension_base& other) override;
};

/// The origin of accesses that carry none: a guest's, by vCPU 0.
extern const access_origin k_guest_origin;

/// The origin of `payload`; vCPU 0 where it carries none.
inline const access_origin& origin_of(const tlm::tlm_generic_payload& payload) noexcept
{
    const access_origin* const origin = payload.get_extension<access_origin>();
    return origin != nullptr ? *origin : k_guest_origin;
}

} // namespace vigil::bus

#endif
