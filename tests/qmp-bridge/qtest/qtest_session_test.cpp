// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qtest/qtest_session.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch.h>

namespace {

using vigil::qmp_bridge::qtest_machine;
using vigil::qmp_bridge::qtest_session;

constexpr std::int64_t k_end_of_time = std::numeric_limits<std::int64_t>::max();

std::string number(std::uint64_t value)
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    do {
        text.insert(text.begin(), digits[value & 15]);
        value >>= 4;
    } while (value != 0);
    return text;
}

// A machine of 64 KiB of memory that notes down what it is asked to do.
struct fake_qtest_machine final : qtest_machine {
    std::string calls; ///< one word per call, hexadecimal arguments, blanks between
    std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(65536);
    std::uint32_t port_value = 0;
    std::uint64_t memory_value = 0;
    std::uint64_t bytes_written = 0;
    unsigned cpu_count = 4;
    bool driven = true;
    std::int64_t now = 0;
    std::int64_t next_deadline = -1;
    bool exit_now = false; ///< the access under way ends the run
    bool exited = false;
    qtest_session* session = nullptr;
    std::vector<std::pair<int, bool>> interrupts;         ///< raised by the next access
    std::vector<std::pair<int, bool>> interrupts_of_turn; ///< raised when the turn closes

    std::string taken() { return std::exchange(calls, std::string()); }

    void note(const std::string& call) { calls += (calls.empty() ? "" : " ") + call; }

    void accessed()
    {
        for (const auto& [line, level] : std::exchange(interrupts, {})) session->interrupt_changed(line, level);
        exited = exit_now;
    }

    std::uint32_t port_in(std::uint16_t port, unsigned width) override
    {
        note("in" + number(width) + ":" + number(port));
        accessed();
        return port_value;
    }
    void port_out(std::uint16_t port, unsigned width, std::uint32_t value) override
    {
        note("out" + number(width) + ":" + number(port) + "=" + number(value));
        accessed();
    }
    std::uint64_t memory_read(std::uint64_t address, unsigned width) override
    {
        note("read" + number(width) + ":" + number(address));
        accessed();
        return memory_value;
    }
    void memory_write(std::uint64_t address, unsigned width, std::uint64_t value) override
    {
        note("write" + number(width) + ":" + number(address) + "=" + number(value));
        accessed();
    }
    void memory_read(std::uint64_t address, std::uint8_t* data, std::size_t length) override
    {
        for (std::size_t i = 0; i < length; ++i) data[i] = address + i < memory.size() ? memory[address + i] : 0xee;
        accessed();
    }
    void memory_write(std::uint64_t address, const std::uint8_t* data, std::size_t length) override
    {
        bytes_written += length;
        for (std::size_t i = 0; i < length && address + i < memory.size(); ++i) memory[address + i] = data[i];
        accessed();
    }
    unsigned cpus() const override { return cpu_count; }
    std::optional<std::uint64_t> read_msr(std::uint32_t index, unsigned cpu) override
    {
        note("rdmsr" + number(cpu) + ":" + number(index));
        accessed();
        return index < 0x40000000 ? std::nullopt : std::optional<std::uint64_t>(memory_value);
    }
    bool write_msr(std::uint32_t index, std::uint64_t value, unsigned cpu) override
    {
        note("wrmsr" + number(cpu) + ":" + number(index) + "=" + number(value));
        accessed();
        return index >= 0x40000000;
    }
    bool clock_driven() const override { return driven; }
    std::int64_t clock_now() override { return now; }
    std::int64_t clock_next_deadline() override { return next_deadline; }
    void clock_advance_to(std::int64_t target) override
    {
        note("advance:" + std::to_string(target));
        now = std::max(now, target);
    }
    bool intercept_irqs(std::string_view path, bool out) override
    {
        if (path != "ioapic" && path != "/machine/gpio") return false;
        note(std::string(out ? "intercept-out:" : "intercept-in:") + std::string(path));
        return true;
    }
    bool set_irq_in(std::string_view path, std::string_view name, int line, int level) override
    {
        if (path != "ioapic" || name != "unnamed-gpio-in" || line > 23) return false;
        note("irq" + std::to_string(line) + "=" + std::to_string(level));
        return true;
    }
    void open_turn() override { note("["); }
    void close_turn() override
    {
        for (const auto& [line, level] : std::exchange(interrupts_of_turn, {})) session->interrupt_changed(line, level);
        note("]");
    }
    bool exited_at_once() const override { return exited; }
};

// A machine with a client connected to it.
struct conversation {
    fake_qtest_machine machine;
    std::vector<std::string> log;
    std::unique_ptr<qtest_session> session;

