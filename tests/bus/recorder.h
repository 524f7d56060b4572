// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_BUS_RECORDER_H
#define VIGIL_TESTS_BUS_RECORDER_H

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>

#include <vigil/bus/pci_function.h>
#include <vigil/bus/target_socket.h>

#include <report_of.h>

/// A register device of 64 bytes of storage that notes every access as "r4@8" or "w2@A=1234".
struct recorder : vigil::bus::register_device {
    std::uint64_t read(std::uint64_t offset, unsigned width, const vigil::bus::access_context& context) override
    {
        note("r", offset, width);
        origin = context.origin();
        return peek(offset, width);
    }
    void write(std::uint64_t offset, unsigned width, std::uint64_t value,
               const vigil::bus::access_context& context) override
    {
        note("w", offset, width);
        log += "=" + hex(value);
        origin = context.origin();
        delay = context.delay;
        for (unsigned i = 0; i < width; ++i) bytes.at(offset + i) = static_cast<std::uint8_t>(value >> (8 * i));
    }
    std::uint64_t peek(std::uint64_t offset, unsigned width) const override
    {
        std::uint64_t value = 0;
        for (unsigned i = width; i-- > 0;) value = value << 8 | bytes.at(offset + i);
        return value;
    }

    /// What was noted since the last call, entries separated by blanks.
    std::string take()
    {
        std::string taken;
        taken.swap(log);
        return taken;
    }

    std::array<std::uint8_t, 64> bytes{};
    vigil::bus::access_origin origin{vigil::bus::initiator_kind::host, 99};
    sc_core::sc_time delay;

private:
    static std::string hex(std::uint64_t value)
    {
        std::string text;
        do {
            text.insert(text.begin(), "0123456789ABCDEF"[value & 15]);
            value >>= 4;
        } while (value != 0);
        return text;
    }
    void note(const char* what, std::uint64_t offset, unsigned width)
    {
        if (!log.empty()) log += " ";
        log += what + std::to_string(width) + "@" + hex(offset);
    }

    std::string log;
};

/// A PCI function with a memory BAR of 16 bytes, an I/O BAR of 8, and a live word at 60h.
struct sample_function : vigil::bus::pci_function {
    explicit sample_function(const sc_core::sc_module_name& name,
                             const vigil::bus::pci_identity& identity = {0x8086, 0x25AB, 0x088000})
        : pci_function(name, identity)
    {
        add_bar(0, vigil::bus::bar_kind::memory, 16, memory_registers);
        add_bar(2, vigil::bus::bar_kind::io, 8, io_registers);
    }

    std::uint32_t config_read(std::uint32_t offset, unsigned width) const override
    {
        if (offset == 0x60 && width == 2) return live;
        return pci_function::config_read(offset, width);
    }
    void config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                      const vigil::bus::access_context& context) override
    {
        if (offset == 0x60 && width == 2) {
            live = static_cast<std::uint16_t>(value);
            origin = context.origin();
        } else {
            pci_function::config_write(offset, width, value, context);
        }
    }
    using pci_function::set_config;

    recorder memory_device;
    recorder io_device;
    vigil::bus::register_socket memory_registers{"memory_registers", memory_device, 16};
    vigil::bus::register_socket io_registers{"io_registers", io_device, 8};
    std::uint16_t live = 0x1234;
    vigil::bus::access_origin origin;
};

/// Notes what is reported in its lifetime; nothing is printed or thrown. One at a time.
class report_log {
public:
    report_log()
    {
        noted().clear();
        sc_core::sc_report_handler::set_handler([](const sc_core::sc_report& report, const sc_core::sc_actions&) {
            noted().push_back({report.get_msg_type(), report.get_msg()});
        });
    }
    ~report_log() { sc_core::sc_report_handler::set_handler(nullptr); }
    report_log(const report_log&) = delete;
    report_log& operator=(const report_log&) = delete;

    static const std::vector<reported>& entries() { return noted(); }

private:
    static std::vector<reported>& noted()
    {
        static std::vector<reported> entries;
        return entries;
    }
};

inline void elaborate() { sc_core::sc_start(sc_core::SC_ZERO_TIME); }

/// A payload for one access of `length` bytes at `data`.
struct access : tlm::tlm_generic_payload {
    access(tlm::tlm_command command, std::uint64_t address, std::uint8_t* data, unsigned length)
    {
        set_command(command);
        set_address(address);
        set_data_ptr(data);
        set_data_length(length);
        set_streaming_width(length);
    }
};

/// Registers behind a socket of theirs.
struct recorded_region : sc_core::sc_module {
    explicit recorded_region(const sc_core::sc_module_name& name, std::uint64_t size = 64, unsigned widest = 4)
        : sc_module(name), socket("socket", device, size, widest)
    {
    }
    recorder device;
    vigil::bus::register_socket socket;
};

#endif
