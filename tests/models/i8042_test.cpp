// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <vigil/bus/address_router.h>
#include <vigil/bus/bus_initiator.h>
#include <vigil/bus/memory.h>
#include <vigil/models/i8042.h>

#include "i6300esb_rig.h"
#include "power_rig.h"

namespace cmd = vigil::models::i8042_command;
namespace mode = vigil::models::i8042_mode;
namespace output_port = vigil::models::i8042_output_port;
namespace status = vigil::models::i8042_status;
using vigil::models::i8042;
using vigil::models::test::elaborate;
using vigil::models::test::reset_counter;
using vigil::models::test::same;
using vigil::runstate::reset_kind;
using bytes = std::vector<std::uint8_t>;

namespace {

constexpr std::uint64_t k_data = 0x60;
constexpr std::uint64_t k_command = 0x64;

// Bytes for the keyboard and the mouse, and their answers.
constexpr std::uint8_t k_reset = 0xFF;
constexpr std::uint8_t k_read_id = 0xF2;
constexpr std::uint8_t k_ack = 0xFA;
constexpr std::uint8_t k_passed = 0xAA;

/// The controller on its two ports of an I/O space, and a power block that resets at once.
struct i8042_rig : sc_core::sc_module, reset_counter {
    explicit i8042_rig(const sc_core::sc_module_name& name) : sc_module(name)
    {
        ports.map(0, 0x100, nothing.socket, {4, -1});
        device.data.map(ports);
        device.command.map(ports);
        io.socket.bind(ports.target);
        device.power.bind(*this);
        on_reset = [this] { device.reset(reset_kind::warm); };
        elaborate();
    }

    void out(std::uint64_t port, unsigned width, std::uint32_t value)
    {
        CHECK(io.write_value(port, width, value) == tlm::TLM_OK_RESPONSE);
    }
    std::uint64_t in(std::uint64_t port, unsigned width) { return io.read_value(port, width); }

    void command(std::uint8_t value) { out(k_command, 1, value); }
    void data(std::uint8_t value) { out(k_data, 1, value); }
    std::uint64_t data() { return in(k_data, 1); }
    std::uint64_t state() { return in(k_command, 1); }
    void command(std::uint8_t first, std::uint8_t then)
    {
        command(first);
        data(then);
    }
    /// The answer to a command.
    std::uint64_t ask(std::uint8_t value)
    {
        command(value);
        CHECK((state() & status::output_full) != 0);
        return data();
    }
    /// What is to be read, until the buffer is empty.
    bytes all_data()
    {
        bytes all;
        while ((state() & status::output_full) != 0) all.push_back(static_cast<std::uint8_t>(data()));
        return all;
    }

    vigil::bus::unclaimed nothing{"nothing", 0xFF};
    vigil::bus::address_router ports{"ports"};
    i8042 device{"device"};
    vigil::bus::bus_initiator io{"io", vigil::bus::initiator_kind::test};
};

} // namespace

TEST_CASE("i8042: fresh, both buffers are empty")
{
    i8042_rig r("rig");
    CHECK(r.state() == status::idle);
    CHECK(r.data() == 0x00);
    CHECK(r.ask(cmd::read_mode) == mode::after_reset);
    r.command(cmd::read_output_port);
    CHECK(r.data() == output_port::after_reset);
}

TEST_CASE("i8042: the self test passes and shows in the status until a reset")
{
    i8042_rig r("rig");
    r.command(cmd::self_test);
    CHECK(r.state() == (status::idle | status::self_test_passed | status::output_full));
    CHECK(r.data() == 0x55);
    CHECK(r.state() == (status::idle | status::self_test_passed));
    CHECK(r.data() == 0x55); // the last byte again
    r.device.reset(reset_kind::warm);
    CHECK(r.state() == status::idle);
    CHECK(r.data() == 0x55);
    r.device.reset(reset_kind::cold);
    CHECK(r.data() == 0x00);
}

TEST_CASE("i8042: interface tests and the input port")
{
    i8042_rig r("rig");
    r.ask(cmd::self_test);
    CHECK(r.ask(cmd::test_mouse) == 0x00);
    r.ask(cmd::self_test);
    CHECK(r.ask(cmd::test_keyboard) == 0x00);
    CHECK(r.ask(cmd::read_input_port) == 0x80);
}

