// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qtest/qtest_session.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using vigil::qmp_bridge::qtest_machine;
using vigil::qmp_bridge::qtest_session;

void require(bool holds)
{
    if (!holds) std::abort();
}

// A machine that checks what the session promises it.
struct checking_machine final : qtest_machine {
    int turns = 0;
    std::int64_t now = 0;
    qtest_session* session = nullptr;

    void accessed(unsigned width) const
    {
        require(turns == 1 && (width == 1 || width == 2 || width == 4 || width == 8));
    }

    std::uint32_t port_in(std::uint16_t port, unsigned width) override
    {
        accessed(width);
        require(width <= 4);
        session->interrupt_changed(port, true);
        return port;
    }
    void port_out(std::uint16_t, unsigned width, std::uint32_t value) override
    {
        accessed(width);
        require(width == 4 || (width <= 2 && value >> (8 * width) == 0));
    }
    std::uint64_t memory_read(std::uint64_t address, unsigned width) override
    {
        accessed(width);
        return address;
    }
    void memory_write(std::uint64_t, unsigned width, std::uint64_t value) override
    {
        accessed(width);
        require(width == 8 || value >> (8 * width) == 0);
    }
    void memory_read(std::uint64_t address, std::uint8_t* data, std::size_t length) override
    {
        accessed(1);
        require(length != 0 && length <= qtest_session::k_largest_transfer && address + (length - 1) >= address);
        std::fill_n(data, std::min<std::size_t>(length, 64), std::uint8_t{0x5a});
    }
    void memory_write(std::uint64_t address, const std::uint8_t* data, std::size_t length) override
    {
        accessed(1);
        require(length != 0 && data != nullptr && address + (length - 1) >= address);
    }
    bool clock_driven() const override { return true; }
    std::int64_t clock_now() override { return now; }
    std::int64_t clock_next_deadline() override { return now % 3 == 0 ? -1 : now + 7; }
    void clock_advance_to(std::int64_t target) override
    {
        accessed(1);
        require(target > now);
        now = target;
    }
    bool intercept_irqs(std::string_view path, bool) override { return path.size() < 8; }
    bool set_irq_in(std::string_view path, std::string_view, int number, int) override
    {
        require(number >= 0);
        return path.size() < 8;
    }
    void open_turn() override { ++turns; }
    void close_turn() override { --turns; }
    bool exited_at_once() const override { return false; }
};

} // namespace

/// Feeds the bytes in portions, the first byte saying how large; every line must get exactly one answer line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    const std::size_t portion = std::size_t{data[0]} + 1;
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);

    checking_machine machine;
    qtest_session session(machine);
    machine.session = &session;
    session.opened();
    std::size_t answers = 0;
    for (std::size_t at = 0; at < bytes.size(); at += portion) {
        session.feed(bytes.substr(at, portion));
        while (session.pending()) {
            session.execute_one();
            const std::string_view out = session.output.unsent();
            require(!out.empty() && out.back() == '\n');
            const std::size_t before_last = out.substr(0, out.size() - 1).rfind('\n');
            const std::string_view last = out.substr(before_last == std::string_view::npos ? 0 : before_last + 1);
            require(last.substr(0, 2) == "OK" || last.substr(0, 4) == "FAIL" || last.substr(0, 3) == "ERR");
            session.output.sent(out.size());
            ++answers;
        }
    }
    require(answers == static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n')));
    return 0;
}