    explicit conversation(bool logged = false)
    {
        std::function<void(std::string_view)> sink;
        if (logged) sink = [this](std::string_view line) { log.emplace_back(line); };
        session = std::make_unique<qtest_session>(machine, std::move(sink));
        machine.session = session.get();
        session->opened();
    }

    void execute_all()
    {
        while (session->pending()) session->execute_one();
    }

    std::string take_output()
    {
        std::string text(session->output.unsent());
        session->output.sent(text.size());
        return text;
    }

    /// The answer to one line, without its line end.
    std::string ask(const std::string& line)
    {
        session->feed(line + "\n");
        execute_all();
        std::string answer = take_output();
        REQUIRE(!answer.empty());
        REQUIRE(answer.back() == '\n');
        answer.pop_back();
        return answer;
    }
};

bool starts_with(const std::string& text, const std::string& start)
{
    return text.compare(0, start.size(), start) == 0;
}

} // namespace

TEST_CASE("qtest: port accesses answer as QEMU prints them")
{
    conversation c;
    c.machine.port_value = 0x30;
    CHECK(c.ask("inb 0x61") == "OK 0x0030");
    CHECK(c.machine.taken() == "[ in1:61 ]");
    c.machine.port_value = 0x80001004;
    CHECK(c.ask("inl 0xcf8") == "OK 0x80001004");
    c.machine.port_value = 0x3030303;
    CHECK(c.ask("inl 3320") == "OK 0x3030303");
    c.machine.port_value = 0;
    CHECK(c.ask("inw 0177777") == "OK 0x0000");
    CHECK(c.machine.taken() == "[ in4:cf8 ] [ in4:cf8 ] [ in2:ffff ]");
    CHECK(c.ask("outb 0x70 0x1ff") == "OK");
    CHECK(c.ask("outw 0xcfc 0x12345") == "OK");
    CHECK(c.ask("outl 0xcfc -1") == "OK");
    CHECK(c.machine.taken() == "[ out1:70=ff ] [ out2:cfc=2345 ] [ out4:cfc=ffffffff ]");
}

TEST_CASE("qtest: memory numbers have 16 digits and are cut to their width")
{
    conversation c;
    c.machine.memory_value = 0x88;
    CHECK(c.ask("readb 0x1000") == "OK 0x0000000000000088");
    c.machine.memory_value = 0xfedcba9876543210;
    CHECK(c.ask("readq 0xfffffffffffffff8") == "OK 0xfedcba9876543210");
    CHECK(c.ask("readw 8") == "OK 0xfedcba9876543210");
    CHECK(c.ask("readl 010") == "OK 0xfedcba9876543210");
    CHECK(c.machine.taken() == "[ read1:1000 ] [ read8:fffffffffffffff8 ] [ read2:8 ] [ read4:8 ]");
    CHECK(c.ask("writeb 0 0x123") == "OK");
    CHECK(c.ask("writew 0 0x12345") == "OK");
    CHECK(c.ask("writel 0 0x123456789") == "OK");
    CHECK(c.ask("writeq 0 0xffffffffffffffff") == "OK");
    CHECK(c.machine.taken() == "[ write1:0=23 ] [ write2:0=2345 ] [ write4:0=23456789 ] [ write8:0=ffffffffffffffff ]");
}

TEST_CASE("qtest: numbers are read as C reads them, without overflow or trailing junk")
{
    conversation c;
    const auto value = [&c](const std::string& word) {
        c.machine.taken();
        const std::string answer = c.ask("writeq 0 " + word);
        if (answer != "OK") return starts_with(answer, "FAIL writeq: value '") ? std::string("refused") : answer;
        const std::string calls = c.machine.taken();
        const std::size_t start = calls.find('=') + 1;
        return calls.substr(start, calls.find(' ', start) - start);
    };
    CHECK(value("0") == "0");
    CHECK(value("00") == "0");
    CHECK(value("10") == "a");
    CHECK(value("010") == "8");
    CHECK(value("0x10") == "10");
    CHECK(value("0XaBcD") == "abcd");
    CHECK(value("+5") == "5");
    CHECK(value("-1") == "ffffffffffffffff");
    CHECK(value("-0x10") == "fffffffffffffff0");
    CHECK(value("-18446744073709551615") == "1");
    CHECK(value("\t7") == "7");
    CHECK(value("18446744073709551615") == "ffffffffffffffff");
    CHECK(value("01777777777777777777777") == "ffffffffffffffff");
    CHECK(value("0x000000000000000000001") == "1");
    for (const char* wrong : {"",
                              "-",
                              "+",
                              "+-1",
                              "0x",
                              "0xg",
                              "x",
                              "zz",
                              "08",
                              "019",
                              "1a",
                              "0x1g",
                              "1 ",
                              "18446744073709551616",
                              "0x10000000000000000",
                              "02000000000000000000000",
                              "99999999999999999999999",
                              "1.0",
                              "1\r",
                              "0b1",
                              "1\t"}) {
        CAPTURE(wrong);
        // The blank after "1 " parts words, and what follows is surplus.
        CHECK(value(wrong) == (std::string_view(wrong) == "1 " ? "1" : "refused"));
    }
}

