// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_LITTLE_ENDIAN_H
#define VIGIL_BUS_LITTLE_ENDIAN_H

#include <cstdint>
#include <cstring>

namespace vigil::bus {

namespace detail {

/// Numbers are copied where the host's own order is this one; the compiler would see as much in single bytes, but
/// not wherever it is inlined.
inline constexpr bool k_host_order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

template <class Number> std::uint64_t load_as(const std::uint8_t* data) noexcept
{
    Number number = 0;
    if constexpr (k_host_order) {
        std::memcpy(&number, data, sizeof number);
    } else {
        for (unsigned i = sizeof number; i-- > 0;) number = static_cast<Number>(number << 8 | data[i]);
    }
    return number;
}

template <class Number> void store_as(std::uint8_t* data, std::uint64_t value) noexcept
{
    const auto number = static_cast<Number>(value);
    if constexpr (k_host_order) {
        std::memcpy(data, &number, sizeof number);
    } else {
        for (unsigned i = 0; i < sizeof number; ++i) data[i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
}

// Of any width, out of the way of the usual ones, and of warnings where the bytes of the caller are fewer than 8.

[[gnu::noinline]] inline std::uint64_t load_bytes(const std::uint8_t* data, unsigned width) noexcept
{
    if (width == 8) return load_as<std::uint64_t>(data);
    std::uint64_t value = 0;
    for (unsigned i = width; i-- > 0;) value = value << 8 | data[i];
    return value;
}

[[gnu::noinline]] inline void store_bytes(std::uint8_t* data, unsigned width, std::uint64_t value) noexcept
{
    if (width == 8) return store_as<std::uint64_t>(data, value);
    for (unsigned i = 0; i < width; ++i) data[i] = static_cast<std::uint8_t>(i < 8 ? value >> (8 * i) : 0);
}

} // namespace detail

/// The number in `width` bytes at `data`, lowest byte first; up to 8 bytes.
inline std::uint64_t load_little_endian(const std::uint8_t* data, unsigned width) noexcept
{
    switch (width) {
    case 1: return data[0];
    case 2: return detail::load_as<std::uint16_t>(data);
    case 4: return detail::load_as<std::uint32_t>(data);
    default: return detail::load_bytes(data, width);
    }
}

/// Stores the low `width` bytes of `value` at `data`, lowest byte first.
inline void store_little_endian(std::uint8_t* data, unsigned width, std::uint64_t value) noexcept
{
    switch (width) {
    case 1: data[0] = static_cast<std::uint8_t>(value); return;
    case 2: detail::store_as<std::uint16_t>(data, value); return;
    case 4: detail::store_as<std::uint32_t>(data, value); return;
    default: detail::store_bytes(data, width, value); return;
    }
}

} // namespace vigil::bus

#endif
