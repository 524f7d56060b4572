// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_HOST_OPTION_LIST_H
#define VIGIL_QMP_BRIDGE_HOST_OPTION_LIST_H

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vigil/runstate/result.h>

namespace vigil::qmp_bridge {

/// A message about something that a person wrote on the command line: one line, without a line end. A control
/// character, which what was written may have and the message quote, becomes a question mark.
std::string one_line(std::string message);

/// What is wrong with something that a person wrote, as `one_line`.
runstate::refusal refuse(std::string what);

/// Where something was written: on the command line or in a configuration file.
struct option_place {
    std::string text;     ///< the option as typed, or FILE:LINE; empty: nowhere in particular
    bool in_file = false; ///< it is FILE:LINE

    /// The refusal that says so first.
    runstate::refusal refuse(const std::string& what) const;
};

/// `text` in single quotes, as messages show what a person wrote.
inline std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

/// `on`, `yes`, `true`, `y` or `off`, `no`, `false`, `n`; nothing where the text is none of them.
std::optional<bool> parse_switch(std::string_view text) noexcept;

/// A `key=value,key=value` list as QEMU's options take it.
class option_list {
public:
    /// Splits `text` at commas; `,,` stands for one comma inside a value. The first part, where it has no `=`, is the
    /// value of `implied_key` (if not empty); any other part without `=` is a key switched `on`, or `off` where it is
    /// `no` and a key of `negatable`.
    static option_list parse(std::string_view text, std::string_view implied_key = {},
                             const std::vector<std::string_view>& negatable = {});

    /// Adds what was not given as text.
    void add(std::string key, std::string value)
    {
        entries_.emplace_back(std::move(key), std::move(value));
        taken_.push_back(false);
    }

    /// The last value given for `key`, or nothing. Marks the key as known.
    std::optional<std::string> take(std::string_view key);
    /// `on`/`yes`/`true`/`y` or `off`/`no`/`false`/`n`; `fallback` where the key is absent; an error for anything else.
    runstate::result<bool> take_switch(std::string_view key, bool fallback);
    /// A key that nobody took, for the message that it is unknown.
    std::optional<std::string> unknown_key() const;

    const std::vector<std::pair<std::string, std::string>>& entries() const noexcept { return entries_; }

private:
    std::vector<std::pair<std::string, std::string>> entries_;
    std::vector<bool> taken_;
};

/// The candidate most like `word` (fewest edits), or nothing where none is near.
std::optional<std::string> nearest_match(std::string_view word, const std::vector<std::string_view>& candidates);

} // namespace vigil::qmp_bridge

#endif
