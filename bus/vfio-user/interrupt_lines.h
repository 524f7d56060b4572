// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_VFIO_USER_INTERRUPT_LINES_H
#define VIGIL_BUS_VFIO_USER_INTERRUPT_LINES_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <vigil/bus/vfio-user/protocol.h>
#include <vigil/runstate/files/descriptor.h>

namespace vigil::bus {

/// An eventfd of the client's, or none.
class event_signal {
public:
    event_signal() = default;
    explicit event_signal(runstate::descriptor file) noexcept : file_(std::move(file)) {}

    /// Whether `file` can be an eventfd: unlike files, pipes and sockets it has no type.
    static bool suits(const runstate::descriptor& file) noexcept;

    explicit operator bool() const noexcept { return static_cast<bool>(file_); }
    /// Adds 1 to it; without it, or where it is full, nothing happens. Does not wait.
    void signal() const noexcept;

private:
    runstate::descriptor file_;
};

/// The interrupts of a PCI function on their way to a client: INTx, which is a level on the function's side and only
/// events on the client's, and the vectors of MSI.
///
/// INTx: when the level rises, the client is signalled once, and INTx counts as masked until the client unmasks it; if
/// the level is high then, it is signalled again. The mask belongs to the client's eventfd and goes with it.
class interrupt_lines {
public:
    /// `intx`: whether the function has an interrupt pin.
    interrupt_lines(bool intx, std::size_t msi_vectors);

    /// The function drives its pin.
    void drive_intx(bool level);
    bool intx_level() const noexcept { return level_; }
    /// Bit 10 of the function's command register.
    void disable_intx(bool disabled);
    /// The function sends one of its messages; lost where the client does not listen.
    void send_msi(std::size_t vector) const noexcept;

    /// Keeps INTx from being signalled, and lets it be signalled again: what happens in between may leave another level
    /// than the one that is known now.
    void hold_intx() noexcept { held_ = true; }
    void release_intx();

    // What a client can ask, with the indexes of `vfio_user::irq_…`.

    /// How many interrupts an index has.
    std::size_t count(std::uint32_t index) const noexcept;
    /// Gives interrupts from `first` on their eventfds; whatever they had before is closed.
    void assign(std::uint32_t index, std::size_t first, std::vector<event_signal> signals);
    /// Takes all eventfds of an index away.
    void disable(std::uint32_t index);
    void mask_intx() noexcept { masked_ = true; }
    void unmask_intx();
    /// Signals an interrupt whatever its level and mask.
    void trigger(std::uint32_t index, std::size_t which) const;
    /// The client has gone.
    void forget_client();

private:
    void signal_if_due();

    std::array<std::vector<event_signal>, vfio_user::irq_count> signals_; ///< one for each interrupt, by index
    bool level_ = false;
    bool disabled_ = false;
    bool masked_ = false;
    bool held_ = false;
};

} // namespace vigil::bus

#endif
