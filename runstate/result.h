// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_RESULT_H
#define VIGIL_RUNSTATE_RESULT_H

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace vigil::runstate {

/// What QMP clients tell errors apart by (QAPI `QapiErrorClass`, of which only these are ever sent).
enum class error_class : std::uint8_t { generic_error, command_not_found, device_not_found, device_not_active };

/// Why something was refused: the text for a person, in QEMU's words. What has no value to return says
/// `std::optional<refusal>`: nothing where it was done.
struct refusal {
    std::string text;
    error_class kind = error_class::generic_error;
};

inline bool operator==(const refusal& a, const refusal& b) { return a.text == b.text && a.kind == b.kind; }

/// What was asked for, or why it was refused. One that was refused is returned on as `why()`, whatever its type.
template <class T> class [[nodiscard]] result {
public:
    using value_type = T;

    result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
    result(refusal why) : held_(std::in_place_index<1>, std::move(why)) {}

    /// Whether there is a value.
    explicit operator bool() const noexcept { return held_.index() == 0; }

    // Only where there is a value.
    T& operator*() & { return *std::get_if<0>(&held_); }
    const T& operator*() const& { return *std::get_if<0>(&held_); }
    T&& operator*() && { return std::move(*std::get_if<0>(&held_)); }
    T* operator->() { return std::get_if<0>(&held_); }
    const T* operator->() const { return std::get_if<0>(&held_); }

    // Only where there is none.
    refusal& why() & { return *std::get_if<1>(&held_); }
    const refusal& why() const& { return *std::get_if<1>(&held_); }
    refusal&& why() && { return std::move(*std::get_if<1>(&held_)); }

    /// What `next(value)` returns, which is a result; or the same refusal.
    template <class Next> auto and_then(Next next) && -> decltype(next(std::declval<T>()))
    {
        if (!*this) return std::move(*this).why();
        return next(*std::move(*this));
    }

private:
    std::variant<T, refusal> held_;
};

} // namespace vigil::runstate

#endif