TEST_CASE("i8042: the mode byte is written whole and by the disabling commands")
{
    i8042_rig r("rig");
    r.command(cmd::write_mode);
    CHECK(r.state() == status::idle);
    r.data(mode::translate | 0x07);
    CHECK(r.ask(cmd::read_mode) == (mode::translate | 0x07));
    r.command(cmd::disable_keyboard);
    CHECK(r.ask(cmd::read_mode) == (mode::translate | mode::keyboard_disabled | 0x07));
    r.command(cmd::disable_mouse);
    CHECK(r.ask(cmd::read_mode) == (mode::translate | mode::keyboard_disabled | mode::mouse_disabled | 0x07));
    r.command(cmd::enable_keyboard);
    CHECK(r.ask(cmd::read_mode) == (mode::translate | mode::mouse_disabled | 0x07));
    r.command(cmd::enable_mouse);
    CHECK(r.ask(cmd::read_mode) == (mode::translate | 0x07));
    r.device.reset(reset_kind::warm);
    CHECK(r.ask(cmd::read_mode) == mode::after_reset);
}

TEST_CASE("i8042: a later byte of the controller's own replaces an earlier one")
{
    i8042_rig r("rig");
    r.command(cmd::self_test);
    r.command(cmd::test_keyboard);
    CHECK(r.data() == 0x00);
    CHECK((r.state() & status::output_full) == 0);
    r.command(cmd::write_keyboard_output, 0x5A);
    CHECK(r.ask(cmd::read_output_port) == (output_port::after_reset | output_port::output_full));
    r.command(cmd::write_mouse_output, 0x5A);
    CHECK(r.ask(cmd::read_output_port) ==
          (output_port::after_reset | output_port::output_full | output_port::mouse_output_full));
}

TEST_CASE("i8042: the output buffer is written as the keyboard and as the mouse")
{
    i8042_rig r("rig");
    r.command(cmd::write_keyboard_output, 0x5A);
    CHECK(r.state() == (status::idle | status::output_full));
    CHECK(r.data() == 0x5A);
    r.command(cmd::write_mouse_output, 0xA5);
    CHECK(r.state() == (status::idle | status::output_full | status::output_from_mouse));
    CHECK(r.data() == 0xA5);
    CHECK(r.state() == status::idle);
}

TEST_CASE("i8042: the output port is stored, with A20 by commands of its own")
{
    i8042_rig r("rig");
    r.command(cmd::disable_a20);
    CHECK(r.ask(cmd::read_output_port) == (output_port::after_reset & ~output_port::a20));
    r.command(cmd::enable_a20);
    CHECK(r.ask(cmd::read_output_port) == output_port::after_reset);
    r.command(cmd::write_output_port, 0x03);
    CHECK(r.ask(cmd::read_output_port) == 0x03);
    r.command(cmd::write_output_port, 0xFF);
    CHECK(r.ask(cmd::read_output_port) == 0xFF); // flags as they were written
    CHECK(r.ask(cmd::read_output_port) == 0xCF); // and as they are
    CHECK(r.resets == 0);
}

TEST_CASE("i8042: clearing the output port's reset line resets")
{
    i8042_rig r("rig");
    r.command(cmd::write_output_port, 0xFF & ~output_port::not_reset);
    CHECK(r.resets == 1);
    CHECK(r.ask(cmd::read_output_port) == output_port::after_reset);
    CHECK(r.state() == status::idle);
}

TEST_CASE("i8042: a command's byte is awaited through other commands and through a reset")
{
    i8042_rig r("rig");
    r.command(cmd::write_output_port);
    r.command(cmd::read_output_port);
    r.data(0xDE);
    CHECK(r.resets == 1);
    CHECK(r.data() == 0x00); // the output port, which nobody read, is dropped
    r.command(cmd::write_output_port);
    r.device.reset(reset_kind::warm);
    r.data(0x02);
    CHECK(r.resets == 2);
    r.command(cmd::write_output_port);
    r.command(cmd::write_mode); // waits for a byte itself
    r.data(0x46);
    CHECK(r.resets == 2);
    CHECK(r.ask(cmd::read_mode) == 0x46);
    r.command(cmd::write_output_port);
    r.device.reset(reset_kind::cold);
    r.data(0x02); // to the keyboard
    CHECK(r.resets == 2);
}

TEST_CASE("i8042: even pulse commands reset, odd ones do nothing")
{
    i8042_rig r("rig");
    for (unsigned value = cmd::pulse; value <= 0xFF; ++value) {
        CAPTURE(value);
        const unsigned before = r.resets;
        r.command(static_cast<std::uint8_t>(value));
        CHECK(r.resets - before == ((value & cmd::pulse_leaves_reset) == 0 ? 1U : 0U));
        CHECK(r.state() == status::idle);
    }
}

