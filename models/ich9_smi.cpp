// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/ich9_smi.h>

namespace vigil::models {

namespace {

namespace reg = ich9_smi_register;
namespace bits = ich9_smi_bit;

} // namespace

const std::array<bus::register_row<ich9_smi>, 2>& ich9_smi::register_table() noexcept
{
    using self = ich9_smi;
    static constexpr std::array<bus::register_row<self>, 2> k_rows{{
        {reg::smi_en, 4, "SMI_EN", 0, &self::enable, &self::write_enable,
         "storage; TCO_LOCK keeps bit 13 (TCO_EN) as it is, SMI_LOCK bit 0 (GBL_SMI_EN)"},
        {reg::smi_sts, 4, "SMI_STS", 0, nullptr, nullptr, "no system-management interrupt comes"},
    }};
    return k_rows;
}

ich9_smi::ich9_smi(const sc_core::sc_module_name& name, bool smm, ich9_tco& tco)
    : sc_module(name), tco_(tco), enable_after_reset_(smm ? 0 : bits::apmc_en), enable_(enable_after_reset_)
{
}

ich9_smi::~ich9_smi() = default;

std::uint64_t ich9_smi::peek(std::uint64_t offset, unsigned width) const
{
    const auto* const row = find_register(register_table(), offset, width);
    return row != nullptr ? row->value(*this, *this, bus::debug_access()) : 0;
}

void ich9_smi::write(std::uint64_t offset, unsigned width, std::uint64_t value, const bus::access_context& context)
{
    const auto* const row = find_register(register_table(), offset, width);
    if (row != nullptr) row->put(*this, *this, static_cast<std::uint32_t>(value), context);
}

void ich9_smi::write_enable(std::uint32_t value)
{
    const std::uint32_t kept = (tco_.locked() ? bits::tco_en : 0) | (global_locked_ ? bits::gbl_smi_en : 0);
    set_enable((value & ~kept) | (enable_ & kept));
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
