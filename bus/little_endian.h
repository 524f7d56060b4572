// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_LITTLE_ENDIAN_H
#define VIGIL_BUS_LITTLE_ENDIAN_H

#include <cstdint>

namespace vigil::bus {

namespace detail {

constexpr std::uint64_t load_4(const std::uint8_t* data) noexcept
{
    return data[0] | static_cast<std::uint32_t>(data[1]) << 8 | static_cast<std::uint32_t>(data[2]) << 16 |
           static_cast<std::uint32_t>(data[3]) << 24;
}

constexpr void store_4(std::uint8_t* data, std::uint64_t value) noexcept
{
    data[0] = static_cast<std::uint8_t>(value);
    data[1] = static_cast<std::uint8_t>(value >> 8);
    data[2] = static_cast<std::uint8_t>(value >> 16);
    data[3] = static_cast<std::uint8_t>(value >> 24);
}

// Of any width, out of the way of the usual ones, and of warnings where the bytes of the caller are fewer than 8.

[[gnu::noinline]] inline std::uint64_t load_bytes(const std::uint8_t* data, unsigned width) noexcept
{
    if (width == 8) return load_4(data) | load_4(data + 4) << 32;
    std::uint64_t value = 0;
    for (unsigned i = width; i-- > 0;) value = value << 8 | data[i];
    return value;
}

[[gnu::noinline]] inline void store_bytes(std::uint8_t* data, unsigned width, std::uint64_t value) noexcept
{
    if (width == 8) {
        store_4(data, value);
        store_4(data + 4, value >> 32);
        return;
    }
    for (unsigned i = 0; i < width; ++i) data[i] = static_cast<std::uint8_t>(i < 8 ? value >> (8 * i) : 0);
}

} // namespace detail

/// The number in `width` bytes at `data`, lowest byte first; up to 8 bytes.
inline std::uint64_t load_little_endian(const std::uint8_t* data, unsigned width) noexcept
{
    switch (width) {
    case 1: return data[0];
    case 2: return data[0] | static_cast<std::uint32_t>(data[1]) << 8;
    case 4: return detail::load_4(data);
    default: return detail::load_bytes(data, width);
    }
}

/// Stores the low `width` bytes of `value` at `data`, lowest byte first.
inline void store_little_endian(std::uint8_t* data, unsigned width, std::uint64_t value) noexcept
{
    switch (width) {
    case 1: data[0] = static_cast<std::uint8_t>(value); return;
    case 2:
        data[0] = static_cast<std::uint8_t>(value);
        data[1] = static_cast<std::uint8_t>(value >> 8);
        return;
    case 4: detail::store_4(data, value); return;
    default: detail::store_bytes(data, width, value); return;
    }
}

} // namespace vigil::bus

#endif