TEST_CASE("qtest: unknown commands are answered in QEMU's words")
{
    conversation c;
    CHECK(c.ask("bogus") == "FAIL Unknown command 'bogus'");
    CHECK(c.ask("endianness\r") == "FAIL Unknown command 'endianness\r'");
    CHECK(c.ask(" inb 0x61") == "FAIL Unknown command ''");
    CHECK(c.ask(" ") == "FAIL Unknown command ''");
    CHECK(c.ask("INB 0x61") == "FAIL Unknown command 'INB'");
    CHECK(c.ask("rtas x") == "FAIL Unknown command 'rtas'");
    CHECK(c.ask("inq 0x61") == "FAIL Unknown command 'inq'");
    CHECK(c.ask("b64writ") == "FAIL Unknown command 'b64writ'");
    CHECK(c.ask("clock_steps") == "FAIL Unknown command 'clock_steps'");
    CHECK(c.ask("in\tb 0x61") == "FAIL Unknown command 'in\tb'");
    CHECK(c.ask(std::string("inb\0", 4)) == std::string("FAIL Unknown command 'inb\0'", 27));
    CHECK(c.machine.calls.find("in1") == std::string::npos);
}

TEST_CASE("qtest: lines on which QEMU aborts are answered with what is wrong")
{
    conversation c;
    CHECK(c.ask("") == "FAIL the line is empty; expected a command such as 'endianness'");
    CHECK(c.ask("inb") == "FAIL inb: port is missing; expected 'inb PORT'");
    CHECK(c.ask("inb zz") == "FAIL inb: port 'zz' is not a number from 0 to 0xffff");
    CHECK(c.ask("inb 0x10000") == "FAIL inb: port '0x10000' is not a number from 0 to 0xffff");
    CHECK(c.ask("inb -1") == "FAIL inb: port '-1' is not a number from 0 to 0xffff");
    CHECK(c.ask("inb  0x61") == "FAIL inb: port '' is not a number from 0 to 0xffff");
    CHECK(c.ask("inb 0x61\r") == "FAIL inb: port '0x61\\x0d' is not a number from 0 to 0xffff");
    CHECK(c.ask("outl 0xcf8") == "FAIL outl: value is missing; expected 'outl PORT VALUE'");
    CHECK(c.ask("writel 0x1000") == "FAIL writel: value is missing; expected 'writel ADDRESS VALUE'");
    CHECK(c.ask("readq 0x1g") == "FAIL readq: address '0x1g' is not a number from 0 to 0xffffffffffffffff");
    CHECK(c.ask("clock_step x") ==
          "FAIL clock_step: nanoseconds 'x' is not a number from -9223372036854775808 to 9223372036854775807");
    CHECK(c.ask("clock_step ") ==
          "FAIL clock_step: nanoseconds '' is not a number from -9223372036854775808 to 9223372036854775807");
    CHECK(c.ask("clock_set") == "FAIL clock_set: nanoseconds is missing; expected 'clock_set NANOSECONDS'");
    CHECK(c.ask("read 0x1000") == "FAIL read: size is missing; expected 'read ADDRESS SIZE'");
    CHECK(c.ask("read 0x1000 0") == "FAIL read: size '0' is not a number from 1 to 0x4000000");
    CHECK(c.ask("b64read 0x1000 0") == "FAIL b64read: size '0' is not a number from 1 to 0x4000000");
    CHECK(c.ask("read 0 9223372036854775808") ==
          "FAIL read: size '9223372036854775808' is not a number from 1 to 0x4000000");
    CHECK(c.ask("write 0 0x4000001 0xff") == "FAIL write: size '0x4000001' is not a number from 0 to 0x4000000");
    CHECK(c.ask("memset 0 0x8000000000000000 1") ==
          "FAIL memset: size '0x8000000000000000' is not a number from 0 to 0x40000000");
    CHECK(c.ask("read 0xfffffffffffffff0 0x20") ==
          "FAIL read: size 0x20 reaches beyond the last address from 0xfffffffffffffff0; at most 0x10 bytes fit");
    CHECK(c.ask("inb " + std::string(100, '7')) ==
          "FAIL inb: port '" + std::string(64, '7') + "...' is not a number from 0 to 0xffff");
    const std::string calls = c.machine.taken();
    CHECK(calls.find_first_not_of("[] ") == std::string::npos);
    CHECK(c.ask("endianness") == "OK little");
}

