// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_SAVED_STATE_H
#define VIGIL_RUNSTATE_SAVED_STATE_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vigil::runstate {

/// One named piece of saved state.
struct saved_field {
    std::string name;
    std::variant<std::uint64_t, std::vector<std::uint8_t>> value;
};

inline bool operator==(const saved_field& a, const saved_field& b) { return a.name == b.name && a.value == b.value; }

/// A component's saved state: its fields in the order the component documents.
using saved_state = std::vector<saved_field>;

/// Something whose state can be saved and restored.
struct snapshottable {
    /// Names the section, e.g. "i6300esb_wdt"; constant.
    virtual std::string_view section() const = 0;
    /// The state as it is now; times are absolute virtual nanoseconds.
    virtual saved_state save() const = 0;
    /// Takes the state over whole, or returns what is wrong with it and changes nothing.
    virtual std::optional<std::string> restore(const saved_state& state) = 0;

protected:
    ~snapshottable() = default;
};

/// Reads the fields of a saved state in their order and checks each. The first fault is kept; after it, everything
/// reads as nothing. Take values over only where `fault()` has none at the end.
class saved_state_reader {
public:
    /// `section` begins the fault's text; `fields` is how many there must be.
    saved_state_reader(std::string_view section, const saved_state& state, std::size_t fields);

    /// The next field, a number within least…most.
    std::uint64_t number(std::string_view name, std::uint64_t least, std::uint64_t most);
    /// The next field, bytes; `size` of them where it is given.
    const std::vector<std::uint8_t>& bytes(std::string_view name, std::optional<std::size_t> size = std::nullopt);
    /// A further rule, with what is wrong where it does not hold.
    void require(bool holds, const std::string& text);

    const std::optional<std::string>& fault() const noexcept { return fault_; }

private:
    const saved_field* next(std::string_view name, std::size_t kind, const char* what);

    std::string section_;
    const saved_state& state_;
    std::size_t at_ = 0;
    std::optional<std::string> fault_;
};

} // namespace vigil::runstate

#endif
