// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_JSON_JSON_H
#define VIGIL_QMP_BRIDGE_JSON_JSON_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>

#include <vigil/qmp-bridge/json/json_errors.h>

/// QEMU's JSON dialect: what QMP clients may send and how replies are printed. Boost.JSON serves as the value type
/// only; it refuses and accepts other things than QEMU does.
namespace vigil::qmp_bridge {

namespace json = boost::json;

inline std::string_view as_view(const json::string& text) { return {text.data(), text.size()}; }
inline std::string_view key_of(const json::key_value_pair& member)
{
    return {member.key().data(), member.key().size()};
}

/// Why input was not a value: the whole text, as it goes on the wire.
struct json_error {
    std::string text;
};

/// A complete value, or the error in its place.
using json_item = std::variant<json::value, json_error>;

/// Limits of one value, QEMU's.
struct json_limits {
    std::size_t nesting = 1024;                  ///< open brackets and braces
    std::size_t token_bytes = 64U * 1024 * 1024; ///< sum of the token texts of a value, in bytes
    std::size_t tokens = 2U * 1024 * 1024;       ///< tokens of a value
};

/// Reads a stream of JSON values in QEMU's dialect from bytes that arrive in any portions. Never throws on input, never
/// recurses deeper than the nesting limit, and keeps no more than one value's limits in memory beside what was not yet
/// fetched.
///
/// Feed bytes, then fetch until nothing comes:
///     reader.feed(bytes);
///     while (auto item = reader.next()) …
class json_reader {
public:
    /// The values lie in `storage`, which must outlive them; by default on the heap.
    explicit json_reader(json_limits limits = {}, json_errors errors = json_errors::when_balanced,
                         json::storage_ptr storage = {});
    ~json_reader();
    json_reader(json_reader&&) noexcept;
    json_reader& operator=(json_reader&&) noexcept;

    /// Takes bytes in; they are looked at by `next()`. The reader keeps its own copy of what is left over.
    void feed(std::string_view bytes);

    /// The next complete value or error, or nothing until more bytes come.
    std::optional<json_item> next();

    /// After `next()` gave nothing, and no more bytes will come: what the bytes under way are, or the error that they
    /// are not a value; nothing where there are none. Starts over.
    std::optional<json_item> finish();

    /// About how much memory what was fed and not yet fetched holds.
    std::size_t held() const noexcept;
    /// About how much the value fetched last holds.
    std::size_t fetched() const noexcept;

    /// Forgets partial input, as at a disconnect.
    void reset();

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// The one value that `text` is, or the error in its place.
json_item parse_json(std::string_view text, json_errors errors);

/// Appends `value` as QEMU prints it on one line: ", " and ": " as separators, non-ASCII as \uXXXX with upper-case
/// digits, doubles with up to 17 significant digits (`%.17g`; −0 as 0), integers exact. No line end. Where QEMU prints
/// `inf` or `-inf`, which is not JSON, the finite double next to it stands.
void print_json(std::string& out, const json::value& value);

/// Appends a string in quotes, escaped likewise; invalid UTF-8 becomes \uFFFD.
void print_json_string(std::string& out, std::string_view text);

/// As `print_json`, over several lines with four blanks of indent per level and CR LF between them (QEMU:
/// `-qmp-pretty`). An empty container is its opening bracket, CR LF, the indent and its closing bracket. From the 16th
/// level on the indent no longer grows: what a value of `json_limits` can become is bounded by a small multiple of its
/// tokens, where QEMU's output grows with its tokens times its depth.
void print_json_pretty(std::string& out, const json::value& value);

} // namespace vigil::qmp_bridge

#endif
