// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_PORT_SOCKET_H
#define VIGIL_BUS_PORT_SOCKET_H

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include <vigil/bus/address_router.h>
#include <vigil/bus/register_table.h>

namespace vigil::bus {

/// Which bytes of an access reach a register behind a `port_socket`, and what the others read; written, they are lost.
struct port_reach {
    unsigned widest = 4;     ///< bytes; a wider access reaches none
    bool starts_over = true; ///< a byte beyond the last register reaches the first again
    std::uint8_t elsewhere = 0xFF;
};

/// The target socket of I/O ports one byte wide that stand side by side in a device's table, as QEMU's bus treats them:
/// an access that begins at one of them arrives whole and is so many accesses of one byte, lowest first. By itself,
/// without a router in between, it takes widths 1, 2 and 4. Device and state must outlive it.
template <class Device, class State = Device> class port_socket : private register_device, public register_socket {
public:
    using row = register_row<Device, std::uint8_t, State>;

    /// For all ports of `table`.
    template <std::size_t N>
    port_socket(const char* name, Device& device, State& state, const std::array<row, N>& table,
                const port_reach& reach = {})
        : port_socket(name, device, state, table, table[0].offset, unsigned{N}, reach)
    {
    }
    /// For `count` of them, from `port` on.
    template <std::size_t N>
    port_socket(const char* name, Device& device, State& state, const std::array<row, N>& table, std::uint32_t port,
                unsigned count, const port_reach& reach = {})
        : register_socket(name, static_cast<register_device&>(*this), k_widest), device_(device), state_(state),
          first_(register_at(table, port)), count_(count), reach_(reach)
    {
        for (unsigned i = 0; i < count; ++i) assert(find_register(table, port + i, 1) == first_ + i);
    }

    /// Maps the ports where the table says.
    void map(address_router& ports, int priority = 0) { map_at(ports, first_->offset, priority); }
    /// Maps them from `port` on.
    void map_at(address_router& ports, std::uint64_t port, int priority = 0)
    {
        ports.map(port, count_, *this, {k_widest, priority});
    }

private:
    static constexpr unsigned k_widest = 4; ///< of the I/O space

    std::uint64_t read(std::uint64_t offset, unsigned width, const access_context& context) override
    {
        return read_pieces(offset, width, cut(width), [&](const row& r) { return r.fetch(device_, state_, context); });
    }
    std::uint64_t peek(std::uint64_t offset, unsigned width) const override
    {
        return read_pieces(offset, width, cut(width),
                           [&](const row& r) { return r.value(device_, state_, debug_access()); });
    }
    void write(std::uint64_t offset, unsigned width, std::uint64_t value, const access_context& context) override
    {
        write_pieces(offset, width, value, cut(width), [&](const row& r, std::uint64_t byte) {
            r.put(device_, state_, static_cast<std::uint8_t>(byte), context);
        });
    }

    /// Cuts an access of `width` bytes to the bytes that it is.
    auto cut(unsigned width) const
    {
        return [this, reached = width <= reach_.widest](std::uint64_t offset, unsigned /*left*/) {
            const std::uint64_t index = reach_.starts_over ? offset % count_ : offset;
            return register_piece<row>{reached && index < count_ ? first_ + index : nullptr, 1, reach_.elsewhere};
        };
    }

    Device& device_;
    State& state_;
    const row* const first_; ///< in the table, which is constant
    const unsigned count_;
    const port_reach reach_;
};

} // namespace vigil::bus

#endif
