// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_DEVICE_PROPERTIES_H
#define VIGIL_SIM_DEVICE_PROPERTIES_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/json/json.h>
#include <vigil/runstate/result.h>
#include <vigil/sim/machine/machine_types.h>
#include <vigil/sim/machine/qemu_version.h>

/// What devices can be given, as -device, -global, device_add and the commands about types have it.
namespace vigil::sim {

/// A value that a device property has; numbers of a signed type are `std::int64_t`.
using device_value = std::variant<bool, std::int64_t, std::uint64_t, std::string>;

/// What a device property takes.
enum class property_kind : std::uint8_t {
    boolean,
    uint8,
    uint16,
    uint32,
    uint64,
    int32,
    size,   ///< bytes, in text with a suffix
    choice, ///< one of the words that end the description, as in "on/off/auto"
    text,
    pci_address, ///< slot and function as one number, slot·8 + function; −1: wherever there is room
};

/// One property that a device can be given, or that it has without being given.
struct device_property {
    std::string_view name;
    property_kind kind;
    std::optional<device_value> by_default; ///< as it is listed; a property without one is false, 0 or empty
    std::string_view description = {};
    bool read_only = false;               ///< known, but neither listed nor taken
    bool own = false;                     ///< not QEMU's: taken, and shown in help alone
    bool qemu_behaviour::*with = nullptr; ///< there with this behaviour alone
    std::string_view type = {};           ///< QOM's word for it; empty: its kind's
    machine_version since = {};           ///< of a switch: machines of earlier versions have the opposite default
};

/// A property that a device has and that nobody gives it.
device_property read_only(std::string_view name, property_kind what, std::string_view type = {});

/// QOM's word for what the property takes: "bool", "uint8" …
std::string_view type_word(const device_property& property) noexcept;

/// The values of a device's properties, by their names, in the order in which they were first set.
class property_values {
public:
    void set(std::string_view name, device_value value);
    /// The value, or null where none was set.
    const device_value* find(std::string_view name) const noexcept;
    bool flag(std::string_view name) const noexcept;            ///< of a boolean; false where none was set
    std::uint64_t number(std::string_view name) const noexcept; ///< of an unsigned number; 0 where none was set
    std::string text(std::string_view name) const;              ///< of a text; empty where none was set

    const std::vector<std::pair<std::string, device_value>>& all() const noexcept { return values_; }

private:
    std::vector<std::pair<std::string, device_value>> values_;
};

/// What every device has, whatever its bus.
const std::vector<device_property>& common_properties();

/// What every PCI device has beside that, read-only properties included.
const std::vector<device_property>& pci_properties(const qemu_behaviour& behaviour);

/// Properties from a text with a word for each, a blank between two: NAME:TYPE or NAME:TYPE=DEFAULT, where "switch" is
/// a boolean described as on/off. The text must stay.
std::vector<device_property> properties_in(std::string_view words);

/// What stands for the property of `driver` in text, as its kind wants it; otherwise a refusal that says what it
/// expects, of a number that it expects a `number_word`.
runstate::result<device_value> parse_property(std::string_view driver, const device_property& property,
                                              std::string_view text, std::string_view number_word = "integer");

/// The same of a JSON value, whose type is looked at too.
runstate::result<device_value> parse_property(std::string_view driver, const device_property& property,
                                              const qmp_bridge::json::value& value);

/// The line about the property in -device X,help.
std::string help_line(const device_property& property, const std::optional<device_value>& by_default,
                      const qemu_behaviour& behaviour);

} // namespace vigil::sim

#endif