TEST_CASE("i8042: commands that it does not know do nothing and are logged as guest errors")
{
    i8042_rig r("rig");
    static std::string logged;
    logged.clear();
    sc_core::sc_report_handler::set_verbosity_level(sc_core::SC_HIGH);
    sc_core::sc_report_handler::set_handler([](const sc_core::sc_report& report, const sc_core::sc_actions&) {
        logged += std::string(report.get_msg()) + "\n";
    });
    const auto before = r.device.save();
    r.command(0x21);
    r.command(0xA1);
    sc_core::sc_report_handler::set_handler(&sc_core::sc_report_handler::default_handler);
    CHECK(same(r.device.save(), before));
    CHECK(logged == "rig.device: guest error: unsupported keyboard cmd=0x21\n"
                    "rig.device: guest error: unsupported keyboard cmd=0xa1\n");
}

TEST_CASE("i8042: without a command before, a byte goes to the keyboard, which answers")
{
    i8042_rig r("rig");
    r.data(k_reset);
    CHECK(r.state() == (status::idle | status::output_full));
    CHECK(r.all_data() == bytes{k_ack, k_passed});
    r.data(k_read_id);
    CHECK(r.all_data() == bytes{k_ack, 0xAB, 0x83});
    r.command(cmd::write_mode, mode::translate | mode::keyboard_disabled);
    r.data(k_read_id);
    CHECK(r.all_data() == bytes{k_ack, 0xAB, 0x41});
    CHECK(r.ask(cmd::read_mode) == mode::translate); // it is enabled by being spoken to
}

TEST_CASE("i8042: the mouse answers on its side of the buffer")
{
    i8042_rig r("rig");
    r.command(cmd::disable_mouse);
    r.command(cmd::write_mouse, k_reset);
    CHECK(r.state() == (status::idle | status::output_full | status::output_from_mouse));
    CHECK(r.all_data() == bytes{k_ack, k_passed, 0x00});
    r.command(cmd::write_mouse, k_read_id);
    CHECK(r.all_data() == bytes{k_ack, 0x00});
    CHECK(r.ask(cmd::read_mode) == mode::after_reset);
}

TEST_CASE("i8042: a disabled interface keeps its answers back")
{
    i8042_rig r("rig");
    r.data(k_read_id);
    r.command(cmd::disable_keyboard);
    CHECK(r.data() == k_ack); // in the buffer already
    CHECK(r.state() == status::idle);
    r.command(cmd::enable_keyboard);
    CHECK(r.all_data() == bytes{0xAB, 0x83});

    r.command(cmd::write_mouse, k_read_id);
    r.command(cmd::disable_mouse);
    CHECK(r.data() == k_ack);
    CHECK(r.state() == status::idle);
    r.command(cmd::write_mode, mode::after_reset); // enables it too
    CHECK(r.all_data() == bytes{0x00});
}

TEST_CASE("i8042: what the buffer shows stays, and who waits takes turns")
{
    i8042_rig r("rig");
    r.data(k_read_id);                      // FA AB 83, shown
    r.command(cmd::write_mouse, k_read_id); // FA 00
    r.command(cmd::self_test);              // 55
    CHECK((r.state() & status::output_from_mouse) == 0);
    CHECK(r.all_data() == bytes{k_ack, 0x55, 0xAB, k_ack, 0x83, 0x00});
}

