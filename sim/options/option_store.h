// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_OPTIONS_OPTION_STORE_H
#define VIGIL_SIM_OPTIONS_OPTION_STORE_H

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vigil/qmp-bridge/host/option_list.h>
#include <vigil/qmp-bridge/json/json.h>
#include <vigil/qmp-bridge/schema/qapi_schema.h>

/// What the options with keys and values said, before any of it takes effect: -set and -readconfig change and add to
/// it.
namespace vigil::sim {

/// What is wrong with an option's argument; nothing where it is fine.
using failure = std::optional<runstate::refusal>;

inline const failure k_fine = std::nullopt;

/// What the value of a key is.
enum class key_kind : std::uint8_t { text, boolean, number, size };

/// A key that an option takes.
struct option_key {
    std::string_view name;
    key_kind kind = key_kind::text;
};

/// A kind of option whose arguments are kept.
struct option_group_row {
    enum class identity : std::uint8_t {
        optional, ///< an entry may have an id
        needed,   ///< an entry must have one
        none,     ///< an entry has none; what later ones say counts
    };

    std::string_view name;    ///< in -set and in a section's head
    std::string_view implied; ///< the key of a first word without one; empty: there is none
    identity id = identity::optional;
    bool settable = true;                   ///< by -set
    qmp_bridge::rows<option_key> keys = {}; ///< none: those of what is named, or any
};

/// The groups, effect or not.
qmp_bridge::rows<option_group_row> option_groups() noexcept;
const option_group_row* find_option_group(std::string_view name);

/// One use of an option.
struct option_entry {
    const option_group_row* group;
    std::optional<std::string> id;
    qmp_bridge::option_list values;                    ///< without the id
    std::optional<qmp_bridge::json::object> json = {}; ///< instead of `values`
    qmp_bridge::option_place place = {};
};

/// A -global: a default for a property of a class of devices.
struct property_default {
    std::string driver;
    std::string property;
    std::string value;
};

/// Whether `text` can be an id: a letter, then letters, digits, '-', '.' and '_'.
bool is_identifier(std::string_view text) noexcept;

/// The arguments read so far, in their order.
class option_store {
public:
    /// Adds an entry. The first `id` among the values is the entry's, where its group has any.
    failure add(std::string_view group, const qmp_bridge::option_list& values, const qmp_bridge::option_place& place);
    /// Adds an entry that was written as a JSON object, whose id is not looked at.
    void add_json(std::string_view group, qmp_bridge::json::object object, const qmp_bridge::option_place& place);
    /// -set GROUP.ID.KEY=VALUE.
    failure set(const std::string& argument);
    /// -global DRIVER.PROPERTY=VALUE, or with the keys driver, property and value.
    failure add_default(const std::string& argument);
    /// Every section of a configuration file, whose content this is. `here` goes along from line to
    /// line: a refusal is of what stands there.
    failure read_config(const std::string& file, std::string_view content, qmp_bridge::option_place& here);

    std::deque<option_entry>& entries() noexcept { return entries_; }
    const std::vector<property_default>& defaults() const noexcept { return defaults_; }
    option_entry* find(std::string_view group, const std::optional<std::string>& id);

private:
    struct section;
    failure add_section(const section& one, const qmp_bridge::option_place& place);

    std::deque<option_entry> entries_;
    std::vector<property_default> defaults_;
};

} // namespace vigil::sim

#endif
