// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/session/recycled_memory.h>

#include <cstddef>
#include <cstdint>

#include <catch.h>

using vigil::qmp_bridge::recycled_memory;

namespace {

bool lies_in(const void* piece, const recycled_memory<256>& memory)
{
    const auto at = reinterpret_cast<std::uintptr_t>(piece);
    const auto from = reinterpret_cast<std::uintptr_t>(&memory);
    return at >= from && at < from + sizeof memory;
}

} // namespace

TEST_CASE("recycled memory: what lives one after the other lies in the same place, aligned for anything")
{
    recycled_memory<256> memory;
    void* const first = memory.allocate(1, 1);
    void* const second = memory.allocate(200, 8);
    CHECK(lies_in(first, memory));
    CHECK(lies_in(second, memory));
    CHECK(reinterpret_cast<std::uintptr_t>(second) % alignof(std::max_align_t) == 0);
    memory.deallocate(first, 1, 1);
    memory.deallocate(second, 200, 8);
    void* const third = memory.allocate(256, 8);
    CHECK(third == first);
    memory.deallocate(third, 256, 8);
}

TEST_CASE("recycled memory: what does not fit comes from the heap, and nothing is used anew while a piece is in use")
{
    recycled_memory<256> memory;
    void* const first = memory.allocate(128, 8);
    void* const second = memory.allocate(128, 8);
    void* const third = memory.allocate(1, 1);
    CHECK(lies_in(second, memory));
    CHECK_FALSE(lies_in(third, memory));
    memory.deallocate(first, 128, 8);
    void* const fourth = memory.allocate(128, 8);
    CHECK_FALSE(lies_in(fourth, memory));
    memory.deallocate(third, 1, 1);
    memory.deallocate(fourth, 128, 8);
    memory.deallocate(second, 128, 8);
    void* const large = memory.allocate(257, 8);
    CHECK_FALSE(lies_in(large, memory));
    memory.deallocate(large, 257, 8);
    void* const last = memory.allocate(256, 8);
    CHECK(last == first);
    memory.deallocate(last, 256, 8);
}

TEST_CASE("recycled memory: each is its own")
{
    recycled_memory<256> one;
    recycled_memory<256> other;
    CHECK(one == one);
    CHECK(one != other);
}