TEST_CASE("qtest: surplus words are ignored")
{
    conversation c;
    CHECK(c.ask("inb 0x61 surplus  words") == "OK 0x0000");
    CHECK(c.ask("endianness 1 2 3") == "OK little");
    CHECK(c.ask("clock_step 5 6") == "OK 5");
    CHECK(c.ask("write 0 1 0xaa zz") == "OK");
    CHECK(c.machine.memory[0] == 0xaa);
}

TEST_CASE("qtest: rdmsr and wrmsr reach the MSRs of a CPU, the first where none is named")
{
    conversation c;
    c.machine.memory_value = 0x8000000000000000;
    CHECK(c.ask("rdmsr 0x40000105") == "OK 0x8000000000000000");
    c.machine.memory_value = 59;
    CHECK(c.ask("rdmsr 0xffffffff 3") == "OK 0x000000000000003b");
    CHECK(c.machine.taken() == "[ rdmsr0:40000105 ] [ rdmsr3:ffffffff ]");
    CHECK(c.ask("wrmsr 0x40000100 -1") == "OK");
    CHECK(c.ask("wrmsr 0x40000105 9223372036854775808 0x1") == "OK");
    CHECK(c.ask("wrmsr 0x40000105 0 2 surplus") == "OK");
    CHECK(c.machine.taken() == "[ wrmsr0:40000100=ffffffffffffffff ] [ wrmsr1:40000105=8000000000000000 ] "
                               "[ wrmsr2:40000105=0 ]");
}

TEST_CASE("qtest: an MSR that the CPU does not have is a general-protection fault")
{
    conversation c;
    CHECK(c.ask("rdmsr 0x10") == "FAIL #GP");
    CHECK(c.ask("wrmsr 0x10 0 1") == "FAIL #GP");
    CHECK(c.machine.taken() == "[ rdmsr0:10 ] [ wrmsr1:10=0 ]");
}

TEST_CASE("qtest: rdmsr and wrmsr say what is wrong with their words")
{
    conversation c;
    CHECK(c.ask("rdmsr") == "FAIL rdmsr: index is missing; expected 'rdmsr INDEX [CPU]'");
    CHECK(c.ask("wrmsr 1") == "FAIL wrmsr: value is missing; expected 'wrmsr INDEX VALUE [CPU]'");
    CHECK(c.ask("rdmsr 0x100000000") == "FAIL rdmsr: index '0x100000000' is not a number from 0 to 0xffffffff");
    CHECK(c.ask("wrmsr 1 18446744073709551616") ==
          "FAIL wrmsr: value '18446744073709551616' is not a number from 0 to 0xffffffffffffffff");
    CHECK(c.ask("rdmsr 1 x") == "FAIL rdmsr: cpu 'x' is not a number from 0 to 0xffffffffffffffff");
    CHECK(c.ask("rdmsr 1 ") == "FAIL rdmsr: cpu '' is not a number from 0 to 0xffffffffffffffff");
    CHECK(c.ask("rdmsr 1 4") == "FAIL rdmsr: there is no CPU 4; the machine has 4, numbered from 0");
    CHECK(c.ask("wrmsr 1 2 0x100000000") ==
          "FAIL wrmsr: there is no CPU 4294967296; the machine has 4, numbered from 0");
    const std::string calls = c.machine.taken();
    CHECK(calls.find_first_not_of("[] ") == std::string::npos);
}

TEST_CASE("qtest: a machine without MSRs has one CPU, which faults")
{
    struct plain_machine final : qtest_machine {
        std::uint32_t port_in(std::uint16_t, unsigned) override { return 0; }
        void port_out(std::uint16_t, unsigned, std::uint32_t) override {}
        std::uint64_t memory_read(std::uint64_t, unsigned) override { return 0; }
        void memory_write(std::uint64_t, unsigned, std::uint64_t) override {}
        void memory_read(std::uint64_t, std::uint8_t*, std::size_t) override {}
        void memory_write(std::uint64_t, const std::uint8_t*, std::size_t) override {}
        bool clock_driven() const override { return true; }
        std::int64_t clock_now() override { return 0; }
        std::int64_t clock_next_deadline() override { return -1; }
        void clock_advance_to(std::int64_t) override {}
        bool intercept_irqs(std::string_view, bool) override { return false; }
        bool set_irq_in(std::string_view, std::string_view, int, int) override { return false; }
        void open_turn() override {}
        void close_turn() override {}
        bool exited_at_once() const override { return false; }
    };
    plain_machine machine;
    qtest_session session(machine);
    session.opened();
    session.feed("rdmsr 0x40000105\nwrmsr 0x40000105 0\nrdmsr 0x40000105 1\n");
    while (session.pending()) session.execute_one();
    CHECK(session.output.unsent() ==
          "FAIL #GP\nFAIL #GP\nFAIL rdmsr: there is no CPU 1; the machine has 1, numbered from 0\n");
}

