// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_SNAPSHOT_SAVED_STATE_H
#define VIGIL_RUNSTATE_SNAPSHOT_SAVED_STATE_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vigil::runstate {

/// Bytes that are too many to be held twice: they stay where they are, and are read a piece at a time.
class byte_source {
public:
    virtual ~byte_source() = default;
    virtual std::uint64_t size() const = 0;
    /// Copies `count` bytes from `at` on, all of them within the size; or returns why they cannot be read.
    virtual std::optional<std::string> read(std::uint64_t at, std::uint8_t* to, std::size_t count) const = 0;
};

/// One named piece of saved state.
struct saved_field {
    std::string name;
    std::variant<std::uint64_t, std::vector<std::uint8_t>, std::shared_ptr<const byte_source>> value;
};

/// Bytes that stay elsewhere are equal where their source is the same.
inline bool operator==(const saved_field& a, const saved_field& b) { return a.name == b.name && a.value == b.value; }

/// A component's saved state: its fields in the order the component documents.
using saved_state = std::vector<saved_field>;

/// Takes a state over that was found good; cannot fail.
using restoration = std::function<void()>;

/// What takes a state over, or what is wrong with it.
using prepared_restore = std::variant<restoration, std::string>;

/// Parts of one section that are prepared one after the other and then taken over in that order. The first fault stands
/// for the whole, its text begun by the section's name.
class prepared_parts {
public:
    explicit prepared_parts(std::string_view section) : section_(section) {}

    void add(prepared_restore part);
    const std::optional<std::string>& fault() const noexcept { return fault_; }
    /// The whole; once.
    prepared_restore whole();

private:
    std::string section_;
    std::vector<restoration> parts_;
    std::optional<std::string> fault_;
};

/// Something whose state can be saved and restored.
struct snapshottable {
    /// Names the section, e.g. "i6300esb_wdt"; constant.
    virtual std::string_view section() const = 0;
    /// The state as it is now; times are absolute virtual nanoseconds.
    virtual saved_state save() const = 0;
    /// Checks a state whole and changes nothing. What it returns is called at once or, where another component refuses
    /// its own state, never; it may refer to the component, but not to `state`.
    virtual prepared_restore prepare(const saved_state& state) = 0;
    /// Takes a state over whole, or returns what is wrong with it and changes nothing.
    std::optional<std::string> restore(const saved_state& state);
    /// The most bytes that the section can take in a file; what is longer is not read.
    virtual std::uint64_t most_bytes() const { return k_usual_most_bytes; }

protected:
    ~snapshottable() = default;

    static constexpr std::uint64_t k_usual_most_bytes = 64U * 1024;
};

/// Reads the fields of a saved state in their order and checks each. The first fault is kept; after it, everything
/// reads as nothing. Take values over only where `fault()` has none at the end.
class saved_state_reader {
public:
    /// `section` begins the fault's text; `fields` is how many there must be.
    saved_state_reader(std::string_view section, const saved_state& state, std::size_t fields);

    /// The next field, a number within least…most.
    std::uint64_t number(std::string_view name, std::uint64_t least, std::uint64_t most);
    /// The next field, a number without bits outside `mask`.
    std::uint64_t bits(std::string_view name, std::uint64_t mask);
    /// The next field, bytes; `size` of them where it is given.
    const std::vector<std::uint8_t>& bytes(std::string_view name, std::optional<std::size_t> size = std::nullopt);
    /// The next field, bytes however many, to be read before the state goes.
    std::shared_ptr<const byte_source> source(std::string_view name);
    /// A further rule, with what is wrong where it does not hold.
    void require(bool holds, const std::string& text);

    const std::optional<std::string>& fault() const noexcept { return fault_; }

private:
    const saved_field* next(std::string_view name, bool is_number, const std::string& what);

    std::string section_;
    const saved_state& state_;
    std::size_t at_ = 0;
    std::optional<std::string> fault_;
};

} // namespace vigil::runstate

#endif
