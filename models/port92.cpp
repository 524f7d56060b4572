// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/port92.h>

using vigil::runstate::property;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

constexpr std::uint8_t k_fast_reset = 0x01;

} // namespace

port92::port92(const sc_core::sc_module_name& name) : sc_module(name) {}

port92::~port92() = default;

void port92::write(std::uint8_t value, const bus::access_context& /*context*/)
{
    const bool rising = (value & ~value_ & k_fast_reset) != 0;
    value_ = value;
    if (rising && power.size() != 0) power->request_reset(runstate::shutdown_cause::guest_reset);
}

void port92::reset(runstate::reset_kind kind)
{
    value_ = kind == runstate::reset_kind::cold ? std::uint8_t{0} : static_cast<std::uint8_t>(value_ & ~k_fast_reset);
}

std::vector<property> port92::properties()
{
    return {{"system-control", "uint8", "What port 92 reads.", [this] { return std::uint64_t{value_}; }, {}}};
}

saved_state port92::save() const { return {{"system_control", std::uint64_t{value_}}}; }

std::optional<std::string> port92::restore(const saved_state& state)
{
    runstate::saved_state_reader in(section(), state, 1);
    const std::uint64_t value = in.number("system_control", 0, 0xFF);
    if (!in.fault()) value_ = static_cast<std::uint8_t>(value);
    return in.fault();
}

} // namespace vigil::models
