// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QTEST_SESSION_H
#define VIGIL_QMP_BRIDGE_QTEST_SESSION_H

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <vigil/qmp-bridge/session.h>

namespace vigil::qmp_bridge {

/// What the qtest protocol acts upon.
struct qtest_machine {
    /// Reads `width` bytes (1, 2 or 4) from an I/O port.
    virtual std::uint32_t port_in(std::uint16_t port, unsigned width) = 0;
    virtual void port_out(std::uint16_t port, unsigned width, std::uint32_t value) = 0;
    /// Reads or writes a number of 1, 2, 4 or 8 bytes.
    virtual std::uint64_t memory_read(std::uint64_t address, unsigned width) = 0;
    virtual void memory_write(std::uint64_t address, unsigned width, std::uint64_t value) = 0;
    /// Reads or writes `length` bytes in address order.
    virtual void memory_read(std::uint64_t address, std::uint8_t* data, std::size_t length) = 0;
    virtual void memory_write(std::uint64_t address, const std::uint8_t* data, std::size_t length) = 0;

    /// Whether clock_step and clock_set exist (the clock is driven from outside).
    virtual bool clock_driven() const = 0;
    /// Virtual time now, ns.
    virtual std::int64_t clock_now() = 0;
    /// The next timer's deadline, ns; −1 where none is armed.
    virtual std::int64_t clock_next_deadline() = 0;
    /// Moves virtual time to `target` ns, running each timer on the way at its own time; nothing where it has passed.
    /// May take simulated time.
    virtual void clock_advance_to(std::int64_t target) = 0;

    /// Starts reporting the interrupt lines into (`out` false) or out of the device at `path`; returns false where
    /// there is no such device.
    virtual bool intercept_irqs(std::string_view path, bool out) = 0;
    /// Sets input line `number` of the list `name` ("unnamed-gpio-in") of the device at `path`; returns false where
    /// there is no such device or line.
    virtual bool set_irq_in(std::string_view path, std::string_view name, int number, int level) = 0;

    /// A turn: opened before, closed after each line.
    virtual void open_turn() = 0;
    virtual void close_turn() = 0;
    /// Whether the run has ended, so that no more answers go out.
    virtual bool exited_at_once() const = 0;

protected:
    ~qtest_machine() = default;
};

/// One client's qtest conversation (QEMU 7.2, softmmu/qtest.c). Malformed lines of known commands, on which QEMU
/// aborts, are answered `FAIL …` and say what is wrong.
class qtest_session : public session {
public:
    /// `log`: called with each request and response line in QEMU's log form, the line end included; empty: no log.
    explicit qtest_session(qtest_machine& machine, std::function<void(std::string_view)> log = {});
    ~qtest_session() override;

    void opened() override;
    void feed(std::string_view bytes) override;
    bool pending() const override;
    void execute_one() override;

    /// An intercepted interrupt line changed; queues `IRQ raise N` or `IRQ lower N` before the response under way.
    void interrupt_changed(int number, bool level);

    // The rest is the implementation's.
};

} // namespace vigil::qmp_bridge

#endif
