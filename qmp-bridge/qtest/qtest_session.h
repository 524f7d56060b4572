// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QTEST_QTEST_SESSION_H
#define VIGIL_QMP_BRIDGE_QTEST_QTEST_SESSION_H

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vigil/qmp-bridge/session/missed_lines.h>
#include <vigil/qmp-bridge/session/session.h>

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

    /// How many vCPUs there are, numbered from 0.
    virtual unsigned cpus() const { return 1; }
    /// Reads or writes a model-specific register of vCPU `cpu`; nothing or false where that vCPU would take #GP.
    virtual std::optional<std::uint64_t> read_msr(std::uint32_t /*index*/, unsigned /*cpu*/) { return std::nullopt; }
    virtual bool write_msr(std::uint32_t /*index*/, std::uint64_t /*value*/, unsigned /*cpu*/) { return false; }

    /// Whether clock_step and clock_set exist (the clock is driven from outside).
    virtual bool clock_driven() const = 0;
    /// Virtual time now, ns.
    virtual std::int64_t clock_now() = 0;
    /// The next timer's deadline, ns; −1 where none is armed or no timer runs because the machine does not.
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

struct qtest_response;

/// One client's qtest conversation (QEMU 7.2, softmmu/qtest.c). Malformed lines of known commands, on which QEMU
/// aborts, are answered `FAIL …` and say what is wrong.
///
/// Numbers are read as C's strtoull with base 0 reads them: decimal, 0x hexadecimal, leading-0 octal, and a minus sign
/// counts backwards from 2^64 (VAL may be -1); unlike there, what does not fit 64 bits, or is followed by anything, is
/// refused. In the data of `write` a character that is no hexadecimal digit counts as 0. `b64write` takes RFC 4648
/// base64 with its padding, refuses anything else, and writes no more than SIZE bytes and no more than there are. A
/// block may not reach beyond address 2^64-1.
///
/// Two commands are Vigil's own: `rdmsr INDEX [CPU]`, answered `OK 0x` and 16 digits, and `wrmsr INDEX VALUE [CPU]`,
/// answered `OK`; both `FAIL #GP` where the vCPU would fault. CPU is 0 where it is left out.
class qtest_session : public session {
public:
    /// The most bytes that one read, write, b64read or b64write transfers.
    static constexpr std::size_t k_largest_transfer = 64U * 1024 * 1024;
    /// The most bytes that one memset fills.
    static constexpr std::uint64_t k_largest_fill = 1024U * 1024 * 1024;
    /// The longest line served, its end not counted: the largest write and its command. A longer one is answered
    /// `FAIL …` and not kept in memory.
    static constexpr std::size_t k_longest_line = 2 * k_largest_transfer + 4096;

    /// Up to how many unsent bytes a client that does not read still gets interrupt lines.
    struct interrupt_queue {
        std::size_t most = 16U * 1024 * 1024;
        /// How many bytes are unsent, where more than `of_interest` make a difference; empty: those in `output`.
        std::function<std::size_t(const session&, std::size_t of_interest)> unsent = {};
        /// Lines for the program's log: that some were dropped.
        std::function<void(std::string_view)> warn = {};
    };

    /// `log`: called with each request and response line in QEMU's log form, the line end included; empty: no log.
    explicit qtest_session(qtest_machine& machine, std::function<void(std::string_view)> log = {});
    qtest_session(qtest_machine& machine, std::function<void(std::string_view)> log, interrupt_queue limit);

    /// clock_step and clock_set fail where they do not move the clock, as on QEMU 11.1.
    bool clock_commands_can_fail = false;
    ~qtest_session() override;

    void opened() override;
    void feed(std::string_view bytes) override;
    bool pending() const override;
    void execute_one() override;

    /// Whether the client has asked for the interrupt lines of a device.
    bool intercepts_irqs() const noexcept { return !device_.empty(); }

    /// An intercepted interrupt line changed; queues `IRQ raise N` or `IRQ lower N` before the response under way, or
    /// drops it, where too much is unsent.
    void interrupt_changed(int number, bool level);

private:
    qtest_response execute_or_fail(std::string_view line); ///< where memory may run out
    void take_line_off();                                  ///< the oldest line has been executed
    void check_budget();                                   ///< ends the conversation where its lines hold too much
    void append_interrupt(int number, bool level);
    void print(const qtest_response& answer);
    void find_line(std::size_t from); ///< looks for the end of the oldest line, from offset `from` on
    void drop_tail();                 ///< gives up the unfinished line for its length
    void log_line(const char* mark, std::string_view text);

    static constexpr std::size_t k_none = std::string::npos;

    qtest_machine& machine_;
    std::function<void(std::string_view)> log_;
    std::chrono::steady_clock::time_point opened_at_{};
    bool open_ = false;
    bool ended_ = false;               ///< the run ended at once: nothing more is answered
    std::string input_;                ///< received bytes, from `begin_` on not yet executed
    std::size_t begin_ = 0;            ///< offset of the oldest line
    std::size_t end_ = k_none;         ///< offset of its line end, where that has arrived
    std::size_t tail_ = 0;             ///< length of the unfinished line at the end of `input_`
    bool skipping_ = false;            ///< what comes belongs to a line that was given up
    std::vector<std::size_t> refused_; ///< offsets of the lines given up, kept as empty ones
    std::string device_;               ///< path of the device whose interrupt lines are reported
    interrupt_queue limit_;
    missed_lines missed_{"qtest", "interrupt lines"};
};

} // namespace vigil::qmp_bridge

#endif
