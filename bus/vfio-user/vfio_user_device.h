// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_VFIO_USER_VFIO_USER_DEVICE_H
#define VIGIL_BUS_VFIO_USER_VFIO_USER_DEVICE_H

#include <cstddef>
#include <cstdint>

namespace vigil::bus {

class guest_memory;
class interrupt_lines;

/// The PCI function behind a `vfio_user_session`, free of SystemC; `vfio_user_function` makes one of a `pci_function`.
/// Regions have the numbers of `vfio_user::region_…`.
struct vfio_user_device {
    /// Bytes of a region; 0: the function has none of that number.
    virtual std::uint64_t region_size(std::uint32_t region) const = 0;
    /// Reads bytes that lie within the region; returns whether the function did it.
    virtual bool read(std::uint32_t region, std::uint64_t offset, std::uint8_t* data, std::size_t count) = 0;
    /// Writes bytes that lie within the region; returns whether the function did it.
    virtual bool write(std::uint32_t region, std::uint64_t offset, const std::uint8_t* data, std::size_t count) = 0;

    /// The client resets the function.
    virtual void reset() = 0;
    /// A client arrives: a machine that was just switched on.
    virtual void power_on() = 0;

    /// The function's interrupts on their way to the client.
    virtual interrupt_lines& interrupts() = 0;
    /// The client's memory, for the function.
    virtual guest_memory& memory() = 0;

protected:
    ~vfio_user_device() = default;
};

} // namespace vigil::bus

#endif
