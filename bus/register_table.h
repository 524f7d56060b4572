// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_REGISTER_TABLE_H
#define VIGIL_BUS_REGISTER_TABLE_H

#include <array>
#include <cstddef>
#include <cstdint>

#include <vigil/bus/target_socket.h>

namespace vigil::bus {

/// How a register is read: a member function of the device without side effects, which may want to know when; or null.
/// Beside it, what a guest's read does and a look from outside does not.
template <class Device, class Value> class register_read {
public:
    constexpr register_read(std::nullptr_t = nullptr) noexcept {}
    constexpr register_read(Value (Device::*f)() const) noexcept : plain_(f) {}
    constexpr register_read(Value (Device::*f)(const access_context&) const) noexcept : timed_(f) {}
    constexpr register_read(Value (Device::*f)() const, void (Device::*effect)()) noexcept : plain_(f), effect_(effect)
    {
    }
    constexpr register_read(Value (Device::*f)(const access_context&) const, void (Device::*effect)()) noexcept
        : timed_(f), effect_(effect)
    {
    }

    constexpr explicit operator bool() const noexcept { return plain_ != nullptr || timed_ != nullptr; }
    Value operator()(const Device& device, const access_context& context) const
    {
        return plain_ != nullptr ? (device.*plain_)() : (device.*timed_)(context);
    }
    void take_effect(Device& device) const
    {
        if (effect_ != nullptr) (device.*effect_)();
    }

private:
    Value (Device::*plain_)() const = nullptr;
    Value (Device::*timed_)(const access_context&) const = nullptr;
    void (Device::*effect_)() = nullptr;
};

/// What a write does: a member function of the device, which may want to know when and by whom; or null.
template <class Device, class Value> class register_write {
public:
    constexpr register_write(std::nullptr_t = nullptr) noexcept {}
    constexpr register_write(void (Device::*f)(Value)) noexcept : plain_(f) {}
    constexpr register_write(void (Device::*f)(Value, const access_context&)) noexcept : informed_(f) {}

    constexpr explicit operator bool() const noexcept { return plain_ != nullptr || informed_ != nullptr; }
    void operator()(Device& device, Value value, const access_context& context) const
    {
        if (plain_ != nullptr) {
            (device.*plain_)(value);
        } else {
            (device.*informed_)(value, context);
        }
    }

private:
    void (Device::*plain_)(Value) = nullptr;
    void (Device::*informed_)(Value, const access_context&) = nullptr;
};

/// Further rules of a register, for the device to keep.
namespace register_rule {
inline constexpr unsigned none = 0;
inline constexpr unsigned needs_unlock = 1;    ///< written only after the device's unlocking sequence
inline constexpr unsigned ones_clear = 2;      ///< a 1 written clears a bit, a 0 keeps it
inline constexpr unsigned first_byte_only = 4; ///< a part of an access that begins further inside reaches nothing
} // namespace register_rule

/// One live register of a device: where it is, the access width that reaches it, and what reading and writing do. A
/// device's table is its data sheet; decoding, debug access, reset checks and generated tests are derived from it.
/// `Value` holds the widest register of the table: std::uint64_t for MSRs. `State` is where stored registers are.
template <class Device, class Value = std::uint32_t, class State = Device> struct register_row {
    std::uint32_t offset;                ///< bytes from the start of the space; an I/O port; the index of an MSR
    unsigned width;                      ///< bytes
    const char* name;                    ///< the datasheet's
    Value reset;                         ///< value read after reset
    register_read<Device, Value> read;   ///< null: what is stored, or 0
    register_write<Device, Value> write; ///< after the value was stored; null: nothing more
    const char* description;             ///< one line
    unsigned rules = register_rule::none;
    Value writable = static_cast<Value>(~Value{0}); ///< the bits that a write can set; the others are written as 0
    Value State::*stored = nullptr;                 ///< a register that is a number and keeps what is written
    Value own = 0;                                  ///< bits of it that the device sets itself
    Value sticky = 0;                               ///< bits of it that no write clears

    /// What a read returns, without its effect.
    Value value(const Device& device, const State& state, const access_context& context) const
    {
        if (read) return read(device, context);
        return stored != nullptr ? state.*stored : Value{0};
    }
    /// A guest's read.
    Value fetch(Device& device, const State& state, const access_context& context) const
    {
        const Value taken = value(device, state, context);
        read.take_effect(device);
        return taken;
    }
    /// Writes the bits of `lanes`; `write` sees the value as it came.
    void put(Device& device, State& state, Value value, const access_context& context,
             Value lanes = static_cast<Value>(~Value{0})) const
    {
        if (stored != nullptr) {
            Value& now = state.*stored;
            now = static_cast<Value>((now & ~lanes) | (value & writable & lanes) | (now & sticky));
        }
        if (write) write(device, value, context);
    }
};

/// The row that an access of `width` bytes at `offset` reaches, where only one of the register's own width does; or
/// null.
template <class Row, std::size_t N>
constexpr const Row* find_register(const std::array<Row, N>& table, std::uint64_t offset, unsigned width) noexcept
{
    for (const Row& row : table) {
        if (row.offset == offset && row.width == width) return &row;
    }
    return nullptr;
}

/// What `act(row)` returns for that row, or `otherwise` where there is none. Each row has a call of its own, in which
/// the compiler knows what a constant table says of it: for what is accessed most.
template <std::size_t Index = 0, class Row, std::size_t N, class Act, class Result>
[[gnu::always_inline]] inline Result at_register(const std::array<Row, N>& table, std::uint64_t offset, unsigned width,
                                                 const Act& act, Result otherwise)
{
    const Row& row = table[Index];
    if (row.offset == offset && row.width == width) return act(row);
    if constexpr (Index + 1 < N) {
        return at_register<Index + 1>(table, offset, width, act, otherwise);
    } else {
        return otherwise;
    }
}

/// The row of the register that the byte at `offset` lies in, or null.
template <class Row, std::size_t N>
constexpr const Row* register_at(const std::array<Row, N>& table, std::uint64_t offset) noexcept
{
    for (const Row& row : table) {
        if (offset >= row.offset && offset - row.offset < row.width) return &row;
    }
    return nullptr;
}

/// `width` bytes of ones.
constexpr std::uint64_t byte_ones(unsigned width) noexcept
{
    return width < 8 ? (std::uint64_t{1} << (8 * width)) - 1 : ~std::uint64_t{0};
}

/// A part of an access that is carried out as one.
template <class Row> struct register_piece {
    const Row* row;              ///< null: no register
    unsigned width;              ///< bytes
    std::uint64_t elsewhere = 0; ///< what it reads without a register
};

/// A read that is cut into pieces: `next(offset, left)` says the piece that begins there, `read(row)` the register.
template <class Next, class Read> std::uint64_t read_pieces(std::uint64_t offset, unsigned width, Next next, Read read)
{
    std::uint64_t value = 0;
    for (unsigned done = 0; done < width;) {
        const auto piece = next(offset + done, width - done);
        const std::uint64_t part = piece.row != nullptr ? read(*piece.row) : piece.elsewhere;
        value |= (part & byte_ones(piece.width)) << (8 * done);
        done += piece.width;
    }
    return value;
}

/// A write likewise; `write(row, value)`.
template <class Next, class Write>
void write_pieces(std::uint64_t offset, unsigned width, std::uint64_t value, Next next, Write write)
{
    for (unsigned done = 0; done < width;) {
        const auto piece = next(offset + done, width - done);
        if (piece.row != nullptr) write(*piece.row, (value >> (8 * done)) & byte_ones(piece.width));
        done += piece.width;
    }
}

/// A read each byte of which is where it is; between the registers bytes read `elsewhere`.
template <class Table, class Read>
std::uint64_t read_lanes(const Table& table, std::uint64_t offset, unsigned width, std::uint8_t elsewhere, Read read)
{
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i) {
        const auto* const row = register_at(table, offset + i);
        std::uint64_t byte = elsewhere;
        if (row != nullptr) byte = (read(*row) >> (8 * (offset + i - row->offset))) & 0xFF;
        value |= byte << (8 * i);
    }
    return value;
}

/// A write likewise, to one register after the other; `write(row, value, lanes)` with the bits that it reaches.
template <class Table, class Write>
void write_lanes(const Table& table, std::uint64_t offset, unsigned width, std::uint64_t value, Write write)
{
    for (const auto& row : table) {
        std::uint64_t lanes = 0;
        std::uint64_t whole = 0;
        for (unsigned i = 0; i < row.width; ++i) {
            const std::uint64_t from = row.offset + i - offset; // beyond the width where the access does not reach it
            if (from >= width) continue;
            lanes |= std::uint64_t{0xFF} << (8 * i);
            whole |= (value >> (8 * from) & 0xFF) << (8 * i);
        }
        if (lanes != 0) write(row, whole, lanes);
    }
}

} // namespace vigil::bus

#endif
