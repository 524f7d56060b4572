// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qtest/detail/qtest_commands.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>

#include <vigil/qmp-bridge/qtest/detail/qtest_text.h>

namespace vigil::qmp_bridge {

using namespace qtest_text;

namespace {

constexpr std::uint64_t k_all = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t k_last_msr = 0xffffffff;
constexpr std::size_t k_chunk = 4096; // bytes filled or decoded at a time

// Calls `act(address, length)` for the pieces of a block, cut where the address is a multiple of the chunk size, so
// that the cuts never part what a bus would transfer at once.
template <class Act> void for_each_chunk(std::uint64_t address, std::uint64_t size, Act act)
{
    while (size != 0) {
        const std::uint64_t length = std::min<std::uint64_t>(size, k_chunk - address % k_chunk);
        act(address, static_cast<std::size_t>(length));
        address += length;
        size -= length;
    }
}

class arguments;

// A command.
struct qtest_command {
    std::string_view name;
    std::string_view form; // how it is to be written
    qtest_response (*run)(const qtest_context& c, arguments& words);
    bool driven;
};

// The words of a line after the command, taken one by one. Each `take…` returns false, with the reason in `problem`,
// where the word is missing or not what it should be.
class arguments {
public:
    arguments(const qtest_command& command, std::string_view line) noexcept : command_(command), rest_(line) { next(); }

    std::string_view command() const noexcept { return command_.name; }
    bool more() const noexcept { return more_; }

    bool take(std::string_view name, std::string_view& word)
    {
        if (!more_) {
            problem = named(name) + "is missing; expected '" + std::string(command_.form) + "'";
            return false;
        }
        word = next();
        return true;
    }

    // A number from `least` to `most`.
    bool take(std::string_view name, std::uint64_t& number, std::uint64_t least, std::uint64_t most)
    {
        std::string_view word;
        if (!take(name, word)) return false;
        const std::optional<std::uint64_t> parsed = parse_unsigned(word);
        if (!parsed || *parsed < least || *parsed > most) {
            not_a_number(name, word, hex_or_zero(least), hex(most));
            return false;
        }
        number = *parsed;
        return true;
    }

    bool take(std::string_view name, std::int64_t& number, std::int64_t least, std::int64_t most)
    {
        std::string_view word;
        if (!take(name, word)) return false;
        const std::optional<std::int64_t> parsed = parse_signed(word);
        if (!parsed || *parsed < least || *parsed > most) {
            not_a_number(name, word, std::to_string(least), std::to_string(most));
            return false;
        }
        number = *parsed;
        return true;
    }

    // An address and a size; the block must end within 2^64.
    bool take_block(std::uint64_t& address, std::uint64_t& size, std::uint64_t least, std::uint64_t most)
    {
        if (!take("address", address, 0, k_all) || !take("size", size, least, most)) return false;
        if (size != 0 && size - 1 > k_all - address) {
            problem = named("size") + hex(size) + " reaches beyond the last address from " + hex(address) +
                      "; at most " + hex(k_all - address + 1) + " bytes fit";
            return false;
        }
        return true;
    }

    // The answer after a `take` that returned false.
    qtest_response refused() { return qtest_response::fail(std::move(problem)); }

    std::string problem;

private:
    std::string_view next() noexcept
    {
        const char* const at = rest_.data();
        const std::size_t size = rest_.size();
        std::size_t length = 0;
        if (size > 32) {
            const void* const space = std::memchr(at, ' ', size);
            length = space == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(space) - at);
        } else {
            while (length < size && at[length] != ' ') ++length;
        }
        more_ = length < size;
        rest_ = rest_.substr(more_ ? length + 1 : length);
        return {at, length};
    }

    static std::string hex_or_zero(std::uint64_t value) { return value < 10 ? std::to_string(value) : hex(value); }

    // How what is wrong with the word called `name` begins.
    std::string named(std::string_view name) const
    {
        return std::string(command_.name) + ": " + std::string(name) + " ";
    }

    void not_a_number(std::string_view name, std::string_view word, const std::string& least, const std::string& most)
    {
        problem = named(name) + quoted(word) + " is not a number from " + least + " to " + most;
    }

