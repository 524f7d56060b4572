// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/vfio-user/guest_memory.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>

#include <fcntl.h>
#include <sys/socket.h>

#include <catch.h>

#include "vfio_client.h"

using namespace vfio_client;
using vigil::bus::guest_memory;
using vigil::bus::guest_rights;
using outcome = guest_memory::outcome;

namespace {

constexpr guest_rights k_both{true, true};

/// The value of one byte of guest memory, or -1.
int byte_at(const guest_memory& memory, std::uint64_t address)
{
    std::uint8_t byte = 0;
    return memory.read(address, &byte, 1) == outcome::done ? byte : -1;
}

} // namespace

TEST_CASE("guest memory: device and client see each other's writes, and no descriptor is kept")
{
    const std::size_t before = open_descriptors();
    guest_memory memory;
    const descriptor file = memory_file(4 * k_page);
    REQUIRE(memory.map({0x10000, 2 * k_page}, k_both, file, k_page) == 0);
    CHECK(open_descriptors() == before + 1);
    CHECK(mapped_files() == 1);

    std::array<std::uint8_t, 3> bytes{1, 2, 3};
    REQUIRE(memory.write(0x10ffe, bytes.data(), bytes.size()) == outcome::done);
    bytes.fill(0);
    REQUIRE(::pread(file.number(), bytes.data(), bytes.size(), 2 * k_page - 2) == 3);
    CHECK(bytes == std::array<std::uint8_t, 3>{1, 2, 3});

    REQUIRE(::pwrite(file.number(), "\x55", 1, k_page) == 1);
    CHECK(byte_at(memory, 0x10000) == 0x55);
    CHECK(byte_at(memory, 0x11fff) == 0);
}

TEST_CASE("guest memory: nothing is beyond the ends, nor after it is taken back")
{
    guest_memory memory;
    const descriptor file = memory_file(2 * k_page);
    REQUIRE(memory.map({0x10000, k_page}, k_both, file, 0) == 0);
    std::array<std::uint8_t, 8> bytes{};
    CHECK(memory.read(0xffff, bytes.data(), 1) == outcome::absent);
    CHECK(memory.read(0xfffc, bytes.data(), 8) == outcome::absent);
    CHECK(memory.read(0x10ffc, bytes.data(), 8) == outcome::absent);
    CHECK(memory.write(0x10ffc, bytes.data(), 8) == outcome::absent);
    CHECK(memory.read(0x11000, bytes.data(), 1) == outcome::absent);

    CHECK(memory.unmap({0x10000, k_page - 1}) == EINVAL);
    CHECK(memory.unmap({0x10001, k_page}) == EINVAL);
    CHECK(memory.unmap({0x10000, k_page}) == 0);
    CHECK(byte_at(memory, 0x10000) == -1);
    CHECK(mapped_files() == 0);
    CHECK(memory.unmap({0x10000, k_page}) == EINVAL);
}

TEST_CASE("guest memory: an access crosses to the next range, and does not begin where it cannot end")
{
    guest_memory memory;
    const descriptor file = memory_file(3 * k_page);
    REQUIRE(memory.map({0x2000, k_page}, k_both, file, 0) == 0);
    REQUIRE(memory.map({0x3000, k_page}, k_both, file, 2 * k_page) == 0);
    std::array<std::uint8_t, 4> bytes{1, 2, 3, 4};
    REQUIRE(memory.write(0x2ffe, bytes.data(), bytes.size()) == outcome::done);
    CHECK(byte_at(memory, 0x2fff) == 2);
    CHECK(byte_at(memory, 0x3000) == 3);

    CHECK(memory.write(0x3ffe, bytes.data(), bytes.size()) == outcome::absent);
    CHECK(byte_at(memory, 0x3ffe) == 0);
}

TEST_CASE("guest memory: what a client does not allow is forbidden")
{
    guest_memory memory;
    const descriptor file = memory_file(3 * k_page);
    REQUIRE(memory.map({0, k_page}, {true, false}, file, 0) == 0);
    REQUIRE(memory.map({k_page, k_page}, {false, true}, file, 0) == 0);
    REQUIRE(memory.map({2 * k_page, k_page}, {false, false}, file, 0) == 0);
    std::uint8_t byte = 7;
    CHECK(memory.write(0, &byte, 1) == outcome::forbidden);
    CHECK(memory.read(0, &byte, 1) == outcome::done);
    CHECK(memory.read(k_page, &byte, 1) == outcome::forbidden);
    CHECK(memory.write(k_page, &byte, 1) == outcome::done);
    CHECK(memory.read(2 * k_page, &byte, 1) == outcome::forbidden);
    CHECK(memory.write(2 * k_page, &byte, 1) == outcome::forbidden);
}

TEST_CASE("guest memory: a range without a descriptor is known, and reached by nobody")
{
    guest_memory memory;
    REQUIRE(memory.map({0x1000, k_page}, k_both, k_none, 0) == 0);
    CHECK(memory.ranges() == 1);
    CHECK(byte_at(memory, 0x1000) == -1);
    CHECK(memory.map({0x1800, k_page}, k_both, k_none, 0) == EEXIST);
    CHECK(memory.unmap({0x1000, k_page}) == 0);
}