TEST_CASE("qtest: read and write transfer bytes in address order")
{
    conversation c;
    CHECK(c.ask("write 0x1000 8 0x8877665544332211") == "OK");
    CHECK(c.ask("read 0x1000 8") == "OK 0x8877665544332211");
    CHECK(c.ask("read 0x1001 1") == "OK 0x77");
    CHECK(c.ask("write 0x1000 4 0xAABB") == "OK");
    CHECK(c.ask("read 0x1000 6") == "OK 0xaabb00004433");
    CHECK(c.ask("write 0x1000 1 0x01020304") == "OK");
    CHECK(c.ask("read 0x1000 2") == "OK 0x01bb");
}

TEST_CASE("qtest: write takes its data word as loosely as QEMU does")
{
    conversation c;
    CHECK(c.ask("write 0x10 2 zz1122") == "OK");
    CHECK(c.ask("read 0x10 2") == "OK 0x1122");
    CHECK(c.ask("write 0x10 2 0x123") == "OK");
    CHECK(c.ask("read 0x10 2") == "OK 0x1200");
    CHECK(c.ask("write 0x10 2 0xg1h2") == "OK");
    CHECK(c.ask("read 0x10 2") == "OK 0x0102");
    CHECK(c.ask("write 0x10 2 0x") == "ERR invalid argument size");
    CHECK(c.ask("write 0x10 2 ") == "ERR invalid argument size");
    CHECK(c.ask("write 0x10 0 0x") == "ERR invalid argument size");
    CHECK(c.ask("write 0x10 2") == "FAIL write: data is missing; expected 'write ADDRESS SIZE DATA'");
    CHECK(c.ask("write 0x10 0 0xff") == "OK");
    CHECK(c.ask("read 0x10 2") == "OK 0x0102");
}

TEST_CASE("qtest: base64 transfers agree with plain ones")
{
    conversation c;
    CHECK(c.ask("b64write 0x100 4 3q2+7w==") == "OK");
    CHECK(c.ask("read 0x100 5") == "OK 0xdeadbeef00");
    CHECK(c.ask("b64read 0x100 4") == "OK 3q2+7w==");
    CHECK(c.ask("b64read 0x100 3") == "OK 3q2+");
    CHECK(c.ask("b64read 0x100 2") == "OK 3q0=");
    CHECK(c.ask("memset 0x200 6 0x5a") == "OK");
    CHECK(c.ask("b64write 0x204 2 WkQz") == "OK");
    CHECK(c.ask("b64read 0x200 7") == "OK WlpaWlpEAA==");
    CHECK(c.ask("b64write 0x100 4 AA==") == "OK");
    CHECK(c.ask("read 0x100 4") == "OK 0x00adbeef");
    CHECK(c.ask("b64write 0x100 0 AA==") == "OK");
    CHECK(c.ask("b64write 0x100 4 AA") == "ERR invalid argument size");
    for (const char* wrong : {"AAA", "AAAAA", "A===", "====", "AA=A", "AA*A", "AAAAA===", "AAA\r", "A-_A"}) {
        CAPTURE(wrong);
        CHECK(starts_with(c.ask("b64write 0x100 4 " + std::string(wrong)), "FAIL b64write: data '"));
    }
    CHECK(c.ask("read 0x100 4") == "OK 0x00adbeef");
}