    const qtest_command& command_;
    std::string_view rest_;
    bool more_ = true;
};

qtest_response port_in(const qtest_context& c, arguments& words, unsigned width)
{
    std::uint64_t port = 0;
    if (!words.take("port", port, 0, 0xffff)) return words.refused();
    return {qtest_response::form::hex4, c.machine.port_in(static_cast<std::uint16_t>(port), width), {}, {}};
}

qtest_response port_out(const qtest_context& c, arguments& words, unsigned width)
{
    std::uint64_t port = 0;
    std::uint64_t value = 0;
    if (!words.take("port", port, 0, 0xffff) || !words.take("value", value, 0, k_all)) return words.refused();
    const std::uint64_t mask = k_all >> (64 - 8 * width);
    c.machine.port_out(static_cast<std::uint16_t>(port), width, static_cast<std::uint32_t>(value & mask));
    return {};
}

qtest_response read_number(const qtest_context& c, arguments& words, unsigned width)
{
    std::uint64_t address = 0;
    if (!words.take("address", address, 0, k_all)) return words.refused();
    return {qtest_response::form::hex16, c.machine.memory_read(address, width), {}, {}};
}

qtest_response write_number(const qtest_context& c, arguments& words, unsigned width)
{
    std::uint64_t address = 0;
    std::uint64_t value = 0;
    if (!words.take("address", address, 0, k_all) || !words.take("value", value, 0, k_all)) {
        return words.refused();
    }
    c.machine.memory_write(address, width, value & k_all >> (64 - 8 * width));
    return {};
}

qtest_response read_block(const qtest_context& c, arguments& words, qtest_response::form as)
{
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    if (!words.take_block(address, size, 1, qtest_session::k_largest_transfer)) return words.refused();
    qtest_response answer;
    answer.as = as;
    answer.bytes.resize(static_cast<std::size_t>(size));
    c.machine.memory_read(address, answer.bytes.data(), answer.bytes.size());
    return answer;
}

qtest_response write_block(const qtest_context& c, arguments& words)
{
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::string_view data;
    if (!words.take_block(address, size, 0, qtest_session::k_largest_transfer) || !words.take("data", data)) {
        return words.refused();
    }
    if (data.size() < 3) return {qtest_response::form::text, 0, "ERR invalid argument size", {}};
    std::array<std::uint8_t, k_chunk> chunk;
    std::size_t done = 0;
    for_each_chunk(address, size, [&](std::uint64_t to, std::size_t length) {
        for (std::size_t i = 0; i < length; ++i) chunk[i] = data_byte(data, done + i);
        c.machine.memory_write(to, chunk.data(), length);
        done += length;
    });
    return {};
}

qtest_response write_base64(const qtest_context& c, arguments& words)
{
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::string_view data;
    if (!words.take_block(address, size, 0, qtest_session::k_largest_transfer) || !words.take("data", data)) {
        return words.refused();
    }
    if (data.size() < 3) return {qtest_response::form::text, 0, "ERR invalid argument size", {}};
    const std::optional<std::vector<std::uint8_t>> bytes = decode_base64(data);
    if (!bytes) {
        return qtest_response::fail("b64write: data " + quoted(data) +
                                    " is not base64: groups of four from A-Z a-z 0-9 + /, the last filled up with =");
    }
    const std::size_t length = std::min(static_cast<std::size_t>(size), bytes->size());
    if (length != 0) c.machine.memory_write(address, bytes->data(), length);
    return {};
}

qtest_response fill_block(const qtest_context& c, arguments& words)
{
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::uint64_t value = 0;
    if (!words.take_block(address, size, 0, qtest_session::k_largest_fill) || !words.take("value", value, 0, k_all)) {
        return words.refused();
    }
    std::array<std::uint8_t, k_chunk> chunk;
    chunk.fill(static_cast<std::uint8_t>(value));
    for_each_chunk(address, size, [&](std::uint64_t to, std::size_t length) {
        c.machine.memory_write(to, static_cast<const std::uint8_t*>(chunk.data()), length);
    });
    return {};
}

bool take_cpu(const qtest_context& c, arguments& words, unsigned& cpu)
{
    std::uint64_t number = 0;
    if (words.more() && !words.take("cpu", number, 0, k_all)) return false;
    const unsigned count = c.machine.cpus();
    if (number >= count) {
        words.problem = std::string(words.command()) + ": there is no CPU " + std::to_string(number) +
                        "; the machine has " + std::to_string(count) + ", numbered from 0";
        return false;
    }
    cpu = static_cast<unsigned>(number);
    return true;
}

qtest_response read_msr(const qtest_context& c, arguments& words)
{
    std::uint64_t index = 0;
    unsigned cpu = 0;
    if (!words.take("index", index, 0, k_last_msr) || !take_cpu(c, words, cpu)) return words.refused();
    const auto value = c.machine.read_msr(static_cast<std::uint32_t>(index), cpu);
    if (!value) return qtest_response::fail("#GP");
    return {qtest_response::form::hex16, *value, {}, {}};
}

qtest_response write_msr(const qtest_context& c, arguments& words)
{
    std::uint64_t index = 0;
    std::uint64_t value = 0;
    unsigned cpu = 0;
    if (!words.take("index", index, 0, k_last_msr) || !words.take("value", value, 0, k_all) ||
        !take_cpu(c, words, cpu)) {
        return words.refused();
    }
    if (!c.machine.write_msr(static_cast<std::uint32_t>(index), value, cpu)) return qtest_response::fail("#GP");
    return {};
}

qtest_response clock_to(const qtest_context& c, std::int64_t target)
{
    if (target > c.machine.clock_now()) c.machine.clock_advance_to(target);
    return {qtest_response::form::decimal, static_cast<std::uint64_t>(c.machine.clock_now()), {}, {}};
}

qtest_response clock_step(const qtest_context& c, arguments& words)
{
    if (!words.more()) return clock_to(c, c.machine.clock_next_deadline());
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    std::int64_t distance = 0;
    if (!words.take("nanoseconds", distance, std::numeric_limits<std::int64_t>::min(), most)) {
        return words.refused();
    }
    const std::int64_t now = c.machine.clock_now();
    if (distance <= 0 && c.clock_commands_can_fail) return qtest_response::fail("could not advance time");
    if (distance <= 0) return {qtest_response::form::decimal, static_cast<std::uint64_t>(now), {}, {}};
    return clock_to(c, now > most - distance ? most : now + distance);
}

qtest_response clock_set(const qtest_context& c, arguments& words)
{
    std::int64_t target = 0;
    if (!words.take("nanoseconds", target, std::numeric_limits<std::int64_t>::min(),
                    std::numeric_limits<std::int64_t>::max())) {
        return words.refused();
    }
    const std::int64_t now = c.machine.clock_now();
    if (target < now && c.clock_commands_can_fail) return qtest_response::fail(std::to_string(now));
    return clock_to(c, target);
}

qtest_response intercept(const qtest_context& c, arguments& words, bool out)
{
    std::string_view path;
    if (!words.take("path", path)) return words.refused();
    if (!c.intercepted.empty()) {
        return path == c.intercepted ? qtest_response{} : qtest_response::fail("IRQ intercept already enabled");
    }
    if (path.empty() || !c.machine.intercept_irqs(path, out)) return qtest_response::fail("Unknown device");
    c.intercepted = path;
    return {};
}

qtest_response set_irq_in(const qtest_context& c, arguments& words)
{
    std::string_view path;
    std::string_view name;
    std::int64_t number = 0;
    std::int64_t level = 0;
    constexpr std::int64_t least = std::numeric_limits<int>::min();
    constexpr std::int64_t most = std::numeric_limits<int>::max();
    if (!words.take("path", path) || !words.take("name", name) || !words.take("number", number, 0, most) ||
        !words.take("level", level, least, most)) {
        return words.refused();
    }
    if (!c.machine.set_irq_in(path, name, static_cast<int>(number), static_cast<int>(level))) {
        return qtest_response::fail("Unknown device");
    }
    return {};
}

// There are no modules.
qtest_response module_load(const qtest_context& /*c*/, arguments& words)
{
    std::string_view word;
    if (!words.take("prefix", word) || !words.take("name", word)) return words.refused();
    return {qtest_response::form::text, 0, "FAIL", {}};
}

qtest_response endianness(const qtest_context& /*c*/, arguments& /*words*/)
{
    return {qtest_response::form::text, 0, "OK little", {}};
}

constexpr bool k_driven = true; // exists under a driven clock only

// Calls `Handler` with what the command's row adds to the words.
template <auto Handler, auto... Added> qtest_response run(const qtest_context& c, arguments& words)
{
    return Handler(c, words, Added...);
}

template <auto Handler, auto... Added> constexpr qtest_command row(std::string_view form, bool driven = false)
{
    return {form.substr(0, form.find(' ')), form, &run<Handler, Added...>, driven};
}

constexpr std::array k_qtest_commands{
    row<port_in, 1U>("inb PORT"),
    row<port_in, 2U>("inw PORT"),
    row<port_in, 4U>("inl PORT"),
    row<port_out, 1U>("outb PORT VALUE"),
    row<port_out, 2U>("outw PORT VALUE"),
    row<port_out, 4U>("outl PORT VALUE"),
    row<read_number, 1U>("readb ADDRESS"),
    row<read_number, 2U>("readw ADDRESS"),
    row<read_number, 4U>("readl ADDRESS"),
    row<read_number, 8U>("readq ADDRESS"),
    row<write_number, 1U>("writeb ADDRESS VALUE"),
    row<write_number, 2U>("writew ADDRESS VALUE"),
    row<write_number, 4U>("writel ADDRESS VALUE"),
    row<write_number, 8U>("writeq ADDRESS VALUE"),
    row<read_block, qtest_response::form::bytes_hex>("read ADDRESS SIZE"),
    row<write_block>("write ADDRESS SIZE DATA"),
    row<fill_block>("memset ADDRESS SIZE VALUE"),
    row<read_block, qtest_response::form::bytes_base64>("b64read ADDRESS SIZE"),
    row<write_base64>("b64write ADDRESS SIZE DATA"),
    row<read_msr>("rdmsr INDEX [CPU]"),
    row<write_msr>("wrmsr INDEX VALUE [CPU]"),
    row<clock_step>("clock_step [NANOSECONDS]", k_driven),
    row<clock_set>("clock_set NANOSECONDS", k_driven),
    row<endianness>("endianness"),
    row<intercept, false>("irq_intercept_in PATH"),
    row<intercept, true>("irq_intercept_out PATH"),
    row<set_irq_in>("set_irq_in PATH NAME NUMBER LEVEL"),
    row<module_load>("module_load PREFIX NAME"),
};

const qtest_command* find_qtest_command(std::string_view name) noexcept
{
    // Names of one length are few, so that this compares few characters.
    for (const qtest_command& one : k_qtest_commands) {
        if (one.name == name) return &one;
    }
    return nullptr;
}

} // namespace

