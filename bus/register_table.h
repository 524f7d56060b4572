// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_REGISTER_TABLE_H
#define VIGIL_BUS_REGISTER_TABLE_H

#include <array>
#include <cstddef>
#include <cstdint>

#include <vigil/bus/target_socket.h>

namespace vigil::bus {

/// One live register of a device: where it is, the one access width that reaches it, and what reading and writing do.
/// A device's table is its data sheet; decoding, debug access, reset checks and generated tests are derived from it.
/// `Value` holds the widest register of the table: std::uint64_t for MSRs.
template <class Device, class Value = std::uint32_t> struct register_row {
    std::uint32_t offset;          ///< bytes from the start of the space; the index of an MSR
    unsigned width;                ///< bytes; accesses of another width do not reach the register
    const char* name;              ///< the datasheet's name
    Value reset;                   ///< value read after reset
    Value (Device::*read)() const; ///< without side effects; null: reads 0
    void (Device::*write)(Value value, const access_context& context); ///< null: read-only
    const char* description;                                           ///< one line
};

/// The row that an access of `width` bytes at `offset` reaches, or null.
template <class Device, class Value, std::size_t N>
constexpr const register_row<Device, Value>* find_register(const std::array<register_row<Device, Value>, N>& table,
                                                           std::uint64_t offset, unsigned width) noexcept
{
    for (const auto& row : table) {
        if (row.offset == offset && row.width == width) return &row;
    }
    return nullptr;
}

} // namespace vigil::bus

#endif
