// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_BUS_VFIO_USER_SAMPLE_DEVICE_H
#define VIGIL_TESTS_BUS_VFIO_USER_SAMPLE_DEVICE_H

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <vigil/bus/vfio-user/guest_memory.h>
#include <vigil/bus/vfio-user/interrupt_lines.h>
#include <vigil/bus/vfio-user/protocol.h>
#include <vigil/bus/vfio-user/vfio_user_device.h>

/// A device without SystemC: 256 bytes of configuration space and a BAR 0 of 16, both plain storage but for one byte,
/// with an interrupt pin and two messages.
struct sample_device final : vigil::bus::vfio_user_device {
    static constexpr std::uint64_t k_refused = 15; ///< in BAR 0: the device does not do it

    std::uint64_t region_size(std::uint32_t region) const override
    {
        if (region == vigil::bus::vfio_user::region_config) return config.size();
        return region == 0 ? bar0.size() : 0;
    }
    bool read(std::uint32_t region, std::uint64_t offset, std::uint8_t* data, std::size_t count) override
    {
        std::copy_n(bytes(region) + offset, count, data);
        return region != 0 || offset + count <= k_refused;
    }
    bool write(std::uint32_t region, std::uint64_t offset, const std::uint8_t* data, std::size_t count) override
    {
        if (region == 0 && offset + count > k_refused) return false;
        std::copy_n(data, count, bytes(region) + offset);
        return true;
    }
    void reset() override { log += "reset "; }
    void power_on() override { log += "power-on "; }
    vigil::bus::interrupt_lines& interrupts() override { return lines; }
    vigil::bus::guest_memory& memory() override { return ram; }

    std::uint8_t* bytes(std::uint32_t region) { return region == 0 ? bar0.data() : config.data(); }

    std::array<std::uint8_t, 256> config{};
    std::array<std::uint8_t, 16> bar0{};
    vigil::bus::interrupt_lines lines{true, 2};
    vigil::bus::guest_memory ram;
    std::string log;
};

#endif
