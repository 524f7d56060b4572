// SPDX-License-Identifier: Apache-2.0
// Random accesses, times and commands against a machine with every device: nothing may abort, and at the end the
// machine must be saved and restored without a difference, also after a spoilt snapshot was tried on it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <vigil/bus/bus_initiator.h>
#include <vigil/runstate/clock/kernel_time.h>
#include <vigil/sim/machine/machine.h>

namespace {

using namespace vigil;
using runstate::ns;

void require(bool holds)
{
    if (!holds) std::abort();
}

// The input as a row of choices; zeros follow its end.
class choices {
public:
    choices(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    bool any() const { return size_ != 0; }
    std::uint64_t number(unsigned width)
    {
        std::uint64_t value = 0;
        for (unsigned i = 0; i < width; ++i) value = value << 8 | byte();
        return value;
    }
    std::uint8_t byte()
    {
        if (size_ == 0) return 0;
        --size_;
        return *data_++;
    }
    template <class T, std::size_t N> T one_of(const T (&all)[N]) { return all[byte() % N]; }
    // One of `all` or up to `beyond` above it.
    template <std::size_t N> std::uint64_t near(const std::uint64_t (&all)[N], unsigned beyond)
    {
        const std::uint64_t first = one_of(all);
        return first + byte() % (beyond + 1);
    }

private:
    const std::uint8_t* data_;
    std::size_t size_;
};

struct fuzzed_machine {
    // Little, for each save goes through all of it.
    static constexpr std::uint64_t k_ram_bytes = 1024 * 1024;

    static sim::machine_config everything()
    {
        sim::machine_config config;
        config.ram_bytes = k_ram_bytes;
        config.default_vga = config.default_nic = false;
        config.hyperv_crash = true;
        config.cpus = 2;
        for (const char* driver : {"i6300esb", "i6300esb", "ib700", "pvpanic", "pvpanic-pci"}) {
            config.devices.push_back({driver});
        }
        return config;
    }

    fuzzed_machine()
    {
        io.socket.bind(machine.io_ports());
        memory.socket.bind(machine.memory());
        msr.socket.bind(machine.msrs());
        test.socket.bind(machine.io_ports());
        runstate::action_set actions;
        actions.shutdown = runstate::shutdown_action::pause; // an exit cannot be taken back
        control().set_actions(actions);
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
        pristine = machine.controller.save();
    }

    runstate::run_control& control() { return machine.controller.control(); }

    void restore(const runstate::snapshot& state)
    {
        const auto restored = machine.controller.restore(state);
        require(static_cast<bool>(restored));
        control().snapshot_loaded(*restored);
    }

