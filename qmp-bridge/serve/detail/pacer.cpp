// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/pacer.h>

#include <algorithm>

#include <vigil/runstate/clock/kernel_time.h>

namespace vigil::qmp_bridge {

using runstate::ns;

namespace {

constexpr std::uint64_t k_million = 1'000'000;

// a * b / c without overflow on the way, held at the ends of the range.
ns scaled(ns a, std::uint64_t b, std::uint64_t c)
{
    __extension__ using wide = __int128;
    const wide result = static_cast<wide>(a.count()) * static_cast<wide>(b) / static_cast<wide>(c);
    return ns(static_cast<ns::rep>(std::clamp<wide>(result, ns::min().count(), ns::max().count())));
}

} // namespace

void pacer::anchor() noexcept
{
    wall_anchor_ = last_look_ = wall_clock::now();
    simulated_anchor_ = sc_core::sc_time_stamp();
}

ns pacer::look() noexcept
{
    if (stall_.count() == 0) return ns(0);
    const wall_clock::duration passed = wall_clock::now() - last_look_;
    last_look_ += passed;
    if (passed <= stall_) return ns(0);
    wall_anchor_ += passed;
    return std::chrono::duration_cast<ns>(passed);
}

ns pacer::behind() const
{
    const ns wall = std::chrono::duration_cast<ns>(wall_clock::now() - wall_anchor_);
    const ns simulated = runstate::to_ns(sc_core::sc_time_stamp() - simulated_anchor_);
    return runstate::saturating_sub(scaled(wall, factor_millionths_, k_million), simulated);
}

ns pacer::wall_time_of(ns simulated) const { return scaled(simulated, k_million, factor_millionths_); }

} // namespace vigil::qmp_bridge
