// SPDX-License-Identifier: Apache-2.0
// What the PS/2 keyboard and mouse answer; neither needs a kernel.
#include <catch.h>

#include <vigil/models/ps2_keyboard.h>
#include <vigil/models/ps2_mouse.h>

using vigil::models::ps2_keyboard;
using vigil::models::ps2_mouse;
using bytes = std::vector<std::uint8_t>;

namespace {

template <class Device> bytes taken(Device& device)
{
    bytes all;
    while (device.has_reply()) {
        const std::uint8_t front = device.front();
        all.push_back(device.read());
        CHECK(all.back() == front);
    }
    return all;
}

bytes ask(ps2_keyboard& keyboard, std::uint8_t value, bool translated = false)
{
    keyboard.write(value, translated);
    return taken(keyboard);
}

bytes ask(ps2_mouse& mouse, std::uint8_t value)
{
    mouse.write(value);
    return taken(mouse);
}

constexpr std::uint8_t k_ack = 0xFA;
constexpr std::uint8_t k_resend = 0xFE;
constexpr std::uint8_t k_set_sample_rate = 0xF3;
constexpr std::uint8_t k_read_id = 0xF2;
constexpr std::uint8_t k_read_status = 0xE9;

void set_sample_rate(ps2_mouse& mouse, std::uint8_t rate)
{
    CHECK(ask(mouse, k_set_sample_rate) == bytes{k_ack});
    CHECK(ask(mouse, rate) == bytes{k_ack});
}

} // namespace

TEST_CASE("ps2_keyboard: each command's answer")
{
    ps2_keyboard keyboard;
    CHECK_FALSE(keyboard.has_reply());
    CHECK(ask(keyboard, 0xFF) == bytes{k_ack, 0xAA});
    CHECK(ask(keyboard, 0xF2) == bytes{k_ack, 0xAB, 0x83});
    CHECK(ask(keyboard, 0xF2, true) == bytes{k_ack, 0xAB, 0x41});
    CHECK(ask(keyboard, 0xEE) == bytes{0xEE});
    for (const std::uint8_t acknowledged : bytes{0x00, 0xF4, 0xF5, 0xF6, 0xFA}) {
        CAPTURE(acknowledged);
        CHECK(ask(keyboard, acknowledged) == bytes{k_ack});
    }
    for (const std::uint8_t unknown : bytes{0x01, 0x05, 0xE6, 0xF1, 0xF7, 0xFB, 0xFD, 0xFE}) {
        CAPTURE(unknown);
        CHECK(ask(keyboard, unknown) == bytes{k_resend});
    }
}

TEST_CASE("ps2_keyboard: some commands take the next byte as their argument")
{
    ps2_keyboard keyboard;
    for (const std::uint8_t command : bytes{0xED, 0xF3, 0xFC}) {
        CAPTURE(command);
        CHECK(ask(keyboard, command) == bytes{k_ack});
        CHECK(ask(keyboard, 0xFF) == bytes{k_ack}); // an argument, not a reset
        CHECK(ask(keyboard, 0xEE) == bytes{0xEE});
    }
}

TEST_CASE("ps2_keyboard: the scan code set is chosen, asked for and reset")
{
    ps2_keyboard keyboard;
    const auto set = [&keyboard](std::uint8_t argument, bool translated = false) {
        CHECK(ask(keyboard, 0xF0) == bytes{k_ack});
        return ask(keyboard, argument, translated);
    };
    CHECK(set(0) == bytes{k_ack, 2});
    CHECK(set(3) == bytes{k_ack});
    CHECK(set(0) == bytes{k_ack, 3});
    CHECK(set(0, true) == bytes{k_ack, 0x3F});
    CHECK(set(4) == bytes{k_resend});
    CHECK(set(1) == bytes{k_ack});
    CHECK(set(0, true) == bytes{k_ack, 0x43});
    CHECK(ask(keyboard, 0xF6) == bytes{k_ack});
    CHECK(set(0, true) == bytes{k_ack, 0x41});
    set(1);
    keyboard.reset();
    CHECK(set(0) == bytes{k_ack, 2});
}