TEST_CASE("qtest: every length survives both encodings")
{
    conversation c;
    for (std::size_t i = 0; i < 9000; ++i) c.machine.memory[i] = static_cast<std::uint8_t>(i * 37 + i / 251);
    for (const std::size_t length : {std::size_t(1), std::size_t(2), std::size_t(3), std::size_t(4), std::size_t(5),
                                     std::size_t(4095), std::size_t(4096), std::size_t(4097), std::size_t(8999)}) {
        CAPTURE(length);
        const std::string size = std::to_string(length);
        const std::string plain = c.ask("read 1 " + size).substr(3);
        const std::string base64 = c.ask("b64read 1 " + size).substr(3);
        CHECK(plain.size() == 2 + 2 * length);
        CHECK(base64.size() == (length + 2) / 3 * 4);
        CHECK(c.ask("write 20001 " + size + " " + plain) == "OK");
        CHECK(c.ask("b64write 40001 " + size + " " + base64) == "OK");
        const auto at = [&c](std::size_t place) {
            return c.machine.memory.begin() + static_cast<std::ptrdiff_t>(place);
        };
        CHECK(std::equal(at(1), at(1 + length), at(20001)));
        CHECK(std::equal(at(1), at(1 + length), at(40001)));
    }
}

TEST_CASE("qtest: memset fills, and a size of zero does nothing")
{
    conversation c;
    CHECK(c.ask("memset 0xfff 0x2002 0x1ab") == "OK");
    CHECK(c.machine.memory[0xffe] == 0);
    CHECK(c.machine.memory[0xfff] == 0xab);
    CHECK(c.machine.memory[0x3000] == 0xab);
    CHECK(c.machine.memory[0x3001] == 0);
    CHECK(c.machine.bytes_written == 0x2002);
    CHECK(c.ask("memset 0 0 1") == "OK");
    CHECK(c.machine.bytes_written == 0x2002);
    CHECK(c.ask("memset 0xfffffffffffff000 0x1000 1") == "OK");
}

TEST_CASE("qtest: a 64 MiB read is answered in full")
{
    conversation c;
    const std::string answer = c.ask("read 0 0x4000000");
    CHECK(answer.size() == 5 + 2 * std::size_t(0x4000000));
    CHECK(answer.substr(answer.size() - 4) == "eeee");
}

TEST_CASE("qtest: clock_step without an argument goes to the next deadline")
{
    conversation c;
    CHECK(c.ask("clock_step") == "OK 0");
    CHECK(c.machine.taken() == "[ ]");
    c.machine.next_deadline = 62857;
    CHECK(c.ask("clock_step") == "OK 62857");
    CHECK(c.machine.taken() == "[ advance:62857 ]");
    CHECK(c.ask("clock_step") == "OK 62857");
    CHECK(c.machine.taken() == "[ ]");
}

TEST_CASE("qtest: clock_step moves by its argument, and never backwards")
{
    conversation c;
    CHECK(c.ask("clock_step 2949119") == "OK 2949119");
    CHECK(c.ask("clock_step 1") == "OK 2949120");
    CHECK(c.ask("clock_step 010") == "OK 2949128");
    CHECK(c.ask("clock_step 0x10") == "OK 2949144");
    c.machine.taken();
    CHECK(c.ask("clock_step 0") == "OK 2949144");
    CHECK(c.ask("clock_step -5") == "OK 2949144");
    CHECK(c.ask("clock_step -9223372036854775808") == "OK 2949144");
    CHECK(c.machine.taken() == "[ ] [ ] [ ]");
    CHECK(starts_with(c.ask("clock_step 9223372036854775808"), "FAIL clock_step: "));
    CHECK(starts_with(c.ask("clock_step -9223372036854775809"), "FAIL clock_step: "));
    CHECK(c.ask("clock_step 9223372036854775807") == "OK 9223372036854775807");
    CHECK(c.machine.now == k_end_of_time);
    CHECK(c.ask("clock_step 1") == "OK 9223372036854775807");
}

TEST_CASE("qtest: clock_set is absolute and does nothing for the past")
{
    conversation c;
    CHECK(c.ask("clock_set 1000") == "OK 1000");
    CHECK(c.ask("clock_set 999") == "OK 1000");
    CHECK(c.ask("clock_set -1") == "OK 1000");
    CHECK(c.machine.taken() == "[ advance:1000 ] [ ] [ ]");
}

TEST_CASE("qtest: without a driven clock its commands do not exist")
{
    conversation c;
    c.machine.driven = false;
    CHECK(c.ask("clock_step") == "FAIL Unknown command 'clock_step'");
    CHECK(c.ask("clock_step x") == "FAIL Unknown command 'clock_step'");
    CHECK(c.ask("clock_set 5") == "FAIL Unknown command 'clock_set'");
    CHECK(c.machine.now == 0);
}

