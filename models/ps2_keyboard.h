// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_PS2_KEYBOARD_H
#define VIGIL_MODELS_PS2_KEYBOARD_H

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include <vigil/runstate/state_table.h>

namespace vigil::models {

/// What a PS/2 keyboard answers to its controller (IBM PS/2 Hardware Interface Technical Reference, keyboards), as QEMU
/// 7.2 models it (hw/input/ps2.c). Nobody presses a key.
class ps2_keyboard {
public:
    struct state {
        std::uint8_t waiting_command = 0; ///< the command whose argument comes next; 0: none
        std::uint8_t scan_code_set = 2;   ///< 1…3
        std::vector<std::uint8_t> replies = {};
    };

    /// Takes a byte. Its replies take the place of those that nobody has read. `translated`: the controller turns scan
    /// codes into those of set 1, which shows in what the keyboard says of itself.
    void write(std::uint8_t value, bool translated);

    bool has_reply() const noexcept { return !now_.replies.empty(); }
    /// The next byte to read; there must be one.
    std::uint8_t front() const noexcept { return now_.replies.front(); }
    /// Takes that byte.
    std::uint8_t read();

    void reset() { now_ = {}; }

    static runstate::state_table<state> variables() noexcept;
    static const std::array<std::uint8_t, 4> k_waiting_commands; ///< those that an argument follows
    const state& saved() const noexcept { return now_; }
    void restore(state saved) noexcept { now_ = std::move(saved); }

private:
    void command(std::uint8_t value, bool translated);
    void argument(std::uint8_t value, bool translated);
    void choose_scan_codes(std::uint8_t set, bool translated);

    state now_;
};

} // namespace vigil::models

#endif
