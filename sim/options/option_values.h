// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_OPTIONS_OPTION_VALUES_H
#define VIGIL_SIM_OPTIONS_OPTION_VALUES_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <vigil/bus/pci_host.h>

/// The values that options take; each function returns nothing where the text is not one.
namespace vigil::sim {

/// SLOT or SLOT.FUNCTION, hexadecimal, each with or without 0x.
std::optional<bus::pci_address> parse_pci_address(std::string_view text);

/// A number as strtoull() takes it in any base: decimal, 0x for hexadecimal, 0 for octal; one below zero wraps around.
std::optional<std::uint64_t> parse_uint64(std::string_view text);

/// A number from 0 to `most`, decimal or, with 0x, hexadecimal.
std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t most);

/// Bytes: a number with one of the suffixes B K M G T; without one it counts units of 2^`shift` bytes, mebibytes.
std::optional<std::uint64_t> parse_size(std::string_view text, unsigned shift = 20);

/// A decimal number from 0.000001 to 1000000, in millionths.
std::optional<std::uint64_t> parse_millionths(std::string_view text);

/// Whether the text is a date, 2006-06-17, or a date and a time, 2006-06-17T16:01:21.
bool is_date(std::string_view text);

/// A UUID in its usual form, with its letters made lower case.
std::optional<std::string> parse_uuid(std::string_view text);

} // namespace vigil::sim

#endif
