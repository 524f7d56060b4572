// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/ich9_smi.h>

namespace vigil::models {

namespace {

constexpr std::uint64_t k_smi_en = 0x00; // SMI_STS follows it at 4
constexpr std::uint32_t k_apmc_en = 0x20;
constexpr unsigned k_width = 4;

} // namespace

ich9_smi::ich9_smi(const sc_core::sc_module_name& name, bool smm)
    : sc_module(name), enable_after_reset_(smm ? 0 : k_apmc_en), enable_(enable_after_reset_)
{
}

ich9_smi::~ich9_smi() = default;

std::uint64_t ich9_smi::peek(std::uint64_t offset, unsigned width) const
{
    return offset == k_smi_en && width == k_width ? enable_ : 0;
}

void ich9_smi::write(std::uint64_t offset, unsigned width, std::uint64_t value, const bus::access_context& /*context*/)
{
    if (offset == k_smi_en && width == k_width) enable_ = static_cast<std::uint32_t>(value);
}

} // namespace vigil::models