TEST_CASE("i8042: wide accesses that begin at a port are so many of it")
{
    i8042_rig r("rig");
    CHECK(r.in(k_command, 2) == 0x1818);
    CHECK(r.in(k_command, 4) == 0x1818'1818);
    CHECK(r.in(k_command - 1, 2) == 0x18FF);
    CHECK(r.in(0x62, 1) == 0xFF);
    CHECK(r.in(0x65, 1) == 0xFF);
    r.command(cmd::self_test);
    CHECK(r.in(k_data, 4) == 0x5555'5555);
    r.out(k_data, 2, k_read_id << 8 | k_read_id); // two bytes to the keyboard
    CHECK(r.in(k_data, 4) == 0x8383'ABFA);
    r.out(k_command, 2, 0xFE00);
    CHECK(r.resets == 1);
    r.out(k_command - 1, 2, 0xFE00);
    CHECK(r.resets == 2);
    r.out(k_command, 4, 0xFF00'FF00);
    CHECK(r.resets == 2);
    CHECK(r.state() == status::idle);
}

TEST_CASE("i8042: debug reads look without taking")
{
    i8042_rig r("rig");
    r.data(k_read_id);
    std::uint8_t looked[2]{};
    CHECK(r.io.read_debug(k_data, looked, 1) == 1);
    CHECK(looked[0] == k_ack);
    CHECK(r.io.read_debug(k_command, looked, 1) == 1);
    CHECK(looked[0] == (status::idle | status::output_full));
    CHECK(r.all_data() == bytes{k_ack, 0xAB, 0x83});
}

TEST_CASE("i8042: a reset drops what was to be read and what was said to the mouse")
{
    i8042_rig r("rig");
    r.command(cmd::write_mouse, k_read_id);
    r.data(k_read_id);
    r.command(cmd::read_input_port);
    r.device.reset(reset_kind::warm);
    CHECK(r.state() == status::idle);
    CHECK(r.data() == 0x00);
    CHECK(r.ask(cmd::read_output_port) == output_port::after_reset);
}

TEST_CASE("i8042: with nobody bound a reset is asked of nobody")
{
    i8042 device("device");
    vigil::bus::bus_initiator io("io", vigil::bus::initiator_kind::test);
    io.socket.bind(device.command);
    elaborate();
    CHECK(io.write_value(0, 1, 0xFE) == tlm::TLM_OK_RESPONSE);
    CHECK(io.read_value(0, 1) == status::idle);
}

TEST_CASE("i8042: every command of the table acts, and no two have one code")
{
    i8042_rig r("rig");
    const auto& table = i8042::command_table();
    for (std::size_t i = 0; i < table.size(); ++i) {
        CAPTURE(table[i].name);
        CHECK(table[i].code < cmd::pulse);
        for (std::size_t j = 0; j < i; ++j) CHECK(table[i].code != table[j].code);
        r.device.reset(reset_kind::cold);
        // Each enabling command has something to undo.
        if (table[i].code == cmd::enable_keyboard) r.command(cmd::disable_keyboard);
        if (table[i].code == cmd::enable_mouse) r.command(cmd::disable_mouse);
        if (table[i].code == cmd::enable_a20) r.command(cmd::disable_a20);
        const auto before = r.device.save();
        r.command(table[i].code);
        CHECK_FALSE(same(r.device.save(), before));
    }
}

TEST_CASE("i8042: state is saved and restored, or refused whole")
{
    i8042_rig r("rig");
    r.ask(cmd::self_test);
    r.command(cmd::write_mode, mode::translate);
    r.command(cmd::write_mouse, k_read_id);
    r.data(k_read_id);
    r.command(cmd::read_input_port);
    r.command(cmd::write_output_port);
    const auto state = r.device.save();
    r.device.reset(reset_kind::cold);
    REQUIRE_FALSE(r.device.restore(state).has_value());
    CHECK(same(r.device.save(), state));
    CHECK(r.resets == 0);
    CHECK(r.state() == (status::idle | status::self_test_passed | status::output_full | status::output_from_mouse));
    for (const auto& p : r.device.properties()) {
        if (p.name == "mode") CHECK(std::get<std::uint64_t>(p.get()) == mode::translate);
        if (p.name == "status") CHECK(std::get<std::uint64_t>(p.get()) == r.state());
    }

    const auto refused = [&r, &state](std::size_t field, auto value) {
        auto bad = state;
        bad[field].value = std::move(value);
        CAPTURE(bad[field].name);
        CHECK(r.device.restore(bad).has_value());
        CHECK(same(r.device.save(), state));
    };
    for (std::size_t i = 0; i < state.size(); ++i) {
        if (std::holds_alternative<std::uint64_t>(state[i].value)) {
            refused(i, std::uint64_t{0x100});
            refused(i, bytes{1});
        } else {
            refused(i, bytes(17));
            refused(i, std::uint64_t{1});
        }
    }
    refused(3, std::uint64_t{cmd::read_mode}); // no command that waits
    refused(19, bytes{});                      // but the mouse's byte is shown
    CHECK(r.device.restore({}).has_value());
    CHECK(r.all_data() == bytes{k_ack, 0x80, k_ack, 0x00, 0xAB, 0x41});
    r.data(0x02);
    CHECK(r.resets == 1);
}
