// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/snapshot/saved_state.h>

#include <cstring>
#include <utility>

namespace vigil::runstate {

namespace {

using byte_string = std::vector<std::uint8_t>;
using shared_source = std::shared_ptr<const byte_source>;

const byte_string k_no_bytes;

// Bytes that a state holds.
class held_bytes final : public byte_source {
public:
    explicit held_bytes(const byte_string& bytes) : bytes_(bytes) {}
    std::uint64_t size() const override { return bytes_.size(); }
    std::optional<std::string> read(std::uint64_t at, std::uint8_t* to, std::size_t count) const override
    {
        if (count != 0) std::memcpy(to, bytes_.data() + at, count);
        return std::nullopt;
    }

private:
    const byte_string& bytes_;
};

} // namespace

void prepared_parts::add(prepared_restore part)
{
    if (fault_) return;
    if (const auto* fault = std::get_if<std::string>(&part)) {
        fault_ = section_ + ": " + *fault;
    } else {
        parts_.push_back(std::move(std::get<restoration>(part)));
    }
}

prepared_restore prepared_parts::whole()
{
    if (fault_) return *fault_;
    return [parts = std::move(parts_)] {
        for (const restoration& take_over : parts) take_over();
    };
}

std::optional<std::string> snapshottable::restore(const saved_state& state)
{
    const prepared_restore prepared = prepare(state);
    if (const auto* fault = std::get_if<std::string>(&prepared)) return *fault;
    std::get<restoration>(prepared)();
    return std::nullopt;
}

saved_state_reader::saved_state_reader(std::string_view section, const saved_state& state, std::size_t fields)
    : section_(section), state_(state)
{
    require(state.size() == fields, std::to_string(fields) + (fields == 1 ? " field" : " fields") + " expected, " +
                                        std::to_string(state.size()) + " found");
}

const saved_field* saved_state_reader::next(std::string_view name, bool is_number, const std::string& what)
{
    if (fault_) return nullptr;
    const std::size_t index = at_++;
    const bool there = index < state_.size() && state_[index].name == name &&
                       std::holds_alternative<std::uint64_t>(state_[index].value) == is_number;
    require(there, "field " + std::to_string(index + 1) + " must be '" + std::string(name) + "' with " + what);
    return there ? &state_[index] : nullptr;
}

std::uint64_t saved_state_reader::number(std::string_view name, std::uint64_t least, std::uint64_t most)
{
    const saved_field* const field = next(name, true, "a number");
    if (field == nullptr) return 0;
    const std::uint64_t value = std::get<std::uint64_t>(field->value);
    require(value >= least && value <= most, "field '" + std::string(name) + "' must be " + std::to_string(least) +
                                                 " to " + std::to_string(most) + ", not " + std::to_string(value));
    return fault_ ? 0 : value;
}

std::uint64_t saved_state_reader::bits(std::string_view name, std::uint64_t mask)
{
    const std::uint64_t value = number(name, 0, UINT64_MAX);
    require((value & ~mask) == 0, "field '" + std::string(name) + "' must have no bits outside " +
                                      std::to_string(mask) + ", not " + std::to_string(value));
    return fault_ ? 0 : value;
}

const std::vector<std::uint8_t>& saved_state_reader::bytes(std::string_view name, std::optional<std::size_t> size)
{
    const std::string what = size ? std::to_string(*size) + " bytes" : "bytes";
    const saved_field* const field = next(name, false, what);
    if (field == nullptr) return k_no_bytes;
    const auto* value = std::get_if<byte_string>(&field->value);
    const std::uint64_t found = value != nullptr ? value->size() : std::get<shared_source>(field->value)->size();
    require(value != nullptr && (!size || found == *size), "field " + std::to_string(at_) + " must be '" +
                                                               std::string(name) + "' with " + (size ? "" : "fewer ") +
                                                               what + ", not " + std::to_string(found));
    return fault_ ? k_no_bytes : *value;
}

shared_source saved_state_reader::source(std::string_view name)
{
    const saved_field* const field = next(name, false, "bytes");
    if (field == nullptr) return std::make_shared<held_bytes>(k_no_bytes);
    if (const auto* elsewhere = std::get_if<shared_source>(&field->value)) return *elsewhere;
    return std::make_shared<held_bytes>(std::get<byte_string>(field->value));
}

void saved_state_reader::require(bool holds, const std::string& text)
{
    if (!holds && !fault_) fault_ = section_ + ": " + text;
}

} // namespace vigil::runstate