TEST_CASE("ps2_keyboard: a byte drops the answers to the one before")
{
    ps2_keyboard keyboard;
    keyboard.write(0xF2, false);
    CHECK(keyboard.read() == k_ack);
    CHECK(ask(keyboard, 0xEE) == bytes{0xEE});
}

TEST_CASE("ps2_mouse: each command's answer")
{
    ps2_mouse mouse;
    CHECK(ask(mouse, k_read_status) == bytes{k_ack, 0, 0, 0});
    CHECK(ask(mouse, 0xFF) == bytes{k_ack, 0xAA, 0x00});
    CHECK(ask(mouse, k_read_id) == bytes{k_ack, 0x00});
    CHECK(ask(mouse, k_read_status) == bytes{k_ack, 0x00, 2, 100});
    for (const std::uint8_t sets : bytes{0xE7, 0xF0, 0xF4}) CHECK(ask(mouse, sets) == bytes{k_ack});
    CHECK(ask(mouse, k_read_status) == bytes{k_ack, 0x70, 2, 100});
    for (const std::uint8_t clears : bytes{0xE6, 0xEA, 0xF5}) CHECK(ask(mouse, clears) == bytes{k_ack});
    CHECK(ask(mouse, k_read_status) == bytes{k_ack, 0x00, 2, 100});
    CHECK(ask(mouse, 0xE8) == bytes{k_ack});
    CHECK(ask(mouse, 3) == bytes{k_ack});
    set_sample_rate(mouse, 40);
    CHECK(ask(mouse, k_read_status) == bytes{k_ack, 0x00, 3, 40});
    CHECK(ask(mouse, 0xEB) == bytes{k_ack, 0x08, 0, 0});
    CHECK(ask(mouse, 0xF6) == bytes{k_ack});
    CHECK(ask(mouse, k_read_status) == bytes{k_ack, 0x00, 2, 100});
    for (const std::uint8_t unknown : bytes{0x00, 0xE5, 0xEC, 0xF1, 0xFE}) {
        CAPTURE(unknown);
        CHECK(ask(mouse, unknown).empty());
    }
}

TEST_CASE("ps2_mouse: sample rates in the right order show the wheel")
{
    ps2_mouse mouse;
    for (const std::uint8_t rate : bytes{200, 100, 80}) set_sample_rate(mouse, rate);
    CHECK(ask(mouse, k_read_id) == bytes{k_ack, 3});
    CHECK(ask(mouse, 0xEB) == bytes{k_ack, 0x08, 0, 0, 0});
    for (const std::uint8_t rate : bytes{200, 200, 80}) set_sample_rate(mouse, rate);
    CHECK(ask(mouse, k_read_id) == bytes{k_ack, 4});
    CHECK(ask(mouse, 0xFF) == bytes{k_ack, 0xAA, 0x00});
    CHECK(ask(mouse, k_read_id) == bytes{k_ack, 0});
    for (const std::uint8_t rate : bytes{200, 100, 60, 80}) set_sample_rate(mouse, rate);
    CHECK(ask(mouse, k_read_id) == bytes{k_ack, 0});
}

TEST_CASE("ps2_mouse: in wrap mode it echoes all but what ends the mode")
{
    ps2_mouse mouse;
    CHECK(ask(mouse, 0xEE) == bytes{k_ack});
    CHECK(ask(mouse, 0x5A) == bytes{0x5A});
    CHECK(ask(mouse, k_read_id) == bytes{k_read_id});
    CHECK(ask(mouse, 0xEC) == bytes{k_ack});
    CHECK(ask(mouse, k_read_id) == bytes{k_ack, 0});
}

TEST_CASE("ps2_mouse: answers queue up to sixteen bytes, and what has no room is lost whole")
{
    ps2_mouse mouse;
    for (int i = 0; i < 7; ++i) mouse.write(k_read_id);
    mouse.write(k_read_status);
    mouse.write(0xF4);
    bytes expected;
    for (int i = 0; i < 7; ++i) expected.insert(expected.end(), {k_ack, 0});
    expected.push_back(k_ack);
    CHECK(taken(mouse) == expected);
}