TEST_CASE("qtest: interrupt lines can be intercepted once")
{
    conversation c;
    CHECK(c.ask("irq_intercept_in nowhere") == "FAIL Unknown device");
    CHECK(c.ask("irq_intercept_in ") == "FAIL Unknown device");
    CHECK(c.ask("irq_intercept_in") == "FAIL irq_intercept_in: path is missing; expected 'irq_intercept_in PATH'");
    CHECK(c.ask("irq_intercept_in ioapic") == "OK");
    CHECK(c.ask("irq_intercept_in ioapic") == "OK");
    CHECK(c.ask("irq_intercept_out ioapic") == "OK");
    CHECK(c.ask("irq_intercept_out /machine/gpio") == "FAIL IRQ intercept already enabled");
    CHECK(c.machine.taken() == "[ ] [ ] [ ] [ intercept-in:ioapic ] [ ] [ ] [ ]");

    conversation other;
    CHECK(other.ask("irq_intercept_out /machine/gpio") == "OK");
    CHECK(other.machine.taken() == "[ intercept-out:/machine/gpio ]");
}

TEST_CASE("qtest: changes of interrupt lines come before the response that goes with them")
{
    conversation c;
    c.machine.interrupts = {{0, true}};
    c.machine.interrupts_of_turn = {{7, true}, {0, false}};
    CHECK(c.ask("readb 0") == "IRQ raise 0\nIRQ raise 7\nIRQ lower 0\nOK 0x0000000000000000");
    c.machine.interrupts = {{1, true}};
    CHECK(c.ask("read 0 2") == "IRQ raise 1\nOK 0x0000");
    c.session->interrupt_changed(3, false);
    CHECK(c.take_output() == "IRQ lower 3\n");
}

TEST_CASE("qtest: set_irq_in drives an input line")
{
    conversation c;
    CHECK(c.ask("set_irq_in ioapic unnamed-gpio-in 4 1") == "OK");
    CHECK(c.ask("set_irq_in ioapic unnamed-gpio-in 0x17 -2") == "OK");
    CHECK(c.machine.taken() == "[ irq4=1 ] [ irq23=-2 ]");
    CHECK(c.ask("set_irq_in nowhere unnamed-gpio-in 4 1") == "FAIL Unknown device");
    CHECK(c.ask("set_irq_in ioapic unnamed-gpio-in 4") ==
          "FAIL set_irq_in: level is missing; expected 'set_irq_in PATH NAME NUMBER LEVEL'");
    CHECK(c.ask("set_irq_in ioapic unnamed-gpio-in -1 1") ==
          "FAIL set_irq_in: number '-1' is not a number from 0 to 2147483647");
    CHECK(starts_with(c.ask("set_irq_in ioapic unnamed-gpio-in 4 2147483648"), "FAIL set_irq_in: level '2147483648'"));
}

TEST_CASE("qtest: there are no modules to load")
{
    conversation c;
    CHECK(c.ask("module_load hw- display-qxl") == "FAIL");
    CHECK(c.ask("module_load hw-") == "FAIL module_load: name is missing; expected 'module_load PREFIX NAME'");
}

TEST_CASE("qtest: lines may be pipelined, and split anywhere")
{
    const std::string requests = "endianness\noutb 0x70 1\nclock_step 10\n\nwrite 0 2 0xabcd\nread 0 2\n";
    const std::string answers = "OK little\nOK\nOK 10\nFAIL the line is empty; expected a command such as "
                                "'endianness'\nOK\nOK 0xabcd\n";
    for (std::size_t piece = 1; piece <= requests.size(); ++piece) {
        CAPTURE(piece);
        conversation c;
        for (std::size_t at = 0; at < requests.size(); at += piece) {
            c.session->feed(requests.substr(at, piece));
            if (at % 2 == 0) c.execute_all();
        }
        c.execute_all();
        CHECK(c.take_output() == answers);
    }
}

TEST_CASE("qtest: each line is one turn, and only execute_one acts")
{
    conversation c;
    CHECK(!c.session->pending());
    c.session->execute_one();
    c.session->feed("inb 1\ninb 2\ninb");
    CHECK(c.machine.calls.empty());
    REQUIRE(c.session->pending());
    c.session->execute_one();
    CHECK(c.machine.taken() == "[ in1:1 ]");
    CHECK(c.take_output() == "OK 0x0000\n");
    REQUIRE(c.session->pending());
    c.session->execute_one();
    CHECK(!c.session->pending());
    c.session->feed("");
    c.session->feed(" 3");
    CHECK(!c.session->pending());
    c.session->feed("\n");
    CHECK(c.session->pending());
    c.execute_all();
    CHECK(c.machine.taken() == "[ in1:2 ] [ in1:3 ]");
}

