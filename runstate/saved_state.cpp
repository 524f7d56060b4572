// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/saved_state.h>

namespace vigil::runstate {

namespace {

constexpr std::size_t k_number = 0;
constexpr std::size_t k_bytes = 1;
const std::vector<std::uint8_t> k_no_bytes;

} // namespace

saved_state_reader::saved_state_reader(std::string_view section, const saved_state& state, std::size_t fields)
    : section_(section), state_(state)
{
    require(state.size() == fields, std::to_string(fields) + (fields == 1 ? " field" : " fields") + " expected, " +
                                        std::to_string(state.size()) + " found");
}

const saved_field* saved_state_reader::next(std::string_view name, std::size_t kind, const char* what)
{
    if (fault_) return nullptr;
    const std::size_t index = at_++;
    const bool there = index < state_.size() && state_[index].name == name && state_[index].value.index() == kind;
    require(there, "field " + std::to_string(index + 1) + " must be '" + std::string(name) + "' with " + what);
    return there ? &state_[index] : nullptr;
}

std::uint64_t saved_state_reader::number(std::string_view name, std::uint64_t least, std::uint64_t most)
{
    const saved_field* const field = next(name, k_number, "a number");
    if (field == nullptr) return 0;
    const std::uint64_t value = std::get<k_number>(field->value);
    require(value >= least && value <= most, "field '" + std::string(name) + "' must be " + std::to_string(least) +
                                                 " to " + std::to_string(most) + ", not " + std::to_string(value));
    return fault_ ? 0 : value;
}

const std::vector<std::uint8_t>& saved_state_reader::bytes(std::string_view name, std::optional<std::size_t> size)
{
    const std::string what = size ? std::to_string(*size) + " bytes" : "bytes";
    const saved_field* const field = next(name, k_bytes, what.c_str());
    if (field == nullptr) return k_no_bytes;
    const auto& value = std::get<k_bytes>(field->value);
    require(!size || value.size() == *size, "field " + std::to_string(at_) + " must be '" + std::string(name) +
                                                "' with " + what + ", not " + std::to_string(value.size()));
    if (fault_) return k_no_bytes;
    return value;
}

void saved_state_reader::require(bool holds, const std::string& text)
{
    if (!holds && !fault_) fault_ = section_ + ": " + text;
}

} // namespace vigil::runstate
