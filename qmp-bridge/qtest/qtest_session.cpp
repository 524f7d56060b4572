// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qtest/qtest_session.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <utility>

#include <vigil/qmp-bridge/qtest/detail/qtest_text.h>

namespace vigil::qmp_bridge {

using namespace qtest_text;

namespace {

constexpr std::uint64_t k_all = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t k_last_msr = 0xffffffff;
constexpr std::size_t k_kept = 64 * 1024; // bytes of input buffer worth keeping while idle
constexpr std::size_t k_chunk = 4096;     // bytes filled or decoded at a time

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

// Keeps the machine's turn open for its lifetime.
class turn {
public:
    explicit turn(qtest_machine& machine) : machine_(machine) { machine_.open_turn(); }
    ~turn() { machine_.close_turn(); }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

private:
    qtest_machine& machine_;
};

// Short words as numbers, to switch on: the characters and, in the top byte, how many there are.
constexpr std::uint64_t packed(std::string_view word) noexcept
{
    std::uint64_t value = word.size();
    for (const char c : word) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}
constexpr std::size_t k_packable = 7;

} // namespace

/// What a line is answered with.
struct qtest_session::response {
    enum class form : std::uint8_t { ok, hex4, hex16, decimal, bytes_hex, bytes_base64, text };

    form as = form::ok;
    std::uint64_t value = 0;         ///< hex4, hex16, decimal
    std::string text;                ///< text: the whole line
    std::vector<std::uint8_t> bytes; ///< bytes_hex, bytes_base64

    static response fail(std::string text) { return {form::text, 0, "FAIL " + std::move(text), {}}; }
};

/// The words of a line after the command, taken one by one. Each `take_…` returns false, with the refusal in
/// `problem`, where the word is missing or not what it should be.
class qtest_session::arguments {
public:
    explicit arguments(std::string_view line) noexcept : rest_(line) { command_ = next(); }

    std::string_view command() const noexcept { return command_; }
    bool more() const noexcept { return more_; }

    bool take(std::string_view name, std::string_view& word)
    {
        if (!more_) {
            problem = std::string(command_) + ": " + std::string(name) + " is missing; expected '" +
                      std::string(form()) + "'";
            return false;
        }
        word = next();
        return true;
    }

    /// A number from `least` to `most`.
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

    /// An address and a size; the block must end within 2^64.
    bool take_block(std::uint64_t& address, std::uint64_t& size, std::uint64_t least, std::uint64_t most)
    {
        if (!take("address", address, 0, k_all) || !take("size", size, least, most)) return false;
        if (size != 0 && size - 1 > k_all - address) {
            problem = std::string(command_) + ": size " + hex(size) + " reaches beyond the last address from " +
                      hex(address) + "; at most " + hex(k_all - address + 1) + " bytes fit";
            return false;
        }
        return true;
    }

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

    void not_a_number(std::string_view name, std::string_view word, const std::string& least, const std::string& most)
    {
        problem = std::string(command_) + ": " + std::string(name) + " " + quoted(word) + " is not a number from " +
                  least + " to " + most;
    }

    /// How the command is to be written.
    std::string_view form() const noexcept
    {
        static constexpr std::array<std::pair<std::string_view, std::string_view>, 27> forms{{
            {"inb", "inb PORT"},
            {"inw", "inw PORT"},
            {"inl", "inl PORT"},
            {"outb", "outb PORT VALUE"},
            {"outw", "outw PORT VALUE"},
            {"outl", "outl PORT VALUE"},
            {"readb", "readb ADDRESS"},
            {"readw", "readw ADDRESS"},
            {"readl", "readl ADDRESS"},
            {"readq", "readq ADDRESS"},
            {"writeb", "writeb ADDRESS VALUE"},
            {"writew", "writew ADDRESS VALUE"},
            {"writel", "writel ADDRESS VALUE"},
            {"writeq", "writeq ADDRESS VALUE"},
            {"read", "read ADDRESS SIZE"},
            {"write", "write ADDRESS SIZE DATA"},
            {"memset", "memset ADDRESS SIZE VALUE"},
            {"b64read", "b64read ADDRESS SIZE"},
            {"b64write", "b64write ADDRESS SIZE DATA"},
            {"rdmsr", "rdmsr INDEX [CPU]"},
            {"wrmsr", "wrmsr INDEX VALUE [CPU]"},
            {"clock_set", "clock_set NANOSECONDS"},
            {"irq_intercept_in", "irq_intercept_in PATH"},
            {"irq_intercept_out", "irq_intercept_out PATH"},
            {"set_irq_in", "set_irq_in PATH NAME NUMBER LEVEL"},
            {"module_load", "module_load PREFIX NAME"},
            {"clock_step", "clock_step [NANOSECONDS]"},
        }};
        for (const auto& [command, text] : forms) {
            if (command == command_) return text;
        }
        return command_;
    }

