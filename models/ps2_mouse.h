// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_PS2_MOUSE_H
#define VIGIL_MODELS_PS2_MOUSE_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <vigil/runstate/state_table.h>

namespace vigil::models {

/// What a PS/2 mouse answers to its controller (IBM PS/2 Hardware Interface Technical Reference, mouse; the wheel as
/// Microsoft's IntelliMouse and IntelliMouse Explorer), as QEMU 7.2 models it (hw/input/ps2.c). Nobody moves it.
class ps2_mouse {
public:
    static constexpr std::size_t k_most_replies = 16;

    struct state {
        std::uint8_t waiting_command = 0; ///< the command whose argument comes next; 0: none
        std::uint8_t status = 0;          ///< as the status request answers it
        std::uint8_t resolution = 0;
        std::uint8_t sample_rate = 0;
        bool wrap = false;          ///< echoes what it is sent
        std::uint8_t id = 0;        ///< 0 plain, 3 with a wheel, 4 with five buttons
        std::uint8_t detection = 0; ///< how far the sample rates that ask for a wheel have come, 0…3
        std::vector<std::uint8_t> replies = {};
    };

    /// Takes a byte. Its replies queue up behind those that nobody has read; a reply that has no room is lost whole.
    void write(std::uint8_t value);

    bool has_reply() const noexcept { return !now_.replies.empty(); }
    /// The next byte to read; there must be one.
    std::uint8_t front() const noexcept { return now_.replies.front(); }
    /// Takes that byte.
    std::uint8_t read();

    void reset() { now_ = {}; }

    static runstate::state_table<state> variables() noexcept;
    static const std::array<std::uint8_t, 2> k_waiting_commands; ///< those that an argument follows
    const state& saved() const noexcept { return now_; }
    void restore(state saved) noexcept { now_ = std::move(saved); }

private:
    void command(std::uint8_t value);
    void set_defaults();
    void set_sample_rate(std::uint8_t value); ///< and learns from a sequence of them that the wheel is wanted
    void reply(const std::vector<std::uint8_t>& bytes);
    void report_movement(); ///< one report: no button pressed, nothing moved

    state now_;
};

} // namespace vigil::models

#endif
