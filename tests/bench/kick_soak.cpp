// SPDX-License-Identifier: Apache-2.0
// Kicks a watchdog a great many times and fails where allocated memory has grown: once with one preload, once with a
// guest that alternates between near and far preloads while simulated time passes.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <malloc.h>

#include "platform.h"

namespace {

constexpr std::size_t k_tolerated_bytes = 4096; // what stdio and the kernel's own vectors may round up once

// Bytes that malloc has handed out; unknown (0) under a sanitizer, whose allocator replaces it.
std::size_t allocated() { return ::mallinfo2().uordblks; }

bool grew(const char* what, std::uint64_t kicks, std::size_t before, std::size_t after)
{
    std::printf("%s: %llu kicks, %zu bytes allocated before, %zu after\n", what, static_cast<unsigned long long>(kicks),
                before, after);
    return after > before + k_tolerated_bytes;
}

bool soak_kicks(bench_platform& platform, std::uint64_t kicks)
{
    platform.preload(0xFFFFF, 0xFFFFF);
    platform.enable();
    platform.kick();
    const std::size_t before = allocated();
    for (std::uint64_t i = 0; i < kicks; ++i) platform.kick();
    return grew("one preload", kicks, before, allocated());
}

bool soak_alternating(bench_platform& platform, std::uint64_t kicks)
{
    const auto round = [&](std::uint32_t preload) {
        platform.preload(preload, 0xFFFFF);
        platform.kick();
    };
    // Time passes between the kicks, so that the kernel event is placed anew again and again.
    constexpr std::uint64_t kicks_per_step = 64;
    const auto soak = [&](std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            round(i % 2 == 0 ? 0x3 : 0xFFFFF);
            if (i % kicks_per_step == 0) sc_core::sc_start(100, sc_core::SC_US);
        }
    };
    soak(kicks_per_step * 1000);
    const std::size_t before = allocated();
    soak(kicks);
    return grew("near and far preloads", kicks, before, allocated());
}

} // namespace

int sc_main(int, char*[]) { return 99; }

int main(int argc, char* argv[])
{
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    const std::uint64_t kicks = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000'000;
    bench_platform& platform = bench_platform::instance();
    const bool grew_with_kicks = soak_kicks(platform, kicks);
    const bool grew_alternating = soak_alternating(platform, kicks);
    return grew_with_kicks || grew_alternating ? 1 : 0;
}