TEST_CASE("qtest: after an exit at once nothing is answered or executed")
{
    conversation c(true);
    c.session->feed("inb 1\noutb 2 3\ninb 4\n");
    c.session->execute_one();
    c.machine.exit_now = true;
    c.session->execute_one();
    CHECK(!c.session->pending());
    c.session->feed("inb 5\n");
    c.session->interrupt_changed(1, true);
    CHECK(!c.session->pending());
    c.session->execute_one();
    CHECK(c.take_output() == "OK 0x0000\n");
    CHECK(c.machine.taken() == "[ in1:1 ] [ out1:2=3 ]");
    CHECK(c.log.size() == 4); // OPENED, two requests, one response
}

TEST_CASE("qtest: a line that is too long is refused once and not kept")
{
    conversation c;
    const std::string refusal =
        "FAIL the line is longer than " + std::to_string(qtest_session::k_longest_line) + " bytes\n";
    const std::string block(1024 * 1024, 'x');
    c.session->feed("endianness\nwrite 0 1 0x");
    for (int round = 0; round < 2; ++round) {
        for (std::size_t fed = 0; fed <= qtest_session::k_longest_line; fed += block.size()) c.session->feed(block);
        if (round == 0) c.execute_all();
        c.session->feed(block);
        c.session->feed("tail\nclock_step 1\n");
    }
    c.execute_all();
    CHECK(c.take_output() == "OK little\n" + refusal + "OK 1\n" + refusal + "OK 2\n");
    c.session->feed("clock_step 1\n" + std::string(qtest_session::k_longest_line + 1, 'y') + "\nclock_step 1\n");
    c.execute_all();
    CHECK(c.take_output() == "OK 3\n" + refusal + "OK 4\n");
    c.session->feed("clock_step 1\n" + std::string(qtest_session::k_longest_line + 1, 'y'));
    c.session->feed("\nclock_step 1\n");
    c.execute_all();
    CHECK(c.take_output() == "OK 5\n" + refusal + "OK 6\n");
    CHECK(c.machine.bytes_written == 0);
}

TEST_CASE("qtest: the longest lines served work")
{
    conversation c;
    c.session->feed("write 0 0x4000000 0x");
    const std::string block(1024 * 1024, '7');
    for (int i = 0; i < 128; ++i) c.session->feed(block);
    c.session->feed("\n");
    c.execute_all();
    CHECK(c.take_output() == "OK\n");
    CHECK(c.machine.bytes_written == 0x4000000);
    CHECK(c.machine.memory[65535] == 0x77);
}

TEST_CASE("qtest: the log has QEMU's form")
{
    conversation c(true);
    c.ask("inb 0x61");
    c.machine.interrupts = {{2, true}};
    c.ask("clock_step x");
    c.ask("readb 0");
    c.session.reset();
    const std::vector<std::pair<std::string, std::string>> expected{
        {"[I ", "OPENED"},
        {"[R +", "inb 0x61"},
        {"[S +", "OK 0x0000"},
        {"[R +", "clock_step x"},
        {"[S +", "FAIL clock_step: nanoseconds 'x' is not a number from -9223372036854775808 to 9223372036854775807"},
        {"[R +", "readb 0"},
        {"[S +", "IRQ raise 2"},
        {"[S +", "OK 0x0000000000000000"},
        {"[I +", "CLOSED"},
    };
    REQUIRE(c.log.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        CAPTURE(c.log[i]);
        REQUIRE(starts_with(c.log[i], expected[i].first));
        const std::size_t bracket = c.log[i].find(']');
        REQUIRE(bracket != std::string::npos);
        const std::string time = c.log[i].substr(expected[i].first.size(), bracket - expected[i].first.size());
        CHECK(time.find_first_not_of("0123456789.") == std::string::npos);
        CHECK(time.size() - time.find('.') == 7);
        CHECK(c.log[i].substr(bracket) == "] " + expected[i].second + "\n");
    }
}

TEST_CASE("qtest: an unopened session logs no closing")
{
    std::vector<std::string> log;
    fake_qtest_machine machine;
    {
        qtest_session session(machine, [&log](std::string_view line) { log.emplace_back(line); });
    }
    CHECK(log.empty());
}

TEST_CASE("qtest: a long batch is consumed without losing a line")
{
    conversation c;
    std::string batch;
    for (int i = 0; i < 100000; ++i) batch += "clock_step 1\n";
    for (std::size_t at = 0; at < batch.size(); at += 65536) {
        c.session->feed(std::string_view(batch).substr(at, 65536));
        for (int i = 0; i < 3000 && c.session->pending(); ++i) c.session->execute_one();
        c.take_output();
    }
    c.execute_all();
    CHECK(c.machine.now == 100000);
}