    void access(choices& in)
    {
        constexpr std::uint64_t k_ports[] = {0xCF8, 0xCF9, 0xCFC, 0xCFD, 0xCFE, 0xCFF, 0x64,  0x92,
                                             0x441, 0x443, 0x505, 0xB00, 0xB02, 0xB04, 0xB08, 0xFFFF};
        constexpr std::uint64_t k_addresses[] = {0xFEBF'0000, 0xFEBE'0000, 0xFEBD'0000,
                                                 0,           0xFFFF'FFF8, k_ram_bytes - 2};
        constexpr unsigned k_widths[] = {1, 2, 4, 8};
        const std::uint8_t kind = in.byte();
        const unsigned width = in.one_of(k_widths);
        const bool write = (kind & 0x80) != 0;
        bus::bus_initiator& port = (kind & 0x40) != 0 ? test : io;
        std::uint8_t block[64] = {};
        switch (kind & 7) {
        case 0: { // a register of configuration space, where BARs and the like are
            const std::uint64_t offset = in.byte();
            const unsigned slot = in.byte() % 8U;
            const unsigned function = in.byte() % 4U;
            port.write_value(0xCF8, 4, 0x8000'0000U | slot << 11 | function << 8 | (offset & 0xFC));
            port.write_value(0xCFC + (offset & 3), width == 8 ? 4 : width, in.number(4));
            break;
        }
        case 1:
        case 2: transfer(port, in.near(k_ports, 4), width == 8 ? 4 : width, write, in); break;
        case 3: transfer(port, in.number(2), width == 8 ? 4 : width, write, in); break;
        case 4:
        case 5: transfer(memory, in.near(k_addresses, 19), width, write, in); break;
        case 6: transfer(msr, 0x4000'0100 + in.byte() % 8U, write ? 8 : width, write, in); break;
        default: {
            const std::uint64_t looked_at = in.near(k_addresses, 255);
            memory.read_debug(looked_at, block, in.byte() % sizeof block);
            const std::uint64_t written = in.number(4);
            memory.write(written, block, in.byte() % sizeof block);
        }
        }
    }

    static void transfer(bus::bus_initiator& initiator, std::uint64_t address, unsigned width, bool write, choices& in)
    {
        if (write) {
            initiator.write_value(address, width, in.number(width));
        } else {
            initiator.read_value(address, width);
        }
    }

    void pass_time(choices& in)
    {
        constexpr int k_steps[] = {0, 1, 959, 960, 983'040, 1'000'000, 2'000'000};
        runstate::vm_clock& clock = machine.controller.clock;
        const std::uint8_t kind = in.byte();
        if (clock.running() && kind % 2 == 0 && clock.next_deadline() != runstate::k_never) {
            pass(runstate::saturating_sub(clock.next_deadline(), clock.now()));
        } else {
            pass(ns(in.one_of(k_steps)));
        }
    }

    // All inputs share one kernel, whose time they use up.
    void pass(ns distance)
    {
        const sc_core::sc_time time = runstate::to_sc_time(distance);
        if (time <= runstate::kernel_time_left()) {
            sc_core::sc_start(time);
        } else {
            machine.controller.clock.leap(distance);
            sc_core::sc_start(sc_core::SC_ZERO_TIME);
        }
    }

    void command(choices& in)
    {
        const runstate::turn_guard turn(control());
        switch (in.byte() % 8) {
        case 0: control().stop(); break;
        case 1: control().cont(); break;
        case 2: control().system_reset(); break;
        case 3: control().system_powerdown(); break;
        case 4: control().system_wakeup(); break;
        case 5: control().inject_nmi(); break;
        case 6: control().request_stop(runstate::run_state::io_error); break;
        default: {
            constexpr runstate::watchdog_action k_actions[] = {
                runstate::watchdog_action::reset, runstate::watchdog_action::shutdown, runstate::watchdog_action::pause,
                runstate::watchdog_action::none, runstate::watchdog_action::inject_nmi};
            runstate::action_set actions = control().actions();
            actions.watchdog = in.one_of(k_actions);
            control().set_actions(actions);
        }
        }
    }

    // Tries a snapshot with one field changed.
    void try_spoilt(choices& in)
    {
        const std::vector<std::uint8_t> before = runstate::encode_snapshot(machine.controller.save());
        runstate::snapshot spoilt = machine.controller.save();
        runstate::snapshot_section& section = spoilt[in.byte() % spoilt.size()];
        runstate::saved_field& field = section.fields[in.byte() % section.fields.size()];
        if (auto* number = std::get_if<std::uint64_t>(&field.value)) {
            const std::uint64_t value = in.number(8);
            *number = value >> (in.byte() % 64);
        } else if (auto* held = std::get_if<std::vector<std::uint8_t>>(&field.value)) {
            std::vector<std::uint8_t>& bytes = *held;
            if (!bytes.empty() && in.byte() % 4 != 0) {
                std::uint8_t& one = bytes[in.number(2) % bytes.size()];
                one = in.byte();
            } else {
                bytes.resize(in.number(2) % 600);
            }
        }
        const auto restored = machine.controller.restore(spoilt);
        if (restored) {
            control().snapshot_loaded(*restored);
        } else {
            require(runstate::encode_snapshot(machine.controller.save()) == before);
        }
    }

    void check()
    {
        require(machine.controller.clock.running() == control().running());
        const runstate::snapshot state = machine.controller.save();
        const std::vector<std::uint8_t> bytes = runstate::encode_snapshot(state);
        const auto decoded = runstate::decode_snapshot(bytes);
        require(static_cast<bool>(decoded));
        const auto restored = machine.controller.restore(*decoded);
        require(restored && *restored == control().state());
        require(runstate::encode_snapshot(machine.controller.save()) == bytes);
    }

    sim::machine machine{"machine", everything()};
    bus::bus_initiator io{"io", bus::initiator_kind::vcpu, 1};
    bus::bus_initiator memory{"memory", bus::initiator_kind::vcpu};
    bus::bus_initiator msr{"msr", bus::initiator_kind::vcpu};
    bus::bus_initiator test{"test", bus::initiator_kind::test};
    runstate::snapshot pristine;
};

fuzzed_machine& instance()
{
    static fuzzed_machine* const made = [] {
        sc_core::sc_set_time_resolution(1, sc_core::SC_NS);
        sc_core::sc_report_handler::set_actions(sc_core::SC_WARNING, sc_core::SC_DO_NOTHING);
        return new fuzzed_machine;
    }();
    return *made;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzzed_machine& m = instance();
    {
        const runstate::turn_guard turn(m.control());
        m.restore(m.pristine);
    }
    choices in(data, size);
    while (in.any()) {
        const std::uint8_t kind = in.byte();
        if (kind < 0xC0) {
            const runstate::turn_guard turn(m.control());
            m.access(in);
        } else if (kind < 0xE0) {
            m.pass_time(in);
        } else if (kind < 0xF8) {
            m.command(in);
        } else {
            const runstate::turn_guard turn(m.control());
            m.try_spoilt(in);
        }
    }
    m.check();
    return 0;
}