    std::string_view rest_;
    std::string_view command_;
    bool more_ = true;
};

qtest_session::qtest_session(qtest_machine& machine, std::function<void(std::string_view)> log)
    : qtest_session(machine, std::move(log), interrupt_queue{})
{
}

qtest_session::qtest_session(qtest_machine& machine, std::function<void(std::string_view)> log, interrupt_queue limit)
    : machine_(machine), log_(std::move(log)), limit_(std::move(limit))
{
}

qtest_session::~qtest_session()
{
    missed_.end(limit_.warn);
    try {
        if (open_ && log_) log_line("[I +", "CLOSED");
    } catch (const std::bad_alloc&) { // a line of the log is lost
    }
}

void qtest_session::opened()
{
    opened_at_ = std::chrono::steady_clock::now();
    open_ = true;
    if (log_) log_line("[I ", "OPENED");
}

void qtest_session::feed(std::string_view bytes)
{
    if (ended_ || over()) return;
    if (begin_ > k_kept && begin_ > input_.size() / 2) {
        input_.erase(0, begin_);
        if (end_ != k_none) end_ -= begin_;
        for (std::size_t& place : refused_) place -= begin_;
        begin_ = 0;
    }
    if (skipping_) {
        const std::size_t line_end = bytes.find('\n');
        if (line_end == k_none) return;
        bytes.remove_prefix(line_end);
        skipping_ = false;
    }
    const std::size_t old_size = input_.size();
    // The search from the front is the fast one; where it succeeds, the one from the back is short.
    const std::size_t last_end = bytes.find('\n') == k_none ? k_none : bytes.rfind('\n');
    const std::size_t new_tail = last_end == k_none ? tail_ + bytes.size() : bytes.size() - last_end - 1;
    if (new_tail > k_longest_line) {
        // Keep what comes before the line; of the line itself, only that it was there.
        input_.append(bytes.substr(0, last_end == k_none ? 0 : last_end + 1));
        if (last_end != k_none) tail_ = 0;
        drop_tail();
    } else {
        input_.append(bytes);
        tail_ = new_tail;
    }
    if (end_ == k_none) find_line(std::min(old_size, input_.size()));
    check_budget();
}

void qtest_session::check_budget()
{
    if (unfinished.hold(input_.size() - begin_)) return;
    end_conversation();
    end_ = k_none;
    begin_ = 0;
    input_ = {};
    unfinished.hold(0);
    output.append_to() += "FAIL the lines of all clients together have become too long\n";
}

bool qtest_session::pending() const { return end_ != k_none; }

void qtest_session::execute_one()
{
    if (end_ == k_none) return;
    const std::string_view line(input_.data() + begin_, end_ - begin_);
    const bool refused = line.size() > k_longest_line || (!refused_.empty() && refused_.front() == begin_);
    if (log_) log_line("[R +", refused ? std::string_view("(too long)") : line);

    response answer;
    {
        const turn of_the_line(machine_);
        answer = refused ? response::fail("the line is longer than " + std::to_string(k_longest_line) + " bytes")
                         : execute_or_fail(line);
    }
    if (refused && !refused_.empty() && refused_.front() == begin_) refused_.erase(refused_.begin());
    if (machine_.exited_at_once()) {
        ended_ = true;
        end_ = k_none;
        input_ = {};
        return;
    }
    take_line_off();
    print(answer);
}

void qtest_session::take_line_off()
{
    begin_ = end_ + 1;
    if (begin_ == input_.size()) {
        for (std::size_t& place : refused_) place -= begin_;
        begin_ = 0;
        end_ = k_none;
        if (input_.capacity() > k_kept) {
            input_ = {};
        } else {
            input_.clear();
        }
    } else {
        find_line(begin_);
    }
    unfinished.hold(input_.size() - begin_);
}

qtest_session::response qtest_session::execute_or_fail(std::string_view line)
{
    try {
        return execute(line);
    } catch (const std::bad_alloc&) {
        return response::fail("out of memory");
    }
}

void qtest_session::interrupt_changed(int number, bool level)
{
    if (ended_) return;
    const std::size_t unsent = limit_.unsent ? limit_.unsent(*this, limit_.most) : output.size();
    if (unsent > limit_.most) {
        missed_.miss(limit_.warn);
        return;
    }
    missed_.end(limit_.warn);
    try {
        append_interrupt(number, level);
        announce_output();
    } catch (const std::bad_alloc&) { // it is not whose access this was that should hear of it
        missed_.miss(limit_.warn);
    }
}

void qtest_session::append_interrupt(int number, bool level)
{
    output.add([&](std::string& out) {
        const std::size_t start = out.size();
        out += level ? "IRQ raise " : "IRQ lower ";
        append_decimal(out, number);
        if (log_) log_line("[S +", std::string_view(out).substr(start));
        out += '\n';
    });
}

void qtest_session::find_line(std::size_t from)
{
    const void* const found = std::memchr(input_.data() + from, '\n', input_.size() - from);
    end_ = found == nullptr ? k_none : static_cast<std::size_t>(static_cast<const char*>(found) - input_.data());
}

void qtest_session::drop_tail()
{
    input_.resize(input_.size() - tail_);
    input_.shrink_to_fit();
    tail_ = 0;
    refused_.push_back(input_.size());
    skipping_ = true;
}

qtest_session::response qtest_session::execute(std::string_view line)
{
    if (line.empty()) return response::fail("the line is empty; expected a command such as 'endianness'");
    arguments words(line);
    const std::string_view command = words.command();
    if (command.size() <= k_packable) {
        switch (packed(command)) {
        case packed("inb"): return port_in(words, 1);
        case packed("inw"): return port_in(words, 2);
        case packed("inl"): return port_in(words, 4);
        case packed("outb"): return port_out(words, 1);
        case packed("outw"): return port_out(words, 2);
        case packed("outl"): return port_out(words, 4);
        case packed("readb"): return read_number(words, 1);
        case packed("readw"): return read_number(words, 2);
        case packed("readl"): return read_number(words, 4);
        case packed("readq"): return read_number(words, 8);
        case packed("writeb"): return write_number(words, 1);
        case packed("writew"): return write_number(words, 2);
        case packed("writel"): return write_number(words, 4);
        case packed("writeq"): return write_number(words, 8);
        case packed("read"): return read_block(words, false);
        case packed("write"): return write_block(words);
        case packed("b64read"): return read_block(words, true);
        case packed("memset"): return fill_block(words);
        case packed("rdmsr"): return read_msr(words);
        case packed("wrmsr"): return write_msr(words);
        default: break;
        }
    } else if (command == "clock_step" || command == "clock_set") {
        if (machine_.clock_driven()) return command == "clock_step" ? clock_step(words) : clock_set(words);
    } else if (command == "b64write") {
        return write_base64(words);
    } else if (command == "endianness") {
        return {response::form::text, 0, "OK little", {}};
    } else if (command == "irq_intercept_in") {
        return intercept(words, false);
    } else if (command == "irq_intercept_out") {
        return intercept(words, true);
    } else if (command == "set_irq_in") {
        return set_irq_in(words);
    } else if (command == "module_load") {
        std::string_view word;
        if (!words.take("prefix", word) || !words.take("name", word)) return response::fail(std::move(words.problem));
        return {response::form::text, 0, "FAIL", {}}; // there are no modules
    }
    constexpr std::size_t longest_echo = 4096;
    return response::fail("Unknown command '" + std::string(command.substr(0, longest_echo)) + "'");
}

qtest_session::response qtest_session::port_in(arguments& words, unsigned width)
{
    std::uint64_t port = 0;
    if (!words.take("port", port, 0, 0xffff)) return response::fail(std::move(words.problem));
    return {response::form::hex4, machine_.port_in(static_cast<std::uint16_t>(port), width), {}, {}};
}

qtest_session::response qtest_session::port_out(arguments& words, unsigned width)
{
    std::uint64_t port = 0;
    std::uint64_t value = 0;
    if (!words.take("port", port, 0, 0xffff) || !words.take("value", value, 0, k_all)) {
        return response::fail(std::move(words.problem));
    }
    const std::uint64_t mask = k_all >> (64 - 8 * width);
    machine_.port_out(static_cast<std::uint16_t>(port), width, static_cast<std::uint32_t>(value & mask));
    return {};
}

qtest_session::response qtest_session::read_number(arguments& words, unsigned width)
{
    std::uint64_t address = 0;
    if (!words.take("address", address, 0, k_all)) return response::fail(std::move(words.problem));
    return {response::form::hex16, machine_.memory_read(address, width), {}, {}};
}

qtest_session::response qtest_session::write_number(arguments& words, unsigned width)
{
    std::uint64_t address = 0;
    std::uint64_t value = 0;
    if (!words.take("address", address, 0, k_all) || !words.take("value", value, 0, k_all)) {
        return response::fail(std::move(words.problem));
    }
    machine_.memory_write(address, width, value & k_all >> (64 - 8 * width));
    return {};
}

qtest_session::response qtest_session::read_block(arguments& words, bool base64)
{
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    if (!words.take_block(address, size, 1, k_largest_transfer)) return response::fail(std::move(words.problem));
    response answer;
    answer.as = base64 ? response::form::bytes_base64 : response::form::bytes_hex;
    answer.bytes.resize(static_cast<std::size_t>(size));
    machine_.memory_read(address, answer.bytes.data(), answer.bytes.size());
    return answer;
}

qtest_session::response qtest_session::write_block(arguments& words)
{
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::string_view data;
    if (!words.take_block(address, size, 0, k_largest_transfer) || !words.take("data", data)) {
        return response::fail(std::move(words.problem));
    }
    if (data.size() < 3) return {response::form::text, 0, "ERR invalid argument size", {}};
    std::array<std::uint8_t, k_chunk> chunk;
    std::size_t done = 0;
    for_each_chunk(address, size, [&](std::uint64_t to, std::size_t length) {
        for (std::size_t i = 0; i < length; ++i) chunk[i] = data_byte(data, done + i);
        machine_.memory_write(to, chunk.data(), length);
        done += length;
    });
    return {};
}

qtest_session::response qtest_session::write_base64(arguments& words)
{
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::string_view data;
    if (!words.take_block(address, size, 0, k_largest_transfer) || !words.take("data", data)) {
        return response::fail(std::move(words.problem));
    }
    if (data.size() < 3) return {response::form::text, 0, "ERR invalid argument size", {}};
    const std::optional<std::vector<std::uint8_t>> bytes = decode_base64(data);
    if (!bytes) {
        return response::fail("b64write: data " + quoted(data) +
                              " is not base64: groups of four from A-Z a-z 0-9 + /, the last filled up with =");
    }
    const std::size_t length = std::min(static_cast<std::size_t>(size), bytes->size());
    if (length != 0) machine_.memory_write(address, bytes->data(), length);
    return {};
}

qtest_session::response qtest_session::fill_block(arguments& words)
{
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::uint64_t value = 0;
    if (!words.take_block(address, size, 0, k_largest_fill) || !words.take("value", value, 0, k_all)) {
        return response::fail(std::move(words.problem));
    }
    std::array<std::uint8_t, k_chunk> chunk;
    chunk.fill(static_cast<std::uint8_t>(value));
    for_each_chunk(address, size, [&](std::uint64_t to, std::size_t length) {
        machine_.memory_write(to, static_cast<const std::uint8_t*>(chunk.data()), length);
    });
    return {};
}

bool qtest_session::take_cpu(arguments& words, unsigned& cpu)
{
    std::uint64_t number = 0;
    if (words.more() && !words.take("cpu", number, 0, k_all)) return false;
    const unsigned count = machine_.cpus();
    if (number >= count) {
        words.problem = std::string(words.command()) + ": there is no CPU " + std::to_string(number) +
                        "; the machine has " + std::to_string(count) + ", numbered from 0";
        return false;
    }
    cpu = static_cast<unsigned>(number);
    return true;
}

qtest_session::response qtest_session::read_msr(arguments& words)
{
    std::uint64_t index = 0;
    unsigned cpu = 0;
    if (!words.take("index", index, 0, k_last_msr) || !take_cpu(words, cpu)) {
        return response::fail(std::move(words.problem));
    }
    const auto value = machine_.read_msr(static_cast<std::uint32_t>(index), cpu);
    if (!value) return response::fail("#GP");
    return {response::form::hex16, *value, {}, {}};
}

qtest_session::response qtest_session::write_msr(arguments& words)
{
    std::uint64_t index = 0;
    std::uint64_t value = 0;
    unsigned cpu = 0;
    if (!words.take("index", index, 0, k_last_msr) || !words.take("value", value, 0, k_all) || !take_cpu(words, cpu)) {
        return response::fail(std::move(words.problem));
    }
    if (!machine_.write_msr(static_cast<std::uint32_t>(index), value, cpu)) return response::fail("#GP");
    return {};
}

qtest_session::response qtest_session::clock_step(arguments& words)
{
    if (!words.more()) return clock_to(machine_.clock_next_deadline());
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    std::int64_t distance = 0;
    if (!words.take("nanoseconds", distance, std::numeric_limits<std::int64_t>::min(), most)) {
        return response::fail(std::move(words.problem));
    }
    const std::int64_t now = machine_.clock_now();
    if (distance <= 0) return {response::form::decimal, static_cast<std::uint64_t>(now), {}, {}};
    return clock_to(now > most - distance ? most : now + distance);
}

qtest_session::response qtest_session::clock_set(arguments& words)
{
    std::int64_t target = 0;
    if (!words.take("nanoseconds", target, std::numeric_limits<std::int64_t>::min(),
                    std::numeric_limits<std::int64_t>::max())) {
        return response::fail(std::move(words.problem));
    }
    return clock_to(target);
}

qtest_session::response qtest_session::clock_to(std::int64_t target)
{
    if (target > machine_.clock_now()) machine_.clock_advance_to(target);
    return {response::form::decimal, static_cast<std::uint64_t>(machine_.clock_now()), {}, {}};
}

qtest_session::response qtest_session::intercept(arguments& words, bool out)
{
    std::string_view path;
    if (!words.take("path", path)) return response::fail(std::move(words.problem));
    if (!device_.empty()) return path == device_ ? response{} : response::fail("IRQ intercept already enabled");
    if (path.empty() || !machine_.intercept_irqs(path, out)) return response::fail("Unknown device");
    device_ = path;
    return {};
}

qtest_session::response qtest_session::set_irq_in(arguments& words)
{
    std::string_view path;
    std::string_view name;
    std::int64_t number = 0;
    std::int64_t level = 0;
    constexpr std::int64_t least = std::numeric_limits<int>::min();
    constexpr std::int64_t most = std::numeric_limits<int>::max();
    if (!words.take("path", path) || !words.take("name", name) || !words.take("number", number, 0, most) ||
        !words.take("level", level, least, most)) {
        return response::fail(std::move(words.problem));
    }
    if (!machine_.set_irq_in(path, name, static_cast<int>(number), static_cast<int>(level))) {
        return response::fail("Unknown device");
    }
    return {};
}

void qtest_session::print(response& answer)
{
    output.add([&](std::string& out) {
        const std::size_t start = out.size();
        append(out, answer);
        if (log_) log_line("[S +", std::string_view(out).substr(start));
        out += '\n';
    });
}

void qtest_session::append(std::string& out, const response& answer)
{
    switch (answer.as) {
    case response::form::ok: out += "OK"; break;
    case response::form::hex4:
        out += "OK 0x";
        append_hex(out, answer.value, 4);
        break;
    case response::form::hex16:
        out += "OK 0x";
        append_hex(out, answer.value, 16);
        break;
    case response::form::decimal:
        out += "OK ";
        append_decimal(out, static_cast<std::int64_t>(answer.value));
        break;
    case response::form::bytes_hex:
        out += "OK 0x";
        append_bytes(out, answer.bytes);
        break;
    case response::form::bytes_base64:
        out += "OK ";
        append_base64(out, answer.bytes);
        break;
    case response::form::text: out += answer.text; break;
    }
}

void qtest_session::log_line(const char* mark, std::string_view text)
{
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - opened_at_).count();
    std::array<char, 40> time;
    const int length =
        std::snprintf(time.data(), time.size(), "%lld.%06lld] ", static_cast<long long>(elapsed / 1000000),
                      static_cast<long long>(elapsed % 1000000));
    std::string line = mark;
    line.append(time.data(), static_cast<std::size_t>(length));
    line += text;
    line += '\n';
    log_(line);
}

} // namespace vigil::qmp_bridge
