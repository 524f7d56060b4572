// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_BENCH_PLATFORM_H
#define VIGIL_TESTS_BENCH_PLATFORM_H

#include <functional>

#include <vigil/bus/bus_initiator.h>
#include <vigil/sim/machine/machine.h>

/// A pc with one i6300esb whose BAR 0 is programmed, and a CPU to reach it with; one for all benchmarks of a process.
struct bench_platform {
    static constexpr std::uint64_t k_bar0 = 0xFEBF'0000;
    static constexpr std::uint32_t k_function = 0x8000'1000; // 00:02.0, as a configuration address

    vigil::sim::machine machine{"machine", [] {
                                    vigil::sim::machine_config config;
                                    config.default_vga = config.default_nic = false;
                                    config.hyperv_crash = true;
                                    config.devices.push_back({"i6300esb"});
                                    return config;
                                }()};
    vigil::bus::bus_initiator io{"io", vigil::bus::initiator_kind::vcpu};
    vigil::bus::bus_initiator memory{"memory", vigil::bus::initiator_kind::vcpu};
    vigil::bus::bus_initiator msr{"msr", vigil::bus::initiator_kind::vcpu};

    /// `bind_more` is called while more initiators can still be bound.
    explicit bench_platform(const std::function<void(vigil::sim::machine&)>& bind_more = {})
    {
        io.socket.bind(machine.io_ports());
        memory.socket.bind(machine.memory());
        msr.socket.bind(machine.msrs());
        if (bind_more) bind_more(machine);
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
        config_write(0x10, 4, k_bar0);
        config_write(0x04, 2, 0x0002);
    }

    void config_write(std::uint32_t offset, unsigned width, std::uint32_t value)
    {
        io.write_value(0xCF8, 4, k_function | (offset & ~3U));
        io.write_value(0xCFC + (offset & 3), width, value);
    }

    void unlock()
    {
        memory.write_value(k_bar0 + 0xC, 2, 0x80);
        memory.write_value(k_bar0 + 0xC, 2, 0x86);
    }

    void kick()
    {
        unlock();
        memory.write_value(k_bar0 + 0xC, 2, 0x100);
    }

    void preload(std::uint32_t stage1, std::uint32_t stage2)
    {
        unlock();
        memory.write_value(k_bar0 + 0x0, 4, stage1);
        unlock();
        memory.write_value(k_bar0 + 0x4, 4, stage2);
    }

    void enable() { config_write(0x68, 1, 0x02); }

    static bench_platform& instance()
    {
        static bench_platform platform;
        return platform;
    }
};

#endif
