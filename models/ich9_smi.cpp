// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/ich9_smi.h>

namespace vigil::models {

namespace {

namespace reg = ich9_smi_register;
namespace bits = ich9_smi_bit;

constexpr unsigned k_width = 4;

} // namespace

ich9_smi::ich9_smi(const sc_core::sc_module_name& name, bool smm, ich9_tco& tco)
    : sc_module(name), tco_(tco), enable_after_reset_(smm ? 0 : bits::apmc_en), enable_(enable_after_reset_)
{
}

ich9_smi::~ich9_smi() = default;

std::uint64_t ich9_smi::peek(std::uint64_t offset, unsigned width) const
{
    return offset == reg::smi_en && width == k_width ? enable_ : 0;
}

void ich9_smi::write(std::uint64_t offset, unsigned width, std::uint64_t value, const bus::access_context& /*context*/)
{
    if (offset != reg::smi_en || width != k_width) return;
    const std::uint32_t kept = (tco_.locked() ? bits::tco_en : 0) | (global_locked_ ? bits::gbl_smi_en : 0);
    set_enable((static_cast<std::uint32_t>(value) & ~kept) | (enable_ & kept));
}

void ich9_smi::restore_enable(std::uint32_t value)
{
    global_locked_ = false;
    set_enable(value);
}

void ich9_smi::set_enable(std::uint32_t value)
{
    enable_ = value;
    tco_.enable_smi((value & bits::tco_en) != 0);
}

} // namespace vigil::models
