// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/register_table.h>

#include <array>
#include <string>

#include <catch.h>

namespace {

using namespace vigil::bus;

// A byte at 0, a word at 2 that masks and a double word at 4 that tells of its accesses.
struct table_device {
    using row = register_row<table_device>;
    std::uint32_t low = 0;
    std::uint32_t middle = 0;
    std::string heard = {};

    std::uint32_t read_high(const access_context& context) const
    {
        return context.delay == sc_core::SC_ZERO_TIME ? 0x44332211 : 0;
    }
    void high_written(std::uint32_t value) { heard += std::to_string(value) + " "; }

    static const std::array<row, 3>& table()
    {
        static constexpr std::array<row, 3> k_rows{{
            {0, 1, "LOW", 0, nullptr, nullptr, "storage", register_rule::none, 0xFF, &table_device::low},
            {2, 2, "MIDDLE", 0, nullptr, nullptr, "storage", register_rule::none, 0xFF0F, &table_device::middle, 0,
             0x8000},
            {4, 4, "HIGH", 0x44332211, &table_device::read_high, &table_device::high_written, "constant"},
        }};
        return k_rows;
    }

    std::uint64_t read_lanes(std::uint64_t offset, unsigned width) const
    {
        return vigil::bus::read_lanes(table(), offset, width, 0xEE,
                                      [this](const row& r) { return r.value(*this, *this, debug_access()); });
    }
    void write_lanes(std::uint64_t offset, unsigned width, std::uint64_t value)
    {
        vigil::bus::write_lanes(table(), offset, width, value,
                                [this](const row& r, std::uint64_t part, std::uint64_t lanes) {
                                    r.put(*this, *this, static_cast<std::uint32_t>(part), debug_access(),
                                          static_cast<std::uint32_t>(lanes));
                                });
    }
};

} // namespace

TEST_CASE("register table: an access of a register's own width finds it, a byte finds the register that it lies in")
{
    const auto& table = table_device::table();
    CHECK(find_register(table, 2, 2) == &table[1]);
    CHECK(find_register(table, 2, 1) == nullptr);
    CHECK(find_register(table, 3, 2) == nullptr);
    CHECK(register_at(table, 0) == &table[0]);
    CHECK(register_at(table, 1) == nullptr);
    CHECK(register_at(table, 7) == &table[2]);
    CHECK(register_at(table, 8) == nullptr);
}

TEST_CASE("register table: a stored register keeps what is written under its mask, and its sticky bits for good")
{
    table_device d;
    const auto& middle = table_device::table()[1];
    middle.put(d, d, 0xFFFF, debug_access());
    CHECK(middle.value(d, d, debug_access()) == 0xFF0F);
    middle.put(d, d, 0, debug_access());
    CHECK(middle.value(d, d, debug_access()) == 0x8000);
}

TEST_CASE("register table: a register with functions reads and hears through them")
{
    table_device d;
    const auto& high = table_device::table()[2];
    CHECK(high.value(d, d, debug_access()) == high.reset);
    high.put(d, d, 7, debug_access());
    CHECK(d.heard == "7 ");
}

TEST_CASE("register table: in lanes, bytes are read and written where they are")
{
    table_device d;
    d.write_lanes(0, 4, 0x1204'5634);
    CHECK(d.low == 0x34);
    CHECK(d.middle == 0x1204);
    CHECK(d.read_lanes(0, 4) == 0x1204'EE34);
    d.write_lanes(3, 1, 0x55);
    CHECK(d.middle == 0x5504);
    CHECK(d.read_lanes(3, 2) == 0x1155);
    CHECK(d.heard.empty());
    d.write_lanes(6, 2, 0xBBAA);
    CHECK(d.heard == std::to_string(0xBBAA0000U) + " ");
}

TEST_CASE("register table: in pieces, an access goes where the device's own rule cuts it")
{
    const table_device d;
    const auto& table = table_device::table();
    const auto next = [&](std::uint64_t offset, unsigned left) {
        return register_piece<table_device::row>{find_register(table, offset, 2), left < 2 ? left : 2, 0xDDDD};
    };
    CHECK(read_pieces(0, 4, next, [](const table_device::row&) { return std::uint64_t{0xABCDEF}; }) == 0xCDEF'DDDD);
    std::string heard;
    write_pieces(0, 4, 0x1234'5678, next,
                 [&](const table_device::row& r, std::uint64_t value) { heard += r.name + std::to_string(value); });
    CHECK(heard == "MIDDLE" + std::to_string(0x1234));
}