qtest_response execute_qtest_line(const qtest_context& context, std::string_view line)
{
    if (line.empty()) return qtest_response::fail("the line is empty; expected a command such as 'endianness'");
    const std::string_view name = line.substr(0, line.find(' '));
    const qtest_command* const found = find_qtest_command(name);
    if (found == nullptr || (found->driven && !context.machine.clock_driven())) {
        constexpr std::size_t longest_echo = 4096;
        return qtest_response::fail("Unknown command '" + std::string(name.substr(0, longest_echo)) + "'");
    }
    arguments words(*found, line);
    return found->run(context, words);
}

void qtest_response::append_to(std::string& out) const
{
    switch (as) {
    case form::ok: out += "OK"; break;
    case form::hex4:
        out += "OK 0x";
        append_hex(out, value, 4);
        break;
    case form::hex16:
        out += "OK 0x";
        append_hex(out, value, 16);
        break;
    case form::decimal:
        out += "OK ";
        append_decimal(out, static_cast<std::int64_t>(value));
        break;
    case form::bytes_hex:
        out += "OK 0x";
        append_bytes(out, bytes);
        break;
    case form::bytes_base64:
        out += "OK ";
        append_base64(out, bytes);
        break;
    case form::text: out += text; break;
    }
}

} // namespace vigil::qmp_bridge
