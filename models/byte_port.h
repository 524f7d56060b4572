// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_BYTE_PORT_H
#define VIGIL_MODELS_BYTE_PORT_H

#include <cstdint>

#include <vigil/bus/address_router.h>
#include <vigil/bus/target_socket.h>

namespace vigil::models {

/// An I/O port one byte wide, as QEMU's bus treats it: a wide access that begins at the port is so many accesses of the
/// same port, lowest byte first. `Device` answers for it and must outlive it.
template <class Device> class byte_port : private bus::register_device {
public:
    struct handlers {
        std::uint8_t (Device::*peek)(const bus::access_context*) const; ///< without effect; null context: a debug read
        void (Device::*was_read)();                                     ///< what a read does; null: nothing
        void (Device::*write)(std::uint8_t value, const bus::access_context& context);
    };

    byte_port(const char* name, Device& device, const handlers& its)
        : socket(name, *this, 4), device_(device), its_(its)
    {
    }

    /// Widths 1, 2 and 4 at offset 0; for initiators without a router in between.
    bus::register_socket socket;

    /// Maps the port at `address`: one byte, `mapping_options::widest` 4, so that wide accesses arrive whole.
    void map(bus::address_router& ports, std::uint64_t address, int priority = 0)
    {
        ports.map(address, 1, socket, {4, priority});
    }

private:
    std::uint64_t read(std::uint64_t /*offset*/, unsigned width, const bus::access_context& context) override
    {
        std::uint64_t value = 0;
        for (unsigned i = 0; i < width; ++i) {
            value |= std::uint64_t{(device_.*its_.peek)(&context)} << (8 * i);
            if (its_.was_read != nullptr) (device_.*its_.was_read)();
        }
        return value;
    }
    void write(std::uint64_t /*offset*/, unsigned width, std::uint64_t value,
               const bus::access_context& context) override
    {
        for (unsigned i = 0; i < width; ++i) {
            (device_.*its_.write)(static_cast<std::uint8_t>(value >> (8 * i)), context);
        }
    }
    std::uint64_t peek(std::uint64_t /*offset*/, unsigned width) const override
    {
        std::uint64_t value = 0;
        for (unsigned i = 0; i < width; ++i) value |= std::uint64_t{(device_.*its_.peek)(nullptr)} << (8 * i);
        return value;
    }

    Device& device_;
    const handlers its_;
};

} // namespace vigil::models

#endif