TEST_CASE("guest memory: ranges do not overlap")
{
    guest_memory memory;
    REQUIRE(memory.map({0x1000, 0x1000}, k_both, k_none, 0) == 0);
    REQUIRE(memory.map({0x3000, 0x1000}, k_both, k_none, 0) == 0);
    for (const vigil::bus::guest_range range : {vigil::bus::guest_range{0x1000, 0x1000},
                                                {0x1fff, 1},
                                                {0, 0x1001},
                                                {0, ~std::uint64_t{0}},
                                                {0x2000, 0x1001},
                                                {0x3fff, 0x10000}}) {
        CHECK(memory.map(range, k_both, k_none, 0) == EEXIST);
    }
    CHECK(memory.map({0x2000, 0x1000}, k_both, k_none, 0) == 0);
    CHECK(memory.map({0, 0x1000}, k_both, k_none, 0) == 0);
    CHECK(memory.ranges() == 4);
}

TEST_CASE("guest memory: a range ends within 64 bits, and has a length")
{
    guest_memory memory;
    constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
    CHECK(memory.map({last, 2}, k_both, k_none, 0) == EINVAL);
    CHECK(memory.map({0x1000, 0}, k_both, k_none, 0) == EINVAL);
    CHECK(memory.map({last - k_page + 1, k_page}, k_both, memory_file(k_page), 0) == 0);
    CHECK(byte_at(memory, last) == 0);
    std::array<std::uint8_t, 2> bytes{};
    CHECK(memory.read(last, bytes.data(), 2) == outcome::absent);
}

TEST_CASE("guest memory: only a file that has all of the range can be shared")
{
    const std::size_t before = open_descriptors();
    guest_memory memory;
    std::array<int, 2> pair{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) == 0);
    const descriptor ends[]{descriptor(pair[0]), descriptor(pair[1])};
    constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();

    CHECK(memory.map({0, k_page}, k_both, memory_file(k_page - 1), 0) == EINVAL);
    CHECK(memory.map({0, k_page}, k_both, memory_file(k_page), k_page) == EINVAL);
    CHECK(memory.map({0, k_page}, k_both, memory_file(k_page), last - 1) == EINVAL);
    CHECK(memory.map({0, k_page}, k_both, memory_file(2 * k_page), 1) == EINVAL); // not a page's begin
    CHECK(memory.map({0, k_page}, k_both, event_file(), 0) == EINVAL);
    CHECK(memory.map({0, k_page}, k_both, ends[0], 0) == EINVAL);
    CHECK(memory.map({0, k_page}, k_both, descriptor(::open("/", O_RDONLY | O_CLOEXEC)), 0) == EINVAL);
    CHECK(memory.map({0, k_page}, k_both, memory_file(k_page, F_SEAL_WRITE), 0) == EPERM);
    CHECK(memory.ranges() == 0);
    CHECK(mapped_files() == 0);
    CHECK(open_descriptors() == before + 2);
    CHECK(memory.map({0, k_page}, {true, false}, memory_file(k_page, F_SEAL_WRITE), 0) == 0);
}

TEST_CASE("guest memory: a file that shrinks takes its memory away, and nothing else")
{
    guest_memory memory;
    const descriptor file = memory_file(3 * k_page);
    REQUIRE(memory.map({0, 3 * k_page}, k_both, file, 0) == 0);
    std::uint8_t byte = 9;
    REQUIRE(memory.write(2 * k_page, &byte, 1) == outcome::done);
    REQUIRE(::ftruncate(file.number(), k_page) == 0);

    std::array<std::uint8_t, 16> bytes{};
    CHECK(memory.read(2 * k_page, bytes.data(), bytes.size()) == outcome::absent);
    CHECK(memory.write(2 * k_page, bytes.data(), bytes.size()) == outcome::absent);
    CHECK(memory.read(k_page - 8, bytes.data(), bytes.size()) == outcome::absent);
    CHECK(byte_at(memory, k_page - 1) == 0);

    REQUIRE(::ftruncate(file.number(), 3 * k_page) == 0);
    CHECK(byte_at(memory, 2 * k_page) == 0);
}

TEST_CASE("guest memory: there is an end to the number of ranges")
{
    guest_memory memory;
    for (std::uint64_t i = 0; i < guest_memory::k_most_ranges; ++i) {
        if (memory.map({i * k_page, k_page}, k_both, k_none, 0) != 0) FAIL("range " << i);
    }
    constexpr std::uint64_t next = guest_memory::k_most_ranges * k_page;
    CHECK(memory.map({next, k_page}, k_both, k_none, 0) == ENOSPC);
    CHECK(memory.map({0, k_page}, k_both, k_none, 0) == EEXIST);
    CHECK(memory.unmap({0, k_page}) == 0);
    CHECK(memory.map({next, k_page}, k_both, k_none, 0) == 0);
    memory.clear();
    CHECK(memory.ranges() == 0);
}
