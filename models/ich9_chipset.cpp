// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/ich9_chipset.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include <vigil/bus/little_endian.h>

namespace vigil::models {

namespace {

namespace reg = ich9_chipset_register;
namespace bits = ich9_chipset_bit;

// Interrupt routes of the devices (D31IR to D25IR), and what they are after a reset.
constexpr std::uint64_t k_interrupt_routes[] = {0x3140, 0x3144, 0x3146, 0x3148, 0x314C, 0x3150};
constexpr std::uint16_t k_route_default = 0x3210;

} // namespace

ich9_chipset::ich9_chipset(const sc_core::sc_module_name& name, ich9_tco& tco, bool no_reboot)
    : sc_module(name), tco_(tco), no_reboot_(no_reboot)
{
    reset();
}

ich9_chipset::~ich9_chipset() = default;

void ich9_chipset::reset()
{
    std::fill(bytes_.begin(), bytes_.end(), std::uint8_t{0});
    for (const std::uint64_t route : k_interrupt_routes) store(route, 2, k_route_default);
    store(reg::gcs, 4, no_reboot_ ? bits::no_reboot : 0);
    tell_tco();
}

runstate::restoration ich9_chipset::prepare(std::vector<std::uint8_t> bytes)
{
    assert(bytes.size() == k_size);
    return [this, its = std::move(bytes)]() mutable {
        bytes_.swap(its);
        tell_tco();
    };
}

std::uint64_t ich9_chipset::peek(std::uint64_t offset, unsigned width) const
{
    return bus::load_little_endian(bytes_.data() + offset, width);
}

void ich9_chipset::write(std::uint64_t offset, unsigned width, std::uint64_t value,
                         const bus::access_context& /*context*/)
{
    store(offset, width, value);
    tell_tco();
}

void ich9_chipset::store(std::uint64_t offset, unsigned width, std::uint64_t value)
{
    bus::store_little_endian(bytes_.data() + offset, width, value);
}

void ich9_chipset::tell_tco() { tco_.forbid_reboot((peek(reg::gcs, 4) & bits::no_reboot) != 0); }

} // namespace vigil::models
